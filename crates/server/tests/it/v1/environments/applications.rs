//! `/v1/environments/{e}/applications`

mod attached;
mod push_credentials;
mod secret;

use countersign_testkit::{TestServer, jwt, on_every_adapter};
use serde_json::{Value, json};

use super::super::{Api, admin, refused, text, worker};

/// What a minimal application of OpenID Connect is made of.
pub fn web(name: &str) -> Value {
    json!({
        "name": name, "enabled": true, "type": "WEB_APP", "protocol": "OPENID_CONNECT",
        "grantTypes": ["AUTHORIZATION_CODE"], "responseTypes": ["CODE"],
        "tokenEndpointAuthMethod": "CLIENT_SECRET_BASIC",
        "redirectUris": ["https://client.example/callback"],
    })
}

/// The id of a certificate that was uploaded.
async fn certificate(server: &TestServer, api: &Api) -> String {
    let made = rcgen::generate_simple_self_signed(vec!["client.example".to_owned()]).unwrap();
    let part = |name: &str, value: &str| {
        format!("--x\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n")
    };
    let body = [
        part("usageType", "SIGNING"),
        part("file", &made.cert.pem()),
        "--x--\r\n".to_owned(),
    ];
    let all = format!("/environments/{}/certificates", server.tenant.id);
    let media = "multipart/form-data; boundary=x";
    let answer = api
        .upload("POST", &all, media, body.concat().into_bytes())
        .await;
    text(&Api::placed(answer, 202), "/id")
}

/// An application with everything that one of OpenID Connect can have.
const FULL: &str = r#"{
    "name": "Full", "description": "With everything", "enabled": true, "type": "NATIVE_APP",
    "protocol": "OPENID_CONNECT", "hiddenFromAppPortal": true,
    "accessControl": { "role": { "type": "ADMIN_USERS_ONLY" },
    "group": { "type": "ANY_GROUP", "groups": [{ "id": "@few" }] } },
    "icon": { "href": "https://client.example/icon.png" },
    "loginPageUrl": "http://localhost/login", "homePageUrl": "https://client.example",
    "initiateLoginUri": "http://127.0.0.1/init", "targetLinkUri": "com.myapp.app://target",
    "grantTypes": ["AUTHORIZATION_CODE", "IMPLICIT", "REFRESH_TOKEN", "DEVICE_CODE"],
    "responseTypes": ["CODE", "TOKEN", "ID_TOKEN"], "tokenEndpointAuthMethod": "PRIVATE_KEY_JWT",
    "pkceEnforcement": "S256_REQUIRED", "allowWildcardInRedirectUris": true,
    "redirectUris": ["https://client.example/*", "com.myapp.app://callback", "http://localhost/callback"],
    "postLogoutRedirectUris": ["https://client.example/bye", "com.myapp.app://logout"],
    "refreshTokenDuration": 3000000, "refreshTokenRollingDuration": 30000000,
    "refreshTokenRollingGracePeriodDuration": 80000, "refreshTokenType": "JSON_WEB_TOKEN",
    "additionalRefreshTokenReplayProtectionEnabled": false,
    "parRequirement": "REQUIRED", "parTimeout": 180, "requireSignedRequestObject": true,
    "jwksUrl": "https://client.example/jwks", "devicePathId": "mobileAppId-1",
    "deviceCustomVerificationUri": "https://client.example/verify", "deviceTimeout": 500,
    "devicePollingInterval": 10, "idpSignoff": true, "opSessionCheckEnabled": true,
    "requestScopesForMultipleResourcesEnabled": true, "includeX5t": true,
    "corsSettings": { "behavior": "ALLOW_SPECIFIC_ORIGINS",
    "origins": ["https://localhost", "https://*.client.example", "http://192.168.1.1"] },
    "mobile": { "bundleId": "com.client", "packageName": "com.client",
    "huaweiAppId": "1", "huaweiPackageName": "com.client",
    "passcodeRefreshDuration": { "duration": 45, "timeUnit": "SECONDS" },
    "passcodeGracePeriod": 5, "uriPrefix": "https://applink.example",
    "push": { "numberMatching": { "type": "SELECT_NUMBER" } },
    "integrityDetection": { "mode": "ENABLED", "excludedPlatforms": ["IOS"],
    "cacheDuration": { "amount": 30, "units": "HOURS" },
    "googlePlay": { "verificationType": "INTERNAL" } } }
}"#;

