//! Secrets of applications and resources: read, replaced with the old one still accepted for a
//! while, the old one ended (`reference/oidc.md` 20.5, `platform.md` 3.2, 3.3).
//!
//! The functions here are what the management API routes to; each is for one owner, which the
//! caller has found and may change. [`matching`] is what authentication asks.

mod last_used;

use std::cell::Cell;
use std::ops::RangeInclusive;

use aws_lc_rs::digest;
use countersign_domain::application::{ApplicationSecret, PreviousSecret};
use countersign_domain::entity::{self, Entity, Stored};
use countersign_domain::ids::{ApplicationId, ResourceId};
use countersign_domain::ports::Entropy;
use countersign_domain::reference::Ref;
use countersign_domain::resource::ResourceSecret;
use countersign_domain::store::{Batch, Fault, Key};
use countersign_domain::time::Time;
use countersign_domain::vault::{Sealed, Vault};
use secrecy::{ExposeSecret, SecretString};
use serde::de::DeserializeOwned;
use subtle::ConstantTimeEq;

use crate::configuration::ApplicationView;
use crate::cx::Cx;
use crate::defaults::new_secret;
use crate::jose::client::verify_with_secret;
use crate::jose::verify::{Untrusted, Verified};
use crate::refusal::{Outcome, Refusal};
use crate::run::{Operation, Verdict, run};

pub use last_used::{BETWEEN_WRITES, LastUsed};

/// For how long, in seconds, the old secret may be accepted beside the new one.
/// Source: `reference/oidc.md` 20.5.
const KEPT: RangeInclusive<u64> = 60..=30 * 86_400;

/// A secret with its end, if it has one.
pub type Accepted = (SecretString, Option<Time>);

/// A document that holds a secret and the one before.
trait Holder: Entity + Clone {
    /// Whose.
    type Owner: Copy + Send + Sync + std::fmt::Display;
    fn new(owner: Self::Owner, secret: Sealed) -> Self;
    fn parts(&self) -> (&Sealed, Option<&PreviousSecret>);
    fn previous_mut(&mut self) -> Option<&mut PreviousSecret>;
    fn replace(&mut self, secret: Sealed, previous: Option<PreviousSecret>);
}

impl Holder for ApplicationSecret {
    type Owner = ApplicationId;
    fn new(owner: ApplicationId, secret: Sealed) -> Self {
        Self {
            application: Ref::to(owner),
            secret,
            previous: None,
        }
    }
    fn parts(&self) -> (&Sealed, Option<&PreviousSecret>) {
        (&self.secret, self.previous.as_ref())
    }
    fn previous_mut(&mut self) -> Option<&mut PreviousSecret> {
        self.previous.as_mut()
    }
    fn replace(&mut self, secret: Sealed, previous: Option<PreviousSecret>) {
        self.secret = secret;
        self.previous = previous;
    }
}

impl Holder for ResourceSecret {
    type Owner = ResourceId;
    fn new(owner: ResourceId, secret: Sealed) -> Self {
        Self {
            resource: Ref::to(owner),
            secret,
            previous: None,
        }
    }
    fn parts(&self) -> (&Sealed, Option<&PreviousSecret>) {
        (&self.secret, self.previous.as_ref())
    }
    fn previous_mut(&mut self) -> Option<&mut PreviousSecret> {
        self.previous.as_mut()
    }
    fn replace(&mut self, secret: Sealed, previous: Option<PreviousSecret>) {
        self.secret = secret;
        self.previous = previous;
    }
}

/// A secret in clear, as the management API shows it.
pub struct Shown {
    /// The secret.
    pub secret: SecretString,
    /// The one before, while it is accepted.
    pub previous: Option<ShownPrevious>,
}

/// A secret in clear that is accepted for a while.
pub struct ShownPrevious {
    /// The secret.
    pub secret: SecretString,
    /// Its end.
    pub expires_at: Time,
    /// When somebody came with it last.
    pub last_used: Option<Time>,
}

/// The secrets of a resource that are accepted, newest first, each with its end.
pub fn accepted(vault: &Vault, key: &Key, secret: &ResourceSecret) -> Result<Vec<Accepted>, Fault> {
    let mut found = vec![(open(vault, key, &secret.secret)?, None)];
    if let Some(previous) = &secret.previous {
        let end = Some(previous.expires_at);
        found.push((open(vault, key, &previous.secret)?, end));
    }
    Ok(found)
}

