//! Parameters of `/as/*` requests: form-encoded, read strictly.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use crate::refusal::{Refusal, Refused};

/// Longest encoded parameter string of any endpoint here, in bytes. PAR alone allows more.
pub const MAX_FORM: usize = 64 * 1024;
/// Longest body of PAR, in bytes.
/// Source: `reference/oidc.md` 10 (below 1 MB).
pub const MAX_PUSHED: usize = 999_999;
/// Most parameters of one request.
const MAX_PARAMETERS: usize = 100;

/// Parameters of one request, each at most once. An empty value is an absent parameter (RFC 6749
/// 3.1); unknown ones are kept and ignored.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Params(BTreeMap<String, String>);

impl Params {
    /// Reads `application/x-www-form-urlencoded` text: a query string or a form body.
    ///
    /// Spec: RFC 6749 3.1; `reference/oidc.md` S6: a repeated parameter is `invalid_request`.
    pub fn parse(encoded: &[u8]) -> Result<Self, Refused> {
        Self::parse_within(encoded, MAX_FORM)
    }

    /// The same with another limit, in bytes.
    pub fn parse_within(encoded: &[u8], max: usize) -> Result<Self, Refused> {
        if encoded.len() > max {
            return Err(Refusal::TooLarge.because(format!("parameters longer than {max} bytes")));
        }
        let mut map = BTreeMap::new();
        for (name, value) in pairs(encoded) {
            if map.len() >= MAX_PARAMETERS {
                return Err(Refusal::TooLarge.because("more than 100 parameters"));
            }
            if !is_text(&name) || !is_text(&value) {
                return Err(Refusal::MalformedBody.because("a parameter is not text"));
            }
            match map.entry(name.into_owned()) {
                Entry::Vacant(entry) => entry.insert(value.into_owned()),
                Entry::Occupied(entry) => {
                    return Err(Refusal::ParameterRepeated(printable(entry.key())).into());
                }
            };
        }
        map.retain(|_, value| !value.is_empty());
        Ok(Self(map))
    }

    /// Puts the parameters of a body and of a query together; one that is in both is repeated.
    pub fn merged(mut self, other: Self) -> Result<Self, Refused> {
        for (name, value) in other.0 {
            if self.0.contains_key(&name) {
                return Err(Refusal::ParameterRepeated(printable(&name)).into());
            }
            self.0.insert(name, value);
        }
        Ok(self)
    }

    /// With a parameter in place of the one there is.
    #[must_use]
    pub fn with(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.0.insert(name.into(), value.into());
        self
    }

    /// Without a parameter.
    #[must_use]
    pub fn without(mut self, name: &str) -> Self {
        self.0.remove(name);
        self
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// A parameter's value.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    /// All of them, by name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        let all = self.0.iter();
        all.map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// A parameter's value, or the refusal that it is missing.
    pub fn require(&self, name: &'static str) -> Result<&str, Refused> {
        self.get(name)
            .ok_or_else(|| Refusal::ParameterMissing(name).into())
    }
}

/// The decoded names and values.
fn pairs(encoded: &[u8]) -> impl Iterator<Item = (Cow<'_, str>, Cow<'_, str>)> {
    let pairs = encoded.split(|byte| *byte == b'&');
    pairs.filter_map(|pair| plain(pair).or_else(|| form_urlencoded::parse(pair).next()))
}

/// A pair that says what it means. Nearly all of a form is a token or a secret, which is long and has
/// nothing to decode.
fn plain(pair: &[u8]) -> Option<(Cow<'_, str>, Cow<'_, str>)> {
    if pair.is_empty() || pair.contains(&b'%') || pair.contains(&b'+') {
        return None;
    }
    let pair = std::str::from_utf8(pair).ok()?;
    let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
    Some((name.into(), value.into()))
}

/// Whether a decoded text is one. The decoder writes U+FFFD for what is not UTF-8; nobody means it.
///
/// Asked with one character at a time, which is searched for many bytes at once: tokens are long.
fn is_text(decoded: &str) -> bool {
    !decoded.contains('\0') && !decoded.contains('\u{fffd}')
}

/// A parameter name as it may be echoed: an attacker chooses it.
fn printable(name: &str) -> String {
    name.chars()
        .filter(|c| c.is_ascii_alphanumeric() || "_-.".contains(*c))
        .take(64)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn threat_21_a_repeated_parameter_is_refused() {
        let refused = Params::parse(b"a=1&b=2&a=1").unwrap_err();
        assert_eq!(refused.refusal, Refusal::ParameterRepeated("a".into()));
        // Even when one of the two is empty: which one counts would be a guess.
        assert!(Params::parse(b"a=&a=1").is_err());
    }

    #[test]
    fn threat_21_what_is_not_text_is_refused() {
        for form in ["a=%00", "a=%ff", "%c3=1", "a=%ed%a0%80"] {
            assert!(Params::parse(form.as_bytes()).is_err(), "{form}");
        }
        assert_eq!(Params::parse(b"a=%C3%A9").unwrap().get("a"), Some("é"));
    }

    #[test]
    fn what_needs_no_decoding_is_read_as_if_it_were_decoded() {
        for form in [
            "",
            "&",
            "a",
            "a=",
            "=a",
            "a=b",
            "a=b=c",
            "a&b",
            "a=1&&b=2&",
            "a=\u{e9}",
            "a=%41+b&c=d",
            "a+b=c",
            "%61=b",
            "a;b=c",
            "a=b&A=c",
        ] {
            let decoded: Vec<_> = form_urlencoded::parse(form.as_bytes()).collect();
            assert_eq!(
                pairs(form.as_bytes()).collect::<Vec<_>>(),
                decoded,
                "{form}"
            );
        }
    }

    #[test]
    fn an_empty_value_is_an_absent_parameter() {
        assert_eq!(Params::parse(b"a=&b=2").unwrap().get("a"), None);
    }

    #[test]
    fn too_many_parameters_are_refused() {
        let many: Vec<String> = (0..200).map(|n| format!("p{n}=x")).collect();
        assert!(Params::parse(many.join("&").as_bytes()).is_err());
    }
}
