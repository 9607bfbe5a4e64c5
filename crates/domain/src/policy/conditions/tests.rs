use super::*;
use crate::ids::GroupId;

fn parse(json: &str) -> Condition {
    serde_json::from_str(json).unwrap()
}

fn user() -> User {
    serde_json::from_str(
        r#"{"id":"00000000-0000-0000-0000-000000000001","username":"ada","emailVerified":true,
        "population":{"id":"00000000-0000-0000-0000-000000000002"},
        "createdAt":"1970-01-01T00:00:00.000Z","updatedAt":"1970-01-01T00:00:00.000Z"}"#,
    )
    .unwrap()
}

const OLD_PWD: &str =
    r#"{"secondsSince":"${session.lastSignOn.withAuthenticator.pwd.at}","greater":600}"#;

#[test]
fn every_form_reads_and_writes_the_same_json() {
    for json in [
        OLD_PWD,
        r#"{"and":[]}"#,
        r#"{"or":[{"value":"${user.population.id}","equals":"x"}]}"#,
        r#"{"not":{"contains":"${flow.request.http.remoteIp}","ipRange":["10.0.0.0/8"]}}"#,
        r#"{"ipRisk":{"minScore":80,"maxScore":100},"valid":"${flow.request.http.remoteIp}"}"#,
        r#"{"value":"${user.emailVerified}","equals":true}"#,
    ] {
        let value: Value = serde_json::from_str(json).unwrap();
        assert_eq!(serde_json::to_value(parse(json)).unwrap(), value, "{json}");
    }
}