fn open(vault: &Vault, key: &Key, sealed: &Sealed) -> Result<SecretString, Fault> {
    let plain = vault.open(key, sealed)?;
    let text = std::str::from_utf8(&plain).map_err(|_| Fault::Crypto("a secret is not text"))?;
    Ok(SecretString::from(text))
}

/// Which of its secrets somebody came with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Which {
    /// The one that it has.
    Current,
    /// The one before, with its end, which tells it from one that comes after it.
    Previous(Time),
}

/// Compares digests, in constant time, with every secret still accepted (`threats.md` 22).
pub fn matching(accepted: &[Accepted], presented: &SecretString, now: Time) -> Option<Which> {
    let sha =
        |secret: &SecretString| digest::digest(&digest::SHA256, secret.expose_secret().as_bytes());
    let presented = sha(presented);
    let mut found = None;
    for (secret, until) in accepted {
        let same = bool::from(sha(secret).as_ref().ct_eq(presented.as_ref()));
        if same && until.is_none_or(|until| now < until) {
            found = found.or(Some(which(*until)));
        }
    }
    found
}

const fn which(until: Option<Time>) -> Which {
    match until {
        None => Which::Current,
        Some(until) => Which::Previous(until),
    }
}

/// Verifies what an application signed with one of its secrets, and notes which one that was.
pub fn verify<C: DeserializeOwned + Clone>(
    cx: &Cx,
    view: &ApplicationView,
    jwt: &str,
) -> Result<Verified<C>, Untrusted> {
    let tried = Cell::new(Which::Current);
    let accepted = view.secrets.iter();
    let accepted = accepted.filter(|(_, until)| until.is_none_or(|until| cx.now < until));
    let secrets = accepted.map(|(secret, until)| {
        tried.set(which(*until));
        secret.expose_secret().as_bytes()
    });
    // The last one that is tried is the one that fits.
    let verified = verify_with_secret(jwt, secrets)?;
    note_application(cx, view.application.id, tried.get());
    Ok(verified)
}

/// Notes with which secret an application was authenticated.
pub fn note_application(cx: &Cx, id: ApplicationId, which: Which) {
    note::<ApplicationSecret>(cx, id, which);
}

/// Notes with which secret a resource was authenticated.
pub fn note_resource(cx: &Cx, id: ResourceId, which: Which) {
    note::<ResourceSecret>(cx, id, which);
}

fn note<H: Holder>(cx: &Cx, owner: H::Owner, which: Which) {
    if let Which::Previous(until) = which {
        let key = Key::new(H::KIND, cx.env_id(), owner.to_string());
        cx.env.last_used.note(key, until, cx.now);
    }
}

/// The secret of an application.
pub async fn of_application(cx: &Cx, id: ApplicationId) -> Outcome<Shown> {
    shown::<ApplicationSecret>(cx, id).await
}

/// The secret of a resource.
pub async fn of_resource(cx: &Cx, id: ResourceId) -> Outcome<Shown> {
    shown::<ResourceSecret>(cx, id).await
}

/// Gives an application a new secret. The old one is accepted until `keep_until`, if that is given.
pub async fn rotate_application(
    cx: &Cx,
    id: ApplicationId,
    keep_until: Option<Time>,
) -> Outcome<Shown> {
    rotate::<ApplicationSecret>(cx, id, keep_until).await
}

/// Gives a resource a new secret. The old one is accepted until `keep_until`, if that is given.
pub async fn rotate_resource(cx: &Cx, id: ResourceId, keep_until: Option<Time>) -> Outcome<Shown> {
    rotate::<ResourceSecret>(cx, id, keep_until).await
}

/// Ends the old secret of an application before its time.
pub async fn end_previous_of_application(cx: &Cx, id: ApplicationId) -> Outcome<()> {
    run(cx, &EndPrevious::<ApplicationSecret> { owner: id }).await
}

/// Ends the old secret of a resource before its time.
pub async fn end_previous_of_resource(cx: &Cx, id: ResourceId) -> Outcome<()> {
    run(cx, &EndPrevious::<ResourceSecret> { owner: id }).await
}

