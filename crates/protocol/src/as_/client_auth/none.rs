//! `NONE`: a public client names itself.

use countersign_domain::application::TokenEndpointAuthMethod;

use super::{Method, Presented, Proof};
use crate::as_::params::Params;
use crate::refusal::Refused;

/// `client_id` in the body, no secret, no `Authorization` header.
///
/// Spec: RFC 6749 3.2.1.
pub struct None;

impl Method for None {
    fn setting(&self) -> TokenEndpointAuthMethod {
        TokenEndpointAuthMethod::None
    }

    fn metadata_name(&self) -> &'static str {
        "none"
    }

    fn find(
        &self,
        authorization: Option<&str>,
        params: &Params,
    ) -> Result<Option<Presented>, Refused> {
        let has_proof = ["client_secret", "client_assertion"]
            .iter()
            .any(|name| params.get(name).is_some());
        if authorization.is_some() || has_proof {
            return Ok(Option::None);
        }
        let client_id = params.get("client_id").map(str::to_owned);
        Ok(client_id.map(|client_id| Presented {
            client_id,
            proof: Proof::Nothing,
        }))
    }
}
