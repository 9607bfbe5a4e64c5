//! `aud`, and the times of a token: what is read of them in tokens that clients make.

use countersign_domain::time::Time;
use serde::Deserialize;
use serde_json::{Map, Number, Value};

/// How far ahead of ours a client's clock may be, in seconds.
///
/// Decision: as FAPI 2.0 asks; a token says `nbf` of the moment at which it is made, and most clocks
/// are a little off.
///
/// Spec: FAPI 2.0 Security Profile 5.3.2.1 (`nbf` between 0 and 10 seconds ahead).
const SKEW: i64 = 10;

/// Whether a token that is valid from `nbf` on is valid now.
pub const fn has_begun(nbf: i64, now: Time) -> bool {
    nbf <= now.seconds().saturating_add(SKEW)
}

/// Whether an `aud` claim, a text or a list of them, names this party.
///
/// Spec: RFC 7519 4.1.3.
pub fn names(audience: &Value, party: &str) -> bool {
    match audience {
        Value::String(one) => one == party,
        Value::Array(many) => many.iter().any(|one| one == party),
        _ => false,
    }
}

/// Whether it names one of these parties: an environment by one of its issuers, whichever host the
/// token came to.
///
/// Source: `reference/oidc.md` 4.2, 4.3 ("or the custom domain").
pub fn names_one(audience: &Value, parties: &[String]) -> bool {
    parties.iter().any(|party| names(audience, party))
}

/// A moment in a token, in whole seconds. A fraction of one may be written, and is dropped.
///
/// Spec: RFC 7519 2 (NumericDate).
///
/// Decision: in `login_hint_token`, too, whose times are documented as integers
/// (`reference/oidc.md` 4.2): all tokens that clients make are read alike.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(try_from = "Number")]
pub struct NumericDate(pub i64);

impl TryFrom<Number> for NumericDate {
    type Error = &'static str;

    fn try_from(number: Number) -> Result<Self, Self::Error> {
        /// Beyond it a float does not tell one second from the next.
        const MOST: f64 = 9_007_199_254_740_992.0;
        if let Some(whole) = number.as_i64() {
            return Ok(Self(whole));
        }
        let seconds = number.as_f64().filter(|it| it.abs() < MOST);
        let seconds = seconds.ok_or("no moment")?.floor();
        #[expect(clippy::cast_possible_truncation, reason = "whole, and below 2^53")]
        let seconds = seconds as i64;
        Ok(Self(seconds))
    }
}

fn moment(claims: &Map<String, Value>, name: &str) -> Result<Option<i64>, &'static str> {
    let Some(value) = claims.get(name) else {
        return Ok(None);
    };
    let date = NumericDate::deserialize(value).map_err(|_| "a time is no number of seconds")?;
    Ok(Some(date.0))
}

/// Checks `exp`, `nbf` and `iat` where they are given; one that is no number is refused.
pub fn check_times(claims: &Map<String, Value>, now: Time) -> Result<(), &'static str> {
    if moment(claims, "exp")?.is_some_and(|exp| exp <= now.seconds()) {
        return Err("exp is over");
    }
    if moment(claims, "nbf")?.is_some_and(|nbf| !has_begun(nbf, now)) {
        return Err("nbf is in the future");
    }
    moment(claims, "iat").map(|_| ())
}

/// The same for a token that cannot have been made later than now.
pub fn check_times_and_issue(claims: &Map<String, Value>, now: Time) -> Result<(), &'static str> {
    check_times(claims, now)?;
    match moment(claims, "iat")? {
        Some(iat) if !has_begun(iat, now) => Err("iat is in the future"),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_list_names_everybody_in_it_and_nobody_else() {
        for (audience, expected) in [
            (json!("us"), true),
            (json!("us/token"), false),
            (json!(["them", "us"]), true),
            (json!([]), false),
            (json!([["us"]]), false),
            (json!({ "us": 1 }), false),
            (json!(null), false),
        ] {
            assert_eq!(names(&audience, "us"), expected, "{audience}");
        }
    }

    #[test]
    fn threat_20_times_count_where_they_are_given() {
        let now = Time::from_seconds(1_000);
        for (claims, good) in [
            (json!({}), true),
            (json!({ "exp": 1_001, "nbf": 1_000, "iat": 2_000 }), true),
            (json!({ "exp": 1_000 }), false),
            (
                json!({ "exp": 1_001.5, "nbf": 999.5, "iat": 1_000.0 }),
                true,
            ),
            (json!({ "exp": 1_000.5 }), false),
            (json!({ "exp": u64::MAX }), false),
            (json!({ "nbf": 1_010 }), true),
            (json!({ "nbf": 1_011 }), false),
            (json!({ "exp": "1001" }), false),
            (json!({ "exp": 1e300 }), false),
            (json!({ "iat": null }), false),
        ] {
            let Value::Object(map) = claims.clone() else {
                panic!()
            };
            assert_eq!(check_times(&map, now).is_ok(), good, "{claims}");
        }
        for (claims, good) in [
            (json!({}), true),
            (json!({ "iat": 1_010 }), true),
            (json!({ "iat": 1_011 }), false),
            (json!({ "exp": 1_000 }), false),
        ] {
            let map = claims.as_object().unwrap();
            assert_eq!(check_times_and_issue(map, now).is_ok(), good, "{claims}");
        }
    }
}
