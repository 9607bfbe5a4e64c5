use serde_json::json;

use super::*;

const ANY: &[Operator] = &Operator::ALL;
const EQ: &[Operator] = &[Operator::Eq];

fn known() -> Vec<Filterable> {
    vec![
        Filterable::new("name.given", ANY),
        Filterable::new("username", ANY),
        Filterable::new("enabled", EQ),
        Filterable::new("age", ANY),
        Filterable::new("memberOfGroups[id]", EQ),
    ]
}

fn fits(text: &str) -> bool {
    let user = json!({
        "username": "Ada", "name": { "given": "Ada \"x\"" }, "enabled": true, "age": 7,
        "memberOfGroups": [{ "id": "g1" }, { "id": "g2" }],
    });
    let filter = parse(text).unwrap_or_else(|error| panic!("{text}: {error}"));
    let filter = check(filter, &known()).unwrap_or_else(|error| panic!("{text}: {error:?}"));
    matches(&filter, &user)
}

#[test]
fn filters_hold_or_do_not() {
    for (text, expected) in [
        (r#"username eq "ada""#, true),
        (r#"USERNAME EQ "ADA""#, true),
        (r#"username eq "ad""#, false),
        (r#"username sw "A" and name.given co "\"X""#, true),
        (r#"username ew "da""#, true),
        (r#"username ne "ada""#, false),
        ("enabled eq true", true),
        (r#"enabled eq "true""#, true),
        ("enabled eq false", false),
        ("age gt 6 and age le 7", true),
        ("age lt 7", false),
        ("age pr", true),
        (r#"memberOfGroups[id eq "g2"]"#, true),
        (r#"memberOfGroups[id eq "g3"]"#, false),
        (
            r#"((username eq "a") OR (username eq "ada")) AND ((enabled eq "true"))"#,
            true,
        ),
        // `and` binds closer.
        (
            r#"username eq "ada" or username eq "x" and enabled eq false"#,
            true,
        ),
        (
            r#"(username eq "ada" or username eq "x") and enabled eq false"#,
            false,
        ),
    ] {
        assert_eq!(fits(text), expected, "{text}");
    }
}

#[test]
fn a_filter_that_was_stored_with_a_negation_holds_as_before() {
    let filter = parse(r#"not (username eq "bob")"#).unwrap();
    assert!(matches(&filter, &json!({ "username": "ada" })));
    assert!(!matches(&filter, &json!({ "username": "bob" })));
}

#[test]
fn what_is_no_filter_says_where() {
    for text in [
        "",
        "username",
        "username eq",
        "username eq ada",
        r#"username eq "ada"#,
        r#"username is "ada""#,
        r#"(username eq "ada""#,
        r#"username eq "ada")"#,
        r#"username eq "ada" xor enabled eq true"#,
        r#"memberOfGroups[id eq "x""#,
        r#"eq "x""#,
        r#"not username eq "x""#,
        "1 eq 1",
        "username eq [1]",
    ] {
        assert!(parse(text).is_err(), "{text}");
    }
    let error = parse(r#"username is "ada""#).unwrap_err();
    assert_eq!(error.to_string(), "expected an operator at character 10");
}

#[test]
fn what_is_not_supported_says_what_is() {
    let checked = |text: &str| check(parse(text).unwrap(), &known());
    let error = checked(r#"email eq "x""#).unwrap_err();
    let Unsupported::Attribute(name, names) = error else {
        panic!("{error:?}")
    };
    assert_eq!((name.as_str(), names.len()), ("email", 5));
    let error = checked(r#"memberOfGroups[name eq "x"]"#).unwrap_err();
    assert!(matches!(error, Unsupported::Attribute(..)));
    let error = checked(r#"username eq "x" or not (enabled eq true)"#).unwrap_err();
    assert_eq!(error, Unsupported::Not(ANY.to_vec()));
    let error = checked("enabled pr").unwrap_err();
    assert_eq!(
        error,
        Unsupported::Operator("enabled".into(), Operator::Pr, EQ)
    );
}

#[test]
fn threat_41_depth_length_and_number_are_bounded() {
    let deep = |depth: usize| {
        let (open, close) = ("(".repeat(depth), ")".repeat(depth));
        parse(&format!("{open}age pr{close}"))
    };
    assert!(deep(MAX_DEPTH).is_ok());
    assert_eq!(deep(MAX_DEPTH + 1), Err(NotAFilter::TooLarge));
    assert_eq!(deep(MAX_LENGTH / 2 - 6), Err(NotAFilter::TooLarge));
    let long = vec!["a pr"; MAX_COMPARISONS + 1].join(" or ");
    assert_eq!(parse(&long), Err(NotAFilter::TooLarge));
    let nots = "not (".repeat(MAX_DEPTH + 1);
    assert!(parse(&nots).is_err());
}

#[test]
fn an_index_is_told_what_it_can_do() {
    let filter = parse(r#"enabled eq true and username sw "ad""#).unwrap();
    assert_eq!(filter.demands("username"), Some((Operator::Sw, "ad")));
    assert_eq!(filter.demands("email"), None);
    let filter = parse(r#"enabled eq true or username sw "ad""#).unwrap();
    assert_eq!(filter.demands("username"), None);
}

proptest::proptest! {
    #[test]
    fn no_text_makes_the_parser_panic(text in "\\PC{0,80}") {
        let _ = parse(&text);
    }

    #[test]
    fn threat_40_quoted_text_stays_a_value(text in "\\PC{0,40}") {
        let quoted = serde_json::to_string(&text).unwrap();
        let filter = parse(&format!("username eq {quoted} and enabled eq true")).unwrap();
        let Filter::And(parts) = filter else { panic!() };
        let Some(Filter::Compare(first)) = parts.first() else { panic!() };
        assert_eq!(first.value.as_str(), Some(text.as_str()));
    }
}
