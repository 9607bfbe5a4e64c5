//! `response_type`: what the answer carries.

use countersign_domain::application::{Application, GrantType};
use serde::{Deserialize, Serialize};

use crate::as_::checks::scope::GrantedScope;
use crate::as_::params::Params;
use crate::refusal::{Refusal, Refused};

/// What discovery lists. Compat: a lone `token` is taken and not listed (`reference/oidc.md` C10).
pub const SUPPORTED: &[&str] = &[
    "code",
    "id_token",
    "token id_token",
    "code id_token",
    "code token",
    "code token id_token",
];

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

    /// Whether two texts ask for the same.
    pub fn is_same(one: &str, other: &str) -> bool {
        Self::parse(one).is_some_and(|set| Self::parse(other) == Some(set))
    }

    /// Whether it is `code` and nothing else.
    pub fn is_code(self) -> bool {
        self.code && !self.token && !self.id_token
    }
}

/// The response type, if it is one and the application may use it.
pub fn check(params: &Params, application: &Application) -> Result<ResponseType, Refused> {
    let text = params.require("response_type")?;
    let Some(requested) = ResponseType::parse(text) else {
        return Err(Refusal::ResponseTypeUnsupported.because("unknown or repeated word"));
    };
    check_again(requested, application)?;
    Ok(requested)
}

/// Whether the application may use a response type, at the request and when it is answered: each of
/// its words must be among `responseTypes`, and the grants behind them among `grantTypes`.
///
/// Spec: `reference/oidc.md` 3.3, 3.4.
pub fn check_again(requested: ResponseType, application: &Application) -> Result<(), Refused> {
    use countersign_domain::application::ResponseType as Word;
    let from_front = requested.token || requested.id_token;
    let words = [
        (requested.code, Word::Code),
        (requested.token, Word::Token),
        (requested.id_token, Word::IdToken),
    ];
    let grants = [
        (requested.code, GrantType::AuthorizationCode),
        (from_front, GrantType::Implicit),
    ];
    for (_, word) in words.iter().filter(|(asked, _)| *asked) {
        if !application.allows_response(*word) {
            let why = format!("responseTypes lacks {word:?}");
            return Err(Refusal::ResponseTypeNotAllowed.because(why));
        }
    }
    for (_, grant) in grants.iter().filter(|(asked, _)| *asked) {
        if !application.allows_grant(*grant) {
            let why = format!("grantTypes lacks {grant:?}");
            return Err(Refusal::ResponseTypeNotAllowed.because(why));
        }
    }
    Ok(())
}

/// What of the granted scope makes sense with a response type: an ID token needs `openid`, and
/// without a code there is nobody to give a refresh token to.
///
/// Spec: OIDC Core 11 (`offline_access`); `reference/oidc.md` 3.5.
pub fn fit_scope(
    response_type: ResponseType,
    mut scope: GrantedScope,
) -> Result<GrantedScope, Refused> {
    if response_type.id_token && !scope.contains("openid") {
        return Err(Refusal::IdTokenWithoutOpenid.because("openid is not among the granted scopes"));
    }
    if !response_type.code {
        scope.names.retain(|name| name != "offline_access");
    }
    if scope.names.is_empty() {
        return Err(Refusal::NoScopeGranted.because("only offline_access, and no code"));
    }
    Ok(scope)
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
        assert!(ResponseType::is_same("token id_token", "id_token token"));
        assert!(!ResponseType::is_same("code", "code token") && !ResponseType::is_same("x", "x"));
        assert!(ResponseType::parse("code").unwrap().is_code());
        for bad in ["", "code code", "Code", "code  token", "code,token"] {
            assert_eq!(ResponseType::parse(bad), None, "{bad:?}");
        }
    }
}
