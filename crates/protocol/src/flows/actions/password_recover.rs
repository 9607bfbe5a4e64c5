//! `application/vnd.pingidentity.password.recover+json` (`reference/flows.md` 6.7, 7.2).

use std::collections::BTreeSet;

use countersign_domain::entity::Stored;
use countersign_domain::password::hash::PasswordHash;
use countersign_domain::password::lockout;
use countersign_domain::password::policy::{PasswordPolicy, Requirement};
use countersign_domain::store::{Batch, Fault};
use countersign_domain::user::UserSignOn;
use countersign_domain::user::code::{CodePurpose, Guessed, MAX_FAILURES, UserCode};
use secrecy::SecretString;
use serde::Deserialize;

use super::password_reset::{self, judge, renewed};
use super::{Action, Call, Reply};
use crate::cx::Cx;
use crate::flows::advance::{Arrival, advance};
use crate::flows::recovery::{Candidate, given};
use crate::flows::turns::Turn;
use crate::flows::{Flow, State, codes, guess};
use crate::refusal::{Outcome, Refusal};
use crate::run::Verdict;

/// Sets a new password with a recovery code, which is also the proof that the sign-on asked for.
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
    candidate: Candidate,
    policy: PasswordPolicy,
    code: Option<Stored<UserCode>>,
    guessed: Guessed,
    /// What only the right code needs.
    judged: Option<Judged>,
}

struct Judged {
    arrival: Arrival,
    outcome: Result<PasswordHash, BTreeSet<Requirement>>,
}

const CODE: &str = "recoveryCode";

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
        let typed = given(input.recovery_code.as_deref(), CODE)?;
        let new = password_reset::given(input.new_password.as_ref(), "newPassword")?;
        let candidate = Candidate::find(cx, &recovery.username, turn).await?;
        let policy = candidate.policy(cx).await?;
        let code = codes::load(cx, CodePurpose::Recovery, candidate.id).await?;
        let digest = codes::digest(cx, CodePurpose::Recovery, candidate.id, typed)?;
        let guessed = code
            .as_ref()
            .map_or(Guessed::Void, |code| code.judge(&digest, cx.now));
        let mut judged = None;
        if let (Guessed::Right, Some((user, credential))) = (&guessed, candidate.usable()) {
            judged = Some(Judged {
                arrival: Arrival::proving(cx, call, flow, user).await?,
                outcome: judge(cx, &policy, user, credential, None, new).await?,
            });
        }
        Ok(Facts {
            candidate,
            policy,
            code,
            guessed,
            judged,
        })
    }

    fn decide(&self, cx: &Cx, flow: Stored<Flow>, facts: Facts) -> Result<Verdict<Reply>, Fault> {
        let Facts {
            candidate,
            policy,
            code,
            guessed,
            judged,
        } = facts;
        let Some(code) = code else {
            let why = "no code was sent, it was used, or it is long expired";
            return Ok(Verdict::refuse(Refusal::ValueInvalid(CODE).because(why)));
        };
        match guessed {
            Guessed::Right => {}
            Guessed::Wrong(after) => return wrong(cx, &candidate, &policy, &code, &after),
            Guessed::Void if code.failures >= MAX_FAILURES => {
                let why = "too many wrong codes: a new one must be asked for";
                return Ok(Verdict::refuse(
                    Refusal::RecoveryFailuresExceeded.because(why),
                ));
            }
            Guessed::Void => {
                let why = "the code is expired";
                return Ok(Verdict::refuse(Refusal::ValueInvalid(CODE).because(why)));
            }
        }
        let (Some((user, credential)), Some(judged)) = (candidate.usable(), judged) else {
            let why = "disabled, locked or without a password since the code was sent";
            return Ok(Verdict::refuse(Refusal::ValueInvalid(CODE).because(why)));
        };
        let hash = match judged.outcome {
            Ok(hash) => hash,
            // The code stays good: whoever has it may try another password.
            Err(lacking) => {
                let why = format!("the new password lacks {lacking:?}");
                let refusal = Refusal::PasswordUnacceptable {
                    target: "newPassword",
                    lacking: lacking.into_iter().collect(),
                };
                return Ok(Verdict::refuse(refusal.because(why)));
            }
        };
        let Stored {
            value: mut flow,
            version,
        } = flow;
        let mut account = lockout::after_success(&candidate.account);
        account.last_sign_on = Some(UserSignOn {
            at: cx.now,
            remote_ip: judged.arrival.remote_ip.clone(),
        });
        flow.progress.used_password(cx.now);
        let advanced = advance(cx, &mut flow, user, &account, judged.arrival)?;
        flow.touch(cx.now);
        let env = cx.env_id();
        let changed = renewed(credential, hash, &policy, cx.now);
        let writes = advanced
            .writes
            .and(codes::redeem(env, &code))
            .and(candidate.write_account(cx, &account)?)
            .update(env, &changed, credential.version)?
            .update(env, &flow, version)?;
        let cookie = advanced.cookie;
        Ok(Verdict::reply(Reply { flow, cookie }).writing(writes))
    }
}

/// A wrong code costs a try; the last one locks the password as well, whoever's it is.
///
/// Source: `reference/flows.md` 6.7.
fn wrong(
    cx: &Cx,
    candidate: &Candidate,
    policy: &PasswordPolicy,
    code: &Stored<UserCode>,
    after: &UserCode,
) -> Result<Verdict<Reply>, Fault> {
    let writes = Batch::new().update(cx.env_id(), after, code.version)?;
    if after.failures < MAX_FAILURES {
        let why = format!("wrong recovery code, failure {}", after.failures);
        let refused = Refusal::ValueInvalid(CODE).because(why);
        return Ok(Verdict::refuse(refused).writing(writes));
    }
    let mut account = lockout::locked(&candidate.account, policy, cx.now);
    if candidate.user.is_none() {
        account.forget_at = Some(guess::forgotten_at(policy, cx.now));
    }
    let writes = writes.and(candidate.write_account(cx, &account)?);
    let why = "the last try for this recovery code was wrong";
    let refused = Refusal::RecoveryFailuresExceeded.because(why);
    Ok(Verdict::refuse(refused).writing(writes))
}
