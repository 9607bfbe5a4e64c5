//! `POST /users/{u}`: the code that verifies an address, and the sending of one
//! (`reference/platform.md` 1.7, 3.7). The same codes as in a flow.

use countersign_domain::entity::Stored;
use countersign_domain::ports::BoxFuture;
use countersign_domain::reference::fold;
use countersign_domain::store::{Batch, Fault};
use countersign_domain::user::code::{CodePurpose, Guessed, UserCode};
use countersign_domain::user::{LifecycleStatus, User};
use serde::Deserialize;

use super::{password, wrong};
use crate::cx::Cx;
use crate::flows::actions::user_verify::verified;
use crate::flows::codes::{self, Issue};
use crate::flows::recovery::given;
use crate::flows::turns::Turn;
use crate::misfit::Misfit;
use crate::notices::Recipient;
use crate::refusal::{Outcome, Refusal};
use crate::run::{Operation, Verdict, run};
use crate::v1::call::{Call, Reply};
use crate::v1::noun;

/// `application/vnd.pingidentity.user.sendVerificationCode+json`
pub(super) fn send<'a>(call: &'a Call<'a>) -> BoxFuture<'a, Outcome<Reply>> {
    Box::pin(async move {
        let turn = Turn::default();
        let user = run(call.cx, &Send { call, turn }).await?;
        Ok(Reply::ok(noun::shown(call, &user).await?))
    })
}

struct Send<'a> {
    call: &'a Call<'a>,
    turn: Turn,
}

impl Operation for Send<'_> {
    type Facts = (Stored<User>, Issue);
    type Reply = User;

    async fn gather(&self, cx: &Cx) -> Outcome<Self::Facts> {
        let user = noun::named::<User>(self.call).await?;
        let name = fold(&user.username);
        cx.turns.take(cx.env_id(), &name, &self.turn).await;
        if user.email.is_none() {
            return Err(wrong(Misfit::required("email")).into());
        }
        let before = codes::load(cx, CodePurpose::Verification, user.id).await?;
        let recipient = Recipient {
            id: user.id,
            user: Some(&user),
        };
        let issued = codes::issue(cx, CodePurpose::Verification, recipient, before.as_ref())?;
        let issue = issued.map_err(|it| it.because("too many codes were sent lately"))?;
        Ok((user, issue))
    }

    /// The account waits for its address to be verified, whatever it was before.
    ///
    /// Source: `reference/platform.md` 1.7.
    fn decide(&self, cx: &Cx, facts: Self::Facts) -> Result<Verdict<User>, Fault> {
        let (before, issue) = facts;
        let env = cx.env_id();
        let mut writes = issue.writes(env)?;
        let mut user = before.value.clone();
        if user.lifecycle.status != LifecycleStatus::VerificationRequired {
            user.lifecycle.status = LifecycleStatus::VerificationRequired;
            user.updated_at = cx.now;
            writes = writes.update(env, &user, before.version)?;
        }
        Ok(Verdict::reply(user).writing(writes))
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Input {
    verification_code: Option<String>,
}

/// `application/vnd.pingidentity.user.verify+json`
pub(super) fn verify<'a>(call: &'a Call<'a>) -> BoxFuture<'a, Outcome<Reply>> {
    Box::pin(async move {
        let input: Input = password::input(call)?;
        let operation = Verify {
            call,
            code: given(input.verification_code.as_deref(), CODE)?,
            turn: Turn::default(),
        };
        let user = run(call.cx, &operation).await?;
        Ok(Reply::ok(noun::shown(call, &user).await?))
    })
}

const CODE: &str = "verificationCode";

struct Verify<'a> {
    call: &'a Call<'a>,
    code: &'a str,
    turn: Turn,
}

impl Operation for Verify<'_> {
    type Facts = (Stored<User>, Option<Stored<UserCode>>, Guessed);
    type Reply = User;

    async fn gather(&self, cx: &Cx) -> Outcome<Self::Facts> {
        let user = noun::named::<User>(self.call).await?;
        let name = fold(&user.username);
        cx.turns.take(cx.env_id(), &name, &self.turn).await;
        let code = codes::load(cx, CodePurpose::Verification, user.id).await?;
        let digest = codes::digest(cx, CodePurpose::Verification, user.id, self.code)?;
        let guessed = code
            .as_ref()
            .map_or(Guessed::Void, |code| code.judge(&digest, cx.now));
        Ok((user, code, guessed))
    }

    fn decide(&self, cx: &Cx, facts: Self::Facts) -> Result<Verdict<User>, Fault> {
        let (before, code, guessed) = facts;
        let env = cx.env_id();
        let refused = Refusal::ValueInvalid(CODE).because("not the code that was sent last");
        let Some(code) = code else {
            return Ok(Verdict::refuse(refused));
        };
        match guessed {
            Guessed::Right => {}
            Guessed::Wrong(after) => {
                let writes = Batch::new().update(env, &after, code.version)?;
                return Ok(Verdict::refuse(refused).writing(writes));
            }
            Guessed::Void => return Ok(Verdict::refuse(refused)),
        }
        let user = verified(&before, &code, cx);
        let writes = codes::redeem(env, &code).update(env, &user, before.version)?;
        Ok(Verdict::reply(user).writing(writes))
    }
}
