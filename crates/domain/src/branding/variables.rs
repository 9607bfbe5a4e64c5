//! Variables of the style sheet that a theme may set.

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer, Serialize};

/// Values by name, each checked: what is set here is written into a style sheet.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Variables(BTreeMap<String, String>);

/// Lengths by name, in rem: smallest and largest.
const LENGTHS: &[(&str, f64, f64)] = &[
    ("card-width", 18.0, 60.0),
    ("font-size", 0.875, 1.5),
    ("logo-height", 1.0, 12.0),
    ("radius", 0.0, 3.0),
];

/// Longest list of fonts, in bytes.
const MAX_FONTS: usize = 200;

impl Variables {
    /// Whether none is set.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Names, without the dashes before them, and values.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (&**name, &**value))
    }

    /// Checks and takes values.
    pub fn new(values: BTreeMap<String, String>) -> Result<Self, String> {
        for (name, value) in &values {
            let fits = match LENGTHS.iter().find(|(other, ..)| other == name) {
                Some((_, least, most)) => {
                    rem(value).is_some_and(|rem| (*least..=*most).contains(&rem))
                }
                None if name == "font" => is_list_of_fonts(value),
                None => {
                    let lengths = LENGTHS.iter().map(|(name, ..)| *name);
                    let known: Vec<&str> = lengths.chain(["font"]).collect();
                    return Err(format!(
                        "there is no variable {name:?}; there are {}",
                        known.join(", ")
                    ));
                }
            };
            if !fits {
                return Err(format!("{name} cannot be {value:?}"));
            }
        }
        Ok(Self(values))
    }
}

/// A length in rem or px, as rem.
fn rem(text: &str) -> Option<f64> {
    let (number, per_rem) = match text.strip_suffix("rem") {
        Some(number) => (number, 1.0),
        None => (text.strip_suffix("px")?, 16.0),
    };
    let is_plain = number
        .bytes()
        .all(|byte| byte.is_ascii_digit() || byte == b'.');
    let number: f64 = number.parse().ok().filter(|_| is_plain)?;
    Some(number / per_rem)
}

fn is_list_of_fonts(text: &str) -> bool {
    let is_name = |name: &str| {
        let name = name.trim();
        let quoted = name.strip_prefix('"').and_then(|it| it.strip_suffix('"'));
        let name = quoted.unwrap_or(name);
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || byte == b' ' || byte == b'-';
        !name.is_empty() && name.bytes().all(allowed)
    };
    text.len() <= MAX_FONTS && text.split(',').all(is_name)
}

impl<'de> Deserialize<'de> for Variables {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let values = BTreeMap::deserialize(deserializer)?;
        Self::new(values).map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn accepts(name: &str, value: &str) -> bool {
        Variables::new(BTreeMap::from([(name.to_owned(), value.to_owned())])).is_ok()
    }

    #[test]
    fn values_are_what_their_names_promise() {
        for (name, value) in [
            ("radius", "0px"),
            ("radius", "0.5rem"),
            ("card-width", "480px"),
            ("font", "Georgia, \"Times New Roman\", serif"),
        ] {
            assert!(accepts(name, value), "{name}: {value}");
        }
    }

    #[test]
    fn threat_4_nothing_leaves_the_place_of_a_value() {
        for (name, value) in [
            ("radius", "1rem;}body{display:none"),
            ("radius", "-1rem"),
            ("radius", "1e9rem"),
            ("radius", "NaNrem"),
            ("radius", "rem"),
            ("card-width", "1px"),
            ("font", "x;}"),
            ("font", "url(https://evil.example)"),
            ("font", "\"a"),
            ("font", ""),
            ("accent", "#fff"),
        ] {
            assert!(!accepts(name, value), "{name}: {value}");
        }
    }
}
