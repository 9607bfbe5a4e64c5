//! What an ID token of another provider must say to be believed.

use countersign_domain::time::Time;
use serde_json::{Map, Value};
use subtle::ConstantTimeEq;

use crate::rp::attributes::MAX_EXTERNAL_ID;

/// Seconds by which a provider's clock may differ from ours.
const LEEWAY: i64 = 60;

/// What the token must agree with.
pub struct Expected<'a> {
    /// The provider's issuer.
    pub issuer: &'a str,
    /// Our id there.
    pub client_id: &'a str,
    /// The nonce we sent.
    pub nonce: &'a str,
}

/// Judges the claims of a token whose signature holds. Answers with its `sub`.
///
/// Spec: OIDC Core 3.1.3.7.
pub fn check(
    claims: &Map<String, Value>,
    expected: &Expected<'_>,
    now: Time,
) -> Result<String, &'static str> {
    let text = |name: &str| claims.get(name).and_then(Value::as_str);
    if text("iss") != Some(expected.issuer) {
        return Err("iss is not the provider's issuer");
    }
    check_audience(claims, expected.client_id)?;
    let number = |name: &str| claims.get(name).and_then(Value::as_i64);
    let now = now.seconds();
    if number("exp").is_none_or(|exp| exp.saturating_add(LEEWAY) <= now) {
        return Err("exp is missing or over");
    }
    if number("iat").is_none_or(|iat| iat > now.saturating_add(LEEWAY)) {
        return Err("iat is missing or in the future");
    }
    if claims.contains_key("nbf") && number("nbf").is_none_or(|nbf| nbf > now + LEEWAY) {
        return Err("nbf is in the future");
    }
    let nonce = text("nonce").unwrap_or_default();
    if !bool::from(nonce.as_bytes().ct_eq(expected.nonce.as_bytes())) {
        return Err("nonce is not the one that was sent");
    }
    let subject = text("sub").unwrap_or_default();
    if subject.is_empty() || subject.len() > MAX_EXTERNAL_ID {
        return Err("sub is missing or too long");
    }
    Ok(subject.to_owned())
}

/// It is for us; if for others as well, then `azp` says that it was issued to us.
fn check_audience(claims: &Map<String, Value>, client_id: &str) -> Result<(), &'static str> {
    let azp = claims.get("azp");
    if azp.is_some_and(|azp| azp.as_str() != Some(client_id)) {
        return Err("azp is another client");
    }
    match claims.get("aud") {
        Some(Value::String(one)) if one == client_id => Ok(()),
        Some(Value::Array(many)) if many.iter().any(|it| it.as_str() == Some(client_id)) => {
            if many.len() > 1 && azp.is_none() {
                return Err("aud names several and azp none");
            }
            Ok(())
        }
        _ => Err("aud does not name us"),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn judge(changes: &Value) -> Result<String, &'static str> {
        let mut claims = json!({
            "iss": "https://op.example", "aud": "us", "sub": "ada", "nonce": "n",
            "exp": 1_300, "iat": 1_000,
        });
        for (name, value) in changes.as_object().unwrap() {
            claims[name] = value.clone();
        }
        let members = claims.as_object_mut().unwrap();
        members.retain(|_, value| !value.is_null());
        let expected = Expected {
            issuer: "https://op.example",
            client_id: "us",
            nonce: "n",
        };
        check(members, &expected, Time::from_seconds(1_000))
    }

    #[test]
    fn a_good_token_names_its_subject() {
        for changes in [
            json!({}),
            json!({ "aud": ["us"] }),
            json!({ "aud": ["us", "them"], "azp": "us" }),
            json!({ "azp": "us" }),
            json!({ "exp": 941 }),
            json!({ "iat": 1_060 }),
            json!({ "nbf": 1_060 }),
        ] {
            assert_eq!(judge(&changes).as_deref(), Ok("ada"), "{changes}");
        }
    }

    #[test]
    fn threat_20_each_claim_of_an_id_token_counts() {
        for changes in [
            json!({ "iss": null }),
            json!({ "iss": "https://op.example/" }),
            json!({ "iss": ["https://op.example"] }),
            json!({ "aud": null }),
            json!({ "aud": "them" }),
            json!({ "aud": [] }),
            json!({ "aud": ["them"] }),
            json!({ "aud": ["us", "them"] }),
            json!({ "aud": ["us", "them"], "azp": "them" }),
            json!({ "azp": "them" }),
            json!({ "azp": 1 }),
            json!({ "exp": null }),
            json!({ "exp": 940 }),
            json!({ "exp": "1300" }),
            json!({ "iat": null }),
            json!({ "iat": 1_061 }),
            json!({ "nbf": 1_061 }),
            json!({ "nbf": "1" }),
            json!({ "nonce": null }),
            json!({ "nonce": "m" }),
            json!({ "sub": null }),
            json!({ "sub": "" }),
            json!({ "sub": 7 }),
            json!({ "sub": "x".repeat(256) }),
        ] {
            assert!(judge(&changes).is_err(), "{changes}");
        }
    }
}
