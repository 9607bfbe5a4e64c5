//! What a refusal knows beyond its kind: what was expected, what arrived, which line refused.

use std::panic::Location;

use crate::audit::Party;

/// Longest text of a clue, in characters. What arrives is as long as its sender likes.
const MAX_TEXT: usize = 500;

/// What was expected and what arrived. Never a secret, never a whole token or code: whoever may
/// read explanations may not sign on with them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Clue {
    /// What would have been right.
    pub expected: Option<String>,
    /// What came instead.
    pub arrived: Option<String>,
    /// Whom it is about.
    pub about: Option<Party>,
}

/// The line of the code that refused.
#[derive(Debug, Clone, Copy)]
pub struct Origin(&'static Location<'static>);

impl Origin {
    /// The line that calls.
    #[track_caller]
    pub fn here() -> Self {
        Self(Location::caller())
    }

    /// File and line, as `crates/protocol/src/as_/checks/scope.rs:40`.
    pub fn text(self) -> String {
        format!("{}:{}", self.0.file(), self.0.line())
    }
}

/// Where something was refused does not make it another refusal.
impl PartialEq for Origin {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}
impl Eq for Origin {}

/// A text that came from outside, cut to what an explanation keeps.
pub fn cut(text: &str) -> String {
    let kept = text.chars().filter(|character| !character.is_control());
    kept.take(MAX_TEXT).collect()
}
