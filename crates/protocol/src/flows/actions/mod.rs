//! Flow actions: one file for each `application/vnd.pingidentity.<action>+json`, and the slice that
//! lists them. What a flow advertises and what it accepts are the same question, asked here.

pub mod device_auth_grant_consent;
pub mod device_auth_grant_user_code_verify;
pub mod password_forgot;
pub mod password_recover;
pub mod password_reset;
pub mod password_send_recovery_code;
pub mod session_reset;
pub mod user_confirm;
pub mod user_consent;
pub mod user_lookup;
pub mod user_register;
pub mod user_send_verification_code;
pub mod user_update;
pub mod user_verify;
pub mod username_password_check;

use std::future::Future;

use countersign_domain::entity::Stored;
use countersign_domain::ports::BoxFuture;
use countersign_domain::store::Fault;
use serde::de::DeserializeOwned;

use crate::audit::Watched;
use crate::browser::BrowserToken;
use crate::cx::Cx;
use crate::flows::turns::Turn;
use crate::flows::{Flow, access};
use crate::misfit::Misfit;
use crate::refusal::{Outcome, Refusal, Refused};
use crate::run::{Operation, Verdict, run};

/// What an action does to a flow.
pub trait Action: Sync {
    /// The media type between `application/vnd.pingidentity.` and `+json`; also the link's name.
    const MEDIA: &'static str;
    /// The body.
    type Input: DeserializeOwned + Send + Sync;
    /// What `decide` needs to know.
    type Facts: Send;

    /// Whether the flow accepts the action as it stands.
    fn offered(&self, flow: &Flow) -> bool;

    /// Whether the flow's `_links` name it. Everything offered is, unless the sheet says otherwise.
    fn advertised(&self, flow: &Flow) -> bool {
        self.offered(flow)
    }

    /// Reads the facts. May take a turn that lasts until the outcome is committed.
    fn gather(
        &self,
        cx: &Cx,
        call: &Call<'_>,
        flow: &Flow,
        input: &Self::Input,
        turn: &Turn,
    ) -> impl Future<Output = Outcome<Self::Facts>> + Send;

    /// Judges them.
    fn decide(
        &self,
        cx: &Cx,
        flow: Stored<Flow>,
        facts: Self::Facts,
    ) -> Result<Verdict<Reply>, Fault>;
}

/// One call of an action.
pub struct Call<'a> {
    /// Which flow, as the path says.
    pub flow_id: &'a str,
    /// The browser's cookie.
    pub token: Option<&'a BrowserToken>,
    /// The browser's name for itself.
    pub user_agent: Option<&'a str>,
    /// The body; empty counts as `{}`.
    pub body: &'a [u8],
}

/// What an action answers.
#[derive(Debug)]
pub struct Reply {
    /// The flow as it stands now.
    pub flow: Flow,
    /// A new value for the `ST` cookie.
    pub cookie: Option<BrowserToken>,
}

/// The object-safe face of [`Action`], written once.
pub trait AnyAction: Sync {
    /// See [`Action::MEDIA`].
    fn link(&self) -> &'static str;
    /// See [`Action::advertised`].
    fn advertised(&self, flow: &Flow) -> bool;
    /// See [`Action::offered`].
    fn offered(&self, flow: &Flow) -> bool;
    /// Finds the flow, checks that the action is offered, parses the body, runs the action.
    fn perform<'a>(&'a self, cx: &'a Cx, call: &'a Call<'a>) -> BoxFuture<'a, Outcome<Reply>>;
}

impl<A: Action> AnyAction for A {
    fn link(&self) -> &'static str {
        A::MEDIA
    }

    fn advertised(&self, flow: &Flow) -> bool {
        Action::advertised(self, flow)
    }

    fn offered(&self, flow: &Flow) -> bool {
        Action::offered(self, flow)
    }

    fn perform<'a>(&'a self, cx: &'a Cx, call: &'a Call<'a>) -> BoxFuture<'a, Outcome<Reply>> {
        Box::pin(async move {
            let body = if call.body.trim_ascii().is_empty() {
                b"{}"
            } else {
                call.body
            };
            let input = parse::<A::Input>(body)?;
            run(
                cx,
                &Perform {
                    action: self,
                    call,
                    input,
                    turn: Turn::default(),
                },
            )
            .await
        })
    }
}

/// The body, or what is wrong with it: no JSON at all, or a member of another type than the action's.
///
/// Source: `reference/flows.md` 7.1.
fn parse<Input: DeserializeOwned>(body: &[u8]) -> Result<Input, Refused> {
    let mut json = serde_json::Deserializer::from_slice(body);
    let parsed = serde_path_to_error::deserialize(&mut json).map_err(|error| {
        let path = error.path().to_string();
        let inner = error.inner();
        let why = format!("{:?} at column {}", inner.classify(), inner.column());
        if inner.is_data() && path != "." {
            let misfit = Misfit::invalid(path.clone(), format!("{path} has an invalid value"));
            return Refusal::Unfit(vec![misfit]).because(why);
        }
        Refusal::MalformedBody.because(why)
    })?;
    json.end()
        .map_err(|_| Refusal::MalformedBody.because("something follows the JSON"))?;
    Ok(parsed)
}

