//! Codes that are sent to a user's address: to verify it, or to recover the password
//! (`reference/flows.md` 6.5-6.7, 6.10, 16). Pure: what comes out is written under the version that
//! was judged, so that parallel guesses are counted one by one.

use std::time::Duration;

use aws_lc_rs::constant_time::verify_slices_are_equal;
use serde::{Deserialize, Serialize};

use crate::entity::{Entity, kinds};
use crate::ids::UserId;
use crate::ports::Entropy;
use crate::store::Kind;
use crate::time::Time;

/// Wrong guesses after which a code is worth nothing.
/// Source: `reference/flows.md` 6.7. Decision: the same for verification codes, on which the sheet
/// is silent (`threats.md` 32).
pub const MAX_FAILURES: u32 = 5;

/// How long a recovery code is valid.
/// Source: `reference/flows.md` 6.7.
pub const RECOVERY_LIFETIME: Duration = Duration::from_mins(5);

/// Decision: at most this many codes of a kind in [`SEND_WINDOW`], so that nobody's mailbox is
/// flooded and a guesser gets no fresh tries without end. The sheet gives the answer
/// (`reference/flows.md` 7.2) and 30 minutes as the usual block, but no number for codes.
pub const MAX_SENDS: usize = 5;

/// See [`MAX_SENDS`].
pub const SEND_WINDOW: Duration = Duration::from_mins(30);

/// What codes are made of: no letter or digit that is easily taken for another. 8 of them are 40
/// bits.
const ALPHABET: &[u8; 32] = b"ABCDEFGHJKLMNPQRSTUVWXYZ23456789";

/// A new code: 8 letters and digits.
/// Source: `reference/flows.md` 6.7, 6.10.
pub fn fresh(entropy: &dyn Entropy) -> String {
    let mut bytes = [0; 8];
    entropy.fill(&mut bytes);
    let symbols = bytes
        .iter()
        .filter_map(|byte| ALPHABET.get(usize::from(byte & 31)));
    symbols.map(|symbol| char::from(*symbol)).collect()
}

/// A code as it was typed, in the form that is compared: case and surrounding space do not count.
pub fn normal(typed: &str) -> String {
    typed.trim().to_ascii_uppercase()
}

/// What a code is for. A code of one purpose is worth nothing for the other (`threats.md` 9).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum CodePurpose {
    /// Proves the e-mail address of an account.
    Verification,
    /// Replaces a forgotten password.
    Recovery,
}

impl CodePurpose {
    const fn prefix(self) -> &'static str {
        match self {
            Self::Verification => "verification",
            Self::Recovery => "recovery",
        }
    }
}

/// The last code that was sent to a user for a purpose. There is one document for each user and
/// purpose: a new code replaces the old one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct UserCode {
    /// Whose. Under the id that stands in for a username which nobody has, there are codes as well,
    /// so that resend limits tell nobody who exists (`threats.md` 34).
    pub user_id: UserId,
    /// What for.
    pub purpose: CodePurpose,
    /// Keyed digest of the code.
    pub digest: String,
    /// The address it was sent to. `emailVerified` becomes true only for this one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    /// Wrong guesses at it.
    #[serde(default)]
    pub failures: u32,
    /// The end of its validity; none for verification codes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<Time>,
    /// When codes were sent lately, oldest first.
    pub sends: Vec<Time>,
    /// When the document may go.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub forget_at: Option<Time>,
}

/// What became of a guess.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Guessed {
    /// It was the code.
    Right,
    /// It was not; this is the code with one try less.
    Wrong(UserCode),
    /// The code is used up, expired, or there is none: nothing was compared.
    Void,
}

impl UserCode {
    /// The id of the document.
    pub fn id_of(purpose: CodePurpose, user: UserId) -> String {
        format!("{}.{user}", purpose.prefix())
    }

