//! Whom the client names by a token: `login_hint_token`, `sub` of a signed request object, or
//! `id_token_hint` (`reference/oidc.md` 3.2, 4.1, 4.2). The flow begins with that user, who has
//! proved nothing by it.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use countersign_domain::application::Protocol;
use countersign_domain::entity;
use countersign_domain::ids::{ApplicationId, UserId};
use countersign_domain::reference::fold;
use countersign_domain::user::User;
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::as_::checks::client;
use crate::as_::request_object::Opened;
use crate::as_::signoff;
use crate::configuration::ApplicationView;
use crate::cx::Cx;
use crate::jose::audience;
use crate::refusal::{Outcome, Refusal, Refused};
use crate::secrets;

/// The user whom a request names, if it names one in such a way. Two that name different people are
/// refused.
pub async fn subject(cx: &Cx, opened: &Opened, view: &ApplicationView) -> Outcome<Option<UserId>> {
    let mut found = None;
    if let Some(token) = opened.params.get("login_hint_token") {
        let name = of_login_hint_token(cx, token).await?;
        found = agreed(
            found,
            find(cx, &name, "login_hint_token").await?,
            "login_hint_token",
        )?;
    }
    if let Some(name) = &opened.subject {
        found = agreed(found, find(cx, name, "request").await?, "request")?;
    }
    if let Some(token) = opened.params.get("id_token_hint") {
        let named = signoff::hint(cx, token)?;
        if named.client() != view.application.id {
            return Err(refuse("id_token_hint", "issued to another application").into());
        }
        let user = named.user(cx, view).await?.ok_or_else(|| {
            // Whoever has a session now may be somebody else.
            let why = "the session of id_token_hint is over, and its sub is no user's id";
            Refusal::LoginRequired.because(why)
        })?;
        found = agreed(found, user, "id_token_hint")?;
    }
    Ok(found)
}

fn refuse(parameter: &'static str, why: impl Into<std::borrow::Cow<'static, str>>) -> Refused {
    Refusal::ParameterInvalid(parameter).because(why)
}

fn agreed(
    known: Option<UserId>,
    user: UserId,
    parameter: &'static str,
) -> Result<Option<UserId>, Refused> {
    match known {
        Some(known) if known != user => Err(refuse(parameter, "two tokens name two users")),
        _ => Ok(Some(user)),
    }
}

/// The user with an id or a username.
async fn find(cx: &Cx, name: &str, parameter: &'static str) -> Outcome<UserId> {
    let (store, env) = (&*cx.ports.store, cx.env_id());
    let by_id = match name.parse::<UserId>() {
        Ok(id) => entity::load::<User>(store, env, id.to_string(), cx.now).await?,
        Err(_) => None,
    };
    let found = match by_id {
        Some(user) => Some(user),
        None => {
            entity::load_by::<User>(store, env, User::UNIQUE_USERNAME, fold(name), cx.now).await?
        }
    };
    let found = found.filter(|user| user.enabled);
    let found = found.ok_or_else(|| refuse(parameter, "its sub is no enabled user's"))?;
    Ok(found.id)
}

/// `sub` of a token that an application of this environment signed with its secret, be it the one
/// that asks or another.
///
/// Source: `reference/oidc.md` 4.2.
async fn of_login_hint_token(cx: &Cx, token: &str) -> Outcome<String> {
    const NAME: &str = "login_hint_token";
    let issuer = claimed_issuer(token).ok_or_else(|| refuse(NAME, "its iss is no client id"))?;
    let view = cx.env.application(&cx.ports, issuer, cx.now).await?;
    let view = view.filter(|view| {
        view.application.enabled && view.application.protocol == Protocol::OpenidConnect
    });
    let view = view.ok_or_else(|| refuse(NAME, format!("no enabled application {issuer}")))?;
    let verified = secrets::verify::<Map<String, Value>>(cx, &view, token);
    let verified = verified.map_err(|why| refuse(NAME, why.to_string()))?;
    let claims = verified.into_claims();
    let signed = claims.get("iss").and_then(Value::as_str);
    if !signed.is_some_and(|signed| client::is(signed, issuer)) {
        return Err(refuse(NAME, "iss is not the client id").into());
    }
    let is_for_us = claims
        .get("aud")
        .is_some_and(|aud| audience::names_one(aud, &cx.env.issuers));
    if !is_for_us {
        return Err(refuse(NAME, format!("aud is not {}", cx.env.issuer)).into());
    }
    audience::check_times_and_issue(&claims, cx.now).map_err(|why| refuse(NAME, why))?;
    let subject = claims.get("sub").and_then(Value::as_str);
    let subject = subject.filter(|name| !name.is_empty());
    Ok(subject
        .ok_or_else(|| refuse(NAME, "it has no sub"))?
        .to_owned())
}

/// Who a token says it is of: read without belief, to find the key that tells.
fn claimed_issuer(token: &str) -> Option<ApplicationId> {
    #[derive(Deserialize)]
    struct Claimed {
        iss: ApplicationId,
    }
    let payload = URL_SAFE_NO_PAD.decode(token.split('.').nth(1)?).ok()?;
    Some(serde_json::from_slice::<Claimed>(&payload).ok()?.iss)
}
