//! `/v1/environments/{e}/agreements`, their languages and revisions

use countersign_testkit::{TestServer, on_every_adapter};
use serde_json::json;

use super::super::{Api, admin, refused, text};

on_every_adapter! {
    async fn an_agreement_comes_to_be_step_by_step(server: TestServer) {
        let api = admin(&server).await;
        let env = format!("/environments/{}", server.tenant.id);
        let all = format!("{env}/agreements");
        let body = json!({ "name": "Terms", "description": "For all", "enabled": false, "reconsentPeriodDays": 31 });
        let made = Api::created(api.post(&all, body.clone()).await);
        assert_eq!((&made["totalConsents"], &made["totalExpiredConsents"]), (&json!(0), &json!(0)));
        for (name, value) in body.as_object().unwrap() {
            assert_eq!(made[name], *value, "{name}");
        }
        let path = format!("{all}/{}", text(&made, "/id"));
        assert_eq!(api.get(&path).await.expect_status(200).json(), made);
        assert_eq!(api.put(&path, made.clone()).await.expect_status(200).json(), made);
        let mut on = made.clone();
        on["enabled"] = json!(true);
        refused(api.put(&path, on.clone()).await, 400, "INVALID_DATA", Some(("CONSTRAINT_VIOLATION", "enabled")));

        let languages = format!("{path}/languages");
        let body = json!({ "locale": "en", "displayName": "Terms", "enabled": true,
            "userExperience": { "acceptCheckboxText": "Yeah" } });
        let language = Api::created(api.post(&languages, body).await);
        assert_eq!((&language["agreement"]["id"], &language["currentRevision"]), (&made["id"], &json!(null)));
        assert_eq!(language["userExperience"]["acceptCheckboxText"], "Yeah");
        let own = format!("{languages}/{}", text(&language, "/id"));
        assert_eq!(api.put(&own, language.clone()).await.expect_status(200).json(), language);
        let again = json!({ "locale": "EN", "displayName": "x" });
        refused(api.post(&languages, again).await, 400, "INVALID_DATA", Some(("UNIQUENESS_VIOLATION", "locale")));
        refused(api.post(&languages, json!({ "locale": "en_US", "displayName": "x" })).await, 400, "INVALID_DATA", Some(("INVALID_VALUE", "locale")));

        let revisions = format!("{own}/revisions");
        let body = json!({ "contentType": "text/html", "effectiveAt": "2020-01-01T00:00:00.000Z",
            "requireReconsent": false, "text": "<b>Be good</b>" });
        let revision = Api::created(api.post(&revisions, body.clone()).await);
        for (name, value) in body.as_object().unwrap() {
            let told = if name == "text" { &json!(null) } else { value };
            assert_eq!(revision[name], *told, "{name}");
        }
        assert_eq!((&revision["language"]["id"], &revision["agreement"]["id"]), (&language["id"], &made["id"]));
        let language = api.get(&own).await.expect_status(200).json();
        assert_eq!(language["currentRevision"]["id"], revision["id"]);
        let one = format!("{revisions}/{}", text(&revision, "/id"));
        let alone = api.get(&text(&revision, "/_links/text/href")).await.expect_status(200).json();
        assert_eq!((&alone["data"], &alone["dataType"]), (&body["text"], &revision["contentType"]));
        assert_eq!(api.get(&one).await.expect_status(200).json(), revision);
        let link = revision["_links"]["text"]["href"].as_str().unwrap();
        let words = api.get(link).await.expect_status(200).json();
        assert_eq!((&words["data"], &words["dataType"]), (&body["text"], &body["contentType"]));
        let _ = api.put(&one, revision.clone()).await.expect_status(405);
        let mut long = body.clone();
        long["text"] = json!("x".repeat(32_001));
        long["effectiveAt"] = json!("2021-01-01T00:00:00.000Z");
        refused(api.post(&revisions, long.clone()).await, 400, "INVALID_DATA", Some(("SIZE_LIMIT_EXCEEDED", "text")));
        // Characters count, not bytes.
        long["text"] = json!("\u{4e2d}".repeat(32_000));
        long["effectiveAt"] = json!("2099-01-01T00:00:00.000Z");
        let _ = Api::created(api.post(&revisions, long).await);

        assert_eq!(api.put(&path, on).await.expect_status(200).json()["enabled"], true);
        // What a sign-on asks for stays.
        let policy = Api::created(api.post(&format!("{env}/signOnPolicies"), json!({ "name": "Agree" })).await);
        let policy = format!("{env}/signOnPolicies/{}", text(&policy, "/id"));
        let action = json!({ "type": "AGREEMENT", "priority": 1, "agreement": { "id": made["id"] } });
        Api::created(api.post(&format!("{policy}/actions"), action).await);
        refused(api.delete(&path).await, 400, "REQUEST_FAILED", Some(("CONSTRAINT_VIOLATION", "")));
        let _ = api.delete(&policy).await.expect_status(204);
        let _ = api.delete(&path).await.expect_status(204);
        for gone in [&path, &own, &one] {
            refused(api.get(gone).await, 404, "NOT_FOUND", None);
        }
    }

    async fn an_agreement_that_is_on_keeps_a_text_in_the_default_language(server: TestServer) {
        let api = admin(&server).await;
        let env = format!("/environments/{}", server.tenant.id);
        let all = format!("{env}/agreements");
        let agreement = Api::created(api.post(&all, json!({ "name": "Terms" })).await);
        let path = format!("{all}/{}", text(&agreement, "/id"));
        let on = json!({ "name": "Terms", "enabled": true });
        let languages = format!("{path}/languages");
        let speak = async |locale: &str| {
            let body = json!({ "locale": locale, "displayName": "Terms", "enabled": true });
            let own = Api::created(api.post(&languages, body).await);
            let own = format!("{languages}/{}", text(&own, "/id"));
            let body = json!({ "contentType": "text/plain", "effectiveAt": "2020-01-01T00:00:00.000Z",
                "requireReconsent": false, "text": "Be good" });
            let revision = Api::created(api.post(&format!("{own}/revisions"), body).await);
            let revision = format!("{own}/revisions/{}", text(&revision, "/id"));
            (own, revision)
        };
        let (french, _) = speak("fr").await;
        // Only French, where English is the default.
        refused(api.put(&path, on.clone()).await, 400, "INVALID_DATA", Some(("CONSTRAINT_VIOLATION", "enabled")));
        let policy = Api::created(api.post(&format!("{env}/signOnPolicies"), json!({ "name": "Agree" })).await);
        let actions = format!("{env}/signOnPolicies/{}/actions", text(&policy, "/id"));
        let action = json!({ "type": "AGREEMENT", "priority": 1, "agreement": { "id": agreement["id"] } });
        refused(api.post(&actions, action.clone()).await, 400, "INVALID_DATA", Some(("INVALID_VALUE", "agreement.id")));
        let (english, revision) = speak("en").await;
        refused(api.post(&actions, action.clone()).await, 400, "INVALID_DATA", Some(("INVALID_VALUE", "agreement.id")));
        let _ = api.put(&path, on).await.expect_status(200);
        Api::created(api.post(&actions, action).await);
        for held in [&english, &revision] {
            refused(api.delete(held).await, 400, "REQUEST_FAILED", Some(("CONSTRAINT_VIOLATION", "")));
        }
        let mut off = api.get(&english).await.expect_status(200).json();
        off["enabled"] = json!(false);
        refused(api.put(&english, off).await, 400, "INVALID_DATA", Some(("CONSTRAINT_VIOLATION", "enabled")));
        let _ = api.delete(&french).await.expect_status(204);
        // Nobody is asked any more: the text may go.
        let _ = api.put(&path, json!({ "name": "Terms", "enabled": false })).await.expect_status(200);
        let _ = api.delete(&english).await.expect_status(204);
    }

    async fn a_revision_that_wants_consents_anew_ends_the_former(server: TestServer) {
        let api = admin(&server).await;
        let all = format!("/environments/{}/agreements", server.tenant.id);
        let agreement = Api::created(api.post(&all, json!({ "name": "Terms" })).await);
        let languages = format!("{all}/{}/languages", text(&agreement, "/id"));
        let language = Api::created(api.post(&languages, json!({ "locale": "en", "displayName": "x" })).await);
        let revisions = format!("{languages}/{}/revisions", text(&language, "/id"));
        let revise = async |at: &str, anew: bool| {
            let body = json!({ "contentType": "text/plain", "effectiveAt": at, "requireReconsent": anew, "text": "T" });
            text(&Api::created(api.post(&revisions, body).await), "/id")
        };
        let first = revise("2020-01-01T00:00:00.000Z", false).await;
        let second = revise("2020-02-01T00:00:00.000Z", false).await;
        let read = async |id: &str| api.get(&format!("{revisions}/{id}")).await.expect_status(200).json();
        assert!(read(&first).await.get("notValidAfter").is_none(), "it asks nobody again");
        let third = revise("2020-03-01T00:00:00.000Z", true).await;
        let later = revise("2999-01-01T00:00:00.000Z", true).await;
        for id in [&first, &second] {
            assert_eq!(read(id).await["notValidAfter"], "2020-03-01T00:00:00.000Z");
        }
        for id in [&third, &later] {
            assert!(read(id).await.get("notValidAfter").is_none());
        }
        let list = api.get(&revisions).await.expect_status(200);
        assert!(!list.body.contains("\"text\":\"T\""), "{}", list.body);
    }

    async fn an_agreement_that_somebody_consented_to_stays(server: TestServer) {
        let api = admin(&server).await;
        let env = format!("/environments/{}", server.tenant.id);
        let given = json!({ "name": "Terms", "enabled": true, "languages": [{ "locale": "en",
            "revisions": [{ "effectiveAt": "2020-01-01T00:00:00Z", "text": "Be kind." }] }] });
        let consent = json!({ "agreement": "Terms", "lastConsent": { "language": "en",
            "revision": "2020-01-01T00:00:00Z", "status": "REVOKED" } });
        let person = json!({ "id": server.tenant.person.id, "username": server.tenant.person.username,
            "agreementConsents": [consent] });
        server.import(&json!({ "environments": [{ "id": server.tenant.id, "name": "First",
            "agreements": [given], "users": [person] }] })).await;
        let all = api.get(&format!("{env}/agreements")).await.expect_status(200).json();
        let all = all["_embedded"]["agreements"].as_array().unwrap();
        let terms = all.iter().find(|it| it["name"] == "Terms").unwrap();
        let path = format!("{env}/agreements/{}", text(terms, "/id"));
        refused(api.delete(&path).await, 400, "REQUEST_FAILED", Some(("CONSTRAINT_VIOLATION", "")));
        let _ = api.put(&path, json!({ "name": "Terms", "enabled": false })).await.expect_status(200);
    }

    async fn agreements_that_cannot_be_made_say_why(server: TestServer) {
        let api = admin(&server).await;
        let all = format!("/environments/{}/agreements", server.tenant.id);
        refused(api.post(&all, json!({})).await, 400, "INVALID_DATA", Some(("REQUIRED_VALUE", "name")));
        refused(api.post(&all, json!({ "name": "" })).await, 400, "INVALID_DATA", Some(("EMPTY_VALUE", "name")));
        let body = json!({ "name": "x", "reconsentPeriodDays": 0 });
        refused(api.post(&all, body).await, 400, "INVALID_DATA", Some(("OUT_OF_RANGE", "reconsentPeriodDays")));
        Api::created(api.post(&all, json!({ "name": "Once" })).await);
        refused(api.post(&all, json!({ "name": "once" })).await, 400, "INVALID_DATA", Some(("UNIQUENESS_VIOLATION", "name")));
        let made = Api::created(api.post(&all, json!({ "name": "Two" })).await);
        // A language is found below its own agreement only.
        let path = format!("{all}/{}/languages", text(&made, "/id"));
        let language = Api::created(api.post(&path, json!({ "locale": "de", "displayName": "x" })).await);
        let other = Api::created(api.post(&all, json!({ "name": "Three" })).await);
        let wrong = format!("{all}/{}/languages/{}", text(&other, "/id"), text(&language, "/id"));
        refused(api.get(&wrong).await, 404, "NOT_FOUND", None);
        refused(api.get(&format!("{wrong}/revisions")).await, 404, "NOT_FOUND", None);
    }
}
