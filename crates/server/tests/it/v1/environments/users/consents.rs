//! `/v1/environments/{e}/users/{u}/oauthConsents`, `agreementConsents`, and what goes with a user.

use std::time::Duration;

use countersign_domain::entity::kinds;
use countersign_domain::ids::EnvId;
use countersign_domain::store::Query;
use countersign_testkit::{TestServer, on_every_adapter};
use serde_json::{Value, json};

use super::super::super::{Api, admin, refused, text};
use super::users;

const TERMS: &str = "0a9ee3e7-0000-4000-8000-000000000001";
const ENGLISH: &str = "0a9ee3e7-0000-4000-8000-000000000002";
const TEXT: &str = "0a9ee3e7-0000-4000-8000-000000000003";

async fn with_terms(server: &TestServer) {
    let revision = json!({ "id": TEXT, "contentType": "text/plain", "text": "Be kind.",
        "effectiveAt": "2020-01-01T00:00:00.000Z" });
    let language = json!({ "id": ENGLISH, "locale": "en", "displayName": "English",
        "enabled": true, "revisions": [revision] });
    let terms = json!({ "id": TERMS, "name": "Terms", "enabled": true, "languages": [language] });
    let environment = json!({ "id": server.tenant.id, "name": "First", "agreements": [terms] });
    let document = json!({ "organization": { "name": "Tests" }, "environments": [environment] });
    server.import(&document).await;
}

async fn somebody(api: &Api, server: &TestServer) -> String {
    let all = users(server);
    let body = json!({ "username": "carla", "email": "carla@client.example" });
    let made = Api::created(api.post(&all, body).await);
    format!("{all}/{}", text(&made, "/id"))
}

/// Documents that name a user, by kind.
async fn traces(server: &TestServer, user: &str) -> Vec<&'static str> {
    let (store, now) = (&server.ports.store, server.ports.clock.now());
    let mut found = Vec::new();
    for kind in kinds::ALL {
        // What happened stays told, and what is to be told is on its way.
        if matches!(kind.name, "EVENT" | "EXPLANATION" | "DELIVERY" | "NOTICE") {
            continue;
        }
        for env in [EnvId::PLATFORM, server.tenant.id.parse().unwrap()] {
            let page = store
                .list(&Query::all(*kind, env, 10_000), now)
                .await
                .unwrap();
            let mut docs = page.docs.into_iter();
            if docs.any(|doc| doc.key.id.contains(user) || doc.body.contains(user)) {
                found.push(kind.name);
            }
        }
    }
    found
}

