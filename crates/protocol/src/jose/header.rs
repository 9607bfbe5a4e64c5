//! The protected header of a compact JWS, read strictly (`threats.md` 15, 16, 21, 23).

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Deserialize;
use serde::de::IgnoredAny;

use crate::as_::params::MAX_PUSHED;

/// Longest compact token of ours, in bytes: none longer is issued, and none longer is looked at. Most
/// are near 1 KiB; those that list the groups of a user grow with them.
pub const MAX_TOKEN: usize = 128 * 1024;

/// Longest compact token of others that is looked at, in bytes: what a body may have (PAR), for in a
/// request object the whole request travels. Looking at one is linear work.
const MAX_FOREIGN: usize = MAX_PUSHED;

/// What is wrong with a token before any key is involved.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Malformed {
    /// Longer than so many bytes.
    #[error("longer than {0} bytes")]
    TooLong(usize),
    /// Not three base64url parts joined by dots, or not in canonical base64url.
    #[error("not a compact JWS")]
    NotCompact,
    /// The header is not the JSON object we understand: an unknown critical member, an embedded
    /// key, a repeated member.
    #[error("its header is not acceptable")]
    Header,
}

/// The members of a header that mean something here. Any other is refused: what would change how
/// the token is to be read (`crit`, `b64`, `zip`), and what brings its own key (`jwk`, `jku`,
/// `x5u`, `x5c`).
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Header {
    /// Signature algorithm, compared with the key's and never used to choose one.
    pub alg: String,
    /// Which key, within the issuer or client it is looked up for.
    pub kid: Option<String>,
    /// Media type of the token.
    pub typ: Option<String>,
    /// SHA-1 thumbprint of the certificate; not used.
    pub x5t: Option<String>,
}

/// Reads the header of a compact token without believing any of it.
pub fn parse(token: &str) -> Result<Header, Malformed> {
    serde_json::from_slice(&split(token, MAX_TOKEN)?).map_err(|_| Malformed::Header)
}

/// The same for tokens that clients made: those of others, but nothing nested and nothing encrypted.
///
/// Source: `reference/oidc.md` 4.2 (`cty`, `enc`).
pub fn parse_of_client(token: &str) -> Result<Header, Malformed> {
    #[derive(Deserialize)]
    struct Nested {
        cty: Option<IgnoredAny>,
        enc: Option<IgnoredAny>,
    }
    let header = parse_foreign(token)?;
    let read: Nested =
        serde_json::from_slice(&split(token, MAX_FOREIGN)?).map_err(|_| Malformed::Header)?;
    match (read.cty, read.enc) {
        (None, None) => Ok(header),
        _ => Err(Malformed::Header),
    }
}

/// The same for tokens that others made, who may put members of their own into the header: what is
/// not understood is ignored, but nothing that changes what is verified or with which key.
///
/// Spec: RFC 7515 4.
pub fn parse_foreign(token: &str) -> Result<Header, Malformed> {
    #[derive(Deserialize)]
    struct Foreign {
        alg: String,
        kid: Option<String>,
        typ: Option<String>,
        x5t: Option<String>,
        crit: Option<IgnoredAny>,
        b64: Option<IgnoredAny>,
        zip: Option<IgnoredAny>,
        jwk: Option<IgnoredAny>,
        jku: Option<IgnoredAny>,
        x5u: Option<IgnoredAny>,
    }
    let read: Foreign =
        serde_json::from_slice(&split(token, MAX_FOREIGN)?).map_err(|_| Malformed::Header)?;
    let dangerous = [read.crit, read.b64, read.zip, read.jwk, read.jku, read.x5u];
    if dangerous.iter().any(Option::is_some) {
        return Err(Malformed::Header);
    }
    Ok(Header {
        alg: read.alg,
        kid: read.kid,
        typ: read.typ,
        x5t: read.x5t,
    })
}

/// The bytes of the header.
fn split(token: &str, max: usize) -> Result<Vec<u8>, Malformed> {
    if token.len() > max {
        return Err(Malformed::TooLong(max));
    }
    let mut parts = token.split('.');
    let (Some(header), Some(payload), Some(signature), None) =
        (parts.next(), parts.next(), parts.next(), parts.next())
    else {
        return Err(Malformed::NotCompact);
    };
    // The engine refuses padding, white space and non-zero trailing bits: one token, one spelling.
    let decode = |part: &str| {
        URL_SAFE_NO_PAD
            .decode(part)
            .map_err(|_| Malformed::NotCompact)
    };
    decode(payload)?;
    decode(signature)?;
    decode(header)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn token(header: &str) -> String {
        format!("{}.e30.AA", URL_SAFE_NO_PAD.encode(header))
    }

    #[test]
    fn a_plain_header_is_read() {
        let header = parse(&token(r#"{"alg":"RS256","kid":"k","typ":"JWT"}"#)).unwrap();
        assert_eq!(
            (header.alg.as_str(), header.kid.as_deref()),
            ("RS256", Some("k"))
        );
    }

    #[test]
    fn threat_15_headers_that_change_the_meaning_are_refused() {
        for header in [
            r#"{"alg":"RS256","crit":["exp"]}"#,
            r#"{"alg":"RS256","b64":false}"#,
            r#"{"alg":"RS256","zip":"DEF"}"#,
            r#"{"alg":"RS256","jwk":{}}"#,
            r#"{"alg":"RS256","jku":"https://example.org"}"#,
            r#"{"alg":"RS256","alg":"none"}"#,
            r#"{"kid":"k"}"#,
            "[]",
        ] {
            assert_eq!(parse(&token(header)), Err(Malformed::Header), "{header}");
        }
    }

    #[test]
    fn threat_15_of_headers_of_clients_only_harmless_members_are_ignored() {
        let read = parse_of_client(&token(
            r#"{"alg":"RS256","kid":"k","x5t#S256":"AA","x5c":["AA"],"app":1}"#,
        ));
        assert_eq!(read.unwrap().kid.as_deref(), Some("k"));
        for header in [
            r#"{"alg":"RS256","crit":["exp"]}"#,
            r#"{"alg":"RS256","b64":false}"#,
            r#"{"alg":"RS256","zip":"DEF"}"#,
            r#"{"alg":"RS256","cty":"JWT"}"#,
            r#"{"alg":"RS256","enc":"A128GCM"}"#,
            r#"{"alg":"RS256","jwk":{}}"#,
            r#"{"alg":"RS256","jku":"https://example.org"}"#,
            r#"{"alg":"RS256","x5u":"https://example.org"}"#,
            r#"{"alg":"RS256","alg":"none"}"#,
            r#"{"kid":"k"}"#,
            "[]",
        ] {
            assert_eq!(
                parse_of_client(&token(header)),
                Err(Malformed::Header),
                "{header}"
            );
        }
    }

    #[test]
    fn threat_15_a_token_has_one_spelling() {
        let good = token(r#"{"alg":"RS256"}"#);
        let without_signature = good.trim_end_matches("AA");
        for bad in [
            format!("{good}."),
            format!("{good}="),
            format!(" {good}"),
            format!("{good}\n"),
            // "AB" has non-zero trailing bits: the same byte as "AA" in a lax decoder.
            format!("{without_signature}AB"),
            without_signature.trim_end_matches('.').to_owned(),
        ] {
            assert_eq!(parse(&bad), Err(Malformed::NotCompact), "{bad}");
        }
        let long = "a".repeat(MAX_TOKEN + 1);
        assert_eq!(parse(&long), Err(Malformed::TooLong(MAX_TOKEN)));
        assert_eq!(parse_foreign(&long), Err(Malformed::NotCompact));
    }
}
