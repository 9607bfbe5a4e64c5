//! `/v1/environments/{e}/gateways`

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use countersign_domain::role::built_in;
use countersign_testkit::{TestServer, on_every_adapter};
use serde_json::{Value, json};

use super::super::{Api, admin, everywhere, refused, text, worker};

fn all(server: &TestServer) -> String {
    format!("/environments/{}/gateways", server.tenant.id)
}

fn plain(name: &str) -> Value {
    json!({ "name": name, "type": "PING_FEDERATE", "enabled": true })
}

fn ldap(name: &str) -> Value {
    json!({ "name": name, "type": "LDAP", "enabled": true, "bindDN": "cn=admin",
        "bindPassword": "very secret", "serversHostAndPort": ["ds1.example.com:636"],
        "vendor": "PingDirectory",
        "kerberos": { "serviceAccountUserPrincipalName": "a@b", "serviceAccountPassword": "very secret" },
        "userTypes": [{ "name": "People", "searchBaseDn": "dc=example", "passwordAuthority": "LDAP",
            "orderedCorrelationAttributes": ["dn"] }] })
}

fn radius(name: &str) -> Value {
    json!({ "name": name, "type": "RADIUS", "enabled": true, "davinci": { "policy": { "id": "p" } },
        "radiusClients": [{ "ip": "10.0.0.1", "sharedSecret": "very secret" }] })
}

/// A member of the body of a JWS.
fn claims(token: &str) -> (Value, Value) {
    let mut parts = token.split('.').map(|it| URL_SAFE_NO_PAD.decode(it));
    let mut next = || serde_json::from_slice(&parts.next().unwrap().unwrap()).unwrap();
    (next(), next())
}

