//! Fuzz targets for what strangers send to the authorization server: whatever the bytes, nothing
//! panics, no answer leaves for a place that is not registered, and nothing is believed that its
//! maker did not sign (`threats.md` 1-5, 15, 16, 20, 21, 23).
//!
//! Seeds are in `fuzz/corpus`, a line each, and are mutated. Every run tries as many inputs as
//! `PROPTEST_CASES` says; for a long run of one target:
//!
//! ```text
//! PROPTEST_CASES=2000000 cargo test --release -p countersign-protocol --test fuzz -- basic
//! ```
//!
//! What fails is minimised and kept in `fuzz/regressions`, and tried first from then on.

#![expect(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test is failed by a panic, in its helpers too"
)]

#[path = "fuzz/mutate.rs"]
mod mutate;
#[path = "walk/ports.rs"]
mod ports;
#[path = "fuzz/world.rs"]
mod world;

use countersign_protocol::as_::params::Params;
use proptest::prelude::*;
use proptest::test_runner::FileFailurePersistence;
use serde_json::json;

use mutate::{claims, mutated};
use world::{SECRET, Token, WEB, World};

/// As many cases as the environment says, else a second's worth.
fn config() -> ProptestConfig {
    let cases = std::env::var("PROPTEST_CASES").ok();
    ProptestConfig {
        cases: cases.and_then(|text| text.parse().ok()).unwrap_or(2_000),
        max_shrink_iters: 20_000,
        failure_persistence: Some(Box::new(FileFailurePersistence::Direct(concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/tests/fuzz/regressions/seeds.txt"
        )))),
        ..ProptestConfig::default()
    }
}

/// A corpus that is refused as a whole would explore nothing.
#[test]
fn the_corpus_reaches_both_sides() {
    let mut seen = std::collections::BTreeMap::new();
    for line in include_str!("fuzz/corpus/authorize.txt").lines() {
        let outcome = Params::parse(line.as_bytes()).ok();
        let outcome = outcome.and_then(|params| World::with(|world| world.authorize(&params)));
        *seen.entry(outcome).or_insert(0) += 1;
    }
    assert!(
        seen[&Some("asked")] >= 5 && seen[&Some("refused")] >= 5 && seen[&None] >= 5,
        "{seen:?}"
    );
    let authenticated = include_str!("fuzz/corpus/basic.txt").lines();
    let authenticated = authenticated.filter(|line| World::with(|world| world.authenticates(line)));
    assert!(authenticated.count() >= 2);
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn authorize_by_query(input in mutated(include_str!("fuzz/corpus/authorize.txt"))) {
        World::with(|world| {
            if let Ok(params) = Params::parse(&input) {
                world.authorize(&params);
            }
        });
    }

    #[test]
    fn par(input in mutated(include_str!("fuzz/corpus/authorize.txt"))) {
        World::with(|world| {
            if let Ok(params) = Params::parse(&input) {
                world.push(&params);
            }
        });
    }

    /// A request object or login_hint_token that was changed in any way is not one any more.
    #[test]
    fn tokens_that_were_tampered_with(
        which in 0..Token::ALL.len(),
        input in mutated(include_str!("fuzz/corpus/jwt.txt")),
        edits in mutate::edits(),
    ) {
        World::with(|world| {
            let token = Token::ALL[which];
            let good = world.good(token);
            let changed = String::from_utf8_lossy(&mutate::apply(good.as_bytes(), &edits)).into_owned();
            for text in [changed, String::from_utf8_lossy(&input).into_owned()] {
                let believed = world.believes(token, &text);
                prop_assert!(!believed || text == good, "{token:?} {text}");
            }
            prop_assert!(world.believes(token, &good), "{token:?}");
            Ok(())
        })?;
    }

    /// Whatever the client signs, it gets no further than its own settings allow.
    #[test]
    fn request_objects_with_any_claims(claims in claims()) {
        World::with(|world| {
            let mut all = json!({ "iss": WEB, "aud": world::ISSUER });
            for (name, value) in claims {
                all[name] = value;
            }
            let jwt = World::sign(&all);
            let params = Params::default().with("client_id", WEB).with("request", jwt);
            world.authorize(&params);
            world.push(&params);
        });
    }

    #[test]
    fn basic_credentials(input in mutated(include_str!("fuzz/corpus/basic.txt"))) {
        World::with(|world| {
            let header = String::from_utf8_lossy(&input).into_owned();
            if world.authenticates(&header) {
                // Decoded once more, by other code.
                let (id, secret) = mutate::reference_basic(&header).unwrap_or_default();
                // An id is a UUID, in whatever case.
                prop_assert_eq!(id.to_lowercase(), WEB);
                prop_assert_eq!(secret, SECRET);
            }
            Ok(())
        })?;
    }
}
