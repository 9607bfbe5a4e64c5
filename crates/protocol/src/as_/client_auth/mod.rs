//! Client authentication (`reference/oidc.md` 6.1): exactly the method that the application is set
//! to, and never two at once (`threats.md` 21). A file a method.

mod assertion;
mod client_secret_basic;
mod client_secret_jwt;
mod client_secret_post;
mod none;
mod private_key_jwt;
mod used_assertion;

use std::sync::Arc;

use countersign_domain::application::{Protocol, TokenEndpointAuthMethod};
use countersign_domain::ids::ApplicationId;
use secrecy::SecretString;

use crate::as_::params::Params;
use crate::configuration::ApplicationView;
use crate::cx::Cx;
use crate::refusal::{Outcome, Refusal, Refused};
use crate::secrets;

/// What a request carries of one method's credentials, unverified.
pub struct Presented {
    /// Who the request says it comes from.
    pub client_id: String,
    /// What it offers in proof.
    pub proof: Proof,
}

/// What a request offers as proof of who asks.
pub enum Proof {
    /// Nothing: a public client.
    Nothing,
    /// The client secret.
    Secret(SecretString),
    /// A JWT that the client made for this call.
    Assertion(String),
}

/// A client authentication method.
pub trait Method: Sync {
    /// The application setting it answers to.
    fn setting(&self) -> TokenEndpointAuthMethod;

    /// Its name in discovery.
    fn metadata_name(&self) -> &'static str;

    /// The credentials of this method in the request; `None` when the request does not use it.
    fn find(
        &self,
        authorization: Option<&str>,
        params: &Params,
    ) -> Result<Option<Presented>, Refused>;
}

/// Every method served, in the order discovery lists them.
pub static METHODS: &[&dyn Method] = &[
    &client_secret_basic::Basic,
    &client_secret_post::Post,
    &client_secret_jwt::Jwt,
    &private_key_jwt::Jwt,
    &none::None,
];

/// A client whose authentication holds. Only [`verify`] makes one.
pub struct Client {
    view: Arc<ApplicationView>,
}

impl Client {
    /// The application and what belongs to it.
    pub fn view(&self) -> &ApplicationView {
        &self.view
    }

    /// Its id.
    pub fn id(&self) -> ApplicationId {
        self.view.application.id
    }
}

/// Credentials in the one method that a request uses, unverified.
pub struct Credentials {
    /// The application setting that the method answers to.
    pub method: TokenEndpointAuthMethod,
    /// What was presented.
    pub presented: Presented,
}

/// Reads the credentials of a request; refuses a request that has none, or uses two methods.
///
/// Spec: RFC 6749 2.3, 3.2.1.
pub fn credentials(authorization: Option<&str>, params: &Params) -> Result<Credentials, Refused> {
    let mut used = Vec::with_capacity(2);
    for method in METHODS {
        if let Some(presented) = method.find(authorization, params)? {
            let method = method.setting();
            used.push(Credentials { method, presented });
        }
    }
    // A body that has a secret also has a client_id: the stronger claim is what is being used.
    if used.len() > 1 {
        used.retain(|used| used.method != TokenEndpointAuthMethod::None);
    }
    match (used.pop(), used.is_empty()) {
        (Some(credentials), true) => Ok(credentials),
        _ => {
            Err(Refusal::ClientAuthenticationFailed
                .because("no credentials, or two methods at once"))
        }
    }
}

/// Who a request says it comes from, in whatever way it says so, believed or not: what is decided by
/// this alone is whether a page may read the answer.
pub fn claimed(authorization: Option<&str>, params: &Params) -> Option<String> {
    let mut found = METHODS.iter().map(|it| it.find(authorization, params));
    let by_method = found.find_map(|it| it.ok().flatten().map(|it| it.client_id));
    by_method
        .or_else(|| params.get("client_id").map(str::to_owned))
        .or_else(|| assertion::claimed_client(params.get("client_assertion")?))
}

/// Authenticates the client of a request by its own method. `endpoint` is the one that was called,
/// below the issuer: an assertion may name it as its audience.
///
/// Source: `reference/oidc.md` 6.1, `rulings.md` 6, 25.
pub async fn authenticate(
    cx: &Cx,
    endpoint: &'static str,
    authorization: Option<&str>,
    params: &Params,
) -> Outcome<Client> {
    verify(cx, endpoint, credentials(authorization, params)?).await
}

/// Verifies the credentials of a client that called `endpoint`.
pub async fn verify(cx: &Cx, endpoint: &'static str, credentials: Credentials) -> Outcome<Client> {
    let Credentials { method, presented } = credentials;
    let Some(view) = find(cx, &presented.client_id).await? else {
        return Err(Refusal::ClientAuthenticationFailed
            .because("unknown client_id")
            .arrived(&presented.client_id)
            .into());
    };
    let application = &view.application;
    if !application.enabled || application.protocol != Protocol::OpenidConnect {
        let why = format!(
            "application {} is disabled or not OpenID Connect",
            application.id
        );
        return Err(Refusal::ClientAuthenticationFailed.because(why).into());
    }
    let set = application.token_endpoint_auth_method;
    if method != set {
        let id = application.id;
        return Err(Refusal::ClientAuthenticationMethod
            .because(format!(
                "used {method:?}, application {id} is set to {set:?}"
            ))
            .expected(setting_name(set))
            .arrived(setting_name(method))
            .into());
    }
    match &presented.proof {
        Proof::Nothing => {}
        Proof::Secret(secret) => {
            let which = secrets::matching(&view.secrets, secret, cx.now).ok_or_else(|| {
                let why = format!("wrong secret for application {}", application.id);
                Refusal::ClientAuthenticationFailed.because(why)
            })?;
            secrets::note_application(cx, application.id, which);
        }
        Proof::Assertion(jwt) => {
            assertion::check(cx, &view, method, endpoint, jwt).await?;
        }
    }
    Ok(Client { view })
}

/// The setting as PingOne spells it.
fn setting_name(setting: TokenEndpointAuthMethod) -> String {
    let name = serde_json::to_value(setting).unwrap_or_default();
    name.as_str().unwrap_or_default().to_owned()
}

async fn find(cx: &Cx, client_id: &str) -> Outcome<Option<Arc<ApplicationView>>> {
    let Ok(id) = client_id.parse::<ApplicationId>() else {
        return Ok(None);
    };
    Ok(cx.env.application(&cx.ports, id, cx.now).await?)
}
