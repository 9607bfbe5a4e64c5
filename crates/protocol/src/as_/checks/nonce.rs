//! `nonce`: what ties an ID token to the request that asked for it.

use countersign_domain::environment::EnvironmentSettings;

use super::carried;
use crate::as_::checks::response_type::ResponseType;
use crate::as_::params::Params;
use crate::refusal::Refused;

/// The nonce, if there is one; it must be there for an ID token that does not come over the token
/// endpoint, where the environment is strict about it.
///
/// Spec: OIDC Core 3.2.2.1, 3.3.2.11. Compat: PingOne has it optional everywhere
/// (`reference/rulings.md` 14).
pub fn check(
    params: &Params,
    settings: &EnvironmentSettings,
    response_type: ResponseType,
) -> Result<Option<String>, Refused> {
    if settings.nonce_required && response_type.id_token {
        params.require("nonce")?;
    }
    carried(params, "nonce")
}