#[test]
fn what_is_no_condition_is_refused() {
    for json in [
        "{}",
        r#"{"and":[],"or":[]}"#,
        r#"{"secondsSince":"${session.lastSignOn.withAuthenticator.pwd.at}"}"#,
        r#"{"secondsSince":"now","greater":1}"#,
        r#"{"ipRange":["nowhere"],"contains":"${flow.request.http.remoteIp}"}"#,
        r#"{"value":"${user.id}","equals":3}"#,
        r#"{"ipRisk":{},"geoVelocity":{},"valid":""}"#,
    ] {
        assert!(serde_json::from_str::<Condition>(json).is_err(), "{json}");
    }
    let deep = format!("{}{OLD_PWD}{}", r#"{"not":"#.repeat(20), "}".repeat(20));
    assert!(serde_json::from_str::<Condition>(&deep).is_err());
}

#[test]
fn a_password_never_used_is_infinitely_old() {
    let condition = parse(OLD_PWD);
    let now = Time::from_seconds(10_000);
    let at = |seconds| ConditionFacts {
        pwd_at: Some(Time::from_seconds(seconds)),
        ..ConditionFacts::default()
    };
    assert!(evaluate(&condition, &ConditionFacts::default(), now));
    assert!(
        !evaluate(&condition, &at(9_400), now),
        "exactly 600 is not greater"
    );
    assert!(evaluate(&condition, &at(9_399), now));
    assert!(
        !evaluate(&condition, &at(20_000), now),
        "a clock that went back"
    );
}

#[test]
fn attributes_are_compared_with_text_and_booleans() {
    let user = user();
    let facts = ConditionFacts {
        user: Some(&user),
        ..ConditionFacts::default()
    };
    let ask = |json: &str| evaluate(&parse(json), &facts, Time::EPOCH);
    assert!(ask(
        r#"{"value":"${user.population.id}","equals":"00000000-0000-0000-0000-000000000002"}"#
    ));
    assert!(ask(r#"{"value":"${user.emailVerified}","equals":true}"#));
    assert!(!ask(r#"{"value":"${user.mfaEnabled}","equals":true}"#));
    assert!(ask(
        r#"{"value":"${user.lifecycle.status}","equals":"ACCOUNT_OK"}"#
    ));
    assert!(!ask(r#"{"value":"${user.title}","equals":"x"}"#));
}

#[test]
fn addresses_are_in_or_out() {
    let condition = parse(
        r#"{"not":{"contains":"${flow.request.http.remoteIp}","ipRange":["10.0.0.0/8","::1"]}}"#,
    );
    let from = |ip: &str| ConditionFacts {
        remote_ip: Some(ip.parse().unwrap()),
        ..ConditionFacts::default()
    };
    assert!(!evaluate(&condition, &from("10.2.3.4"), Time::EPOCH));
    assert!(!evaluate(&condition, &from("::ffff:10.2.3.4"), Time::EPOCH));
    assert!(!evaluate(&condition, &from("::1"), Time::EPOCH));
    assert!(evaluate(&condition, &from("192.0.2.1"), Time::EPOCH));
}

#[test]
fn what_cannot_be_known_runs_the_action_even_negated() {
    let facts = ConditionFacts::default();
    let risk = r#"{"anonymousNetwork":[],"valid":"${flow.request.http.remoteIp}"}"#;
    for json in [
        risk.to_owned(),
        format!(r#"{{"not":{risk}}}"#),
        format!(r#"{{"or":[{{"or":[]}},{risk}]}}"#),
        format!(r#"{{"and":[{{"and":[]}},{{"not":{risk}}}]}}"#),
        r#"{"not":{"value":"${user.id}","equals":"x"}}"#.to_owned(),
        r#"{"not":{"contains":"${flow.request.http.remoteIp}","ipRange":["::/0"]}}"#.to_owned(),
    ] {
        assert!(evaluate(&parse(&json), &facts, Time::EPOCH), "{json}");
    }
    assert!(!evaluate(&parse(r#"{"or":[]}"#), &facts, Time::EPOCH));
}

#[test]
fn every_rule_of_the_sheet_is_read() {
    // `reference/flows.md` 9.4, line by line.
    for json in [
        OLD_PWD,
        r#"{"secondsSince":"${session.lastSignOn.withAuthenticator.mfa.at}","greater":9}"#,
        r#"{"not":{"ipRange":["10.0.0.0/8"],"contains":"${flow.request.http.remoteIp}"}}"#,
        r#"{"value":"${user.population.id}","equals":"00000000-0000-0000-0000-000000000002"}"#,
        r#"{"value":"${user.lifecycle.status}","equals":"ACCOUNT_OK"}"#,
        r#"{"ipRisk":{"minScore":80,"maxScore":100},"valid":"${flow.request.http.remoteIp}"}"#,
        r#"{"geoVelocity":"${flow.request.http.remoteIp}","valid":{
            "previousSuccessfulAuthenticationIp":"${user.lastSignOn.remoteIp}",
            "previousSuccessfulAuthenticationTime":"${user.lastSignOn.at}"}}"#,
        r#"{"anonymousNetwork":["192.0.2.0/24"],"valid":"${flow.request.http.remoteIp}"}"#,
    ] {
        let value: Value = serde_json::from_str(json).unwrap();
        assert_eq!(serde_json::to_value(parse(json)).unwrap(), value, "{json}");
        // Somebody who was never seen before is asked.
        assert!(
            evaluate(&parse(json), &ConditionFacts::default(), Time::EPOCH),
            "{json}"
        );
        let both = format!(r#"{{"and":[{json},{{"or":[{json}]}}]}}"#);
        assert!(
            evaluate(&parse(&both), &ConditionFacts::default(), Time::EPOCH),
            "{json}"
        );
    }
}

#[test]
fn users_are_told_apart_by_population_lifecycle_and_attributes_of_their_own() {
    let mut user = user();
    user.custom.insert("level".to_owned(), Value::from(3));
    user.custom.insert("staff".to_owned(), Value::from(true));
    let facts = ConditionFacts {
        user: Some(&user),
        ..ConditionFacts::default()
    };
    for (value, equals, runs) in [
        (
            "${user.population.id}",
            r#""00000000-0000-0000-0000-000000000002""#,
            true,
        ),
        (
            "${user.population.id}",
            r#""00000000-0000-0000-0000-000000000003""#,
            false,
        ),
        ("${user.lifecycle.status}", r#""ACCOUNT_OK""#, true),
        (
            "${user.lifecycle.status}",
            r#""VERIFICATION_REQUIRED""#,
            false,
        ),
        ("${user.emailVerified}", "true", true),
        ("${user.mfaEnabled}", "true", false),
        ("${user.level}", r#""3""#, true),
        ("${user.level}", r#""4""#, false),
        ("${user.staff}", "true", true),
        ("${user.nobody}", r#""x""#, false),
        ("${user.custom.level}", r#""x""#, false),
    ] {
        let rule = format!(r#"{{"value":"{value}","equals":{equals}}}"#);
        assert_eq!(evaluate(&parse(&rule), &facts, Time::EPOCH), runs, "{rule}");
    }
}

#[test]
fn who_is_in_a_group_is_told_apart_and_who_may_be_counts_as_one() {
    let id = GroupId::from_uuid(uuid::Uuid::nil());
    let groups = Memberships(vec![(id, "Reds".to_owned())]);
    let user = user();
    let facts = ConditionFacts {
        user: Some(&user),
        groups: Some(&groups),
        ..ConditionFacts::default()
    };
    let unknown = ConditionFacts {
        groups: None,
        ..facts
    };
    for (value, equals, runs) in [
        ("memberOfGroupNames", "Reds", true),
        ("memberOfGroupNames", "Blues", false),
        (
            "memberOfGroupIDs",
            "00000000-0000-0000-0000-000000000000",
            true,
        ),
        ("memberOfGroupIDs", "Reds", false),
        ("memberOfGroups", "Reds", true),
    ] {
        let rule = format!(r#"{{"value":"${{user.{value}}}","equals":"{equals}"}}"#);
        let rule = parse(&rule);
        assert!(rule.asks_for_groups());
        assert_eq!(evaluate(&rule, &facts, Time::EPOCH), runs, "{value}");
        assert!(evaluate(&rule, &unknown, Time::EPOCH), "{value}");
    }
}
