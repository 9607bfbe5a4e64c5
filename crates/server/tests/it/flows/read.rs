//! `GET /{envID}/flows/{flowID}`, and what holds for every action

use std::time::Duration;

use countersign_testkit::{TestServer, on_every_adapter, submit};
use serde_json::json;

on_every_adapter! {
    async fn a_flow_is_read_by_the_browser_that_started_it(server: TestServer) {
        let tenant = &server.tenant;
        let browser = tenant.browser();
        let started = tenant.authorize(&tenant.native).pi_flow().send(&browser).await.expect_status(200).json();
        let flow = started["id"].as_str().unwrap();
        let read = browser.get(tenant.flow(flow)).send().await.expect_status(200).json();
        for member in ["id", "status", "resumeUrl", "environment", "createdAt"] {
            assert_eq!(read[member], started[member]);
        }
    }

    async fn threat_25_another_browser_sees_no_flow(server: TestServer) {
        let tenant = &server.tenant;
        let browser = tenant.browser();
        let flow = tenant.authorize(&tenant.native).start_flow(&browser).await;
        let stranger = tenant.browser();
        let answer = stranger.get(tenant.flow(&flow)).send().await;
        assert!(matches!(answer.status, 400 | 404), "{}", answer.status);
        let person = &tenant.person;
        let answer = tenant.check_password(&stranger, &flow, &person.username, &person.password).await;
        assert!(matches!(answer.status, 400 | 404), "{}", answer.status);
    }

    async fn a_flow_ends_fifteen_minutes_after_the_last_touch(server: TestServer) {
        let tenant = &server.tenant;
        let browser = tenant.browser();
        let flow = tenant.authorize(&tenant.native).start_flow(&browser).await;
        for _ in 0..3 {
            server.clock.advance(Duration::from_mins(14));
            let touched = tenant.act(&browser, &flow, "session.reset", &json!({})).await;
            let _ = touched.expect_status(200);
        }
        server.clock.advance(Duration::from_mins(15));
        let gone = browser.get(tenant.flow(&flow)).send().await.expect_status(404).json();
        assert_eq!(gone["code"], "NOT_FOUND");
        assert!(gone["id"].is_string());
    }

    async fn threat_19_nobody_signs_on_to_an_application_that_was_disabled(server: TestServer) {
        let tenant = &server.tenant;
        let browser = tenant.browser();
        let flow = tenant.authorize(&tenant.native).start_flow(&browser).await;
        let page = tenant.authorize(&tenant.native).page(&browser).await;
        let enable = async |enabled: bool| {
            let application = json!({ "id": tenant.native.id, "name": "Native", "enabled": enabled });
            let environment = json!({ "id": tenant.id, "name": "First", "applications": [application] });
            server.import(&json!({ "environments": [environment] })).await;
        };
        enable(false).await;
        let person = &tenant.person;
        let read = browser.get(tenant.flow(&flow)).send().await.expect_status(400).json();
        assert_eq!(read["code"], "INVALID_DATA");
        assert!(read["message"].as_str().unwrap().contains("Application not found or not enabled"));
        let check = tenant.check_password(&browser, &flow, &person.username, &person.password).await;
        assert_eq!(check.expect_status(400).json()["message"], read["message"]);
        let submitted = submit(tenant, &browser, &page, &person.username, &person.password).await;
        let _ = submitted.expect_status(400);
        // Nor to another one.
        let other = tenant.authorize(&tenant.post).send(&browser).await.redirect();
        assert!(other.path().ends_with("/signon/"), "{other}");
        // Where it was a mistake, nothing is lost.
        enable(true).await;
        let check = tenant.check_password(&browser, &flow, &person.username, &person.password).await;
        assert_eq!(check.expect_status(200).text("/status"), "COMPLETED");
    }

    async fn unknown_flows_are_not_found(server: TestServer) {
        let tenant = &server.tenant;
        let browser = tenant.browser();
        for unknown in ["00000000-0000-4000-8000-000000000000", "x"] {
            let _ = browser.get(tenant.flow(unknown)).send().await.expect_status(404);
        }
    }

    async fn an_unknown_media_type_is_415(server: TestServer) {
        let tenant = &server.tenant;
        let browser = tenant.browser();
        let flow = tenant.authorize(&tenant.native).start_flow(&browser).await;
        for media in [
            "application/json",
            "text/plain",
            "application/vnd.pingidentity.teapot+json",
            "application/vnd.pingidentity.usernamePassword.check",
            "application/vnd.pingidentity.password.check+json",
            "application/vnd.pingidentity.kerberos.lookup+json",
            "application/vnd.pingidentity.kerberos.authenticate+json",
        ] {
            let request = browser.post(tenant.flow(&flow)).json(media, &json!({}));
            let error = request.send().await.expect_status(415).json();
            assert_eq!(error["code"], "INVALID_REQUEST", "{media}");
        }
        let kerberos = format!("{}/kerberos", tenant.flow(&flow));
        let media = "application/vnd.pingidentity.kerberos.authenticate+json";
        let request = browser.post(kerberos).header("authorization", "Negotiate x").json(media, &json!({}));
        let _ = request.send().await.expect_status(404);
    }

    async fn parameters_of_the_media_type_do_not_matter(server: TestServer) {
        let tenant = &server.tenant;
        let browser = tenant.browser();
        let flow = tenant.authorize(&tenant.native).start_flow(&browser).await;
        let media = "application/vnd.pingidentity.usernamePassword.check+json; charset=UTF-8";
        let body = json!({ "username": tenant.person.username, "password": tenant.person.password });
        let request = browser.post(tenant.flow(&flow)).json(media, &body);
        assert_eq!(request.send().await.expect_status(200).text("/status"), "COMPLETED");
    }

    /// Also to whoever wants `application/json` alone.
    async fn answers_and_errors_are_hal_whatever_is_accepted(server: TestServer) {
        let tenant = &server.tenant;
        let browser = tenant.browser();
        let flow = tenant.authorize(&tenant.native).start_flow(&browser).await;
        for accept in ["application/json", "text/html", "*/*"] {
            let read = browser.get(tenant.flow(&flow)).header("accept", accept).send().await;
            let unknown = browser.get(tenant.flow("x")).header("accept", accept).send().await;
            let media = "application/vnd.pingidentity.usernamePassword.check+json";
            let wrong = browser.post(tenant.flow(&flow)).header("accept", accept).json(media, &json!({}));
            let wrong = wrong.send().await;
            for (answer, status) in [(read, 200), (unknown, 404), (wrong, 400)] {
                let answer = answer.expect_status(status);
                assert_eq!(answer.header("content-type"), Some("application/hal+json;charset=UTF-8"), "{accept}");
            }
        }
    }

    /// Some clients send a token. It is neither needed nor looked at.
    async fn a_bearer_token_is_ignored(server: TestServer) {
        let tenant = &server.tenant;
        let browser = tenant.browser();
        let flow = tenant.authorize(&tenant.native).start_flow(&browser).await;
        let read = browser.get(tenant.flow(&flow)).header("authorization", "Bearer nonsense");
        let _ = read.send().await.expect_status(200);
        let stranger = tenant.browser();
        let read = stranger.get(tenant.flow(&flow)).header("authorization", "Bearer nonsense");
        let _ = read.send().await.expect_status(404);
    }

    async fn a_completed_flow_takes_no_action(server: TestServer) {
        let tenant = &server.tenant;
        let browser = tenant.browser();
        let person = &tenant.person;
        let flow = tenant.authorize(&tenant.native).start_flow(&browser).await;
        let _ = tenant.check_password(&browser, &flow, &person.username, &person.password).await;
        let again = tenant.check_password(&browser, &flow, &person.username, &person.password).await;
        assert_eq!(again.expect_status(400).text("/code"), "REQUEST_FAILED");
        let read = browser.get(tenant.flow(&flow)).send().await.expect_status(200).json();
        let links: Vec<&String> = read["_links"].as_object().unwrap().keys().collect();
        assert_eq!(links, ["self"]);
    }

    async fn a_preflight_of_an_action_succeeds(server: TestServer) {
        let tenant = &server.tenant;
        let browser = tenant.browser();
        let flow = tenant.authorize(&tenant.spa).start_flow(&browser).await;
        let request = browser
            .request("OPTIONS".parse().unwrap(), tenant.flow(&flow))
            .header("origin", "https://app.example")
            .header("access-control-request-method", "POST")
            .header("access-control-request-headers", "content-type");
        let answer = request.send().await;
        assert!(matches!(answer.status, 200 | 204), "{}", answer.status);
        let allowed = |what: &str| {
            let header = answer.header(&format!("access-control-allow-{what}")).unwrap();
            header.split(", ").map(str::to_owned).collect::<Vec<_>>()
        };
        for method in ["GET", "POST", "OPTIONS"] {
            assert!(allowed("methods").iter().any(|it| it == method), "{method}");
        }
        for name in ["Content-Type", "Authorization", "Accept", "X-Ping-External-Session-ID", "X-Ping-External-Transaction-ID"] {
            assert!(allowed("headers").iter().any(|it| it == name), "{name}");
        }
        assert_eq!(answer.header("access-control-allow-origin"), Some("https://app.example"));
        assert_eq!(answer.header("access-control-allow-credentials"), Some("true"));
        assert!(answer.header("vary").unwrap_or_default().to_lowercase().contains("origin"));
    }
}
