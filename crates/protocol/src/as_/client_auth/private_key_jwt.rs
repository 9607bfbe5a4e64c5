//! `PRIVATE_KEY_JWT`.

use countersign_domain::application::TokenEndpointAuthMethod;

use super::{Method, Presented, assertion};
use crate::as_::params::Params;
use crate::refusal::Refused;

/// `client_assertion`, signed with a key whose public half the application registered in `jwks`.
///
/// Spec: RFC 7523 2.2.
pub struct Jwt;

impl Method for Jwt {
    fn setting(&self) -> TokenEndpointAuthMethod {
        TokenEndpointAuthMethod::PrivateKeyJwt
    }

    fn metadata_name(&self) -> &'static str {
        "private_key_jwt"
    }

    fn find(
        &self,
        _authorization: Option<&str>,
        params: &Params,
    ) -> Result<Option<Presented>, Refused> {
        assertion::find(params, "RS")
    }
}
