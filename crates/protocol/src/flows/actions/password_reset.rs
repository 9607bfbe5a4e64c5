//! `application/vnd.pingidentity.password.reset+json` (`reference/flows.md` 6.8, 7.2, 10.1).

use std::collections::BTreeSet;
use std::time::Duration;

use countersign_domain::entity::Stored;
use countersign_domain::password::hash::PasswordHash;
use countersign_domain::password::policy::{
    History, PasswordPolicy, ProfileData, Requirement, check,
};
use countersign_domain::store::Fault;
use countersign_domain::time::Time;
use countersign_domain::user::{Credential, FormerPassword, User};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;

use super::{Action, Call, Reply};
use crate::cx::Cx;
use crate::flows::advance::{Arrival, advance_by_password};
use crate::flows::guess::{Guess, MAX_LEN};
use crate::flows::state::PasswordChange;
use crate::flows::turns::Turn;
use crate::flows::{Flow, State};
use crate::refusal::{Outcome, Refusal};
use crate::run::Verdict;

/// Changes a password that is expired or temporary, which is also the proof that the sign-on asked
/// for.
pub struct PasswordReset;

/// The body. Unknown members are ignored.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Input {
    current_password: Option<SecretString>,
    new_password: Option<SecretString>,
}

/// What the rule needs to know.
pub struct Facts {
    guess: Guess,
    /// What only the right current password needs.
    judged: Option<Judged>,
}

/// The new password, judged. Slow hashes are facts.
struct Judged {
    arrival: Arrival,
    outcome: Result<PasswordHash, BTreeSet<Requirement>>,
}

impl Action for PasswordReset {
    const MEDIA: &'static str = "password.reset";
    type Input = Input;
    type Facts = Facts;

    fn offered(&self, flow: &Flow) -> bool {
        changing(flow).is_some()
    }

    async fn gather(
        &self,
        cx: &Cx,
        call: &Call<'_>,
        flow: &Flow,
        input: &Input,
        turn: &Turn,
    ) -> Outcome<Facts> {
        let current = given(input.current_password.as_ref(), "currentPassword")?;
        let new = given(input.new_password.as_ref(), "newPassword")?;
        let change = changing(flow).ok_or(Refusal::ActionNotOffered)?;
        let guess = Guess::gather(cx, &change.user.username, current, turn).await?;
        let judged = match guess.proven() {
            Some(proven) => Some(Judged {
                arrival: Arrival::proving(cx, call, flow, proven.user).await?,
                outcome: judge(
                    cx,
                    &guess.policy,
                    proven.user,
                    proven.credential,
                    Some(current),
                    new,
                )
                .await?,
            }),
            None => None,
        };
        Ok(Facts { guess, judged })
    }

    fn decide(&self, cx: &Cx, flow: Stored<Flow>, facts: Facts) -> Result<Verdict<Reply>, Fault> {
        let Facts { guess, judged } = facts;
        let (Some(proven), Some(judged)) = (guess.proven(), judged) else {
            return guess.refuse(cx, |failures_remaining| Refusal::WrongSecret {
                target: "currentPassword",
                failures_remaining,
            });
        };
        let is_the_flows = changing(&flow).is_some_and(|it| it.user.id == proven.user.id);
        if !is_the_flows {
            return Ok(Verdict::refuse(Refusal::AccountNotUsable.because(
                "the username has passed to another user since the flow began",
            )));
        }
        if let Err(refusal) = proven.check_usable(&guess.account) {
            let why = format!("user {} is disabled, locked or external", proven.user.id);
            return Ok(Verdict::refuse(refusal.because(why)));
        }
        let account = guess.account_after();
        let hash = match judged.outcome {
            Ok(hash) => hash,
            Err(lacking) => {
                let why = format!("the new password lacks {lacking:?}");
                let refusal = Refusal::PasswordUnacceptable {
                    target: "newPassword",
                    lacking: lacking.into_iter().collect(),
                    policy: guess.policy.id,
                };
                let writes = account.writes(cx.env_id())?;
                return Ok(Verdict::refuse(refusal.because(why)).writing(writes));
            }
        };
        let Stored {
            value: mut flow,
            version,
        } = flow;
        let advanced = advance_by_password(cx, &mut flow, proven.user, account, judged.arrival)?;
        flow.touch(cx.now);
        let changed = renewed(proven.credential, hash, &guess.policy, cx.now);
        let writes = advanced
            .writes
            .update(cx.env_id(), &changed, proven.credential.version)?
            .update(cx.env_id(), &flow, version)?;
        let cookie = advanced.cookie;
        Ok(Verdict::reply(Reply { flow, cookie }).writing(writes))
    }
}

