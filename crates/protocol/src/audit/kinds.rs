//! What can happen, by the names that PingOne uses.
//!
//! Source: `reference/flows.md` 13.

use std::borrow::Cow;

/// Something that happened: a family and what became of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Happened {
    family: Cow<'static, str>,
    what: Cow<'static, str>,
}

macro_rules! happenings {
    ($($(#[$doc:meta])* $name:ident = $family:literal $what:literal;)*) => {
        $(
            $(#[$doc])*
            pub const $name: Happened = Happened {
                family: Cow::Borrowed($family),
                what: Cow::Borrowed($what),
            };
        )*
        /// Everything that a rule tells of by itself. The rest follows from changes of documents.
        pub const BY_RULE: &[Happened] = &[$($name),*];
    };
}

happenings! {
    /// A sign-on began.
    FLOW_CREATED = "FLOW" "CREATED";
    /// A sign-on came to another status.
    FLOW_UPDATED = "FLOW" "UPDATED";
    /// A sign-on expired and was removed.
    FLOW_DELETED = "FLOW" "DELETED";
    /// Somebody was sent to an identity provider.
    AUTHENTICATION_CREATED = "AUTHENTICATION" "CREATED";
    /// Somebody came back from an identity provider.
    AUTHENTICATION_UPDATED = "AUTHENTICATION" "UPDATED";
    /// A session began.
    SESSION_CREATED = "SESSION" "CREATED";
    /// Somebody signed on again in their session.
    SESSION_UPDATED = "SESSION" "UPDATED";
    /// A session was ended.
    SESSION_DELETED = "SESSION" "DELETED";
    /// Somebody asked to be signed off.
    SLO_REQUESTED = "USER" "SLO_REQUESTED";
    /// Somebody was signed off.
    SLO_SUCCESS = "USER" "SLO_SUCCESS";
    /// Somebody asked to be signed off, and was not.
    SLO_FAILURE = "USER" "SLO_FAILURE";
    /// The right password.
    PASSWORD_CHECK_SUCCEEDED = "PASSWORD" "CHECK_SUCCEEDED";
    /// A wrong password, or a right one that does not count.
    PASSWORD_CHECK_FAILED = "PASSWORD" "CHECK_FAILED";
    /// A forgotten password was replaced.
    PASSWORD_RECOVERY = "PASSWORD" "RECOVERY";
    /// Somebody changed their password.
    PASSWORD_RESET = "PASSWORD" "RESET";
    /// An administrator set a password.
    PASSWORD_SET = "PASSWORD" "SET";
    /// An administrator took a password away.
    PASSWORD_UNSET = "PASSWORD" "UNSET";
    /// An administrator asks for a new password.
    PASSWORD_FORCE_CHANGE = "PASSWORD" "FORCE_CHANGE";
    /// An administrator unlocked a password.
    PASSWORD_UNLOCKED = "PASSWORD" "UNLOCKED";
    /// An application learns who somebody is.
    ACCESS_ALLOWED = "USER" "ACCESS_ALLOWED";
    /// A sign-on failed for good.
    ACCESS_DENIED = "USER" "ACCESS_DENIED";
    /// Somebody refused to connect a device.
    OAUTH_CONSENT_DECLINED = "OAUTH_CONSENT" "DECLINED";
    /// A consent to an application was taken back.
    OAUTH_CONSENT_REVOKED = "OAUTH_CONSENT" "REVOKED";
    /// A consent to an agreement was taken back.
    AGREEMENT_CONSENT_REVOKED = "AGREEMENT_CONSENT" "REVOKED";
    /// An administrator moved somebody to another population.
    USER_MOVED = "USER" "MOVED";
    /// An administrator locked an account.
    USER_LOCKED = "USER" "LOCKED";
    /// An account was unlocked: by an administrator, or with its password.
    USER_UNLOCKED = "USER" "UNLOCKED";
    /// A device got another name.
    DEVICE_NICKNAME_UPDATED = "DEVICE" "NICKNAME_UPDATED";
    /// The devices of somebody got an order.
    DEVICES_ORDER_UPDATED = "DEVICES" "ORDER_UPDATED";
    /// The devices of somebody have no order any more.
    DEVICES_ORDER_DELETED = "DEVICES" "ORDER_DELETED";
    /// Whether browsers keep their sessions was set.
    SETTINGS_UPDATED = "SETTINGS" "UPDATED";
    /// The keys of a policy rotated.
    KEYS_ROTATED = "KRP" "ROTATED";
    /// Somebody looked at a secret.
    SECRET_READ = "SECRET" "READ";
    /// An environment went into production.
    ENVIRONMENT_PROMOTED = "ENVIRONMENT" "PROMOTED";
    /// An environment became a sandbox again.
    ENVIRONMENT_DEMOTED = "ENVIRONMENT" "DEMOTED";
}

impl Happened {
    /// Something happened to a document of a family.
    pub const fn to(family: &'static str, what: &'static str) -> Self {
        Self {
            family: Cow::Borrowed(family),
            what: Cow::Borrowed(what),
        }
    }

    /// `action.type`.
    pub fn name(&self) -> String {
        format!("{}.{}", self.family, self.what)
    }

    /// `action.description`: `Password Check Failed`.
    ///
    /// Decision: PingOne's texts are not documented; these follow from the type.
    pub fn description(&self) -> String {
        let words = self.family.split('_').chain(self.what.split('_'));
        let words = words.map(|word| {
            let (first, rest) = word.split_at_checked(1).unwrap_or((word, ""));
            format!("{first}{}", rest.to_lowercase())
        });
        words.collect::<Vec<_>>().join(" ")
    }
}

/// Whether a text has the form of an `action.type`. Webhooks may name types that this server does
/// not have: files made for PingOne name all of its types.
pub fn is_well_formed(text: &str) -> bool {
    let is_word = |word: &str| {
        !word.is_empty()
            && word
                .bytes()
                .all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'_')
    };
    text.len() <= 100
        && text
            .split_once('.')
            .is_some_and(|(family, what)| is_word(family) && is_word(what))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_descriptions_follow_from_the_words() {
        assert_eq!(PASSWORD_CHECK_FAILED.name(), "PASSWORD.CHECK_FAILED");
        assert_eq!(PASSWORD_CHECK_FAILED.description(), "Password Check Failed");
        assert_eq!(
            Happened::to("SIGN_ON_POLICY_ASSIGNMENT", "CREATED").description(),
            "Sign On Policy Assignment Created"
        );
    }

    #[test]
    fn types_are_two_words_of_capitals() {
        assert!(is_well_formed("DEVICE.NICKNAME_UPDATED"));
        for bad in ["", "USER", "user.created", "USER.", ".X", "A.B.C", "A B.C"] {
            assert!(!is_well_formed(bad), "{bad}");
        }
    }
}
