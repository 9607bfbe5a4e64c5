//! `DELETE /v1/environments/{e}`: the environment and everything in it. It is gone at once; where
//! there is very much in it, the space is freed slice by slice.

use std::collections::BTreeSet;

use countersign_domain::custom_domain::DomainClaim;
use countersign_domain::entity::{Entity, Stored};
use countersign_domain::environment::{Environment, EnvironmentRemoval, EnvironmentType};
use countersign_domain::ids::EnvId;
use countersign_domain::ports::{BoxFuture, Store};
use countersign_domain::reference::Ref;
use countersign_domain::role::RoleAssignment;
use countersign_domain::store::{Batch, Fault, Key, Precondition, Query};
use countersign_domain::time::Time;

use crate::configuration;
use crate::cx::Cx;
use crate::leftovers;
use crate::misfit::Misfit;
use crate::refusal::{Outcome, Refusal};
use crate::run::{Operation, Verdict, run};
use crate::v1::call::{Call, Reply};
use crate::v1::noun;

/// Roles for it that one other environment gives, at most. What is left gives nothing
/// ([`privilege::covers`](crate::v1::privilege::covers)).
const MOST: u32 = 1_000;

/// Environments that are asked for roles at most: a deletion must not take the longer the more there
/// are.
const MOST_ENVIRONMENTS: u32 = 500;

/// `DELETE`
pub(super) fn remove<'a>(call: &'a Call<'a>) -> BoxFuture<'a, Outcome<Reply>> {
    Box::pin(async move {
        run(call.cx, &Remove { call }).await?;
        Ok(Reply::gone())
    })
}

struct Remove<'a> {
    call: &'a Call<'a>,
}

struct Facts {
    environment: Stored<Environment>,
    /// Roles in other environments that reach nothing without it, and the hosts that stand for it.
    void: Vec<Key>,
    /// Whether there is more in it than should go at once.
    is_large: bool,
}

impl Operation for Remove<'_> {
    type Facts = Facts;
    type Reply = ();

    async fn gather(&self, cx: &Cx) -> Outcome<Self::Facts> {
        let environment = noun::named::<Environment>(self.call).await?;
        let store = &*cx.ports.store;
        let home = self.call.actor.home;
        let mut void = roles_for(store, environment.id, home, cx.now).await?;
        let claims = configuration::all::<DomainClaim>(store, EnvId::PLATFORM, cx.now).await?;
        let own = claims
            .iter()
            .filter(|it| it.environment.id == environment.id);
        void.extend(own.map(|it| it.key(EnvId::PLATFORM)));
        Ok(Facts {
            is_large: leftovers::is_large(store, environment.id, cx.now).await?,
            environment,
            void,
        })
    }

    fn decide(&self, cx: &Cx, facts: Self::Facts) -> Result<Verdict<()>, Fault> {
        let Facts {
            environment,
            void,
            is_large,
        } = facts;
        let home = self.call.actor.home;
        let refuse = |message: &'static str| {
            let misfit = Misfit::constraint("", message);
            Ok(Verdict::refuse(
                Refusal::NotNow(None, vec![misfit]).because(message),
            ))
        };
        if environment.type_ == EnvironmentType::Production {
            return refuse("A PRODUCTION environment cannot be deleted");
        }
        // Decision: with it would go the token, the application and the roles of whoever asks.
        if environment.id == home {
            return refuse("The environment of the caller cannot be deleted");
        }
        let key = environment.key(EnvId::PLATFORM);
        let mut batch = Batch::new()
            .require(Precondition::Version(key.clone(), environment.version))
            .delete(key)
            .changed(environment.id)
            .changed(EnvId::PLATFORM)
            .changed(home);
        if !is_large {
            batch = batch.delete_environment(environment.id);
        }
        let removal = EnvironmentRemoval {
            environment: Ref::to(environment.id),
            last_at: (!is_large).then(|| leftovers::last_look(cx.now)),
        };
        batch = batch.put(removal.to_doc(EnvId::PLATFORM)?);
        for key in void {
            batch = batch.changed(key.env).delete(key);
        }
        Ok(Verdict::reply(()).writing(batch))
    }
}

/// The roles for an environment that others have. Nothing in it says which those are, so they are
/// asked: the caller's own, whose workers make environments, and so many of the rest.
async fn roles_for(
    store: &dyn Store,
    gone: EnvId,
    home: EnvId,
    now: Time,
) -> Result<Vec<Key>, Fault> {
    let some = Query::all(Environment::KIND, EnvId::PLATFORM, MOST_ENVIRONMENTS);
    let page = store.list(&some, now).await?;
    let mut others = BTreeSet::from([home]);
    let ids = page.docs.iter().map(|doc| doc.key.id.parse::<EnvId>());
    others.extend(ids.flatten());
    others.remove(&gone);
    let mut found = Vec::new();
    for other in others {
        let (kind, index) = (RoleAssignment::KIND, RoleAssignment::BY_SCOPE);
        let query = Query::equal(kind, other, index, gone.to_string(), MOST);
        let docs = store.list(&query, now).await?.docs;
        found.extend(docs.into_iter().map(|doc| doc.key));
    }
    Ok(found)
}
