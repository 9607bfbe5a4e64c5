//! `grant_type=urn:ietf:params:oauth:grant-type:device_code` (`reference/oidc.md` 15.3): a device
//! asks again and again whether somebody signed on for it.

use std::time::Duration;

use countersign_domain::application::GrantType;
use countersign_domain::consent::OauthConsent;
use countersign_domain::entity::{self, Entity, Stored, kinds};
use countersign_domain::group::Memberships;
use countersign_domain::ids::TokenId;
use countersign_domain::ports::BoxFuture;
use countersign_domain::session::Session;
use countersign_domain::store::{Batch, Fault, Kind};
use countersign_domain::time::Time;
use countersign_domain::user::User;
use serde::{Deserialize, Serialize};

use super::Grant;
use crate::as_::checks::scope;
use crate::as_::client_auth::Client;
use crate::as_::device_authorization::{Decision, DeviceAuthorization};
use crate::as_::params::Params;
use crate::as_::token::TokenResponse;
use crate::as_::tokens::refresh::{self, RefreshFamily};
use crate::as_::tokens::revoked;
use crate::as_::tokens::{self, SignOn, TokenClaims};
use crate::browser;
use crate::cx::Cx;
use crate::flows::state::Done;
use crate::groups;
use crate::refusal::{Outcome, Refusal};
use crate::run::{Operation, Verdict, run};

/// By how much the interval grows with every poll that comes too early.
///
/// Spec: RFC 8628 3.5.
const SLOWER_BY: u32 = 5;
/// Decision: the interval grows no further than this, so that a device that was impatient once
/// still gets its tokens.
const SLOWEST: u32 = 60;

/// When a waiting device asked last. Apart from the request itself, so that polls never stand in
/// the way of the person who decides.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DevicePoll {
    /// Whose: the id of the [`DeviceAuthorization`].
    pub hash: String,
    /// When.
    pub at: Time,
    /// Seconds to the next one.
    pub interval: u32,
    /// When both codes are over.
    pub expires_at: Time,
}

impl Entity for DevicePoll {
    const KIND: Kind = kinds::DEVICE_POLL;
    fn id(&self) -> String {
        self.hash.clone()
    }
    fn expires_at(&self) -> Option<Time> {
        Some(self.expires_at)
    }
}

/// The grant.
pub struct DeviceCode;

impl Grant for DeviceCode {
    fn grant_type(&self) -> &'static str {
        "urn:ietf:params:oauth:grant-type:device_code"
    }

    fn setting(&self) -> GrantType {
        GrantType::DeviceCode
    }

    fn redeem<'a>(
        &'a self,
        cx: &'a Cx,
        client: &'a Client,
        params: &'a Params,
    ) -> BoxFuture<'a, Outcome<TokenResponse>> {
        Box::pin(async move {
            let hash = browser::hash(params.require("device_code")?);
            let claims = run(cx, &Redeem { client, hash }).await?;
            Ok(tokens::sign(cx, &client.view().application, claims)?)
        })
    }
}

struct Redeem<'a> {
    client: &'a Client,
    hash: String,
}

struct Facts {
    request: Option<Stored<DeviceAuthorization>>,
    poll: Option<DevicePoll>,
    session: Option<Session>,
    user: Option<User>,
    consent: Option<OauthConsent>,
    /// The user's groups, where a mapping asks for them.
    groups: Option<Memberships>,
    jti: TokenId,
    family: TokenId,
}

impl Operation for Redeem<'_> {
    type Facts = Facts;
    type Reply = TokenClaims;

    async fn gather(&self, cx: &Cx) -> Outcome<Facts> {
        let (store, env) = (&*cx.ports.store, cx.env_id());
        let (request, poll) = futures_util::try_join!(
            entity::load::<DeviceAuthorization>(store, env, &self.hash, cx.now),
            entity::load::<DevicePoll>(store, env, &self.hash, cx.now),
        )?;
        let (mut session, mut user, mut consent) = (None, None, None);
        if let Some(Decision::Approved(done)) = request.as_ref().map(|it| &it.decision) {
            (session, user) = super::living(cx, done.session, done.user.id).await?;
            let of = OauthConsent::of(done.user.id, self.client.id());
            let rule = OauthConsent::UNIQUE_APPLICATION;
            let found = entity::load_by::<OauthConsent>(store, env, rule, of, cx.now).await?;
            consent = found.map(|found| found.value).filter(OauthConsent::holds);
        }
        let is_wanted = groups::are_mapped(cx, self.client.view());
        let groups = groups::named(cx, is_wanted, user.as_ref().map(|it| it.id)).await?;
        let fresh = TokenId::random(&*cx.ports.entropy);
        let family = TokenId::random(&*cx.ports.entropy);
        Ok(Facts {
            groups,
            request,
            poll: poll.map(|poll| poll.value),
            session,
            user,
            consent,
            jti: revoked::jti_in(family, fresh),
            family,
        })
    }

    /// Spec: RFC 8628 3.5; `reference/rulings.md` 12.
    fn decide(&self, cx: &Cx, mut facts: Facts) -> Result<Verdict<TokenClaims>, Fault> {
        let refuse =
            |why: &'static str| Ok(Verdict::refuse(Refusal::DeviceCodeInvalid.because(why)));
        let Some(request) = facts.request.take() else {
            return refuse("no such device code: never issued, or forgotten");
        };
        // Threat 13: a code is worth nothing to another client, and is not used up by it.
        if request.client != self.client.id() {
            return refuse("issued to another client");
        }
        match &request.decision {
            Decision::Redeemed => refuse("used before"),
            Decision::Denied => Ok(Verdict::refuse(
                Refusal::AccessDenied.because("the person refused the device"),
            )),
            _ if cx.now >= request.expires_at => Ok(Verdict::refuse(
                Refusal::DeviceCodeExpired.because("nobody decided in time, or too late asked"),
            )),
            Decision::Pending => self.wait(cx, &request, facts.poll),
            Decision::Approved(done) => {
                let done = done.clone();
                self.hand_out(cx, request, &done, facts)
            }
        }
    }
}

