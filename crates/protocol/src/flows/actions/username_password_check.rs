//! `application/vnd.pingidentity.usernamePassword.check+json` (`reference/flows.md` 6.3, 7.2).

use countersign_domain::entity::Stored;
use countersign_domain::password::hash::PasswordHash;
use countersign_domain::password::state::{self, PasswordStatus};
use countersign_domain::reference::fold;
use countersign_domain::store::{Batch, Fault};
use countersign_domain::user::Credential;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;

use super::{Action, Call, Reply};
use crate::cx::Cx;
use crate::flows::advance::{Advanced, Arrival, advance_by_password};
use crate::flows::flow::FlowUser;
use crate::flows::guess::{Guess, MAX_LEN};
use crate::flows::state::{PasswordChange, Whose};
use crate::flows::turns::Turn;
use crate::flows::{Flow, State};
use crate::refusal::{Outcome, Refusal};
use crate::run::Verdict;

/// Checks a username and password.
pub struct UsernamePasswordCheck;

/// The body. Unknown members are ignored, as PingOne does.
#[derive(Deserialize)]
pub struct Input {
    username: Option<String>,
    password: Option<SecretString>,
}

/// What the rule needs to know.
pub struct Facts {
    guess: Guess,
    /// What only the right password needs.
    right: Option<Right>,
}

struct Right {
    arrival: Arrival,
    /// The password hashed anew, when its hash is not what we would make today.
    rehashed: Option<PasswordHash>,
}

impl Action for UsernamePasswordCheck {
    const MEDIA: &'static str = "usernamePassword.check";
    type Input = Input;
    type Facts = Facts;

    fn offered(&self, flow: &Flow) -> bool {
        matches!(
            flow.state,
            State::UsernamePasswordRequired
                | State::PasswordRequired(_)
                | State::AccountLinkingRequired
        )
    }

    async fn gather(
        &self,
        cx: &Cx,
        call: &Call<'_>,
        flow: &Flow,
        input: &Input,
        turn: &Turn,
    ) -> Outcome<Facts> {
        let (username, password) = required(flow, input)?;
        let guess = Guess::gather(cx, username, password, turn).await?;
        let right = match guess.proven() {
            Some(proven) => Some(Right {
                arrival: Arrival::proving(cx, call, flow, proven.user).await?,
                rehashed: rehash(cx, proven.credential, password).await,
            }),
            None => None,
        };
        Ok(Facts { guess, right })
    }

    fn decide(&self, cx: &Cx, flow: Stored<Flow>, facts: Facts) -> Result<Verdict<Reply>, Fault> {
        let Facts { guess, right } = facts;
        let (Some(proven), Some(right)) = (guess.proven(), right) else {
            let is_known = matches!(flow.state, State::PasswordRequired(Whose::Known(_)));
            return guess.refuse(cx, |failures_remaining| {
                if is_known {
                    Refusal::WrongSecret {
                        target: "username",
                        failures_remaining,
                    }
                } else {
                    Refusal::WrongCredentials
                }
            });
        };
        if let State::PasswordRequired(Whose::Known(expected)) = &flow.state
            && expected.id != proven.user.id
        {
            return Ok(Verdict::refuse(Refusal::WrongCredentials.because(
                "the username has passed to another user since the flow began",
            )));
        }
        if let Err(refusal) = proven.check_usable(&guess.account) {
            let why = format!("user {} is disabled, locked or external", proven.user.id);
            return Ok(Verdict::refuse(refusal.because(why)));
        }
        let Stored {
            value: mut flow,
            version,
        } = flow;
        let account = guess.account_after();
        let status = state::status(
            proven.user,
            Some(proven.credential),
            Some(account.account()),
            &guess.policy,
            cx.now,
        );
        let change = || PasswordChange {
            user: FlowUser::from(&proven.user.value),
            policy: guess.policy.id,
        };
        let advanced = match status {
            PasswordStatus::PasswordExpired => {
                flow.state = State::PasswordExpired(change());
                Advanced::standing(cx, &account)?
            }
            PasswordStatus::MustChangePassword => {
                flow.state = State::MustChangePassword(change());
                Advanced::standing(cx, &account)?
            }
            PasswordStatus::Ok
            | PasswordStatus::NoPassword
            | PasswordStatus::PasswordLockedOut
            | PasswordStatus::External => {
                advance_by_password(cx, &mut flow, proven.user, account, right.arrival)?
            }
        };
        flow.touch(cx.now);
        let writes = advanced
            .writes
            .and(rewrite(cx, proven.credential, right.rehashed)?)
            .update(cx.env_id(), &flow, version)?;
        let cookie = advanced.cookie;
        Ok(Verdict::reply(Reply { flow, cookie }).writing(writes))
    }
}

/// Username and password of the request, against what the flow knows.
fn required<'a>(flow: &'a Flow, input: &'a Input) -> Outcome<(&'a str, &'a SecretString)> {
    let sent = input.username.as_deref().filter(|name| !name.is_empty());
    let username = match (&flow.state, sent) {
        (State::PasswordRequired(whose), None) => whose.username(),
        (State::PasswordRequired(whose), Some(name)) if fold(name) != fold(whose.username()) => {
            return Err(Refusal::ValueInvalid("username")
                .because("another user than the flow's; session.reset switches accounts")
                .into());
        }
        (_, Some(name)) => name,
        (_, None) => return Err(Refusal::ValueRequired("username").into()),
    };
    if username.len() > MAX_LEN {
        return Err(Refusal::ValueInvalid("username")
            .because("longer than 1 KiB")
            .into());
    }
    let password = input
        .password
        .as_ref()
        .ok_or(Refusal::ValueRequired("password"))?;
    if password.expose_secret().len() > MAX_LEN {
        return Err(Refusal::ValueInvalid("password")
            .because("longer than 1 KiB")
            .into());
    }
    Ok((username, password))
}

/// The password under today's parameters, if its hash is of another kind. A sign-on does not fail
/// for want of it: the next one tries again.
pub(crate) async fn rehash(
    cx: &Cx,
    credential: &Credential,
    password: &SecretString,
) -> Option<PasswordHash> {
    let hash = credential.password_hash.as_ref()?;
    if !hash.is_outdated() {
        return None;
    }
    let mut salt = [0; 16];
    cx.ports.entropy.fill(&mut salt);
    let hashed = cx.ports.heavy.hash_password(password.clone(), salt).await;
    hashed.ok()
}

/// Writes what [`rehash`] made.
pub(crate) fn rewrite(
    cx: &Cx,
    credential: &Stored<Credential>,
    rehashed: Option<PasswordHash>,
) -> Result<Batch, Fault> {
    let Some(hash) = rehashed else {
        return Ok(Batch::new());
    };
    let renewed = Credential {
        password_hash: Some(hash),
        ..credential.value.clone()
    };
    Batch::new().update(cx.env_id(), &renewed, credential.version)
}
