//! `GET|POST /{envID}/as/signoff` (`reference/oidc.md` 14.1): the session of this browser ends, for
//! all applications at once, and with it every token that names it.

use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use countersign_domain::application::Application;
use countersign_domain::entity::{self, Entity, Stored};
use countersign_domain::ids::{ApplicationId, SessionId, UserId};
use countersign_domain::session::Session;
use countersign_domain::store::{Batch, Fault, Query};
use serde::Deserialize;

use crate::as_::params::Params;
use crate::as_::tokens::id;
use crate::audit::{Activity, Actors, Party, kinds};
use crate::browser::BrowserToken;
use crate::configuration::ApplicationView;
use crate::cx::Cx;
use crate::jose::verify::verify;
use crate::refusal::{Failure, Outcome, Refusal, Refused};
use crate::run::{Operation, Verdict, run};

/// Longest `post_logout_redirect_uri` and `state` together, in bytes.
/// Source: `reference/oidc.md` 14.1.
const MAX_DESTINATION: usize = 8192;
/// Applications that may share one `post_logout_redirect_uri` before the rest is not looked at.
const MAX_SHARING: u32 = 100;

/// Where the browser goes next. Either way it loses its cookie.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SignedOff {
    /// To the application, by a URI that it registered.
    Redirect(String),
    /// To our own page.
    Page,
}

/// Claims of an ID token that hints at whom to sign off. Its expiry does not matter.
#[derive(Debug, Clone, Deserialize)]
pub struct Hint {
    iss: String,
    aud: ApplicationId,
    sid: Option<SessionId>,
    /// The user's id, unless the application maps something else there.
    #[serde(default)]
    sub: serde_json::Value,
}

impl Hint {
    /// Whom it was issued to.
    pub const fn client(&self) -> ApplicationId {
        self.aud
    }

    /// In which session it was issued.
    pub const fn session(&self) -> Option<SessionId> {
        self.sid
    }

    /// Whom it speaks of: whose session it was issued in; when that is over, whom `sub` names, where
    /// the application that it was issued to, `view`, maps nothing else there. Then nobody can tell
    /// any more.
    pub async fn user(&self, cx: &Cx, view: &ApplicationView) -> Result<Option<UserId>, Fault> {
        let (store, env) = (&*cx.ports.store, cx.env_id());
        if let Some(sid) = self.sid
            && let Some(session) =
                entity::load::<Session>(store, env, sid.to_string(), cx.now).await?
            && let Some(user) = &session.user
        {
            return Ok(Some(user.id));
        }
        let mut mapped = view.attributes.iter();
        let is_mapped = mapped.any(|attribute| attribute.name == "sub");
        let subject = self.sub.as_str().filter(|_| !is_mapped);
        Ok(subject.and_then(|id| id.parse().ok()))
    }
}

/// Ends the browser's session. Without one it still answers as asked: signing off twice is no
/// error.
///
/// Spec: OpenID Connect RP-Initiated Logout 1.0, 2 and 3; `reference/oidc.md` 14.1.
pub async fn signoff(cx: &Cx, params: &Params, token: Option<&BrowserToken>) -> Outcome<SignedOff> {
    let answer = end(cx, params, token).await;
    if let Err(Failure::Refused(refused)) = &answer {
        let session = of_browser(cx, token).await?;
        not_signed_off(cx, session.as_deref(), refused)?;
    }
    answer
}

async fn end(cx: &Cx, params: &Params, token: Option<&BrowserToken>) -> Outcome<SignedOff> {
    let hint = params
        .get("id_token_hint")
        .map(|text| hint(cx, text))
        .transpose()?;
    let application = match &hint {
        Some(hint) => Some(enabled(cx, hint.aud, "id_token_hint").await?),
        None => None,
    };
    let destination = destination(cx, params, application.as_deref()).await?;
    run(
        cx,
        &EndSession {
            token,
            hint: hint.as_ref().zip(application.as_deref()),
        },
    )
    .await?;
    Ok(destination.map_or(SignedOff::Page, SignedOff::Redirect))
}

