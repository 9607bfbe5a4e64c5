//! Refusals in PingOne's own error shape (`reference/oidc.md` 23.2, `flows.md` 7, `platform.md` 1.8):
//! `{ id, code, message, details[] }`, for flows, pages, userinfo, errors of authorize that must
//! not be redirected, and the management API.

use countersign_domain::ids::CorrelationId;
use countersign_domain::password::policy::Requirement;
use serde::Serialize;

use crate::as_::error::{PROCESSING, VALIDATION};
use crate::misfit::{Fit, Hint, Misfit};
use crate::refusal::Refusal;

/// The error body, with the HTTP status it travels under.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct P1Error {
    /// HTTP status.
    #[serde(skip)]
    pub status: u16,
    /// Finds the log line: the correlation id of the request.
    pub id: CorrelationId,
    /// Class of the error.
    pub code: &'static str,
    /// For people, in English.
    pub message: String,
    /// What exactly, where it helps.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub details: Vec<Detail>,
}

/// One fault in the input.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Detail {
    /// Kind of the fault.
    pub code: &'static str,
    /// The member or parameter at fault.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub target: Option<String>,
    /// For people, in English.
    pub message: String,
    /// Numbers and lists that a program can act on.
    #[serde(rename = "innerError", skip_serializing_if = "Option::is_none")]
    pub inner_error: Option<InnerError>,
}

/// Members of `innerError` in use.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct InnerError {
    /// How many more wrong passwords or codes are looked at.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub failures_remaining: Option<u32>,
    /// Until a locked password unlocks by itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seconds_until_unlock: Option<u64>,
    /// What a new password lacks, by the keys of the password policy.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub unsatisfied_requirements: Vec<Requirement>,
    /// What would have been accepted.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub allowed_values: Vec<String>,
    /// What lists can be filtered by.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub supported_attributes: Vec<String>,
    /// How an attribute can be compared.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub supported_operators: Vec<&'static str>,
    /// The smallest number that would have been accepted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub range_minimum_value: Option<i64>,
    /// The largest one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub range_maximum_value: Option<i64>,
}

/// What wrong credentials are answered with, whatever was wrong with them (`threats.md` 34).
/// Source: `reference/flows.md` 7.2.
pub const INVALID_USERNAME_OR_PASSWORD: &str = "Invalid username and/or password.";

/// What too many wrong recovery codes are answered with.
/// Source: `reference/platform.md` 1.8.
pub const RECOVERY_FAILURES_EXCEEDED: &str = "Maximum password recovery failures exceeded";

/// Renders a refusal in PingOne's shape.
pub fn p1_error(refusal: &Refusal, id: CorrelationId) -> P1Error {
    let (status, code, message, details) = row(refusal);
    let message = match refusal {
        Refusal::Absent(message) | Refusal::NotNow(Some(message), _) => message.as_ref(),
        _ => message,
    };
    P1Error {
        status,
        id,
        code,
        message: message.into(),
        details,
    }
}

type Row = (u16, &'static str, &'static str, Vec<Detail>);

const NOT_FOUND: &str = "The request could not be completed. The requested resource was not found.";
const NO_ACCESS: &str =
    "The request could not be completed. You do not have access to this resource.";
/// Source: `reference/platform.md` 1.8: clients wait and try again when they read this.
const NOT_AUTHORIZED: &str = "The actor attempting to perform the request is not authorized.";
const MALFORMED: &str = "The request could not be completed. The request was invalid.";

fn detail(code: &'static str, target: &str, message: impl Into<String>) -> Detail {
    let target = (!target.is_empty()).then(|| target.to_owned());
    Detail {
        code,
        target,
        message: message.into(),
        inner_error: None,
    }
}

fn invalid(detail: Detail) -> Row {
    (400, "INVALID_DATA", VALIDATION, vec![detail])
}

fn value(target: &str, message: impl Into<String>) -> Row {
    invalid(detail("INVALID_VALUE", target, message))
}

fn failed(target: &str, message: impl Into<String>) -> Row {
    (
        400,
        "REQUEST_FAILED",
        PROCESSING,
        vec![detail("INVALID_VALUE", target, message)],
    )
}

/// Source: `reference/platform.md` 1.8.
fn no_permission() -> Detail {
    let message = "You do not have permissions or are not licensed to make this request";
    detail("INSUFFICIENT_PERMISSIONS", "", message)
}

