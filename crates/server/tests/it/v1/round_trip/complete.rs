//! Nothing escapes the samples: neither a resource, nor a member of one.

use std::collections::{BTreeMap, BTreeSet};

use countersign_protocol::v1::openapi;
use countersign_protocol::v1::route::{self, Media};

use super::super::ground::one_of;
use super::sample::Sample;
use super::samples;

/// What takes a body and is no resource: operations, and what other tests look at alone.
const ELSEWHERE: &[(&str, &str)] = &[
    (
        "/environments/{environment}/type",
        "environments::what_is_in_production_waits_for_its_deletion",
    ),
    (
        "/environments/{environment}/status",
        "environments::what_is_in_production_waits_for_its_deletion",
    ),
    (
        "/environments/{environment}/users/{user}/population",
        "users::relations",
    ),
    (
        "/environments/{environment}/users/{user}/identityProvider",
        "users::relations",
    ),
    (
        "/environments/{environment}/ssoCookieSettings",
        "sso_cookie_settings",
    ),
    (
        "/environments/{environment}/populations/{population}/defaultIdentityProvider",
        "populations",
    ),
    // Secrets that are told to nobody must be sent again: what was read is no body.
    (
        "/environments/{environment}/applications/{application}/pushCredentials",
        "applications::push_credentials",
    ),
    (
        "/environments/{environment}/applications/{application}/pushCredentials/{pushCredential}",
        "applications::push_credentials",
    ),
    // Can be written, and is read in its device.
    (
        "/environments/{environment}/users/{user}/devices/{device}/nickname",
        "users::devices",
    ),
    // Takes no body at all.
    (
        "/environments/{environment}/gateways/{gateway}/credentials",
        "gateways",
    ),
    (
        "/environments/{environment}/translations/{locale}",
        "translations",
    ),
    ("/environments/{environment}/sessions", "sessions"),
    ("/environments/{environment}/sessions/{session}", "sessions"),
    ("/environments/{environment}/sessions/me", "sessions"),
    (
        "/environments/{environment}/themes/{theme}/default",
        "looks",
    ),
    (
        "/environments/{environment}/applications/{application}/secret",
        "applications::secret",
    ),
    (
        "/environments/{environment}/applications/{application}/flowPolicyAssignments",
        "applications::attached",
    ),
    (
        "/environments/{environment}/applications/{application}/flowPolicyAssignments/{assignment}",
        "applications::attached",
    ),
    (
        "/environments/{environment}/resources/{resource}/secret",
        "resources",
    ),
    (
        "/environments/{environment}/subscriptions/{subscription}/secret",
        "subscriptions",
    ),
];

/// Members that no sample has: those of a kind that none is made of, and those that depend on what
/// only another part of the product makes.
const NO_SAMPLE: &[(&str, &[&str])] = &[
    // Of built-in applications, which nobody makes.
    (
        "/environments/{environment}/applications",
        &["applyDefaultTheme", "enableDefaultThemeFooter"],
    ),
    // Licences are made by the import file alone.
    ("/environments", &["license"]),
    // What `charset` was called before.
    (
        "/environments/{environment}/templates/{template}/contents",
        &["characterSet"],
    ),
    // Ours: handed on from policy to policy.
    (
        "/environments/{environment}/keyRotationPolicies",
        &["default"],
    ),
];

fn paths_of(sample: &Sample) -> impl Iterator<Item = &'static str> {
    std::iter::once(sample.path).chain(one_of(sample.path))
}

#[test]
fn every_body_has_a_sample() {
    let all = samples::all();
    let known: BTreeSet<&str> = all.iter().flat_map(paths_of).collect();
    let elsewhere: BTreeSet<&str> = ELSEWHERE.iter().map(|(path, _)| *path).collect();
    let taking = route::endpoints().filter(|it| it.media == Media::Json && it.method.has_body());
    let taking: BTreeSet<&str> = taking.map(|it| it.path).collect();
    let missing: Vec<_> = taking
        .iter()
        .filter(|it| !known.contains(**it) && !elsewhere.contains(**it))
        .collect();
    assert!(
        missing.is_empty(),
        "these take bodies: make a sample of each in v1/round_trip/samples, or, if it is an \
         operation, name its test in ELSEWHERE of v1/round_trip/complete.rs: {missing:#?}"
    );
    let stale: Vec<_> = known
        .union(&elsewhere)
        .filter(|it| !route::paths().contains(it))
        .collect();
    assert!(stale.is_empty(), "these are no paths any more: {stale:#?}");
    let twice: Vec<_> = known.intersection(&elsewhere).collect();
    assert!(
        twice.is_empty(),
        "these have a sample: take them from ELSEWHERE: {twice:#?}"
    );
}

#[test]
fn every_member_has_a_sample() {
    let document = openapi::document();
    let mut missing = BTreeMap::new();
    let mut by_path: BTreeMap<&str, Vec<Sample>> = BTreeMap::new();
    for sample in samples::all() {
        by_path.entry(sample.path).or_default().push(sample);
    }
    for (path, of_path) in by_path {
        let post = &document["paths"][path]["post"]["requestBody"]["content"]["application/json"];
        let Some(reference) = post["schema"]["$ref"].as_str() else {
            continue;
        };
        let name = reference.rsplit('/').next().unwrap();
        let members = document["components"]["schemas"][name]["properties"].as_object();
        let said: BTreeSet<&str> = of_path
            .iter()
            .flat_map(|it| {
                it.members
                    .iter()
                    .map(|it| it.name)
                    .chain(it.read_only.iter().copied())
                    .chain(it.only_at_first.iter().copied())
            })
            .collect();
        let left_out = NO_SAMPLE
            .iter()
            .filter(|(of, _)| *of == path)
            .flat_map(|(_, names)| *names);
        let left_out: BTreeSet<&str> = left_out.copied().collect();
        for (member, of) in members.into_iter().flatten() {
            let name = member.as_str();
            if of["readOnly"] != true && !said.contains(name) && !left_out.contains(name) {
                missing
                    .entry(path)
                    .or_insert_with(Vec::new)
                    .push(member.clone());
            }
        }
    }
    assert!(
        missing.is_empty(),
        "these can be written: say in v1/round_trip/samples which values they take: {missing:#?}"
    );
}
