//! `prompt` and `max_age`.

use serde::{Deserialize, Serialize};

use crate::as_::params::Params;
use crate::refusal::{Refusal, Refused};

/// What may or must be shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Prompt {
    /// What the policy asks for.
    Default,
    /// Nothing: answer at once or refuse.
    None,
    /// A sign-on, whatever session there is.
    Login,
}

/// The two parameters, validated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PromptAndAge {
    /// `prompt`.
    pub prompt: Prompt,
    /// `max_age` in seconds.
    pub max_age: Option<u64>,
}

/// Reads both.
///
/// Spec: `reference/oidc.md` 3.7; OIDC Core 3.1.2.1. Compat: `consent` is accepted and asks nothing
/// for the code grant (C1); `select_account` and unknown values are ignored.
pub fn check(params: &Params) -> Result<PromptAndAge, Refused> {
    let values: Vec<&str> = params
        .get("prompt")
        .unwrap_or_default()
        .split(' ')
        .filter(|v| !v.is_empty())
        .collect();
    let prompt = if values.contains(&"none") {
        if values.len() > 1 {
            return Err(Refusal::PromptNoneNotAlone.into());
        }
        Prompt::None
    } else if values.contains(&"login") {
        Prompt::Login
    } else {
        Prompt::Default
    };
    let max_age = params
        .get("max_age")
        .map(str::parse::<u64>)
        .transpose()
        .map_err(|_| Refusal::ParameterInvalid("max_age").because("not a number of seconds"))?;
    Ok(PromptAndAge { prompt, max_age })
}
