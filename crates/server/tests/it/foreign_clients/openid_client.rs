//! npm `openid-client`

use std::time::Duration;

use countersign_testkit::{Adapter, REDIRECT_URI, TestServer, jwt, run_in_real_time};
use serde_json::{Value, json};

#[test]
fn openid_client_signs_a_person_on() {
    super::run_for_every_app("COUNTERSIGN_TEST_NODE", "node/sign_on.mjs");
}

const AFTER: &str = "https://client.example/signed-off";

/// Lets the web application do everything, and the environment be as strict as it can.
async fn configure(server: &TestServer, method: &str) {
    let application = json!({
        "id": server.tenant.web.id, "name": "Web",
        "grantTypes": ["AUTHORIZATION_CODE", "IMPLICIT"],
        "responseTypes": ["CODE", "TOKEN", "ID_TOKEN"],
        "tokenEndpointAuthMethod": method,
        "jwks": jwt::client_jwks().to_string(),
        "postLogoutRedirectUris": [AFTER],
    });
    let settings = json!({
        "authorizationResponseIss": true, "nonceRequired": true, "clientAssertionsStrict": true,
    });
    let environment = json!({
        "id": server.tenant.id, "name": "First", "countersign": settings,
        "applications": [application],
    });
    server
        .import(&json!({ "environments": [environment] }))
        .await;
    server.poll_changes().await;
}

#[test]
fn openid_client_takes_every_way_of_asking_and_answering() {
    run_in_real_time(Adapter::Sqlite, |server| async move {
        for method in [
            "CLIENT_SECRET_BASIC",
            "CLIENT_SECRET_JWT",
            "PRIVATE_KEY_JWT",
        ] {
            configure(&server, method).await;
            // The client's clock goes on while the server's stands: it must not be ahead.
            server.clock.advance(Duration::from_secs(12));
            let tenant = &server.tenant;
            let case = json!({
                "issuer": tenant.issuer(),
                "clientId": tenant.web.id,
                "clientSecret": tenant.web.secret,
                "clientKey": jwt::CLIENT_KEY,
                "tokenEndpointAuthMethod": method,
                "redirectUri": REDIRECT_URI,
                "postLogoutRedirectUri": AFTER,
                "scope": "openid profile email",
                "username": tenant.person.username,
                "password": tenant.person.password,
            });
            // The child process is waited for, and the server needs its threads meanwhile.
            let learned: Value = std::thread::scope(|scope| {
                let run = || super::learn("COUNTERSIGN_TEST_NODE", "node/responses.mjs", &case);
                scope.spawn(run).join()
            })
            .unwrap();
            for way in [
                "plain",
                "par",
                "jar",
                "plain hybrid",
                "par hybrid",
                "jar hybrid",
                "implicit",
            ] {
                assert_eq!(
                    learned[way],
                    json!(tenant.person.id),
                    "{way} {method}: {learned}"
                );
            }
            assert_eq!(learned["signedOff"], format!("{AFTER}?state=bye"));
        }
    });
}