/// Believes an ID token of this environment, expired or not.
pub fn hint(cx: &Cx, text: &str) -> Result<Hint, Refused> {
    let refuse = |why: String| Refusal::ParameterInvalid("id_token_hint").because(why);
    let verified = verify::<Hint>(text, &cx.env.keys, &cx.env.known_signatures, cx.now)
        .map_err(|why| refuse(why.to_string()))?;
    if verified.typ() != Some(id::TYP) {
        return Err(refuse(format!("typ is {:?}", verified.typ())));
    }
    let hint = verified.into_claims();
    if hint.iss != cx.env.issuer {
        return Err(refuse("another issuer".to_owned()));
    }
    Ok(hint)
}

/// Which application a sign-off is about, as the request says, believed or not: the one it names, else
/// the one that the hint was issued to.
pub fn claimed_client(params: &Params) -> Option<String> {
    #[derive(Deserialize)]
    struct Claimed {
        aud: String,
    }
    if let Some(id) = params.get("client_id") {
        return Some(id.to_owned());
    }
    let payload = params.get("id_token_hint")?.split('.').nth(1)?;
    let payload = URL_SAFE_NO_PAD.decode(payload).ok()?;
    Some(serde_json::from_slice::<Claimed>(&payload).ok()?.aud)
}

/// The application with an id, which must still be there and enabled.
pub(super) async fn enabled(
    cx: &Cx,
    id: ApplicationId,
    parameter: &'static str,
) -> Outcome<Arc<ApplicationView>> {
    let view = cx.env.application(&cx.ports, id, cx.now).await?;
    let view = view.filter(|view| view.application.enabled);
    Ok(view.ok_or_else(|| {
        Refusal::ParameterInvalid(parameter)
            .because(format!("application {id} is gone or disabled"))
    })?)
}

/// The registered URI to go to, with `state`: the hint's application must have it, or, without a
/// hint, the one that `client_id` names, or else any enabled application.
pub(super) async fn destination(
    cx: &Cx,
    params: &Params,
    hinted: Option<&ApplicationView>,
) -> Outcome<Option<String>> {
    let named = match params.get("client_id") {
        Some(id) => {
            let id = id
                .parse()
                .map_err(|_| Refusal::ParameterInvalid("client_id"))?;
            Some(enabled(cx, id, "client_id").await?)
        }
        None => None,
    };
    if let (Some(hinted), Some(named)) = (hinted, &named)
        && hinted.application.id != named.application.id
    {
        let why = "client_id is not the audience of id_token_hint";
        return Err(Refusal::ParameterInvalid("client_id").because(why).into());
    }
    let Some(uri) = params.get("post_logout_redirect_uri") else {
        return Ok(None);
    };
    if hinted.is_none() && cx.env.environment.settings.sign_off_hint_required {
        let why = "the environment asks for an id_token_hint with post_logout_redirect_uri";
        return Err(Refusal::ParameterMissing("id_token_hint")
            .because(why)
            .into());
    }
    let state = params.get("state").unwrap_or_default();
    if uri.len() + state.len() >= MAX_DESTINATION {
        return Err(Refusal::TooLarge
            .because("post_logout_redirect_uri and state")
            .into());
    }
    let registered = |application: &Application| {
        application
            .post_logout_redirect_uris
            .iter()
            .any(|registered| registered == uri)
    };
    let is_registered = if let Some(view) = hinted.or(named.as_deref()) {
        registered(&view.application)
    } else {
        let entry = Application::post_logout_entry(uri);
        let index = Application::BY_POST_LOGOUT_REDIRECT_URI;
        let query = Query::equal(Application::KIND, cx.env_id(), index, entry, MAX_SHARING);
        let page = cx.ports.store.list(&query, cx.now).await?;
        let mut found = false;
        for doc in &page.docs {
            let application = Application::from_doc(doc)?;
            found |= application.enabled && registered(&application);
        }
        found
    };
    if !is_registered {
        let registered = hinted.or(named.as_deref()).map(|view| &view.application);
        let expected = match registered.map(|it| it.post_logout_redirect_uris.as_slice()) {
            None => "one of the postLogoutRedirectUris of any enabled application".to_owned(),
            Some([]) => "a registered URI, and the application has none".to_owned(),
            Some(registered) => registered.join(" "),
        };
        let why = "not among the postLogoutRedirectUris that count here";
        return Err(Refusal::ParameterInvalid("post_logout_redirect_uri")
            .because(why)
            .expected(expected)
            .arrived(uri)
            .into());
    }
    let mut to = uri.to_owned();
    if !state.is_empty() {
        let state: String = form_urlencoded::byte_serialize(state.as_bytes()).collect();
        let separator = if uri.contains('?') { '&' } else { '?' };
        to = format!("{to}{separator}state={state}");
    }
    Ok(Some(to))
}

