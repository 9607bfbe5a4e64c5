//! Roles that reach less than an environment: an application, a population; and more: a whole
//! organization.

use countersign_domain::role::{BUILT_IN, RoleScopeType};
use countersign_protocol::v1::actor::permits;
use countersign_protocol::v1::route::{self, Endpoint, Method, Narrow};
use countersign_testkit::{TestServer, on_every_adapter};
use serde_json::{Value, json};

use super::super::{Api, admin, fresh, owner, refused, text, worker};
use super::{NOBODY, call, path_in, state, state_of};

on_every_adapter! {
    async fn threat_42_a_role_for_an_application_ends_at_it(server: TestServer) {
        let admin = admin(&server).await;
        let tenant = &server.tenant;
        let mine = tenant.web.id.clone();
        for (number, name) in (960..).zip(["Client Application Developer", "Application Owner"]) {
            let scope = json!({ "type": "APPLICATION", "id": mine });
            let narrow = worker(&server, number, json!([{ "role": name, "scope": scope }])).await;
            let role = BUILT_IN.iter().find(|it| it.name == name).unwrap();
            let before = state(&server).await;
            for endpoint in route::endpoints().filter(|it| it.is_in_environment()) {
                let is_open = role.permissions.iter().any(|it| permits(it, endpoint.permission));
                let is_narrow = endpoint.narrow == Narrow::Application;
                let at = |application: &str| {
                    let path = path_in(endpoint, &tenant.id, &tenant.person.id);
                    let (before, after) = endpoint.path.split_once("{application}")?;
                    let depth = before.matches('/').count();
                    let steps: Vec<&str> = path.split('/').collect();
                    let rest = if after.is_empty() { String::new() } else { format!("/{}", steps[depth + 1..].join("/")) };
                    Some(format!("{}/{application}{rest}", steps[..depth].join("/")))
                };
                let Some(outside) = at(&tenant.post.id) else {
                    // Lists are short of what it does not reach; nothing else is there for it.
                    let path = path_in(endpoint, &tenant.id, &tenant.person.id);
                    let status = call(&narrow, endpoint, &path).await.status;
                    let is_narrow = is_narrow || endpoint.narrow == Narrow::Either;
                    let is_list = is_open && is_narrow && endpoint.method == Method::Get;
                    assert!(status == 403 || is_list && status == 200, "{name} {} {path} {status}", endpoint.method.name());
                    continue;
                };
                let code = if is_open && is_narrow { (404, "NOT_FOUND") } else { (403, "ACCESS_FAILED") };
                refused(call(&narrow, endpoint, &outside).await, code.0, code.1, None);
                // The same id next door is nothing of theirs.
                let abroad = path_in(endpoint, &server.other.id, &server.other.person.id);
                refused(call(&narrow, endpoint, &abroad).await, 403, "ACCESS_FAILED", None);
                if endpoint.method == Method::Get {
                    let inside = call(&narrow, endpoint, &at(&mine).unwrap()).await.status;
                    let expected = if is_open && is_narrow { [200, 404] } else { [403, 403] };
                    assert!(expected.contains(&inside), "{name} {} {inside}", endpoint.path);
                }
            }
            assert_eq!(state(&server).await, before, "{name}");
            // Whoever has a role in an environment reads the environment.
            let here = format!("/environments/{}", tenant.id);
            assert_eq!(narrow.get(&here).await.expect_status(200).json()["id"], json!(tenant.id));
            let list = format!("{here}/applications");
            let seen = narrow.get(&list).await.expect_status(200).json();
            assert_eq!(seen["size"], json!(1));
            assert_eq!(seen["_embedded"]["applications"][0]["id"], json!(mine));
            let own = format!("{list}/{mine}");
            let read = narrow.get(&own).await.expect_status(200).json();
            let mut changed = read.clone();
            changed["description"] = json!(name);
            let _ = narrow.put(&own, changed).await.expect_status(200);
            let _ = admin.put(&own, read).await.expect_status(200);
        }
    }

    async fn threat_42_a_role_for_a_population_opens_all_that_is_in_it(server: TestServer) {
        let admin = owner(&server).await;
        let ground = fresh(&admin).await;
        // Roles for a population count at home: the worker lives where the ground is.
        let environment = ground.id("environment").to_owned();
        let body = json!({ "name": "Narrow", "enabled": true, "type": "WORKER", "protocol": "OPENID_CONNECT",
            "grantTypes": ["CLIENT_CREDENTIALS"], "tokenEndpointAuthMethod": "CLIENT_SECRET_BASIC" });
        let all = format!("/environments/{environment}/applications");
        let made = Api::created(admin.post(&all, body).await);
        let id = text(&made, "/id");
        let scope = json!({ "type": "POPULATION", "id": ground.id("population") });
        let roles = admin.get("/roles").await.json();
        let roles = roles["_embedded"]["roles"].as_array().unwrap().clone();
        let of_name = |name: &str| roles.iter().find(|it| it["name"] == name).unwrap()["id"].clone();
        let role = json!({ "role": { "id": of_name("Identity Data Admin") }, "scope": scope });
        Api::created(admin.post(&format!("{all}/{id}/roleAssignments"), role).await);
        let secret = admin.get(&format!("{all}/{id}/secret")).await.expect_status(200).text("/secret");
        let browser = server.tenant.browser();
        let token = browser.post(format!("{}/{environment}/as/token", server.base));
        let token = token.basic(&id, &secret).form([("grant_type", "client_credentials")]).send().await;
        let narrow = Api::with(&server, token.expect_status(200).text("/access_token"));
        let role = BUILT_IN.iter().find(|it| it.name == "Identity Data Admin").unwrap();
        for endpoint in route::endpoints().filter(|it| it.is_in_environment() && it.method == Method::Get) {
            let is_open = role.permissions.iter().any(|it| permits(it, endpoint.permission));
            let answer = call(&narrow, endpoint, &ground.path(endpoint.path)).await;
            let status = answer.status;
            if is_open && matches!(endpoint.narrow, Narrow::Population | Narrow::Either) {
                // What a list shows is there.
                let listed = if status == 200 { answer.json()["_embedded"].clone() } else { json!(null) };
                let lists = listed.as_object().into_iter().flat_map(|it| it.values()).filter_map(|it| it.as_array());
                for item in lists.flatten() {
                    let place = text(item, "/_links/self/href");
                    let _ = narrow.get(&place).await.expect_status(200);
                }
                let is_there = !ground.path(endpoint.path).contains(NOBODY);
                assert!(status == 200 || status == 404 && !is_there, "{} {status}", endpoint.path);
            } else {
                assert_eq!(status, 403, "{}", endpoint.path);
            }
        }
        // What can be read at a path can be changed there, and what is below it is of the same kind.
        let kind = |it: &Endpoint| it.permission.split(':').next().unwrap();
        for endpoint in route::endpoints().filter(|it| it.narrow == Narrow::No && it.is_in_environment()) {
            let is_read = |it: &&Endpoint| it.narrow == Narrow::Population && it.method == Method::Get;
            let covers = |it: &Endpoint| {
                let below = endpoint.path.strip_prefix(it.path);
                below.is_some_and(|below| below.is_empty() || below.starts_with('/') && kind(it) == kind(endpoint))
            };
            let is_open = role.permissions.iter().any(|it| permits(it, endpoint.permission));
            let is_missed = is_open && route::endpoints().filter(is_read).any(covers);
            assert!(!is_missed, "{} {}", endpoint.method.name(), endpoint.path);
        }
        let groups = ground.path("/environments/{environment}/groups");
        let theirs = ground.path("/environments/{environment}/groups/{group}");
        let population = json!({ "id": ground.id("population") });
        let outside = format!("{groups}/{}", ground.id("parent"));
        let made = json!({ "name": "Inner", "population": population });
        let made = Api::created(narrow.post(&groups, made).await);
        let inner = format!("{groups}/{}", text(&made, "/id"));
        let renamed = json!({ "name": "Renamed", "population": population });
        assert_eq!(narrow.put(&inner, renamed).await.expect_status(200).json()["name"], "Renamed");
        let outer = json!({ "name": "Outer", "population": population });
        let outer = Api::created(narrow.post(&groups, outer).await);
        Api::created(narrow.post(&format!("{inner}/memberOfGroups"), json!({ "id": outer["id"] })).await);
        let above = async |group: &str| {
            let list = narrow.get(&format!("{group}/memberOfGroups?expand=group")).await;
            list.expect_status(200).json()["_embedded"]["groupMemberships"][0].clone()
        };
        assert_eq!(above(&inner).await["_embedded"]["group"]["name"], "Outer");
        let nested = format!("{inner}/memberOfGroups/{}", text(&outer, "/id"));
        let _ = narrow.delete(&nested).await.expect_status(204);
        // A group above theirs that is not in the population is told of, and not shown.
        let parent = above(&theirs).await;
        assert_eq!((&parent["name"], &parent["_embedded"]), (&json!("Above"), &Value::Null));
        let home = [environment.clone()];
        let before = state_of(&server, &home).await;
        refused(narrow.post(&groups, json!({ "name": "Outside" })).await, 403, "ACCESS_FAILED", None);
        let elsewhere = json!({ "name": "Outside", "population": { "id": NOBODY } });
        refused(narrow.post(&groups, elsewhere).await, 403, "ACCESS_FAILED", None);
        refused(narrow.get(&outside).await, 404, "NOT_FOUND", None);
        refused(narrow.put(&outside, json!({ "name": "Mine" })).await, 404, "NOT_FOUND", None);
        refused(narrow.delete(&outside).await, 404, "NOT_FOUND", None);
        refused(narrow.get(&format!("{outside}/memberOfGroups")).await, 404, "NOT_FOUND", None);
        let up = json!({ "id": ground.id("parent") });
        refused(narrow.post(&format!("{theirs}/memberOfGroups"), up).await, 400, "INVALID_DATA", Some(("INVALID_VALUE", "id")));
        refused(narrow.delete(&ground.path("/environments/{environment}/groups/{group}/memberOfGroups/{parent}")).await,
            404, "NOT_FOUND", None);
        assert_eq!(state_of(&server, &home).await, before);
        let _ = narrow.delete(&inner).await.expect_status(204);
        // The other environment has a population of another id: nothing there is theirs.
        let before = state_of(&server, std::slice::from_ref(&server.other.id)).await;
        for endpoint in route::endpoints().filter(|it| it.is_in_environment()) {
            let abroad = path_in(endpoint, &server.other.id, &server.other.person.id);
            refused(call(&narrow, endpoint, &abroad).await, 403, "ACCESS_FAILED", None);
        }
        assert_eq!(state_of(&server, std::slice::from_ref(&server.other.id)).await, before);
    }

    async fn threat_39_a_role_for_the_organization_opens_what_it_permits_everywhere(server: TestServer) {
        let homes = [&server.tenant, &server.other];
        for (number, role) in (970..).zip(BUILT_IN) {
            if !role.applicable_to.contains(&RoleScopeType::Organization) {
                continue;
            }
            let everywhere = json!([{ "role": role.name, "scope": { "type": "ORGANIZATION" } }]);
            let api = worker(&server, number, everywhere).await;
            let before = state(&server).await;
            for endpoint in route::endpoints() {
                let is_open = role.permissions.iter().any(|it| permits(it, endpoint.permission));
                for home in homes {
                    let path = path_in(endpoint, &home.id, &home.person.id);
                    if !is_open {
                        let code = Some(("INSUFFICIENT_PERMISSIONS", ""));
                        refused(call(&api, endpoint, &path).await, 403, "ACCESS_FAILED", code);
                    } else if endpoint.method == Method::Get {
                        let status = call(&api, endpoint, &path).await.status;
                        assert!(matches!(status, 200 | 404), "{} {path} {status}", role.name);
                    }
                }
            }
            assert_eq!(state(&server).await, before, "{}", role.name);
        }
    }
}
