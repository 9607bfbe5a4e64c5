//! `application/vnd.pingidentity.user.confirm+json` (`reference/flows.md` 6.13).

use countersign_domain::entity::{self, Stored};
use countersign_domain::identity_provider::AttributeUpdate;
use countersign_domain::ids::{LinkedAccountId, PopulationId, UserId};
use countersign_domain::reference::fold;
use countersign_domain::store::{Batch, Fault};
use countersign_domain::user::{Account, LifecycleStatus, User};
use serde_json::{Map, Value};

use super::{Action, Call, Reply};
use crate::cx::Cx;
use crate::flows::account::AccountAfter;
use crate::flows::advance::{Arrival, advance};
use crate::flows::external::{self, ExternalIdentity};
use crate::flows::profile;
use crate::flows::registration;
use crate::flows::state::FlowFailure;
use crate::flows::turns::Turn;
use crate::flows::{Flow, State};
use crate::refusal::{Outcome, Refusal, Refused};
use crate::rp::attributes;
use crate::rp::outcome::fresh_user;
use crate::run::Verdict;

/// Takes what an identity provider said of somebody, as they corrected it.
pub struct UserConfirm;

/// What the rule needs to know.
pub struct Facts {
    /// As corrected.
    identity: ExternalIdentity,
    /// Whoever has the username.
    namesake: Option<Stored<User>>,
    /// Whom the body makes, if it makes anybody.
    new_user: Option<User>,
    new_link: LinkedAccountId,
    arrival: Arrival,
}

impl Action for UserConfirm {
    const MEDIA: &'static str = "user.confirm";
    /// A part of a user.
    type Input = Map<String, Value>;
    type Facts = Facts;

    fn offered(&self, flow: &Flow) -> bool {
        matches!(flow.state, State::AccountConfirmationRequired)
    }

    async fn gather(
        &self,
        cx: &Cx,
        call: &Call<'_>,
        flow: &Flow,
        input: &Map<String, Value>,
        _turn: &Turn,
    ) -> Outcome<Facts> {
        let Some(said) = &flow.progress.external else {
            return Err(Refusal::ActionNotOffered.into());
        };
        let identity = corrected(said, input)?;
        let name = fold(identity.get("username").unwrap_or_default());
        let (store, rule) = (&*cx.ports.store, User::UNIQUE_USERNAME);
        let namesake = entity::load_by::<User>(store, cx.env_id(), rule, name, cx.now).await?;
        let entropy = &*cx.ports.entropy;
        let id = UserId::random(entropy);
        let identity = identity.free(cx, id).await?;
        let new_user = match population(cx, flow)? {
            Some(population)
                if namesake.is_none() && external::link_of(cx, &identity).await?.is_none() =>
            {
                Some(new_user(cx, id, population, said, &identity)?)
            }
            _ => None,
        };
        let arrival = match &new_user {
            Some(user) => Arrival::proving(cx, call, flow, user).await?,
            None => Arrival::gather(cx, call, flow, id).await?,
        };
        Ok(Facts {
            namesake,
            identity,
            new_user,
            new_link: LinkedAccountId::random(entropy),
            arrival,
        })
    }

    fn decide(&self, cx: &Cx, flow: Stored<Flow>, facts: Facts) -> Result<Verdict<Reply>, Fault> {
        let Stored {
            value: mut flow,
            version,
        } = flow;
        let env = cx.env_id();
        let mut writes = Batch::new();
        let mut cookie = None;
        match (&facts.namesake, facts.new_user) {
            // Threat 37: whoever has the name proves it by their password.
            (Some(namesake), _) if !namesake.is_external() => {
                flow.state = State::AccountLinkingRequired;
                flow.progress.external = Some(facts.identity);
            }
            (None, Some(user)) => {
                let link = facts.identity.link(facts.new_link, &user, cx.now);
                let account = AccountAfter::changed(Account::new(user.id), None);
                flow.progress.external = None;
                flow.progress.used_provider(cx.now);
                let advanced = advance(cx, &mut flow, &user, account, facts.arrival)?;
                cookie = advanced.cookie;
                writes = advanced.writes.create(env, &user)?.create(env, &link)?;
            }
            (Some(_), _) => {
                let why = "another provider has the say over the user of this name";
                return Ok(Verdict::refuse(
                    Refusal::ValueInvalid("username").because(why),
                ));
            }
            (None, None) => flow.state = State::Failed(FlowFailure::NobodyHasTheAccount),
        }
        flow.touch(cx.now);
        let writes = writes.update(env, &flow, version)?;
        Ok(Verdict::reply(Reply { flow, cookie }).writing(writes))
    }
}

