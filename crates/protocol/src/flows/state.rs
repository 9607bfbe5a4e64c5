//! The states of a flow, named by PingOne's statuses, in the order of `reference/flows.md` 5. Each
//! carries what it needs and nothing else; illegal combinations cannot be written down.

use countersign_domain::ids::{ApplicationId, PasswordPolicyId, SessionId};
use countersign_domain::time::Time;
use serde::{Deserialize, Serialize};

use crate::flows::agreement::ConsentPrompt;
use crate::flows::external::ExternalSignOn;
use crate::flows::flow::FlowUser;
use crate::flows::profile::ProfilePrompt;
use crate::refusal::Refusal;

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
    /// A recovery code was asked for.
    RecoveryCodeRequired(Recovery),
    /// The account waits for its address to be verified.
    VerificationCodeRequired(Verification),
    /// Somebody whom a provider named, and whom nobody here is yet.
    AccountLinkingRequired,
    /// The same, and what the provider said of them is to be confirmed.
    AccountConfirmationRequired,
    /// Another provider is to say who it is.
    ExternalAuthenticationRequired(ExternalSignOn),
    /// A PROGRESSIVE_PROFILING action.
    ProfileDataRequired(ProfilePrompt),
    /// An AGREEMENT action.
    AgreementConsentRequired(ConsentPrompt),
    /// The person signed on for a device and types its code.
    DagUserCodeRequired(Box<DeviceSignOn>),
    /// The person is asked whether to connect the device.
    DagConsentRequired(Box<DeviceConsent>),
    /// The device is connected. Completed as well, but with nothing to resume: what the sign-on is
    /// worth goes to the device.
    DeviceConnected(DeviceConnected),
    /// All actions of one policy are done.
    Completed(Done),
    /// Every policy failed, or the flow was refused.
    Failed(FlowFailure),
}

/// Whose password is asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Whose {
    /// Of the person whom the browser's session or this flow proved, or whom the client named by a
    /// token of its own. They are shown.
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

/// A sign-on for a device that is not found yet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeviceSignOn {
    /// The sign-on.
    pub done: Done,
    /// Wrong codes in this flow.
    pub failures: u32,
}

/// A device that waits for consent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeviceConsent {
    /// The sign-on that the device gets.
    pub done: Done,
    /// The request of the device, by the hash of its device code.
    pub device: String,
    /// The scopes that the device gets.
    pub scope: Vec<String>,
    /// The code, to compare with what the device shows.
    pub user_code: String,
}

/// A device that was connected.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeviceConnected {
    /// By whom.
    pub user: FlowUser,
    /// In which session.
    pub session: SessionId,
}

/// What a flow knows from the beginning when it connects a device.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeviceFlow {
    /// Whose page was opened; any application's devices without one.
    pub application: Option<ApplicationId>,
    /// The code in the link that was opened. It only fills in the field.
    pub user_code: Option<String>,
}

/// A password that is being recovered. Nothing here tells whether anybody has the name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Recovery {
    /// The username that was typed.
    pub username: String,
}

