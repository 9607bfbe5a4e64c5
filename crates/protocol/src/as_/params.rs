//! Parameters of `/as/*` requests: form-encoded, read strictly.

use std::borrow::Cow;
use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};

use crate::jose::header::MAX_TOKEN;
use crate::refusal::{Refusal, Refused};

/// Longest encoded parameter string of any endpoint here, in bytes: two tokens of ours, as an exchange
/// may bring them, and what else there is to say. PAR alone allows more.
pub const MAX_FORM: usize = 2 * MAX_TOKEN + 64 * 1024;
/// Longest body of PAR, in bytes.
/// Source: `reference/oidc.md` 10 (below 1 MB).
pub const MAX_PUSHED: usize = 999_999;
/// Most parameters of one request.
const MAX_PARAMETERS: usize = 100;

/// Parameters of one request, each at most once. An empty value is an absent parameter (RFC 6749
/// 3.1); unknown ones are kept and ignored.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Params {
    given: BTreeMap<String, String>,
    /// Names of those that came more than once. They have no value: which one counts would be a
    /// guess.
    repeated: BTreeSet<String>,
}

impl Params {
    /// Reads `application/x-www-form-urlencoded` text: a query string or a form body.
    ///
    /// Spec: RFC 6749 3.1; `reference/oidc.md` S6: a repeated parameter is `invalid_request`.
    pub fn parse(encoded: &[u8]) -> Result<Self, Refused> {
        Self::parse_within(encoded, MAX_FORM)
    }

    /// The same with another limit, in bytes.
    pub fn parse_within(encoded: &[u8], max: usize) -> Result<Self, Refused> {
        Self::parse_marking(encoded, max)?.unrepeated()
    }

    /// The same for a request whose sender may be told elsewhere than on the spot that a parameter
    /// is repeated: what is repeated is marked, and absent.
    pub fn parse_marking(encoded: &[u8], max: usize) -> Result<Self, Refused> {
        if encoded.len() > max {
            return Err(Refusal::TooLarge.because(format!("parameters longer than {max} bytes")));
        }
        let mut params = Self::default();
        for (name, value) in pairs(encoded) {
            if params.given.len() >= MAX_PARAMETERS {
                return Err(Refusal::TooLarge.because("more than 100 parameters"));
            }
            if !is_text(&name) || !is_text(&value) {
                return Err(Refusal::MalformedBody.because("a parameter is not text"));
            }
            params.add(name.into_owned(), value.into_owned());
        }
        let repeated = &params.repeated;
        params
            .given
            .retain(|name, value| !value.is_empty() && !repeated.contains(name));
        Ok(params)
    }

    /// Puts the parameters of a body and of a query together; one that is in both is repeated.
    #[must_use]
    pub fn merged(mut self, other: Self) -> Self {
        self.repeated.extend(other.repeated);
        for (name, value) in other.given {
            self.add(name, value);
        }
        let repeated = &self.repeated;
        self.given.retain(|name, _| !repeated.contains(name));
        self
    }

    /// These alone; one that others have as well is repeated.
    #[must_use]
    pub fn beside(mut self, others: &Self) -> Self {
        let is_in_both =
            |name: &String| others.given.contains_key(name) || others.is_repeated(name);
        let in_both = self.given.extract_if(.., |name, _| is_in_both(name));
        self.repeated.extend(in_both.map(|(name, _)| name));
        self
    }

    fn add(&mut self, name: String, value: String) {
        match self.given.entry(name) {
            Entry::Vacant(entry) => {
                entry.insert(value);
            }
            Entry::Occupied(entry) => {
                self.repeated.insert(entry.key().clone());
            }
        }
    }

    /// These, unless one is repeated.
    pub fn unrepeated(self) -> Result<Self, Refused> {
        match self.repetition() {
            Some(refused) => Err(refused),
            None => Ok(self),
        }
    }

    /// The refusal of a parameter that is repeated, if one is.
    pub fn repetition(&self) -> Option<Refused> {
        let name = self.repeated.first()?;
        Some(Refusal::ParameterRepeated(printable(name)).into())
    }

    /// Whether a parameter is repeated.
    pub fn is_repeated(&self, name: &str) -> bool {
        self.repeated.contains(name)
    }

    /// With a parameter in place of the one there is.
    #[must_use]
    pub fn with(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.given.insert(name.into(), value.into());
        self
    }

    /// Without a parameter.
    #[must_use]
    pub fn without(mut self, name: &str) -> Self {
        self.given.remove(name);
        self
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.given.is_empty() && self.repeated.is_empty()
    }

    /// A parameter's value.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.given.get(name).map(String::as_str)
    }

    /// All of them, by name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        let all = self.given.iter();
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
    fn threat_21_what_is_repeated_has_no_value_even_where_it_is_marked() {
        let marking = |form: &str| Params::parse_marking(form.as_bytes(), MAX_FORM).unwrap();
        let params = marking("a=1&b=2&a=1&c=&c=3");
        assert!(params.is_repeated("a") && params.is_repeated("c") && !params.is_repeated("b"));
        assert_eq!(params.iter().collect::<Vec<_>>(), [("b", "2")]);
        let both = marking("a=1&b=2").merged(marking("b=2&c=3&c=4"));
        assert!(both.is_repeated("b") && both.is_repeated("c"));
        assert_eq!(both.iter().collect::<Vec<_>>(), [("a", "1")]);
        assert!(both.unrepeated().is_err());
        assert!(marking("a=1").merged(marking("b=2")).unrepeated().is_ok());
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