struct Perform<'a, A: Action> {
    action: &'a A,
    call: &'a Call<'a>,
    input: A::Input,
    turn: Turn,
}

impl<A: Action> Operation for Perform<'_, A> {
    type Facts = (Stored<Flow>, A::Facts);
    type Reply = Reply;

    async fn gather(&self, cx: &Cx) -> Outcome<Self::Facts> {
        let flow = access::find(cx, self.call.flow_id, self.call.token).await?;
        if !self.action.offered(&flow) {
            let why = format!("{} is not offered in {}", A::MEDIA, flow.state.status());
            return Err(Refusal::ActionNotOffered.because(why).into());
        }
        let facts = self
            .action
            .gather(cx, self.call, &flow, &self.input, &self.turn)
            .await?;
        Ok((flow, facts))
    }

    fn decide(&self, cx: &Cx, facts: Self::Facts) -> Result<Verdict<Reply>, Fault> {
        let (flow, facts) = facts;
        let watched = Watched::before(cx, A::MEDIA, &flow);
        let verdict = self.action.decide(cx, flow, facts)?;
        watched.after(cx, verdict)
    }
}

/// Every action served.
pub static ACTIONS: &[&dyn AnyAction] = &[
    &username_password_check::UsernamePasswordCheck,
    &user_lookup::UserLookup,
    &user_register::UserRegister,
    &password_forgot::PasswordForgot,
    &password_recover::PasswordRecover,
    &password_send_recovery_code::PasswordSendRecoveryCode,
    &password_reset::PasswordReset,
    &user_verify::UserVerify,
    &user_send_verification_code::UserSendVerificationCode,
    &user_update::UserUpdate,
    &user_confirm::UserConfirm,
    &user_consent::UserConsent,
    &device_auth_grant_user_code_verify::DeviceAuthGrantUserCodeVerify,
    &device_auth_grant_consent::DeviceAuthGrantConsent,
    &session_reset::SessionReset,
];

/// The action of a `Content-Type`. Parameters such as `charset` are ignored; the type itself is
/// compared without regard to case (RFC 9110 8.3.1).
///
/// Source: `reference/flows.md` 2.1.
pub fn by_media_type(content_type: &str) -> Option<&'static dyn AnyAction> {
    let media = content_type.split(';').next().unwrap_or_default().trim();
    let name = media
        .get(..PREFIX.len())
        .filter(|start| start.eq_ignore_ascii_case(PREFIX))
        .and_then(|_| media.get(PREFIX.len()..))?;
    // Compat: the table of media types writes this one without its end, the sample with it; both are
    // accepted (`reference/flows.md` F2).
    let at = name.len().saturating_sub("+json".len());
    let name = match name.split_at_checked(at) {
        Some((name, end)) if end.eq_ignore_ascii_case("+json") => name,
        _ if name.eq_ignore_ascii_case("password.sendRecoveryCode") => name,
        _ => return None,
    };
    ACTIONS
        .iter()
        .copied()
        .find(|action| action.link().eq_ignore_ascii_case(name))
}

/// How the media type of an action begins.
pub const PREFIX: &str = "application/vnd.pingidentity.";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_file_of_an_action_has_its_name() {
        for action in ACTIONS {
            let mut file = String::new();
            for character in action.link().chars() {
                if character.is_uppercase() {
                    file.push('_');
                }
                file.push(if character == '.' { '_' } else { character });
            }
            let path = format!(
                "{}/src/flows/actions/{}.rs",
                env!("CARGO_MANIFEST_DIR"),
                file.to_lowercase()
            );
            assert!(std::path::Path::new(&path).exists(), "{path}");
        }
    }

    #[test]
    fn an_action_is_found_by_its_media_type_whatever_its_parameters() {
        for text in [
            "application/vnd.pingidentity.usernamePassword.check+json",
            "application/vnd.pingidentity.usernamePassword.check+json;charset=UTF-8",
            "Application/vnd.pingidentity.usernamepassword.check+json ; charset=utf-8",
            "APPLICATION/VND.PINGIDENTITY.USERNAMEPASSWORD.CHECK+JSON",
        ] {
            assert_eq!(
                by_media_type(text).unwrap().link(),
                "usernamePassword.check"
            );
        }
        for text in [
            "application/json",
            "",
            "é",
            "application/vnd.pingidentity.password.check+json",
        ] {
            assert!(by_media_type(text).is_none(), "{text}");
        }
    }
}
