//! People and their own record: each `p1:` scope opens what it is declared for, and nothing else.

use std::collections::BTreeSet;

use countersign_protocol::v1::route::{self, Method};
use countersign_testkit::{TestServer, on_every_adapter};
use serde_json::{Value, json};

use super::super::{Api, admin, refused, text};
use super::{call, media, path_in, state};

/// The person of the first environment, with a token of scopes that open these attributes.
async fn person(server: &TestServer, reads: Value, updates: Value) -> Api {
    let tenant = &server.tenant;
    let api = admin(server).await;
    let resources = format!("/environments/{}/resources", tenant.id);
    let all = api.get(&resources).await.json();
    let all = all["_embedded"]["resources"].as_array().unwrap();
    let pingone = all.iter().find(|it| it["type"] == "PINGONE_API").unwrap();
    let path = format!("{resources}/{}/scopes", text(pingone, "/id"));
    let number = super::super::next();
    let names = [
        format!("p1:read:user:a{number}"),
        format!("p1:update:user:a{number}"),
    ];
    for (name, attributes) in names.iter().zip([reads, updates]) {
        let body = json!({ "name": name, "schemaAttributes": attributes });
        assert_eq!(
            Api::created(api.post(&path, body).await)["schemaAttributes"],
            attributes
        );
    }
    let openid = json!({ "resource": "openid", "scopes": ["openid"] });
    let own = json!({ "resource": "PingOne API", "scopes": names });
    let application = json!({ "id": tenant.web.id, "name": "Web", "grants": [openid, own] });
    let environment = json!({ "id": tenant.id, "name": "First", "applications": [application] });
    server
        .import(&json!({ "organization": { "name": "Tests" }, "environments": [environment] }))
        .await;
    let browser = tenant.browser();
    let scope = format!("openid {}", names.join(" "));
    let code = tenant
        .authorize(&tenant.web)
        .set("scope", &scope)
        .code(&browser)
        .await;
    let answer = tenant.redeem(&tenant.web, &code).send(&browser).await;
    Api::with(server, answer.expect_status(200).text("/access_token"))
}

