//! `aud`, and the times of a token: what is read of them in tokens that clients make.

use countersign_domain::time::Time;
use serde_json::{Map, Value};

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

/// Checks `exp`, `nbf` and `iat` where they are given; one that is no number is refused.
pub fn check_times(claims: &Map<String, Value>, now: Time) -> Result<(), &'static str> {
    let at = |name: &str| match claims.get(name) {
        None => Ok(None),
        Some(value) => value
            .as_i64()
            .map(Some)
            .ok_or("a time is not whole seconds"),
    };
    if at("exp")?.is_some_and(|exp| exp <= now.seconds()) {
        return Err("exp is over");
    }
    if at("nbf")?.is_some_and(|nbf| !has_begun(nbf, now)) {
        return Err("nbf is in the future");
    }
    at("iat").map(|_| ())
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
    }
}
