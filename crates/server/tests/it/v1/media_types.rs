//! Media types that name an operation: each row of `reference/platform.md` 1.7 that is served.

use countersign_protocol::v1::route::{self, Media};
use countersign_testkit::{TestServer, on_every_adapter};
use serde_json::{Value, json};

use super::ground::Ground;
use super::{Api, JSON, fresh, owner, refused, text};

/// Path, method, name of the type, body, and the status of the answer.
fn rows(ground: &Ground) -> Vec<(String, &'static str, &'static str, Value, u16)> {
    let users = ground.path("/environments/{environment}/users");
    let user = ground.path("/environments/{environment}/users/{user}");
    let password = format!("{user}/password");
    let import = json!({ "username": "imported", "email": "imported@client.example",
        "emailVerified": true, "lifecycle": { "status": "ACCOUNT_OK" },
        "password": { "value": "Tr0ub4dor&3.xyzz", "forceChange": true } });
    let consent = format!("{user}/oauthConsents/{}", ground.id("oauthConsent"));
    let agreement = format!("{user}/agreementConsents/{}", ground.id("agreement"));
    let good = "Tr0ub4dor&3.xyzz";
    vec![
        (users, "POST", "user.import", import, 201),
        (user.clone(), "POST", "account.lock", Value::Null, 200),
        (user.clone(), "POST", "account.unlock", Value::Null, 200),
        (
            user.clone(),
            "POST",
            "user.sendVerificationCode",
            Value::Null,
            200,
        ),
        (
            user.clone(),
            "POST",
            "user.verify",
            json!({ "verificationCode": "AAAAAAAA" }),
            400,
        ),
        (
            password.clone(),
            "PUT",
            "password.set",
            json!({ "value": good, "forceChange": false }),
            200,
        ),
        (
            password.clone(),
            "POST",
            "password.check",
            json!({ "password": good }),
            200,
        ),
        (
            password.clone(),
            "POST",
            "password.check",
            json!({ "password": "wrong" }),
            400,
        ),
        (
            password.clone(),
            "PUT",
            "password.setValue",
            json!({ "value": good, "bypassPolicy": true }),
            200,
        ),
        // Too young to be changed by its owner: the default policy wants a day.
        (
            password.clone(),
            "PUT",
            "password.reset",
            json!({ "currentPassword": good, "newPassword": "An0ther&Good.one" }),
            400,
        ),
        (
            password.clone(),
            "POST",
            "password.sendRecoveryCode",
            Value::Null,
            200,
        ),
        (
            password.clone(),
            "POST",
            "password.recover",
            json!({ "recoveryCode": "AAAAAAAA", "newPassword": good }),
            400,
        ),
        (
            password.clone(),
            "POST",
            "password.forceChange",
            Value::Null,
            200,
        ),
        (
            password.clone(),
            "POST",
            "password.unlock",
            Value::Null,
            200,
        ),
        (password, "PUT", "password.setValue", json!({}), 200),
        (
            consent,
            "PATCH",
            "consent.revoke",
            json!({ "status": "REVOKED" }),
            200,
        ),
        (agreement, "POST", "consent.revoke", Value::Null, 200),
    ]
}

on_every_adapter! {
    async fn a_media_type_names_the_operation(server: TestServer) {
        let api = owner(&server).await;
        let ground = fresh(&api).await;
        for (path, method, name, body, status) in rows(&ground) {
            let media = format!("application/vnd.pingidentity.{name}+json");
            let answer = api.send(method, &path, &media, &body).await;
            assert_eq!(answer.status, status, "{method} {path} {name}: {}", answer.body);
        }
        let user = ground.path("/environments/{environment}/users/{user}");
        let read = api.get(&format!("{user}/password")).await.expect_status(200).json();
        assert_eq!(read["status"], "NO_PASSWORD");
        // With and without `+json`, in any case; a parameter does not matter.
        for media in [
            "application/vnd.pingidentity.account.lock",
            "application/vnd.pingidentity.ACCOUNT.LOCK+JSON",
            "application/vnd.pingidentity.account.lock+json; charset=utf-8",
        ] {
            let locked = api.send("POST", &user, media, &Value::Null).await.expect_status(200).json();
            assert_eq!(locked["account"]["status"], "LOCKED", "{media}");
            let open = api.act("POST", &user, "account.unlock", Value::Null).await.expect_status(200).json();
            assert_eq!(open["account"]["status"], "OK");
        }
    }

    async fn a_type_that_names_nothing_there_is_told(server: TestServer) {
        let api = owner(&server).await;
        let ground = fresh(&api).await;
        for endpoint in route::endpoints().filter(|it| it.method.has_body()) {
            let path = ground.path(endpoint.path);
            for media in ["text/plain", "application/xml", "application/vnd.pingidentity.nothing+json"] {
                let answer = api.send(endpoint.method.name(), &path, media, &json!({})).await;
                let body = refused(answer, 415, "INVALID_REQUEST", None);
                assert!(text(&body, "/message").starts_with("The request could not be completed"), "{body}");
            }
        }
        // An operation is chosen by its type and by nothing else.
        for endpoint in route::endpoints() {
            let others = route::endpoints().filter(|it| it.path == endpoint.path && it.method == endpoint.method);
            let is_only_named = others.into_iter().all(|it| it.media != Media::Json);
            if is_only_named {
                let path = ground.path(endpoint.path);
                let answer = api.send(endpoint.method.name(), &path, JSON, &json!({})).await;
                refused(answer, 415, "INVALID_REQUEST", None);
            }
        }
    }

    async fn a_key_is_answered_in_the_form_that_is_asked_for(server: TestServer) {
        let api = owner(&server).await;
        let ground = fresh(&api).await;
        let key = ground.path("/environments/{environment}/keys/{key}");
        for (path, media) in [
            (key.clone(), "application/x-x509-ca-cert"),
            (key.clone(), "application/x-pkcs7-certificates"),
            (format!("{key}/csr"), "application/pkcs10"),
            (format!("{key}/csr"), "application/x-pem-file"),
        ] {
            let answer = api.accepting(&path, media).await.expect_status(200);
            assert_eq!(answer.header("content-type"), Some(media), "{path}");
            assert!(!answer.body.is_empty() && !answer.body.contains("PRIVATE KEY"), "{path}");
        }
        let plain = api.accepting(&key, "application/json").await.expect_status(200);
        assert_eq!(plain.header("content-type"), Some(JSON));
        let created = Api::created(api.post(&ground.path("/environments/{environment}/populations"), json!({ "name": "Hal" })).await);
        let hal = api.send("PUT", &format!("{}/{}", ground.path("/environments/{environment}/populations"), text(&created, "/id")),
            "application/hal+json", &json!({ "name": "Hal 2" })).await;
        assert_eq!(hal.expect_status(200).json()["name"], "Hal 2");
    }
}
