//! `GET|POST /{envID}/as/userinfo` (`reference/oidc.md` 11).

use std::sync::Arc;

use countersign_domain::ids::ApplicationId;
use serde_json::Value;

use crate::as_::checks::scope::GrantedScope;
use crate::as_::tokens::claims::{Target, user_claims, user_value};
use crate::as_::tokens::presented::user_token;
use crate::cx::Cx;
use crate::groups;
use crate::refusal::{Outcome, Refusal};

/// Claims about the user of an access token, by its scopes, as JSON, and the application it was issued
/// to.
///
/// Spec: OIDC Core 5.3.2; `reference/oidc.md` 11.2.
pub async fn userinfo(cx: &Cx, token: Option<&str>) -> Outcome<(ApplicationId, Arc<str>)> {
    let token = token.ok_or_else(|| Refusal::TokenMissing.because("no bearer token"))?;
    let presented = user_token(cx, token).await?;
    if !presented.token.claims.has_scope("openid") {
        return Err(Refusal::TokenScope("openid")
            .because("the token was not for sign-on")
            .into());
    }
    let client = cx
        .env
        .application(&cx.ports, presented.token.claims.client_id, cx.now)
        .await?
        .filter(|view| view.application.enabled)
        .ok_or_else(|| Refusal::TokenInvalid.because("its application is gone or disabled"))?;
    let id = client.application.id;
    let (seen, signed_on) = (&presented.token, &presented.signed_on);
    if let Some(told) = seen.userinfo(signed_on, cx.env.seq) {
        return Ok((id, told));
    }
    let scope = GrantedScope {
        names: seen.claims.scope.split(' ').map(str::to_owned).collect(),
        ..GrantedScope::default()
    };
    let is_wanted = groups::are_mapped(cx, &client);
    let groups = groups::named(cx, is_wanted, Some(signed_on.user.id)).await?;
    let with_groups = groups.map(|groups| user_value(&signed_on.user, Some(&groups)));
    let user = with_groups
        .as_ref()
        .unwrap_or_else(|| signed_on.user_json());
    let claims = user_claims(cx, &client, &scope, user, Target::UserInfo)?;
    let text = Arc::from(Value::Object(claims).to_string());
    // Who is in which group is not part of the user.
    if with_groups.is_none() {
        seen.tell(signed_on, cx.env.seq, &text);
    }
    Ok((id, text))
}