fn row(refusal: &Refusal) -> Row {
    match refusal {
        Refusal::EnvironmentNotFound | Refusal::NotFound | Refusal::FlowNotFound => {
            (404, "NOT_FOUND", NOT_FOUND, vec![])
        }
        Refusal::MethodNotAllowed => (405, "INVALID_REQUEST", MALFORMED, vec![]),
        Refusal::UnsupportedMediaType | Refusal::ActionUnknown => {
            (415, "INVALID_REQUEST", MALFORMED, vec![])
        }
        Refusal::MalformedBody => (400, "INVALID_REQUEST", MALFORMED, vec![]),
        Refusal::TooLarge => (
            413,
            "INVALID_REQUEST",
            MALFORMED,
            vec![detail(
                "SIZE_LIMIT_EXCEEDED",
                "",
                "The request is too large",
            )],
        ),
        Refusal::TooManyRequests { .. } => (
            429,
            "REQUEST_LIMITED",
            "The request could not be completed. There were too many requests.",
            vec![detail("LIMIT_EXCEEDED", "", "Too many requests")],
        ),

        Refusal::ParameterMissing(name) | Refusal::ValueRequired(name) => invalid(detail(
            "REQUIRED_VALUE",
            name,
            format!("{name} is required"),
        )),
        Refusal::ParameterRepeated(name) => value(name, format!("{name} must not be repeated")),
        Refusal::ParameterInvalid(name) | Refusal::ValueInvalid(name) => {
            value(name, format!("{name} has an invalid value"))
        }

        // `reference/rulings.md` 17: without details, so that pi.flow clients tell it from a flow
        // that needs the user.
        Refusal::ClientUnknown | Refusal::RedirectUriMissing | Refusal::RedirectUriMismatch => {
            (400, "INVALID_DATA", redirect_message(refusal), vec![])
        }
        Refusal::ResponseTypeUnsupported => {
            value("response_type", "response_type is not supported")
        }
        Refusal::ResponseTypeNotAllowed => value(
            "response_type",
            "response_type is not enabled for the application",
        ),
        Refusal::ResponseModeInvalid => value(
            "response_mode",
            "response_mode is not allowed with this response_type",
        ),
        Refusal::PkceRequired => invalid(detail(
            "REQUIRED_VALUE",
            "code_challenge",
            "code_challenge is required",
        )),
        Refusal::PkceS256Required => value(
            "code_challenge_method",
            "code_challenge_method must be S256",
        ),
        Refusal::PromptNoneNotAlone => value(
            "prompt",
            "prompt=none must not be combined with other values",
        ),
        Refusal::NoScopeGranted => value("scope", "At least one scope must be granted"),
        Refusal::ScopesOfSeveralResources => {
            value("scope", "May not request scopes for multiple resources")
        }
        Refusal::PolicyNotAssigned => value(
            "acr_values",
            "acr_values names a policy not assigned to the application",
        ),
        Refusal::RequestObjectInvalid => value("request", "The request object is not valid"),
        Refusal::IdTokenWithoutOpenid => {
            value("scope", "The scope openid is required for an ID token")
        }
        Refusal::RequestUriUnsupported => value("request_uri", "request_uri is not supported"),
        Refusal::RequestUriInvalid => value(
            "request_uri",
            "request_uri is not valid or not valid any more",
        ),
        // Clients of pi.flow look for this one code to begin a sign-on that shows something.
        Refusal::LoginRequired | Refusal::AnotherUser | Refusal::ConsentRequired => (
            400,
            "REQUEST_FAILED",
            PROCESSING,
            vec![detail(
                "LOGIN_REQUIRED",
                "",
                "User authentication is required",
            )],
        ),
        Refusal::AccessDenied => failed("", "The authorization request has been denied."),
        Refusal::PushedRequestRequired => value(
            "request_uri",
            "The application requires pushed authorization requests",
        ),

        Refusal::ClientAuthenticationMethod | Refusal::ClientAuthenticationFailed => {
            (401, "ACCESS_FAILED", NO_ACCESS, vec![])
        }
        Refusal::GrantTypeUnsupported | Refusal::GrantTypeNotAllowed => {
            value("grant_type", "grant_type is not allowed")
        }
        Refusal::ClientWithoutRole => value("client_id", "The application has no role"),
        Refusal::RefreshTokenInvalid => value("refresh_token", "The refresh token is not valid"),
        Refusal::CodeInvalid => value("code", "The authorization code is not valid"),
        Refusal::DeviceCodeInvalid | Refusal::DeviceCodeExpired => {
            value("device_code", "The device code is not valid")
        }
        Refusal::AuthorizationPending | Refusal::SlowDown => {
            failed("device_code", "The authorization request is still pending.")
        }
        Refusal::CodeRedirectUri => value(
            "redirect_uri",
            "redirect_uri does not match the authorization request",
        ),
        Refusal::CodeVerifier => value("code_verifier", "code_verifier does not match"),

        Refusal::TokenMissing | Refusal::TokenInvalid => (
            401,
            "ACCESS_FAILED",
            NO_ACCESS,
            vec![detail(
                "INVALID_TOKEN",
                "",
                "The access token is missing or not valid",
            )],
        ),
        Refusal::TokenWithoutUser | Refusal::TokenScope(_) => (
            403,
            "ACCESS_FAILED",
            NOT_AUTHORIZED,
            vec![detail(
                "INSUFFICIENT_PERMISSIONS",
                "",
                "The access token does not allow this",
            )],
        ),

        Refusal::ActionNotOffered => (400, "REQUEST_FAILED", PROCESSING, vec![]),
        Refusal::WrongCredentials => value("username", INVALID_USERNAME_OR_PASSWORD),
        Refusal::WrongSecret {
            target,
            failures_remaining,
        } => invalid(Detail {
            inner_error: failures_remaining.map(|failures| InnerError {
                failures_remaining: Some(failures),
                ..InnerError::default()
            }),
            ..match *target {
                "username" => detail("INVALID_VALUE", target, INVALID_USERNAME_OR_PASSWORD),
                _ => detail(
                    "INVALID_VALUE",
                    target,
                    format!("{target} has an invalid value"),
                ),
            }
        }),
        Refusal::PasswordLocked {
            seconds_until_unlock,
        } => invalid(Detail {
            inner_error: seconds_until_unlock.map(|seconds| InnerError {
                seconds_until_unlock: Some(seconds),
                ..InnerError::default()
            }),
            ..detail("PASSWORD_LOCKED_OUT", "password", "The password is locked.")
        }),
        Refusal::AccountNotUsable => invalid(detail(
            "ACCOUNT_NOT_USABLE",
            "username",
            "The account cannot be used.",
        )),
        Refusal::PasswordUnacceptable {
            target, lacking, ..
        } => invalid(Detail {
            inner_error: Some(InnerError {
                unsatisfied_requirements: lacking.clone(),
                ..InnerError::default()
            }),
            ..detail(
                "INVALID_VALUE",
                target,
                "The password does not meet the requirements of the password policy.",
            )
        }),
        Refusal::RecoveryFailuresExceeded => value("recoveryCode", RECOVERY_FAILURES_EXCEEDED),
        Refusal::UsernameTaken => invalid(detail(
            "UNIQUENESS_VIOLATION",
            "username",
            "is unique but a non-unique value is provided",
        )),
        Refusal::FlowAlreadyResumed => failed("flowId", "The flow was already resumed"),

        Refusal::Forbidden => (403, "ACCESS_FAILED", NOT_AUTHORIZED, vec![no_permission()]),
        Refusal::NoAccess => (403, "ACCESS_FAILED", NO_ACCESS, vec![no_permission()]),
        Refusal::Absent(_) => (404, "NOT_FOUND", NOT_FOUND, vec![]),
        Refusal::Unfit(misfits) => (400, "INVALID_DATA", VALIDATION, details(misfits)),
        Refusal::NotNow(_, misfits) => (400, "REQUEST_FAILED", PROCESSING, details(misfits)),
        // Decision: the code is not documented; clients look at the status and the details.
        Refusal::InUse(misfits) => (409, "REQUEST_FAILED", PROCESSING, details(misfits)),
    }
}

