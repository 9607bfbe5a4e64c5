//! Refusals as OAuth errors (`reference/oidc.md` 23.1, 23.3).

use countersign_domain::ids::CorrelationId;

use crate::refusal::Refusal;

/// An OAuth error, before it has a wire form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OAuthError {
    /// HTTP status when it is answered as JSON.
    pub status: u16,
    /// `error`.
    pub error: &'static str,
    /// `error_description`, with the correlation id.
    pub description: String,
    /// Whether it may be sent to the client's redirect URI: false for everything that is found
    /// before client and redirect URI are trusted (`threats.md` 5).
    pub may_redirect: bool,
}

/// Generic sentence for bad input.
/// Source: `reference/oidc.md` 23.1.
pub const VALIDATION: &str =
    "The request could not be completed. One or more validation errors were in the request.";
/// Generic sentence for what could not be carried out.
/// Source: `reference/oidc.md` 23.1.
pub const PROCESSING: &str =
    "The request could not be completed. There was an issue processing the request.";

/// Renders a refusal for OAuth.
pub fn oauth_error(refusal: &Refusal, correlation: CorrelationId) -> OAuthError {
    let Row {
        status,
        error,
        frame,
        detail,
        may_redirect,
    } = row(refusal);
    let description = match frame {
        Frame::Validation => format!("{VALIDATION}: {detail} (Correlation ID: {correlation})"),
        Frame::Processing => format!("{PROCESSING}: {detail} (Correlation ID: {correlation})"),
        Frame::Denied => format!("Request denied: {detail} (Correlation ID: {correlation})"),
    };
    OAuthError {
        status,
        error,
        description,
        may_redirect,
    }
}

enum Frame {
    Validation,
    Processing,
    Denied,
}

struct Row {
    status: u16,
    error: &'static str,
    frame: Frame,
    detail: String,
    may_redirect: bool,
}

/// Bad input of a trusted client: redirectable.
fn bad(error: &'static str, detail: impl Into<String>) -> Row {
    Row {
        status: 400,
        error,
        frame: Frame::Validation,
        detail: detail.into(),
        may_redirect: true,
    }
}

/// Bad input before anything is trusted: shown, never redirected.
fn shown(error: &'static str, detail: impl Into<String>) -> Row {
    Row {
        may_redirect: false,
        ..bad(error, detail)
    }
}

fn processing(error: &'static str, detail: impl Into<String>) -> Row {
    Row {
        frame: Frame::Processing,
        ..bad(error, detail)
    }
}

fn denied(detail: &'static str) -> Row {
    Row {
        status: 401,
        error: "invalid_client",
        frame: Frame::Denied,
        detail: detail.into(),
        may_redirect: false,
    }
}

