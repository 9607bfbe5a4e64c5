//! What is exported and imported elsewhere is the same there.

use std::sync::{Arc, Mutex};

use countersign_protocol::import::{ExportOptions, export};
use countersign_testkit::{Adapter, TestServer, run};
use serde_json::{Value, json};

use super::subject::Subject;
use super::{fresh, owner, samples};

#[test]
fn what_is_exported_is_the_same_elsewhere() {
    let exported = Arc::new(Mutex::new((String::new(), String::new())));
    let here = Arc::clone(&exported);
    run(Adapter::Memory, |server| async move {
        *here.lock().unwrap() = everything(&server).await;
    });
    let (id, text) = exported.lock().unwrap().clone();
    run(Adapter::Memory, |server| async move {
        let first: Value = serde_json::from_str(&text).unwrap();
        server.import(&first).await;
        let text = exported_from(&server, &id).await;
        let second: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(first["environments"], second["environments"]);
    });
}

/// An environment with one of each sample in it: its id, and its file.
async fn everything(server: &TestServer) -> (String, String) {
    let api = owner(server).await;
    let ground = fresh(&api).await;
    let mut made = Vec::new();
    let of_environment = |path: &str| path.contains("{environment}");
    for sample in samples::all().iter().filter(|it| of_environment(it.path)) {
        let subject = Subject::new(&api, &ground, sample);
        let answer = subject.make(&subject.least()).await;
        if let Some(id) = answer["id"].as_str() {
            made.push((sample.name(), id.to_owned()));
        }
    }
    let id = ground.id("environment").to_owned();
    let text = exported_from(server, &id).await;
    let lost: Vec<_> = made
        .iter()
        .filter(|(_, id)| !text.contains(id.as_str()))
        .map(|(name, _)| name)
        .collect();
    assert!(lost.is_empty(), "not in the exported file: {lost:#?}");
    // Of what no sample is made.
    for name in [
        "certificate",
        "credential",
        "device",
        "pushCredential",
        "oauthConsent",
    ] {
        assert!(text.contains(ground.id(name)), "{name} is not in the file");
    }
    (id, text)
}

pub(super) async fn exported_from(server: &TestServer, id: &str) -> String {
    let options = ExportOptions {
        secrets: true,
        ..ExportOptions::default()
    };
    let text = export(&server.ports, id.parse().unwrap(), options).await;
    text.unwrap().unwrap()
}

#[test]
fn what_is_kept_for_others_is_written_by_hand_and_exported() {
    run(Adapter::Memory, |server| async move {
        let certificate = rcgen::generate_simple_self_signed(vec!["a.example".to_owned()]).unwrap();
        let by_hand = by_hand(&certificate.cert.pem());
        server.import(&by_hand).await;
        let id = "3f2a6d1c-1111-4222-8333-444455556666";
        let first = exported_from(&server, id).await;
        // Again changes nothing, whichever file it is.
        server.import(&by_hand).await;
        assert_eq!(exported_from(&server, id).await, first);
        server.import(&serde_json::from_str(&first).unwrap()).await;
        assert_eq!(exported_from(&server, id).await, first);
        let silent = export(&server.ports, id.parse().unwrap(), ExportOptions::default()).await;
        let silent = silent.unwrap().unwrap();
        assert!(!silent.contains("s3cret"), "{silent}");
        assert!(!silent.contains(SECRET), "{silent}");
        server.import(&serde_json::from_str(&silent).unwrap()).await;
        assert_eq!(exported_from(&server, id).await, first);
        let file: Value = serde_json::from_str(&first).unwrap();
        let environment = &file["environments"][0];
        let gateway = &environment["gateways"][0];
        assert_eq!(gateway["bindPassword"], "s3cret-1");
        assert_eq!(gateway["kerberos"]["serviceAccountPassword"], "s3cret-2");
        assert_eq!(
            environment["phoneDeliverySettings"][0]["secret"],
            "s3cret-3"
        );
        assert_eq!(environment["emailDeliverySettings"]["secret"], "s3cret-4");
        let webhook = &environment["subscriptions"][0]["httpEndpoint"];
        assert_eq!(webhook["headers"]["Authorization"], "s3cret-5");
        let devices = environment["users"][0]["devices"].as_array().unwrap();
        let of_type = |type_: &str| devices.iter().find(|it| it["type"] == type_).unwrap();
        assert_eq!(of_type("TOTP")["secret"], SECRET);
        assert_eq!(of_type("EMAIL")["email"], "ada@a.example");
        let silent: Value = serde_json::from_str(&silent).unwrap();
        let silent = silent["environments"][0]["users"][0]["devices"]
            .as_array()
            .unwrap()
            .clone();
        assert_eq!(silent, [of_type("EMAIL").clone()]);
        let ada = &environment["users"][0];
        let consents = ada["oauthConsents"].as_array().unwrap();
        let to = |name: &str| {
            consents
                .iter()
                .find(|it| it["applicationName"] == name)
                .unwrap()
        };
        assert_eq!(to("Web")["scope"], json!(["openid", "profile"]));
        assert_eq!(to("Web")["consentedAt"], "2026-01-02T00:00:00.000Z");
        assert_eq!(to("Elsewhere")["applicationType"], "EXTERNAL");
        let language = &environment["agreements"][0]["languages"][0];
        let last = &ada["agreementConsents"][0]["lastConsent"];
        assert_eq!(last["language"]["id"], language["id"]);
        assert_eq!(last["revision"]["id"], language["revisions"][0]["id"]);
        assert_eq!(last["status"], "ACCEPTED");
        assert_eq!(gateway["credentials"][0]["id"], CREDENTIAL);
        assert_eq!(environment["certificates"][0]["usageType"], "SIGNING");
        assert_eq!(environment["billOfMaterials"]["solutionType"], "WORKFORCE");
        let pushes = environment["applications"].as_array().unwrap().iter();
        let pushes: Vec<_> = pushes
            .filter_map(|it| it["pushCredentials"][0]["type"].as_str())
            .collect();
        assert_eq!(pushes, ["APNS"]);
        let given = |holder: &Value| {
            let given = holder["roleAssignments"].as_array().unwrap().iter();
            let given = given.map(|it| (it["role"]["id"].clone(), it["scope"]["id"].clone()));
            given.collect::<Vec<_>>()
        };
        let custom = (environment["roles"][0]["id"].clone(), json!(id));
        assert_eq!(given(gateway), std::slice::from_ref(&custom));
        let of_group = given(&environment["groups"][0]);
        assert!(of_group.contains(&custom), "{of_group:?}");
        let web = environment["applications"].as_array().unwrap().iter();
        let web = &web.clone().find(|it| it["name"] == "Web").unwrap()["id"];
        assert!(
            of_group.iter().any(|(_, scope)| scope == web),
            "{of_group:?}"
        );
    });
}

