//! `/v1/environments/{e}/populations` (`reference/platform.md` 3.6).

pub mod default_identity_provider;

use countersign_domain::branding::Theme;
use countersign_domain::entity::{Entity, Stored};
use countersign_domain::filter::{Filterable, Operator};
use countersign_domain::group::Group;
use countersign_domain::ids::{PopulationId, ThemeId};
use countersign_domain::password::policy::PasswordPolicy;
use countersign_domain::population::Population;
use countersign_domain::store::{Batch, Entries, Fault, Query, Range};
use countersign_domain::user::User;
use serde_json::json;

use super::role_assignments;
use crate::configuration;
use crate::defaults;
use crate::misfit::Misfit;
use crate::refusal::{Failure, Outcome, Refusal, Refused};
use crate::v1::belongings::Belongings;
use crate::v1::body::{Check, Object};
use crate::v1::call::Call;
use crate::v1::hal::Links;
use crate::v1::noun::{self, Change, Noun};
use crate::v1::pointing;
use crate::v1::route::{Endpoint, Narrow, Resource};

const ALL: &str = "/environments/{environment}/populations";
const ONE: &str = "/environments/{environment}/populations/{population}";
/// Has a path of its own, and is not shown here.
const DEFAULT_PROVIDER: &str = "defaultIdentityProvider";
/// Users that are counted for `userCount`; where there are more, it is left out.
const MAX_COUNTED: u32 = 10_000;

/// `/environments/{e}/populations`
pub const RESOURCE: Resource = Resource {
    name: "populations",
    endpoints: &[
        Endpoint::get(ALL, "populations:read", noun::list::<Population>).narrow(Narrow::Population),
        Endpoint::post(ALL, "populations:create", noun::create::<Population>),
        Endpoint::get(ONE, "populations:read", noun::read::<Population>).narrow(Narrow::Population),
        Endpoint::put(ONE, "populations:update", noun::replace::<Population>)
            .narrow(Narrow::Population),
        Endpoint::delete(ONE, "populations:delete", noun::remove::<Population>),
    ],
};

/// Whether the call is about one population: by its id in the path, or by a filter that says which.
fn names_one(call: &Call<'_>) -> bool {
    let filter = call.query.get("filter").unwrap_or_default();
    !call.text("population").is_empty() || filter.to_ascii_lowercase().contains(" eq ")
}

/// What else a change concerns.
#[expect(
    clippy::struct_excessive_bools,
    reason = "four questions, four answers"
)]
pub struct Facts {
    /// The other populations.
    others: Vec<Stored<Population>>,
    /// Whether it holds users.
    has_users: bool,
    /// Whether groups are in it.
    has_groups: bool,
    /// Whether its password policy exists.
    has_policy: bool,
    /// Whether its theme exists.
    has_theme: bool,
    /// Roles that end with it.
    void: Belongings,
}

