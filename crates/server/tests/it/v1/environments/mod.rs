//! `/v1/environments`

mod activities;
mod admin_config;
mod agreements;
mod applications;
mod custom_domains;
mod dynamic_groups;
mod email_domains;
mod explanations;
mod gateways;
mod gone;
mod groups;
mod identity_providers;
mod images;
mod keys;
mod looks;
mod mfa;
mod notifications;
mod password_policies;
mod populations;
mod resources;
mod roles;
mod schemas;
mod sessions;
mod sign_on_policies;
mod sso_cookie_settings;
mod subscriptions;
mod templates;
mod translations;
mod users;

use countersign_domain::entity::kinds;
use countersign_domain::ids::EnvId;
use countersign_domain::store::{Batch, Doc, Key, Kind, Query};
use countersign_protocol::leftovers;
use countersign_testkit::{TestServer, on_every_adapter};
use serde_json::{Value, json};

use super::{Api, admin, refused, text, worker};

/// Puts so many documents into an environment.
async fn crowd(server: &TestServer, env: EnvId, kind: Kind, count: u32) {
    let docs = (0..count).map(|number| {
        let key = Key::new(kind, env, format!("crowd-{number}"));
        Doc::new(key, "{}".to_owned())
    });
    let batch = docs.fold(Batch::new(), Batch::put);
    let committed = server.ports.store.commit(batch, server.ports.clock.now());
    committed.await.unwrap();
}

/// Whether anything is stored in an environment.
async fn has_any(server: &TestServer, env: EnvId) -> bool {
    for kind in kinds::ALL {
        let query = Query::all(*kind, env, 1);
        let page = server.ports.store.list(&query, server.ports.clock.now());
        if !page.await.unwrap().docs.is_empty() {
            return true;
        }
    }
    false
}

