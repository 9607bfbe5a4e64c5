//! Fuzz targets for what administrators and their programs send: import files, filters and cursors
//! of lists. Nothing panics, and no cursor is believed that was not handed out
//! (`threats.md` 33, 40). How to run one for long: see `fuzz.rs`.

#![expect(
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "a test is failed by a panic, in its helpers too"
)]

#[path = "fuzz/mutate.rs"]
#[expect(
    dead_code,
    reason = "shared with the targets of the authorization server"
)]
mod mutate;
/// What `mutate` names as an application and an issuer.
mod world {
    pub const WEB: &str = "7c3c6d0e-52f4-4d0c-9d2a-0f1e2d3c4b5a";
    pub const ISSUER: &str = "https://id.example";
}

use countersign_domain::entity::kinds;
use countersign_domain::filter;
use countersign_domain::ids::EnvId;
use countersign_domain::ports::Entropy;
use countersign_domain::store::Key;
use countersign_domain::vault::{Sealed, Vault};
use countersign_protocol::import::{self, Format};
use proptest::prelude::*;
use proptest::test_runner::FileFailurePersistence;
use serde_json::{Value, json};

fn config() -> ProptestConfig {
    let cases = std::env::var("PROPTEST_CASES").ok();
    ProptestConfig {
        cases: cases.and_then(|text| text.parse().ok()).unwrap_or(1_000),
        max_shrink_iters: 20_000,
        failure_persistence: Some(Box::new(FileFailurePersistence::Direct(concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/tests/fuzz/regressions/management.txt"
        )))),
        ..ProptestConfig::default()
    }
}

struct Same;

impl Entropy for Same {
    fn fill(&self, out: &mut [u8]) {
        out.fill(9);
    }
}

/// A cursor as a list hands it out, and what opens it.
fn cursor() -> (Vault, Key, String) {
    let vault = Vault::new([7; 32]);
    let owner = Key::new(kinds::USER, EnvId::PLATFORM, "list");
    let sealed = vault.seal(&owner, br#"["value","id"]"#, &Same).unwrap();
    let text = serde_json::to_value(&sealed).unwrap();
    (vault, owner, text.as_str().unwrap().to_owned())
}

/// One whole file among small pieces, so that edits fall on everything.
const FILE: &str = include_str!("walk/environment.yaml");

#[test]
fn what_the_edits_begin_with_is_good() {
    assert!(import::parse("walk.yaml", FILE, Format::Yaml).is_ok());
    let (vault, owner, text) = cursor();
    let sealed: Sealed = serde_json::from_value(Value::from(text)).unwrap();
    assert!(vault.open(&owner, &sealed).is_ok());
    let filters = include_str!("fuzz/corpus/filter.txt").lines();
    assert!(filters.filter(|line| filter::parse(line).is_ok()).count() >= 8);
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn import_files(edits in mutate::edits(), is_json in any::<bool>()) {
        let changed = mutate::apply(FILE.as_bytes(), &edits);
        let text = String::from_utf8_lossy(&changed);
        let format = if is_json { Format::Json } else { Format::Yaml };
        if let Err(errors) = import::parse("f", &text, format) {
            prop_assert!(!errors.to_string().is_empty());
        }
    }

    #[test]
    fn import_files_of_any_shape(claims in mutate::claims()) {
        let all: serde_json::Map<String, Value> =
            claims.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        let environment = json!({ "name": "Any", "applications": [all], "users": [all] });
        let text = json!({ "environments": [environment] }).to_string();
        let _ = import::parse("f", &text, Format::Json);
    }

    #[test]
    fn filters(input in mutate::mutated(include_str!("fuzz/corpus/filter.txt"))) {
        let text = String::from_utf8_lossy(&input);
        if let Ok(parsed) = filter::parse(&text) {
            // What was understood is evaluated on anything without a panic.
            let _ = filter::matches(&parsed, &json!({ "username": "ada", "name": { "given": 1 } }));
            prop_assert!(text.len() <= filter::MAX_LENGTH);
        }
    }

    #[test]
    fn cursors_that_were_tampered_with(edits in mutate::edits()) {
        let (vault, owner, good) = cursor();
        let changed = mutate::apply(good.as_bytes(), &edits);
        let changed = String::from_utf8_lossy(&changed).into_owned();
        let is_good = changed == good;
        let sealed: Result<Sealed, _> = serde_json::from_value(Value::from(changed));
        if let Ok(sealed) = sealed {
            prop_assert_eq!(vault.open(&owner, &sealed).is_ok(), is_good);
        }
    }
}