on_every_adapter! {
    async fn threat_39_each_scope_of_people_opens_what_it_names(server: TestServer) {
        let tenant = &server.tenant;
        let scopes: BTreeSet<&str> = route::endpoints().filter_map(|it| it.own).collect();
        assert!(scopes.len() > 8, "{scopes:?}");
        let openid = json!({ "resource": "openid", "scopes": ["openid"] });
        let own = json!({ "resource": "PingOne API", "scopes": scopes });
        let application = json!({ "id": tenant.web.id, "name": "Web", "grants": [openid, own] });
        let environment = json!({ "id": tenant.id, "name": "First", "applications": [application] });
        server.import(&json!({ "organization": { "name": "Tests" }, "environments": [environment] })).await;
        let browser = tenant.browser();
        let mut tokens = Vec::new();
        for scope in &scopes {
            let request = tenant.authorize(&tenant.web).set("scope", &format!("openid {scope}"));
            let code = request.code(&browser).await;
            let answer = tenant.redeem(&tenant.web, &code).send(&browser).await.expect_status(200);
            tokens.push((*scope, answer.text("/access_token")));
        }
        for (scope, token) in tokens {
            let me = Api::with(&server, token);
            let before = state(&server).await;
            for endpoint in route::endpoints() {
                let opens = endpoint.own == Some(scope);
                let mine = path_in(endpoint, &tenant.id, &tenant.person.id);
                if !opens {
                    refused(call(&me, endpoint, &mine).await, 403, "ACCESS_FAILED", None);
                } else if endpoint.method == Method::Get {
                    let status = call(&me, endpoint, &mine).await.status;
                    assert!(matches!(status, 200 | 404), "{scope} {mine} {status}");
                }
                let theirs = path_in(endpoint, &tenant.id, &tenant.other_person.id);
                refused(call(&me, endpoint, &theirs).await, 403, "ACCESS_FAILED", None);
                let abroad = path_in(endpoint, &server.other.id, &tenant.person.id);
                refused(call(&me, endpoint, &abroad).await, 403, "ACCESS_FAILED", None);
            }
            assert_eq!(state(&server).await, before, "{scope}");
            // What it opens to be written is open: it is not the permission that is missing.
            for endpoint in route::endpoints().filter(|it| it.own == Some(scope) && it.method != Method::Get) {
                let mine = path_in(endpoint, &tenant.id, &tenant.person.id);
                let answer = me.send(endpoint.method.name(), &mine, &media(endpoint), &Value::Null).await;
                assert!(!matches!(answer.status, 401 | 403), "{scope} {mine} {}", answer.body);
            }
        }
    }

    async fn threat_39_a_scope_opens_the_parts_of_an_attribute_that_it_lists(server: TestServer) {
        let one = format!("/environments/{}/users/{}", server.tenant.id, server.tenant.person.id);
        let api = admin(&server).await;
        let name = json!({ "given": "Ada", "family": "Lovelace", "formatted": "Ada L" });
        let address = json!({ "locality": "London", "streetAddress": "1 Square" });
        let filled = json!({ "name": name, "address": address, "nickname": "A", "photo": { "href": "https://x.example" } });
        let _ = api.patch(&one, filled).await.expect_status(200);
        let reads = json!(["name.given", "address.locality", "photo.href"]);
        let me = person(&server, reads, json!(["name.given", "address.locality", "photo.href"])).await;
        let seen = me.get(&one).await.expect_status(200).json();
        assert_eq!(seen["name"], json!({ "given": "Ada" }));
        assert_eq!(seen["address"], json!({ "locality": "London" }));
        assert_eq!(seen["photo"], json!({ "href": "https://x.example" }));
        assert!(seen.get("nickname").is_none() && seen.get("username").is_none(), "{seen}");
        let before = api.get(&one).await.json();
        for closed in [
            json!({ "name": { "family": "Evil" } }),
            json!({ "name": { "family": null } }),
            json!({ "name": { "given": "Eve", "formatted": "Eve" } }),
            json!({ "name": null }),
            json!({ "name": "Eve" }),
            json!({ "address": null }),
            json!({ "address": { "streetAddress": "2" } }),
            json!({ "nickname": "E" }),
            json!({ "nickname": {} }),
        ] {
            for method in ["PATCH", "PUT"] {
                let answer = me.send(method, &one, super::super::JSON, &closed).await;
                refused(answer, 403, "ACCESS_FAILED", None);
            }
        }
        assert_eq!(api.get(&one).await.json(), before);
        // What is open is theirs; a PUT clears it, and nothing else.
        let open = json!({ "name": { "given": "Eve" }, "photo": null });
        let _ = me.patch(&one, open).await.expect_status(200);
        let now = api.get(&one).await.json();
        assert_eq!(now["name"], json!({ "given": "Eve", "family": "Lovelace", "formatted": "Ada L" }));
        assert!(now.get("photo").is_none(), "{now}");
        let _ = me.put(&one, json!({ "address": { "locality": "Paris" } })).await.expect_status(200);
        let now = api.get(&one).await.json();
        assert_eq!(now["name"], json!({ "family": "Lovelace", "formatted": "Ada L" }));
        assert_eq!(now["address"], json!({ "locality": "Paris", "streetAddress": "1 Square" }));
        assert_eq!(now["nickname"], "A");
        // With every part of it open, all of it is.
        let parts = ["given", "family", "middle", "formatted", "honorificPrefix", "honorificSuffix"];
        let parts = json!(parts.map(|it| format!("name.{it}")));
        let me = person(&server, json!(["*"]), parts).await;
        let after = me.patch(&one, json!({ "name": null })).await.expect_status(200).json();
        assert!(after.get("name").is_none() && after["nickname"] == "A", "{after}");
    }

    async fn threat_39_a_scope_that_lists_nothing_opens_nothing(server: TestServer) {
        let one = format!("/environments/{}/users/{}", server.tenant.id, server.tenant.person.id);
        let me = person(&server, json!([]), json!([])).await;
        let seen = me.get(&one).await.expect_status(200).json();
        let names: Vec<&String> = seen.as_object().unwrap().keys().collect();
        assert_eq!(names.len(), 4, "{seen}");
        // Nor beside the record.
        refused(me.get(&format!("{one}/mfaEnabled")).await, 403, "ACCESS_FAILED", None);
        refused(me.patch(&one, json!({ "nickname": "E" })).await, 403, "ACCESS_FAILED", None);
        let _ = me.put(&one, json!({})).await.expect_status(200);
        let person = admin(&server).await.get(&one).await.json();
        assert_eq!(person["username"], json!(server.tenant.person.username));
    }
}
