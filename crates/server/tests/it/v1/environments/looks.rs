//! `/v1/environments/{e}/themes`, `/brandingSettings` and `/languages`

use countersign_testkit::{TestServer, on_every_adapter};
use serde_json::{Value, json};

use super::super::{Api, admin, refused, text};

const NOBODY: &str = "00000000-0000-4000-8000-000000000001";

fn theme(name: &str) -> Value {
    json!({ "template": "split", "configuration": { "name": name, "backgroundType": "COLOR",
        "backgroundColor": "#00f0f0", "bodyTextColor": "#000000", "buttonColor": "#222222",
        "buttonTextColor": "#ffffff", "cardColor": "#fefefe", "footer": "Below", "headingTextColor": "#111111",
        "linkTextColor": "#0000ff", "logoType": "NONE" } })
}

on_every_adapter! {
    async fn a_theme_is_read_as_it_was_written(server: TestServer) {
        let api = admin(&server).await;
        let all = format!("/environments/{}/themes", server.tenant.id);
        let made = Api::created(api.post(&all, theme("Mine")).await);
        assert_eq!(made["configuration"], theme("Mine")["configuration"]);
        assert_eq!((&made["template"], &made["default"]), (&json!("split"), &json!(false)));
        let path = format!("{all}/{}", text(&made, "/id"));
        assert_eq!(api.get(&path).await.expect_status(200).json(), made);
        assert_eq!(api.put(&path, made.clone()).await.expect_status(200).json(), made);
        // There is one default at any time; it is set at a place of its own.
        let default = format!("{path}/default");
        let set = api.put(&default, json!({ "default": true })).await.expect_status(200).json();
        assert_eq!(set["default"], true);
        let list = api.get(&all).await.expect_status(200).json();
        let list = list["_embedded"]["themes"].as_array().unwrap().clone();
        let defaults: Vec<_> = list.iter().filter(|it| it["default"] == true).collect();
        assert_eq!((defaults.len(), &defaults[0]["id"]), (1, &made["id"]));
        let kept = api.put(&path, theme("Mine")).await.expect_status(200).json();
        assert_eq!(kept["default"], true);
        refused(api.put(&default, json!({ "default": false })).await, 400, "INVALID_DATA", Some(("CONSTRAINT_VIOLATION", "default")));
        refused(api.put(&default, json!({})).await, 400, "INVALID_DATA", Some(("REQUIRED_VALUE", "default")));
        refused(api.delete(&path).await, 400, "REQUEST_FAILED", Some(("CONSTRAINT_VIOLATION", "")));
        let other = Api::created(api.post(&all, theme("Other")).await);
        let _ = api.delete(&format!("{all}/{}", text(&other, "/id"))).await.expect_status(204);
    }

    async fn themes_that_cannot_be_made_say_why(server: TestServer) {
        let api = admin(&server).await;
        let all = format!("/environments/{}/themes", server.tenant.id);
        for (name, value, code, target) in [
            ("buttonColor", json!("red;}"), "INVALID_VALUE", "configuration.buttonColor"),
            ("cardColor", json!(null), "REQUIRED_VALUE", "configuration.cardColor"),
            ("backgroundColor", json!(null), "INVALID_VALUE", "configuration.backgroundColor"),
            ("footer", json!("x".repeat(501)), "INVALID_VALUE", "configuration.footer"),
            ("logo", json!({ "id": NOBODY }), "INVALID_VALUE", "configuration.logo.id"),
            ("name", json!("ping default"), "UNIQUENESS_VIOLATION", "configuration.name"),
        ] {
            let mut body = theme("Bad");
            body["configuration"][name] = value;
            refused(api.post(&all, body).await, 400, "INVALID_DATA", Some((code, target)));
        }
    }

    async fn the_company_has_a_name(server: TestServer) {
        let api = admin(&server).await;
        let path = format!("/environments/{}/brandingSettings", server.tenant.id);
        let before = api.get(&path).await.expect_status(200).json();
        assert_eq!((&before["id"], &before["companyName"]), (&json!(server.tenant.id), &json!(null)));
        let changed = api.put(&path, json!({ "companyName": "Acme" })).await.expect_status(200).json();
        assert_eq!(changed["companyName"], "Acme");
        assert_eq!(api.get(&path).await.expect_status(200).json(), changed);
        assert_eq!(api.put(&path, changed.clone()).await.expect_status(200).json(), changed);
        let cleared = api.put(&path, json!({})).await.expect_status(200).json();
        assert_eq!(cleared["companyName"], json!(null));
        let bad = json!({ "logo": { "id": NOBODY } });
        refused(api.put(&path, bad).await, 400, "INVALID_DATA", Some(("INVALID_VALUE", "logo.id")));
        let bad = json!({ "companyName": "x".repeat(257) });
        refused(api.put(&path, bad).await, 400, "INVALID_DATA", Some(("SIZE_LIMIT_EXCEEDED", "companyName")));
    }

    async fn a_language_is_read_as_it_was_written(server: TestServer) {
        let api = admin(&server).await;
        let all = format!("/environments/{}/languages", server.tenant.id);
        let body = json!({ "locale": "fr-BE", "enabled": false, "default": false });
        let made = Api::created(api.post(&all, body).await);
        assert_eq!((&made["locale"], &made["customerAdded"]), (&json!("fr-BE"), &json!(true)));
        assert_eq!(made["name"], "French (Belgium)");
        let path = format!("{all}/{}", text(&made, "/id"));
        assert_eq!(api.get(&path).await.expect_status(200).json(), made);
        assert_eq!(api.put(&path, made.clone()).await.expect_status(200).json(), made);
        let bad = json!({ "locale": "fr-BE", "enabled": false, "default": true });
        refused(api.put(&path, bad).await, 400, "INVALID_DATA", Some(("CONSTRAINT_VIOLATION", "enabled")));
        let good = json!({ "locale": "de-AT", "enabled": true, "default": true });
        let changed = api.put(&path, good).await.expect_status(200).json();
        assert_eq!((&changed["locale"], &changed["default"]), (&json!("fr-BE"), &json!(true)));
        refused(api.delete(&path).await, 400, "REQUEST_FAILED", Some(("CONSTRAINT_VIOLATION", "")));
        refused(api.post(&all, json!({ "locale": "FR-be" })).await, 400, "INVALID_DATA",
            Some(("UNIQUENESS_VIOLATION", "locale")));
        refused(api.post(&all, json!({ "locale": "?" })).await, 400, "INVALID_DATA", Some(("INVALID_VALUE", "locale")));
        for name in ["enabled", "default"] {
            let mut on = json!({ "locale": "de-AT" });
            on[name] = json!(true);
            refused(api.post(&all, on).await, 400, "INVALID_DATA", Some(("CONSTRAINT_VIOLATION", name)));
        }
        let mut other = Api::created(api.post(&all, json!({ "locale": "de-AT" })).await);
        for name in ["enabled", "default"] {
            other[name] = json!(true);
        }
        let own = format!("{all}/{}", text(&other, "/id"));
        assert_eq!(api.put(&own, other).await.expect_status(200).json()["default"], true);
        let _ = api.delete(&path).await.expect_status(204);
    }

    async fn languages_that_nobody_added_are_there_and_a_change_stays(server: TestServer) {
        let api = admin(&server).await;
        let all = format!("/environments/{}/languages", server.tenant.id);
        let of = async |locale: &str| {
            let list = api.get(&all).await.expect_status(200).json();
            let list = list["_embedded"]["languages"].as_array().unwrap().clone();
            list.into_iter().find(|it| it["locale"] == locale).unwrap()
        };
        let (english, french) = (of("en").await, of("fr").await);
        assert_eq!((&english["default"], &english["enabled"]), (&json!(true), &json!(true)));
        assert_eq!((&french["name"], &french["enabled"]), (&json!("French"), &json!(false)));
        assert_eq!(french["customerAdded"], false);
        let path = format!("{all}/{}", text(&french, "/id"));
        assert_eq!(api.get(&path).await.expect_status(200).json(), french);
        refused(api.post(&all, json!({ "locale": "fr" })).await, 400, "INVALID_DATA",
            Some(("UNIQUENESS_VIOLATION", "locale")));
        let mut body = french.clone();
        body["enabled"] = json!(true);
        body["default"] = json!(true);
        let changed = api.put(&path, body).await.expect_status(200).json();
        assert_eq!((&changed["default"], &changed["id"]), (&json!(true), &french["id"]));
        assert_eq!(changed["customerAdded"], false);
        assert_eq!(of("fr").await, changed);
        assert_eq!((&of("en").await["default"], &of("en").await["id"]), (&json!(false), &english["id"]));
        let english = format!("{all}/{}", text(&english, "/id"));
        refused(api.delete(&english).await, 400, "REQUEST_FAILED", Some(("CONSTRAINT_VIOLATION", "")));
        let absent = api.get(&format!("{all}/9c052a8a-14be-44e4-8f07-2662569994ce")).await;
        let body = refused(absent, 404, "NOT_FOUND", None);
        assert!(text(&body, "/message").starts_with("Unable to find language for environmentId="), "{body}");
    }
}
