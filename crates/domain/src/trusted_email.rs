//! `/v1/environments/{e}/emailDomains` and the addresses in them: senders that an environment says
//! are its own. Kept; nobody looks at the records of a domain, so that nothing is ever verified.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::entity::{Entity, kinds};
use crate::reference::{Ref, fold};
use crate::store::{IndexEntry, IndexName, Kind};
use crate::time::Time;

/// A domain.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct EmailDomain {
    /// Its id.
    pub id: Uuid,
    /// Its name, unique in the environment.
    pub domain_name: String,
    /// When it was added.
    pub created_at: Time,
}

impl EmailDomain {
    /// Unique: folded name.
    pub const UNIQUE_NAME: IndexName = "domainName";

    /// Whether it is the name of a domain: labels of letters, digits and hyphens, at least two.
    pub fn is_name(text: &str) -> bool {
        let is_label = |label: &str| {
            let inside = |it: char| it.is_ascii_alphanumeric() || it == '-';
            (1..=63).contains(&label.len())
                && label.chars().all(inside)
                && !label.starts_with('-')
                && !label.ends_with('-')
        };
        text.len() <= 253 && text.contains('.') && text.split('.').all(is_label)
    }
}

impl Entity for EmailDomain {
    const KIND: Kind = kinds::EMAIL_DOMAIN;
    fn id(&self) -> String {
        self.id.to_string()
    }
    fn uniques(&self) -> Vec<(IndexName, String)> {
        vec![(Self::UNIQUE_NAME, fold(&self.domain_name))]
    }
}

/// Whether somebody proved to read an address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum TrustedEmailStatus {
    /// Somebody did.
    Active,
    /// Nobody did yet.
    #[default]
    VerificationRequired,
}

/// An address of a domain.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TrustedEmail {
    /// Its id.
    pub id: Uuid,
    /// The domain it is in.
    pub domain: Ref<Uuid>,
    /// The address, unique in the environment.
    pub email_address: String,
    /// Whether somebody proved to read it.
    #[serde(default)]
    pub status: TrustedEmailStatus,
    /// When it was added.
    pub created_at: Time,
}

impl TrustedEmail {
    /// Unique: folded address.
    pub const UNIQUE_ADDRESS: IndexName = "emailAddress";
    /// Index: the id of the domain.
    pub const BY_DOMAIN: IndexName = "domain";
}

impl Entity for TrustedEmail {
    const KIND: Kind = kinds::TRUSTED_EMAIL;
    fn id(&self) -> String {
        self.id.to_string()
    }
    fn indexes(&self) -> Vec<IndexEntry> {
        vec![IndexEntry {
            name: Self::BY_DOMAIN,
            value: self.domain.id.to_string(),
        }]
    }
    fn uniques(&self) -> Vec<(IndexName, String)> {
        vec![(Self::UNIQUE_ADDRESS, fold(&self.email_address))]
    }
}

#[cfg(test)]
mod tests {
    use super::EmailDomain;

    #[test]
    fn names_of_domains_have_labels() {
        for name in ["example.com", "a-b.c1.example", "xn--bcher-kva.example"] {
            assert!(EmailDomain::is_name(name), "{name}");
        }
        for name in [
            "",
            "com",
            ".com",
            "a..b",
            "-a.b",
            "a-.b",
            "a b.c",
            "a_b.c",
            "ü.example",
        ] {
            assert!(!EmailDomain::is_name(name), "{name}");
        }
    }
}
