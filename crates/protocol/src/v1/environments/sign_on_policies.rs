//! `/v1/environments/{e}/signOnPolicies` (`reference/platform.md` 3.10).

pub mod actions;

mod conditions;

use countersign_domain::application::SignOnPolicyAssignment;
use countersign_domain::entity::{Entity, Stored};
use countersign_domain::ids::SignOnPolicyId;
use countersign_domain::policy::sign_on::{SignOnAction, SignOnPolicy};
use countersign_domain::store::{Batch, Entries, Key};
use serde_json::json;

use crate::configuration;
use crate::misfit::Misfit;
use crate::refusal::{Failure, Outcome, Refusal, Refused};
use crate::v1::belongings::Belongings;
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
    /// Its actions and its assignments to applications, which go with it.
    owned: Belongings,
}

impl Noun for SignOnPolicy {
    const PLURAL: &'static str = "signOnPolicies";
    const PARAMETER: &'static str = "signOnPolicy";
    const IS_SHOWN_FROM_CONFIGURATION: bool = true;
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
            owned: Belongings::default(),
        };
        if let (Change::Remove(_), Some(id)) = (&change, id) {
            let actions =
                noun::all_by::<SignOnAction>(call, SignOnAction::BY_POLICY, id.to_string()).await?;
            facts.owned.add(actions.iter().map(|it| it.key(call.env)));
            facts.owned.add(assignments(call, id).await?);
            // Nor may it be assigned at the same moment.
            let (kind, index) = (
                SignOnPolicyAssignment::KIND,
                SignOnPolicyAssignment::BY_POLICY,
            );
            let assigned = Entries::equal(kind, call.env, index, id.to_string());
            facts.owned.leave_none(assigned);
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
    // Spec: RFC 3986 2: no other characters, whatever a parser of URLs would make of them.
    let of_uri = |it: u8| it.is_ascii_graphic() && !b"\"<>\\^`{|}".contains(&it);
    let is_uri = |name: &str| {
        !name.ends_with(':') && name.bytes().all(of_uri) && url::Url::parse(name).is_ok()
    };
    name.chars().all(plain) || (name.contains(':') && is_uri(name))
}

/// Its assignments to applications.
async fn assignments(call: &Call<'_>, id: SignOnPolicyId) -> Outcome<Vec<Key>> {
    let (store, now) = (call.store(), call.now());
    let mut all = configuration::all::<SignOnPolicyAssignment>(store, call.env, now).await?;
    all.retain(|it| it.sign_on_policy.id == id);
    Ok(all.iter().map(|it| it.key(call.env)).collect())
}

/// Whether one may go, and what goes with it.
///
/// Source: `reference/platform.md` 1.8: the words that clients look for; Ping's Terraform provider
/// for what is assigned: it goes as well, and the assignments with it.
fn removed(is_default: bool, facts: Facts) -> Result<Batch, Refused> {
    if is_default {
        let message = "You cannot delete a default policy";
        let misfit = Misfit::constraint("", message);
        return Err(Refusal::NotNow(None, vec![misfit]).because(message));
    }
    Ok(facts.owned.go(Batch::new()))
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
        for name in [
            "a/b", "ü", "a:", ":b", "a\nb", "1:2", "a:b c", "urn:x:ü", "a:<b>",
        ] {
            assert!(!is_name(name), "{name}");
        }
    }
}