/// Tells that somebody asked to be signed off, and was.
pub(super) fn signed_off(cx: &Cx, writes: Batch, user: Option<UserId>) -> Result<Batch, Fault> {
    let env = cx.env_id();
    let Some(user) = user.map(|user| Party::user_id(env, user)) else {
        return Ok(writes);
    };
    let actors = Actors {
        user: Some(user.clone()),
        client: None,
    };
    let tell = |happened| Activity::new(cx, happened, vec![user.clone()]).by(&actors);
    Ok(writes
        .record(tell(&kinds::SLO_REQUESTED).to_event(env)?)
        .record(tell(&kinds::SLO_SUCCESS).to_event(env)?))
}

/// Tells that whoever has a session asked to be signed off, and was not. What no session asks for
/// is nobody's sign-off.
///
/// Compat: `USER.SLO_PARTIAL_LOGOUT` is never told: a session ends for all its applications at once
/// (`reference/flows.md` 13).
pub(super) fn not_signed_off(
    cx: &Cx,
    session: Option<&Session>,
    refused: &Refused,
) -> Result<(), Fault> {
    let Some(user) = session.and_then(|session| session.user.as_ref()) else {
        return Ok(());
    };
    let user = Party::user_id(cx.env_id(), user.id);
    let actors = Actors {
        user: Some(user.clone()),
        client: None,
    };
    let why = match &refused.refusal {
        Refusal::ParameterInvalid(name) => format!("Invalid {name}"),
        Refusal::ParameterMissing(name) => format!("Missing {name}"),
        _ => "Invalid Request".to_owned(),
    };
    let requested = Activity::new(cx, &kinds::SLO_REQUESTED, vec![user.clone()]).by(&actors);
    let failed = Activity::new(cx, &kinds::SLO_FAILURE, vec![user]).by(&actors);
    // A refusal that costs nothing must not begin to (`threats.md` 33).
    cx.aside.note(cx, &requested)?;
    cx.aside.note(cx, &failed.failed(why))
}

/// The session of a browser.
async fn of_browser(
    cx: &Cx,
    token: Option<&BrowserToken>,
) -> Result<Option<Stored<Session>>, Fault> {
    let Some(token) = token.filter(|token| token.is_session()) else {
        return Ok(None);
    };
    let (store, env) = (&*cx.ports.store, cx.env_id());
    entity::load_by::<Session>(store, env, Session::UNIQUE_TOKEN, token.hash(), cx.now).await
}

struct EndSession<'a> {
    token: Option<&'a BrowserToken>,
    /// The hint, and the application that it was issued to.
    hint: Option<(&'a Hint, &'a ApplicationView)>,
}

impl Operation for EndSession<'_> {
    /// The browser's session, and the hint's user.
    type Facts = (Option<Stored<Session>>, Option<UserId>);
    type Reply = Option<UserId>;

    async fn gather(&self, cx: &Cx) -> Outcome<Self::Facts> {
        let mine = of_browser(cx, self.token).await?;
        let hinted = match self.hint {
            Some((hint, view)) => hint.user(cx, view).await?,
            None => None,
        };
        Ok((mine, hinted))
    }

    fn decide(&self, cx: &Cx, facts: Self::Facts) -> Result<Verdict<Option<UserId>>, Fault> {
        let (Some(mine), hinted) = facts else {
            return Ok(Verdict::reply(None));
        };
        let user = mine.user.as_ref().map(|user| user.id);
        if hinted.is_some() && hinted != user {
            let why = "the hint's user is not the one of this browser's session";
            return Ok(Verdict::refuse(
                Refusal::ParameterInvalid("id_token_hint").because(why),
            ));
        }
        let writes = Batch::new().delete(mine.key(cx.env_id()));
        let writes = signed_off(cx, writes, user)?;
        Ok(Verdict::reply(user).writing(writes))
    }
}
