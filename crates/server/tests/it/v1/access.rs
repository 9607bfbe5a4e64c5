//! Who may do what, for every route there is: the routes come from the declarations, so that a new
//! one is tested without anybody thinking of it (`threats.md` 39, 42).

mod foreign_ids;
mod narrow;
mod own;
mod privilege;

use std::collections::BTreeMap;
use std::time::Duration;

use countersign_domain::role::{BUILT_IN, RoleScopeType};
use countersign_protocol::v1::actor::permits;
use countersign_protocol::v1::route::{self, Endpoint, Media, Method};
use countersign_testkit::{Answer, TestServer, on_every_adapter};
use serde_json::{Value, json};

use super::ground::NOBODY;
use super::{Api, JSON, admin, refused, worker};

/// The endpoint's path with an environment, the first environment's people, and ids of nothing.
fn path_in(endpoint: &Endpoint, environment: &str, user: &str) -> String {
    let steps = endpoint.path.split('/').map(|step| match step {
        "{environment}" => environment,
        "{user}" => user,
        step if step.starts_with('{') => NOBODY,
        step => step,
    });
    steps.collect::<Vec<_>>().join("/")
}

fn media(endpoint: &Endpoint) -> String {
    match endpoint.media {
        Media::Json => JSON.to_owned(),
        Media::Custom(name) => format!("application/vnd.pingidentity.{name}+json"),
        Media::Any(types) => types[0].to_owned(),
    }
}

/// Calls an endpoint with a body that would change something if it were let.
async fn call(api: &Api, endpoint: &Endpoint, path: &str) -> Answer {
    let body = match endpoint.method {
        Method::Get | Method::Delete => Value::Null,
        Method::Post | Method::Put | Method::Patch => json!({
            "name": "Intruder", "username": "intruder", "enabled": false, "type": "PRODUCTION",
            "status": "DELETE_PENDING", "value": "Intruder-9!xyz", "region": "NA",
        }),
    };
    api.send(endpoint.method.name(), path, &media(endpoint), &body)
        .await
}

/// Everything that is stored, but what time alone changes.
async fn state(server: &TestServer) -> BTreeMap<String, String> {
    state_of(server, &[server.tenant.id.clone(), server.other.id.clone()]).await
}

/// The same of these environments.
async fn state_of(server: &TestServer, homes: &[String]) -> BTreeMap<String, String> {
    use countersign_domain::entity::kinds;
    use countersign_domain::ids::EnvId;
    use countersign_domain::store::Query;
    let mut all = BTreeMap::new();
    let homes = homes.iter().map(|id| id.parse::<EnvId>().unwrap());
    let homes: Vec<_> = homes.chain([EnvId::PLATFORM]).collect();
    for kind in kinds::ALL {
        // Diaries, which may grow by what is refused.
        if matches!(kind.name, "EXPLANATION" | "DELIVERY") {
            continue;
        }
        for env in &homes {
            let query = Query::all(*kind, *env, 10_000);
            let page = server
                .ports
                .store
                .list(&query, server.ports.clock.now())
                .await
                .unwrap();
            for doc in page.docs {
                all.insert(format!("{:?}", doc.key), doc.body);
            }
        }
    }
    all
}

