//! `CLIENT_SECRET_BASIC`.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use countersign_domain::application::TokenEndpointAuthMethod;
use secrecy::SecretString;

use super::{Method, Presented, Proof};
use crate::as_::params::Params;
use crate::refusal::{Refusal, Refused};

/// `Authorization: Basic base64(form(client_id):form(client_secret))`.
pub struct Basic;

impl Method for Basic {
    fn setting(&self) -> TokenEndpointAuthMethod {
        TokenEndpointAuthMethod::ClientSecretBasic
    }

    fn metadata_name(&self) -> &'static str {
        "client_secret_basic"
    }

    fn find(
        &self,
        authorization: Option<&str>,
        params: &Params,
    ) -> Result<Option<Presented>, Refused> {
        let Some(header) = authorization else {
            return Ok(None);
        };
        let refuse = |why: &'static str| Refusal::ClientAuthenticationFailed.because(why);
        let (scheme, encoded) = header
            .split_once(' ')
            .ok_or_else(|| refuse("malformed Authorization"))?;
        if !scheme.eq_ignore_ascii_case("basic") {
            return Err(refuse("Authorization is not Basic"));
        }
        // One space or more (RFC 9110 11.4), as Bearer has it.
        let decoded = STANDARD
            .decode(encoded.trim_start_matches(' '))
            .map_err(|_| refuse("Basic is not base64"))?;
        let decoded = String::from_utf8(decoded).map_err(|_| refuse("Basic is not UTF-8"))?;
        let (id, secret) = decoded
            .split_once(':')
            .ok_or_else(|| refuse("Basic has no colon"))?;
        let client_id = form_decode(id).ok_or_else(|| refuse("Basic is not form-encoded"))?;
        let secret = form_decode(secret).ok_or_else(|| refuse("Basic is not form-encoded"))?;
        if params
            .get("client_id")
            .is_some_and(|body| body != client_id)
        {
            return Err(refuse("client_id of the body is another one"));
        }
        Ok(Some(Presented {
            client_id,
            proof: Proof::Secret(SecretString::from(secret)),
        }))
    }
}

/// Undoes the form encoding of one credential, once.
///
/// Spec: RFC 6749 2.3.1. Secrets made here are of unreserved characters, which encoded and not
/// encoded are the same (`reference/rulings.md` 26).
fn form_decode(text: &str) -> Option<String> {
    let mut out = Vec::with_capacity(text.len());
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        match byte {
            b'+' => out.push(b' '),
            b'%' => {
                let digits = [bytes.next()?, bytes.next()?];
                let digits = std::str::from_utf8(&digits).ok()?;
                if !digits.bytes().all(|digit| digit.is_ascii_hexdigit()) {
                    return None;
                }
                out.push(u8::from_str_radix(digits, 16).ok()?);
            }
            other => out.push(other),
        }
    }
    String::from_utf8(out).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use secrecy::ExposeSecret;

    fn find(header: &str) -> Result<Option<Presented>, Refused> {
        Basic.find(Some(header), &Params::default())
    }

    #[test]
    fn both_halves_are_form_decoded_once() {
        let header = format!("Basic {}", STANDARD.encode("a%3Ab:p%2B+q:r%2525"));
        let presented = find(&header).unwrap().unwrap();
        assert_eq!(presented.client_id, "a:b");
        let Proof::Secret(secret) = presented.proof else {
            panic!("no secret")
        };
        assert_eq!(secret.expose_secret(), "p+ q:r%25");
    }

    #[test]
    fn threat_21_loosely_encoded_credentials_are_refused() {
        for header in [
            "Basic".to_owned(),
            "Basic !!!".to_owned(),
            format!("Basic\t{}", STANDARD.encode("a:b")),
            format!("Basic {} ", STANDARD.encode("a:b")),
            format!("Basic {}", STANDARD.encode("no colon")),
            format!("Basic {}", STANDARD.encode("a:%zz")),
            format!("Basic {}", STANDARD.encode("a:%+1")),
            format!("Basic {}=", STANDARD.encode("a:b")),
            format!("Basic {}", STANDARD.encode([b'a', b':', 0xff])),
            "Bearer abc".to_owned(),
        ] {
            assert!(find(&header).is_err(), "{header}");
        }
    }
}
