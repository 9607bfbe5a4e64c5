use super::*;

fn secret(text: &str) -> SecretString {
    text.to_owned().into()
}

fn verifies(hash: &str, password: &str) -> bool {
    let hash: PasswordHash = hash.parse().unwrap();
    hash.verify(&secret(password), &mut Scratch::new())
}

#[test]
fn a_new_hash_verifies_its_password_and_no_other() {
    let mut scratch = Scratch::new();
    let hash = PasswordHash::hash(&secret("2FederateM0re!"), &[7; 16], &mut scratch).unwrap();
    assert!(hash.as_str().starts_with("$argon2id$v=19$m=19456,t=2,p=1$"));
    assert!(hash.verify(&secret("2FederateM0re!"), &mut scratch));
    assert!(!hash.verify(&secret("2FederateM0re"), &mut scratch));
    assert!(!hash.is_outdated());
    assert_eq!(hash.as_str().parse(), Ok(hash.clone()));
    assert_eq!(format!("{hash:?}"), "PasswordHash(..)");
}

#[test]
fn memory_used_before_does_not_change_a_hash() {
    let mut used = Scratch::new();
    PasswordHash::hash(&secret("something else"), &[1; 16], &mut used).unwrap();
    let again = PasswordHash::hash(&secret("x"), &[2; 16], &mut used).unwrap();
    let fresh = PasswordHash::hash(&secret("x"), &[2; 16], &mut Scratch::new()).unwrap();
    assert_eq!(again, fresh);
}

#[test]
fn the_dummy_never_matches() {
    assert!(!verify_dummy(&secret(""), &mut Scratch::new()));
}

// Vector of the argon2 reference implementation: "password", "somesalt", t=2, m=64 MiB, p=1.
const REFERENCE: &str =
    "$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc";

#[test]
fn argon2_from_elsewhere_verifies() {
    assert!(verifies(REFERENCE, "password"));
    assert!(!verifies(REFERENCE, "differentpassword"));
    assert!(verifies(&format!("{{ARGON2}}{REFERENCE}"), "password"));
    let hash: PasswordHash = REFERENCE.parse().unwrap();
    assert!(hash.is_outdated());
}

#[test]
fn bcrypt_from_elsewhere_verifies() {
    // Made with crypt(3): "U*U" and the salt of the first OpenBSD vector.
    let hash = "{BCRYPT}$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW";
    assert!(verifies(hash, "U*U"));
    assert!(!verifies(hash, "U*V"));
}

#[test]
fn salted_sha_from_elsewhere_verifies() {
    for (prefix, algorithm) in [
        ("SSHA", &digest::SHA1_FOR_LEGACY_USE_ONLY),
        ("SSHA256", &digest::SHA256),
        ("SSHA384", &digest::SHA384),
        ("SSHA512", &digest::SHA512),
    ] {
        let mut bytes = digest::digest(algorithm, b"secretsalt").as_ref().to_vec();
        bytes.extend_from_slice(b"salt");
        let hash = format!("{{{prefix}}}{}", STANDARD.encode(bytes));
        assert!(verifies(&hash, "secret"), "{prefix}");
        assert!(!verifies(&hash, "Secret"), "{prefix}");
    }
}

#[test]
fn what_cannot_be_checked_is_refused_at_import() {
    let parse = |text: &str| text.parse::<PasswordHash>().unwrap_err();
    assert_eq!(parse("2FederateM0re!"), NotAHash::Encoding);
    assert_eq!(parse("{MD5}x"), NotAHash::Encoding);
    assert_eq!(parse("$2a$05$abc"), NotAHash::Encoding);
    assert_eq!(parse("{PBKDF2}AAAA"), NotAHash::Unsupported("{PBKDF2}"));
    assert_eq!(parse("{SSHA}AAAA"), NotAHash::Malformed);
    assert_eq!(parse("{BCRYPT}$2a$05$short"), NotAHash::Malformed);
    for costly in ["m=262145,t=1,p=1", "m=64,t=21,p=1", "m=1024,t=1,p=17"] {
        let text = REFERENCE.replace("m=65536,t=2,p=1", costly);
        assert_eq!(parse(&text), NotAHash::TooCostly);
    }
    for broken in [
        "m=1,t=1,p=1",
        "m=64,t=0,p=1",
        "m=64,t=1",
        "m=64,t=1,p=1,x=1",
    ] {
        let text = REFERENCE.replace("m=65536,t=2,p=1", broken);
        assert_eq!(parse(&text), NotAHash::Malformed);
    }
    assert_eq!(parse(&format!("{REFERENCE}$")), NotAHash::Malformed);
    let cost = "{BCRYPT}$2a$31$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW";
    assert_eq!(parse(cost), NotAHash::TooCostly);
}
