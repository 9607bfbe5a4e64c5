//! What exactly does not fit in the body or query of a management request: one entry of `details[]`
//! (`reference/platform.md` 1.8).

use std::borrow::Cow;

/// How a value does not fit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fit {
    /// It is not of the form, or names nothing that exists.
    Invalid,
    /// It is missing.
    Required,
    /// It is empty.
    Empty,
    /// It is a number outside its range.
    OutOfRange,
    /// It is too long.
    TooLong,
    /// Another one has it already.
    Taken,
    /// A rule between several things forbids it.
    Constraint,
    /// It is a parameter of the query.
    Parameter,
    /// It is a filter.
    Filter,
    /// A one-time code is wrong.
    Code,
    /// The account is disabled or locked.
    Account,
    /// There is no password.
    NoPassword,
    /// The password is locked.
    PasswordLocked,
    /// What was to be proved is not.
    Verification,
}

/// What would fit.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Hint {
    /// Nothing more to say.
    #[default]
    None,
    /// One of these values.
    Values(Vec<String>),
    /// One of these attributes.
    Attributes(Vec<String>),
    /// One of these operators.
    Operators(Vec<&'static str>),
    /// A number from here to there.
    Range(i64, i64),
}

/// One thing that does not fit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Misfit {
    /// How.
    pub fit: Fit,
    /// The member or parameter; empty when it is none.
    pub target: Cow<'static, str>,
    /// For people, in English. Never quotes a secret.
    pub message: Cow<'static, str>,
    /// What would fit.
    pub hint: Hint,
}

impl Misfit {
    /// Something does not fit.
    pub fn new(
        fit: Fit,
        target: impl Into<Cow<'static, str>>,
        message: impl Into<Cow<'static, str>>,
    ) -> Self {
        Self {
            fit,
            target: target.into(),
            message: message.into(),
            hint: Hint::None,
        }
    }

    /// A value that does not fit.
    pub fn invalid(
        target: impl Into<Cow<'static, str>>,
        message: impl Into<Cow<'static, str>>,
    ) -> Self {
        Self::new(Fit::Invalid, target, message)
    }

    /// A member that is missing.
    pub fn required(target: impl Into<Cow<'static, str>>) -> Self {
        Self::new(Fit::Required, target, "must not be null")
    }

    /// A value that another one has.
    pub fn taken(target: impl Into<Cow<'static, str>>) -> Self {
        Self::new(Fit::Taken, target, "is unique and already in use")
    }

    /// A rule that forbids it.
    pub fn constraint(
        target: impl Into<Cow<'static, str>>,
        message: impl Into<Cow<'static, str>>,
    ) -> Self {
        Self::new(Fit::Constraint, target, message)
    }

    /// With what would fit.
    #[must_use]
    pub fn hinting(mut self, hint: Hint) -> Self {
        self.hint = hint;
        self
    }
}