on_every_adapter! {
    async fn consents_to_applications_are_recorded_read_and_taken_back(server: TestServer) {
        let api = admin(&server).await;
        let user = somebody(&api, &server).await;
        let all = format!("{user}/oauthConsents");
        let empty = api.get(&all).await.expect_status(200).json();
        assert_eq!(empty["_embedded"]["oauthConsents"], json!([]));
        let given = json!({ "application": { "name": "externalApp1", "appType": "EXTERNAL" },
            "scope": ["openid"], "status": "ACCEPTED", "device": { "type": "desktop" },
            "browser": { "name": "Chrome", "version": "101" } });
        let made = Api::created(api.act("POST", &all, "consent.accept", given.clone()).await);
        assert_eq!(made["applicationName"], "externalApp1");
        assert_eq!((&made["applicationType"], &made["status"]), (&json!("EXTERNAL"), &json!("ACCEPTED")));
        let here = json!({ "application": { "id": server.tenant.web.id }, "scope": ["profile"], "status": "ACCEPTED" });
        let here = Api::created(api.act("POST", &all, "consent.accept", here).await);
        assert_eq!((&here["applicationType"], &here["application"]["id"]), (&json!("PINGONE"), &json!(server.tenant.web.id)));
        // The same application has one consent.
        let again = Api::created(api.act("POST", &all, "consent.accept", given).await);
        assert_eq!(again["id"], made["id"]);
        for (filter, expected) in [
            (format!("application.id eq \"{}\"", server.tenant.web.id), &here["id"]),
            ("application.name eq \"externalApp1\"".to_owned(), &made["id"]),
        ] {
            let query: String = form_urlencoded(&filter);
            let list = api.get(&format!("{all}?filter={query}")).await.expect_status(200).json();
            assert_eq!((&list["size"], &list["_embedded"]["oauthConsents"][0]["id"]), (&json!(1), expected));
        }
        let one = format!("{all}/{}", text(&made, "/id"));
        let read = api.get(&one).await.expect_status(200).json();
        assert_eq!(read, again);
        refused(api.act("PATCH", &one, "consent.revoke", json!({})).await, 400, "INVALID_DATA", Some(("REQUIRED_VALUE", "status")));
        refused(api.act("PATCH", &one, "consent.revoke", json!({ "status": "ACCEPTED" })).await, 400, "INVALID_DATA", Some(("INVALID_VALUE", "status")));
        refused(api.patch(&one, json!({ "status": "REVOKED" })).await, 415, "INVALID_REQUEST", None);
        // Who it is that they agreed to, where they are here, and nothing of how it is set up.
        let mine = format!("{all}/{}?expand=applications", text(&here, "/id"));
        let mine = api.get(&mine).await.expect_status(200).json();
        let application = &mine["_embedded"]["application"];
        assert_eq!(application["id"], server.tenant.web.id.as_str());
        assert!(application["name"].is_string() && application.get("redirectUris").is_none(), "{application}");
        let list = api.get(&format!("{all}?expand=applications")).await.expect_status(200).json();
        let list = list["_embedded"]["oauthConsents"].as_array().unwrap().clone();
        assert!(list.contains(&mine), "{list:#?}");
        assert!(list.contains(&again), "{list:#?}");
        let body = json!({ "status": "REVOKED" });
        let revoked = api.act("PATCH", &one, "consent.revoke", body).await.expect_status(200).json();
        assert_eq!((&revoked["status"], &revoked["id"]), (&json!("REVOKED"), &made["id"]));
        // Of somebody else it is not there.
        let other = format!("{}/{}/oauthConsents/{}", users(&server), server.tenant.person.id, text(&made, "/id"));
        refused(api.get(&other).await, 404, "NOT_FOUND", None);
        let body = json!({ "status": "REVOKED" });
        refused(api.act("PATCH", &other, "consent.revoke", body).await, 404, "NOT_FOUND", None);
        let unknown = json!({ "application": { "id": TERMS }, "status": "ACCEPTED" });
        refused(api.act("POST", &all, "consent.accept", unknown).await, 400, "INVALID_DATA", Some(("INVALID_VALUE", "application.id")));
    }

    async fn consents_to_agreements_are_given_read_and_taken_back(server: TestServer) {
        with_terms(&server).await;
        let api = admin(&server).await;
        let user = somebody(&api, &server).await;
        let (all, one) = (format!("{user}/agreementConsents"), format!("{user}/agreementConsents/{TERMS}"));
        refused(api.get(&one).await, 404, "NOT_FOUND", None);
        refused(api.act("POST", &one, "consent.revoke", Value::Null).await, 404, "NOT_FOUND", None);
        let given = json!({ "language": { "id": ENGLISH }, "revision": { "id": TEXT } });
        let made = api.act("POST", &one, "consent.accept", given.clone()).await.expect_status(200).json();
        assert_eq!(made["lastConsent"]["status"], "ACCEPTED");
        assert_eq!(made["lastConsent"]["revision"]["id"], TEXT);
        let list = api.get(&all).await.expect_status(200).json();
        assert_eq!(list["_embedded"]["agreementConsents"][0], made);
        assert_eq!(api.get(&one).await.expect_status(200).json(), made);
        let revoked = api.act("POST", &one, "consent.revoke", Value::Null).await.expect_status(200).json();
        assert_eq!(revoked["lastConsent"]["status"], "REVOKED");
        for (body, target) in [
            (json!({ "revision": { "id": TEXT } }), "language"),
            (json!({ "language": { "id": ENGLISH } }), "revision"),
            (json!({ "language": { "id": TEXT }, "revision": { "id": TEXT } }), "language.id"),
            (json!({ "language": { "id": ENGLISH }, "revision": { "id": TERMS } }), "revision.id"),
            (json!({ "language": { "id": ENGLISH }, "revision": { "id": TEXT }, "consentedAt": "2999-01-01T00:00:00Z" }), "consentedAt"),
        ] {
            let answer = api.act("POST", &one, "consent.accept", body).await;
            let body = refused(answer, 400, "INVALID_DATA", None);
            assert_eq!(body["details"][0]["target"], target, "{body}");
        }
        let gone = format!("{user}/agreementConsents/{ENGLISH}");
        refused(api.act("POST", &gone, "consent.accept", given).await, 404, "NOT_FOUND", None);
    }

    async fn nothing_of_a_deleted_user_stays(server: TestServer) {
        with_terms(&server).await;
        let api = admin(&server).await;
        let tenant = &server.tenant;
        let user = format!("{}/{}", users(&server), tenant.person.id);
        let tokens = tenant.tokens(&tenant.web).await;
        let consent = json!({ "application": { "id": tenant.web.id }, "scope": ["openid"], "status": "ACCEPTED" });
        Api::created(api.act("POST", &format!("{user}/oauthConsents"), "consent.accept", consent).await);
        let consent = json!({ "language": { "id": ENGLISH }, "revision": { "id": TEXT } });
        let path = format!("{user}/agreementConsents/{TERMS}");
        let _ = api.act("POST", &path, "consent.accept", consent).await.expect_status(200);
        let groups = format!("/environments/{}/groups", tenant.id);
        let group = Api::created(api.post(&groups, json!({ "name": "Crew" })).await);
        Api::created(api.post(&format!("{user}/memberOfGroups"), json!({ "id": group["id"] })).await);
        let _ = api.act("POST", &user, "user.sendVerificationCode", Value::Null).await;
        let before = traces(&server, &tenant.person.id).await;
        for kind in ["SESSION", "OAUTH_CONSENT", "AGREEMENT_CONSENT", "GROUP_MEMBERSHIP", "CREDENTIAL"] {
            assert!(before.contains(&kind), "{kind} not in {before:?}");
        }
        let _ = api.delete(&user).await.expect_status(204);
        let mut after = traces(&server, &tenant.person.id).await;
        // These end by themselves within minutes; a code that was used is remembered so long.
        after.retain(|kind| !matches!(*kind, "FLOW" | "AUTHORIZATION_CODE"));
        assert_eq!(after, [] as [&str; 0]);
        let browser = tenant.browser();
        let access = tokens["access_token"].as_str().unwrap();
        let answer = browser.get(tenant.endpoint("userinfo")).bearer(access).send().await;
        assert_eq!(answer.status, 401);
        server.clock.advance(Duration::from_hours(24));
        assert_eq!(traces(&server, &tenant.person.id).await, [] as [&str; 0]);
    }
}

fn form_urlencoded(text: &str) -> String {
    text.replace(' ', "%20").replace('"', "%22")
}
