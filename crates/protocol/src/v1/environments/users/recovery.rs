//! `POST /users/{u}/password` with a recovery code, and the sending of one
//! (`reference/platform.md` 1.7, 3.7). The same codes as in a flow.

use countersign_domain::ports::BoxFuture;
use countersign_domain::store::{Batch, Fault, Key};
use countersign_domain::user::User;
use countersign_domain::user::code::CodePurpose;
use secrecy::SecretString;
use serde::Deserialize;

use super::{password, removal};
use crate::cx::Cx;
use crate::flows::codes::{self, Issue};
use crate::flows::recovery::{Attempt, Candidate, Judgement};
use crate::flows::turns::Turn;
use crate::misfit::{Fit, Misfit};
use crate::refusal::{Outcome, Refusal};
use crate::run::{Operation, Verdict, run};
use crate::v1::call::{Call, Reply};
use crate::v1::noun;

/// `application/vnd.pingidentity.password.sendRecoveryCode+json`
pub(super) fn send<'a>(call: &'a Call<'a>) -> BoxFuture<'a, Outcome<Reply>> {
    Box::pin(async move {
        let turn = Turn::default();
        run(call.cx, &Send { call, turn }).await?;
        password::state(call).await
    })
}

struct Send<'a> {
    call: &'a Call<'a>,
    turn: Turn,
}

impl Operation for Send<'_> {
    type Facts = Issue;
    type Reply = ();

    /// Nothing has to be hidden here: whoever calls may read the user.
    async fn gather(&self, cx: &Cx) -> Outcome<Issue> {
        let user = noun::named::<User>(self.call).await?;
        let candidate = Candidate::find(cx, &user.username, &self.turn).await?;
        if candidate.usable().is_none() {
            let (fit, message) = if user.enabled && !candidate.account.locked_by_admin {
                (Fit::NoPassword, "The user has no password here")
            } else {
                (Fit::Account, "The account cannot be used")
            };
            let misfit = Misfit::new(fit, "", message);
            let refusal = Refusal::NotNow(None, vec![misfit]);
            return Err(refusal.because(message).into());
        }
        let before = codes::load(cx, CodePurpose::Recovery, candidate.id).await?;
        let recipient = candidate.recipient();
        let issued = codes::issue(cx, CodePurpose::Recovery, recipient, before.as_ref())?;
        issued.map_err(|it| it.because("too many codes were sent lately").into())
    }

    fn decide(&self, cx: &Cx, issue: Issue) -> Result<Verdict<()>, Fault> {
        Ok(Verdict::reply(()).writing(issue.writes(cx.env_id())?))
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Input {
    recovery_code: Option<String>,
    new_password: Option<SecretString>,
}

/// `application/vnd.pingidentity.password.recover+json`
pub(super) fn recover<'a>(call: &'a Call<'a>) -> BoxFuture<'a, Outcome<Reply>> {
    Box::pin(async move {
        let input: Input = password::input(call)?;
        let operation = Recover {
            call,
            code: input.recovery_code.as_deref(),
            new: password::given(input.new_password.as_ref(), "newPassword")?,
            turn: Turn::default(),
        };
        run(call.cx, &operation).await?;
        password::state(call).await
    })
}

struct Recover<'a> {
    call: &'a Call<'a>,
    code: Option<&'a str>,
    new: &'a SecretString,
    turn: Turn,
}

impl Operation for Recover<'_> {
    type Facts = (Attempt, Vec<Key>);
    type Reply = ();

    async fn gather(&self, cx: &Cx) -> Outcome<Self::Facts> {
        let user = noun::named::<User>(self.call).await?;
        password::at_home(&user)?;
        let name = &user.username;
        let attempt = Attempt::gather(cx, name, self.code, self.new, &self.turn).await?;
        Ok((attempt, removal::sessions(self.call, user.id).await?))
    }

    fn decide(&self, cx: &Cx, facts: Self::Facts) -> Result<Verdict<()>, Fault> {
        let (attempt, sessions) = facts;
        match attempt.judge(cx)? {
            Judgement::Recovered { account, writes } => {
                let writes = writes.and(account.writes(cx.env_id())?);
                let writes = sessions.into_iter().fold(writes, Batch::delete);
                Ok(Verdict::reply(()).writing(writes))
            }
            Judgement::Refused { refused, writes } => Ok(Verdict::refuse(refused).writing(writes)),
        }
    }
}
