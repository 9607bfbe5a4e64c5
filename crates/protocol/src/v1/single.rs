//! Documents that an environment has one of, under its own id.

use countersign_domain::entity::{Entity, Stored};
use countersign_domain::store::{Batch, Fault, Precondition};

use super::call::Call;
use crate::cx::Cx;
use crate::refusal::Outcome;
use crate::run::{Operation, Verdict, run};

/// Puts the document in the place of the one that is there, if one is.
pub async fn put<E: Entity>(call: &Call<'_>, value: &E) -> Outcome<()> {
    let value = Some(value);
    run(call.cx, &Set { call, value }).await
}

/// Removes it, so that the defaults count again.
pub async fn clear<E: Entity>(call: &Call<'_>) -> Outcome<()> {
    run(call.cx, &Set::<E> { call, value: None }).await
}

struct Set<'a, E> {
    call: &'a Call<'a>,
    value: Option<&'a E>,
}

impl<E: Entity> Operation for Set<'_, E> {
    type Facts = Option<Stored<E>>;
    type Reply = ();

    async fn gather(&self, _cx: &Cx) -> Outcome<Self::Facts> {
        self.call.load(self.call.env).await
    }

    fn decide(&self, _cx: &Cx, before: Self::Facts) -> Result<Verdict<()>, Fault> {
        let env = self.call.env;
        let batch = match (self.value, before) {
            (Some(value), Some(before)) => Batch::new().update(env, value, before.version)?,
            (Some(value), None) => Batch::new().create(env, value)?,
            (None, Some(before)) => {
                let key = before.key(env);
                Batch::new()
                    .require(Precondition::Version(key.clone(), before.version))
                    .delete(key)
            }
            (None, None) => return Ok(Verdict::reply(())),
        };
        Ok(Verdict::reply(()).writing(batch.changed(env)))
    }
}
