//! Filters of lists: which attribute takes which operator, and what is said of the others
//! (`reference/platform.md` 1.5).

use countersign_protocol::v1::route::{self, Method};
use countersign_testkit::{Answer, TestServer, on_every_adapter};
use serde_json::{Value, json};

use super::{Api, fresh, owner, refused, text};

const OPERATORS: [&str; 9] = ["eq", "ne", "co", "sw", "ew", "gt", "ge", "lt", "le"];
const TEXT: &[&str] = &["eq", "sw", "ew", "co"];
const EQ: &[&str] = &["eq"];

/// An attribute and the operators that it is filtered by.
type Attribute = (&'static str, &'static [&'static str]);

/// Lists that filter, their attributes, and the operators of each.
fn lists() -> Vec<(&'static str, Vec<Attribute>)> {
    const NAMES: &[&str] = &["sw", "eq"];
    let of_users = [
        "accountId",
        "address.streetAddress",
        "address.locality",
        "address.region",
        "address.postalCode",
        "address.countryCode",
        "email",
        "externalId",
        "locale",
        "mobilePhone",
        "name.formatted",
        "name.given",
        "name.middle",
        "name.family",
        "name.honorificPrefix",
        "name.honorificSuffix",
        "nickname",
        "photo.href",
        "preferredLanguage",
        "primaryPhone",
        "timezone",
        "title",
        "type",
        "username",
        "ground",
    ];
    let users = of_users.map(|name| (name, TEXT)).into_iter();
    let users = users.chain([("id", EQ), ("population.id", EQ), ("enabled", EQ)]);
    vec![
        (
            "/environments",
            vec![
                ("name", NAMES),
                ("id", EQ),
                ("organization.id", EQ),
                ("license.id", EQ),
            ],
        ),
        (
            "/environments/{environment}/populations",
            vec![("name", NAMES), ("id", EQ)],
        ),
        ("/environments/{environment}/users", users.collect()),
        (
            "/environments/{environment}/groups",
            vec![
                ("id", EQ),
                ("name", &["eq", "sw"]),
                ("population.id", EQ),
                ("externalId", EQ),
            ],
        ),
        ("/environments/{environment}/roles", vec![("type", EQ)]),
        (
            "/environments/{environment}/users/{user}/oauthConsents",
            vec![("application.id", EQ), ("application.name", EQ)],
        ),
        (
            "/organizations/{organization}/licenses",
            vec![
                ("name", EQ),
                ("package", EQ),
                ("status", EQ),
                ("beginsAt", &["lt"]),
            ],
        ),
        (
            "/environments/{environment}/activities",
            vec![
                ("recordedat", &["ge", "gt", "le", "lt"]),
                ("correlationid", EQ),
                ("actors.client.id", EQ),
                ("actors.user.id", EQ),
                ("actors.user.name", EQ),
                ("resources.id", EQ),
                ("resources.type", EQ),
                ("resources.population.id", EQ),
                ("action.type", EQ),
            ],
        ),
    ]
}

async fn filtered(api: &Api, list: &str, filter: &str) -> Answer {
    let query: String = url(filter);
    api.get(&format!("{list}?filter={query}")).await
}

fn url(text: &str) -> String {
    let escaped = |byte: u8| match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'.' | b'-' | b'_' => {
            char::from(byte).to_string()
        }
        other => format!("%{other:02X}"),
    };
    text.bytes().map(escaped).collect()
}

/// Some value that an attribute can be compared with.
fn value(attribute: &str) -> &'static str {
    match attribute {
        "enabled" => "true",
        "recordedat" | "beginsAt" => "\"2020-01-01T00:00:00.000Z\"",
        _ => "\"0badbad0-0000-4000-8000-000000000bad\"",
    }
}

