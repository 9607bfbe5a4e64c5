//! The checks of an authorization request: one rule of the specification a file, each from what
//! came ([`Params`]) to what holds. The order below is the whole contract between them.
//!
//! | check | authorize | answer | code | finds |
//! |---|---|---|---|---|
//! | [`client`] | shown | shown | yes | an enabled OpenID Connect application |
//! | [`redirect_uri`] | shown | shown | yes | where an answer may go |
//! | [`response_mode`] | redirected | | | how it goes there |
//! | [`response_type`] | redirected | redirected | | what it carries |
//! | [`request_object`] | redirected | | | `request`, `request_uri`, PAR rules |
//! | [`pkce`] | redirected | | | the challenge |
//! | [`prompt`] | redirected | | | what may be shown, how old a sign-on may be |
//! | [`nonce`] | redirected | | | what the ID token repeats |
//! | [`scope`] | redirected | redirected | yes | what is granted |
//! | [`acr_values`] | redirected | | | which policies may run |
//!
//! "Answer" and "code" are checks that are made again, for the application may have lost something
//! since: when the authorization response goes out, and when its code is redeemed.
//!
//! Before all of them the [request object](crate::as_::request_object) is opened, if there is one;
//! after them it is found out [whom](crate::as_::hint) the client named by a token.
//!
//! A pushed request (PAR) runs them all at the time of the push, and answers every fault as JSON.
//!
//! "Shown" faults come before client and redirect URI are trusted and never leave by redirect.

pub mod acr_values;
pub mod client;
pub mod nonce;
pub mod pkce;
pub mod prompt;
pub mod redirect_uri;
pub mod request_object;
pub mod response_mode;
pub mod response_type;
pub mod scope;

use crate::as_::authorize::AuthorizationRequest;
use crate::as_::checks::scope::GrantedScope;
use crate::as_::hint;
use crate::as_::par::Channel;
use crate::as_::params::Params;
use crate::as_::request_object::Opened;
use crate::as_::response_modes::Destination;
use crate::configuration::ApplicationView;
use crate::cx::Cx;
use crate::refusal::{Outcome, Refusal, Refused};

/// Longest `state`, `nonce` or `login_hint` that is carried, in bytes.
const MAX_CARRIED: usize = 8 * 1024;

/// Longest `ui_locales`, in bytes.
const MAX_UI_LOCALES: usize = 256;

/// Where the answer goes, errors included: what must hold before anything is sent there.
pub fn destination(params: &Params, view: &ApplicationView) -> Result<Destination, Refused> {
    let mode = response_mode::chosen(params);
    Ok(Destination {
        mode,
        redirect_uri: redirect_uri::check(params, &view.application, Some(mode))?,
        state: carried(params, "state")?,
    })
}

/// Everything that is checked once the destination is trusted.
pub async fn validate(
    cx: &Cx,
    opened: &Opened,
    view: &ApplicationView,
    destination: &Destination,
    channel: Channel,
) -> Outcome<AuthorizationRequest> {
    let (params, env, application) = (&opened.params, &cx.env, &view.application);
    let response_type = response_type::check(params, application)?;
    response_mode::check(params, response_type)?;
    request_object::check(opened, application, channel)?;
    let code_challenge = pkce::check(params, application, response_type)?;
    let prompt = prompt::check(params)?;
    let nonce = nonce::check(params, &env.environment.settings, response_type)?;
    let scope = scope::check(params, env, view)?;
    let scope = response_type::fit_scope(response_type, scope)?;
    let policies = acr_values::check(params, env, view)?;
    Ok(AuthorizationRequest {
        client: application.id,
        response_type,
        destination: destination.clone(),
        code_challenge,
        prompt: prompt.prompt,
        max_age: prompt.max_age,
        scope,
        nonce,
        login_hint: carried(params, "login_hint")?,
        ui_locales: ui_locales(params),
        policies,
        subject: hint::subject(cx, opened, view).await?,
        transaction: opened.transaction.clone(),
    })
}

/// What is left of the scope of a valid request when it is answered, if it still may be.
///
/// Source: `reference/oidc.md` 3.3, 19.4.
pub fn again(
    cx: &Cx,
    request: &AuthorizationRequest,
    view: &ApplicationView,
) -> Result<GrantedScope, Refused> {
    response_type::check_again(request.response_type, &view.application)?;
    let scope = scope::narrowed(&cx.env, view, &request.scope, None)?;
    response_type::fit_scope(request.response_type, scope)
}

/// Wishes for a language never make an error: what is too long to be one is passed over.
/// Spec: OpenID Connect Core 3.1.2.1 (`ui_locales`)
fn ui_locales(params: &Params) -> Option<String> {
    let wishes = params.get("ui_locales")?;
    (wishes.len() <= MAX_UI_LOCALES).then(|| wishes.to_owned())
}

/// A parameter that is kept and handed on as it is.
fn carried(params: &Params, name: &'static str) -> Result<Option<String>, Refused> {
    match params.get(name) {
        Some(value) if value.len() > MAX_CARRIED => Err(Refusal::ParameterInvalid(name)
            .because(format!("{} bytes; at most {MAX_CARRIED}", value.len()))),
        value => Ok(value.map(str::to_owned)),
    }
}
