//! `grant_type=authorization_code` (`reference/oidc.md` 6.3), and the codes it redeems.

use std::time::Duration;

use countersign_domain::application::GrantType;
use countersign_domain::application::redirect_uri::RedirectUri;
use countersign_domain::entity::{self, Entity, Stored, kinds};
use countersign_domain::group::Memberships;
use countersign_domain::ids::{ApplicationId, EnvId, SessionId, TokenId, UserId};
use countersign_domain::ports::BoxFuture;
use countersign_domain::session::Session;
use countersign_domain::store::{Batch, Fault, Kind};
use countersign_domain::time::Time;
use countersign_domain::user::User;
use serde::{Deserialize, Serialize};

use super::Grant;
use crate::as_::access_control::{self, Standing};
use crate::as_::authorize::AuthorizationRequest;
use crate::as_::checks::pkce::{self, CodeChallenge};
use crate::as_::checks::redirect_uri;
use crate::as_::checks::scope::{self, GrantedScope};
use crate::as_::client_auth::Client;
use crate::as_::params::Params;
use crate::as_::token::TokenResponse;
use crate::as_::tokens::refresh::{self, RefreshFamily};
use crate::as_::tokens::revoked::{self, RevokedToken};
use crate::as_::tokens::{self, SignOn, TokenClaims};
use crate::browser;
use crate::cx::Cx;
use crate::flows::state::Done;
use crate::groups;
use crate::refusal::{Outcome, Refusal, Refused};
use crate::run::{Operation, Verdict, run};

/// Lifetime of a code.
/// Source: `reference/oidc.md` 24.
const LIFETIME: Duration = Duration::from_mins(1);

/// An authorization code, filed under its hash.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Code {
    /// SHA-256 of the code in base64url.
    pub hash: String,
    /// Who may redeem it.
    pub client: ApplicationId,
    /// `redirect_uri` of the authorization request; must be repeated if it was sent.
    pub redirect_uri: Option<RedirectUri>,
    /// PKCE.
    pub code_challenge: Option<CodeChallenge>,
    /// What was granted.
    pub scope: GrantedScope,
    /// For the ID token.
    pub nonce: Option<String>,
    /// `sub`.
    pub user: UserId,
    /// `sid`.
    pub session: SessionId,
    /// `auth_time`.
    pub auth_time: Time,
    /// `acr`.
    pub acr: String,
    /// `amr`.
    pub amr: Vec<String>,
    /// Until when it can be redeemed.
    pub redeemable_until: Time,
    /// What became of it. A used code is remembered as long as its tokens live, so that a replay
    /// can end them.
    pub spent: Option<Spent>,
}

/// How a code ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Spent {
    /// The access token it was redeemed for; none when it was burned.
    pub access_token: Option<TokenId>,
    /// The family of refresh tokens that began with it.
    #[serde(default)]
    pub family: Option<TokenId>,
    /// When the access token is over.
    pub remembered_until: Time,
}

impl Entity for Code {
    const KIND: Kind = kinds::AUTHORIZATION_CODE;
    fn id(&self) -> String {
        self.hash.clone()
    }
    fn expires_at(&self) -> Option<Time> {
        Some(
            self.spent
                .as_ref()
                .map_or(self.redeemable_until, |spent| spent.remembered_until),
        )
    }
}

/// Issues a code for a scope: the write that makes it true. `code` is fresh randomness.
pub fn issue(
    env: EnvId,
    request: &AuthorizationRequest,
    scope: GrantedScope,
    done: &Done,
    code: &str,
    now: Time,
) -> Result<Batch, Fault> {
    let document = Code {
        hash: browser::hash(code),
        client: request.client,
        redirect_uri: request.destination.redirect_uri.clone(),
        code_challenge: request.code_challenge.clone(),
        scope,
        nonce: request.nonce.clone(),
        user: done.user.id,
        session: done.session,
        auth_time: done.auth_time,
        acr: done.acr.clone(),
        amr: done.amr.clone(),
        redeemable_until: now.plus(LIFETIME),
        spent: None,
    };
    Batch::new().create(env, &document)
}

