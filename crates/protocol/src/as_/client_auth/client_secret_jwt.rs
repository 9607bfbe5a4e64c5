//! `CLIENT_SECRET_JWT`.

use countersign_domain::application::TokenEndpointAuthMethod;

use super::{Method, Presented, assertion};
use crate::as_::params::Params;
use crate::refusal::Refused;

/// `client_assertion`, signed with the client secret.
///
/// Spec: OIDC Core 9.
pub struct Jwt;

impl Method for Jwt {
    fn setting(&self) -> TokenEndpointAuthMethod {
        TokenEndpointAuthMethod::ClientSecretJwt
    }

    fn metadata_name(&self) -> &'static str {
        "client_secret_jwt"
    }

    fn find(
        &self,
        _authorization: Option<&str>,
        params: &Params,
    ) -> Result<Option<Presented>, Refused> {
        assertion::find(params, "HS")
    }
}
