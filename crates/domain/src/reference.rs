//! How PingOne's JSON points at another resource: `{"id": "..."}` (`reference/platform.md` 1.3).

use serde::{Deserialize, Serialize};

/// A reference by id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Ref<T> {
    /// What it points at.
    pub id: T,
}

impl<T> Ref<T> {
    /// Points at `id`.
    pub const fn to(id: T) -> Self {
        Self { id }
    }
}

impl<T> From<T> for Ref<T> {
    fn from(id: T) -> Self {
        Self { id }
    }
}

/// Folds text that is compared without regard to case: user names, e-mail addresses, names of
/// populations and policies (`reference/platform.md` 1.5).
pub fn fold(text: &str) -> String {
    text.to_lowercase()
}

/// For `skip_serializing_if`: PingOne leaves out many switches that are off.
#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde passes fields by reference"
)]
pub(crate) fn is_false(value: &bool) -> bool {
    !*value
}

/// For `default`: switches that are on unless said otherwise.
pub(crate) const fn yes() -> bool {
    true
}
