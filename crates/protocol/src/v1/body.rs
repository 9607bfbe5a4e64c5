//! JSON bodies: what is absent, null, read-only or unknown (`reference/platform.md` 1.6).

mod strict;

use std::borrow::Cow;
use std::ops::RangeInclusive;

use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use self::strict::Strict;
use crate::misfit::{Fit, Hint, Misfit};
use crate::refusal::{Refusal, Refused};

/// A JSON object.
pub type Object = Map<String, Value>;

/// A whole number with bounds: where it is in a body, and within what.
pub type Number = (&'static str, RangeInclusive<i64>);

/// Members that only the server sets, whatever the resource.
const ALWAYS_READ_ONLY: [&str; 6] = [
    "id",
    "_links",
    "_embedded",
    "environment",
    "createdAt",
    "updatedAt",
];

/// How deep a body may be. The JSON reader gives up at 128, and what is stored of a body may be a few
/// levels deeper than the body.
const MAX_DEPTH: usize = 100;

/// The body as an object; nothing at all counts as `{}`. Depth is bounded (`threats.md` 41).
pub fn object(bytes: &[u8]) -> Result<Object, Refused> {
    if bytes.trim_ascii().is_empty() {
        return Ok(Object::new());
    }
    let mut object: Object = serde_json::from_slice(bytes).map_err(|error| {
        Refusal::MalformedBody.because(format!(
            "{:?} at line {} column {}",
            error.classify(),
            error.line(),
            error.column()
        ))
    })?;
    if !object.values_mut().all(|it| make_whole(it, MAX_DEPTH - 1)) {
        let why = format!("deeper than {MAX_DEPTH} levels");
        return Err(Refusal::MalformedBody.because(why));
    }
    Ok(object)
}

/// Whole numbers as such, however they were written: to JSON `3600.0` is `3600`. Says whether the
/// value has at most `depth` levels.
fn make_whole(value: &mut Value, depth: usize) -> bool {
    /// Up to here a double has every whole number.
    const MOST: f64 = 9_007_199_254_740_992.0;
    let Some(below) = depth.checked_sub(1) else {
        return !value.is_array() && !value.is_object();
    };
    match value {
        Value::Array(items) => return items.iter_mut().all(|it| make_whole(it, below)),
        Value::Object(members) => return members.values_mut().all(|it| make_whole(it, below)),
        Value::Number(number) if number.is_f64() => {
            let whole = number
                .as_f64()
                .filter(|it| it.fract() == 0.0 && it.abs() <= MOST);
            if let Some(whole) = whole.and_then(|it| format!("{it:.0}").parse::<i64>().ok()) {
                *value = whole.into();
            }
        }
        _ => {}
    }
    true
}

/// Without nulls, which mean the same as absence.
///
/// Source: `reference/platform.md` 1.6.
pub fn without_nulls(object: Object) -> Object {
    let kept = object.into_iter().filter(|(_, value)| !value.is_null());
    kept.map(|(name, value)| (name, without_nulls_in(value)))
        .collect()
}

/// The same of what is in a value. A null among the items of a list is one of them, and stays.
fn without_nulls_in(value: Value) -> Value {
    match value {
        Value::Object(inner) => Value::Object(without_nulls(inner)),
        Value::Array(items) => items.into_iter().map(without_nulls_in).collect(),
        value => value,
    }
}

/// Without what only the server sets.
#[must_use]
pub fn writable(mut object: Object, read_only: &[&str]) -> Object {
    for name in ALWAYS_READ_ONLY.iter().chain(read_only) {
        object.remove(*name);
    }
    object
}

/// `base` with what `patch` says: null clears, objects are merged member by member.
///
/// Source: `reference/platform.md` 1.6, 3.7.
pub fn merge(base: &mut Object, patch: Object) {
    for (name, value) in patch {
        match (base.get_mut(&name), value) {
            (_, Value::Null) => {
                base.remove(&name);
            }
            (Some(Value::Object(old)), Value::Object(new)) => merge(old, new),
            (_, Value::Object(new)) => {
                let mut made = Object::new();
                merge(&mut made, new);
                base.insert(name, Value::Object(made));
            }
            (_, value) => {
                base.insert(name, value);
            }
        }
    }
}

/// Reads a type; what does not fit is told with its path. Members that the type does not have are
/// ignored, as PingOne does.
pub fn read<T: DeserializeOwned>(object: Object) -> Result<T, Misfit> {
    serde_path_to_error::deserialize(Strict(Value::Object(object))).map_err(|error| {
        let path = error.path().to_string();
        misfit(
            if path == "." { "" } else { &path },
            &error.inner().to_string(),
        )
    })
}

/// What the JSON reader says, without the values it quotes.
fn misfit(path: &str, said: &str) -> Misfit {
    let target = |name: &str| -> Cow<'static, str> {
        match (path, name) {
            (path, "") => path.to_owned().into(),
            ("", name) => name.to_owned().into(),
            (path, name) => format!("{path}.{name}").into(),
        }
    };
    if let Some(name) = said.strip_prefix("missing field `") {
        let name = name.split('`').next().unwrap_or_default();
        return Misfit::required(target(name));
    }
    let expected = said.split_once(", expected ").map(|(_, expected)| expected);
    if said.starts_with("unknown variant") {
        let words = expected.unwrap_or_default().split('`').skip(1).step_by(2);
        let allowed: Vec<String> = words.map(str::to_owned).collect();
        let message = format!("must be one of: {}", allowed.join(", "));
        return Misfit::invalid(target(""), message).hinting(Hint::Values(allowed));
    }
    let expected = expected.unwrap_or_default();
    let is_number = said.starts_with("invalid value: integer");
    if let Some(bounds) = bounds(expected).filter(|_| is_number) {
        let message = match &bounds {
            Hint::Range(least, most) => format!("must be between {least} and {most}"),
            _ => "is out of range".to_owned(),
        };
        return Misfit::new(Fit::OutOfRange, target(""), message).hinting(bounds);
    }
    let message = match in_words(expected) {
        Some(words) => format!("must be {words}"),
        None => "has an invalid value".to_owned(),
    };
    Misfit::invalid(target(""), message)
}