pub fn all(server: &TestServer) -> String {
    format!("/environments/{}/applications", server.tenant.id)
}

on_every_adapter! {
    async fn a_minimal_application_gets_the_defaults_of_pingone(server: TestServer) {
        let api = admin(&server).await;
        let made = Api::created(api.post(&all(&server), web("Minimal")).await);
        for (member, expected) in [
            ("clientId", made["id"].clone()),
            ("pkceEnforcement", json!("OPTIONAL")),
            ("parRequirement", json!("OPTIONAL")),
            ("parTimeout", json!(60)),
            ("refreshTokenDuration", json!(2_592_000)),
            ("additionalRefreshTokenReplayProtectionEnabled", json!(true)),
            ("supportUnsignedRequestObject", json!(false)),
            ("requireSignedRequestObject", json!(false)),
            ("hiddenFromAppPortal", json!(false)),
            ("assignActorRoles", json!(false)),
            ("requestScopesForMultipleResourcesEnabled", json!(false)),
            ("deviceTimeout", json!(600)),
            ("devicePollingInterval", json!(5)),
            ("idpSignoff", json!(false)),
            ("opSessionCheckEnabled", json!(false)),
            ("includeX5t", json!(false)),
            ("allowWildcardInRedirectUris", json!(false)),
            ("refreshTokenType", json!(null)),
            ("corsSettings", json!(null)),
            ("accessControl", json!(null)),
            ("postLogoutRedirectUris", json!(null)),
            ("clientSecret", json!(null)),
        ] {
            assert_eq!(made[member], expected, "{member}");
        }
        let path = format!("{}/{}", all(&server), text(&made, "/id"));
        for relation in ["attributes", "secret", "grants", "signOnPolicyAssignments"] {
            let href = text(&made, &format!("/_links/{relation}/href"));
            assert!(href.ends_with(&format!("{path}/{relation}")), "{href}");
            let _ = api.get(&href).await.expect_status(200);
        }
        for relation in ["self", "environment", "metadata", "keyRotationPolicy"] {
            let _ = api.get(&text(&made, &format!("/_links/{relation}/href"))).await.expect_status(200);
        }
        assert_eq!(text(&made, "/_links/metadata/href"), format!("{}/.well-known/openid-configuration", server.tenant.issuer()));
        let list = api.get(&all(&server)).await.expect_status(200).json();
        let list = list["_embedded"]["applications"].as_array().unwrap().clone();
        assert!(list.contains(&made));
        assert!(list.iter().all(|it| it["protocol"].is_string() && it["type"].is_string()));
    }

    async fn an_application_is_read_as_it_was_written(server: TestServer) {
        let api = admin(&server).await;
        let groups = format!("/environments/{}/groups", server.tenant.id);
        let group = Api::created(api.post(&groups, json!({ "name": "Few" })).await);
        let body = FULL.replace("@few", &text(&group, "/id"));
        let body: Value = serde_json::from_str(&body).unwrap();
        let made = Api::created(api.post(&all(&server), body.clone()).await);
        for (member, sent) in body.as_object().unwrap() {
            assert_eq!(&made[member], sent, "{member}");
        }
        let path = format!("{}/{}", all(&server), text(&made, "/id"));
        assert_eq!(api.get(&path).await.expect_status(200).json(), made);
        let again = api.put(&path, made.clone()).await.expect_status(200).json();
        assert_eq!(again, made);
        // What a PUT leaves out goes back to its default; type and protocol stay.
        let less = api.put(&path, web("Less")).await.expect_status(200).json();
        assert_eq!(less["type"], "NATIVE_APP");
        for gone in ["description", "icon", "corsSettings", "jwksUrl", "refreshTokenType", "accessControl"] {
            assert_eq!(less[gone], json!(null), "{gone}");
        }
        assert_eq!(less["parTimeout"], 60);
        assert_eq!(less["mobile"], json!({ "integrityDetection": { "mode": "DISABLED" }, "passcodeGracePeriod": 5,
            "passcodeRefreshDuration": { "duration": 30, "timeUnit": "SECONDS" } }));
        let _ = api.delete(&path).await.expect_status(204);
        let body = refused(api.get(&path).await, 404, "NOT_FOUND", None);
        assert!(text(&body, "/message").starts_with("Unable to find Application with ID"));
        let body = refused(api.get(&format!("{path}/secret")).await, 404, "NOT_FOUND", None);
        assert!(text(&body, "/message").ends_with("The requested resource was not found."), "{body}");
    }

    async fn null_turns_the_protection_against_replay_off(server: TestServer) {
        let api = admin(&server).await;
        let mut body = web("Unprotected");
        let name = "additionalRefreshTokenReplayProtectionEnabled";
        body[name] = json!(null);
        let made = Api::created(api.post(&all(&server), body).await);
        assert_eq!(made[name], false);
    }

    async fn what_was_made_signs_people_on(server: TestServer) {
        let api = admin(&server).await;
        let made = Api::created(api.post(&all(&server), web("Fresh")).await);
        let path = format!("{}/{}", all(&server), text(&made, "/id"));
        let secret = api.get(&format!("{path}/secret")).await.expect_status(200).text("/secret");
        let app = countersign_testkit::App {
            id: text(&made, "/id"), secret, auth_method: "CLIENT_SECRET_BASIC",
        };
        let browser = server.tenant.browser();
        let code = server.tenant.authorize(&app).set("scope", "openid").code(&browser).await;
        let tokens = server.tenant.redeem(&app, &code).send(&browser).await.expect_status(200);
        let claims = server.tenant.verify(&tokens.json()["id_token"]).await;
        assert_eq!(claims.claims["sub"], json!(server.tenant.person.id));
        // Disabled, it does nothing from the next request on.
        let mut off = web("Fresh");
        off["enabled"] = json!(false);
        let _ = api.put(&path, off).await.expect_status(200);
        let answer = server.tenant.authorize(&app).set("scope", "openid").send(&browser).await;
        assert!(answer.status >= 400, "{}", answer.status);
    }

    async fn a_worker_is_for_administrators_unless_it_says_otherwise(server: TestServer) {
        let api = admin(&server).await;
        let mut body = web("Worker");
        body["type"] = json!("WORKER");
        body["grantTypes"] = json!(["CLIENT_CREDENTIALS"]);
        let made = Api::created(api.post(&all(&server), body.clone()).await);
        assert_eq!(made["accessControl"], json!({ "role": { "type": "ADMIN_USERS_ONLY" } }));
        let roles = format!("{}/{}/roleAssignments", all(&server), text(&made, "/id"));
        let none = api.get(&roles).await.expect_status(200).json();
        assert_eq!(none["size"], 0);
        // With the roles of whoever makes it, if that is asked for.
        body["assignActorRoles"] = json!(true);
        let made = Api::created(api.post(&all(&server), body).await);
        let roles = format!("{}/{}/roleAssignments", all(&server), text(&made, "/id"));
        let copied = api.get(&roles).await.expect_status(200).json();
        assert_eq!(copied["size"], 4, "{copied}");
    }

    async fn threat_39_nobody_becomes_a_worker_with_more_roles_by_its_keys(server: TestServer) {
        let strong = admin(&server).await;
        let mut body = web("Strong");
        body["type"] = json!("WORKER");
        body["grantTypes"] = json!(["CLIENT_CREDENTIALS"]);
        body["assignActorRoles"] = json!(true);
        let made = Api::created(strong.post(&all(&server), body.clone()).await);
        let path = format!("{}/{}", all(&server), text(&made, "/id"));
        let weak = worker(&server, 41, json!(["Client Application Developer"])).await;
        refused(weak.get(&format!("{path}/secret")).await, 403, "ACCESS_FAILED", None);
        refused(weak.post(&format!("{path}/secret"), json!({})).await, 403, "ACCESS_FAILED", None);
        body["tokenEndpointAuthMethod"] = json!("PRIVATE_KEY_JWT");
        body["jwksUrl"] = json!("https://evil.example/jwks");
        refused(weak.put(&path, body.clone()).await, 403, "ACCESS_FAILED", None);
        let _ = strong.put(&path, body.clone()).await.expect_status(200);
        body["description"] = json!("Words give nothing away");
        let _ = weak.put(&path, body).await.expect_status(200);
    }

    async fn what_a_partner_points_at_is_there_and_its_name_is_its_own(server: TestServer) {
        let api = admin(&server).await;
        let certificate = certificate(&server, &api).await;
        let partner = |name: &str| json!({ "name": name, "enabled": true, "type": "WEB_APP", "protocol": "SAML",
            "acsUrls": ["https://client.example/acs"], "assertionDuration": 3600, "spEntityId": name,
            "spVerification": { "certificates": [{ "id": certificate }] } });
        let made = Api::created(api.post(&all(&server), partner("sp:one")).await);
        let nobody = json!("00000000-0000-4000-8000-000000000001");
        for (member, value, code, target) in [
            ("spEntityId", json!("sp:one"), "UNIQUENESS_VIOLATION", "spEntityId"),
            ("idpSigning", json!({ "key": { "id": nobody } }), "INVALID_VALUE", "idpSigning.key.id"),
            ("spVerification", json!({ "certificates": [{ "id": certificate }, { "id": nobody }] }), "INVALID_VALUE",
                "spVerification.certificates[1].id"),
            ("spEncryption", json!({ "algorithm": "AES_128", "certificate": { "id": nobody } }), "INVALID_VALUE",
                "spEncryption.certificate.id"),
            ("sloEndpoint", json!("nope"), "INVALID_VALUE", "sloEndpoint"),
            ("sloResponseEndpoint", json!("ftp://client.example/"), "INVALID_VALUE", "sloResponseEndpoint"),
        ] {
            let mut body = partner("sp:two");
            body[member] = value;
            refused(api.post(&all(&server), body).await, 400, "INVALID_DATA", Some((code, target)));
        }
        let other = Api::created(api.post(&all(&server), partner("sp:two")).await);
        let path = format!("{}/{}", all(&server), text(&other, "/id"));
        assert_eq!(api.put(&path, other.clone()).await.expect_status(200).json(), other);
        let mut same = other;
        same["spEntityId"] = made["spEntityId"].clone();
        refused(api.put(&path, same).await, 400, "INVALID_DATA", Some(("UNIQUENESS_VIOLATION", "spEntityId")));
        let mut fed = json!({ "name": "Fed", "enabled": true, "type": "WEB_APP", "protocol": "WS_FED",
            "domainName": "client.example", "replyUrl": "https://client.example/", "sloEndpoint": "nope",
            "idpSigning": { "key": { "id": nobody }, "algorithm": "SHA256withRSA" } });
        refused(api.post(&all(&server), fed.clone()).await, 400, "INVALID_DATA", Some(("INVALID_VALUE", "sloEndpoint")));
        fed.as_object_mut().unwrap().remove("sloEndpoint");
        refused(api.post(&all(&server), fed).await, 400, "INVALID_DATA", Some(("INVALID_VALUE", "idpSigning.key.id")));
    }

    async fn applications_of_other_protocols_are_kept(server: TestServer) {
        let api = admin(&server).await;
        let certificate = certificate(&server, &api).await;
        let saml = json!({
            "name": "SAML", "enabled": true, "type": "WEB_APP", "protocol": "SAML",
            "homePageUrl": "https://client.example",
            "acsUrls": ["https://client.example/acs"], "assertionDuration": 3600,
            "spEntityId": "sp:entity", "nameIdFormat": "urn:x", "responseSigned": true,
            "sloBinding": "HTTP_REDIRECT", "sloEndpoint": "https://client.example/slo", "sloWindow": 3,
            "spVerification": { "authnRequestSigned": true,
                "certificates": [{ "id": certificate }] },
            "virtualServerIdSettings": { "enabled": true, "virtualServerIds": [{ "vsId": "a", "default": true }] },
        });
        let made = Api::created(api.post(&all(&server), saml.clone()).await);
        for (member, sent) in saml.as_object().unwrap() {
            assert_eq!(&made[member], sent, "{member}");
        }
        assert_eq!(made["assertionSigned"], true);
        assert_eq!((&made["clientId"], &made["tokenEndpointAuthMethod"]), (&json!(null), &json!(null)));
        let path = format!("{}/{}", all(&server), text(&made, "/id"));
        assert_eq!(api.put(&path, made.clone()).await.expect_status(200).json(), made);
        refused(api.get(&format!("{path}/secret")).await, 404, "NOT_FOUND", None);
        let core = api.get(&format!("{path}/attributes")).await.expect_status(200).json();
        assert_eq!(core["_embedded"]["attributes"][0]["name"], "saml_subject");

        let link = json!({ "name": "Link", "enabled": true, "type": "PORTAL_LINK_APP",
            "protocol": "EXTERNAL_LINK", "homePageUrl": "https://client.example" });
        let made = Api::created(api.post(&all(&server), link).await);
        assert_eq!(made["homePageUrl"], "https://client.example");
        assert_eq!(made["grantTypes"], json!(null));

        let mut wrong = saml;
        wrong.as_object_mut().unwrap().remove("spEntityId");
        refused(api.post(&all(&server), wrong).await, 400, "INVALID_DATA", Some(("REQUIRED_VALUE", "spEntityId")));
    }

    async fn built_in_applications_stay(server: TestServer) {
        let api = admin(&server).await;
        let list = api.get(&all(&server)).await.expect_status(200).json();
        let of = |type_: &str| {
            let list = list["_embedded"]["applications"].as_array().unwrap();
            list.iter().find(|it| it["type"] == type_).unwrap().clone()
        };
        for type_ in ["PING_ONE_ADMIN_CONSOLE", "PING_ONE_PORTAL", "PING_ONE_SELF_SERVICE"] {
            let one = of(type_);
            assert_eq!(one["pkceEnforcement"], "OPTIONAL", "{type_}");
            let icon = server.tenant.browser().get(text(&one, "/icon/href")).send().await.expect_status(200);
            assert_eq!(icon.header("content-type"), Some("image/svg+xml"), "{type_}");
            // What was read can be written, and is no change.
            let path = format!("{}/{}", all(&server), text(&one, "/id"));
            let mut again = api.put(&path, one.clone()).await.expect_status(200).json();
            again["updatedAt"] = one["updatedAt"].clone();
            assert_eq!(again, one, "{type_}");
        }
        let portal = of("PING_ONE_PORTAL");
        let path = format!("{}/{}", all(&server), text(&portal, "/id"));
        refused(api.delete(&path).await, 400, "REQUEST_FAILED", Some(("CONSTRAINT_VIOLATION", "")));
        let mut changed = portal.clone();
        changed["applyDefaultTheme"] = json!(false);
        changed["redirectUris"] = json!(["https://evil.example"]);
        changed["name"] = json!("Mine");
        // As the Terraform provider writes that there is none.
        changed["icon"] = json!({ "id": "", "href": "" });
        let answer = api.put(&path, changed).await.expect_status(200).json();
        assert_eq!(answer["applyDefaultTheme"], false);
        assert_eq!((&answer["redirectUris"], &answer["name"]), (&json!(null), &portal["name"]));
        refused(api.get(&format!("{path}/secret")).await, 404, "NOT_FOUND", None);
        let console = of("PING_ONE_ADMIN_CONSOLE");
        let path = format!("{}/{}", all(&server), text(&console, "/id"));
        let opened = json!({ "pkceEnforcement": "S256_REQUIRED", "enabled": false, "accessControl": {} });
        let answer = api.put(&path, opened).await.expect_status(200).json();
        assert_eq!(answer["pkceEnforcement"], "S256_REQUIRED");
        assert_eq!((&answer["enabled"], &answer["accessControl"]), (&json!(true), &console["accessControl"]));
        let grants = format!("{path}/grants");
        refused(api.get(&grants).await, 404, "NOT_FOUND", None);
        let mut made = web("Portal of mine");
        made["type"] = json!("PING_ONE_PORTAL");
        refused(api.post(&all(&server), made).await, 400, "INVALID_DATA", Some(("INVALID_VALUE", "type")));
    }

    async fn an_application_that_cannot_be_made_says_why(server: TestServer) {
        let api = admin(&server).await;
        let nobody = "00000000-0000-4000-8000-000000000009";
        for (member, value, code, target) in [
            ("name", json!(null), "REQUIRED_VALUE", "name"),
            ("name", json!(""), "EMPTY_VALUE", "name"),
            ("name", json!("x".repeat(257)), "SIZE_LIMIT_EXCEEDED", "name"),
            ("enabled", json!(null), "REQUIRED_VALUE", "enabled"),
            ("type", json!(null), "REQUIRED_VALUE", "type"),
            ("type", json!("TOASTER"), "INVALID_VALUE", "type"),
            ("protocol", json!("GOPHER"), "INVALID_VALUE", "protocol"),
            ("protocol", json!(null), "REQUIRED_VALUE", "protocol"),
            ("grantTypes", json!(null), "REQUIRED_VALUE", "grantTypes"),
            ("grantTypes", json!(["WISH"]), "INVALID_VALUE", "grantTypes[0]"),
            ("tokenEndpointAuthMethod", json!(null), "REQUIRED_VALUE", "tokenEndpointAuthMethod"),
            ("tokenEndpointAuthMethod", json!("PRIVATE_KEY_JWT"), "REQUIRED_VALUE", "jwksUrl"),
            ("redirectUris", json!(["http://client.example"]), "INVALID_VALUE", "redirectUris[0]"),
            ("redirectUris", json!(["https://a.example", "javascript:x"]), "INVALID_VALUE", "redirectUris[1]"),
            ("postLogoutRedirectUris", json!(["javascript:x"]), "INVALID_VALUE", "postLogoutRedirectUris[0]"),
            ("loginPageUrl", json!("http://client.example"), "INVALID_VALUE", "loginPageUrl"),
            ("homePageUrl", json!("ftp://client.example"), "INVALID_VALUE", "homePageUrl"),
            ("initiateLoginUri", json!("nowhere"), "INVALID_VALUE", "initiateLoginUri"),
            ("targetLinkUri", json!("javascript:alert(1)"), "INVALID_VALUE", "targetLinkUri"),
            ("refreshTokenDuration", json!(59), "OUT_OF_RANGE", "refreshTokenDuration"),
            ("refreshTokenRollingDuration", json!(59), "OUT_OF_RANGE", "refreshTokenRollingDuration"),
            ("refreshTokenRollingDuration", json!(60), "CONSTRAINT_VIOLATION", "refreshTokenDuration"),
            ("refreshTokenRollingGracePeriodDuration", json!(86_401), "OUT_OF_RANGE", "refreshTokenRollingGracePeriodDuration"),
            ("parTimeout", json!(0), "OUT_OF_RANGE", "parTimeout"),
            ("parTimeout", json!(601), "OUT_OF_RANGE", "parTimeout"),
            ("deviceTimeout", json!(3_601), "OUT_OF_RANGE", "deviceTimeout"),
            ("devicePollingInterval", json!(61), "OUT_OF_RANGE", "devicePollingInterval"),
            ("devicePathId", json!("a b"), "INVALID_VALUE", "devicePathId"),
            ("jwksUrl", json!("http://client.example/jwks"), "INVALID_VALUE", "jwksUrl"),
            ("jwks", json!("{}"), "INVALID_VALUE", "jwks"),
            ("jwks", json!(r#"{"keys":[{"kty":"RSA"}]}"#), "INVALID_VALUE", "jwks"),
            ("jwks", json!(r#"{"keys":[{"kty":"X","n":"AQ","e":"AQAB"}]}"#), "INVALID_VALUE", "jwks"),
            ("jwks", json!(r#"{"keys":[{"kty":"RSA","n":"AQ","e":"AQAB","dp":"AQ"}]}"#), "INVALID_VALUE", "jwks"),
            ("jwks", json!("{\"keys\":[{\"kty\":\"oct\",\"k\":\"x\"}]}"), "INVALID_VALUE", "jwks"),
            ("corsSettings", json!({ "behavior": "ALLOW_SPECIFIC_ORIGINS" }), "REQUIRED_VALUE", "corsSettings.origins"),
            ("corsSettings", json!({ "behavior": "ALLOW_SPECIFIC_ORIGINS", "origins": ["https://a.example/x"] }), "INVALID_VALUE", "corsSettings.origins[0]"),
            ("corsSettings", json!({ "behavior": "ALLOW_SPECIFIC_ORIGINS", "origins": ["https://[::1]"] }), "INVALID_VALUE", "corsSettings.origins[0]"),
            ("corsSettings", json!({ "behavior": "ALLOW_SPECIFIC_ORIGINS", "origins": vec!["https://a.example"; 21] }), "SIZE_LIMIT_EXCEEDED", "corsSettings.origins"),
            ("accessControl", json!({ "group": { "type": "ANY_GROUP", "groups": [{ "id": nobody }] } }), "INVALID_VALUE", "accessControl.group.groups"),
            ("signing", json!({ "keyRotationPolicy": { "id": nobody } }), "INVALID_VALUE", "signing.keyRotationPolicy.id"),
            ("icon", json!({ "id": nobody, "href": "javascript:x" }), "INVALID_VALUE", "icon.href"),
            ("tags", json!(["PING_FED_CONNECTION_INTEGRATION"]), "INVALID_VALUE", "tags"),
            ("mobile", json!({ "bundleId": "x" }), "CONSTRAINT_VIOLATION", "mobile"),
        ] {
            let mut body = web("Wrong");
            body[member] = value;
            refused(api.post(&all(&server), body).await, 400, "INVALID_DATA", Some((code, target)));
        }
        let mut body = web("Telephone");
        body["type"] = json!("NATIVE_APP");
        body["mobile"] = json!({ "integrityDetection": { "mode": "ENABLED", "excludedPlatforms": ["GOOGLE", "IOS"] } });
        refused(api.post(&all(&server), body).await, 400, "INVALID_DATA",
            Some(("SIZE_LIMIT_EXCEEDED", "mobile.integrityDetection.excludedPlatforms")));
        let mut body = web("Wrong");
        body["jwksUrl"] = json!("https://client.example/jwks");
        body["jwks"] = json!(jwt::client_jwks().to_string());
        refused(api.post(&all(&server), body).await, 400, "INVALID_DATA",
            Some(("CONSTRAINT_VIOLATION", "jwksUrl")));
        let mut body = web("Wrong");
        body["supportUnsignedRequestObject"] = json!(true);
        body["requireSignedRequestObject"] = json!(true);
        refused(api.post(&all(&server), body).await, 400, "INVALID_DATA",
            Some(("CONSTRAINT_VIOLATION", "requireSignedRequestObject")));
        let mut body = web("Wild");
        body["redirectUris"] = json!(["https://client.example/*"]);
        let body = refused(api.post(&all(&server), body).await, 400, "REQUEST_FAILED", None);
        assert_eq!(body["message"], "Wildcards are not allowed in redirect URIs.");
        let mut body = web("Path");
        body["devicePathId"] = json!("here");
        let _ = Api::created(api.post(&all(&server), body.clone()).await);
        refused(api.post(&all(&server), body).await, 400, "INVALID_DATA",
            Some(("UNIQUENESS_VIOLATION", "devicePathId")));
    }

    async fn who_needs_a_proof_is_not_set_to_none(server: TestServer) {
        let api = admin(&server).await;
        for (type_, grant, is_made) in [
            ("WEB_APP", "AUTHORIZATION_CODE", true),
            ("WEB_APP", "DEVICE_CODE", true),
            ("WORKER", "AUTHORIZATION_CODE", true),
            ("WEB_APP", "CLIENT_CREDENTIALS", false),
            ("WEB_APP", "TOKEN_EXCHANGE", false),
            ("WEB_APP", "CIBA", false),
            ("WORKER", "CLIENT_CREDENTIALS", false),
            ("SERVICE", "AUTHORIZATION_CODE", false),
        ] {
            let mut body = web(&format!("{type_} with {grant}"));
            body["type"] = json!(type_);
            body["grantTypes"] = json!(["AUTHORIZATION_CODE", grant]);
            let mut public = body.clone();
            public["tokenEndpointAuthMethod"] = json!("NONE");
            let answer = api.post(&all(&server), public.clone()).await;
            if is_made {
                let _ = Api::created(answer);
                continue;
            }
            let why = Some(("CONSTRAINT_VIOLATION", "tokenEndpointAuthMethod"));
            refused(answer, 400, "INVALID_DATA", why);
            // Nor does it become so.
            let made = Api::created(api.post(&all(&server), body).await);
            let path = format!("{}/{}", all(&server), text(&made, "/id"));
            refused(api.put(&path, public).await, 400, "INVALID_DATA", why);
        }
    }

    async fn certificate_login_needs_a_key_that_issues(server: TestServer) {
        let api = admin(&server).await;
        let mut body = web("Kerberos");
        body["kerberos"] = json!({ "key": { "id": "00000000-0000-4000-8000-000000000009" } });
        let refusal = refused(api.post(&all(&server), body.clone()).await, 400, "REQUEST_FAILED",
            Some(("INVALID_VALUE", "kerberos.key.id")));
        assert!(text(&refusal, "/message").starts_with("Key not found for id"));
        // It issues as long as it is used.
        let keys = format!("/environments/{}/keys", server.tenant.id);
        let key = Api::created(api.post(&keys, json!({ "name": "issues", "algorithm": "RSA", "keyLength": 2048,
            "signatureAlgorithm": "SHA256withRSA", "subjectDN": "CN=issues, O=Tests", "usageType": "ISSUANCE",
            "validityPeriod": 365 })).await);
        body["kerberos"] = json!({ "key": { "id": key["id"] } });
        let _ = Api::created(api.post(&all(&server), body).await);
        let path = format!("{keys}/{}", text(&key, "/id"));
        let mut other = key.clone();
        other["usageType"] = json!("SIGNING");
        refused(api.put(&path, other).await, 400, "INVALID_DATA", Some(("CONSTRAINT_VIOLATION", "usageType")));
        assert_eq!(api.put(&path, key.clone()).await.expect_status(200).json(), key);
    }

    async fn the_attributes_come_along_when_they_are_asked_for(server: TestServer) {
        let api = admin(&server).await;
        let made = Api::created(api.post(&all(&server), web("Expanded")).await);
        let path = format!("{}/{}?expand=attributes", all(&server), text(&made, "/id"));
        let read = api.get(&path).await.expect_status(200).json();
        assert_eq!(read["_embedded"]["attributes"][0]["name"], "sub");
    }
}