/// The change that the flow waits for.
fn changing(flow: &Flow) -> Option<&PasswordChange> {
    match &flow.state {
        State::PasswordExpired(change) | State::MustChangePassword(change) => Some(change),
        State::UsernamePasswordRequired
        | State::SignOnRequired
        | State::PasswordRequired(_)
        | State::RecoveryCodeRequired(_)
        | State::VerificationCodeRequired(_)
        | State::ProfileDataRequired(_)
        | State::AccountLinkingRequired
        | State::AccountConfirmationRequired
        | State::ExternalAuthenticationRequired(_)
        | State::AgreementConsentRequired(_)
        | State::DagUserCodeRequired(_)
        | State::DagConsentRequired(_)
        | State::DeviceConnected(_)
        | State::Completed(_)
        | State::Failed(_) => None,
    }
}

/// A password of the body that must be there, at a bearable length.
pub(super) fn given<'a>(
    value: Option<&'a SecretString>,
    name: &'static str,
) -> Result<&'a SecretString, crate::refusal::Refused> {
    let value = value.filter(|it| !it.expose_secret().is_empty());
    let value = value.ok_or(Refusal::ValueRequired(name))?;
    if value.expose_secret().len() > MAX_LEN {
        return Err(Refusal::ValueInvalid(name).because("longer than 1 KiB"));
    }
    Ok(value)
}

/// Hashes the new password, or says what it lacks. `current` is the old one, where it was typed.
///
/// Decision: a password that is recovered is never too young to be changed, for nobody knows it.
pub(crate) async fn judge(
    cx: &Cx,
    policy: &PasswordPolicy,
    user: &User,
    credential: &Credential,
    current: Option<&SecretString>,
    new: &SecretString,
) -> Outcome<Result<PasswordHash, BTreeSet<Requirement>>> {
    let text = new.expose_secret();
    let profile = ProfileData::of(user);
    let current = current.map(ExposeSecret::expose_secret);
    let mut lacking = check(policy, text, current, &profile);
    lacking.extend(used_before(cx, policy, credential, current, new).await?);
    if !policy.bypass_policy && current.is_some() && is_too_young(policy, credential, cx.now) {
        lacking.insert(Requirement::MinAgeDays);
    }
    if !lacking.is_empty() {
        return Ok(Err(lacking));
    }
    let mut salt = [0; 16];
    cx.ports.entropy.fill(&mut salt);
    let hash = cx.ports.heavy.hash_password(new.clone(), salt).await?;
    Ok(Ok(hash))
}

/// Whether the new password is the current one, or one of those that the policy remembers.
pub(crate) async fn used_before(
    cx: &Cx,
    policy: &PasswordPolicy,
    credential: &Credential,
    current: Option<&str>,
    new: &SecretString,
) -> Outcome<BTreeSet<Requirement>> {
    let mut lacking = BTreeSet::new();
    // Whatever the policy bypasses: the same password again is no change.
    let is_same = match (current, &credential.password_hash) {
        (Some(current), _) => new.expose_secret() == current,
        (None, None) => false,
        (None, hash) => {
            let hash = hash.clone();
            cx.ports.heavy.verify_password(hash, new.clone()).await?
        }
    };
    if is_same {
        lacking.insert(Requirement::NotSimilarToCurrent);
    }
    if policy.bypass_policy {
        return Ok(lacking);
    }
    for former in remembered(credential, policy.history, cx.now) {
        let hash = Some(former.hash.clone());
        let same = cx.ports.heavy.verify_password(hash, new.clone());
        if same.await? {
            lacking.insert(Requirement::History);
            break;
        }
    }
    Ok(lacking)
}

/// Decision: a password that an administrator set for one use is never too young to be changed.
fn is_too_young(policy: &PasswordPolicy, credential: &Credential, now: Time) -> bool {
    !credential.force_change && policy.is_too_young(credential.last_changed_at, now)
}

/// Former passwords that may not come again.
fn remembered(
    credential: &Credential,
    history: Option<History>,
    now: Time,
) -> impl Iterator<Item = &FormerPassword> {
    let (count, days) = history.map_or((0, 0), |it| (it.count, it.retention_days));
    let retention = Duration::from_secs(u64::from(days).saturating_mul(86_400));
    credential
        .history
        .iter()
        .filter(move |former| now.since(former.at) < retention)
        .take(usize::try_from(count).unwrap_or(usize::MAX))
}

/// The credential with its new password; the old one joins the former ones.
pub(crate) fn renewed(
    before: &Credential,
    hash: PasswordHash,
    policy: &PasswordPolicy,
    now: Time,
) -> Credential {
    let mut after = before.clone();
    if let Some(old) = after.password_hash.replace(hash) {
        after
            .history
            .insert(0, FormerPassword { hash: old, at: now });
    }
    after.history = remembered(&after, policy.history, now).cloned().collect();
    after.last_changed_at = now;
    after.force_change = false;
    after
}
