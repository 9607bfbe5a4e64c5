//! Populations, users, groups, custom roles, and attributes that an environment adds.

use serde_json::json;

use super::super::sample::{
    Member, Sample, Values, flag, like, many, parts, refers, sample, text, texts, word,
};

pub fn samples() -> Vec<Sample> {
    vec![
        populations(),
        schema_attributes("STRING"),
        schema_attributes("BOOLEAN"),
        users(),
        enabled(),
        mfa_enabled(),
        devices("EMAIL").members([like("email", [json!("a.b+c@client.example")])
            .required()
            .not([json!("none"), json!("a@")])]),
        devices("SMS").members([phone()]),
        devices("VOICE").members([phone(), like("extension", [json!("12,3")])]),
        devices("WHATSAPP").members([phone()]),
        devices("TOTP").only_at_first(&["secret", "keyUri"]),
        groups(),
        roles(),
    ]
}

fn populations() -> Sample {
    sample("/environments/{environment}/populations")
        .members([
            text("name", 1..=256).unique().required(),
            text("description", 0..=2_048),
            refers("passwordPolicy", "passwordPolicy"),
            refers("theme", "theme").or_something(),
            like("preferredLanguage", [json!("de"), json!("fr-CA")]).or(json!("en")),
            many(
                "alternativeIdentifiers",
                texts(&["email", "nickname"]),
                1..=2,
            ),
        ])
        .read_only(&["userCount"])
        .only_alone(&["userCount"])
        .has_default()
}

fn users() -> Sample {
    let line = |name| text(name, 1..=256);
    let not_names = || [json!("Lovelace, Ada"), json!("a\nb"), json!("😀")];
    let name = [
        line("given"),
        line("middle"),
        line("honorificPrefix"),
        line("honorificSuffix"),
        line("family").of("abc XYZ'.-äß中7").not(not_names()),
        line("formatted").of("abc XYZ'.-äß中7").not(not_names()),
    ];
    let address = [
        line("streetAddress").of("abc XYZ 12\n/äß中"),
        line("locality"),
        line("region"),
        text("postalCode", 1..=40),
        like("countryCode", [json!("DE"), json!("US")]).not([
            json!("de"),
            json!("DEU"),
            json!("1A"),
        ]),
    ];
    let phone = |name| {
        like(
            name,
            [json!("+1.5125551234"), json!("0 30 / 12 34-5"), json!("1")],
        )
        .not([json!("none"), json!("1".repeat(33))])
        .not_for("EMPTY_VALUE", json!(""))
    };
    sample("/environments/{environment}/users")
        .members([
            text("username", 1..=128).unique().required().not([
                json!("a\nb"),
                json!("a\u{200d}b"),
                json!("a\u{e000}"),
            ]),
            like(
                "email",
                [json!("a.b+c@client.example"), json!("x@y.example")],
            )
            .not([json!("none"), json!("a@"), json!("@b")]),
            refers("population", "population").fixed().or_something(),
            parts("name", name),
            parts("address", address),
            line("nickname"),
            line("title"),
            line("type"),
            line("locale"),
            like("preferredLanguage", [json!("de-CH, fr;q=0.8"), json!("en")]).not([
                json!("de_CH"),
                json!("en;q=2"),
                json!("x".repeat(257)),
            ]),
            like(
                "timezone",
                [json!("Europe/Berlin"), json!("America/New_York")],
            )
            .not([json!("Berlin"), json!("a b/c")]),
            phone("mobilePhone"),
            phone("primaryPhone"),
            text("externalId", 1..=1_024),
            line("accountId"),
            parts(
                "photo",
                [like("href", [json!("https://a.example/me.png")])
                    .required()
                    .not([json!("javascript:alert(1)"), json!("me")])],
            ),
            // As the settings of second factors say.
            flag("mfaEnabled").fixed().or_something(),
            word("verifyStatus", &["NOT_INITIATED", "ENABLED", "DISABLED"])
                .or(json!("NOT_INITIATED")),
        ])
        .read_only(&[
            "account",
            "emailVerified",
            "enabled",
            "identityProvider",
            "lastSignOn",
            "lifecycle",
            "memberOfGroupIDs",
            "memberOfGroupNames",
            "password",
        ])
        .tidy(|body| {
            // An object with nothing in it says nothing.
            for name in ["name", "address"] {
                if body.get(name).is_some_and(|it| it == &json!({})) {
                    body.remove(name);
                }
            }
        })
}

