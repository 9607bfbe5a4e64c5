//! Numbers in the condition of an action (`reference/flows.md` 9.4).

use countersign_domain::policy::conditions::{Condition, RiskRule};
use serde_json::Value;

use crate::misfit::{Fit, Misfit};
use crate::v1::body::Check;
use crate::v1::part::Part;

/// PingOne's numbers have 32 bits and a sign.
const MOST: i64 = i32::MAX as i64;

/// Judges a condition; `path` is where it is in the body.
pub(super) fn check(check: &mut Check, path: String, condition: &Condition) {
    match condition {
        Condition::And(all) => each(check, &format!("{path}.and"), all),
        Condition::Or(any) => each(check, &format!("{path}.or"), any),
        Condition::Not(inner) => self::check(check, format!("{path}.not"), inner),
        Condition::SecondsSince { greater, .. } => {
            let seconds = i64::try_from(*greater).unwrap_or(i64::MAX);
            check.range(format!("{path}.greater"), seconds, 1..=MOST);
        }
        Condition::Risk(RiskRule { name, rule, .. }) => {
            if let ("ipRisk", Value::Object(scores)) = (*name, rule) {
                let scores = Part::member(format!("{path}.ipRisk"), scores);
                for name in ["minScore", "maxScore"] {
                    scores.number(check, name, 1..=MOST);
                }
            }
        }
        Condition::IpRange(ranges) => not_empty(check, format!("{path}.ipRange"), ranges),
        Condition::Equals { .. } => {}
    }
}

/// Nothing among nothing is never true: a second factor that is asked for then is never asked for.
fn not_empty<T>(check: &mut Check, path: String, list: &[T]) {
    check.expect(!list.is_empty(), || {
        Misfit::new(Fit::Empty, path, "must not be empty")
    });
}

fn each(check: &mut Check, path: &str, conditions: &[Condition]) {
    not_empty(check, path.to_owned(), conditions);
    for (at, condition) in conditions.iter().enumerate() {
        self::check(check, format!("{path}[{at}]"), condition);
    }
}
