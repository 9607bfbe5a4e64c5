//! `/v1/environments/{e}/passwordPolicies` (`reference/platform.md` 3.12).

use countersign_domain::entity::{Entity, Stored};
use countersign_domain::ids::PasswordPolicyId;
use countersign_domain::password::policy::{ALPHABETS, PasswordPolicy};
use countersign_domain::population::Population;
use countersign_domain::store::{Batch, Entries};
use serde_json::json;

use crate::configuration;
use crate::misfit::{Hint, Misfit};
use crate::refusal::{Failure, Outcome, Refusal, Refused};
use crate::v1::body::{Check, Number, Object};
use crate::v1::call::Call;
use crate::v1::noun::{self, Change, Noun};
use crate::v1::route::{Endpoint, Resource};

const ALL: &str = "/environments/{environment}/passwordPolicies";
const ONE: &str = "/environments/{environment}/passwordPolicies/{passwordPolicy}";
type Policy = PasswordPolicy;

/// `/environments/{e}/passwordPolicies`
pub const RESOURCE: Resource = Resource {
    name: "passwordPolicies",
    endpoints: &[
        Endpoint::get(ALL, "passwordPolicies:read", noun::list::<Policy>),
        Endpoint::post(ALL, "passwordPolicies:create", noun::create::<Policy>),
        Endpoint::get(ONE, "passwordPolicies:read", noun::read::<Policy>),
        Endpoint::put(ONE, "passwordPolicies:update", noun::replace::<Policy>),
        Endpoint::delete(ONE, "passwordPolicies:delete", noun::remove::<Policy>),
    ],
};

/// Largest number that has no limit of its own: PingOne's numbers have 32 bits and a sign.
const MOST: i64 = i32::MAX as i64;
/// Days between the first warning that a password expires and its end.
const WARNING_DAYS: u64 = 21;

/// What else a change concerns.
pub struct Facts {
    others: Vec<Stored<Policy>>,
    /// Whether a population names it.
    is_used: bool,
}

impl Noun for Policy {
    const PLURAL: &'static str = "passwordPolicies";
    const PARAMETER: &'static str = "passwordPolicy";
    const READ_ONLY: &'static [&'static str] = &["populationCount"];
    const KEPT: &'static [&'static str] = &["bypassPolicy"];
    /// Source: `reference/platform.md` 3.12.
    const NUMBERS: &'static [Number] = &[
        ("length.min", 8..=32),
        ("length.max", 255..=255),
        ("history.count", 1..=MOST),
        ("history.retentionDays", 1..=MOST),
        ("lockout.failureCount", 1..=MOST),
        ("lockout.durationSeconds", 1..=MOST),
        ("maxRepeatedCharacters", 2..=2),
        ("minUniqueCharacters", 5..=5),
        ("minComplexity", 7..=7),
        ("maxAgeDays", 1..=MOST),
        ("minAgeDays", 1..=MOST),
        ("alphabetSequenceRule.maxLength", 2..=3),
        ("numberSequenceRule.maxLength", 2..=3),
        ("qwertySequenceRule.maxLength", 3..=3),
        ("shiftedNumberRowSequenceRule.maxLength", 3..=3),
    ];
    type Facts = Facts;

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
        let is_used = match (&change, id) {
            (Change::Remove(_), Some(id)) => users_of(call, id).await? > 0,
            _ => false,
        };
        Ok(Facts { others, is_used })
    }

    fn judge(call: &Call<'_>, change: Change<'_, Self>, facts: Facts) -> Result<Batch, Failure> {
        let Some(after) = change.after() else {
            let is_default = change.before().is_some_and(|it| it.default);
            let (kind, index) = (Population::KIND, Population::BY_PASSWORD_POLICY);
            let id = change.before().map(|it| it.id.to_string());
            let users = Entries::equal(kind, call.env, index, id.unwrap_or_default());
            return Ok(removed(is_default, facts.is_used)?.leaves_none(users));
        };
        check(after)?;
        if !after.default {
            return Ok(Batch::new());
        }
        Ok(noun::taken_from(call, &facts.others, |it| {
            it.updated_at = call.now();
            std::mem::take(&mut it.default)
        })?)
    }

    async fn show<'a>(&'a self, call: &'a Call<'a>) -> Outcome<Object> {
        let mut object = noun::object_of(self)?;
        object.insert("default".into(), json!(self.default));
        let populations = users_of(call, self.id).await?;
        if populations > 0 {
            object.insert("populationCount".into(), json!(populations));
        }
        Ok(object)
    }
}

/// How many populations name it.
async fn users_of(call: &Call<'_>, id: PasswordPolicyId) -> Outcome<usize> {
    let populations = configuration::all::<Population>(call.store(), call.env, call.now()).await?;
    let named = populations.iter().filter_map(|it| it.password_policy);
    Ok(named.filter(|it| it.id == id).count())
}

/// What is no number.
fn check(policy: &Policy) -> Result<(), Refused> {
    let mut check = Check::new();
    check.length("name", &policy.name, 1, 256);
    check.length_of("description", policy.description.as_ref(), 0, 1_024);
    for (alphabet, number) in &policy.min_characters {
        check.expect(ALPHABETS.contains(&alphabet.as_str()), || {
            let allowed = ALPHABETS.map(str::to_owned).to_vec();
            let why = "must name one of the four kinds of characters";
            Misfit::invalid("minCharacters", why).hinting(Hint::Values(allowed))
        });
        check.range(format!("minCharacters.{alphabet}"), *number, 0..=1);
    }
    let youngest = u64::from(policy.min_age_days.unwrap_or(0)) + WARNING_DAYS;
    check.expect(
        policy
            .max_age_days
            .is_none_or(|it| u64::from(it) > youngest),
        || {
            Misfit::invalid(
                "maxAgeDays",
                "must be greater than minAgeDays and 21 days of warning",
            )
        },
    );
    check.finish()
}

/// Source: `reference/platform.md` 1.8: the words that clients look for.
fn removed(is_default: bool, is_used: bool) -> Result<Batch, Refused> {
    let message = if is_default {
        "Default Password Policy can not be deleted"
    } else if is_used {
        "The password policy is used by a population"
    } else {
        return Ok(Batch::new());
    };
    let misfit = Misfit::constraint("", message);
    Err(Refusal::NotNow(None, vec![misfit]).because(message))
}
