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
    let encoded = format!("{{ARGON2}}{}", STANDARD.encode(REFERENCE));
    assert!(verifies(&encoded, "password"));
    let hash: PasswordHash = REFERENCE.parse().unwrap();
    assert!(hash.is_outdated());
}

#[test]
fn what_names_an_encoding_is_never_a_password() {
    let of = PasswordHash::of_value;
    assert_eq!(of("{SSHA}AAAA"), Some(Err(NotAHash::Malformed)));
    assert_eq!(of("{ARGON2}$scrypt$"), Some(Err(NotAHash::Malformed)));
    assert_eq!(of("{ARGON2}!"), Some(Err(NotAHash::Malformed)));
    assert!(matches!(of(&format!("{{ARGON2}}{REFERENCE}")), Some(Ok(_))));
    for unknown in [
        "{CRYPT}$6$Abc$def",
        "{crypt}",
        "{ssha}gVK8WC9YyFT1gMsQHTGCgT3sSv5zYWx0",
        "{MD5}Xr4ilOzQ4PCOq3aQ0qbuaQ==",
        "{SHA}W6ph5Mm5Pz8GgiULbPgzG37mj9g=",
        "{SHA512-CRYPT}$6$Abc$def",
        "{pbkdf2@SpringSecurity_v5_8}dead",
    ] {
        assert_eq!(of(unknown), Some(Err(NotAHash::Encoding)), "{unknown}");
    }
    for password in ["", "{", "{brace}", "{brace}x", "{SSHA", "{}x", REFERENCE] {
        assert_eq!(of(password), None, "{password}");
    }
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

/// Made with Python's hashlib from "secret" and "saltsaltsaltsalt", 1,000 iterations or N = 2^10.
const OTHERS: &[&str] = &[
    // Packed: SHA-1, SHA-256, SHA-384, SHA-512, SHA-512 cut to 32 bytes, four bytes in between.
    "{PBKDF2}AAEAEHNhbHRzYWx0c2FsdHNhbHQAAAPoGl3hdYiKRqzegI7vLGvFG+A89N0=",
    "{PBKDF2}AAEAEHNhbHRzYWx0c2FsdHNhbHQAAAPodClvKSmj66n6MdMWNv3Go4mvH1Ym2WIGiJvquqa+mfE=",
    "{PBKDF2}AAEAEHNhbHRzYWx0c2FsdHNhbHQAAAPo2kQ+p1r9v8RTO4Pt9YrbjS2rGc7+AcvHSK2vDcp/Zi0fz41imBtP9Ik9sekcJRca",
    "{PBKDF2}AAEAEHNhbHRzYWx0c2FsdHNhbHQAAAPo2IVLzDcUS76iY9+wBooZzkS5Z0mI6ikZPfMieFfR1eV/GJiiRzyvvz4ne7tBn8OJ1hxZyCz95QPNeLP3ykzMiQ==",
    "{PBKDF2}AAEAEHNhbHRzYWx0c2FsdHNhbHQAAAPo2IVLzDcUS76iY9+wBooZzkS5Z0mI6ikZPfMieFfR1eU=",
    "{PBKDF2}AAEAEHNhbHRzYWx0c2FsdHNhbHQAAAPoAAIAIHQpbykpo+up+jHTFjb9xqOJrx9WJtliBoib6rqmvpnx",
    // PingDS
    "{PBKDF2-HMAC-SHA256}1000:dClvKSmj66n6MdMWNv3Go4mvH1Ym2WIGiJvquqa+mfFzYWx0c2FsdHNhbHRzYWx0",
    "{PBKDF2}1000:Gl3hdYiKRqzegI7vLGvFG+A89N1zYWx0c2FsdHNhbHRzYWx0",
    "{SCRYPT_RFC7914}10$8$1:punalsgLVDmabDdlbwVieUjVAmz5/abwyjX3gfy3Xlq4bTezt888w119d/0QshlatfD8DHJk25TZPxFFS+v1vHNhbHRzYWx0c2FsdHNhbHQ=",
    "{SCRYPT}10$8$1$32:punalsgLVDmabDdlbwVieUjVAmz5/abwyjX3gfy3XlpzYWx0c2FsdHNhbHRzYWx0",
    // Microsoft, version 2 and version 3 with each digest
    "{MSKCC_PBKDF2}AHNhbHRzYWx0c2FsdHNhbHQaXeF1iIpGrN6Aju8sa8Ub4Dz03UuUSuNv2QDjd3xXpQ==",
    "{MSKCC_PBKDF2}AQAAAAAAAAPoAAAAEHNhbHRzYWx0c2FsdHNhbHQaXeF1iIpGrN6Aju8sa8Ub4Dz03UuUSuNv2QDjd3xXpQ==",
    "{MSKCC_PBKDF2}AQAAAAEAAAPoAAAAEHNhbHRzYWx0c2FsdHNhbHR0KW8pKaPrqfox0xY2/cajia8fVibZYgaIm+q6pr6Z8Q==",
    "{MSKCC_PBKDF2}AQAAAAIAAAPoAAAAEHNhbHRzYWx0c2FsdHNhbHTYhUvMNxRLvqJj37AGihnORLlnSYjqKRk98yJ4V9HV5Q==",
    // The modular form of scrypt, and the header of a scrypt file
    "{SCRYPT_RFC7914}$s0$a0801$c2FsdHNhbHRzYWx0c2FsdA==$punalsgLVDmabDdlbwVieUjVAmz5/abwyjX3gfy3Xlo=",
    "{SCRYPT}c2NyeXB0AAoAAAAIAAAAAXNhbHRzYWx0c2FsdHNhbHRzYWx0c2FsdHNhbHRzYWx0Gr3uzBD2dqzs3/zwpnjKFIMZJsFzU1flYlY4685JKStSRFs7ueUMPPO1wc+RJHde",
];

#[test]
fn pbkdf2_and_scrypt_from_elsewhere_verify() {
    for hash in OTHERS {
        assert!(verifies(hash, "secret"), "{hash}");
        assert!(!verifies(hash, "Secret"), "{hash}");
        assert!(!verifies(hash, ""), "{hash}");
        assert!(hash.parse::<PasswordHash>().unwrap().is_outdated());
    }
}

#[test]
fn what_cannot_be_checked_is_refused_at_import() {
    let parse = |text: &str| text.parse::<PasswordHash>().unwrap_err();
    assert_eq!(parse("2FederateM0re!"), NotAHash::Encoding);
    assert_eq!(parse("{MD5}x"), NotAHash::Encoding);
    assert_eq!(parse("$2a$05$abc"), NotAHash::Encoding);
    assert_eq!(parse("{PBKDF2}AAAA"), NotAHash::Malformed);
    assert_eq!(parse("{PBKDF2-MD5}1:AAAA"), NotAHash::Encoding);
    for broken in [
        "{PBKDF2}AAEAEHNhbHRzYWx0c2FsdHNhbHQAAAPoGl3hdYiKRqzegI4=",
        "{PBKDF2-HMAC-SHA256}1000:dClvKSmj66n6",
        "{PBKDF2-HMAC-SHA256}x:dClvKSmj66n6MdMWNv3Go4mvH1Ym2WIGiJvquqa+mfFzYWx0c2FsdHNhbHRzYWx0",
        "{MSKCC_PBKDF2}AnNhbHRzYWx0c2FsdHNhbHQaXeF1iIpGrN6Aju8sa8Ub4Dz03UuUSuNv2QDjd3xXpQ==",
        "{MSKCC_PBKDF2}AQAAAAMAAAPoAAAAEHNhbHRzYWx0c2FsdHNhbHTYhUvMNxRLvqJj37AGihnORLlnSYjqKRk98yJ4V9HV5Q==",
        "{SCRYPT}10$8:punalsgLVDmabDdlbwVieUjVAmz5/abwyjX3gfy3XlpzYWx0c2FsdHNhbHRzYWx0",
        "{SCRYPT}c2NyeXB0AAoAAAAIAAAAAXNhbHQ=",
        "{SCRYPT}",
    ] {
        assert_eq!(parse(broken), NotAHash::Malformed, "{broken}");
    }
    for costly in [
        "{PBKDF2}AAEAEHNhbHRzYWx0c2FsdHNhbHT/////Gl3hdYiKRqzegI7vLGvFG+A89N0=",
        "{PBKDF2-HMAC-SHA256}10000001:dClvKSmj66n6MdMWNv3Go4mvH1Ym2WIGiJvquqa+mfFzYWx0c2FsdHNhbHRzYWx0",
        "{SCRYPT_RFC7914}30$8$1:punalsgLVDmabDdlbwVieUjVAmz5/abwyjX3gfy3Xlq4bTezt888w119d/0QshlatfD8DHJk25TZPxFFS+v1vHNhbHRzYWx0c2FsdHNhbHQ=",
        "{SCRYPT_RFC7914}63$8$1:punalsgLVDmabDdlbwVieUjVAmz5/abwyjX3gfy3Xlq4bTezt888w119d/0QshlatfD8DHJk25TZPxFFS+v1vHNhbHRzYWx0c2FsdHNhbHQ=",
    ] {
        assert_eq!(parse(costly), NotAHash::TooCostly, "{costly}");
    }
    let zero = "{PBKDF2}AAEAEHNhbHRzYWx0c2FsdHNhbHQAAAAAGl3hdYiKRqzegI7vLGvFG+A89N0=";
    assert_eq!(parse(zero), NotAHash::Malformed);
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