async fn find<H: Holder>(cx: &Cx, owner: H::Owner) -> Outcome<Option<Stored<H>>> {
    let store = &*cx.ports.store;
    Ok(entity::load::<H>(store, cx.env_id(), owner.to_string(), cx.now).await?)
}

async fn shown<H: Holder>(cx: &Cx, owner: H::Owner) -> Outcome<Shown> {
    let stored = find::<H>(cx, owner).await?;
    let stored = stored.ok_or_else(|| Refusal::NotFound.because("it has no secret"))?;
    Ok(reveal(cx, &stored.value)?)
}

fn reveal<H: Holder>(cx: &Cx, holder: &H) -> Result<Shown, Fault> {
    let (vault, key) = (&cx.ports.vault, holder.key(cx.env_id()));
    let (secret, previous) = holder.parts();
    let previous = previous.filter(|previous| cx.now < previous.expires_at);
    let previous = previous.map(|it| {
        Ok::<_, Fault>(ShownPrevious {
            secret: open(vault, &key, &it.secret)?,
            expires_at: it.expires_at,
            last_used: cx
                .env
                .last_used
                .noted(&key, it.expires_at)
                .max(it.last_used),
        })
    });
    Ok(Shown {
        secret: open(vault, &key, secret)?,
        previous: previous.transpose()?,
    })
}

async fn rotate<H: Holder>(cx: &Cx, owner: H::Owner, keep_until: Option<Time>) -> Outcome<Shown> {
    if let Some(until) = keep_until {
        let kept = until.since(cx.now);
        if until <= cx.now || !KEPT.contains(&kept.as_secs()) {
            let why = "previous.expiresAt is not 1 minute to 30 days ahead";
            return Err(Refusal::ValueInvalid("previous.expiresAt")
                .because(why)
                .into());
        }
    }
    let rotate = Rotate::<H> { owner, keep_until };
    run(cx, &rotate).await
}

struct Rotate<H: Holder> {
    owner: H::Owner,
    keep_until: Option<Time>,
}

impl<H: Holder> Operation for Rotate<H> {
    type Facts = (Option<Stored<H>>, Sealed);
    type Reply = Shown;

    async fn gather(&self, cx: &Cx) -> Outcome<Self::Facts> {
        let entropy: &dyn Entropy = &*cx.ports.entropy;
        let secret = new_secret(entropy);
        let key = Key::new(H::KIND, cx.env_id(), self.owner.to_string());
        let plain = secret.expose_secret().as_bytes();
        let sealed = cx.ports.vault.seal(&key, plain, entropy)?;
        Ok((find::<H>(cx, self.owner).await?, sealed))
    }

    fn decide(&self, cx: &Cx, facts: Self::Facts) -> Result<Verdict<Shown>, Fault> {
        let (stored, sealed) = facts;
        let (holder, version) = match stored {
            None => (H::new(self.owner, sealed), None),
            Some(Stored { value, version }) => {
                let mut holder = value;
                let previous = self.keep_until.map(|expires_at| PreviousSecret {
                    secret: holder.parts().0.clone(),
                    expires_at,
                    last_used: None,
                });
                holder.replace(sealed, previous);
                (holder, Some(version))
            }
        };
        let shown = reveal(cx, &holder)?;
        let writes = match version {
            Some(version) => Batch::new().update(cx.env_id(), &holder, version)?,
            None => Batch::new().create(cx.env_id(), &holder)?,
        };
        Ok(Verdict::reply(shown).writing(writes.changed(cx.env_id())))
    }
}

struct EndPrevious<H: Holder> {
    owner: H::Owner,
}

impl<H: Holder> Operation for EndPrevious<H> {
    type Facts = Option<Stored<H>>;
    type Reply = ();

    async fn gather(&self, cx: &Cx) -> Outcome<Self::Facts> {
        find::<H>(cx, self.owner).await
    }

    fn decide(&self, cx: &Cx, facts: Self::Facts) -> Result<Verdict<()>, Fault> {
        let Some(Stored {
            value: mut holder,
            version,
        }) = facts
        else {
            return Ok(Verdict::refuse(
                Refusal::NotFound.because("it has no secret"),
            ));
        };
        let secret = holder.parts().0.clone();
        holder.replace(secret, None);
        let writes = Batch::new().update(cx.env_id(), &holder, version)?;
        Ok(Verdict::reply(()).writing(writes.changed(cx.env_id())))
    }
}