on_every_adapter! {
    async fn the_password_of_a_directory_is_told_to_nobody_and_goes_nowhere_else(server: TestServer) {
        let api = admin(&server).await;
        let made = Api::created(api.post(&all(&server), ldap("Directory")).await);
        assert!(!made.to_string().contains("secret"), "{made}");
        let path = format!("{}/{}", all(&server), text(&made, "/id"));
        assert_eq!(api.get(&path).await.expect_status(200).json(), made);
        // What was read can be written, and the user types stay who they are.
        assert_eq!(api.put(&path, made.clone()).await.expect_status(200).json(), made);
        let mut again = ldap("Directory");
        again["userTypes"][0]["searchBaseDn"] = json!("dc=other");
        let again = api.put(&path, again).await.expect_status(200).json();
        assert_eq!(again["userTypes"][0]["id"], made["userTypes"][0]["id"]);
        for (member, value) in [
            ("serversHostAndPort", json!(["evil.example.com:636"])),
            ("bindDN", json!("cn=other")),
            ("connectionSecurity", json!("TLS")),
            ("validateTlsCertificates", json!(false)),
        ] {
            let mut elsewhere = made.clone();
            elsewhere[member] = value;
            refused(api.put(&path, elsewhere).await, 400, "INVALID_DATA",
                Some(("REQUIRED_VALUE", "bindPassword")));
        }
    }

    async fn gateways_have_only_what_gateways_of_their_type_have(server: TestServer) {
        let api = admin(&server).await;
        let mut body = ldap("Federate");
        body["type"] = json!("PING_FEDERATE");
        body["davinci"] = json!({ "policy": { "id": "p" } });
        let made = Api::created(api.post(&all(&server), body).await);
        for name in ["bindDN", "davinci", "userTypes", "vendor", "connectionSecurity"] {
            assert!(made.get(name).is_none(), "{name} in {made}");
        }
        for (body, member, value, code, target) in [
            (ldap("X"), "bindPassword", json!(null), "REQUIRED_VALUE", "bindPassword"),
            (ldap("X"), "vendor", json!(null), "REQUIRED_VALUE", "vendor"),
            (ldap("X"), "serversHostAndPort", json!([]), "REQUIRED_VALUE", "serversHostAndPort"),
            (radius("X"), "davinci", json!(null), "REQUIRED_VALUE", "davinci"),
            (radius("X"), "radiusClients", json!([]), "REQUIRED_VALUE", "radiusClients"),
            (radius("X"), "radiusClients", json!([{ "ip": "10.0.0.1" }]), "INVALID_VALUE",
                "radiusClients.sharedSecret"),
            (radius("X"), "radiusClients", json!([{ "ip": "10.0.0.1", "sharedSecret": "a" },
                { "ip": "10.0.0.1", "sharedSecret": "b" }]), "UNIQUENESS_VIOLATION", "radiusClients.ip"),
            (radius("X"), "radiusClients", json!([{ "ip": "10.0.0.1", "sharedSecret": "a",
                "blastRadiusMitigation": { "requireMsgAuth": true, "limitProxyState": true } }]),
                "INVALID_VALUE", "radiusClients.blastRadiusMitigation"),
        ] {
            let mut body = body;
            body[member] = value;
            refused(api.post(&all(&server), body).await, 400, "INVALID_DATA", Some((code, target)));
        }
        let lookup = json!({ "ldapFilterPattern": "(uid=x)", "population":
            { "id": "00000000-0000-4000-8000-000000000001" }, "attributeMappings": [] });
        let mut body = ldap("X");
        body["userTypes"][0]["newUserLookup"] = lookup;
        let answer = api.post(&all(&server), body).await.expect_status(400).json();
        let targets: Vec<_> = answer["details"].as_array().unwrap().iter().map(|it| &it["target"]).collect();
        assert_eq!(targets, ["userTypes.newUserLookup.attributeMappings",
            "userTypes.newUserLookup.population.id"]);
    }

    async fn shared_secrets_are_shown_to_whoever_may_change_the_gateway(server: TestServer) {
        let api = admin(&server).await;
        let made = Api::created(api.post(&all(&server), radius("Radius")).await);
        assert_eq!(made["radiusClients"], radius("Radius")["radiusClients"]);
        let path = format!("{}/{}", all(&server), text(&made, "/id"));
        let reader = worker(&server, 971, everywhere(&["Configuration Read Only"])).await;
        let read = reader.get(&path).await.expect_status(200).json();
        assert_eq!(read["radiusClients"], json!([{ "ip": "10.0.0.1" }]));
        let mut other = radius("Radius");
        other["defaultSharedSecret"] = json!("by default");
        other["radiusClients"] = json!([{ "ip": "10.0.0.1" }]);
        let other = api.put(&path, other).await.expect_status(200).json();
        assert_eq!(other["defaultSharedSecret"], "by default");
        assert_eq!(other["radiusClients"], json!([{ "ip": "10.0.0.1" }]));
    }

    async fn a_credential_is_told_once_and_opens_nothing(server: TestServer) {
        let api = admin(&server).await;
        let gateway = Api::created(api.post(&all(&server), plain("Federate")).await);
        assert!(gateway.get("credentials").is_none());
        let gateway = format!("{}/{}", all(&server), text(&gateway, "/id"));
        let credentials = format!("{gateway}/credentials");
        let made = Api::created(api.post(&credentials, json!(null)).await);
        let (header, body) = claims(made["credential"].as_str().unwrap());
        assert_eq!(header["typ"], "gateway+jwt");
        assert_eq!(body["jti"], made["id"]);
        assert_eq!((&body["gatewayType"], &body["environmentId"]),
            (&json!("PING_FEDERATE"), &json!(server.tenant.id)));
        let path = format!("{credentials}/{}", text(&made, "/id"));
        let read = api.get(&path).await.expect_status(200).json();
        assert!(read.get("credential").is_none(), "{read}");
        assert_eq!(read["createdAt"], made["createdAt"]);
        let list = api.get(&credentials).await.expect_status(200).json();
        assert_eq!(list["_embedded"]["credentials"], json!([read]));
        let shown = api.get(&gateway).await.expect_status(200).json();
        assert_eq!(shown["credentials"], json!([{ "id": made["id"], "createdAt": made["createdAt"] }]));
        // Whoever holds it gets nowhere with it.
        let held = Api::with(&server, made["credential"].as_str().unwrap().to_owned());
        refused(held.get(&gateway).await, 401, "ACCESS_FAILED", Some(("INVALID_TOKEN", "")));
        for _ in 1..5 {
            let _ = Api::created(api.post(&credentials, json!({})).await);
        }
        refused(api.post(&credentials, json!({})).await, 400, "INVALID_DATA",
            Some(("CONSTRAINT_VIOLATION", "gateway")));
        let _ = api.delete(&path).await.expect_status(204);
        refused(api.get(&path).await, 404, "NOT_FOUND", None);
        let instances = api.get(&format!("{gateway}/instances")).await.expect_status(200).json();
        assert_eq!(instances["_embedded"]["instances"], json!([]));
        // Credentials and roles go with the gateway.
        let role = json!({ "role": { "id": built_in("Environment Admin").unwrap().id },
            "scope": { "id": server.tenant.id, "type": "ENVIRONMENT" } });
        let role = Api::created(api.post(&format!("{gateway}/roleAssignments"), role).await);
        let role = format!("{gateway}/roleAssignments/{}", text(&role, "/id"));
        assert_eq!(api.get(&role).await.expect_status(200).json()["readOnly"], false);
        let _ = api.delete(&gateway).await.expect_status(204);
        refused(api.get(&role).await, 404, "NOT_FOUND", None);
        refused(api.get(&credentials).await, 404, "NOT_FOUND", None);
    }
}