/// `details[]` of what does not fit.
fn details(misfits: &[Misfit]) -> Vec<Detail> {
    let one = |misfit: &Misfit| Detail {
        inner_error: match &misfit.hint {
            Hint::None => None,
            Hint::Values(values) => Some(InnerError {
                allowed_values: values.clone(),
                ..InnerError::default()
            }),
            Hint::Attributes(names) => Some(InnerError {
                supported_attributes: names.clone(),
                ..InnerError::default()
            }),
            Hint::Operators(names) => Some(InnerError {
                supported_operators: names.clone(),
                ..InnerError::default()
            }),
            Hint::Range(least, most) => Some(InnerError {
                range_minimum_value: Some(*least),
                range_maximum_value: Some(*most),
                ..InnerError::default()
            }),
        },
        ..detail(
            fit_code(misfit.fit),
            &misfit.target,
            misfit.message.as_ref(),
        )
    };
    misfits.iter().map(one).collect()
}

/// Source: `reference/platform.md` 1.8.
const fn fit_code(fit: Fit) -> &'static str {
    match fit {
        Fit::Invalid => "INVALID_VALUE",
        Fit::Required => "REQUIRED_VALUE",
        Fit::Empty => "EMPTY_VALUE",
        Fit::OutOfRange => "OUT_OF_RANGE",
        Fit::TooLong => "SIZE_LIMIT_EXCEEDED",
        Fit::Taken => "UNIQUENESS_VIOLATION",
        Fit::Constraint => "CONSTRAINT_VIOLATION",
        Fit::Parameter => "INVALID_PARAMETER",
        Fit::Filter => "INVALID_FILTER",
        Fit::Code => "INVALID_OTP",
        Fit::Account => "ACCOUNT_NOT_USABLE",
        Fit::NoPassword => "NO_PASSWORD",
        Fit::PasswordLocked => "PASSWORD_LOCKED_OUT",
        // Source: PingOne's page of verifying a custom domain.
        Fit::Verification => "VERIFICATION_FAILED",
    }
}

fn redirect_message(refusal: &Refusal) -> &'static str {
    match refusal {
        Refusal::ClientUnknown => {
            "The request could not be completed. Application not found or not enabled."
        }
        Refusal::RedirectUriMissing => {
            "The request could not be completed. redirect_uri is required."
        }
        _ => "The request could not be completed. Redirect URI mismatch",
    }
}
