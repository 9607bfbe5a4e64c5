//! What holds for every route of the management API.

use countersign_testkit::{TestServer, on_every_adapter};
use serde_json::{Value, json};

use super::{Api, JSON, admin, refused, text};

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

    async fn telemetry_ids_come_back_clean(server: TestServer) {
        let api = admin(&server).await;
        let browser = server.tenant.browser();
        let url = format!("{}/v1/environments/{}", server.base, server.tenant.id);
        let request = browser.get(url).bearer(&api.token);
        let request = request.header("x-ping-external-transaction-id", "a b<c>/1");
        let answer = request.header("x-ping-external-session-id", "s".repeat(120)).send().await;
        assert_eq!(answer.header("x-ping-external-transaction-id"), Some("a_b_c_/1"));
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