#[test]
fn a_partner_is_written_by_hand_as_the_api_has_it() {
    run(Adapter::Memory, |server| async move {
        let id = "3f2a6d1c-1111-4222-8333-444455556666";
        let import = async |application: Value| {
            let environment = json!({ "id": id, "name": "By hand", "defaults": false,
                "emailDeliverySettings": { "host": "mail.a.example", "username": "u", "secret": "s3cret-4" },
                "applications": [application] });
            let file =
                json!({ "organization": { "name": "Tests" }, "environments": [environment] });
            server.import(&file).await;
        };
        let partner = json!({ "name": "Partner", "type": "WEB_APP", "protocol": "SAML",
            "homePageUrl": "https://a.example/", "spEntityId": "urn:a", "assertionDuration": 60,
            "acsUrls": ["https://a.example/acs"], "sloEndpoint": "https://a.example/slo", "sloWindow": 2 });
        import(partner.clone()).await;
        let api = owner(&server).await;
        let all = api.get(&format!("/environments/{id}/applications")).await;
        let all = all.expect_status(200).json();
        let shown = &all["_embedded"]["applications"][0];
        for (name, value) in partner.as_object().unwrap() {
            assert_eq!(shown[name], *value, "{name}");
        }
        let mail = format!("/environments/{id}/notificationsSettings/emailDeliverySettings");
        let mail = api.get(&mail).await.expect_status(200).json();
        assert_eq!(mail["protocol"], "SMTPS");
        let first = exported_from(&server, id).await;
        let file: Value = serde_json::from_str(&first).unwrap();
        let written = &file["environments"][0]["applications"][0];
        assert_eq!(
            (&written["spEntityId"], &written["saml"]),
            (&json!("urn:a"), &Value::Null)
        );
        server.import(&file).await;
        import(partner).await;
        assert_eq!(exported_from(&server, id).await, first);
        // What is not mentioned stays, null goes back to the default, and the stored form is read.
        import(json!({ "name": "Partner", "sloWindow": null, "assertionDuration": 90 })).await;
        let after = exported_from(&server, id).await;
        let after: Value = serde_json::from_str(&after).unwrap();
        let after = &after["environments"][0]["applications"][0];
        assert_eq!(
            (&after["sloWindow"], &after["assertionDuration"]),
            (&Value::Null, &json!(90))
        );
        assert_eq!(after["sloEndpoint"], "https://a.example/slo");
        import(json!({ "name": "Nested", "type": "WEB_APP", "protocol": "SAML", "saml": {
            "spEntityId": "urn:b", "assertionDuration": 60, "acsUrls": ["https://a.example/acs"] } })).await;
    });
}

