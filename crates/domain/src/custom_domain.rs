//! `/v1/environments/{e}/customDomains` (`reference/platform.md` 4, `oidc.md` 2): names of its own under
//! which an environment is served.

use serde::{Deserialize, Serialize};

use crate::entity::{Entity, kinds};
use crate::ids::{CustomDomainId, EnvId};
use crate::reference::{Ref, fold};
use crate::store::{IndexName, Kind};
use crate::time::Time;
use crate::vault::Sealed;

/// How far a custom domain is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum CustomDomainStatus {
    /// That the name is theirs is not proved.
    VerificationRequired,
    /// It is, and there is no certificate.
    SslCertificateRequired,
    /// The environment is served under it.
    Active,
}

/// A custom domain of an environment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CustomDomain {
    /// Its id.
    pub id: CustomDomainId,
    /// The name, as it was written.
    pub domain_name: String,
    /// How far it is.
    #[serde(default = "begins")]
    pub status: CustomDomainStatus,
    /// Whether connections may bring a certificate. Stored; TLS is the operator's.
    #[serde(default)]
    pub mtls_enabled: bool,
    /// What is known of the certificate that was brought along.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub certificate: Option<CertificateNote>,
    /// When it was made.
    pub created_at: Time,
    /// When it last changed.
    pub updated_at: Time,
}

/// What is shown of the certificate of a custom domain.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CertificateNote {
    /// When it ends.
    pub expires_at: Time,
}

const fn begins() -> CustomDomainStatus {
    CustomDomainStatus::VerificationRequired
}

impl CustomDomain {
    /// Unique in the environment: the folded name.
    pub const UNIQUE_NAME: IndexName = "domainName";

    /// The name as hosts are compared: in small letters.
    pub fn host(&self) -> String {
        fold(&self.domain_name)
    }

    /// Whether the environment is served under it.
    pub fn is_active(&self) -> bool {
        self.status == CustomDomainStatus::Active
    }
}

impl Entity for CustomDomain {
    const KIND: Kind = kinds::CUSTOM_DOMAIN;
    fn id(&self) -> String {
        self.id.to_string()
    }
    fn uniques(&self) -> Vec<(IndexName, String)> {
        vec![(Self::UNIQUE_NAME, self.host())]
    }
}

/// The certificate of a custom domain with its key; under the id of the domain.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CustomDomainCertificate {
    /// The domain.
    pub id: CustomDomainId,
    /// The certificate and those between it and its root, in PEM.
    pub chain: String,
    /// The private key in PKCS#8, sealed.
    pub private_key: Sealed,
}

impl Entity for CustomDomainCertificate {
    const KIND: Kind = kinds::CUSTOM_DOMAIN_CERTIFICATE;
    fn id(&self) -> String {
        self.id.to_string()
    }
}

/// Which environment a host stands for: there is one for each active custom domain, in
/// [`EnvId::PLATFORM`], so that no two environments have the same.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DomainClaim {
    /// The host, in small letters.
    pub id: String,
    /// The environment.
    pub environment: Ref<EnvId>,
}

impl Entity for DomainClaim {
    const KIND: Kind = kinds::DOMAIN_CLAIM;
    fn id(&self) -> String {
        self.id.clone()
    }
}

/// Whether a text is the name of a host below some other name: letters, digits and hyphens, and no
/// address. Names in other scripts are written as browsers send them (`xn--`).
///
/// Spec: RFC 1123 2.1.
pub fn is_domain_name(text: &str) -> bool {
    let is_label = |label: &str| {
        (1..=63).contains(&label.len())
            && label
                .bytes()
                .all(|it| it.is_ascii_alphanumeric() || it == b'-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    let mut labels = text.split('.');
    let last = labels.next_back().unwrap_or_default();
    let is_number = last.bytes().all(|it| it.is_ascii_digit());
    text.len() <= 253 && text.contains('.') && is_label(last) && !is_number && labels.all(is_label)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_hosts_are_told_from_what_is_none() {
        for good in [
            "a.b",
            "Login.Shop.example",
            "xn--bcher-kva.example",
            "a-1.2b.c3",
        ] {
            assert!(is_domain_name(good), "{good}");
        }
        let long = format!("{}.example", "a".repeat(64));
        let longest = format!("{}example", "a.".repeat(130));
        for bad in [
            "",
            "localhost",
            "127.0.0.1",
            "[::1]",
            "a..b",
            ".a.b",
            "a.b.",
            "-a.b",
            "a-.b",
            "a_b.c",
            "a.b:80",
            "https://a.b",
            "a.b/c",
            "bücher.example",
            "*.a.b",
            &long,
            &longest,
        ] {
            assert!(!is_domain_name(bad), "{bad}");
        }
    }
}
