use std::collections::BTreeSet;

use countersign_domain::environment::{EnvironmentSettings, EnvironmentStatus, EnvironmentType};
use countersign_domain::ids::OrganizationId;
use countersign_domain::resource::{Resource, Scope};
use uuid::Uuid;
use x509_parser::prelude::{FromDer, X509Certificate};

use super::*;

struct Counting;
impl Entropy for Counting {
    fn fill(&self, out: &mut [u8]) {
        for (at, byte) in (0u8..=255).cycle().zip(out.iter_mut()) {
            *byte = at;
        }
    }
}

fn environment() -> Environment {
    let now = Time::from_seconds(1_700_000_000);
    Environment {
        id: EnvId::from_uuid(Uuid::from_u128(7)),
        name: "Test, \"quoted\"".to_owned(),
        description: None,
        type_: EnvironmentType::Sandbox,
        region: "NA".to_owned(),
        license: None,
        organization: Ref::to(OrganizationId::from_uuid(Uuid::from_u128(8))),
        icon: None,
        soft_deleted_at: None,
        hard_deleted_allowed_at: None,
        subtype: None,
        status: EnvironmentStatus::Active,
        created_at: now,
        updated_at: now,
        settings: EnvironmentSettings::default(),
    }
}

fn vault() -> Vault {
    Vault::new([1; 32])
}

fn made() -> Vec<Doc> {
    let pair = KeyPair::from_pem(crate::import::TEST_KEY).unwrap();
    let maker = Maker {
        api_url: "https://api.example.com/",
        vault: &vault(),
        entropy: &Counting,
        now: Time::from_seconds(1_700_000_000),
    };
    new_environment(maker, &environment(), &pair, &pair).unwrap()
}

fn all<E: Entity>(documents: &[Doc]) -> Vec<E> {
    let of_kind = documents.iter().filter(|doc| doc.key.kind == E::KIND);
    of_kind.map(|doc| E::from_doc(doc).unwrap()).collect()
}

#[test]
fn a_fresh_environment_has_what_pingone_puts_there() {
    let documents = made();
    let populations: Vec<Population> = all(&documents);
    assert_eq!(populations.len(), 1);
    assert!(populations[0].default);
    let policies: Vec<SignOnPolicy> = all(&documents);
    let names: Vec<_> = policies
        .iter()
        .map(|it| (it.name.as_str(), it.default))
        .collect();
    assert_eq!(names, [("Single_Factor", true), ("Multi_Factor", false)]);
    assert_eq!(all::<SignOnAction>(&documents).len(), 3);
    let passwords: Vec<PasswordPolicy> = all(&documents);
    assert_eq!(passwords.iter().filter(|it| it.default).count(), 1);
    assert_eq!(passwords.len(), 3);
    let resources: Vec<Resource> = all(&documents);
    assert_eq!(resources[1].audience(), "https://api.example.com");
    assert_eq!(all::<Scope>(&documents).len(), 5 + 21);
    let applications: Vec<countersign_domain::application::Application> = all(&documents);
    assert!(
        applications
            .iter()
            .all(|it| it.type_.is_system() && it.is_public())
    );
    assert_eq!(applications.len(), 3);
}

#[test]
fn no_two_documents_share_a_key_or_a_unique_value() {
    let documents = made();
    let keys: BTreeSet<_> = documents.iter().map(|doc| doc.key.clone()).collect();
    assert_eq!(keys.len(), documents.len());
    let uniques = || {
        documents.iter().flat_map(|doc| {
            let kind = doc.key.kind;
            doc.uniques
                .iter()
                .map(move |(name, value)| (kind, *name, value.clone()))
        })
    };
    assert_eq!(uniques().collect::<BTreeSet<_>>().len(), uniques().count());
}

#[test]
fn the_same_environment_gets_the_same_ids_again() {
    let ids = |documents: Vec<Doc>| documents.into_iter().map(|it| it.key).collect::<Vec<_>>();
    assert_eq!(ids(made()), ids(made()));
}

#[test]
fn the_signing_keys_have_certificates_that_fit() {
    use base64::Engine;
    let keys: Vec<SigningKey> = all(&made());
    assert_eq!(keys.len(), 2);
    assert!(keys[0].default && !keys[1].default);
    for key in keys {
        let der = base64::engine::general_purpose::STANDARD
            .decode(&key.certificate)
            .unwrap();
        let (_, certificate) = X509Certificate::from_der(&der).unwrap();
        let subject = certificate.subject().to_string();
        assert_eq!(subject, "CN=Signing key of Test   quoted, O=Countersign");
        let validity = certificate.validity();
        assert_eq!(validity.not_before.timestamp(), key.starts_at.seconds());
        assert_eq!(validity.not_after.timestamp(), key.expires_at.seconds());
        let pair = key_pair::open_private(&vault(), environment().id, &key).unwrap();
        assert!(pair.is_certified_by(&der).unwrap());
        assert_eq!(
            certificate.tbs_certificate.serial.to_string(),
            key.serial_number
        );
    }
}

#[test]
fn a_generated_pair_is_rsa_2048() {
    assert_eq!(KeyPair::generate().unwrap().bits(), 2048);
}

#[test]
fn a_secret_has_64_characters_that_need_no_encoding() {
    use secrecy::ExposeSecret;
    let secret = new_secret(&Counting);
    assert_eq!(secret.expose_secret().len(), 64);
    assert!(
        secret
            .expose_secret()
            .bytes()
            .all(|it| it.is_ascii_alphanumeric() || b"-._~".contains(&it))
    );
}
