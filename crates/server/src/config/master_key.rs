//! The master key: 32 bytes, written as 64 hex digits or in base64.

use std::fmt;
use std::path::Path;

use anyhow::{Context, bail};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use countersign_domain::ports::Entropy;
use countersign_domain::vault::Vault;
use zeroize::Zeroizing;

const LEN: usize = Vault::KEY_LEN;

/// The key that seals secrets in the database. Printed by nothing but `countersign keygen`.
#[derive(Clone)]
pub struct MasterKey(Zeroizing<[u8; LEN]>);

impl fmt::Debug for MasterKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MasterKey(..)")
    }
}

impl MasterKey {
    /// A new random key.
    pub fn random(entropy: &dyn Entropy) -> Self {
        let mut bytes = Zeroizing::new([0; LEN]);
        entropy.fill(bytes.as_mut());
        Self(bytes)
    }

    /// Reads a key from its text. The text is never quoted.
    pub fn parse(text: &str) -> anyhow::Result<Self> {
        let text = text.trim();
        let decoded = if text.len() == 2 * LEN {
            hex(text)
        } else {
            [&STANDARD, &STANDARD_NO_PAD, &URL_SAFE_NO_PAD]
                .iter()
                .find_map(|base64| base64.decode(text).ok())
        };
        let decoded = Zeroizing::new(decoded.unwrap_or_default());
        match <[u8; LEN]>::try_from(decoded.as_slice()) {
            Ok(bytes) => Ok(Self(Zeroizing::new(bytes))),
            Err(_) => bail!(
                "a master key is {LEN} bytes, written as {} hex digits or in base64; \
                 `countersign keygen` makes one",
                2 * LEN
            ),
        }
    }

    /// Reads a key from a file that holds its text.
    pub fn read(file: &Path) -> anyhow::Result<Self> {
        let text = std::fs::read_to_string(file)
            .map(Zeroizing::new)
            .with_context(|| format!("cannot read {}", file.display()))?;
        Self::parse(&text).with_context(|| format!("in {}", file.display()))
    }

    /// From whichever of the two options is given.
    pub fn find(text: Option<&str>, file: Option<&Path>) -> anyhow::Result<Option<Self>> {
        match (text, file) {
            (Some(_), Some(_)) => bail!("both master-key and master-key-file are given"),
            (Some(text), None) => Self::parse(text).context("master-key").map(Some),
            (None, Some(file)) => Self::read(file).context("master-key-file").map(Some),
            (None, None) => Ok(None),
        }
    }

    /// The key as text, for the one who keeps it.
    pub fn to_text(&self) -> Zeroizing<String> {
        Zeroizing::new(STANDARD.encode(self.0.as_slice()))
    }

    /// What seals and opens with this key.
    pub fn vault(&self) -> Vault {
        Vault::new(*self.0)
    }
}

fn hex(text: &str) -> Option<Vec<u8>> {
    if !text.is_ascii() {
        return None;
    }
    (0..text.len())
        .step_by(2)
        .map(|at| u8::from_str_radix(text.get(at..at + 2)?, 16).ok())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hex_and_base64_are_the_same_key() {
        let hex = "00".repeat(31) + "ff";
        let base64 = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAP8=";
        let text = |text: &str| MasterKey::parse(text).unwrap().to_text().to_string();
        assert_eq!(text(&hex), base64);
        assert_eq!(text(&format!(" {base64}\n")), base64);
        assert_eq!(text(base64.trim_end_matches('=')), base64);
    }

    #[test]
    fn anything_else_is_refused_without_being_quoted() {
        for text in [
            "",
            "hunter2",
            &"zz".repeat(32),
            &"00".repeat(31),
            &"ä".repeat(32),
        ] {
            let error = format!("{:#}", MasterKey::parse(text).unwrap_err());
            assert!(text.is_empty() || !error.contains(text), "{error}");
        }
    }

    #[test]
    fn it_is_not_in_the_debug_form() {
        let key = MasterKey::parse(&"ab".repeat(32)).unwrap();
        assert_eq!(format!("{key:?}"), "MasterKey(..)");
    }
}
