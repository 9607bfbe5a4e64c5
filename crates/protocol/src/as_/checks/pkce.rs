//! PKCE: `code_challenge` and `code_challenge_method` (`threats.md` 11).

use aws_lc_rs::digest;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use countersign_domain::application::{Application, PkceEnforcement};
use serde::{Deserialize, Serialize};
use subtle::ConstantTimeEq;

use crate::as_::checks::response_type::ResponseType;
use crate::as_::params::Params;
use crate::refusal::{Refusal, Refused};

/// How the challenge was made from the verifier.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Method {
    /// The verifier itself.
    #[serde(rename = "plain")]
    Plain,
    /// BASE64URL(SHA-256(verifier)).
    S256,
}

/// The challenge that the token request must answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CodeChallenge {
    /// As sent.
    pub challenge: String,
    /// As sent, `plain` when not (RFC 7636 4.3).
    pub method: Method,
}

/// 43 to 128 characters of the unreserved set.
///
/// Spec: RFC 7636 4.1.
fn is_well_formed(text: &str) -> bool {
    (43..=128).contains(&text.len())
        && text
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b"-._~".contains(&b))
}

/// The challenge of an authorization request, by the application's `pkceEnforcement`.
///
/// Spec: `reference/oidc.md` 3.9; RFC 7636 4.3, 4.4.1.
pub fn check(
    params: &Params,
    application: &Application,
    response_type: ResponseType,
) -> Result<Option<CodeChallenge>, Refused> {
    if !response_type.code {
        return Ok(None);
    }
    let enforcement = application.pkce_enforcement;
    let Some(challenge) = params.get("code_challenge") else {
        if params.get("code_challenge_method").is_some() {
            return Err(Refusal::PkceRequired.because("a method without a challenge"));
        }
        return match enforcement {
            PkceEnforcement::Optional => Ok(None),
            PkceEnforcement::Required | PkceEnforcement::S256Required => Err(Refusal::PkceRequired
                .because(format!("pkceEnforcement is {enforcement:?}"))
                .arrived("no code_challenge")),
        };
    };
    let method = match params.get("code_challenge_method") {
        None | Some("plain") => Method::Plain,
        Some("S256") => Method::S256,
        Some(_) => {
            return Err(Refusal::ParameterInvalid("code_challenge_method")
                .because("neither plain nor S256 (case matters)"));
        }
    };
    if enforcement == PkceEnforcement::S256Required && method != Method::S256 {
        let arrived = params.get("code_challenge_method").unwrap_or("no method");
        return Err(Refusal::PkceS256Required
            .because("pkceEnforcement is S256_REQUIRED")
            .arrived(arrived));
    }
    let well_formed = match method {
        Method::Plain => is_well_formed(challenge),
        // A SHA-256 in base64url without padding, nothing else.
        Method::S256 => URL_SAFE_NO_PAD
            .decode(challenge)
            .is_ok_and(|hash| hash.len() == 32),
    };
    if !well_formed {
        return Err(Refusal::ParameterInvalid("code_challenge")
            .because("malformed")
            .expected("43 characters of base64url without padding for S256, 43 to 128 for plain")
            .arrived(format!("{} characters", challenge.chars().count())));
    }
    Ok(Some(CodeChallenge {
        challenge: challenge.to_owned(),
        method,
    }))
}

/// Whether a token request's verifier answers the challenge. A verifier without a challenge is
/// refused as well: someone lost the challenge on the way (`threats.md` 11).
///
/// Spec: RFC 7636 4.6; `reference/oidc.md` 3.9.
pub fn verify(challenge: Option<&CodeChallenge>, verifier: Option<&str>) -> Result<(), Refused> {
    let (expected, verifier) = match (challenge, verifier) {
        (None, None) => return Ok(()),
        (None, Some(_)) => {
            return Err(Refusal::CodeVerifier.because("a verifier, but there was no challenge"));
        }
        (Some(_), None) => return Err(Refusal::CodeVerifier.because("there is no code_verifier")),
        (Some(challenge), Some(verifier)) => (challenge, verifier),
    };
    if !is_well_formed(verifier) {
        return Err(Refusal::CodeVerifier.because(format!(
            "malformed, {} characters",
            verifier.chars().count()
        )));
    }
    let computed = match expected.method {
        Method::Plain => verifier.to_owned(),
        Method::S256 => {
            URL_SAFE_NO_PAD.encode(digest::digest(&digest::SHA256, verifier.as_bytes()))
        }
    };
    if bool::from(computed.as_bytes().ct_eq(expected.challenge.as_bytes())) {
        Ok(())
    } else {
        Err(Refusal::CodeVerifier.because("it does not hash to the challenge"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn s256(verifier: &str) -> CodeChallenge {
        let hash = digest::digest(&digest::SHA256, verifier.as_bytes());
        CodeChallenge {
            challenge: URL_SAFE_NO_PAD.encode(hash),
            method: Method::S256,
        }
    }

    #[test]
    fn the_example_of_rfc_7636_holds() {
        let verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
        assert_eq!(
            s256(verifier).challenge,
            "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
        );
        assert!(verify(Some(&s256(verifier)), Some(verifier)).is_ok());
    }

    #[test]
    fn threat_11_every_way_to_miss_the_verifier_is_refused() {
        let verifier = "a".repeat(43);
        let challenge = s256(&verifier);
        assert!(verify(Some(&challenge), None).is_err());
        assert!(verify(None, Some(&verifier)).is_err());
        assert!(verify(Some(&s256(&"a".repeat(42))), Some(&"a".repeat(42))).is_err());
        assert!(verify(Some(&s256(&"a".repeat(129))), Some(&"a".repeat(129))).is_err());
        assert!(verify(Some(&challenge), Some(&"b".repeat(43))).is_err());
        let plain = CodeChallenge {
            challenge: challenge.challenge.clone(),
            method: Method::Plain,
        };
        assert!(
            verify(Some(&plain), Some(&verifier)).is_err(),
            "the hash is not the verifier"
        );
    }
}