/// The grant.
pub struct AuthorizationCode;

impl Grant for AuthorizationCode {
    fn grant_type(&self) -> &'static str {
        "authorization_code"
    }

    fn setting(&self) -> GrantType {
        GrantType::AuthorizationCode
    }

    fn redeem<'a>(
        &'a self,
        cx: &'a Cx,
        client: &'a Client,
        params: &'a Params,
    ) -> BoxFuture<'a, Outcome<TokenResponse>> {
        Box::pin(async move {
            let redeem = Redeem {
                client,
                code: params.require("code")?,
                redirect_uri: params.get("redirect_uri"),
                verifier: params.get("code_verifier"),
            };
            let claims = run(cx, &redeem).await?;
            Ok(tokens::sign(cx, &client.view().application, claims)?)
        })
    }
}

struct Redeem<'a> {
    client: &'a Client,
    code: &'a str,
    redirect_uri: Option<&'a str>,
    verifier: Option<&'a str>,
}

struct Facts {
    code: Option<Stored<Code>>,
    session: Option<Session>,
    user: Option<User>,
    /// The user's groups, where a mapping asks for them.
    groups: Option<Memberships>,
    /// Whether the application still lets the user in.
    standing: Standing,
    jti: TokenId,
    family: TokenId,
}

impl Operation for Redeem<'_> {
    type Facts = Facts;
    type Reply = TokenClaims;

    async fn gather(&self, cx: &Cx) -> Outcome<Facts> {
        let (store, env) = (&*cx.ports.store, cx.env_id());
        let hash = browser::hash(self.code);
        let code = entity::load::<Code>(store, env, hash, cx.now).await?;
        let (session, user) = match &code {
            Some(code) => super::living(cx, code.session, code.user).await?,
            None => (None, None),
        };
        let view = self.client.view();
        let standing = match &user {
            Some(user) => access_control::standing(cx, &view.application, user).await?,
            None => Standing::Allowed,
        };
        let is_wanted = groups::are_mapped(cx, view);
        let groups = groups::named(cx, is_wanted, user.as_ref().map(|it| it.id)).await?;
        let fresh = TokenId::random(&*cx.ports.entropy);
        let family = TokenId::random(&*cx.ports.entropy);
        Ok(Facts {
            code,
            session,
            user,
            groups,
            standing,
            jti: revoked::jti_in(family, fresh),
            family,
        })
    }

    fn decide(&self, cx: &Cx, facts: Facts) -> Result<Verdict<TokenClaims>, Fault> {
        let Some(Stored {
            value: mut code,
            version,
        }) = facts.code
        else {
            let refused = Refusal::CodeInvalid.because("no such code: never issued, or expired");
            return Ok(Verdict::refuse(refused));
        };
        if let Some(spent) = &code.spent {
            return replayed(cx, spent);
        }
        if code.client != self.client.id() {
            // Somebody's code is in the wrong hands: nobody gets to use it (`threats.md` 8).
            let why = format!(
                "issued to {}, presented by {}",
                code.client,
                self.client.id()
            );
            code.spent = Some(Spent {
                access_token: None,
                family: None,
                remembered_until: code.redeemable_until,
            });
            let burned = Batch::new().update(cx.env_id(), &code, version)?;
            return Ok(Verdict::refuse(Refusal::CodeInvalid.because(why)).writing(burned));
        }
        let (user, session) = match self.judge(cx, &code, facts.user, facts.session) {
            Ok(whom) => whom,
            Err(refused) => return Ok(Verdict::refuse(refused)),
        };
        if facts.standing != Standing::Allowed {
            let why = "the application does not let the user in any more";
            return Ok(Verdict::refuse(Refusal::CodeInvalid.because(why)));
        }
        let sign_on = SignOn {
            user: &user,
            groups: facts.groups.as_ref(),
            session: session.id,
            auth_time: code.auth_time,
            acr: &code.acr,
            amr: &code.amr,
            nonce: code.nonce.as_deref(),
        };
        let view = self.client.view();
        // What the application lost since then is not granted any more.
        code.scope = match scope::narrowed(&cx.env, view, &code.scope, None) {
            Ok(scope) => scope,
            Err(refused) => return Ok(Verdict::refuse(refused)),
        };
        let mut claims = match tokens::for_user(cx, view, &code.scope, &sign_on, facts.jti) {
            Ok(claims) => claims,
            Err(refused) => return Ok(Verdict::refuse(refused)),
        };
        let mut writes = Batch::new();
        let family = refresh::is_issued(&cx.env, view, &code.scope)
            .then(|| self.family(cx, &code, facts.family));
        if let Some(family) = &family {
            let first = refresh::token(&cx.ports.vault, cx.env_id(), family.id, 0)?;
            claims = claims.with_refresh_token(first);
            writes = writes.create(cx.env_id(), family)?;
        }
        code.spent = Some(Spent {
            access_token: Some(facts.jti),
            family: family.map(|family| family.id),
            remembered_until: claims.access_expires_at(cx.now),
        });
        let writes = writes.update(cx.env_id(), &code, version)?;
        Ok(Verdict::reply(claims).writing(writes))
    }
}

