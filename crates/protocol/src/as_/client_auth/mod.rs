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

/// What a request carries of credentials, unverified.
pub struct Presented {
    client_id: String,
    proof: Proof,
}

/// What a request offers as proof of who asks.
enum Proof {
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

/// A client whose authentication holds. Only [`authenticate`] makes one.
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

/// Authenticates the client of a request by its own method. `endpoint` is the one that was called,
/// below the issuer: an assertion may name it as its audience.
///
/// Spec: RFC 6749 2.3, 3.2.1; `reference/oidc.md` 6.1, `rulings.md` 6, 25.
pub async fn authenticate(
    cx: &Cx,
    endpoint: &'static str,
    authorization: Option<&str>,
    params: &Params,
) -> Outcome<Client> {
    let mut used = Vec::new();
    for method in METHODS {
        if let Some(presented) = method.find(authorization, params)? {
            used.push((*method, presented));
        }
    }
    // A body that has a secret also has a client_id: the stronger claim is what is being used.
    if used.len() > 1 {
        used.retain(|(method, _)| method.setting() != TokenEndpointAuthMethod::None);
    }
    let (Some((method, presented)), true) = (used.pop(), used.is_empty()) else {
        return Err(Refusal::ClientAuthenticationFailed
            .because("no credentials, or two methods at once")
            .into());
    };
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
    if method.setting() != application.token_endpoint_auth_method {
        return Err(Refusal::ClientAuthenticationMethod
            .because(format!(
                "used {:?}, application {} is set to {:?}",
                method.setting(),
                application.id,
                application.token_endpoint_auth_method
            ))
            .expected(setting_name(application.token_endpoint_auth_method))
            .arrived(setting_name(method.setting()))
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
            assertion::check(cx, &view, method.setting(), endpoint, jwt).await?;
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

/// Who a request says it comes from, when it says so with a secret or with nothing: resources
/// authenticate like this, and have no other way.
pub struct Named {
    /// The `client_id`.
    pub client_id: String,
    /// How it was said.
    pub method: TokenEndpointAuthMethod,
    /// The secret, unverified.
    pub secret: Option<SecretString>,
}

/// Reads who a request says it comes from. `None`: nobody, an assertion, or two methods at once.
pub fn named(authorization: Option<&str>, params: &Params) -> Result<Option<Named>, Refused> {
    let mut found = Vec::new();
    for method in METHODS {
        if let Some(presented) = method.find(authorization, params)? {
            found.push((method.setting(), presented));
        }
    }
    if found.len() > 1 {
        found.retain(|(method, _)| *method != TokenEndpointAuthMethod::None);
    }
    let (Some((method, presented)), true) = (found.pop(), found.is_empty()) else {
        return Ok(None);
    };
    Ok(match presented.proof {
        Proof::Assertion(_) => None,
        Proof::Nothing => Some(Named {
            client_id: presented.client_id,
            method,
            secret: None,
        }),
        Proof::Secret(secret) => Some(Named {
            client_id: presented.client_id,
            method,
            secret: Some(secret),
        }),
    })
}
