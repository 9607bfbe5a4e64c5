//! `grant_type=refresh_token` (`reference/oidc.md` 6.6; `threats.md` 26, 27).

use std::time::Duration;

use countersign_domain::application::GrantType;
use countersign_domain::entity::{self, Stored};
use countersign_domain::group::Memberships;
use countersign_domain::ids::TokenId;
use countersign_domain::ports::BoxFuture;
use countersign_domain::session::Session;
use countersign_domain::store::{Batch, Fault};
use countersign_domain::user::User;

use super::Grant;
use crate::as_::access_control::{self, Standing};
use crate::as_::checks::scope;
use crate::as_::client_auth::Client;
use crate::as_::params::Params;
use crate::as_::token::TokenResponse;
use crate::as_::tokens::refresh::{self, RefreshFamily};
use crate::as_::tokens::revoked;
use crate::as_::tokens::{self, SignOn, TokenClaims};
use crate::configuration::{ApplicationView, Snapshot};
use crate::cx::Cx;
use crate::groups;
use crate::refusal::{Outcome, Refusal, Refused};
use crate::run::{Operation, Verdict, run};

/// The grant.
pub struct RefreshToken;

impl Grant for RefreshToken {
    fn grant_type(&self) -> &'static str {
        "refresh_token"
    }

    fn setting(&self) -> GrantType {
        GrantType::RefreshToken
    }

    /// An application that may ask for `offline_access` needs no further setting
    /// (`reference/oidc.md` C4).
    fn is_allowed(&self, env: &Snapshot, view: &ApplicationView) -> bool {
        view.application.allows_grant(GrantType::RefreshToken)
            || scope::is_grantable(env, view, "offline_access")
    }

    fn redeem<'a>(
        &'a self,
        cx: &'a Cx,
        client: &'a Client,
        params: &'a Params,
    ) -> BoxFuture<'a, Outcome<TokenResponse>> {
        Box::pin(async move {
            let text = params.require("refresh_token")?;
            let (family, generation) = refresh::parse(&cx.ports.vault, cx.env_id(), text)?
                .ok_or_else(|| Refusal::RefreshTokenInvalid.because("not made by this server"))?;
            let refresh = Refresh {
                client,
                family,
                generation,
                scope: params.get("scope"),
            };
            let claims = run(cx, &refresh).await?;
            Ok(tokens::sign(cx, &client.view().application, claims)?)
        })
    }
}

struct Refresh<'a> {
    client: &'a Client,
    family: TokenId,
    generation: u64,
    scope: Option<&'a str>,
}

struct Facts {
    family: Option<Stored<RefreshFamily>>,
    session: Option<Session>,
    user: Option<User>,
    /// The user's groups, where a mapping asks for them.
    groups: Option<Memberships>,
    /// Whether the consent that the family rests on still holds, if it rests on one.
    consented: bool,
    /// Whether the application still lets the user in, where that is asked.
    standing: Standing,
    jti: TokenId,
}

impl Operation for Refresh<'_> {
    type Facts = Facts;
    type Reply = TokenClaims;

    async fn gather(&self, cx: &Cx) -> Outcome<Facts> {
        let (store, env) = (&*cx.ports.store, cx.env_id());
        let id = self.family.to_string();
        let family = entity::load::<RefreshFamily>(store, env, id, cx.now).await?;
        let (session, user) = match &family {
            Some(family) => super::living(cx, family.session, family.user).await?,
            None => (None, None),
        };
        let consented = match &family {
            Some(family) => refresh::is_consented(cx, family).await?,
            None => false,
        };
        let again = cx.env.environment.settings.access_control_on_refresh;
        let standing = match &user {
            Some(user) if again => {
                let application = &self.client.view().application;
                access_control::standing(cx, application, user).await?
            }
            _ => Standing::Allowed,
        };
        let is_wanted = groups::are_mapped(cx, self.client.view());
        let groups = groups::named(cx, is_wanted, user.as_ref().map(|it| it.id)).await?;
        Ok(Facts {
            family,
            session,
            user,
            groups,
            consented,
            standing,
            jti: revoked::jti_in(self.family, TokenId::random(&*cx.ports.entropy)),
        })
    }

    fn decide(&self, cx: &Cx, facts: Facts) -> Result<Verdict<TokenClaims>, Fault> {
        let refuse = |why: &'static str| Verdict::refuse(Refusal::RefreshTokenInvalid.because(why));
        let Some(Stored {
            value: mut family,
            version,
        }) = facts.family
        else {
            return Ok(refuse("its family ended: expired, revoked, or replayed"));
        };
        if family.client != self.client.id() {
            return Ok(refuse("issued to another client"));
        }
        let application = &self.client.view().application;
        let is_current = self.generation == family.generation;
        let grace = Duration::from_secs(u64::from(
            application
                .refresh_token_rolling_grace_period_duration
                .unwrap_or(0),
        ));
        if !is_current && !family.is_in_grace(self.generation, grace, cx.now) {
            let ends_family = application.additional_refresh_token_replay_protection_enabled;
            let why = "exchanged before: the token is in two hands";
            let verdict = refuse(why);
            return Ok(if ends_family {
                verdict.writing(refresh::end(cx.env_id(), family.id, cx.now)?)
            } else {
                verdict
            });
        }
        if facts.session.is_none() {
            return Ok(refuse("its session is over"));
        }
        let Some(user) = facts.user else {
            return Ok(refuse("its user is gone or disabled"));
        };
        if !facts.consented {
            return Ok(refuse("the user took the consent back"));
        }
        if facts.standing != Standing::Allowed {
            return Ok(refuse("the application does not let the user in any more"));
        }
        let claims = match self.claims(cx, &family, (&user, facts.groups.as_ref()), facts.jti) {
            Ok(claims) => claims,
            Err(refused) => return Ok(Verdict::refuse(refused)),
        };
        let mut writes = Batch::new();
        if is_current {
            family.advance(application, grace, cx.now);
            writes = writes.update(cx.env_id(), &family, version)?;
        }
        // Within the grace period the current one again: one lineage, however often asked for.
        let next = refresh::token(&cx.ports.vault, cx.env_id(), family.id, family.generation)?;
        Ok(Verdict::reply(claims.with_refresh_token(next)).writing(writes))
    }
}

impl Refresh<'_> {
    /// The tokens: of the scope granted once, as far as the application still may, and no wider
    /// than asked for now.
    ///
    /// Spec: RFC 6749 6.
    fn claims(
        &self,
        cx: &Cx,
        family: &RefreshFamily,
        (user, groups): (&User, Option<&Memberships>),
        jti: TokenId,
    ) -> Result<TokenClaims, Refused> {
        let view = self.client.view();
        let scope = scope::narrowed(&cx.env, view, &family.scope, self.scope)?;
        let sign_on = SignOn {
            user,
            groups,
            session: family.session,
            auth_time: family.auth_time,
            acr: &family.acr,
            amr: &family.amr,
            nonce: None,
        };
        tokens::for_user(cx, view, &scope, &sign_on, jti)
    }
}
