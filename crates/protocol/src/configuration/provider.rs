//! Identity providers, as people are sent to them.

use countersign_domain::identity_provider::{IdentityProvider, IdentityProviderAttribute};
use url::Url;

use crate::jose::remote::is_safe;

/// An identity provider with what belongs to it.
pub struct ProviderView {
    /// The provider.
    pub provider: IdentityProvider,
    /// Its mappings.
    pub attributes: Vec<IdentityProviderAttribute>,
    /// What it takes to go there, if it is an OpenID provider and has all of it.
    pub openid: Option<OpenidEndpoints>,
}

/// An OpenID provider, as we are its client.
pub struct OpenidEndpoints {
    /// Its issuer.
    pub issuer: String,
    /// Our id there.
    pub client_id: String,
    /// Where people are sent.
    pub authorization: Url,
    /// Where codes are redeemed.
    pub token: Url,
    /// Where its keys are.
    pub jwks: String,
    /// Where it says more, if we ask.
    pub user_info: Option<Url>,
}

impl OpenidEndpoints {
    pub(super) fn of(provider: &IdentityProvider) -> Option<Self> {
        let url = |text: &Option<String>| {
            let url = Url::parse(text.as_deref()?).ok()?;
            is_safe(&url).then_some(url)
        };
        Some(Self {
            issuer: provider.issuer.clone()?,
            client_id: provider.client_id.clone()?,
            authorization: url(&provider.authorization_endpoint)?,
            token: url(&provider.token_endpoint)?,
            jwks: provider.jwks_endpoint.clone()?,
            user_info: url(&provider.user_info_endpoint),
        })
    }
}

impl ProviderView {
    /// Whether people can be sent there.
    pub fn is_usable(&self) -> bool {
        self.provider.is_usable() && self.openid.is_some()
    }
}
