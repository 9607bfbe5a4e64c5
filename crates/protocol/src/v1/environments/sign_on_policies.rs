//! `/v1/environments/{e}/signOnPolicies` (`reference/platform.md` 3.10).

pub mod actions;

use countersign_domain::application::SignOnPolicyAssignment;
use countersign_domain::entity::{Entity, Stored};
use countersign_domain::ids::SignOnPolicyId;
use countersign_domain::policy::sign_on::{SignOnAction, SignOnPolicy};
use countersign_domain::store::{Batch, Key};
use serde_json::json;

use crate::configuration;
use crate::misfit::Misfit;
use crate::refusal::{Failure, Outcome, Refusal, Refused};
use crate::v1::body::{Check, Object};
use crate::v1::call::Call;
use crate::v1::hal::Links;
use crate::v1::noun::{self, Change, Noun};
use crate::v1::route::{Endpoint, Resource};

const ALL: &str = "/environments/{environment}/signOnPolicies";
const ONE: &str = "/environments/{environment}/signOnPolicies/{signOnPolicy}";

/// `/environments/{e}/signOnPolicies`
pub const RESOURCE: Resource = Resource {
    name: "signOnPolicies",
    endpoints: &[
        Endpoint::get(ALL, "signOnPolicies:read", noun::list::<SignOnPolicy>),
        Endpoint::post(ALL, "signOnPolicies:create", noun::create::<SignOnPolicy>),
        Endpoint::get(ONE, "signOnPolicies:read", noun::read::<SignOnPolicy>),
        Endpoint::put(ONE, "signOnPolicies:update", noun::replace::<SignOnPolicy>),
        Endpoint::delete(ONE, "signOnPolicies:delete", noun::remove::<SignOnPolicy>),
    ],
};

/// What else a change concerns.
pub struct Facts {
    /// The other policies.
    others: Vec<Stored<SignOnPolicy>>,
    /// Whether an application goes by it.
    is_assigned: bool,
    /// Its actions, which go with it.
    actions: Vec<Key>,
}

impl Noun for SignOnPolicy {
    const PLURAL: &'static str = "signOnPolicies";
    const PARAMETER: &'static str = "signOnPolicy";
    type Facts = Facts;

    /// Source: `reference/platform.md` 3.10: `default` can only be set.
    fn prepare(_call: &Call<'_>, body: &mut Object, before: Option<&Self>) -> Result<(), Refused> {
        if before.is_some_and(|it| it.default) {
            body.insert("default".into(), json!(true));
        }
        Ok(())
    }

    async fn gather<'a>(call: &'a Call<'a>, change: Change<'a, Self>) -> Outcome<Facts> {
        let id = change.before().map(|it| it.id);
        let others = noun::all::<Self>(call).await?;
        let others = others.into_iter().filter(|it| Some(it.id) != id).collect();
        let mut facts = Facts {
            others,
            is_assigned: false,
            actions: Vec::new(),
        };
        if let (Change::Remove(_), Some(id)) = (&change, id) {
            facts.is_assigned = is_assigned(call, id).await?;
            let actions =
                noun::all_by::<SignOnAction>(call, SignOnAction::BY_POLICY, id.to_string()).await?;
            facts.actions = actions.iter().map(|it| it.key(call.env)).collect();
        }
        Ok(facts)
    }

    fn judge(call: &Call<'_>, change: Change<'_, Self>, facts: Facts) -> Result<Batch, Failure> {
        let Some(after) = change.after() else {
            let is_default = change.before().is_some_and(|it| it.default);
            return Ok(removed(is_default, facts)?);
        };
        let mut check = Check::new();
        check.length("name", &after.name, 1, 256);
        check.length_of("description", after.description.as_ref(), 0, 1_024);
        check.expect(after.name.is_empty() || is_name(&after.name), || {
            let why = "must be of letters, digits, underscores, hyphens, periods and spaces, or an absolute URI";
            Misfit::invalid("name", why)
        });
        check.finish()?;
        if !after.default {
            return Ok(Batch::new());
        }
        Ok(noun::taken_from(call, &facts.others, |it| {
            it.updated_at = call.now();
            std::mem::take(&mut it.default)
        })?)
    }

    fn link(&self, _call: &Call<'_>, own: &str, links: &mut Links) {
        links.add("actions", format!("{own}/actions"));
    }
}

/// Source: `reference/platform.md` 3.10.
fn is_name(name: &str) -> bool {
    let plain = |it: char| it.is_ascii_alphanumeric() || "_. -".contains(it);
    let is_uri = |name: &str| !name.ends_with(':') && url::Url::parse(name).is_ok();
    name.chars().all(plain) || (name.contains(':') && is_uri(name))
}

async fn is_assigned(call: &Call<'_>, id: SignOnPolicyId) -> Outcome<bool> {
    let (store, now) = (call.store(), call.now());
    let assignments = configuration::all::<SignOnPolicyAssignment>(store, call.env, now).await?;
    Ok(assignments.iter().any(|it| it.sign_on_policy.id == id))
}

/// Whether one may go, and what goes with it.
/// Source: `reference/platform.md` 1.8: the words that clients look for.
fn removed(is_default: bool, facts: Facts) -> Result<Batch, Refused> {
    let message = if is_default {
        "You cannot delete a default policy"
    } else if facts.is_assigned {
        "The policy is assigned to an application"
    } else {
        return Ok(facts.actions.into_iter().fold(Batch::new(), Batch::delete));
    };
    let misfit = Misfit::constraint("", message);
    Err(Refusal::NotNow(None, vec![misfit]).because(message))
}

#[cfg(test)]
mod tests {
    use super::is_name;

    #[test]
    fn a_name_is_plain_or_a_uri() {
        for name in [
            "Single_Factor",
            "a b.c-d",
            "urn:x:y",
            "https://a.example/loa2",
        ] {
            assert!(is_name(name), "{name}");
        }
        for name in ["a/b", "ü", "a:", ":b", "a\nb", "1:2"] {
            assert!(!is_name(name), "{name}");
        }
    }
}