impl Noun for Population {
    const PLURAL: &'static str = "populations";
    const PARAMETER: &'static str = "population";
    const READ_ONLY: &'static [&'static str] = &["userCount", DEFAULT_PROVIDER];
    type Facts = Facts;

    fn filterable(_call: &Call<'_>) -> Vec<Filterable> {
        vec![
            Filterable::new("name", &[Operator::Sw, Operator::Eq]),
            Filterable::new("id", &[Operator::Eq]),
        ]
    }

    fn is_visible(&self, call: &Call<'_>) -> bool {
        call.reach.has_population(self.id)
    }

    fn prepare(call: &Call<'_>, body: &mut Object, before: Option<&Self>) -> Result<(), Refused> {
        // Decision: there is one default at any time; it is moved, not switched off.
        if before.is_some_and(|it| it.default) {
            body.insert("default".into(), json!(true));
        }
        // What is shown where none is set is no choice when it comes back.
        let shown = json!({ "id": default_theme(call) });
        if before.is_some_and(|it| it.theme.is_none()) && body.get("theme") == Some(&shown) {
            body.remove("theme");
        }
        Ok(())
    }

    async fn gather<'a>(call: &'a Call<'a>, change: Change<'a, Self>) -> Outcome<Facts> {
        let id = change
            .after()
            .or(change.before().map(|it| &it.value))
            .map(|it| it.id);
        let others = noun::all::<Self>(call).await?;
        let others = others.into_iter().filter(|it| Some(it.id) != id).collect();
        let (mut has_users, mut has_groups) = (false, false);
        let (mut has_policy, mut has_theme) = (true, true);
        let mut void = Belongings::default();
        if let (Change::Remove(_), Some(id)) = (&change, id) {
            has_users = users(call, id).await? > 0;
            role_assignments::end_within(call, id.uuid(), &mut void).await?;
            // Nobody comes in meanwhile.
            let users = User::of_population(id);
            void.leave_none(Entries::prefix(
                User::KIND,
                call.env,
                User::BY_POPULATION,
                users,
            ));
            let (kind, index) = (Group::KIND, Group::BY_POPULATION);
            void.leave_none(Entries::equal(kind, call.env, index, id.to_string()));
            let groups = configuration::all::<Group>(call.store(), call.env, call.now()).await?;
            has_groups = groups
                .iter()
                .any(|it| it.population.is_some_and(|it| it.id == id));
        }
        if let Some(policy) = change.after().and_then(|it| it.password_policy) {
            has_policy = call.load::<PasswordPolicy>(policy.id).await?.is_some();
        }
        if let Some(theme) = change.after().and_then(|it| it.theme) {
            // The one that is shown where none is set need not be stored.
            let is_default = theme.id == default_theme(call);
            let before = change.before().map(|it| &it.value);
            has_theme = is_default || pointing::holds::<Theme, _>(call, before, theme.id).await?;
        }
        Ok(Facts {
            others,
            has_users,
            has_groups,
            has_policy,
            has_theme,
            void,
        })
    }

    fn judge(call: &Call<'_>, change: Change<'_, Self>, facts: Facts) -> Result<Batch, Failure> {
        let Some(after) = change.after() else {
            let is_default = change.before().is_some_and(|it| it.default);
            return Ok(removed(is_default, facts)?);
        };
        let mut check = Check::new();
        check.length("name", &after.name, 1, 256);
        check.length_of("description", after.description.as_ref(), 0, 2_048);
        check.length("preferredLanguage", &after.preferred_language, 1, 64);
        check.expect(after.alternative_identifiers.len() <= 100, || {
            Misfit::invalid("alternativeIdentifiers", "must have at most 100 entries")
        });
        check.expect(facts.has_policy, || {
            Misfit::invalid("passwordPolicy.id", "no password policy has this id")
        });
        check.expect(facts.has_theme, || {
            Misfit::invalid("theme.id", "no theme has this id")
        });
        check.finish()?;
        let mut batch = Batch::new();
        if after.default {
            for other in facts.others.iter().filter(|it| it.default) {
                let mut former = other.value.clone();
                former.default = false;
                former.updated_at = call.now();
                batch = batch.update(call.env, &former, other.version)?;
            }
        }
        Ok(batch)
    }

    async fn show<'a>(&'a self, call: &'a Call<'a>) -> Outcome<Object> {
        let mut object = noun::object_of(self)?;
        object.remove(DEFAULT_PROVIDER);
        object.insert("default".into(), json!(self.default));
        // Source: `reference/platform.md` 3.6: there even when not set; clients wait for it.
        if self.theme.is_none() {
            object.insert("theme".into(), json!({ "id": default_theme(call) }));
        }
        if names_one(call) {
            let count = users(call, self.id).await?;
            if count <= MAX_COUNTED {
                object.insert("userCount".into(), json!(count));
            }
        }
        Ok(object)
    }

    fn link(&self, call: &Call<'_>, _own: &str, links: &mut Links) {
        if let Some(policy) = self.password_policy {
            let path = call.fill("/environments/{environment}/passwordPolicies");
            links.add("passwordPolicy", call.url(&format!("{path}/{}", policy.id)));
        }
    }
}

/// How many users a population has, as far as they are counted and one more.
async fn users(call: &Call<'_>, population: PopulationId) -> Result<u32, Fault> {
    let query = Query {
        index: Some(User::BY_POPULATION),
        range: Range::Prefix(User::of_population(population)),
        ..Query::all(User::KIND, call.env, MAX_COUNTED + 1)
    };
    call.store().count(&query).await
}

/// The theme that counts where none is set.
fn default_theme(call: &Call<'_>) -> ThemeId {
    let default = call.cx.env.theme(None).map(|it| it.id);
    default.unwrap_or_else(|| defaults::theme_id(call.env))
}

/// Whether one may go.
/// Source: `reference/platform.md` 1.8, 3.6; PingOne's page of the operation: neither the default
/// one, nor one with users.
fn removed(is_default: bool, facts: Facts) -> Result<Batch, Refused> {
    let message = if facts.others.is_empty() {
        "The environment must contain at least one population"
    } else if is_default {
        "The default population can not be deleted"
    } else if facts.has_users {
        "The population must not contain users"
    } else if facts.has_groups {
        "The population must not contain groups"
    } else {
        return Ok(facts.void.go(Batch::new()));
    };
    let misfit = Misfit::constraint("", message);
    Err(Refusal::NotNow(None, vec![misfit]).because(message))
}
