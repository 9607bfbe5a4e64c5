//! `PRIVATE_KEY_JWT` with `jwksUrl`: keys that the client publishes and changes.

use std::time::Duration;

use countersign_domain::ports::Clock;
use countersign_testkit::{Answer, Elsewhere, TestServer, jwt, on_every_adapter, query};
use serde_json::{Value, json};

const TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
const SERVICE: &str = "00000000-0000-4000-8000-00000000c0de";

/// A service that publishes its keys at a URL.
async fn service(server: &TestServer, url: &str) {
    let application = json!({
        "id": SERVICE, "name": "Service", "type": "SERVICE",
        "grantTypes": ["CLIENT_CREDENTIALS"],
        "tokenEndpointAuthMethod": "PRIVATE_KEY_JWT",
        "jwksUrl": url,
        "grants": [ { "resource": "Orders", "scopes": ["orders:read"] } ],
    });
    let resource = json!({ "name": "Orders", "scopes": ["orders:read"] });
    server
        .import(&json!({ "environments": [ {
            "id": server.tenant.id, "name": "First",
            "resources": [resource], "applications": [application],
        } ] }))
        .await;
}

async fn ask(server: &TestServer, kid: Option<&str>) -> Answer {
    let now = server.clock.now().seconds();
    let claims = json!({
        "iss": SERVICE, "sub": SERVICE, "aud": server.tenant.endpoint("token"), "exp": now + 300,
    });
    let assertion = jwt::sign_with_client_key(kid, &claims);
    let form = [
        ("grant_type", "client_credentials"),
        ("client_assertion_type", TYPE),
        ("client_assertion", assertion.as_str()),
    ];
    let url = server.tenant.endpoint("token");
    server.tenant.browser().post(url).form(form).send().await
}

/// The client's key under another name.
fn renamed(kid: &str) -> Value {
    let mut keys = jwt::client_jwks();
    keys["keys"][0]["kid"] = json!(kid);
    keys
}

on_every_adapter! {
    async fn keys_are_fetched_kept_and_fetched_again_when_an_unknown_one_signs(server: TestServer) {
        let client = Elsewhere::start().await;
        client.answer_json("/jwks", &jwt::client_jwks());
        service(&server, &format!("{}/jwks", client.base)).await;
        for kid in [Some("client-key"), None, Some("client-key")] {
            let _ = ask(&server, kid).await.expect_status(200);
        }
        assert_eq!(client.received("/jwks").len(), 1);

        // The client changes its key: what it signs now is taken once a minute has passed.
        client.answer_json("/jwks", &renamed("next-key"));
        let _ = ask(&server, Some("next-key")).await.expect_status(401);
        assert_eq!(client.received("/jwks").len(), 1, "the rate is capped");
        server.clock.advance(Duration::from_mins(1));
        let _ = ask(&server, Some("next-key")).await.expect_status(200);
        let _ = ask(&server, Some("client-key")).await.expect_status(401);
        assert_eq!(client.received("/jwks").len(), 2);
    }

    async fn request_objects_are_signed_with_the_same_keys(server: TestServer) {
        let client = Elsewhere::start().await;
        client.answer_json("/jwks", &jwt::client_jwks());
        let tenant = &server.tenant;
        let web = json!({ "id": tenant.web.id, "name": "Web", "jwksUrl": format!("{}/jwks", client.base) });
        let environment = json!({ "id": tenant.id, "name": "First", "applications": [web] });
        server.import(&json!({ "environments": [environment] })).await;
        let claims = json!({ "iss": tenant.web.id, "aud": tenant.issuer(), "state": "of the object" });
        let ask = async |kid: Option<&str>| {
            let object = jwt::sign_with_client_key(kid, &claims);
            let request = tenant.authorize(&tenant.web).set("request", &object).set("prompt", "none");
            let answer = query(&request.send(&tenant.browser()).await.redirect());
            (answer["error"].clone(), answer["state"].clone())
        };
        let taken = ("login_required".to_owned(), "of the object".to_owned());
        let refused = ("invalid_request_object".to_owned(), "the state & more".to_owned());
        assert_eq!(ask(Some("client-key")).await, taken);
        assert_eq!(ask(None).await, taken);
        assert_eq!(ask(Some("next-key")).await, refused);
        client.answer_json("/jwks", &renamed("next-key"));
        server.clock.advance(Duration::from_mins(1));
        assert_eq!(ask(Some("next-key")).await, taken);
        assert_eq!(client.received("/jwks").len(), 2, "kept, and asked again for an unknown key alone");
    }

    async fn threat_35_a_key_set_on_a_private_address_is_not_fetched(server: TestServer) {
        for url in [
            "https://169.254.169.254/latest/meta-data",
            "https://10.0.0.1/jwks",
            "https://[::1]/jwks",
            "http://client.example/jwks",
            "file:///etc/passwd",
        ] {
            service(&server, url).await;
            let answer = ask(&server, None).await;
            assert_eq!(answer.expect_status(401).text("/error"), "invalid_client", "{url}");
        }
    }

    async fn what_is_not_a_key_set_authenticates_nobody(server: TestServer) {
        let client = Elsewhere::start().await;
        service(&server, &format!("{}/jwks", client.base)).await;
        let large = format!("{}{}", " ".repeat(200_000), jwt::client_jwks());
        for (status, body) in [
            (200, "not JSON"),
            (200, "{\"keys\":{}}"),
            (200, large.as_str()),
            (302, "{}"),
            (500, "{}"),
        ] {
            client.answer("/jwks", status, "application/json", body);
            let answer = ask(&server, None).await;
            assert_eq!(answer.expect_status(401).text("/error"), "invalid_client", "{status}");
            server.clock.advance(Duration::from_secs(10));
        }
        client.answer_json("/jwks", &jwt::client_jwks());
        let _ = ask(&server, None).await.expect_status(200);
    }

    async fn threat_42_a_key_set_is_kept_for_its_environment_alone(server: TestServer) {
        let client = Elsewhere::start().await;
        client.answer_json("/jwks", &jwt::client_jwks());
        let url = format!("{}/jwks", client.base);
        service(&server, &url).await;
        let _ = ask(&server, None).await.expect_status(200);
        // The same URL next door is asked for there, too: one does not see what the other got.
        let mut next = json!({ "environments": [ { "id": server.other.id, "name": "Second",
            "applications": [ { "id": SERVICE, "name": "Service", "type": "SERVICE",
                "grantTypes": ["CLIENT_CREDENTIALS"],
                "tokenEndpointAuthMethod": "PRIVATE_KEY_JWT", "jwksUrl": url } ] } ] });
        next["environments"][0]["resources"] = json!([]);
        server.import(&next).await;
        let now = server.clock.now().seconds();
        let claims = json!({ "iss": SERVICE, "sub": SERVICE, "exp": now + 300,
            "aud": server.other.endpoint("token") });
        let form = [
            ("grant_type", "client_credentials".to_owned()),
            ("client_assertion_type", TYPE.to_owned()),
            ("client_assertion", jwt::sign_with_client_key(None, &claims)),
        ];
        let browser = server.other.browser();
        let _ = browser.post(server.other.endpoint("token")).form(form).send().await;
        assert_eq!(client.received("/jwks").len(), 2);
    }
}
