//! `client_assertion`: what the two JWT methods share (`reference/oidc.md` 4.3).

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use countersign_domain::application::TokenEndpointAuthMethod;
use serde::Deserialize;
use serde_json::Value;

use super::{Presented, Proof, used_assertion};
use crate::as_::params::Params;
use crate::as_::registered_keys;
use crate::configuration::ApplicationView;
use crate::cx::Cx;
use crate::jose::audience::{self, NumericDate};
use crate::jose::header;
use crate::refusal::{Outcome, Refusal, Refused};
use crate::secrets;

/// The only `client_assertion_type`.
const TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
/// How far ahead `exp` may be, in seconds.
/// Source: `reference/oidc.md` 4.3.
const MAX_AHEAD: i64 = 3600;

fn refuse(why: impl Into<std::borrow::Cow<'static, str>>) -> Refused {
    Refusal::ClientAuthenticationFailed.because(why)
}

/// The assertion of a request, if its algorithm is of this family. Whom it claims to be is read
/// without belief, to find the key that tells.
pub fn find(params: &Params, family: &str) -> Result<Option<Presented>, Refused> {
    let Some(jwt) = params.get("client_assertion") else {
        return Ok(None);
    };
    if params.get("client_assertion_type") != Some(TYPE) {
        return Err(refuse("client_assertion_type is not jwt-bearer"));
    }
    let header = header::parse_of_client(jwt).map_err(|why| refuse(why.to_string()))?;
    if !header.alg.starts_with(family) {
        return Ok(None);
    }
    let claimed = claimed_client(jwt).ok_or_else(|| refuse("the assertion names no client"))?;
    if params.get("client_id").is_some_and(|id| id != claimed) {
        return Err(refuse("client_id is not the one of the assertion"));
    }
    Ok(Some(Presented {
        client_id: claimed,
        proof: Proof::Assertion(jwt.to_owned()),
    }))
}

/// Whom an assertion claims to be of: read without belief.
pub fn claimed_client(jwt: &str) -> Option<String> {
    #[derive(Deserialize)]
    struct Claimed {
        sub: String,
    }
    let payload = URL_SAFE_NO_PAD.decode(jwt.split('.').nth(1)?).ok()?;
    Some(serde_json::from_slice::<Claimed>(&payload).ok()?.sub)
}

#[derive(Debug, Clone, Deserialize)]
struct Claims {
    iss: String,
    sub: String,
    aud: Value,
    exp: NumericDate,
    nbf: Option<NumericDate>,
    jti: Option<Value>,
}

/// Believes an assertion, or not. The application's record decides which keys and which algorithms
/// count, whatever the header says.
pub async fn check(
    cx: &Cx,
    view: &ApplicationView,
    method: TokenEndpointAuthMethod,
    endpoint: &'static str,
    jwt: &str,
) -> Outcome<()> {
    let verified = if method == TokenEndpointAuthMethod::ClientSecretJwt {
        secrets::verify::<Claims>(cx, view, jwt)
    } else {
        registered_keys::verify::<Claims>(cx, &view.application, jwt).await
    };
    let claims = verified
        .map_err(|why| refuse(why.to_string()))?
        .into_claims();
    let id = view.application.id.to_string();
    if claims.iss != id || claims.sub != id {
        return Err(refuse("iss and sub must both be the client id").into());
    }
    let now = cx.now.seconds();
    let NumericDate(exp) = claims.exp;
    if exp <= now || exp > now.saturating_add(MAX_AHEAD) {
        return Err(refuse("exp is over, or more than an hour ahead").into());
    }
    if claims
        .nbf
        .is_some_and(|nbf| !audience::has_begun(nbf.0, cx.now))
    {
        return Err(refuse("nbf is in the future").into());
    }
    if cx.env.environment.settings.client_assertions_strict {
        return check_strictly(cx, view, &claims).await;
    }
    // Compat: three audiences are good (`reference/rulings.md` 5), at each of the addresses.
    let of_issuer = |issuer: &String| {
        [
            issuer.clone(),
            format!("{issuer}/token"),
            format!("{issuer}/{endpoint}"),
        ]
    };
    let accepted: Vec<String> = cx.env.issuers.iter().flat_map(of_issuer).collect();
    if !audience::names_one(&claims.aud, &accepted) {
        return Err(refuse(format!("aud is none of {accepted:?}")).into());
    }
    Ok(())
}

/// The issuer is the only audience, as a text and not in a list, so that what was made for another
/// server is of no use here; and each assertion is good for one call (`threats.md` 17, 18).
///
/// Spec: draft-ietf-oauth-rfc7523bis 3.
async fn check_strictly(cx: &Cx, view: &ApplicationView, claims: &Claims) -> Outcome<()> {
    if claims.aud != *cx.env.issuer {
        return Err(refuse(format!("aud must be {:?} alone", cx.env.issuer)).into());
    }
    let jti = claims.jti.as_ref().and_then(Value::as_str);
    let jti = jti.filter(|jti| !jti.is_empty());
    let jti = jti.ok_or_else(|| refuse("there is no jti"))?;
    used_assertion::use_up(cx, view.application.id, jti, claims.exp.0).await
}
