//! What each refusal means, which clause it obeys, and what to do about it. Adding a refusal does
//! not compile until it is explained here.

use crate::refusal::Refusal;

/// The words of an explanation that do not depend on the case.
pub(super) struct Words {
    pub summary: String,
    pub expected: String,
    pub clause: &'static str,
    pub mend: &'static str,
}

fn say(
    summary: impl Into<String>,
    expected: impl Into<String>,
    clause: &'static str,
    mend: &'static str,
) -> Words {
    Words {
        summary: summary.into(),
        expected: expected.into(),
        clause,
        mend,
    }
}

pub(super) fn words(refusal: &Refusal) -> Words {
    match refusal {
        Refusal::EnvironmentNotFound => say(
            "No environment has the id that the path begins with.",
            "The id of an environment of this server as the first path segment",
            "platform.md 1.1",
            "Compare the issuer or endpoint URL in the client's configuration with the environment's \
             id. `countersign export --environment ID` tells whether the id exists in this database.",
        ),
        Refusal::NotFound => say(
            "Nothing is at this path.",
            "A path of docs/architecture.md, or a resource that exists",
            "RFC 9110 15.5.5",
            "Take endpoint URLs from /{environment}/as/.well-known/openid-configuration. Below /v1, \
             check that every id in the path exists in this environment.",
        ),
        Refusal::MethodNotAllowed => say(
            "The path exists, the method does not.",
            "One of the methods of the path",
            "RFC 9110 15.5.6",
            "Change the method of the call. The token endpoint, for example, takes POST alone.",
        ),
        Refusal::UnsupportedMediaType => say(
            "The body has a type that is not accepted here.",
            "application/x-www-form-urlencoded on OAuth endpoints, JSON elsewhere",
            "RFC 9110 15.5.16; oidc.md 3.1",
            "Set the Content-Type of the request to what the endpoint takes.",
        ),
        Refusal::MalformedBody => say(
            "The body cannot be read as what its type says.",
            "A body of the type that Content-Type names",
            "platform.md 1.8",
            "Send well-formed JSON, or a well-formed form; the place of the fault is in `because`.",
        ),
        Refusal::TooLarge => say(
            "The request, or a part of it, is larger than what is read.",
            "A smaller request",
            "threats.md 33, 41",
            "Shorten what `because` names. A long authorization request can be pushed to /as/par.",
        ),
        Refusal::TooManyRequests { .. } => say(
            "The same client asked too often, or too much work was waiting.",
            "A pause as long as Retry-After says",
            "platform.md 1.9",
            "Wait as long as Retry-After says, and try again with growing pauses.",
        ),
        Refusal::ParameterMissing(name) => say(
            format!("The parameter {name} is missing or empty."),
            format!("A value for {name}"),
            "RFC 6749 4.1.2.1, 5.2",
            "Send the parameter. If the client does: it may be in the query where a form body is \
             read, or the other way round.",
        ),
        Refusal::ParameterRepeated(name) => say(
            format!("The parameter {name} is there more than once."),
            format!("{name} once, in the query or in the body"),
            "RFC 6749 3.1",
            "Send it once. Often a library adds a parameter that the URL in its configuration \
             already has.",
        ),
        Refusal::ParameterInvalid(name) => say(
            format!("The parameter {name} has a value that is not allowed."),
            format!("An allowed value of {name}"),
            "oidc.md 3.2, 3.3",
            "See `because` for what is wrong with the value.",
        ),
        Refusal::ClientUnknown => say(
            "client_id names no enabled OpenID Connect application of this environment.",
            "The id of an enabled application with protocol OPENID_CONNECT",
            "oidc.md 3.3; RFC 6749 4.1.2.1",
            "Compare client_id with the applications of the environment that the URL names; an id of \
             another environment is unknown here. If the application exists, enable it.",
        ),
        Refusal::RedirectUriMissing => say(
            "There is no redirect_uri, and the response mode needs one.",
            "A registered redirect_uri, or response_mode=pi.flow",
            "oidc.md 3.3, 3.8",
            "Send redirect_uri with every authorization request that answers by redirect.",
        ),
        Refusal::RedirectUriMismatch => say(
            "redirect_uri is not one that the application has registered.",
            "Exactly one of the application's redirectUris, byte for byte",
            "oidc.md 3.8; RFC 6749 3.1.2.3; RFC 9700 4.1.3",
            "Add the URI that arrived to the application's redirectUris, or change the client to \
             send the registered one. Usual differences: a trailing slash, http for https, another \
             port, localhost for 127.0.0.1, letters of another case.",
        ),
        Refusal::ResponseTypeUnsupported => say(
            "response_type is none that this server knows.",
            "A value of response_types_supported in discovery",
            "oidc.md 3.4",
            "For an ordinary sign-on send response_type=code.",
        ),
        Refusal::ResponseTypeNotAllowed => say(
            "The application may not use this response_type.",
            "A response_type among the application's responseTypes, with its grant type",
            "oidc.md 3.3, 20.3",
            "Add it to the application's responseTypes and grantTypes, or change the client.",
        ),
        Refusal::ResponseModeInvalid => say(
            "response_mode is unknown, or not allowed with this response_type.",
            "query for codes alone; fragment, form_post or pi.flow for all",
            "oidc.md 3.4",
            "Leave response_mode out: the default of the response type is right for most clients.",
        ),
        Refusal::PkceRequired => say(
            "The application requires PKCE, and the request has no code_challenge.",
            "code_challenge and code_challenge_method=S256",
            "oidc.md 3.9; RFC 7636 4.4.1",
            "Switch PKCE on in the client's library. If the client cannot, set the application's \
             pkceEnforcement to OPTIONAL, which is weaker.",
        ),
        Refusal::PkceS256Required => say(
            "The application requires the PKCE method S256.",
            "code_challenge_method=S256",
            "oidc.md 3.9; RFC 7636 4.2",
            "Send code_challenge_method=S256; without the parameter the method is plain.",
        ),
        Refusal::PromptNoneNotAlone => say(
            "prompt=none is combined with another value.",
            "prompt=none alone, or other values without none",
            "OIDC Core 3.1.2.1",
            "Send one of the two.",
        ),
        Refusal::NoScopeGranted => say(
            "Nothing that was asked for can be granted.",
            "At least one scope that the application has a grant for",
            "oidc.md 3.5, 19.4",
            "Give the application a grant for the scope (its resource and the scope in it), or ask \
             for one that it has. A sign-on asks for openid.",
        ),
        Refusal::ScopesOfSeveralResources => say(
            "The request asks for scopes of several custom resources at once.",
            "Scopes of openid and of one other resource",
            "oidc.md 19.5",
            "Ask for the scopes of each resource in a request of its own.",
        ),
        Refusal::PolicyNotAssigned => say(
            "acr_values names a sign-on policy that is not assigned to the application.",
            "Names of assigned policies; of the default policy when none is assigned",
            "oidc.md 22.2; flows.md 9.2",
            "Assign the policy to the application, or correct the name (case counts).",
        ),
        Refusal::RequestObjectInvalid => say(
            "The request object is not accepted.",
            "No request parameter, or one that the application's settings allow",
            "oidc.md 4.1",
            "See `because`; check the object's signature, algorithm and claims.",
        ),
        Refusal::IdTokenWithoutOpenid => say(
            "The request asks for an ID token without the scope openid.",
            "openid among the granted scopes",
            "oidc.md 3.5",
            "Add openid to the scope.",
        ),
        Refusal::RequestUriUnsupported => say(
            "request_uri names a document elsewhere.",
            "A request_uri that /as/par answered",
            "oidc.md 4.1",
            "Send the request object by value, or push the request to /as/par.",
        ),
        Refusal::RequestUriInvalid => say(
            "request_uri is one of ours, but names no request that this client may use now.",
            "A request_uri of this client that was not used and is younger than a minute",
            "oidc.md 10; RFC 9126 2.2",
            "Push a new request for each sign-on. A reload of the authorize URL uses it twice.",
        ),
        Refusal::LoginRequired => say(
            "The request may not show anything, and a sign-on is needed.",
            "A session that satisfies the policy, or another prompt than none",
            "oidc.md 3.7; OIDC Core 3.1.2.6",
            "Start the sign-on without prompt=none. If a session was expected: it may have ended, be \
             older than max_age, or the browser does not send the ST cookie in a frame.",
        ),
        Refusal::AnotherUser => say(
            "Somebody else signed on than the user whom the client named by login_hint_token, by sub of \
             a signed request object or by id_token_hint.",
            "A sign-on of the user who is named",
            "oidc.md 3.2, 4.1; OIDC Core 3.1.2.2",
            "Whom it was, the client may ask for without naming anybody. Where the client is not sure, \
             login_hint fills in the page and binds nobody.",
        ),
        Refusal::ConsentRequired => say(
            "The request may not show anything, and an agreement waits for consent.",
            "A consent that still counts, or another prompt than none",
            "flows.md 6.14, 8.3; OIDC Core 3.1.2.6",
            "Start the sign-on without prompt=none, so that the person can read and accept.",
        ),
        Refusal::AccessDenied => say(
            "The sign-on was refused.",
            "A flow that completes",
            "flows.md 7.3; RFC 6749 4.1.2.1",
            "See `because` for why the flow failed: a device, a consent or a condition of the policy.",
        ),
        Refusal::PushedRequestRequired => say(
            "The application takes only pushed authorization requests.",
            "request_uri from /as/par",
            "oidc.md 10; RFC 9126 5",
            "Push the request to /as/par first, or set the application's parRequirement to OPTIONAL.",
        ),
        Refusal::ClientAuthenticationMethod => say(
            "The client authenticated by another method than the application is set to.",
            "The application's tokenEndpointAuthMethod",
            "oidc.md 6.1; RFC 6749 2.3",
            "Change tokenEndpointAuthMethod of the application to what the client sends, or \
             configure the client's library: client_secret_basic is the Authorization header, \
             client_secret_post the body.",
        ),
        Refusal::ClientAuthenticationFailed => say(
            "The client is not known here, or its credentials are wrong.",
            "Credentials of an enabled application of this environment",
            "oidc.md 6.1; RFC 6749 5.2",
            "Check client id, secret and environment. A secret that was rotated is refused once its \
             previous form has expired. An assertion must be signed now, for this endpoint.",
        ),
        Refusal::GrantTypeUnsupported => say(
            "grant_type is none that this server knows.",
            "A value of grant_types_supported in discovery",
            "oidc.md 6.2",
            "Correct grant_type.",
        ),
        Refusal::GrantTypeNotAllowed => say(
            "The application may not use this grant.",
            "A grant among the application's grantTypes",
            "oidc.md 6.2; RFC 6749 5.2",
            "Add the grant to the application's grantTypes.",
        ),
        Refusal::ClientWithoutRole => say(
            "The worker application has no role.",
            "At least one role assignment",
            "oidc.md 6.5",
            "Assign a role to the application: roles are what a worker token may do.",
        ),
        Refusal::CodeInvalid => say(
            "The code is unknown, expired, used, another client's, or its session is over.",
            "A code of this client, less than a minute old, redeemed once",
            "oidc.md 6.3; RFC 6749 4.1.2, 5.2",
            "Redeem each code once and at once. A second redemption (a reloaded callback page, a \
             retry after a timeout) is refused and ends the first one's tokens.",
        ),
        Refusal::RefreshTokenInvalid => say(
            "The refresh token is unknown, expired, exchanged before, another client's, or its \
             session is over.",
            "The newest refresh token of this client, of a session that lives",
            "oidc.md 6.6; RFC 6749 5.2",
            "Store the refresh token of every answer in place of the old one, and let one process \
             refresh at a time. When the session is over the person must sign on again.",
        ),
        Refusal::DeviceCodeInvalid => say(
            "The device code is unknown, used, another client's, or what it stands for is over.",
            "A device_code of this client that was not used, whose session and consent still hold",
            "oidc.md 15.3; RFC 8628 3.5",
            "Begin again at the device authorization endpoint.",
        ),
        Refusal::DeviceCodeExpired => say(
            "Nobody connected the device in time.",
            "A person who types the user code within expires_in seconds",
            "oidc.md 15.3; RFC 8628 3.5",
            "Begin again; deviceTimeout of the application says how long codes are good.",
        ),
        Refusal::AuthorizationPending => say(
            "Nobody connected the device yet.",
            "A person who signs on at the verification URI and types the user code",
            "oidc.md 15.3; RFC 8628 3.5",
            "Poll again after the interval. This is no fault.",
        ),
        Refusal::SlowDown => say(
            "Nobody connected the device yet, and it polls too often.",
            "At least interval seconds between two polls, and 5 more after each slow_down",
            "oidc.md 15.3; RFC 8628 3.5",
            "Keep the interval of the device authorization response.",
        ),
        Refusal::CodeRedirectUri => say(
            "redirect_uri is not the one that the code was issued for.",
            "The redirect_uri of the authorization request, byte for byte",
            "oidc.md 6.3; RFC 6749 4.1.3",
            "Send the same redirect_uri to both endpoints.",
        ),
        Refusal::CodeVerifier => say(
            "code_verifier is missing, malformed, wrong, or there was no challenge.",
            "The verifier whose hash is the code_challenge of the same sign-on",
            "oidc.md 3.9; RFC 7636 4.6",
            "Keep the verifier per sign-on (not per application): a second tab must not overwrite \
             the first one's.",
        ),
        Refusal::TokenMissing => say(
            "There is no access token.",
            "Authorization: Bearer <access token>",
            "RFC 6750 2.1, 3.1",
            "Send the access token in the Authorization header.",
        ),
        Refusal::TokenInvalid => say(
            "The access token is malformed, expired, revoked, or of another environment.",
            "A living access token of this environment",
            "RFC 6750 3.1; oidc.md 7.2",
            "Get a new token. It ends with its session, when it is revoked, and at its exp.",
        ),
        Refusal::TokenWithoutUser => say(
            "The access token speaks for no user.",
            "A token of a sign-on, not of client_credentials",
            "oidc.md 11",
            "Use a token from a sign-on.",
        ),
        Refusal::TokenScope(scope) => say(
            format!("The access token lacks the scope {scope}."),
            format!("A token with the scope {scope}"),
            "RFC 6750 3.1",
            "Ask for the scope at authorize, and give the application a grant for it.",
        ),
        Refusal::FlowNotFound => say(
            "There is no such flow for this browser.",
            "The id of a living flow together with the ST cookie of the browser that began it",
            "flows.md 1, 8.1",
            "`because` tells which it was. Expired: flows end 15 minutes after they were last \
             touched and are forgotten some seconds later, begin again at the application. Cookie missing: the browser or HTTP client \
             does not keep cookies, or the page is on another site and asks without credentials. \
             Another browser's: the link was opened elsewhere.",
        ),
        Refusal::ActionNotOffered => say(
            "The flow's status does not offer this action.",
            "One of the actions in _links of the flow",
            "flows.md 14.2",
            "Read the flow and follow its _links; its status may have moved on in another tab.",
        ),
        Refusal::ActionUnknown => say(
            "No action has this media type.",
            "Content-Type: application/vnd.pingidentity.<action>+json",
            "flows.md 2.1",
            "Take the action's name from _links of the flow.",
        ),
        Refusal::ValueRequired(name) => say(
            format!("The member {name} of the body is missing."),
            format!("A value for {name}"),
            "flows.md 7.2; platform.md 1.8",
            "Send it.",
        ),
        Refusal::ValueInvalid(name) => say(
            format!("The member {name} of the body has an unusable value."),
            format!("A usable value of {name}"),
            "flows.md 7.2; platform.md 1.8",
            "See `because` for what is wrong with it.",
        ),
        Refusal::WrongCredentials => say(
            "Wrong user name or password, or something that must look the same.",
            "The password of an existing user who has one",
            "flows.md 7.2; threats.md 34",
            "`because` says which it was; the person signing on is not told. An administrator can \
             reset the password.",
        ),
        Refusal::WrongSecret { target, .. } => say(
            format!(
                "A wrong {}.",
                if *target == "username" {
                    "password"
                } else {
                    target
                }
            ),
            "The password or code of the person whom the flow is about",
            "flows.md 7.2; oidc.md 23.2",
            "`because` says which it was. The person can have a new code sent; an administrator can \
             reset the password.",
        ),
        Refusal::PasswordLocked { .. } => say(
            "The password is locked after too many wrong ones.",
            "The end of the lock, or an administrator who lifts it",
            "flows.md 10.1; rulings.md 9",
            "Wait for the lock to end, unlock the password, or let the person recover it.",
        ),
        Refusal::AccountNotUsable => say(
            "The password was right, but the account is disabled or locked.",
            "An enabled account that is not locked",
            "flows.md 7.2",
            "Enable or unlock the user.",
        ),
        Refusal::PasswordUnacceptable { lacking, .. } => say(
            "The new password is not what the password policy asks for.",
            format!("A password that also satisfies {lacking:?}"),
            "flows.md 10.1",
            "Choose another password, or change the password policy of the population.",
        ),
        Refusal::RecoveryFailuresExceeded => say(
            "Too many wrong recovery codes were given for the username.",
            "The code of the last mail, within 5 tries",
            "flows.md 6.7",
            "Have a new code sent, which starts the count again.",
        ),
        Refusal::UsernameTaken => say(
            "Somebody has the username that was chosen.",
            "A username that nobody in the environment has, whatever the case of its letters",
            "flows.md 6.9, 7.2; platform.md 3.7",
            "Choose another username, or sign on with the account that has it.",
        ),
        Refusal::FlowAlreadyResumed => say(
            "The flow was resumed before; its authorization response went out.",
            "One call of /as/resume for each flow",
            "oidc.md 5.1",
            "Begin a new sign-on. A reload of the resume URL, or the back button, does this.",
        ),
        Refusal::Forbidden | Refusal::NoAccess => say(
            "The caller may not do this here.",
            "A role, or a self-management scope, that allows it where it is done",
            "platform.md 1.2, 1.8",
            "Assign a role that has the permission, at the environment or above it.",
        ),
        Refusal::Absent(what) => say(
            what.to_string(),
            "The id of something that exists in this environment",
            "platform.md 1.8",
            "Check every id in the path; an id of another environment is unknown here.",
        ),
        Refusal::Unfit(misfits) => say(
            format!("{} of the values sent do not fit.", misfits.len()),
            "Values that fit; `details` of the answer names each",
            "platform.md 1.8",
            "Correct what `details` of the answer names.",
        ),
        Refusal::NotNow(..) => say(
            "The request is well formed, but not possible as things stand.",
            "Another state of what the request is about",
            "platform.md 1.8",
            "See `details` of the answer for what stands in the way.",
        ),
        Refusal::InUse(_) => say(
            "Something else still needs what is to go.",
            "Nothing that refers to it",
            "platform.md 1.8",
            "Remove what `details` of the answer names first.",
        ),
    }
}
