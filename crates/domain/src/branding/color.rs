//! Colours, and what can be read on them.

use serde::{Deserialize, Deserializer, Serialize};

/// A colour: `#rgb` or `#rrggbb`, kept as it was written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Color(String);

impl Color {
    /// From its text.
    pub fn parse(text: &str) -> Option<Self> {
        let digits = text.strip_prefix('#')?;
        let is_hex = digits.bytes().all(|byte| byte.is_ascii_hexdigit());
        (matches!(digits.len(), 3 | 6) && is_hex).then(|| Self(text.to_owned()))
    }

    /// One that is known to be right.
    pub(super) fn known(text: &str) -> Self {
        Self(text.to_owned())
    }

    /// Red, green and blue.
    pub fn rgb(&self) -> [u8; 3] {
        let digits: Vec<u8> = self
            .0
            .chars()
            .filter_map(|digit| digit.to_digit(16))
            .filter_map(|digit| u8::try_from(digit).ok())
            .collect();
        match *digits.as_slice() {
            [red, green, blue] => [red * 17, green * 17, blue * 17],
            [r, ed, g, reen, b, lue] => [r * 16 + ed, g * 16 + reen, b * 16 + lue],
            _ => [0, 0, 0],
        }
    }
}

impl<'de> Deserialize<'de> for Color {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).ok_or_else(|| serde::de::Error::custom("must be a colour like #1a2b3c"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_colour_has_three_or_six_hexadecimal_digits() {
        let rgb = |text| Color::parse(text).map(|it| it.rgb());
        assert_eq!(rgb("#1a2B3c"), Some([0x1a, 0x2b, 0x3c]));
        assert_eq!(rgb("#f0a"), Some([0xff, 0x00, 0xaa]));
        for wrong in [
            "", "#", "red", "1a2b3c", "#1a2b3", "#1a2b3g", "#fff;}", "#é00",
        ] {
            assert_eq!(rgb(wrong), None, "{wrong}");
        }
    }
}
