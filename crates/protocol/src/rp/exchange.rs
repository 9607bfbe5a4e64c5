//! The calls to a provider: a code becomes an ID token, and that becomes claims.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use countersign_domain::entity::{self, Entity};
use countersign_domain::identity_provider::{IdentityProviderSecret, ProviderAuthMethod};
use countersign_domain::ports::{Fetched, Outgoing};
use countersign_domain::store::Fault;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use serde_json::{Map, Value};

use super::authenticate::{nonce, verifier};
use super::id_token::{self, Expected};
use crate::configuration::{OpenidEndpoints, ProviderView};
use crate::cx::Cx;
use crate::jose::client::verify_of_provider;
use crate::refusal::Outcome;

/// Largest answer of a provider that is taken, in bytes.
const MAX_BYTES: usize = 64 * 1024;

/// Who it is, and everything that the provider says of them.
pub struct Said {
    /// `sub`
    pub subject: String,
    /// The claims of the ID token, and those of userinfo that are not in it.
    pub claims: Map<String, Value>,
}

/// Redeems a code. The inner error says why a provider's answer is not believed; it is for the log.
pub async fn redeem(
    cx: &Cx,
    view: &ProviderView,
    endpoints: &OpenidEndpoints,
    code: &str,
    state: &str,
) -> Outcome<Result<Said, String>> {
    let Some(call) = token_request(cx, view, endpoints, code, state).await? else {
        return Ok(Err("the provider has no client secret".to_owned()));
    };
    let tokens = match cx.ports.fetch.send(call).await {
        Ok(fetched) => match json::<Tokens>(&fetched) {
            Ok(tokens) => tokens,
            Err(why) => return Ok(Err(format!("token endpoint: {why}"))),
        },
        Err(error) => return Ok(Err(format!("token endpoint: {error}"))),
    };
    let keys = &cx.env.published;
    let verified = keys
        .verify(&cx.ports, cx.env_id(), &endpoints.jwks, cx.now, |keys| {
            verify_of_provider::<Map<String, Value>>(&tokens.id_token, keys)
        })
        .await;
    let mut claims = match verified {
        Ok(verified) => verified.into_claims(),
        Err(why) => return Ok(Err(format!("ID token: {why}"))),
    };
    let expected = Expected {
        issuer: &endpoints.issuer,
        client_id: &endpoints.client_id,
        nonce: &nonce(cx, state)?,
    };
    let subject = match id_token::check(&claims, &expected, cx.now) {
        Ok(subject) => subject,
        Err(why) => return Ok(Err(format!("ID token: {why}"))),
    };
    if let (Some(url), Some(token)) = (&endpoints.user_info, &tokens.access_token) {
        let bearer = format!("Bearer {}", token.expose_secret());
        let call = Outgoing::get(url, MAX_BYTES).header("authorization", bearer);
        let more = match cx.ports.fetch.send(call).await {
            Ok(fetched) => json::<Map<String, Value>>(&fetched),
            Err(error) => Err(error.to_string()),
        };
        match more {
            // Spec: OIDC Core 5.3.2 (`sub` must be that of the ID token).
            Ok(more) if more.get("sub").and_then(Value::as_str) == Some(subject.as_str()) => {
                for (name, value) in more {
                    claims.entry(name).or_insert(value);
                }
            }
            Ok(_) => return Ok(Err("userinfo: sub is another one's".to_owned())),
            Err(why) => return Ok(Err(format!("userinfo: {why}"))),
        }
    }
    Ok(Ok(Said { subject, claims }))
}

#[derive(Deserialize)]
struct Tokens {
    id_token: String,
    access_token: Option<SecretString>,
}

fn json<T: serde::de::DeserializeOwned>(fetched: &Fetched) -> Result<T, String> {
    if fetched.status != 200 {
        return Err(format!("answered {}", fetched.status));
    }
    // The text of a JSON error may quote a value.
    serde_json::from_slice(&fetched.body).map_err(|_| "not the JSON that was expected".to_owned())
}

/// Spec: RFC 6749 2.3.1, 4.1.3 (as a client).
async fn token_request<'a>(
    cx: &Cx,
    view: &ProviderView,
    endpoints: &'a OpenidEndpoints,
    code: &str,
    state: &str,
) -> Result<Option<Outgoing<'a>>, Fault> {
    let method = view.provider.token_endpoint_auth_method.unwrap_or_default();
    let needs_secret = method != ProviderAuthMethod::None;
    let secret = if needs_secret {
        secret(cx, view).await?
    } else {
        None
    };
    if needs_secret && secret.is_none() {
        return Ok(None);
    }
    let mut form = form_urlencoded::Serializer::new(String::new());
    form.append_pair("grant_type", "authorization_code")
        .append_pair("code", code)
        .append_pair("redirect_uri", &cx.env.urls.rp_callback(cx.env_id()));
    if let Some(verifier) = verifier(cx, view, state)? {
        form.append_pair("code_verifier", &verifier);
    }
    if method != ProviderAuthMethod::ClientSecretBasic {
        form.append_pair("client_id", &endpoints.client_id);
    }
    if let (ProviderAuthMethod::ClientSecretPost, Some(secret)) = (method, &secret) {
        form.append_pair("client_secret", secret.expose_secret());
    }
    let form_type = "application/x-www-form-urlencoded";
    let call = Outgoing::post(&endpoints.token, form_type, form.finish(), MAX_BYTES)
        .header("accept", "application/json".to_owned());
    Ok(Some(match (method, secret) {
        (ProviderAuthMethod::ClientSecretBasic, Some(secret)) => {
            let encode = |text: &str| -> String {
                form_urlencoded::byte_serialize(text.as_bytes()).collect()
            };
            let both = format!(
                "{}:{}",
                encode(&endpoints.client_id),
                encode(secret.expose_secret())
            );
            call.header("authorization", format!("Basic {}", STANDARD.encode(both)))
        }
        _ => call,
    }))
}

async fn secret(cx: &Cx, view: &ProviderView) -> Result<Option<SecretString>, Fault> {
    let (store, id) = (&*cx.ports.store, view.provider.id.to_string());
    let found = entity::load::<IdentityProviderSecret>(store, cx.env_id(), id, cx.now).await?;
    let Some(found) = found else {
        return Ok(None);
    };
    let plain = cx
        .ports
        .vault
        .open(&found.key(cx.env_id()), &found.secret)?;
    let text = std::str::from_utf8(&plain);
    let text = text.map_err(|_| Fault::Crypto("the secret of a provider is not text"))?;
    Ok(Some(SecretString::from(text)))
}
