//! How pages look and what they say.

use serde_json::json;

use super::super::sample::{Sample, flag, like, number, parts, sample, text, word};

pub fn samples() -> Vec<Sample> {
    vec![
        themes(),
        branding(),
        languages(),
        agreements(),
        agreement_languages(),
        revisions(),
    ]
}

fn themes() -> Sample {
    let color = |name| {
        let bad = [json!("red"), json!("#12"), json!("#fff;}")];
        like(name, [json!("#1a2b3c"), json!("#F0a")]).not(bad)
    };
    let configuration = [
        text("name", 1..=256).unique(),
        word("backgroundType", &["DEFAULT", "NONE"]).or(json!("DEFAULT")),
        color("backgroundColor"),
        color("bodyTextColor").required(),
        color("buttonColor").required(),
        color("buttonTextColor").required(),
        color("cardColor").required(),
        color("headingTextColor").required(),
        color("linkTextColor").required(),
        text("footer", 0..=500),
        word("logoType", &["NONE"]).or(json!("NONE")),
    ];
    let own = json!({ "variables": { "radius": "4px", "font": "Inter, sans-serif" } });
    sample("/environments/{environment}/themes")
        .members([
            word("template", &["default", "focus", "mural", "slate", "split"]).or(json!("default")),
            parts("configuration", configuration).required(),
            like("countersign", [own]).kept(None),
        ])
        .read_only(&["default"])
}

fn branding() -> Sample {
    let no_logo = json!({ "id": super::super::NOBODY, "href": "https://a.example/x.png" });
    sample("/environments/{environment}/brandingSettings").members([
        text("companyName", 0..=256),
        like("logo", [json!({ "href": "https://a.example/logo.png" })])
            .not([no_logo])
            .target("logo.id"),
    ])
}

fn languages() -> Sample {
    sample("/environments/{environment}/languages")
        .members([
            like("locale", [json!("sv-FI")]).fixed().required().not([
                json!("x y"),
                json!("123"),
                json!(""),
            ]),
            text("name", 0..=256).or_something(),
            like("enabled", [json!(false)]).or(json!(false)),
        ])
        .read_only(&["customerAdded"])
        .members([like("default", [json!(false)]).or(json!(false))])
}

fn agreements() -> Sample {
    sample("/environments/{environment}/agreements")
        .members([
            text("name", 1..=256).unique().required(),
            text("description", 0..=1_024),
            // On, when it has a text.
            like("enabled", [json!(false)]).or(json!(false)),
            number("reconsentPeriodDays", 1..=36_500),
        ])
        .read_only(&[
            "totalConsents",
            "totalExpiredConsents",
            "consentsAggregatedAt",
        ])
}

fn agreement_languages() -> Sample {
    let words = [
        text("acceptCheckboxText", 0..=1_024),
        text("continueButtonText", 0..=1_024),
        text("declineButtonText", 0..=1_024),
    ];
    sample("/environments/{environment}/agreements/{agreement}/languages")
        .members([
            like("locale", [json!("fr-CA")])
                .fixed()
                .required()
                .not([json!("x y"), json!("")]),
            text("displayName", 1..=256).required(),
            flag("enabled").or(json!(true)),
            parts("userExperience", words).or(json!({})),
        ])
        .read_only(&["agreement", "currentRevision"])
}

fn revisions() -> Sample {
    let path = "/environments/{environment}/agreements/{agreement}/languages/{agreementLanguage}/revisions";
    sample(path)
        .members([
            word("contentType", &["text/html", "text/plain"]).required(),
            like("effectiveAt", [json!("2031-02-03T04:05:06.789Z")])
                .required()
                .not([json!("tomorrow"), json!("2031-02-30T00:00:00Z")]),
            flag("requireReconsent").or(json!(false)),
            text("text", 1..=32_000).required().secret(),
        ])
        .read_only(&["language", "agreement", "notValidAfter"])
}
