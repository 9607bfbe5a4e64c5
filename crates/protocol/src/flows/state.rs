//! The states of a flow, named by PingOne's statuses, in the order of `reference/flows.md` 5. Each
//! carries what it needs and nothing else; illegal combinations cannot be written down.

use countersign_domain::ids::{PasswordPolicyId, SessionId};
use countersign_domain::time::Time;
use serde::{Deserialize, Serialize};

use crate::flows::flow::FlowUser;
use crate::flows::profile::ProfilePrompt;

/// Where a flow stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum State {
    /// A LOGIN action, nobody known.
    UsernamePasswordRequired,
    /// An IDENTIFIER_FIRST action, nobody known.
    SignOnRequired,
    /// The password of somebody.
    PasswordRequired(Whose),
    /// The password was right but too old.
    PasswordExpired(PasswordChange),
    /// The password was right but must be changed.
    MustChangePassword(PasswordChange),
    /// A PROGRESSIVE_PROFILING action.
    ProfileDataRequired(ProfilePrompt),
    /// All actions of one policy are done.
    Completed(Done),
    /// Every policy failed, or the flow was refused.
    Failed(FlowFailure),
}

/// Whose password is asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Whose {
    /// Of the person whom the browser's session or this flow proved. They are shown.
    Known(FlowUser),
    /// Of whoever has the username that was typed, if anybody has. Nothing is shown, for that would
    /// tell.
    Named(String),
}

impl Whose {
    /// The username.
    pub fn username(&self) -> &str {
        match self {
            Self::Known(user) => &user.username,
            Self::Named(name) => name,
        }
    }
}

/// A password that must be changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PasswordChange {
    /// Whose.
    pub user: FlowUser,
    /// What the new one must be like.
    pub policy: PasswordPolicyId,
}

/// What resume needs of a completed flow.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Done {
    /// Who signed on.
    pub user: FlowUser,
    /// In which session: `sid`.
    pub session: SessionId,
    /// `auth_time`.
    pub auth_time: Time,
    /// Name of the policy that completed.
    pub acr: String,
    /// Authenticators of the sign-on.
    pub amr: Vec<String>,
}

/// Why a flow failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum FlowFailure {
    /// A second factor is needed and the user has no usable device.
    NoUsableDevices,
    /// The policy has an action that this server cannot carry out.
    ActionUnavailable,
    /// The policy let everything pass and nobody is known.
    NobodySignedOn,
}

impl State {
    /// The status on the wire.
    pub const fn status(&self) -> &'static str {
        match self {
            Self::UsernamePasswordRequired => "USERNAME_PASSWORD_REQUIRED",
            Self::SignOnRequired => "SIGN_ON_REQUIRED",
            Self::PasswordRequired(_) => "PASSWORD_REQUIRED",
            Self::PasswordExpired(_) => "PASSWORD_EXPIRED",
            Self::MustChangePassword(_) => "MUST_CHANGE_PASSWORD",
            Self::ProfileDataRequired(_) => "PROFILE_DATA_REQUIRED",
            Self::Completed(_) => "COMPLETED",
            Self::Failed(_) => "FAILED",
        }
    }

    /// Whether nothing follows.
    pub const fn is_terminal(&self) -> bool {
        matches!(self, Self::Completed(_) | Self::Failed(_))
    }

    /// The person on the flow, once that may be shown.
    pub const fn user(&self) -> Option<&FlowUser> {
        match self {
            Self::PasswordRequired(Whose::Known(user)) => Some(user),
            Self::PasswordExpired(change) | Self::MustChangePassword(change) => Some(&change.user),
            Self::ProfileDataRequired(prompt) => Some(&prompt.user),
            Self::Completed(done) => Some(&done.user),
            Self::UsernamePasswordRequired
            | Self::SignOnRequired
            | Self::PasswordRequired(Whose::Named(_))
            | Self::Failed(_) => None,
        }
    }
}

impl FlowFailure {
    /// `error.code` of the failed flow.
    /// Source: `reference/flows.md` 7.3.
    pub const fn code(self) -> &'static str {
        match self {
            Self::NoUsableDevices => "NO_USABLE_DEVICES",
            Self::ActionUnavailable | Self::NobodySignedOn => "access_denied",
        }
    }

    /// `error.message` of the failed flow.
    pub const fn message(self) -> &'static str {
        match self {
            Self::NoUsableDevices => "The user has no usable devices.",
            Self::ActionUnavailable => "The sign-on policy has an action that is not available.",
            Self::NobodySignedOn => "The sign-on policy identified nobody.",
        }
    }
}
