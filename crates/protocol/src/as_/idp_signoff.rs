//! `GET /{envID}/as/idpSignoff` (`reference/oidc.md` 14.2): signs off by the ID token alone, for
//! applications that do not hold the browser's cookie.

use countersign_domain::entity::{self, Entity, Stored};
use countersign_domain::ids::SessionId;
use countersign_domain::session::Session;
use countersign_domain::store::{Batch, Fault};

use crate::as_::params::Params;
use crate::as_::signoff;
use crate::cx::Cx;
use crate::refusal::{Failure, Outcome, Refusal};
use crate::run::{Operation, Verdict, run};

/// Ends the session that an ID token, expired or not, was issued in. A session that is over already
/// is no error. Answers where the application wants the browser to be.
///
/// Source: `reference/oidc.md` 14.2.
pub async fn idp_signoff(cx: &Cx, params: &Params) -> Outcome<Option<String>> {
    let hint = signoff::hint(cx, params.require("id_token_hint")?)?;
    let answer = end(cx, params, &hint).await;
    if let (Err(Failure::Refused(refused)), Some(id)) = (&answer, hint.session()) {
        let (store, env) = (&*cx.ports.store, cx.env_id());
        let session = entity::load::<Session>(store, env, id.to_string(), cx.now).await?;
        signoff::not_signed_off(cx, session.as_deref(), refused)?;
    }
    answer
}

async fn end(cx: &Cx, params: &Params, hint: &signoff::Hint) -> Outcome<Option<String>> {
    let view = signoff::enabled(cx, hint.client(), "id_token_hint").await?;
    if !view.application.idp_signoff {
        let why = format!("idpSignoff of application {} is false", hint.client());
        return Err(Refusal::ParameterInvalid("id_token_hint")
            .because(why)
            .into());
    }
    let redirect = signoff::destination(cx, params, Some(&view)).await?;
    if let Some(session) = hint.session() {
        run(cx, &EndSession(session)).await?;
    }
    Ok(redirect)
}

struct EndSession(SessionId);

impl Operation for EndSession {
    type Facts = Option<Stored<Session>>;
    type Reply = ();

    async fn gather(&self, cx: &Cx) -> Outcome<Self::Facts> {
        let (store, env) = (&*cx.ports.store, cx.env_id());
        Ok(entity::load::<Session>(store, env, self.0.to_string(), cx.now).await?)
    }

    fn decide(&self, cx: &Cx, facts: Self::Facts) -> Result<Verdict<()>, Fault> {
        let Some(session) = facts else {
            return Ok(Verdict::reply(()));
        };
        let writes = Batch::new().delete(session.key(cx.env_id()));
        let user = session.user.map(|user| user.id);
        Ok(Verdict::reply(()).writing(signoff::signed_off(cx, writes, user)?))
    }
}
