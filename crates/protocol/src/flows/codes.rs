//! Codes by mail: the one way in which anything issues and compares them, so that all of them are
//! stored as keyed digests, limited and counted alike (`reference/flows.md` 6.5-6.7, 6.10, 6.11).
//!
//! Whoever makes an account that must be verified needs nothing of this: with
//! `lifecycle.status` VERIFICATION_REQUIRED on the user, [`Arrival::proving`] prepares the code and
//! [`advance`] writes it with its mail and stops at VERIFICATION_CODE_REQUIRED.
//!
//! [`Arrival::proving`]: crate::flows::advance::Arrival::proving
//! [`advance`]: crate::flows::advance::advance

use std::time::Duration;

use aws_lc_rs::hmac;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use countersign_domain::entity::{self, Entity, Stored};
use countersign_domain::ids::{EnvId, UserId};
use countersign_domain::notice::Notice;
use countersign_domain::notification::TemplateName;
use countersign_domain::store::{Batch, Fault, Precondition};
use countersign_domain::user::User;
use countersign_domain::user::code::{self, CodePurpose, UserCode};

use crate::cx::Cx;
use crate::notices::{self, Recipient};
use crate::refusal::Refusal;

/// How long it is tried to deliver a verification code. The code itself has no end.
const VERIFICATION_DELIVERY: Duration = Duration::from_hours(72);

/// A new code with its mail, ready for a batch.
pub struct Issue {
    code: UserCode,
    before: Option<u64>,
    notice: Notice,
}

/// The code that a user was sent last.
pub async fn load(
    cx: &Cx,
    purpose: CodePurpose,
    user: UserId,
) -> Result<Option<Stored<UserCode>>, Fault> {
    let id = UserCode::id_of(purpose, user);
    entity::load(&*cx.ports.store, cx.env_id(), id, cx.now).await
}

/// A new code in place of `before`, or the refusal because too many were sent.
pub fn issue(
    cx: &Cx,
    purpose: CodePurpose,
    recipient: Recipient<'_>,
    before: Option<&Stored<UserCode>>,
) -> Result<Result<Issue, Refusal>, Fault> {
    let text = code::fresh(&*cx.ports.entropy);
    let digest = digest(cx, purpose, recipient.id, &text)?;
    let email = recipient.user.and_then(|user| user.email.clone());
    let former = before.map(|stored| &stored.value);
    let code = match UserCode::issue(former, purpose, recipient.id, digest, email, cx.now) {
        Ok(code) => code,
        Err(wait) => {
            return Ok(Err(Refusal::TooManyRequests {
                retry_after_seconds: wait.as_secs().saturating_add(1),
            }));
        }
    };
    let (template, void_at) = match purpose {
        CodePurpose::Verification => (
            TemplateName::VerificationCode,
            cx.now.plus(VERIFICATION_DELIVERY),
        ),
        CodePurpose::Recovery => (
            TemplateName::RecoveryCode,
            cx.now.plus(code::RECOVERY_LIFETIME),
        ),
    };
    let notice = notices::compose(cx, template, recipient, &text, void_at)?;
    let before = before.map(|stored| stored.version);
    Ok(Ok(Issue {
        code,
        before,
        notice,
    }))
}

impl Issue {
    /// The code takes the former one's place, and its mail goes out.
    pub fn writes(&self, env: EnvId) -> Result<Batch, Fault> {
        let batch = match self.before {
            Some(version) => Batch::new().update(env, &self.code, version)?,
            None => Batch::new().create(env, &self.code)?,
        };
        Ok(batch.put(self.notice.to_doc(EnvId::PLATFORM)?))
    }
}

/// The code that a person must have before the flow goes on, unless they have one.
pub async fn for_verification(cx: &Cx, user: &User) -> Result<Option<Issue>, Fault> {
    let before = load(cx, CodePurpose::Verification, user.id).await?;
    if before.as_ref().is_some_and(|code| code.is_live(cx.now)) {
        return Ok(None);
    }
    let recipient = Recipient {
        id: user.id,
        user: Some(user),
    };
    let issued = issue(cx, CodePurpose::Verification, recipient, before.as_ref())?;
    Ok(issued.ok())
}

/// The keyed digest of a code: what is stored and compared. A code has 40 bits, so a plain hash
/// would hide nothing from whoever reads the database.
pub fn digest(cx: &Cx, purpose: CodePurpose, user: UserId, text: &str) -> Result<String, Fault> {
    let name = match purpose {
        CodePurpose::Verification => "verification code",
        CodePurpose::Recovery => "recovery code",
    };
    let key = cx.ports.vault.mac_key(name, cx.env_id())?;
    let mut context = hmac::Context::with_key(&key);
    context.update(user.uuid().as_bytes());
    context.update(code::normal(text).as_bytes());
    Ok(URL_SAFE_NO_PAD.encode(context.sign()))
}

/// Uses a code up.
pub fn redeem(env: EnvId, code: &Stored<UserCode>) -> Batch {
    let key = code.key(env);
    Batch::new()
        .require(Precondition::Version(key.clone(), code.version))
        .delete(key)
}

/// An address as it may be shown: enough to know it by, too little to write to it.
///
/// Decision: as in the one public sample of such an answer, two characters and the domain
/// (`reference/flows.md` 6.9).
pub fn masked(email: &str) -> String {
    let (local, domain) = email.rsplit_once('@').unwrap_or((email, ""));
    let mut shown: String = local
        .chars()
        .take(2.min(local.chars().count() / 2))
        .collect();
    shown.push_str("****");
    if !domain.is_empty() {
        shown.push('@');
        shown.push_str(domain);
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_masked() {
        for (email, shown) in [
            ("ada.lovelace@example.com", "ad****@example.com"),
            ("ada@example.com", "a****@example.com"),
            ("a@example.com", "****@example.com"),
            ("odd", "o****"),
        ] {
            assert_eq!(masked(email), shown);
        }
    }
}