/// What a whole number of a type can be, as far as that can be said.
fn bounds(type_: &str) -> Option<Hint> {
    Some(match type_ {
        "u8" => Hint::Range(0, u8::MAX.into()),
        "u16" => Hint::Range(0, u16::MAX.into()),
        "u32" => Hint::Range(0, u32::MAX.into()),
        "i32" => Hint::Range(i32::MIN.into(), i32::MAX.into()),
        "u64" | "i64" | "usize" => Hint::None,
        _ => return None,
    })
}

/// What was expected, in the words of JSON; never the name of a type of ours.
fn in_words(expected: &str) -> Option<&'static str> {
    Some(match expected {
        "a boolean" => "true or false",
        "a string" | "a borrowed string" | "string or map" | "a formatted UUID string" => "a text",
        "a sequence" | "an array" => "a list",
        "a map" | "map" => "an object",
        "f32" | "f64" => "a number",
        _ if bounds(expected).is_some() => "a whole number",
        _ if expected.starts_with("struct ") => "an object",
        _ if expected.starts_with("enum ") || expected.starts_with("variant ") => "a text",
        _ if expected.contains("tagged enum ") => "an object",
        _ => return None,
    })
}

/// Collects what does not fit, so that one answer tells all of it.
#[derive(Debug, Default)]
pub struct Check(Vec<Misfit>);

impl Check {
    /// Nothing found yet.
    pub const fn new() -> Self {
        Self(Vec::new())
    }

    /// Notes something.
    pub fn note(&mut self, misfit: Misfit) {
        self.0.push(misfit);
    }

    /// Notes something unless a condition holds.
    pub fn expect(&mut self, holds: bool, misfit: impl FnOnce() -> Misfit) {
        if !holds {
            self.0.push(misfit());
        }
    }

    /// A text must have `least` to `most` characters.
    pub fn length(&mut self, target: &'static str, text: &str, least: usize, most: usize) {
        let length = text.chars().count();
        if length < least {
            let misfit = Misfit::new(Fit::Empty, target, "must not be empty");
            self.0.push(misfit);
        } else if length > most {
            let message = format!("size must be between {least} and {most}");
            self.0.push(Misfit::new(Fit::TooLong, target, message));
        }
    }

    /// The same for a text that may be absent.
    pub fn length_of(
        &mut self,
        target: &'static str,
        text: Option<&String>,
        least: usize,
        most: usize,
    ) {
        if let Some(text) = text {
            self.length(target, text, least, most);
        }
    }

    /// A number must be within bounds.
    pub fn range(
        &mut self,
        target: impl Into<Cow<'static, str>>,
        number: impl Into<i64>,
        within: RangeInclusive<i64>,
    ) {
        let number = number.into();
        if !within.contains(&number) {
            let (least, most) = (*within.start(), *within.end());
            let message = format!("must be between {least} and {most}");
            let misfit = Misfit::new(Fit::OutOfRange, target, message);
            self.0.push(misfit.hinting(Hint::Range(least, most)));
        }
    }

    /// Whole numbers of a body, where it has them, must be within bounds.
    pub fn numbers(&mut self, body: &Object, numbers: &[Number]) {
        for (target, within) in numbers {
            let (whole, name) = target.rsplit_once('.').unwrap_or(("", target));
            let mut steps = whole.split('.').filter(|it| !it.is_empty());
            let found = steps.try_fold(body, |it, step| it.get(step)?.as_object());
            match found.and_then(|it| it.get(name)) {
                Some(Value::Number(number)) if number.is_i64() || number.is_u64() => {
                    let number = number.as_i64().unwrap_or(i64::MAX);
                    self.range(*target, number, within.clone());
                }
                _ => {}
            }
        }
    }

