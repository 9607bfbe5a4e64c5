use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use fluent_syntax::ast::{
    CallArguments, Entry, Expression, InlineExpression, Pattern, PatternElement,
};
use fluent_syntax::parser::parse;

use super::*;

/// Every key of a file with its variables.
fn keys(tag: &str) -> BTreeMap<String, BTreeSet<String>> {
    let file = format!("{}/locales/{tag}.ftl", env!("CARGO_MANIFEST_DIR"));
    let text = fs::read_to_string(&file).unwrap();
    let resource = parse(text).unwrap_or_else(|(_, errors)| panic!("{file}: {errors:?}"));
    let mut keys = BTreeMap::new();
    for entry in resource.body {
        match entry {
            Entry::Message(message) => {
                let mut variables = BTreeSet::new();
                in_pattern(&message.value.expect("a text"), &mut variables);
                let twice = keys.insert(message.id.name.clone(), variables);
                assert!(twice.is_none(), "{file}: {} twice", message.id.name);
            }
            Entry::Comment(_) | Entry::GroupComment(_) | Entry::ResourceComment(_) => {}
            Entry::Term(_) | Entry::Junk { .. } => panic!("{file}: {entry:?}"),
        }
    }
    keys
}

fn in_pattern(pattern: &Pattern<String>, variables: &mut BTreeSet<String>) {
    for element in &pattern.elements {
        if let PatternElement::Placeable { expression } = element {
            in_expression(expression, variables);
        }
    }
}

fn in_expression(expression: &Expression<String>, variables: &mut BTreeSet<String>) {
    match expression {
        Expression::Inline(inline) => in_inline(inline, variables),
        Expression::Select { selector, variants } => {
            in_inline(selector, variables);
            for variant in variants {
                in_pattern(&variant.value, variables);
            }
        }
    }
}

fn in_inline(inline: &InlineExpression<String>, variables: &mut BTreeSet<String>) {
    match inline {
        InlineExpression::VariableReference { id } => {
            variables.insert(id.name.clone());
        }
        InlineExpression::FunctionReference { arguments, .. } => {
            let CallArguments { positional, .. } = arguments;
            for argument in positional {
                in_inline(argument, variables);
            }
        }
        _ => {}
    }
}

/// Every text that is asked for in the code or in a template, as `say("key")` and the like.
fn asked() -> BTreeSet<String> {
    let mut asked = BTreeSet::new();
    for folder in ["src/pages", "templates"] {
        visit(
            &Path::new(env!("CARGO_MANIFEST_DIR")).join(folder),
            &mut asked,
        );
    }
    asked
}

fn visit(path: &Path, asked: &mut BTreeSet<String>) {
    if path.is_dir() {
        for entry in fs::read_dir(path).unwrap() {
            visit(&entry.unwrap().path(), asked);
        }
        return;
    }
    if path.ends_with("words/tests.rs") {
        return;
    }
    let text = fs::read_to_string(path).unwrap();
    for call in ["say(", "say_with(", "around("] {
        for (at, _) in text.match_indices(call) {
            let argument = text[at + call.len()..].trim_start();
            if let Some(rest) = argument.strip_prefix('"') {
                asked.insert(rest.split('"').next().unwrap().to_owned());
            }
        }
    }
}

#[test]
fn every_text_exists_in_every_language_with_the_same_variables() {
    let english = keys("en");
    let mut wrong = Vec::new();
    for language in Language::all() {
        let these = keys(language.tag);
        for (key, variables) in &english {
            match these.get(key) {
                None => wrong.push(format!("{}: {key} is missing", language.tag)),
                // A plural form may leave its number out.
                Some(found) if found != variables => {
                    wrong.push(format!("{}: {key} has {found:?}", language.tag));
                }
                Some(_) => {}
            }
        }
        let more = these.keys().filter(|key| !english.contains_key(*key));
        wrong.extend(more.map(|key| format!("{}: {key} is not in en.ftl", language.tag)));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_text_that_is_asked_for_exists() {
    let english = keys("en");
    let unknown: Vec<_> = asked()
        .into_iter()
        .filter(|key| !english.contains_key(key))
        .collect();
    assert!(unknown.is_empty(), "not in en.ftl: {unknown:?}");
}

#[test]
fn no_language_is_english_under_another_name() {
    let english = Language::english();
    for language in Language::all().filter(|it| it.tag != "en") {
        let same = keys("en");
        let same = same.iter().filter(|(_, variables)| variables.is_empty());
        let total = same.clone().count();
        let same = same
            .filter(|(key, _)| language.say(key) == english.say(key))
            .count();
        assert!(same * 20 < total, "{}: {same} of {total}", language.tag);
    }
}

#[test]
fn the_best_wish_that_can_be_met_is_met() {
    for (wishes, found) in [
        ("de", Some("de")),
        ("de-AT", Some("de")),
        ("DE_at", Some("de")),
        ("fr-CA,fr;q=0.8,en;q=0.5", Some("fr")),
        ("en;q=0.5, de;q=0.9", Some("de")),
        ("nl, ja;q=0.7, en;q=0.9", Some("en")),
        ("nl sv es-MX", Some("es")),
        ("ar-EG", Some("ar")),
        ("de;q=0, fr;q=0.1", Some("fr")),
        ("de;q=nonsense, fr", Some("fr")),
        ("dex", None),
        ("*", None),
        ("", None),
        (";;,,--_;q=", None),
    ] {
        let language = Language::wished(wishes, |_| true);
        assert_eq!(language.map(|it| it.tag), found, "{wishes}");
    }
}

#[test]
fn a_language_that_is_off_is_passed_over() {
    let not_german = |tag: &str| tag != "de";
    let found = Language::wished("de-AT, fr;q=0.5", not_german);
    assert_eq!(found.map(|it| it.tag), Some("fr"));
}

#[test]
fn a_long_list_of_wishes_costs_no_more_than_a_short_one() {
    let list = "xx,".repeat(400) + "de";
    assert!(Language::wished(&list, |_| true).is_none());
    let list = "é,".repeat(400);
    assert!(Language::wished(&list, |_| true).is_none());
}

#[test]
fn numbers_take_the_plural_of_the_language() {
    let english = Language::english();
    let minutes = |language: &'static Language, count: u64| {
        language.say_with("locked-minutes", [("minutes", count.into())])
    };
    assert!(minutes(english, 1).ends_with("in 1 minute."));
    assert!(minutes(english, 2).ends_with("in 2 minutes."));
    let arabic = Language::of_tag("ar", |_| true).unwrap();
    assert!(minutes(arabic, 2).contains("دقيقتين"));
    assert!(minutes(arabic, 5).contains("دقائق"));
}

#[test]
fn a_variable_may_have_an_element_of_its_own() {
    let japanese = Language::of_tag("ja", |_| true)
        .unwrap()
        .around("to-application", "application");
    assert_eq!(
        (japanese.before.as_str(), japanese.after.as_str()),
        ("", " に進みます")
    );
    let arabic = Language::of_tag("ar", |_| true)
        .unwrap()
        .around("to-application", "application");
    assert_eq!(
        (arabic.before.as_str(), arabic.after.as_str()),
        ("للمتابعة إلى ", "")
    );
}

#[test]
fn what_the_protocol_names_has_a_text() {
    use countersign_protocol::flows::profile::ATTRIBUTES;
    let english = Language::english();
    for attribute in ATTRIBUTES {
        let text = english.say_named("attribute", attribute.name);
        assert_eq!(text.as_deref(), Some(attribute.display_name));
    }
    assert_eq!(english.say_named("attribute", "no.such"), None);
}
