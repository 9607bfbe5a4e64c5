//! Client assertions that were used, where the environment takes each of them once only
//! (`threats.md` 18).

use countersign_domain::entity::{Entity, kinds};
use countersign_domain::ids::ApplicationId;
use countersign_domain::store::{Batch, Fault, Kind};
use countersign_domain::time::Time;
use serde::{Deserialize, Serialize};

use crate::browser;
use crate::cx::Cx;
use crate::refusal::{Outcome, Refusal};

/// An assertion's `jti`, remembered until the assertion is over anyway.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct UsedAssertion {
    /// Client and SHA-256 of the `jti`: two clients may think of the same.
    pub id: String,
    /// The assertion's `exp`.
    pub expires_at: Time,
}

impl Entity for UsedAssertion {
    const KIND: Kind = kinds::USED_ASSERTION;
    fn id(&self) -> String {
        self.id.clone()
    }
    fn expires_at(&self) -> Option<Time> {
        Some(self.expires_at)
    }
}

/// Uses an assertion up. Of several that come at the same time, on whichever nodes, one succeeds:
/// the precondition is the store's.
///
/// Spec: RFC 7523 3 (`jti`).
pub async fn use_up(cx: &Cx, client: ApplicationId, jti: &str, exp: i64) -> Outcome<()> {
    let used = UsedAssertion {
        id: format!("{client}.{}", browser::hash(jti)),
        expires_at: Time::from_seconds(exp),
    };
    let batch = Batch::new().create(cx.env_id(), &used)?;
    match cx.ports.store.commit(batch, cx.now).await {
        Ok(_) => Ok(()),
        Err(Fault::Conflict(_)) => Err(Refusal::ClientAuthenticationFailed
            .because("the assertion was used before")
            .into()),
        Err(fault) => Err(fault.into()),
    }
}
