//! What a refused submission leaves for the page that comes again.
//!
//! Also a refusal is answered with a redirect. A page that answers a POST itself cannot be shown a
//! second time, for browsers keep none of ours (`no-store`) and send no form twice unasked: Back and
//! Reload would end at an error page of the browser's own. So what is to be said travels in the
//! address, as the parameter `again`: sealed, since the words on our pages are ours and whoever makes
//! a link could write anything into it.

use std::collections::BTreeMap;

use countersign_domain::entity::Entity;
use countersign_domain::ids::{CorrelationId, PasswordPolicyId};
use countersign_domain::password::policy::Requirement;
use countersign_domain::store::{Fault, Key};
use countersign_domain::time::Time;
use countersign_domain::vault::Sealed;
use countersign_protocol::as_::params::Params;
use countersign_protocol::cx::Cx;
use countersign_protocol::flows::Flow;
use countersign_protocol::flows::flow::IDLE;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Most characters of the parameter. It stands in the first line of a request and in the `Referer`
/// of the next one, and proxies commonly take 8 KiB of headers. Where it would be longer, what was
/// typed is left out: typing again is better than an address that leads nowhere.
const LONGEST: usize = 4_000;

/// Fields whose values never travel, sealed or not: addresses stay in histories and in logs, and a
/// key can become known later. They are those that templates ask for as passwords and codes; a test
/// compares. Everything else was shown on the page that it was typed on, and is shown there again.
const SECRETS: [&str; 7] = [
    "password",
    "newPassword",
    "currentPassword",
    "confirmPassword",
    "verificationCode",
    "recoveryCode",
    "userCode",
];

/// What a refused submission says.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct Message {
    /// For the person.
    pub text: String,
    /// The field at fault, if it is one of the page's.
    pub field: String,
    /// Whether it is about that field alone, and stands beside it.
    pub beside: bool,
    /// Finds the log line.
    pub correlation: CorrelationId,
}

impl Message {
    /// Whether this field is at fault. Which of a name and its password is wrong is never told.
    pub fn is_at(&self, field: &str) -> bool {
        let credentials = ["username", "password"];
        let is_either = credentials.contains(&field) && credentials.contains(&self.field.as_str());
        self.field == field || (!self.beside && is_either)
    }

    /// Whether it stands beside this field.
    pub fn is_beside(&self, field: &str) -> bool {
        self.beside && self.field == field
    }
}

/// A page that comes again because the submission was refused.
#[derive(Serialize, Deserialize)]
pub(super) struct Again {
    /// Why.
    pub message: Message,
    /// What a new password lacks.
    pub lacking: Vec<Requirement>,
    /// The policy that says so.
    pub policy: Option<PasswordPolicyId>,
    /// What was typed and is no secret.
    typed: BTreeMap<String, String>,
}

/// What is sealed.
#[derive(Serialize, Deserialize)]
struct Kept<A> {
    /// When the submission was refused.
    at: Time,
    /// Where the flow stood then.
    status: String,
    again: A,
}

impl Again {
    /// Says why, with what was typed.
    pub fn new(message: Message, fields: &Params) -> Self {
        let typed = fields.iter().filter(|(name, _)| !SECRETS.contains(name));
        Self {
            message,
            lacking: Vec::new(),
            policy: None,
            typed: typed
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
                .collect(),
        }
    }

    /// What was typed into a field.
    pub fn typed(&self, field: &str) -> Option<&str> {
        self.typed.get(field).map(String::as_str)
    }

    /// The value of the parameter.
    pub fn seal(self, cx: &Cx, flow: &Flow) -> Result<String, Fault> {
        let sealed = sealed(cx, flow, &self)?;
        if sealed.len() <= LONGEST {
            return Ok(sealed);
        }
        let typed = BTreeMap::new();
        self::sealed(cx, flow, &Self { typed, ..self })
    }

    /// What the parameter says. `None`: it is not ours, not of this flow, or of a while ago.
    pub fn open(cx: &Cx, flow: &Flow, parameter: &str) -> Option<Self> {
        let sealed: Sealed = serde_json::from_value(Value::from(parameter)).ok()?;
        let opened = cx.ports.vault.open(&owner(cx, flow), &sealed).ok()?;
        let kept: Kept<Self> = serde_json::from_slice(&opened).ok()?;
        let is_of_now = cx.now.since(kept.at) <= IDLE && kept.status == flow.state.status();
        is_of_now.then_some(kept.again)
    }
}

fn sealed(cx: &Cx, flow: &Flow, again: &Again) -> Result<String, Fault> {
    const BROKEN: Fault = Fault::Crypto("a refusal cannot be written");
    let kept = Kept {
        at: cx.now,
        status: flow.state.status().to_owned(),
        again,
    };
    let text = serde_json::to_vec(&kept).map_err(|_| BROKEN)?;
    let (vault, entropy) = (&cx.ports.vault, &*cx.ports.entropy);
    let sealed = vault.seal(&owner(cx, flow), &text, entropy)?;
    match serde_json::to_value(&sealed).map_err(|_| BROKEN)? {
        Value::String(text) => Ok(text),
        _ => Err(BROKEN),
    }
}

/// What it is sealed for: this purpose, this flow of this environment, and nothing else.
fn owner(cx: &Cx, flow: &Flow) -> Key {
    Key::new(Flow::KIND, cx.env_id(), format!("again/{}", flow.id))
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn what_templates_ask_for_as_passwords_and_codes_is_never_kept() {
        let mut asked = 0;
        let root = env!("CARGO_MANIFEST_DIR");
        for file in fs::read_dir(format!("{root}/templates")).unwrap() {
            let text = fs::read_to_string(file.unwrap().path()).unwrap();
            for kind in ["code", "password", "new_password"] {
                let call = format!("macros::{kind}(frame, error, \"");
                for (at, _) in text.match_indices(&call) {
                    let name = text[at + call.len()..].split('"').next().unwrap();
                    assert!(SECRETS.contains(&name), "{name}");
                    asked += 1;
                }
            }
        }
        assert!(asked >= SECRETS.len(), "{asked}");
    }
}
