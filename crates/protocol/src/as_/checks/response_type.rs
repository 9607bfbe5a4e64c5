//! `response_type`: what the answer carries.

use countersign_domain::application::{Application, GrantType};
use serde::{Deserialize, Serialize};

use crate::as_::params::Params;
use crate::refusal::{Refusal, Refused};

/// What discovery lists. `code` alone is served; the others are known, so that they are refused by
/// their right name.
pub const SUPPORTED: &[&str] = &["code"];

/// A set out of `code`, `token` and `id_token`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ResponseType {
    /// An authorization code.
    pub code: bool,
    /// An access token.
    pub token: bool,
    /// An ID token.
    pub id_token: bool,
}

impl ResponseType {
    /// Reads the parameter: space-separated, in any order, each word once.
    pub fn parse(text: &str) -> Option<Self> {
        let mut set = Self {
            code: false,
            token: false,
            id_token: false,
        };
        for word in text.split(' ') {
            let member = match word {
                "code" => &mut set.code,
                "token" => &mut set.token,
                "id_token" => &mut set.id_token,
                _ => return None,
            };
            if std::mem::replace(member, true) {
                return None;
            }
        }
        Some(set)
    }

    /// Whether it is `code` and nothing else.
    pub fn is_code(self) -> bool {
        self.code && !self.token && !self.id_token
    }
}

/// The response type, if this server knows it and the application may use it.
///
/// Spec: `reference/oidc.md` 3.3, 3.4.
pub fn check(params: &Params, application: &Application) -> Result<ResponseType, Refused> {
    use countersign_domain::application::ResponseType as Allowed;
    let text = params.require("response_type")?;
    let Some(requested) = ResponseType::parse(text) else {
        return Err(Refusal::ResponseTypeUnsupported.because("unknown or repeated word"));
    };
    if !requested.is_code() {
        return Err(Refusal::ResponseTypeUnsupported.because("only code is served"));
    }
    if !application.response_types.contains(&Allowed::Code) {
        return Err(Refusal::ResponseTypeNotAllowed.because("responseTypes lacks CODE"));
    }
    if !application
        .grant_types
        .contains(&GrantType::AuthorizationCode)
    {
        return Err(Refusal::ResponseTypeNotAllowed.because("grantTypes lacks AUTHORIZATION_CODE"));
    }
    Ok(requested)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn order_does_not_matter_and_repetition_is_refused() {
        assert_eq!(
            ResponseType::parse("token id_token"),
            ResponseType::parse("id_token token")
        );
        assert!(ResponseType::parse("code").unwrap().is_code());
        for bad in ["", "code code", "Code", "code  token", "code,token"] {
            assert_eq!(ResponseType::parse(bad), None, "{bad:?}");
        }
    }
}