on_every_adapter! {
    async fn threat_39_without_a_good_token_every_route_is_closed(server: TestServer) {
        let api = admin(&server).await;
        let before = state(&server).await;
        let good = api.token.clone();
        let (head, rest) = good.split_once('.').unwrap();
        let forged = format!("{head}.{}", rest.replace('.', ".A"));
        let tenant = &server.tenant;
        let id_token = tenant.tokens(&tenant.web).await["id_token"].as_str().unwrap().to_owned();
        let expected = state(&server).await;
        assert!(before.len() <= expected.len());
        let expired = {
            server.clock.advance(Duration::from_hours(1));
            good.clone()
        };
        let browser = tenant.browser();
        for endpoint in route::endpoints() {
            let path = path_in(endpoint, &tenant.id, &tenant.person.id);
            let url = format!("{}/v1{path}", server.base);
            let method = || endpoint.method.name().parse().unwrap();
            let none = browser.request(method(), &url).header("content-type", media(endpoint)).send().await;
            assert_eq!(none.header("www-authenticate"), Some("Bearer"));
            refused(none, 401, "ACCESS_FAILED", Some(("INVALID_TOKEN", "")));
            for header in ["Basic YTpi", "Bearer", "Bearer ", "Bearer x", "Bearer x.y.z", "bearer\t"] {
                let request = browser.request(method(), &url).header("authorization", header);
                let answer = request.header("content-type", media(endpoint)).send().await;
                refused(answer, 401, "ACCESS_FAILED", Some(("INVALID_TOKEN", "")));
            }
            for token in [&forged, &id_token, &expired] {
                let api = Api::with(&server, token.clone());
                refused(call(&api, endpoint, &path).await, 401, "ACCESS_FAILED", Some(("INVALID_TOKEN", "")));
            }
        }
        // An hour has passed: sessions and codes may be over, nothing else changed.
        let after = state(&server).await;
        for (key, body) in &after {
            assert_eq!(Some(body), expected.get(key), "{key}");
        }
    }

    async fn threat_39_each_role_opens_what_it_permits_and_nothing_else(server: TestServer) {
        let tenant = &server.tenant;
        for (number, role) in (910..).zip(BUILT_IN) {
            if !role.applicable_to.contains(&RoleScopeType::Environment) {
                continue;
            }
            let api = worker(&server, number, json!([role.name])).await;
            let before = state(&server).await;
            for endpoint in route::endpoints().filter(|it| it.is_in_environment()) {
                let is_open = role.permissions.iter().any(|it| permits(it, endpoint.permission));
                // Abroad it opens nothing.
                let abroad = path_in(endpoint, &server.other.id, &server.other.person.id);
                refused(call(&api, endpoint, &abroad).await, 403, "ACCESS_FAILED", None);
                let missing = path_in(endpoint, NOBODY, NOBODY);
                refused(call(&api, endpoint, &missing).await, 404, "NOT_FOUND", None);
                if !is_open {
                    let here = path_in(endpoint, &tenant.id, &tenant.person.id);
                    refused(call(&api, endpoint, &here).await, 403, "ACCESS_FAILED", None);
                }
            }
            assert_eq!(state(&server).await, before, "{}", role.name);
            for endpoint in route::endpoints().filter(|it| it.method == Method::Get) {
                let is_open = role.permissions.iter().any(|it| permits(it, endpoint.permission));
                if is_open && endpoint.is_in_environment() {
                    let here = path_in(endpoint, &tenant.id, &tenant.person.id);
                    let status = call(&api, endpoint, &here).await.status;
                    assert!(matches!(status, 200 | 404), "{} {here} {status}", role.name);
                }
            }
        }
    }

    async fn threat_39_the_roles_of_people_count_in_administration_alone(server: TestServer) {
        let tenant = &server.tenant;
        let user = json!({ "id": tenant.person.id, "username": tenant.person.username,
            "roleAssignments": ["Identity Data Admin"] });
        let environment = json!({ "id": tenant.id, "name": "First", "users": [user] });
        server.import(&json!({ "organization": { "name": "Tests" }, "environments": [environment] })).await;
        let tokens = tenant.tokens(&tenant.web).await;
        let api = Api::with(&server, tokens["access_token"].as_str().unwrap().to_owned());
        let before = state(&server).await;
        for endpoint in route::endpoints() {
            let path = path_in(endpoint, &tenant.id, &tenant.person.id);
            refused(call(&api, endpoint, &path).await, 403, "ACCESS_FAILED", None);
        }
        assert_eq!(state(&server).await, before);
    }

    async fn threat_42_a_role_for_a_population_ends_at_it(server: TestServer) {
        let api = admin(&server).await;
        let all = format!("/environments/{}/populations", server.tenant.id);
        let users = format!("/environments/{}/users", server.tenant.id);
        let mine = Api::created(api.post(&all, json!({ "name": "Mine" })).await);
        let user = json!({ "username": "inside", "population": { "id": mine["id"] } });
        let inside = Api::created(api.post(&users, user).await);
        let role = json!([{ "role": "Identity Data Admin",
            "scope": { "type": "POPULATION", "id": mine["id"] } }]);
        let narrow = worker(&server, 950, role).await;
        let list = narrow.get(&users).await.expect_status(200).json();
        assert_eq!(list["size"], json!(1));
        assert_eq!(list["_embedded"]["users"][0]["id"], inside["id"]);
        let list = narrow.get(&all).await.expect_status(200).json();
        assert_eq!(list["size"], json!(1));
        let before = state(&server).await;
        for endpoint in route::endpoints().filter(|it| it.is_in_environment()) {
            let outside = path_in(endpoint, &server.tenant.id, &server.tenant.person.id);
            let status = call(&narrow, endpoint, &outside).await.status;
            let is_refused = matches!(status, 400 | 403 | 404);
            let is_reading = endpoint.method == Method::Get && status == 200;
            assert!(is_refused || is_reading, "{} {outside} {status}", endpoint.method.name());
            if is_reading {
                assert!(!outside.contains(&server.tenant.person.id), "{outside}");
            }
        }
        let put_elsewhere = json!({ "username": "outside" });
        refused(narrow.post(&users, put_elsewhere).await, 403, "ACCESS_FAILED", None);
        assert_eq!(state(&server).await, before);
        let own = format!("{users}/{}", inside["id"].as_str().unwrap());
        let _ = narrow.patch(&own, json!({ "nickname": "In" })).await.expect_status(200);
    }

    async fn threat_39_people_reach_themselves_by_scope_and_nobody_else(server: TestServer) {
        let tenant = &server.tenant;
        let openid = json!({ "resource": "openid", "scopes": ["openid"] });
        let own = json!({ "resource": "PingOne API", "scopes": ["p1:read:user", "p1:update:user"] });
        let application = json!({ "id": tenant.web.id, "name": "Web", "grants": [openid, own] });
        let environment = json!({ "id": tenant.id, "name": "First", "applications": [application] });
        server.import(&json!({ "organization": { "name": "Tests" }, "environments": [environment] })).await;
        let browser = tenant.browser();
        let request = tenant.authorize(&tenant.web).set("scope", "openid p1:read:user p1:update:user");
        let code = request.code(&browser).await;
        let tokens = tenant.redeem(&tenant.web, &code).send(&browser).await.expect_status(200).json();
        let me = Api::with(&server, tokens["access_token"].as_str().unwrap().to_owned());
        let path = |user: &str| format!("/environments/{}/users/{user}", tenant.id);
        let mine = path(&tenant.person.id);
        let read = me.get(&mine).await.expect_status(200).json();
        assert_eq!(read["username"], json!(tenant.person.username));
        let changed = me.patch(&mine, json!({ "nickname": "Me" })).await.expect_status(200).json();
        assert_eq!(changed["nickname"], "Me");
        let before = state(&server).await;
        for endpoint in route::endpoints() {
            let is_mine = matches!(endpoint.own, Some("p1:read:user" | "p1:update:user"));
            for user in [&tenant.person.id, &tenant.other_person.id] {
                let here = path_in(endpoint, &tenant.id, user);
                if is_mine && *user == tenant.person.id {
                    continue;
                }
                refused(call(&me, endpoint, &here).await, 403, "ACCESS_FAILED", None);
            }
            // Next door the same id is somebody else.
            let abroad = path_in(endpoint, &server.other.id, &tenant.person.id);
            refused(call(&me, endpoint, &abroad).await, 403, "ACCESS_FAILED", None);
        }
        assert_eq!(state(&server).await, before);
        // What decides over access is not theirs to change.
        let grab = json!({ "enabled": false, "emailVerified": true, "population": { "id": NOBODY },
            "verifyStatus": "ENABLED", "nickname": "I" });
        let after = me.patch(&mine, grab).await.expect_status(200).json();
        for name in ["enabled", "emailVerified", "population", "verifyStatus"] {
            assert_eq!(after[name], read[name], "{name}");
        }
    }
}
