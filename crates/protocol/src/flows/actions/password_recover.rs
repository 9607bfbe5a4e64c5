//! `application/vnd.pingidentity.password.recover+json` (`reference/flows.md` 6.7, 7.2).

use countersign_domain::entity::Stored;
use countersign_domain::store::{Batch, Fault};
use secrecy::SecretString;
use serde::Deserialize;

use super::{Action, Call, Reply, password_reset};
use crate::cx::Cx;
use crate::flows::advance::{Arrival, advance_by_password};
use crate::flows::recovery::{Attempt, Judgement};
use crate::flows::turns::Turn;
use crate::flows::{Flow, State};
use crate::refusal::{Outcome, Refusal};
use crate::run::Verdict;

/// Sets a new password with a recovery code, which is also the proof that the sign-on asked for.
///
/// Decision: whoever is signed on elsewhere is signed off, tokens included (`threats.md` 27), for a
/// password is recovered when somebody else may know it.
pub struct PasswordRecover;

/// The body. Unknown members are ignored.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Input {
    recovery_code: Option<String>,
    new_password: Option<SecretString>,
}

/// What the rule needs to know.
pub struct Facts {
    attempt: Attempt,
    /// What only the right code needs.
    arrival: Option<Arrival>,
}

impl Action for PasswordRecover {
    const MEDIA: &'static str = "password.recover";
    type Input = Input;
    type Facts = Facts;

    fn offered(&self, flow: &Flow) -> bool {
        matches!(flow.state, State::RecoveryCodeRequired(_))
    }

    async fn gather(
        &self,
        cx: &Cx,
        call: &Call<'_>,
        flow: &Flow,
        input: &Input,
        turn: &Turn,
    ) -> Outcome<Facts> {
        let State::RecoveryCodeRequired(recovery) = &flow.state else {
            return Err(Refusal::ActionNotOffered.into());
        };
        let typed = input.recovery_code.as_deref();
        crate::flows::recovery::given(typed, "recoveryCode")?;
        let new = password_reset::given(input.new_password.as_ref(), "newPassword")?;
        let attempt = Attempt::gather(cx, &recovery.username, typed, new, turn).await?;
        let arrival = match attempt.proven() {
            Some(user) => Some(Arrival::proving(cx, call, flow, user).await?),
            None => None,
        };
        Ok(Facts { attempt, arrival })
    }

    fn decide(&self, cx: &Cx, flow: Stored<Flow>, facts: Facts) -> Result<Verdict<Reply>, Fault> {
        let Facts { attempt, arrival } = facts;
        let (account, writes) = match attempt.judge(cx)? {
            Judgement::Recovered { account, writes } => (account, writes),
            Judgement::Refused { refused, writes } => {
                return Ok(Verdict::refuse(refused).writing(writes));
            }
        };
        let (Some(user), Some(arrival)) = (attempt.proven(), arrival) else {
            return Ok(Verdict::refuse(Refusal::AccountNotUsable));
        };
        let Stored {
            value: mut flow,
            version,
        } = flow;
        let elsewhere = arrival.elsewhere(cx.env_id());
        let advanced = advance_by_password(cx, &mut flow, user, account, arrival)?;
        flow.touch(cx.now);
        let writes = advanced
            .writes
            .and(writes)
            .update(cx.env_id(), &flow, version)?;
        let writes = elsewhere.into_iter().fold(writes, Batch::delete);
        let cookie = advanced.cookie;
        Ok(Verdict::reply(Reply { flow, cookie }).writing(writes))
    }
}