fn enabled() -> Sample {
    sample("/environments/{environment}/users/{user}/enabled").members([flag("enabled").required()])
}

fn mfa_enabled() -> Sample {
    sample("/environments/{environment}/users/{user}/mfaEnabled")
        .members([flag("mfaEnabled").required()])
}

fn phone() -> Member {
    let numbers = [
        json!("+1.5125201000"),
        json!({ "number": "5125201000", "countryCode": "US" }),
    ];
    like("phone", numbers)
        .required()
        .not([json!("call me"), json!("1".repeat(41))])
}

fn devices(type_: &'static str) -> Sample {
    let states: &[_] = match type_ {
        // Nobody has seen its secret yet.
        "TOTP" => &["ACTIVATION_REQUIRED"],
        _ => &["ACTIVATION_REQUIRED", "ACTIVE"],
    };
    sample("/environments/{environment}/users/{user}/devices")
        .kind(type_)
        .at("user", "otherUser")
        .members([
            like("type", [json!(type_)])
                .required()
                .not([json!("PIGEON")]),
            text("nickname", 1..=100),
            word("status", states).or(json!("ACTIVATION_REQUIRED")),
            refers("policy", "deviceAuthenticationPolicy"),
        ])
        .read_only(&["secret", "user"])
}

fn groups() -> Sample {
    let filters = [
        json!("email ew \"@test.com\""),
        json!("(title eq \"a\") OR (title eq \"b\")"),
    ];
    sample("/environments/{environment}/groups")
        .members([
            text("name", 1..=256).unique().required(),
            text("description", 0..=2_048),
            refers("population", "population").fixed(),
            text("externalId", 1..=1_024),
            like("userFilter", filters).not_for("INVALID_FILTER", json!("title like \"a\"")),
            like("customData", [json!({ "a": { "b": [1, "x", null] } })])
                .not_for("SIZE_LIMIT_EXCEEDED", json!({ "a": "x".repeat(17_000) })),
        ])
        .read_only(&[
            "displayName",
            "directMemberCounts",
            "totalMemberCounts",
            "sourceId",
            "sourceType",
        ])
        .only_alone(&["directMemberCounts"])
}

fn roles() -> Sample {
    let scopes = &["ORGANIZATION", "ENVIRONMENT", "POPULATION", "APPLICATION"];
    let permission = |id| json!({ "id": id });
    let permissions = [
        permission("users:read"),
        permission("groups:read"),
        permission("future:do"),
    ];
    sample("/environments/{environment}/roles")
        .members([
            text("name", 1..=256).unique().required(),
            text("description", 0..=2_048),
            many("applicableTo", Values::Word(scopes), 1..=4).required(),
            many("canBeAssignedBy", Values::Ref("builtInRole"), 0..=1).or(json!([])),
            many("permissions", Values::Like(permissions.to_vec()), 1..=3)
                .required()
                .more(),
        ])
        .read_only(&["type", "canAssign"])
}

fn schema_attributes(type_: &'static str) -> Sample {
    let path = "/environments/{environment}/schemas/{schema}/attributes";
    let own = sample(path)
        .kind(type_)
        .members([
            text("name", 1..=256)
                .of("abcXYZ019")
                .unique()
                .fixed()
                .required(),
            text("displayName", 1..=256),
            text("description", 1..=2_048),
            flag("enabled").required(),
            like("required", [json!(false)]).or(json!(false)),
        ])
        .read_only(&["schema", "schemaType", "ldapAttribute"]);
    let value = |value| json!({ "value": value, "archived": false });
    let regex = json!({ "pattern": "^a+$", "requirements": "Only a.",
        "valuesPatternShouldMatch": ["a"], "valuesPatternShouldNotMatch": ["b"] });
    if type_ == "BOOLEAN" {
        return own.members([like("type", [json!("BOOLEAN")]).fixed().required()]);
    }
    own.members([
        word("type", &["STRING"]).fixed().required(),
        flag("unique").fixed().or(json!(false)),
        like("multiValued", [json!(false)]).or(json!(false)),
        like("enumeratedValues", [json!([value("a"), value("b")])]).kept(None),
        like("regexValidation", [regex]),
    ])
    .tidy(|body| {
        // One way of saying which values are good. Values that were good once stay.
        body.remove(if body.contains_key("regexValidation") {
            "enumeratedValues"
        } else {
            "regexValidation"
        });
        body.remove("enumeratedValues");
    })
}