/// Where somebody new goes, if the action lets anybody register.
fn population(cx: &Cx, flow: &Flow) -> Outcome<Option<PopulationId>> {
    let action = external::asking(&cx.env, flow);
    let settings = action.and_then(external::registration);
    let Some(settings) = settings.filter(|it| it.enabled) else {
        return Ok(None);
    };
    registration::population(cx, settings.population.map(|it| it.id)).map(Some)
}

/// Somebody new. An address of which only they speak is proved first, where addresses are: the
/// provider's own is as good as it says (`reference/flows.md` 6.9, 6.13).
fn new_user(
    cx: &Cx,
    id: UserId,
    population: PopulationId,
    said: &ExternalIdentity,
    identity: &ExternalIdentity,
) -> Result<User, Fault> {
    let name = identity.get("username").unwrap_or_default();
    let user = fresh_user(cx, id, name, population, None)?;
    let mut user = identity.told(cx, &user)?;
    let is_own = identity.get("email").map(fold) != said.get("email").map(fold);
    if is_own && cx.env.environment.settings.verify_registrations {
        user.lifecycle.status = LifecycleStatus::VerificationRequired;
    }
    Ok(user)
}

/// What the provider said, with the corrections of a body. What it did not say is ignored.
///
/// Decision: what it said of attributes of the environment's own is not for the person to correct.
fn corrected(
    said: &ExternalIdentity,
    body: &Map<String, Value>,
) -> Result<ExternalIdentity, Refused> {
    let mut identity = said.clone();
    let username = registration::username(registration::typed(body, "username")?)?;
    identity.attributes.retain(|it| it.name != "username");
    for attribute in &mut identity.attributes {
        let Some(known) = profile::by_name(&attribute.name) else {
            continue;
        };
        if let Some(value) = profile::answered(known, body)? {
            let said = attribute.value.as_str().map(fold);
            if attribute.name == "email" && said != Some(fold(&value)) {
                identity.email_verified = false;
            }
            attribute.value = Value::from(value);
        }
    }
    identity.attributes.push(attributes::Mapped {
        name: "username".to_owned(),
        value: Value::from(username),
        update: AttributeUpdate::default(),
    });
    Ok(identity)
}

#[cfg(test)]
mod tests {
    use countersign_domain::ids::IdentityProviderId;
    use serde_json::json;

    use super::*;
    use crate::rp::attributes::Mapped;

    fn said() -> ExternalIdentity {
        let attribute = |name: &str, value: &str| Mapped {
            name: name.to_owned(),
            value: Value::from(value),
            update: AttributeUpdate::default(),
        };
        ExternalIdentity {
            provider: IdentityProviderId::from_uuid(uuid::Uuid::nil()),
            external_id: "1".to_owned(),
            attributes: vec![
                attribute("username", "ada"),
                attribute("email", "ada@op.example"),
            ],
            email_verified: true,
        }
    }

    fn judge(body: Value) -> Result<ExternalIdentity, Refused> {
        let Value::Object(body) = body else { panic!() };
        corrected(&said(), &body)
    }

    #[test]
    fn what_the_provider_did_not_say_is_ignored() {
        let body = json!({ "username": "lady", "nickname": "x", "enabled": false });
        let identity = judge(body).unwrap();
        let names: Vec<_> = identity
            .attributes
            .iter()
            .map(|it| it.name.as_str())
            .collect();
        assert_eq!(names, ["email", "username"]);
        assert_eq!(identity.get("username"), Some("lady"));
        assert!(identity.email_verified);
    }

    #[test]
    fn another_address_is_not_the_one_that_was_verified() {
        let body = json!({ "username": "ada", "email": "ada@other.example" });
        let identity = judge(body).unwrap();
        assert_eq!(identity.get("email"), Some("ada@other.example"));
        assert!(!identity.email_verified);
    }

    #[test]
    fn a_username_is_needed_and_values_must_fit() {
        for (body, refusal) in [
            (json!({}), Refusal::ValueRequired("username")),
            (
                json!({ "username": " " }),
                Refusal::ValueRequired("username"),
            ),
            (json!({ "username": 5 }), Refusal::ValueInvalid("username")),
            (
                json!({ "username": "x".repeat(129) }),
                Refusal::ValueInvalid("username"),
            ),
            (
                json!({ "username": "ada", "email": "nowhere" }),
                Refusal::ValueInvalid("email"),
            ),
        ] {
            assert_eq!(judge(body).unwrap_err().refusal, refusal);
        }
    }
}