on_every_adapter! {
    async fn each_attribute_takes_its_operators_and_no_other(server: TestServer) {
        let api = owner(&server).await;
        let ground = fresh(&api).await;
        for (list, attributes) in lists() {
            let list = ground.path(list);
            for (attribute, supported) in &attributes {
                let value = value(attribute);
                for operator in OPERATORS {
                    // Activities want a beginning: that is theirs alone.
                    let more = if list.ends_with("activities") && *attribute != "recordedat" {
                        " and recordedat gt \"2020-01-01T00:00:00.000Z\""
                    } else {
                        ""
                    };
                    let filter = format!("{attribute} {operator} {value}{more}");
                    let answer = filtered(&api, &list, &filter).await;
                    if supported.contains(&operator) {
                        assert_eq!(answer.status, 200, "{list} {filter} {}", answer.body);
                        // In any case of letters, in parentheses, joined.
                        let upper = format!("(({attribute} {} {value}) AND ({attribute} {operator} {value})){}",
                            operator.to_uppercase(), more.replace("and", "AND"));
                        let answer = filtered(&api, &list, &upper).await;
                        assert_eq!(answer.status, 200, "{list} {upper} {}", answer.body);
                    } else {
                        let body = refused(answer, 400, "INVALID_DATA", Some(("INVALID_FILTER", "filter")));
                        let told = body["details"][0]["innerError"]["supportedOperators"].as_array();
                        let told: Vec<&str> = told.into_iter().flatten().filter_map(Value::as_str).collect();
                        assert!(supported.iter().all(|it| told.contains(it)), "{list} {filter} {body}");
                        assert!(!told.contains(&operator), "{list} {filter} {body}");
                    }
                }
            }
            let (attribute, supported) = &attributes[0];
            let negated = format!("not ({attribute} {} {})", supported[0], value(attribute));
            for filter in [negated.clone(), format!("{negated} or {attribute} {} \"x\"", supported[0])] {
                let answer = filtered(&api, &list, &filter).await;
                let body = refused(answer, 400, "INVALID_DATA", Some(("INVALID_FILTER", "filter")));
                let told = body["details"][0]["innerError"]["supportedOperators"].as_array().unwrap();
                assert!(told.contains(&json!(supported[0])), "{list} {body}");
            }
            let answer = filtered(&api, &list, "nothing eq \"x\"").await;
            let body = refused(answer, 400, "INVALID_DATA", Some(("INVALID_FILTER", "filter")));
            let told = body["details"][0]["innerError"]["supportedAttributes"].as_array();
            let told: Vec<&str> = told.into_iter().flatten().filter_map(Value::as_str).collect();
            for (attribute, _) in &attributes {
                assert!(told.contains(attribute), "{list}: {attribute} not in {told:?}");
            }
            for wrong in ["name", "name eq", "name eq x", "(name eq \"x\"", "name eq \"x\" xor name eq \"y\"", "name eq \"x"] {
                let answer = filtered(&api, &list, wrong).await;
                refused(answer, 400, "INVALID_DATA", Some(("INVALID_FILTER", "filter")));
            }
        }
    }

    /// An answer that ignores a filter looks as if everything fitted.
    async fn no_list_ignores_a_filter_that_it_cannot_use(server: TestServer) {
        let api = owner(&server).await;
        let ground = fresh(&api).await;
        let mut lists = 0;
        for endpoint in route::endpoints().filter(|it| it.method == Method::Get) {
            let path = ground.path(endpoint.path);
            let answer = api.get(&path).await;
            let is_list = answer.header("content-type") == Some("application/json")
                && answer.status == 200
                && answer.json()["_embedded"].is_object()
                && answer.json()["size"].is_number();
            if !is_list {
                continue;
            }
            lists += 1;
            for filter in ["((", "nothing eq \"x\""] {
                let answer = filtered(&api, &path, filter).await;
                assert_eq!(answer.status, 400, "{path} {filter} {}", answer.body);
                refused(answer, 400, "INVALID_DATA", Some(("INVALID_FILTER", "filter")));
            }
        }
        assert!(lists > 40, "{lists}");
    }

    async fn filters_find_what_they_describe_in_any_case(server: TestServer) {
        let api = owner(&server).await;
        let ground = fresh(&api).await;
        let users = ground.path("/environments/{environment}/users");
        for (name, title) in [("ada", "Boss"), ("Adam", "Clerk"), ("bea", "Boss")] {
            let user = json!({ "username": name, "title": title, "email": format!("{name}@Client.example") });
            Api::created(api.post(&users, user).await);
        }
        let member = format!("memberOfGroups[id eq \"{}\"]", ground.id("parent"));
        let here = format!("population.id eq \"{}\"", ground.id("population"));
        for (filter, expected) in [
            ("username eq \"ADA\"", vec!["ada"]),
            ("username sw \"AD\"", vec!["Adam", "ada"]),
            ("username EQ \"ada\" OR username Eq \"BEA\"", vec!["ada", "bea"]),
            ("((username sw \"a\") OR (username sw \"b\")) AND ((title eq \"boss\"))", vec!["ada", "bea"]),
            ("email ew \"@CLIENT.example\" and title eq \"clerk\"", vec!["Adam"]),
            ("username co \"DA\"", vec!["Adam", "ada"]),
            (&member, vec!["ground"]),
            (&here, vec!["ground", "other"]),
            ("username eq \"nobody\"", vec![]),
        ] {
            let list = filtered(&api, &users, filter).await.expect_status(200).json();
            let found = list["_embedded"]["users"].as_array().unwrap();
            let mut found: Vec<String> = found.iter().map(|it| text(it, "/username")).collect();
            found.sort();
            assert_eq!(found, expected, "{filter}");
        }
        let groups = ground.path("/environments/{environment}/groups");
        let list = filtered(&api, &groups, "name eq \"GROUND\"").await.expect_status(200).json();
        assert_eq!(list["_embedded"]["groups"][0]["id"], json!(ground.id("group")));
        let populations = ground.path("/environments/{environment}/populations");
        for filter in ["name eq \"gROUND\"", "name sw \"groUN\""] {
            let list = filtered(&api, &populations, filter).await.expect_status(200).json();
            assert_eq!((&list["count"], &list["_embedded"]["populations"][0]["id"]), (&json!(1), &json!(ground.id("population"))));
        }
    }
}
