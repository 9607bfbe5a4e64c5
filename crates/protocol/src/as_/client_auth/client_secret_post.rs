//! `CLIENT_SECRET_POST`.

use countersign_domain::application::TokenEndpointAuthMethod;
use secrecy::SecretString;

use super::{Method, Presented, Proof};
use crate::as_::params::Params;
use crate::refusal::Refused;

/// `client_id` and `client_secret` in the body.
///
/// Spec: RFC 6749 2.3.1 (credentials in the body).
pub struct Post;

impl Method for Post {
    fn setting(&self) -> TokenEndpointAuthMethod {
        TokenEndpointAuthMethod::ClientSecretPost
    }

    fn metadata_name(&self) -> &'static str {
        "client_secret_post"
    }

    fn find(
        &self,
        _authorization: Option<&str>,
        params: &Params,
    ) -> Result<Option<Presented>, Refused> {
        let Some(secret) = params.get("client_secret") else {
            return Ok(None);
        };
        Ok(Some(Presented {
            client_id: params.require("client_id")?.to_owned(),
            proof: Proof::Secret(SecretString::from(secret)),
        }))
    }
}