impl Redeem<'_> {
    /// Nobody decided yet: the device is to come back, and no sooner than it was told.
    fn wait(
        &self,
        cx: &Cx,
        request: &DeviceAuthorization,
        last: Option<DevicePoll>,
    ) -> Result<Verdict<TokenClaims>, Fault> {
        let set = self.client.view().application.device_polling_interval;
        let due = |poll: &DevicePoll| {
            let interval = Duration::from_secs(u64::from(poll.interval));
            poll.at.plus(interval)
        };
        let too_early = last.as_ref().is_some_and(|poll| cx.now < due(poll));
        let interval = last.map_or(set, |poll| poll.interval);
        let interval = if too_early {
            interval.saturating_add(SLOWER_BY).min(SLOWEST.max(set))
        } else {
            interval
        };
        let poll = DevicePoll {
            hash: self.hash.clone(),
            at: cx.now,
            interval,
            expires_at: request.expires_at,
        };
        let refusal = if too_early {
            Refusal::SlowDown
        } else {
            Refusal::AuthorizationPending
        };
        let writes = Batch::new().put(poll.to_doc(cx.env_id())?);
        let why = format!("nobody decided yet; the interval is {interval} s");
        Ok(Verdict::refuse(refusal.because(why)).writing(writes))
    }

    /// The person consented: tokens, once.
    ///
    /// Decision: a device that lost the answer starts over. Its code is not a proof that somebody
    /// else has it too, so a second use ends nothing.
    fn hand_out(
        &self,
        cx: &Cx,
        request: Stored<DeviceAuthorization>,
        done: &Done,
        facts: Facts,
    ) -> Result<Verdict<TokenClaims>, Fault> {
        let refuse =
            |why: &'static str| Ok(Verdict::refuse(Refusal::DeviceCodeInvalid.because(why)));
        let (Some(session), Some(user)) = (facts.session, facts.user) else {
            return refuse("the session is over, or the user is gone or disabled");
        };
        let Some(consent) = facts.consent else {
            return refuse("the consent was taken back");
        };
        let Stored {
            value: mut request,
            version,
        } = request;
        let view = self.client.view();
        // What the application lost since then is not granted any more.
        let scope = match scope::narrowed(&cx.env, view, &request.scope, None) {
            Ok(scope) => scope,
            Err(refused) => return Ok(Verdict::refuse(refused)),
        };
        let sign_on = SignOn {
            user: &user,
            groups: facts.groups.as_ref(),
            session: session.id,
            auth_time: done.auth_time,
            acr: &done.acr,
            amr: &done.amr,
            nonce: None,
        };
        let mut claims = match tokens::for_user(cx, view, &scope, &sign_on, facts.jti) {
            Ok(claims) => claims,
            Err(refused) => return Ok(Verdict::refuse(refused)),
        };
        let mut writes = Batch::new();
        if refresh::is_issued(&cx.env, view, &scope) {
            let family = RefreshFamily {
                id: facts.family,
                client: request.client,
                user: user.id,
                session: session.id,
                scope,
                auth_time: done.auth_time,
                acr: done.acr.clone(),
                amr: done.amr.clone(),
                consent: Some(consent.id),
                first_issued_at: cx.now,
                generation: 0,
                exchanged_at: cx.now,
                exchanged_before: Vec::new(),
                expires_at: refresh::expires_at(&view.application, cx.now, cx.now),
            };
            let first = refresh::token(&cx.ports.vault, cx.env_id(), family.id, 0)?;
            claims = claims.with_refresh_token(first);
            writes = writes.create(cx.env_id(), &family)?;
        }
        request.decision = Decision::Redeemed;
        let writes = writes.update(cx.env_id(), &request, version)?;
        Ok(Verdict::reply(claims).writing(writes))
    }
}