fn row(refusal: &Refusal) -> Row {
    match refusal {
        Refusal::EnvironmentNotFound => Row {
            status: 404,
            ..shown("invalid_request", "Environment not found")
        },
        Refusal::NotFound => Row {
            status: 404,
            ..shown("invalid_request", "Not found")
        },
        Refusal::MethodNotAllowed => Row {
            status: 405,
            ..shown("invalid_request", "Method not allowed")
        },
        Refusal::UnsupportedMediaType => Row {
            status: 415,
            ..shown(
                "invalid_request",
                "Content-Type must be application/x-www-form-urlencoded",
            )
        },
        Refusal::MalformedBody => shown("invalid_request", "The body cannot be read as a form"),
        Refusal::TooLarge => Row {
            status: 413,
            ..shown("invalid_request", "The request is too large")
        },
        Refusal::TooManyRequests { .. } => Row {
            status: 429,
            ..shown("temporarily_unavailable", "Too many requests")
        },

        Refusal::ParameterMissing(name) => {
            let row = bad("invalid_request", format!("{name} is required"));
            Row {
                may_redirect: *name != "client_id",
                ..row
            }
        }
        Refusal::ParameterRepeated(name) => {
            bad("invalid_request", format!("{name} must not be repeated"))
        }
        Refusal::ParameterInvalid(name) => {
            let row = bad("invalid_request", format!("{name} has an invalid value"));
            Row {
                may_redirect: *name != "client_id",
                ..row
            }
        }

        Refusal::ClientUnknown => shown("invalid_request", "Application not found or not enabled"),
        Refusal::RedirectUriMissing => shown("invalid_request", "redirect_uri is required"),
        Refusal::RedirectUriMismatch => shown("invalid_request", "Redirect URI mismatch"),
        Refusal::ResponseTypeUnsupported => bad(
            "unsupported_response_type",
            "response_type is not supported",
        ),
        Refusal::ResponseTypeNotAllowed => bad(
            "unauthorized_client",
            "response_type is not enabled for the application",
        ),
        Refusal::ResponseModeInvalid => bad(
            "invalid_request",
            "response_mode is not allowed with this response_type",
        ),
        Refusal::PkceRequired => bad("invalid_request", "code_challenge is required"),
        Refusal::PkceS256Required => bad("invalid_request", "code_challenge_method must be S256"),
        Refusal::PromptNoneNotAlone => bad(
            "invalid_request",
            "prompt=none must not be combined with other values",
        ),
        Refusal::NoScopeGranted => bad("invalid_scope", "At least one scope must be granted"),
        Refusal::ScopesOfSeveralResources => bad(
            "invalid_scope",
            "May not request scopes for multiple resources",
        ),
        Refusal::PolicyNotAssigned => bad(
            "invalid_request",
            "acr_values names a policy not assigned to the application",
        ),
        Refusal::RequestObjectInvalid => {
            bad("invalid_request_object", "The request object is not valid")
        }
        Refusal::IdTokenWithoutOpenid => bad(
            "invalid_scope",
            "The scope openid is required for an ID token",
        ),
        Refusal::RequestUriUnsupported => {
            bad("request_uri_not_supported", "request_uri is not supported")
        }
        Refusal::RequestUriInvalid => shown(
            "invalid_request_uri",
            "request_uri is not valid or not valid any more",
        ),
        Refusal::LoginRequired => processing("login_required", "User authentication is required"),
        Refusal::AnotherUser => processing("login_required", "Another user signed on"),
        Refusal::ConsentRequired => processing("consent_required", "User consent is required"),
        Refusal::AccessDenied => processing(
            "access_denied",
            "The authorization request has been denied.",
        ),
        Refusal::PushedRequestRequired => bad(
            "invalid_request",
            "The application requires pushed authorization requests",
        ),

        Refusal::ClientAuthenticationMethod => denied("Unsupported authentication method"),
        Refusal::ClientAuthenticationFailed => denied("Invalid client credentials"),
        Refusal::GrantTypeUnsupported => {
            bad("unsupported_grant_type", "grant_type is not supported")
        }
        Refusal::GrantTypeNotAllowed => bad(
            "unauthorized_client",
            "grant_type is not enabled for the application",
        ),
        // Decision: PingOne refuses and does not say how; it is the client that lacks something.
        Refusal::ClientWithoutRole => bad("unauthorized_client", "The application has no role"),
        Refusal::RefreshTokenInvalid => bad("invalid_grant", "The refresh token is not valid"),
        Refusal::CodeInvalid => bad("invalid_grant", "The authorization code is not valid"),
        Refusal::DeviceCodeInvalid => bad("invalid_grant", "The device code is not valid"),
        // Texts after those of CIBA (`reference/oidc.md` 15.3, 16.3).
        Refusal::DeviceCodeExpired => processing(
            "expired_token",
            "The authorization request for the provided device_code has expired.",
        ),
        Refusal::AuthorizationPending => processing(
            "authorization_pending",
            "The authorization request is still pending.",
        ),
        Refusal::SlowDown => processing(
            "slow_down",
            "The authorization request is still pending. Please slow down the poll requests.",
        ),
        Refusal::CodeRedirectUri => bad(
            "invalid_grant",
            "redirect_uri does not match the authorization request",
        ),
        Refusal::CodeVerifier => bad("invalid_grant", "code_verifier does not match"),

        Refusal::TokenMissing | Refusal::TokenInvalid => Row {
            status: 401,
            ..shown("invalid_token", "The access token is not valid")
        },
        // RFC 6750 has no other word for a good token that is not good enough.
        Refusal::TokenWithoutUser => Row {
            status: 403,
            ..shown("insufficient_scope", "The access token is not a user's")
        },
        Refusal::TokenScope(scope) => Row {
            status: 403,
            ..shown(
                "insufficient_scope",
                format!("The access token lacks the scope {scope}"),
            )
        },

        Refusal::FlowNotFound => Row {
            status: 404,
            ..shown("invalid_request", "Flow not found")
        },
        Refusal::ActionNotOffered => {
            shown("invalid_request", "The flow does not offer this action now")
        }
        Refusal::ActionUnknown => Row {
            status: 415,
            ..shown("invalid_request", "No such flow action")
        },
        Refusal::ValueRequired(name) => shown("invalid_request", format!("{name} is required")),
        Refusal::ValueInvalid(name) => {
            shown("invalid_request", format!("{name} has an invalid value"))
        }
        Refusal::WrongSecret { target, .. } if *target != "username" => {
            shown("invalid_request", format!("{target} has an invalid value"))
        }
        Refusal::WrongCredentials | Refusal::WrongSecret { .. } => {
            shown("access_denied", crate::error::INVALID_USERNAME_OR_PASSWORD)
        }
        Refusal::PasswordLocked { .. } => shown("access_denied", "The password is locked"),
        Refusal::AccountNotUsable => shown("access_denied", "The account cannot be used"),
        Refusal::PasswordUnacceptable { target, .. } => shown(
            "invalid_request",
            format!("{target} does not meet the password policy"),
        ),
        Refusal::RecoveryFailuresExceeded => {
            shown("invalid_request", crate::error::RECOVERY_FAILURES_EXCEEDED)
        }
        Refusal::UsernameTaken => shown("invalid_request", "The username is taken"),
        Refusal::FlowAlreadyResumed => shown("invalid_request", "The flow was already resumed"),
        // These belong to the management API, which does not answer so.
        Refusal::Forbidden | Refusal::NoAccess | Refusal::Absent(_) => Row {
            status: 403,
            ..shown("access_denied", "Not allowed")
        },
        Refusal::Unfit(_) | Refusal::NotNow(..) | Refusal::InUse(_) => {
            shown("invalid_request", "The request cannot be carried out")
        }
    }
}