    /// Refuses if anything was noted.
    pub fn finish(self) -> Result<(), Refused> {
        if self.0.is_empty() {
            Ok(())
        } else {
            let targets: Vec<_> = self.0.iter().map(|it| it.target.as_ref()).collect();
            let why = format!("does not fit: {}", targets.join(", "));
            Err(Refusal::Unfit(self.0).because(why))
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn object(value: Value) -> Object {
        match value {
            Value::Object(object) => object,
            _ => Object::new(),
        }
    }

    #[test]
    fn null_is_absence() {
        let list = json!([null, { "f": null, "g": [{ "h": null }] }]);
        let body = object(json!({ "a": null, "b": { "c": null, "d": 1 }, "e": list }));
        let expected = object(json!({ "b": { "d": 1 }, "e": [null, { "g": [{}] }] }));
        assert_eq!(without_nulls(body), expected);
    }

    #[test]
    fn a_patch_changes_what_it_names() {
        let mut base = object(json!({ "a": 1, "b": { "c": 1, "d": 1 }, "e": [1] }));
        let patch = json!({ "a": null, "b": { "c": 2 }, "e": [2], "f": { "g": null, "h": 1 } });
        merge(&mut base, object(patch));
        let expected = json!({ "b": { "c": 2, "d": 1 }, "e": [2], "f": { "h": 1 } });
        assert_eq!(Value::Object(base), expected);
    }

    #[test]
    fn what_does_not_fit_is_named() {
        use countersign_domain::environment::Environment;
        let misfit = read::<Environment>(Object::new()).unwrap_err();
        assert_eq!((misfit.fit, misfit.target.as_ref()), (Fit::Required, "id"));
        let body = object(
            json!({ "id": "00000000-0000-4000-8000-000000000001", "name": "x",
            "type": "SECRET" }),
        );
        let misfit = read::<Environment>(body).unwrap_err();
        assert_eq!(misfit.target, "type");
        assert!(!misfit.message.contains("SECRET"), "{misfit:?}");
        let allowed = vec!["PRODUCTION".to_owned(), "SANDBOX".to_owned()];
        assert_eq!(misfit.hint, Hint::Values(allowed));
    }
    #[test]
    fn whole_numbers_are_whole_however_they_are_written() {
        let text = br#"{"a": 3600.0, "b": [1e3, {"c": -0.0}], "d": 1.5, "e": 1e300}"#;
        let read = Value::Object(super::object(text).unwrap());
        let expected = json!({ "a": 3600, "b": [1000, { "c": 0 }], "d": 1.5, "e": 1e300 });
        assert_eq!(read, expected);
    }

    #[test]
    fn what_was_expected_is_told_in_the_words_of_json() {
        use countersign_domain::user::{Photo, UserName};
        #[derive(Debug, serde::Deserialize)]
        #[expect(dead_code, reason = "it is about what does not fit")]
        struct Sample {
            #[serde(default)]
            name: Option<UserName>,
            #[serde(default)]
            photos: Vec<Photo>,
            #[serde(default)]
            number: u32,
            #[serde(default)]
            share: f64,
            #[serde(default)]
            flag: bool,
            #[serde(default)]
            text: String,
            #[serde(default)]
            word: Option<countersign_domain::key::KeyUsageType>,
            #[serde(default)]
            map: std::collections::BTreeMap<String, u32>,
            #[serde(default)]
            condition: Option<countersign_domain::policy::conditions::Condition>,
            #[serde(default)]
            id: Option<uuid::Uuid>,
        }
        for (body, target, message) in [
            (json!({ "name": "x" }), "name", "must be an object"),
            (json!({ "photos": {} }), "photos", "must be a list"),
            (json!({ "photos": ["x"] }), "photos[0]", "must be an object"),
            (json!({ "number": "1" }), "number", "must be a whole number"),
            (json!({ "number": 1.5 }), "number", "must be a whole number"),
            (json!({ "share": "1" }), "share", "must be a number"),
            (json!({ "flag": 1 }), "flag", "must be true or false"),
            (json!({ "text": 1 }), "text", "must be a text"),
            (json!({ "word": 1 }), "word", "must be a text"),
            (json!({ "map": [] }), "map", "must be an object"),
            (
                json!({ "condition": "x" }),
                "condition",
                "must be an object",
            ),
            (json!({ "id": 1 }), "id", "must be a text"),
        ] {
            let misfit = read::<Sample>(object(body.clone())).unwrap_err();
            assert_eq!(misfit.fit, Fit::Invalid, "{body}");
            assert_eq!(
                (misfit.target.as_ref(), misfit.message.as_ref()),
                (target, message)
            );
        }
        for beyond in [json!(-1), json!(4_294_967_296_u64)] {
            let misfit = read::<Sample>(object(json!({ "number": beyond }))).unwrap_err();
            assert_eq!(
                (misfit.fit, misfit.hint),
                (Fit::OutOfRange, Hint::Range(0, 4_294_967_295))
            );
        }
    }
}