/// What an authenticator application was given.
const SECRET: &str = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ";
const CREDENTIAL: &str = "99999999-0000-4000-8000-000000000001";

/// A file as somebody writes it: names for ids, and no more than is needed.
fn by_hand(certificate: &str) -> Value {
    let environment = json!({
        "id": "3f2a6d1c-1111-4222-8333-444455556666", "name": "By hand", "defaults": false,
        "schemaAttributes": [{ "name": "shoeSize", "type": "STRING" }],
        "standardAttributes": [{ "name": "nickname", "enabled": false }],
        "roles": [{ "name": "Looks on", "applicableTo": ["ENVIRONMENT"],
            "permissions": [{ "id": "users:read" }] }],
        "translations": [{ "locale": "de", "texts": { "a.b": "Hallo" } }],
        "mfaSettings": { "pairing": { "maxAllowedDevices": 5, "pairingKeyFormat": "NUMERIC" } },
        "emailDomains": [{ "domainName": "a.example",
            "trustedEmails": [{ "emailAddress": "no-reply@a.example" }] }],
        "emailDeliverySettings": { "protocol": "SMTPS", "host": "mail.a.example", "port": 465,
            "username": "u", "secret": "s3cret-4" },
        "phoneDeliverySettings": [{ "provider": "CUSTOM_TWILIO", "sid": "AC1", "secret": "s3cret-3" }],
        "populations": [{ "name": "Staff", "default": true }],
        "gateways": [{ "name": "Directory", "type": "LDAP", "bindDN": "cn=a", "bindPassword": "s3cret-1",
            "serversHostAndPort": ["ds.a.example:636"], "vendor": "PingDirectory",
            "kerberos": { "serviceAccountUserPrincipalName": "a@b", "serviceAccountPassword": "s3cret-2" },
            "userTypes": [{ "name": "People", "searchBaseDn": "dc=a", "passwordAuthority": "LDAP",
                "orderedCorrelationAttributes": ["dn"], "newUserLookup": { "population": "Staff",
                    "ldapFilterPattern": "(uid=${identifier})",
                    "attributeMappings": [{ "name": "username", "value": "${ldapAttributes.uid}" }] } }],
            "roleAssignments": ["Looks on"], "credentials": [{ "id": CREDENTIAL }] }],
        "certificates": [{ "usageType": "SIGNING", "certificate": certificate }],
        "billOfMaterials": { "solutionType": "WORKFORCE", "products": [{ "type": "PING_ONE_BASE" }] },
        "deviceAuthenticationPolicies": [{ "name": "Factors", "default": true, "sms": { "enabled": false },
            "voice": { "enabled": false }, "email": { "enabled": true }, "mobile": { "enabled": false },
            "totp": { "enabled": true } }],
        "users": [{ "username": "ada", "population": "Staff", "devices": [
            { "type": "TOTP", "secret": SECRET, "status": "ACTIVE", "nickname": "Phone" },
            { "type": "EMAIL", "email": "ada@a.example", "policy": "Factors" }],
            "oauthConsents": [
                { "application": "Web", "scope": ["openid", "profile"], "consentedAt": "2026-01-02T00:00:00Z" },
                { "applicationName": "Elsewhere", "scope": ["read"], "status": "REVOKED" }],
            "agreementConsents": [{ "agreement": "Terms", "lastConsent": {
                "language": "en", "revision": "2026-01-01T00:00:00Z", "consentedAt": "2026-01-03T00:00:00Z" } }] }],
        "agreements": [{ "name": "Terms", "enabled": true, "languages": [{ "locale": "en",
            "revisions": [{ "effectiveAt": "2026-01-01T00:00:00Z", "text": "Be kind." }] }] }],
        "groups": [{ "name": "Watchers", "roleAssignments": ["Looks on",
            { "role": "Application Owner", "scope": { "type": "APPLICATION", "name": "Web" } }] }],
        "applications": [{ "name": "Web", "type": "WEB_APP", "clientSecret": "Change-me-change-me",
            "tokenEndpointAuthMethod": "CLIENT_SECRET_BASIC" },
            { "name": "Mobile", "type": "NATIVE_APP", "tokenEndpointAuthMethod": "NONE",
                "pushCredentials": [{ "type": "APNS" }] }],
        "subscriptions": [{ "name": "SIEM", "format": "ACTIVITY",
            "httpEndpoint": { "url": "https://siem.a.example/", "headers": { "Authorization": "s3cret-5" } },
            "filterOptions": { "includedActionTypes": ["USER.CREATED"] } }],
    });
    json!({ "organization": { "name": "Tests" }, "environments": [environment] })
}
