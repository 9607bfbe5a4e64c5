//! Operations of the management API that are told by their own name, not by what they write.
//!
//! Source: `reference/platform.md` 1.7, `flows.md` 13.

use countersign_domain::entity::{Entity, kinds as documents};
use countersign_domain::environment::{Environment, EnvironmentType};
use countersign_domain::ids::EnvId;
use countersign_domain::store::{Batch, Fault, Kind, Write};
use countersign_domain::user::{Account, Credential};

use super::{Activity, Happened, Party, kinds};
use crate::cx::Cx;

/// What an operation is told to be about.
enum About {
    /// The user whom it writes, or whose account or password.
    User,
    /// The document of this kind that it writes, under this type.
    Document(Kind, &'static str),
    /// The environment's settings, which have no id of their own.
    Settings,
}

/// An event of an operation: the name that its endpoint has, what is told, about what, and whether it
/// is so. Refusals write, too: a wrong password counts, and is no change of it.
struct Row(&'static str, Happened, About, fn(&Written) -> bool);

const fn always(_: &Written) -> bool {
    true
}

const OPERATIONS: &[Row] = &[
    Row("account.lock", kinds::USER_LOCKED, About::User, always),
    Row("account.unlock", kinds::USER_UNLOCKED, About::User, always),
    Row(
        "password.set",
        kinds::PASSWORD_SET,
        About::User,
        Written::sets_password,
    ),
    Row(
        "password.setValue",
        kinds::PASSWORD_SET,
        About::User,
        Written::sets_password,
    ),
    Row(
        "password.setValue",
        kinds::PASSWORD_UNSET,
        About::User,
        Written::takes_password,
    ),
    Row(
        "password.check",
        kinds::PASSWORD_CHECK_SUCCEEDED,
        About::User,
        Written::clears_failures,
    ),
    Row(
        "password.check",
        kinds::PASSWORD_CHECK_FAILED,
        About::User,
        Written::counts_failure,
    ),
    Row(
        "password.reset",
        kinds::PASSWORD_CHECK_FAILED,
        About::User,
        Written::counts_failure,
    ),
    Row(
        "password.reset",
        kinds::PASSWORD_RESET,
        About::User,
        Written::sets_password,
    ),
    Row(
        "password.recover",
        kinds::PASSWORD_RECOVERY,
        About::User,
        Written::sets_password,
    ),
    // Whoever recovers a password is unlocked with it (`reference/flows.md` 6.7).
    Row(
        "password.recover",
        kinds::USER_UNLOCKED,
        About::User,
        Written::sets_password,
    ),
    Row(
        "password.forceChange",
        kinds::PASSWORD_FORCE_CHANGE,
        About::User,
        always,
    ),
    Row(
        "password.unlock",
        kinds::PASSWORD_UNLOCKED,
        About::User,
        always,
    ),
    Row(
        "password.unlock",
        kinds::USER_UNLOCKED,
        About::User,
        Written::leaves_unlocked,
    ),
    // Decision: besides `USER.UPDATED`, so that who follows all changes of users misses none.
    Row("user.move", kinds::USER_MOVED, About::User, always),
    Row(
        "device.rename",
        kinds::DEVICE_NICKNAME_UPDATED,
        About::Document(documents::DEVICE, "DEVICE"),
        always,
    ),
    // Decision: whether there was an order before is not looked at.
    Row(
        "devices.reorder",
        kinds::DEVICES_ORDER_UPDATED,
        About::Document(documents::DEVICE, "DEVICE"),
        always,
    ),
    Row(
        "devices.order.remove",
        kinds::DEVICES_ORDER_DELETED,
        About::Document(documents::DEVICE, "DEVICE"),
        always,
    ),
    // Decision: PingOne's page on these settings says that they have events, and no other settings go
    // without a name of their own. There is no `SETTINGS.CREATED`: every environment has them.
    Row(
        "ssoCookieSettings",
        kinds::SETTINGS_UPDATED,
        About::Settings,
        always,
    ),
    Row(
        "keyRotationPolicy.rotate",
        kinds::KEYS_ROTATED,
        About::Document(documents::KEY_ROTATION_POLICY, "KRP"),
        always,
    ),
    Row(
        "environment.type",
        kinds::ENVIRONMENT_PROMOTED,
        About::Document(documents::ENVIRONMENT, "ENVIRONMENT"),
        Written::is_production,
    ),
    Row(
        "environment.type",
        kinds::ENVIRONMENT_DEMOTED,
        About::Document(documents::ENVIRONMENT, "ENVIRONMENT"),
        Written::is_sandbox,
    ),
];

/// The events of the operation that writes a batch.
pub(super) fn derive(cx: &Cx, batch: &Batch) -> Result<Vec<Activity>, Fault> {
    let operation = cx.caller.as_ref().and_then(|caller| caller.operation);
    let Some(operation) = operation else {
        return Ok(Vec::new());
    };
    let rows = OPERATIONS.iter().filter(|row| row.0 == operation);
    let mut rows = rows.peekable();
    if rows.peek().is_none() {
        return Ok(Vec::new());
    }
    let written = Written::by(batch)?;
    let told = rows.filter(|Row(.., is_so)| is_so(&written));
    let told = told.filter_map(|Row(_, happened, about, _)| {
        let activity = Activity::new(cx, happened, vec![about.party(cx, batch)?]);
        Some(if *happened == kinds::PASSWORD_CHECK_FAILED {
            activity.failed("Invalid Credentials")
        } else {
            activity
        })
    });
    Ok(told.collect())
}

impl About {
    fn party(&self, cx: &Cx, batch: &Batch) -> Option<Party> {
        let written = |fits: &dyn Fn(Kind) -> bool| {
            let mut keys = batch.writes.iter().filter_map(|write| match write {
                Write::Put(doc) => Some(&doc.key),
                Write::Delete(key) => Some(key),
                Write::DeleteEnvironment(_) => None,
            });
            keys.find(|key| fits(key.kind))
        };
        let env = cx.env_id();
        match self {
            Self::User => {
                let of_user = [documents::ACCOUNT, documents::CREDENTIAL, documents::USER];
                let key = written(&|kind| of_user.contains(&kind))?;
                Some(Party::new(env, "USER", &key.id))
            }
            Self::Document(kind, type_) => {
                let key = written(&|it| it == *kind)?;
                let own: Option<EnvId> = (*kind == documents::ENVIRONMENT)
                    .then(|| key.id.parse().ok())
                    .flatten();
                Some(Party::new(own.unwrap_or(env), type_, &key.id))
            }
            Self::Settings => Some(Party::new(env, "SETTINGS", env)),
        }
    }
}

/// What a batch writes of what rows ask about.
struct Written {
    account: Option<Account>,
    credential: Option<Credential>,
    environment: Option<Environment>,
}

impl Written {
    fn by(batch: &Batch) -> Result<Self, Fault> {
        Ok(Self {
            account: put(batch)?,
            credential: put(batch)?,
            environment: put(batch)?,
        })
    }

    fn sets_password(&self) -> bool {
        let credential = self.credential.as_ref();
        credential.is_some_and(|it| it.password_hash.is_some())
    }

    fn takes_password(&self) -> bool {
        let credential = self.credential.as_ref();
        credential.is_some_and(|it| it.password_hash.is_none())
    }

    fn counts_failure(&self) -> bool {
        self.account.as_ref().is_some_and(|it| it.failures > 0)
    }

    fn clears_failures(&self) -> bool {
        self.account.as_ref().is_some_and(|it| it.failures == 0)
    }

    /// Lifting the lock after wrong passwords unlocks nobody on whom an administrator's lock is.
    /// Source: `reference/flows.md` 10.2.
    fn leaves_unlocked(&self) -> bool {
        self.account.as_ref().is_none_or(|it| !it.locked_by_admin)
    }

    fn is(&self, type_: EnvironmentType) -> bool {
        let environment = self.environment.as_ref();
        environment.is_some_and(|it| it.type_ == type_)
    }

    fn is_production(&self) -> bool {
        self.is(EnvironmentType::Production)
    }

    fn is_sandbox(&self) -> bool {
        self.is(EnvironmentType::Sandbox)
    }
}

fn put<E: Entity>(batch: &Batch) -> Result<Option<E>, Fault> {
    let doc = batch.writes.iter().find_map(|write| match write {
        Write::Put(doc) if doc.key.kind == E::KIND => Some(&**doc),
        Write::Put(_) | Write::Delete(_) | Write::DeleteEnvironment(_) => None,
    });
    doc.map(E::from_doc).transpose()
}