impl Redeem<'_> {
    /// The family of refresh tokens that begins with this code.
    fn family(&self, cx: &Cx, code: &Code, id: TokenId) -> RefreshFamily {
        RefreshFamily {
            id,
            client: code.client,
            user: code.user,
            session: code.session,
            scope: code.scope.clone(),
            auth_time: code.auth_time,
            acr: code.acr.clone(),
            amr: code.amr.clone(),
            consent: None,
            first_issued_at: cx.now,
            generation: 0,
            exchanged_at: cx.now,
            exchanged_before: Vec::new(),
            expires_at: refresh::expires_at(&self.client.view().application, cx.now, cx.now),
        }
    }

    /// The rules a code must pass, after it is known to be this client's and unused.
    ///
    /// Spec: RFC 6749 4.1.3; `reference/oidc.md` 3.8 (a `redirect_uri` that was sent is repeated).
    fn judge(
        &self,
        cx: &Cx,
        code: &Code,
        user: Option<User>,
        session: Option<Session>,
    ) -> Result<(User, Session), Refused> {
        if cx.now >= code.redeemable_until {
            return Err(Refusal::CodeInvalid.because("expired"));
        }
        if self.redirect_uri != code.redirect_uri.as_ref().map(RedirectUri::as_str) {
            return Err(Refusal::CodeRedirectUri.because(format!(
                "authorize had {:?}, token has {:?}",
                code.redirect_uri,
                self.redirect_uri
                    .map(|uri| uri.chars().take(300).collect::<String>())
            )));
        }
        let application = &self.client.view().application;
        redirect_uri::check_again(application, code.redirect_uri.as_ref())
            .map_err(|refused| Refusal::CodeRedirectUri.because(refused.because))?;
        pkce::verify(code.code_challenge.as_ref(), self.verifier)?;
        let session = session.ok_or_else(|| Refusal::CodeInvalid.because("the session is over"))?;
        let user =
            user.ok_or_else(|| Refusal::CodeInvalid.because("the user is gone or disabled"))?;
        Ok((user, session))
    }
}

/// A code comes back: one of the two who had it is not the client, so what was issued ends.
///
/// Spec: RFC 6749 4.1.2 (SHOULD revoke); `reference/oidc.md` S2.
fn replayed(cx: &Cx, spent: &Spent) -> Result<Verdict<TokenClaims>, Fault> {
    let refused = Refusal::CodeInvalid.because("used before; tokens issued for it are revoked");
    let Some(jti) = spent.access_token else {
        return Ok(Verdict::refuse(refused));
    };
    let writes = if let Some(family) = spent.family {
        refresh::end(cx.env_id(), family, cx.now)?
    } else {
        let revoked = RevokedToken {
            jti,
            expires_at: spent.remembered_until,
        };
        Batch::new().put(revoked.to_doc(cx.env_id())?)
    };
    Ok(Verdict::refuse(refused).writing(writes))
}
