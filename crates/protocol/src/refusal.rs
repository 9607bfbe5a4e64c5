//! Refusals: what is wrong with a request, in our words. Two wires render them:
//! [`as_::error`](crate::as_::error) for OAuth and [`error`](crate::error) for PingOne's own shape.

use std::borrow::Cow;

use countersign_domain::ids::PasswordPolicyId;
use countersign_domain::password::policy::Requirement;
use countersign_domain::store::Fault;

use crate::audit::Party;
use crate::explain::clue::{Clue, Origin, cut};

use crate::misfit::Misfit;

/// What is wrong. Adding a variant does not compile until both wires have an answer for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refusal {
    // Anywhere
    /// No environment has this id.
    EnvironmentNotFound,
    /// Nothing is at this path.
    NotFound,
    /// The path exists, the method does not.
    MethodNotAllowed,
    /// The body has a type that is not accepted here.
    UnsupportedMediaType,
    /// The body cannot be read as what its type says.
    MalformedBody,
    /// The body, a header or a parameter is too large.
    TooLarge,
    /// The same client asks too often, or too much work is waiting.
    TooManyRequests {
        /// When to come back.
        retry_after_seconds: u64,
    },

    // Parameters of /as/*
    /// A required parameter is missing or empty.
    ParameterMissing(&'static str),
    /// A parameter is there more than once (RFC 6749 3.1).
    ParameterRepeated(String),
    /// A parameter has a value that is not allowed.
    ParameterInvalid(&'static str),

    // Authorize
    /// `client_id` names no enabled OpenID Connect application of the environment.
    ClientUnknown,
    /// No `redirect_uri` where one is needed.
    RedirectUriMissing,
    /// `redirect_uri` is not registered.
    RedirectUriMismatch,
    /// `response_type` is none that this server knows.
    ResponseTypeUnsupported,
    /// The application may not use this `response_type`.
    ResponseTypeNotAllowed,
    /// `response_mode` is unknown or not allowed with this `response_type`.
    ResponseModeInvalid,
    /// The application requires a `code_challenge`.
    PkceRequired,
    /// The application requires `code_challenge_method=S256`.
    PkceS256Required,
    /// `prompt=none` with another value.
    PromptNoneNotAlone,
    /// Nothing that was asked for can be granted.
    NoScopeGranted,
    /// Scopes of several resources in one request.
    ScopesOfSeveralResources,
    /// `acr_values` names a policy that is not assigned to the application.
    PolicyNotAssigned,
    /// `request` is not a request object that this client may use here.
    RequestObjectInvalid,
    /// An ID token is asked for without the scope `openid`.
    IdTokenWithoutOpenid,
    /// `request_uri` is not accepted.
    RequestUriUnsupported,
    /// `request_uri` is one of ours, but names no request that this client may use now.
    RequestUriInvalid,
    /// The request may not show anything, and a sign-on is needed.
    LoginRequired,
    /// Somebody else signed on than the user whom the client named by a token.
    AnotherUser,
    /// The request may not show anything, and the person has to consent to an agreement.
    ConsentRequired,
    /// The sign-on was refused.
    AccessDenied,
    /// The application takes only pushed requests (`parRequirement` REQUIRED).
    PushedRequestRequired,

    // Token
    /// Another client authentication method than the application's.
    ClientAuthenticationMethod,
    /// The client is not known, or its secret is wrong.
    ClientAuthenticationFailed,
    /// `grant_type` is none that this server knows.
    GrantTypeUnsupported,
    /// The application may not use this grant.
    GrantTypeNotAllowed,
    /// A worker application without a single role.
    ClientWithoutRole,
    /// The code is unknown, expired, used, another client's, or its session is over.
    CodeInvalid,
    /// The refresh token is unknown, expired, exchanged before, another client's, or its session is
    /// over.
    RefreshTokenInvalid,
    /// The device code is unknown, used, another client's, or what it stands for is over.
    DeviceCodeInvalid,
    /// Nobody decided about the device in time.
    DeviceCodeExpired,
    /// Nobody decided about the device yet.
    AuthorizationPending,
    /// Nobody decided about the device yet, and it asks too often.
    SlowDown,
    /// `redirect_uri` is not the one the code was issued for.
    CodeRedirectUri,
    /// `code_verifier` is missing, malformed, wrong, or there was no challenge.
    CodeVerifier,

    // Tokens presented
    /// There is no access token.
    TokenMissing,
    /// The access token is malformed, expired, revoked or of another environment.
    TokenInvalid,
    /// The access token speaks for no user.
    TokenWithoutUser,
    /// The access token lacks this scope.
    TokenScope(&'static str),

    // Flows
    /// No such flow for this browser; also when it exists but is bound to another one.
    FlowNotFound,
    /// The flow's status does not offer this action.
    ActionNotOffered,
    /// No action has this media type.
    ActionUnknown,
    /// A member of the body is missing.
    ValueRequired(&'static str),
    /// A member of the body has an unusable value.
    ValueInvalid(&'static str),
    /// Wrong user name or password, or anything that must look the same.
    WrongCredentials,
    /// A wrong password or code where saying how many tries are left tells nobody who exists.
    WrongSecret {
        /// The member of the body that is at fault; `username` for a password.
        target: &'static str,
        /// How many more wrong ones are looked at; `None` where nothing limits them.
        failures_remaining: Option<u32>,
    },
    /// Too many wrong passwords.
    PasswordLocked {
        /// How long the lock lasts; `None` when only an administrator can lift it.
        seconds_until_unlock: Option<u64>,
    },
    /// The password was right, but the account is disabled or locked.
    AccountNotUsable,
    /// A new password is not what the policy asks for.
    PasswordUnacceptable {
        /// The member of the body that has it.
        target: &'static str,
        /// What it lacks; never empty.
        lacking: Vec<Requirement>,
        /// The policy that judged it.
        policy: PasswordPolicyId,
    },
    /// Too many wrong recovery codes: this one is worth nothing any more.
    RecoveryFailuresExceeded,
    /// Somebody has the username that was chosen.
    UsernameTaken,
    /// The flow was resumed before; its answer went out.
    FlowAlreadyResumed,

    // Management API
    /// Whoever asks may not do this here.
    Forbidden,
    /// The same of an environment itself, in the words that clients look for.
    NoAccess,
    /// What the path names is not there; said in the words that clients look for.
    Absent(Cow<'static, str>),
    /// Members of the body, or parameters of the query, do not fit.
    Unfit(Vec<Misfit>),
    /// All of it fits, and it cannot be done as things are. With the words that clients look for,
    /// where there are some.
    NotNow(Option<Cow<'static, str>>, Vec<Misfit>),
    /// Something else still needs what is to go.
    InUse(Vec<Misfit>),
}

impl Refusal {
    /// This refusal with the inward explanation that goes to the log: what was expected, what came.
    /// Never a secret, never a whole token.
    #[track_caller]
    pub fn because(self, why: impl Into<Cow<'static, str>>) -> Refused {
        Refused {
            refusal: self,
            because: why.into(),
            clue: None,
            origin: Origin::here(),
        }
    }
}

/// A refusal and the explanation that only the log and administrators get.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    /// What is wrong.
    pub refusal: Refusal,
    /// Why we think so, for the log.
    pub because: Cow<'static, str>,
    /// What was expected and what arrived, where the rule says.
    pub clue: Option<Box<Clue>>,
    /// Which line refused.
    pub origin: Origin,
}

impl Refused {
    /// With what would have been right, for the explanation.
    #[must_use]
    pub fn expected(mut self, expected: impl AsRef<str>) -> Self {
        self.clue.get_or_insert_default().expected = Some(cut(expected.as_ref()));
        self
    }

    /// With whom it is about, for the explanation and the audit log. The client is never told.
    #[must_use]
    pub fn about(mut self, party: Party) -> Self {
        self.clue.get_or_insert_default().about = Some(party);
        self
    }

    /// With what came instead, for the explanation. Never a secret, never a whole token.
    #[must_use]
    pub fn arrived(mut self, arrived: impl AsRef<str>) -> Self {
        self.clue.get_or_insert_default().arrived = Some(cut(arrived.as_ref()));
        self
    }
}

impl From<Refusal> for Refused {
    #[track_caller]
    fn from(refusal: Refusal) -> Self {
        Self {
            refusal,
            because: Cow::Borrowed(""),
            clue: None,
            origin: Origin::here(),
        }
    }
}

/// Why there is no result: the request was judged, or could not be tried.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// The request is refused.
    #[error("refused: {:?} {}", .0.refusal, .0.because)]
    Refused(Refused),
    /// It could not be tried.
    #[error(transparent)]
    Fault(#[from] Fault),
}

impl From<Refused> for Failure {
    fn from(refused: Refused) -> Self {
        Self::Refused(refused)
    }
}

impl From<Refusal> for Failure {
    #[track_caller]
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal.into())
    }
}

/// A result, or why there is none.
pub type Outcome<T> = Result<T, Failure>;