on_every_adapter! {
    async fn an_environment_starts_with_all_that_it_needs(server: TestServer) {
        let api = admin(&server).await;
        let body = json!({ "name": "Fresh", "type": "SANDBOX", "region": "NA",
            "description": "Made by a test",
            "billOfMaterials": { "products": [{ "type": "PING_ONE_BASE" }] } });
        let made = Api::created(api.post("/environments", body).await);
        assert_eq!(made["name"], "Fresh");
        assert_eq!(made["status"], "ACTIVE");
        assert_eq!(made["billOfMaterials"]["products"][0]["type"], "PING_ONE_BASE");
        let path = format!("/environments/{}", text(&made, "/id"));
        let read = api.get(&path).await.expect_status(200).json();
        assert_eq!(read["billOfMaterials"], json!(null));
        assert_eq!(read["organization"], made["organization"]);
        assert_eq!(read["_links"]["self"]["href"], json!(format!("{}/v1{path}", server.base)));

        let populations = api.get(&format!("{path}/populations")).await.expect_status(200).json();
        let population = &populations["_embedded"]["populations"][0];
        assert_eq!(populations["count"], 1);
        assert_eq!(population["name"], "Default");
        assert_eq!(population["default"], true);
        assert!(population["theme"]["id"].is_string(), "{population}");

        // It serves at once: sign-on, keys, discovery.
        let discovery = format!("{}/{}/as/.well-known/openid-configuration", server.base, text(&made, "/id"));
        let _ = server.tenant.browser().get(discovery).send().await.expect_status(200);

        let taken = json!({ "name": "fresh", "type": "SANDBOX", "region": "NA" });
        let answer = api.post("/environments", taken).await;
        refused(answer, 400, "INVALID_DATA", Some(("UNIQUENESS_VIOLATION", "name")));
    }

    async fn whoever_makes_an_environment_may_work_in_it(server: TestServer) {
        let role = json!([{ "role": "Organization Admin", "scope": { "type": "ORGANIZATION" } }]);
        let api = worker(&server, 901, role).await;
        let body = json!({ "name": "Mine", "type": "SANDBOX", "region": "EU" });
        let made = Api::created(api.post("/environments", body).await);
        let path = format!("/environments/{}", text(&made, "/id"));
        let user = json!({ "username": "first", "email": "first@client.example" });
        Api::created(api.post(&format!("{path}/users"), user).await);
        let population = json!({ "name": "Second" });
        Api::created(api.post(&format!("{path}/populations"), population).await);
        // And not in those of others.
        let other = format!("/environments/{}/users", server.other.id);
        refused(api.get(&other).await, 403, "ACCESS_FAILED", None);
    }

    async fn a_deleted_environment_is_gone_with_all_in_it(server: TestServer) {
        let api = admin(&server).await;
        let body = json!({ "name": "Short-lived", "type": "SANDBOX", "region": "NA" });
        let made = Api::created(api.post("/environments", body).await);
        let id = text(&made, "/id");
        let path = format!("/environments/{id}");
        let documents = ["/as/.well-known/openid-configuration", "/as/jwks"];
        let documents = documents.map(|it| format!("{}/{id}{it}", server.base));
        let browser = server.tenant.browser();
        for document in &documents {
            let _ = browser.get(document).send().await.expect_status(200);
        }
        let _ = api.delete(&path).await.expect_status(204);
        for _ in 0..2 {
            refused(api.get(&path).await, 404, "NOT_FOUND", None);
            for document in &documents {
                let _ = browser.get(document).send().await.expect_status(404);
            }
        }
        refused(api.get(&format!("{path}/users")).await, 404, "NOT_FOUND", None);
        refused(api.delete(&path).await, 404, "NOT_FOUND", None);
        server.poll_changes().await;
        for document in &documents {
            let _ = browser.get(document).send().await.expect_status(404);
        }
        // The name is free again.
        let body = json!({ "name": "Short-lived", "type": "SANDBOX", "region": "NA" });
        Api::created(api.post("/environments", body).await);
    }

    async fn a_large_environment_is_gone_at_once_and_its_space_slice_by_slice(server: TestServer) {
        let api = admin(&server).await;
        let body = json!({ "name": "Large", "type": "SANDBOX", "region": "NA" });
        let made = Api::created(api.post("/environments", body).await);
        let id = text(&made, "/id");
        let env: EnvId = id.parse().unwrap();
        crowd(&server, env, kinds::SESSION, 2 * leftovers::SLICE + 1).await;
        let path = format!("/environments/{id}");
        let _ = api.delete(&path).await.expect_status(204);
        refused(api.get(&path).await, 404, "NOT_FOUND", None);
        refused(api.get(&format!("{path}/users")).await, 404, "NOT_FOUND", None);

        assert!(has_any(&server, env).await, "it went in one piece");
        let (store, now) = (&*server.ports.store, server.ports.clock.now());
        let mut slices = 1;
        while leftovers::remove_any(store, now).await.unwrap() {
            slices += 1;
        }
        assert_eq!(slices, 3);
        assert!(!has_any(&server, env).await);
        assert!(!leftovers::remove_any(store, now).await.unwrap());
        // Requests that began before may have written since; they have ended by then.
        crowd(&server, env, kinds::USER, 3).await;
        assert!(!leftovers::remove_any(store, now).await.unwrap());
        assert!(has_any(&server, env).await);
        server.clock.advance(std::time::Duration::from_mins(6));
        let now = server.ports.clock.now();
        assert!(!leftovers::remove_any(store, now).await.unwrap());
        assert!(!has_any(&server, env).await);
        let others = format!("/environments/{}/users", server.tenant.id);
        let others = api.get(&others).await.expect_status(200).json();
        assert_ne!(others["_embedded"]["users"], json!([]));
    }

    async fn an_environment_that_comes_back_while_it_goes_is_whole(server: TestServer) {
        let api = admin(&server).await;
        let id = "12121212-3434-4565-8787-909090909090";
        let environment = json!({ "id": id, "name": "Again", "type": "SANDBOX" });
        let file = json!({ "organization": { "name": "Tests" }, "environments": [environment] });
        server.import(&file).await;
        let env: EnvId = id.parse().unwrap();
        crowd(&server, env, kinds::SESSION, 2 * leftovers::SLICE + 1).await;
        let path = format!("/environments/{id}");
        let _ = api.delete(&path).await.expect_status(204);
        server.import(&file).await;
        let (store, now) = (&*server.ports.store, server.ports.clock.now());
        assert!(!leftovers::remove_any(store, now).await.unwrap());
        let populations = api.get(&format!("{path}/populations")).await.expect_status(200).json();
        assert_eq!(populations["count"], 1);
        let users = api.get(&format!("{path}/users")).await.expect_status(200).json();
        assert_eq!(users["_embedded"]["users"], json!([]));
    }

    async fn what_is_in_production_waits_for_its_deletion(server: TestServer) {
        let api = admin(&server).await;
        let body = json!({ "name": "Live", "type": "PRODUCTION", "region": "NA" });
        let made = Api::created(api.post("/environments", body).await);
        let path = format!("/environments/{}", text(&made, "/id"));
        refused(api.delete(&path).await, 400, "REQUEST_FAILED", Some(("CONSTRAINT_VIOLATION", "")));
        let waiting = json!({ "status": "DELETE_PENDING" });
        let answer = api.put(&format!("{path}/status"), waiting).await.expect_status(200).json();
        assert_eq!(answer["status"], "DELETE_PENDING");
        assert!(answer["softDeletedAt"].is_string());
        // It serves nobody, not even what is kept in memory, and is still there for who looks.
        for document in ["jwks", ".well-known/openid-configuration", "checksession"] {
            let path = format!("{}/{}/as/{document}", server.tenant.base, text(&made, "/id"));
            let _ = server.tenant.browser().get(&path).send().await.expect_status(404);
        }
        let sandbox = json!({ "type": "SANDBOX" });
        refused(api.put(&format!("{path}/type"), sandbox).await, 400, "REQUEST_FAILED", Some(("CONSTRAINT_VIOLATION", "status")));
        refused(api.get(&format!("{path}/users")).await, 404, "NOT_FOUND", None);
        let _ = api.get(&path).await.expect_status(200);
        let back = json!({ "status": "ACTIVE" });
        let answer = api.put(&format!("{path}/status"), back).await.expect_status(200).json();
        assert_eq!(answer["softDeletedAt"], json!(null));
        let sandbox = json!({ "type": "SANDBOX" });
        let answer = api.put(&format!("{path}/type"), sandbox).await.expect_status(200).json();
        assert_eq!(answer["type"], "SANDBOX");
        let _ = api.delete(&path).await.expect_status(204);
    }

    async fn a_hundred_environments_wait_for_their_deletion_and_no_more(server: TestServer) {
        let api = admin(&server).await;
        let live = |number: u32| format!("{number:08}-3434-4565-8787-909090909090");
        let environments = (0..101).map(|number| {
            let status = if number < 99 { "DELETE_PENDING" } else { "ACTIVE" };
            json!({ "id": live(number), "name": format!("Live {number}"), "type": "PRODUCTION",
                "status": status, "defaults": false })
        });
        let environments: Vec<Value> = environments.collect();
        server.import(&json!({ "organization": { "name": "Tests" }, "environments": environments })).await;
        let put = async |number: u32, status: &str| {
            let path = format!("/environments/{}/status", live(number));
            api.put(&path, json!({ "status": status })).await
        };
        let last = put(99, "DELETE_PENDING").await.expect_status(200).json();
        assert_eq!(last["status"], "DELETE_PENDING");
        let full = put(100, "DELETE_PENDING").await;
        refused(full, 400, "REQUEST_FAILED", Some(("CONSTRAINT_VIOLATION", "status")));
        let read = api.get(&format!("/environments/{}", live(100))).await.expect_status(200).json();
        assert_eq!(read["status"], "ACTIVE");
        // Who waits already may be told to once more.
        let _ = put(99, "DELETE_PENDING").await.expect_status(200);
        let _ = put(0, "ACTIVE").await.expect_status(200);
        let _ = put(100, "DELETE_PENDING").await.expect_status(200);
    }

    async fn an_environment_is_read_as_it_was_written(server: TestServer) {
        let api = admin(&server).await;
        let body = json!({ "name": "Round", "type": "SANDBOX", "region": "NA", "icon": "https://x.example/i.png" });
        let made = Api::created(api.post("/environments", body).await);
        let path = format!("/environments/{}", text(&made, "/id"));
        let read = api.get(&path).await.expect_status(200).json();
        server.clock.advance(std::time::Duration::from_secs(1));
        let mut again = api.put(&path, read.clone()).await.expect_status(200).json();
        assert_ne!(again["updatedAt"], read["updatedAt"]);
        again["updatedAt"] = read["updatedAt"].clone();
        assert_eq!(again, read);
        // What is left out goes back to its default; the region is for ever.
        for (less, target) in [(json!({ "name": "Round", "region": "NA" }), "type"), (json!({ "type": "SANDBOX" }), "name")] {
            refused(api.put(&path, less).await, 400, "INVALID_DATA", Some(("REQUIRED_VALUE", target)));
        }
        let less = json!({ "name": "Round", "type": "SANDBOX", "region": "EU" });
        let changed = api.put(&path, less).await.expect_status(200).json();
        assert_eq!((&changed["icon"], &changed["region"]), (&json!(null), &json!("NA")));
        let bill = json!({ "products": [{ "type": "PING_ONE_BASE" }, { "type": "PING_ONE_MFA",
            "bookmarks": [{ "name": "a", "href": "https://a.example" }] }] });
        let bill = api.put(&format!("{path}/billOfMaterials"), bill).await.expect_status(200).json();
        let read = api.get(&format!("{path}/billOfMaterials")).await.expect_status(200).json();
        assert_eq!(bill, read);
        assert_eq!(read["products"][1]["bookmarks"][0]["name"], "a");
        let capabilities = api.get(&format!("{path}/capabilities")).await.expect_status(200).json();
        assert_eq!(capabilities["canUseMFA"], true);
    }

    async fn environments_that_cannot_be_made_say_why(server: TestServer) {
        let api = admin(&server).await;
        let bad = json!({ "name": "x", "type": "SANDBOX", "region": "MOON" });
        let body = refused(api.post("/environments", bad).await, 400, "INVALID_DATA", Some(("INVALID_VALUE", "region")));
        assert!(body["details"][0]["innerError"]["allowedValues"].as_array().unwrap().len() >= 6);
        refused(api.post("/environments", json!({ "type": "SANDBOX", "region": "NA" })).await, 400, "INVALID_DATA", Some(("REQUIRED_VALUE", "name")));
        let bad = json!({ "name": "x", "type": "TOY", "region": "NA" });
        refused(api.post("/environments", bad).await, 400, "INVALID_DATA", Some(("INVALID_VALUE", "type")));
        let bad = json!({ "name": "x", "type": "SANDBOX", "region": "NA",
            "license": { "id": "00000000-0000-4000-8000-000000000001" } });
        refused(api.post("/environments", bad).await, 400, "INVALID_DATA", Some(("INVALID_VALUE", "license.id")));
        let bad = json!({ "name": "x", "type": "SANDBOX", "region": "NA",
            "billOfMaterials": { "products": [{ "type": "PING_ONE_DAVINCI" }] } });
        let body = refused(api.post("/environments", bad).await, 400, "INVALID_DATA", None);
        assert_eq!(body["details"][0]["message"], "Organization does not have Ping One DaVinci FF enabled");
        // Ping's Terraform provider asks for DaVinci without anything in it.
        let good = json!({ "name": "minimal", "type": "SANDBOX", "region": "NA",
            "billOfMaterials": { "products": [{ "type": "PING_ONE_DAVINCI", "tags": ["DAVINCI_MINIMAL"] }] } });
        let made = Api::created(api.post("/environments", good).await);
        assert_eq!(made["billOfMaterials"]["products"][0]["tags"], json!(["DAVINCI_MINIMAL"]));
    }

    async fn bills_of_materials_have_limits(server: TestServer) {
        let api = admin(&server).await;
        let made = Api::created(api.post("/environments", json!({ "name": "Bills", "type": "SANDBOX", "region": "NA",
            "billOfMaterials": { "solutionType": "WORKFORCE", "products": [{ "type": "PING_ONE_BASE" }] } })).await);
        assert_eq!(made["billOfMaterials"]["solutionType"], "WORKFORCE");
        let path = format!("/environments/{}/billOfMaterials", text(&made, "/id"));
        let named = |name: String| json!({ "name": name, "href": "https://a.example" });
        let bookmarks = |count: usize| (0..count).map(|it| named(format!("b{it}"))).collect::<Vec<_>>();
        let with = |bookmarks: Value| json!({ "products": [{ "type": "PING_ONE_BASE", "bookmarks": bookmarks }] });
        for (body, refusal) in [
            (with(json!(bookmarks(5))), None),
            (with(json!(bookmarks(6))), Some("SIZE_LIMIT_EXCEEDED")),
            (with(json!([named("x".repeat(50))])), None),
            (with(json!([named("x".repeat(51))])), Some("INVALID_VALUE")),
            (with(json!([named(String::new())])), Some("INVALID_VALUE")),
            (with(json!([named("x".into()), named("x".into())])), Some("INVALID_VALUE")),
                        (with(json!([{ "name": "x", "href": "not an address" }])), Some("INVALID_VALUE")),
            (with(json!([{ "name": "x", "href": "javascript:alert(1)" }])), Some("INVALID_VALUE")),
        ] {
            let answer = api.put(&path, body).await;
            match refusal {
                None => _ = answer.expect_status(200),
                Some(code) => _ = refused(answer, 400, "INVALID_DATA",
                    Some((code, "products[0].bookmarks"))),
            }
        }
        let before = api.get(&path).await.json();
        for (body, target) in [
            (json!({}), "products"),
            (json!({ "products": [{}] }), "products[0].type"),
            (json!({ "products": [{ "type": "PING_FEDERATE", "console": {} }] }), "products[0].console.href"),
            (with(json!([{ "name": "x" }])), "products[0].bookmarks[0].href"),
        ] {
            refused(api.put(&path, body.clone()).await, 400, "INVALID_DATA", Some(("REQUIRED_VALUE", target)));
            let target = &format!("billOfMaterials.{target}");
            let made = json!({ "name": "Bare", "type": "SANDBOX", "region": "NA", "billOfMaterials": body });
            refused(api.post("/environments", made).await, 400, "INVALID_DATA", Some(("REQUIRED_VALUE", target)));
        }
        for (member, value, target) in [
            ("console", json!({ "href": "javascript:1" }), "products[0].console.href"),
            ("tags", json!(["X"]), "products[0].tags"),
            ("tags", json!("DAVINCI_MINIMAL"), "products[0].tags"),
            ("bookmarks", json!("x"), "products[0].bookmarks"),
            ("deployment", json!(5), "products[0].deployment"),
        ] {
            let body = json!({ "products": [{ "type": "PING_FEDERATE", member: value }] });
            refused(api.put(&path, body).await, 400, "INVALID_DATA", Some(("INVALID_VALUE", target)));
        }
        assert_eq!(api.get(&path).await.json(), before);
        let refusal = api.put(&path, json!({ "products": [{ "type": "TOASTER" }] })).await;
        refused(refusal, 400, "INVALID_DATA", Some(("INVALID_VALUE", "products[0].type")));
        // Two of a type are two; what no product has is not kept.
        let twice = json!({ "products": [{ "type": "PING_FEDERATE", "zz": 1 }, { "type": "PING_FEDERATE" }] });
        let twice = api.put(&path, twice).await.expect_status(200).json();
        assert_ne!(twice["products"][0]["id"], twice["products"][1]["id"]);
        assert!(twice["products"][0].get("zz").is_none(), "{twice}");
        let again = api.put(&path, twice.clone()).await.expect_status(200).json();
        assert_eq!(again["products"], twice["products"]);
        // Said once, and never again.
        let kept = json!({ "solutionType": "CUSTOMER", "products": [{ "type": "PING_ONE_BASE" }] });
        let kept = api.put(&path, kept).await.expect_status(200).json();
        assert_eq!(kept["solutionType"], "WORKFORCE");
        let bad = json!({ "name": "Bill", "type": "SANDBOX", "region": "NA",
            "billOfMaterials": { "solutionType": "KITCHEN", "products": [{ "type": "PING_ONE_BASE" }] } });
        let body = refused(api.post("/environments", bad).await, 400, "INVALID_DATA",
            Some(("INVALID_VALUE", "billOfMaterials.solutionType")));
        let words = &body["details"][0]["innerError"]["allowedValues"];
        assert_eq!(words, &json!(["CUSTOMER", "WORKFORCE", "CIAM_TRIAL", "WF_TRIAL"]));
    }
}