/// An address that must be verified before the sign-on goes on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Verification {
    /// Whose.
    pub user: FlowUser,
    /// The address, masked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
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
    /// The person declined an agreement.
    ConsentDeclined,
    /// Too many wrong user codes of a device.
    DeviceCodeGuessed,
    /// The device does not wait any more.
    DeviceCodeExpired,
    /// The person refused to connect the device.
    DeviceRefused,
    /// The application does not let this person in.
    NoAccess,
    /// The identity provider did not sign the person on, or they may not come in.
    ExternalSignOn,
    /// Nobody here has the account of the provider, and nobody new is made.
    NobodyHasTheAccount,
    /// The person signed on, but the application gets nothing for it.
    Denied,
    /// Somebody signed on, but not the user whom the client named by a token.
    AnotherUser,
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
            Self::RecoveryCodeRequired(_) => "RECOVERY_CODE_REQUIRED",
            Self::VerificationCodeRequired(_) => "VERIFICATION_CODE_REQUIRED",
            Self::AccountLinkingRequired => "ACCOUNT_LINKING_REQUIRED",
            Self::AccountConfirmationRequired => "ACCOUNT_CONFIRMATION_REQUIRED",
            Self::ExternalAuthenticationRequired(_) => "EXTERNAL_AUTHENTICATION_REQUIRED",
            Self::ProfileDataRequired(_) => "PROFILE_DATA_REQUIRED",
            Self::AgreementConsentRequired(_) => "AGREEMENT_CONSENT_REQUIRED",
            Self::DagUserCodeRequired(_) => "DAG_USER_CODE_REQUIRED",
            Self::DagConsentRequired(_) => "DAG_CONSENT_REQUIRED",
            Self::DeviceConnected(_) | Self::Completed(_) => "COMPLETED",
            Self::Failed(_) => "FAILED",
        }
    }

    /// Whether nothing follows.
    pub const fn is_terminal(&self) -> bool {
        matches!(
            self,
            Self::DeviceConnected(_) | Self::Completed(_) | Self::Failed(_)
        )
    }

    /// The person on the flow, once that may be shown.
    pub fn user(&self) -> Option<&FlowUser> {
        match self {
            Self::PasswordRequired(Whose::Known(user)) => Some(user),
            Self::PasswordExpired(change) | Self::MustChangePassword(change) => Some(&change.user),
            Self::VerificationCodeRequired(waiting) => Some(&waiting.user),
            Self::ExternalAuthenticationRequired(asked) => asked.user.as_ref(),
            Self::ProfileDataRequired(prompt) => Some(&prompt.user),
            Self::AgreementConsentRequired(prompt) => Some(&prompt.user),
            Self::DagUserCodeRequired(asked) => Some(&asked.done.user),
            Self::DagConsentRequired(asked) => Some(&asked.done.user),
            Self::DeviceConnected(connected) => Some(&connected.user),
            Self::Completed(done) => Some(&done.user),
            Self::UsernamePasswordRequired
            | Self::SignOnRequired
            | Self::PasswordRequired(Whose::Named(_))
            | Self::RecoveryCodeRequired(_)
            | Self::AccountLinkingRequired
            | Self::AccountConfirmationRequired
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
            Self::ActionUnavailable
            | Self::NobodySignedOn
            | Self::ConsentDeclined
            | Self::DeviceCodeGuessed
            | Self::DeviceCodeExpired
            | Self::DeviceRefused
            | Self::NoAccess
            | Self::ExternalSignOn
            | Self::NobodyHasTheAccount
            | Self::Denied => "access_denied",
            Self::AnotherUser => "login_required",
        }
    }

    /// What the client of a failed flow is told, where there is a redirect to tell it by.
    pub const fn refusal(self) -> Refusal {
        if matches!(self, Self::AnotherUser) {
            Refusal::AnotherUser
        } else {
            Refusal::AccessDenied
        }
    }

    /// `error.message` of the failed flow.
    pub const fn message(self) -> &'static str {
        match self {
            Self::NoUsableDevices => "The user has no usable devices.",
            Self::ActionUnavailable => "The sign-on policy has an action that is not available.",
            Self::NobodySignedOn => "The sign-on policy identified nobody.",
            Self::ConsentDeclined => "The user declined the agreement.",
            Self::DeviceCodeGuessed => "Too many wrong codes were entered.",
            Self::DeviceCodeExpired => "The device does not wait for this code any more.",
            Self::DeviceRefused => "The user refused to connect the device.",
            Self::NoAccess => "The user may not use the application.",
            Self::ExternalSignOn => "The identity provider did not sign the user on.",
            Self::NobodyHasTheAccount => "No user has this account of the identity provider.",
            Self::Denied => "The authorization request has been denied.",
            // Source: `reference/oidc.md` 5.3.
            Self::AnotherUser => {
                "The request could not be completed. There was an issue processing the request"
            }
        }
    }
}
