//! What holds for every route of the management API.

use countersign_protocol::v1::route;
use countersign_testkit::{TestServer, on_every_adapter};
use serde_json::{Value, json};

use super::{Api, JSON, admin, fresh, owner, refused, text};

on_every_adapter! {
    async fn lists_go_on_where_they_stopped(server: TestServer) {
        let api = admin(&server).await;
        let all = format!("/environments/{}/users", server.tenant.id);
        for number in 0..7 {
            Api::created(api.post(&all, json!({ "username": format!("page{number}") })).await);
        }
        let mut seen = Vec::new();
        let mut next = Some(format!("{all}?limit=3&filter=username%20sw%20%22page%22"));
        let mut pages = 0;
        while let Some(url) = next {
            let page = api.get(&url).await.expect_status(200).json();
            let users = page["_embedded"]["users"].as_array().unwrap();
            assert!(users.len() <= 3);
            assert_eq!(page["size"], json!(users.len()));
            seen.extend(users.iter().map(|it| text(it, "/username")));
            next = page["_links"]["next"]["href"].as_str().map(str::to_owned);
            if let Some(next) = &next {
                assert!(next.starts_with(&server.base), "{next}");
            }
            pages += 1;
        }
        seen.sort();
        seen.dedup();
        assert_eq!((seen.len(), pages), (7, 3));
    }

    async fn threat_40_a_cursor_is_good_for_its_own_list_alone(server: TestServer) {
        let api = admin(&server).await;
        let path = |env: &str| format!("/environments/{env}/users?limit=1");
        let page = api.get(&path(&server.tenant.id)).await.expect_status(200).json();
        let next = text(&page, "/_links/next/href");
        let (_, cursor) = next.split_once("cursor=").unwrap();
        let (start, end) = cursor.split_at(cursor.len() / 2);
        let swapped = format!("{end}{start}");
        for bad in [
            format!("{}&cursor={cursor}", path(&server.other.id)),
            format!("{}&cursor={cursor}&filter=enabled%20eq%20true", path(&server.tenant.id)),
            format!("{}&cursor={swapped}", path(&server.tenant.id)),
            format!("{}&cursor=%7B%22value%22%3A%22%22%7D", path(&server.tenant.id)),
            format!("{}&cursor={}", path(&server.tenant.id), "A".repeat(4_000)),
            format!("/environments/{}/users?limit=0", server.tenant.id),
            format!("/environments/{}/users?limit=many", server.tenant.id),
        ] {
            let body = refused(api.get(&bad).await, 400, "INVALID_DATA", None);
            assert_eq!(body["details"][0]["code"], "INVALID_PARAMETER", "{bad}");
        }
        let _ = api.get(&format!("{}&cursor={cursor}", path(&server.tenant.id))).await.expect_status(200);
    }

    async fn methods_and_types_that_are_not_there_are_told(server: TestServer) {
        let api = admin(&server).await;
        let all = format!("/environments/{}/populations", server.tenant.id);
        let answer = api.send("PATCH", &all, JSON, &json!({})).await;
        assert_eq!(answer.header("allow"), Some("GET, POST"));
        refused(answer, 405, "INVALID_REQUEST", None);
        refused(api.send("POST", &all, "text/plain", &json!({ "name": "x" })).await, 415, "INVALID_REQUEST", None);
        refused(api.get("/nothing/here").await, 404, "NOT_FOUND", None);
        let browser = server.tenant.browser();
        let url = format!("{}/v1{all}", server.base);
        for body in ["{", "[]", "7", "{\"name\": \"x\"} more"] {
            let request = browser.post(&url).bearer(&api.token).body(JSON, body);
            refused(request.send().await, 400, "INVALID_REQUEST", None);
        }
        let deep = format!("{{\"name\":{}1{}}}", "[".repeat(500), "]".repeat(500));
        let request = browser.post(&url).bearer(&api.token).body(JSON, deep);
        refused(request.send().await, 400, "INVALID_REQUEST", None);
        // For clients that know only GET and POST.
        let made = Api::created(api.post(&all, json!({ "name": "Over" })).await);
        let url = format!("{url}/{}", text(&made, "/id"));
        let request = browser.post(url).bearer(&api.token).header("x-http-method-override", "DELETE");
        let _ = request.send().await.expect_status(204);
    }

    async fn answers_have_a_type_that_pings_sdk_reads(server: TestServer) {
        let api = admin(&server).await;
        let answer = api.get(&format!("/environments/{}", server.tenant.id)).await.expect_status(200);
        assert_eq!(answer.header("content-type"), Some("application/json"));
        assert!(answer.header("correlation-id").is_some());
        assert_eq!(answer.header("cache-control"), Some("no-store"));
        let missing = api.get(&format!("/environments/{}/users/x", server.tenant.id)).await;
        assert_eq!(missing.header("content-type"), Some("application/json"));
        let body = refused(missing, 404, "NOT_FOUND", None);
        assert_eq!(body["message"], "The request could not be completed. The requested resource was not found.");
    }

    async fn every_path_names_its_methods(server: TestServer) {
        let api = owner(&server).await;
        let ground = fresh(&api).await;
        for template in route::paths() {
            let methods = route::methods(template);
            let allow: Vec<&str> = methods.iter().map(|it| it.name()).collect();
            let path = ground.path(template);
            for method in ["GET", "POST", "PUT", "PATCH", "DELETE", "TRACE", "CONNECTED"] {
                if allow.contains(&method) {
                    continue;
                }
                let answer = api.send(method, &path, JSON, &Value::Null).await;
                assert_eq!(answer.header("allow"), Some(allow.join(", ").as_str()), "{method} {path}");
                refused(answer, 405, "INVALID_REQUEST", None);
            }
        }
    }

    async fn a_post_stands_for_methods_that_a_client_does_not_know(server: TestServer) {
        let api = admin(&server).await;
        let browser = server.tenant.browser();
        let all = format!("{}/v1/environments/{}/populations", server.base, server.tenant.id);
        let made = Api::created(api.post(&all, json!({ "name": "Over" })).await);
        let one = format!("{all}/{}", text(&made, "/id"));
        let post = |method: &str| browser.post(&one).bearer(&api.token).header("x-http-method-override", method);
        let put = post("PUT").json(JSON, &json!({ "name": "Ridden" })).send().await;
        assert_eq!(put.expect_status(200).json()["name"], "Ridden");
        let read = post("GET").send().await.expect_status(200).json();
        assert_eq!(read["name"], "Ridden");
        refused(post("PATCH").send().await, 405, "INVALID_REQUEST", None);
        refused(post("HEAL").send().await, 405, "INVALID_REQUEST", None);
        // Nothing but a POST: a link must not delete.
        let get = browser.get(&one).bearer(&api.token).header("x-http-method-override", "DELETE");
        let _ = get.send().await.expect_status(200);
        let _ = post("DELETE").send().await.expect_status(204);
        refused(api.get(&one).await, 404, "NOT_FOUND", None);
    }

    async fn every_answer_has_the_headers_that_pingones_have(server: TestServer) {
        let api = admin(&server).await;
        let environment = format!("/environments/{}", server.tenant.id);
        let mut seen = std::collections::BTreeSet::new();
        for path in [environment.clone(), format!("{environment}/users"), format!("{environment}/nothing"),
            format!("{environment}/populations/x")] {
            let answer = api.get(&path).await;
            for (name, value) in [
                ("cache-control", "no-store"),
                ("pragma", "no-cache"),
                ("x-content-type-options", "nosniff"),
            ] {
                assert_eq!(answer.header(name), Some(value), "{path}");
            }
            if !path.ends_with("nothing") {
                assert_eq!(answer.header("expires"), Some("0"), "{path}");
                assert_eq!(answer.header("x-frame-options"), Some("DENY"), "{path}");
                assert!(answer.headers.get_all("vary").iter().any(|it| it == "Authorization"), "{path}");
            }
            assert!(seen.insert(answer.header("correlation-id").unwrap().to_owned()));
            // An error is found by the same id.
            if answer.status >= 400 {
                assert_eq!(answer.header("correlation-id"), answer.json()["id"].as_str());
            }
        }
    }

    async fn too_many_requests_are_told_when_to_come_back(server: TestServer) {
        let api = admin(&server).await;
        let node = server.limited_node(2).await;
        let browser = server.tenant.browser();
        let url = format!("{}/v1/environments/{}", node.tenant.base, server.tenant.id);
        let asked = async || browser.get(&url).bearer(&api.token).send().await;
        for _ in 0..2 {
            let _ = asked().await.expect_status(200);
        }
        let answer = asked().await;
        assert_eq!(answer.header("retry-after"), Some("1"));
        refused(answer, 429, "REQUEST_LIMITED", Some(("LIMIT_EXCEEDED", "")));
        server.clock.advance(std::time::Duration::from_secs(1));
        let _ = asked().await.expect_status(200);
    }

    async fn what_no_index_can_hold_is_too_long_and_no_defect(server: TestServer) {
        let api = owner(&server).await;
        let ground = fresh(&api).await;
        let emoji = "😀".repeat(256);
        for (list, body, target) in [
            ("/environments", json!({ "name": "😀".repeat(255), "type": "SANDBOX", "region": "NA" }), "name"),
            ("/environments/{environment}/applications/{application}/attributes",
                json!({ "name": emoji, "value": "x", "required": false }), "name"),
            ("/environments/{environment}/resources/{resource}/attributes",
                json!({ "name": emoji, "value": "x" }), "name"),
        ] {
            let answer = api.post(&ground.path(list), body).await;
            refused(answer, 400, "INVALID_DATA", Some(("SIZE_LIMIT_EXCEEDED", target)));
        }
        let application = ground.path("/environments/{environment}/applications/{application}");
        let mut read = api.get(&application).await.expect_status(200).json();
        read["postLogoutRedirectUris"] = json!([format!("https://a.example/{}", "x".repeat(1_500))]);
        let status = api.put(&application, read).await.status;
        assert!(matches!(status, 200 | 400), "{status}");
    }

    async fn times_and_ids_have_one_form(server: TestServer) {
        let api = admin(&server).await;
        let all = format!("/environments/{}/users", server.tenant.id);
        let made = Api::created(api.post(&all, json!({ "username": "formal" })).await);
        let at = text(&made, "/createdAt");
        let shape: String = at.chars().map(|it| if it.is_ascii_digit() { '0' } else { it }).collect();
        assert_eq!(shape, "0000-00-00T00:00:00.000Z");
        let id = text(&made, "/id");
        let shape: String = id.chars().map(|it| if it.is_ascii_hexdigit() && !it.is_uppercase() { 'x' } else { it }).collect();
        assert_eq!(shape, "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx");
        // An empty list is a list.
        let list = api.get(&format!("{all}?filter=username%20eq%20%22no%22")).await.expect_status(200).json();
        assert_eq!((&list["_embedded"]["users"], &list["size"]), (&json!([]), &json!(0)));
        assert!(text(&list, "/_links/self/href").starts_with(&server.base));
    }

    async fn telemetry_ids_come_back_clean(server: TestServer) {
        let api = admin(&server).await;
        let browser = server.tenant.browser();
        let url = format!("{}/v1/environments/{}", server.base, server.tenant.id);
        let request = browser.get(url).bearer(&api.token);
        let request = request.header("x-ping-external-transaction-id", "a b<c>/€1");
        let answer = request.header("x-ping-external-session-id", "s".repeat(120)).send().await;
        assert_eq!(answer.header("x-ping-external-transaction-id"), Some("a_b_c_/_1"));
        assert_eq!(answer.header("x-ping-external-session-id").map(str::len), Some(100));
    }

    async fn threat_36_links_follow_configuration_and_nothing_else(server: TestServer) {
        let api = admin(&server).await;
        let browser = server.tenant.browser();
        let url = format!("{}/v1/environments/{}", server.base, server.tenant.id);
        let plain = browser.get(&url).bearer(&api.token).send().await.body;
        let request = browser.get(&url).bearer(&api.token).header("x-forwarded-host", "evil.example");
        let request = request.header("x-forwarded-proto", "gopher").header("forwarded", "host=evil.example");
        assert_eq!(request.send().await.body, plain);
    }

    async fn pages_read_answers_as_their_application_says(server: TestServer) {
        let api = admin(&server).await;
        let browser = server.tenant.browser();
        let url = format!("{}/v1/environments/{}", server.base, server.tenant.id);
        let preflight = browser.request("OPTIONS".parse().unwrap(), &url)
            .header("origin", "https://page.example")
            .header("access-control-request-method", "PUT").send().await.expect_status(204);
        assert_eq!(preflight.header("access-control-allow-origin"), Some("https://page.example"));
        assert_eq!(preflight.header("access-control-allow-methods"), Some("GET, PUT, DELETE"));
        let answer = browser.get(&url).bearer(&api.token).header("origin", "https://page.example").send().await;
        assert_eq!(answer.header("access-control-allow-origin"), Some("https://page.example"));
        assert_eq!(answer.header("access-control-allow-credentials"), None);
    }

    async fn the_organization_and_the_roles_can_be_looked_up(server: TestServer) {
        let api = admin(&server).await;
        let list = api.get("/organizations").await.expect_status(200).json();
        let organization = &list["_embedded"]["organizations"][0];
        assert_eq!(organization["name"], "Tests");
        let path = format!("/organizations/{}", text(organization, "/id"));
        let _ = api.get(&path).await.expect_status(200);
        let licenses = api.get(&format!("{path}/licenses")).await.expect_status(200).json();
        assert!(licenses["_embedded"]["licenses"].is_array());
        for (filter, fits) in [
            ("status eq \"active\" and beginsAt lt \"2100-01-01T00:00:00Z\"", true),
            ("beginsAt lt \"2000-01-01T00:00:00Z\"", false),
        ] {
            let filter: String = url::form_urlencoded::byte_serialize(filter.as_bytes()).collect();
            let some = api.get(&format!("{path}/licenses?filter={filter}")).await.expect_status(200).json();
            let count = if fits { licenses["count"].clone() } else { json!(0) };
            assert_eq!(some["count"], count, "{filter}");
        }
        assert_eq!(organization["billingConnections"].as_array().unwrap().len(), 1);
        // One that does not exist is no different from somebody else's.
        let path = "/organizations/9c052a8a-14be-44e4-8f07-2662569994ce";
        let foreign = api.get(path).await;
        let body = refused(foreign, 404, "NOT_FOUND", None);
        assert!(text(&body, "/message").ends_with("You do not have access to this resource."), "{body}");
        let roles = api.get("/roles").await.expect_status(200).json();
        let roles = roles["_embedded"]["roles"].as_array().unwrap().clone();
        let admin = roles.iter().find(|it| it["name"] == "Environment Admin").unwrap();
        let role = api.get(&format!("/roles/{}", text(admin, "/id"))).await.expect_status(200).json();
        assert_eq!(role["type"], "PLATFORM");
        assert_eq!(&role, admin);
        let environments = api.get("/environments?filter=name%20sw%20%22fi%22").await.expect_status(200).json();
        assert_eq!(environments["_embedded"]["environments"][0]["name"], "First");
        assert_eq!(environments["count"], json!(1));
        let none = api.get("/environments?filter=name%20sw%20%22zz%22").await.expect_status(200).json();
        assert_eq!(none["_embedded"]["environments"], Value::Array(Vec::new()));
    }
}
