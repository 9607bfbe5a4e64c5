//! Locking, unlocking, enabling.

use countersign_domain::entity::Stored;
use countersign_domain::password::lockout;
use countersign_domain::ports::BoxFuture;
use countersign_domain::store::{Batch, Fault};
use countersign_domain::user::{Account, User};
use serde::Deserialize;
use serde_json::json;

use super::{removal, wrong};
use crate::cx::Cx;
use crate::refusal::Outcome;
use crate::run::{Operation, Verdict, run};
use crate::v1::body::{self, Object};
use crate::v1::call::{Call, Reply};
use crate::v1::hal::{self, Body, Links};
use crate::v1::noun;
use crate::v1::privilege;

/// `application/vnd.pingidentity.account.lock+json`
pub(super) fn lock<'a>(call: &'a Call<'a>) -> BoxFuture<'a, Outcome<Reply>> {
    Box::pin(set(call, true))
}

/// `application/vnd.pingidentity.account.unlock+json`
pub(super) fn unlock<'a>(call: &'a Call<'a>) -> BoxFuture<'a, Outcome<Reply>> {
    Box::pin(set(call, false))
}

async fn set(call: &Call<'_>, locks: bool) -> Outcome<Reply> {
    let user = run(call.cx, &SetLock { call, locks }).await?;
    Ok(Reply::ok(noun::shown(call, &user).await?))
}

struct SetLock<'a> {
    call: &'a Call<'a>,
    locks: bool,
}

impl Operation for SetLock<'_> {
    type Facts = (
        User,
        Option<Stored<Account>>,
        Vec<countersign_domain::store::Key>,
    );
    type Reply = User;

    async fn gather(&self, _cx: &Cx) -> Outcome<Self::Facts> {
        let user = noun::named::<User>(self.call).await?.value;
        privilege::over_user(self.call, user.id).await?;
        let account = self.call.load::<Account>(user.id).await?;
        let sessions = if self.locks {
            removal::sessions(self.call, user.id).await?
        } else {
            Vec::new()
        };
        Ok((user, account, sessions))
    }

    /// Unlocking takes the lock of wrong passwords away, too.
    ///
    /// Source: `reference/platform.md` 3.7. Decision: locking ends the sessions, as disabling does.
    fn decide(&self, cx: &Cx, facts: Self::Facts) -> Result<Verdict<User>, Fault> {
        let (user, before, sessions) = facts;
        let mut account = match &before {
            Some(before) => before.value.clone(),
            None => Account::new(user.id),
        };
        if self.locks {
            if !account.locked_by_admin {
                account.locked_at = Some(cx.now);
            }
        } else {
            account = lockout::after_success(&account);
            account.locked_at = None;
        }
        account.locked_by_admin = self.locks;
        let env = self.call.env;
        let batch = match &before {
            Some(before) => Batch::new().update(env, &account, before.version)?,
            None => Batch::new().create(env, &account)?,
        };
        let batch = sessions.into_iter().fold(batch, Batch::delete);
        Ok(Verdict::reply(user).writing(batch))
    }
}

fn shown(call: &Call<'_>, user: &User) -> Body {
    let own = call.url(&call.own_path());
    let mut links = Links::to(call, &own);
    let path = call.fill("/environments/{environment}/users/{user}");
    links.add("user", call.url(&path));
    let mut object = Object::new();
    object.insert("enabled".into(), json!(user.enabled));
    hal::resource(links, object)
}

/// `GET /users/{u}/enabled`
pub(super) fn enabled<'a>(call: &'a Call<'a>) -> BoxFuture<'a, Outcome<Reply>> {
    Box::pin(async move {
        let user = noun::named::<User>(call).await?;
        Ok(Reply::ok(shown(call, &user)))
    })
}

/// `PUT /users/{u}/enabled`
pub(super) fn set_enabled<'a>(call: &'a Call<'a>) -> BoxFuture<'a, Outcome<Reply>> {
    #[derive(Deserialize)]
    struct Input {
        enabled: bool,
    }
    Box::pin(async move {
        let body = body::without_nulls(body::object(call.body)?);
        let input: Input = body::read(body).map_err(wrong)?;
        let user = noun::edit::<User>(call, |user| {
            if user.enabled != input.enabled {
                user.enabled = input.enabled;
                user.updated_at = call.now();
            }
            Ok(())
        })
        .await?;
        Ok(Reply::ok(shown(call, &user)))
    })
}