    /// The code that replaces `before`, or how long to wait because too many were sent.
    pub fn issue(
        before: Option<&Self>,
        purpose: CodePurpose,
        user_id: UserId,
        digest: String,
        email: Option<String>,
        now: Time,
    ) -> Result<Self, Duration> {
        let mut sends: Vec<Time> = before
            .map(|it| it.sends.as_slice())
            .unwrap_or_default()
            .iter()
            .copied()
            .filter(|at| now.since(*at) < SEND_WINDOW)
            .collect();
        if sends.len() >= MAX_SENDS
            && let Some(first) = sends.first()
        {
            return Err(first.plus(SEND_WINDOW).since(now));
        }
        sends.push(now);
        let (expires_at, forget_at) = match purpose {
            CodePurpose::Recovery => (
                Some(now.plus(RECOVERY_LIFETIME)),
                Some(now.plus(SEND_WINDOW)),
            ),
            CodePurpose::Verification => (None, None),
        };
        Ok(Self {
            user_id,
            purpose,
            digest,
            email,
            failures: 0,
            expires_at,
            sends,
            forget_at,
        })
    }

    /// Whether guesses at it are compared at all.
    pub fn is_live(&self, now: Time) -> bool {
        self.failures < MAX_FAILURES && self.expires_at.is_none_or(|end| now < end)
    }

    /// Judges a guess, given as its keyed digest.
    pub fn judge(&self, digest: &str, now: Time) -> Guessed {
        if !self.is_live(now) {
            return Guessed::Void;
        }
        if verify_slices_are_equal(self.digest.as_bytes(), digest.as_bytes()).is_ok() {
            return Guessed::Right;
        }
        Guessed::Wrong(Self {
            failures: self.failures + 1,
            ..self.clone()
        })
    }
}

impl Entity for UserCode {
    const KIND: Kind = kinds::USER_CODE;
    fn id(&self) -> String {
        Self::id_of(self.purpose, self.user_id)
    }
    #[expect(
        clippy::misnamed_getters,
        reason = "the document outlives the code: how often codes were sent is kept for longer"
    )]
    fn expires_at(&self) -> Option<Time> {
        self.forget_at
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(
        purpose: CodePurpose,
        before: Option<&UserCode>,
        at: i64,
    ) -> Result<UserCode, Duration> {
        let user = UserId::from_uuid(uuid::Uuid::nil());
        let now = Time::from_seconds(at);
        UserCode::issue(before, purpose, user, "right".into(), None, now)
    }

    #[test]
    fn five_wrong_guesses_end_a_code() {
        let mut code = code(CodePurpose::Verification, None, 0).unwrap();
        let far = Time::from_seconds(1_000_000_000);
        for _ in 0..5 {
            assert_eq!(code.judge("right", far), Guessed::Right);
            let Guessed::Wrong(after) = code.judge("wrong", far) else {
                panic!("compared");
            };
            code = after;
        }
        assert_eq!(code.judge("right", far), Guessed::Void);
    }

    #[test]
    fn a_recovery_code_lives_five_minutes() {
        let code = code(CodePurpose::Recovery, None, 0).unwrap();
        assert_eq!(code.judge("right", Time::from_seconds(299)), Guessed::Right);
        assert_eq!(code.judge("right", Time::from_seconds(300)), Guessed::Void);
    }

    #[test]
    fn the_sixth_code_of_half_an_hour_has_to_wait() {
        let mut last = None;
        for at in 0..5 {
            last = Some(code(CodePurpose::Recovery, last.as_ref(), at * 60).unwrap());
        }
        let wait = code(CodePurpose::Recovery, last.as_ref(), 600).unwrap_err();
        assert_eq!(wait, Duration::from_mins(20));
        let sixth = code(CodePurpose::Recovery, last.as_ref(), 1800).unwrap();
        assert_eq!(sixth.sends.len(), 5);
        assert_eq!(sixth.failures, 0);
    }

    #[test]
    fn what_is_typed_counts_in_any_case() {
        assert_eq!(normal(" abcD2345\n"), "ABCD2345");
    }
}
