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

/// Each by the name that its endpoint has.
const OPERATIONS: &[(&str, Happened, About)] = &[
    ("account.lock", kinds::USER_LOCKED, About::User),
    ("account.unlock", kinds::USER_UNLOCKED, About::User),
    ("password.set", kinds::PASSWORD_SET, About::User),
    ("password.setValue", kinds::PASSWORD_SET, About::User),
    ("password.setValue", kinds::PASSWORD_UNSET, About::User),
    ("password.reset", kinds::PASSWORD_RESET, About::User),
    ("password.recover", kinds::PASSWORD_RECOVERY, About::User),
    // Whoever recovers a password is unlocked with it (`reference/flows.md` 6.7).
    ("password.recover", kinds::USER_UNLOCKED, About::User),
    (
        "password.forceChange",
        kinds::PASSWORD_FORCE_CHANGE,
        About::User,
    ),
    ("password.unlock", kinds::PASSWORD_UNLOCKED, About::User),
    ("password.unlock", kinds::USER_UNLOCKED, About::User),
    // Decision: besides `USER.UPDATED`, so that who follows all changes of users misses none.
    ("user.move", kinds::USER_MOVED, About::User),
    (
        "device.rename",
        kinds::DEVICE_NICKNAME_UPDATED,
        About::Document(documents::DEVICE, "DEVICE"),
    ),
    // Decision: whether there was an order before is not looked at.
    (
        "devices.reorder",
        kinds::DEVICES_ORDER_UPDATED,
        About::Document(documents::DEVICE, "DEVICE"),
    ),
    (
        "devices.order.remove",
        kinds::DEVICES_ORDER_DELETED,
        About::Document(documents::DEVICE, "DEVICE"),
    ),
    // Decision: PingOne's page on these settings says that they have events, and no other settings go
    // without a name of their own. There is no `SETTINGS.CREATED`: every environment has them.
    (
        "ssoCookieSettings",
        kinds::SETTINGS_UPDATED,
        About::Settings,
    ),
    (
        "keyRotationPolicy.rotate",
        kinds::KEYS_ROTATED,
        About::Document(documents::KEY_ROTATION_POLICY, "KRP"),
    ),
    (
        "environment.type",
        kinds::ENVIRONMENT_PROMOTED,
        About::Document(documents::ENVIRONMENT, "ENVIRONMENT"),
    ),
    (
        "environment.type",
        kinds::ENVIRONMENT_DEMOTED,
        About::Document(documents::ENVIRONMENT, "ENVIRONMENT"),
    ),
];

/// The events of the operation that writes a batch.
pub(super) fn derive(cx: &Cx, batch: &Batch) -> Result<Vec<Activity>, Fault> {
    let operation = cx.caller.as_ref().and_then(|caller| caller.operation);
    let Some(operation) = operation else {
        return Ok(Vec::new());
    };
    let mut events = Vec::new();
    for (_, happened, about) in OPERATIONS.iter().filter(|(name, ..)| *name == operation) {
        if let Some(party) = about.party(cx, batch)
            && is_so(happened, batch)?
        {
            events.push(Activity::new(cx, happened, vec![party]));
        }
    }
    Ok(events)
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

/// Whether a batch makes true what its operation can be told to do.
fn is_so(happened: &Happened, batch: &Batch) -> Result<bool, Fault> {
    let put = |kind: Kind| {
        batch.writes.iter().find_map(|write| match write {
            Write::Put(doc) if doc.key.kind == kind => Some(&**doc),
            Write::Put(_) | Write::Delete(_) | Write::DeleteEnvironment(_) => None,
        })
    };
    if *happened == kinds::USER_UNLOCKED {
        // Lifting the lock after wrong passwords unlocks nobody on whom an administrator's lock is
        // (`reference/flows.md` 10.2).
        let account = put(documents::ACCOUNT).map(Account::from_doc).transpose()?;
        return Ok(account.is_none_or(|it| !it.locked_by_admin));
    }
    if *happened == kinds::PASSWORD_SET || *happened == kinds::PASSWORD_UNSET {
        let credential = put(documents::CREDENTIAL);
        let credential = credential.map(Credential::from_doc).transpose()?;
        let is_set = credential.map(|it| it.password_hash.is_some());
        return Ok(is_set == Some(*happened == kinds::PASSWORD_SET));
    }
    if *happened == kinds::ENVIRONMENT_PROMOTED || *happened == kinds::ENVIRONMENT_DEMOTED {
        let environment = put(documents::ENVIRONMENT);
        let environment = environment.map(Environment::from_doc).transpose()?;
        let is_up = environment.map(|it| it.type_ == EnvironmentType::Production);
        return Ok(is_up == Some(*happened == kinds::ENVIRONMENT_PROMOTED));
    }
    Ok(true)
}
