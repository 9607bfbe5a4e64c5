//! Grants: a file a `grant_type`, and the slice that lists them. Discovery, the "not allowed for
//! this application" rule and the token endpoint read the slice.

pub mod authorization_code;
pub mod client_credentials;
pub mod device_code;
pub mod refresh_token;
pub mod token_exchange;

use countersign_domain::application::GrantType;
use countersign_domain::entity;
use countersign_domain::ids::{SessionId, UserId};
use countersign_domain::ports::BoxFuture;
use countersign_domain::session::Session;
use countersign_domain::user::User;

use crate::as_::client_auth::Client;
use crate::as_::params::Params;
use crate::as_::token::TokenResponse;
use crate::configuration::{ApplicationView, Snapshot};
use crate::cx::Cx;
use crate::in_use::Use;
use crate::refusal::Outcome;

/// A grant of the token endpoint.
pub trait Grant: Sync {
    /// `grant_type` on the wire.
    fn grant_type(&self) -> &'static str;

    /// The application setting that allows it.
    fn setting(&self) -> GrantType;

    /// Whether an application may use it.
    fn is_allowed(&self, _env: &Snapshot, view: &ApplicationView) -> bool {
        view.application.allows_grant(self.setting())
    }

    /// Turns the grant into tokens for an authenticated client.
    fn redeem<'a>(
        &'a self,
        cx: &'a Cx,
        client: &'a Client,
        params: &'a Params,
    ) -> BoxFuture<'a, Outcome<TokenResponse>>;
}

/// Every grant served.
pub static GRANTS: &[&dyn Grant] = &[
    &authorization_code::AuthorizationCode,
    &client_credentials::ClientCredentials,
    &refresh_token::RefreshToken,
    &device_code::DeviceCode,
    &token_exchange::TokenExchange,
];

/// Session and user of a sign-on that tokens are asked for, if the session lives and the user is
/// enabled. Read with every grant: whoever ended them ended the tokens to come.
pub async fn living(
    cx: &Cx,
    session: SessionId,
    user: UserId,
) -> Outcome<(Option<Session>, Option<User>)> {
    let (store, env) = (&*cx.ports.store, cx.env_id());
    let (session, user) = futures_util::try_join!(
        entity::load::<Session>(store, env, session.to_string(), cx.now),
        entity::load::<User>(store, env, user.to_string(), cx.now),
    )?;
    let user = user.filter(|user| user.enabled);
    if let (Some(session), Some(_)) = (&session, &user) {
        cx.in_use.note(session, Use::Tokens);
    }
    Ok((
        session.map(|stored| stored.value),
        user.map(|stored| stored.value),
    ))
}
