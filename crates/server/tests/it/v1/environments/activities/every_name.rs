//! Every name that an event can have is seen at `/activities`, here or in another test, or says why
//! not; and every name of PingOne's that this server has not says why, too.

use std::collections::BTreeSet;
use std::io::Cursor;

use countersign_protocol::audit;
use countersign_protocol::rotation::KEY_SET_AGE;
use countersign_protocol::v1::route::{self, Media, Method};
use countersign_testkit::{Browser, TestServer, on_every_adapter};
use image::{ImageBuffer, ImageFormat, Rgb};
use serde_json::{Value, json};

use super::listed;
use crate::rp;
use crate::v1::ground::Ground;
use crate::v1::{Api, fresh, owner, text};

/// Names that other tests see: in which file, in which test.
const ELSEWHERE: &[(&str, &str, &[&str])] = &[
    (
        include_str!("../activities.rs"),
        "a_flow_that_expired_is_told_of_when_it_is_swept",
        &["FLOW.DELETED"],
    ),
    (
        include_str!("../activities.rs"),
        "a_flow_that_fails_as_it_begins_is_told_as_a_denial",
        &["FLOW.CREATED", "USER.ACCESS_DENIED"],
    ),
    (
        include_str!("../activities.rs"),
        "a_wrong_password_is_told_without_a_write_of_its_own",
        &["PASSWORD.CHECK_FAILED"],
    ),
    (
        include_str!("../activities.rs"),
        "whoever_recovers_a_password_is_told_to_be_unlocked",
        &["PASSWORD.RECOVERY", "PASSWORD.UNLOCKED", "USER.UNLOCKED"],
    ),
    (
        include_str!("../activities.rs"),
        "a_sign_off_that_is_refused_is_told_if_somebody_was_signed_on",
        &[
            "USER.SLO_FAILURE",
            "USER.SLO_REQUESTED",
            "USER.SLO_SUCCESS",
            "SESSION.DELETED",
        ],
    ),
    (
        include_str!("../activities.rs"),
        "locking_an_account_and_setting_a_password_have_their_own_names",
        &["USER.LOCKED"],
    ),
    (
        include_str!("../activities.rs"),
        "moving_somebody_to_another_population_has_its_own_name",
        &["USER.MOVED"],
    ),
    (
        include_str!("../activities.rs"),
        "what_administrators_change_is_told_with_who_did_it",
        &["POPULATION.DELETED"],
    ),
    (
        include_str!("../../../as_/grants/device_code.rs"),
        "a_refusal_reaches_the_device",
        &["OAUTH_CONSENT.DECLINED"],
    ),
];

/// Names that no test can provoke, and why.
const UNSEEN: &[(&str, &str)] = &[];

/// PingOne's names of what this server has, as far as the documents list them, that are never told.
const UNTOLD: &[(&str, &[&str])] = &[
    (
        "a session ends for all its applications at once",
        &["USER.SLO_PARTIAL_LOGOUT"],
    ),
    ("every environment has them", &["SETTINGS.CREATED"]),
    (
        "texts of a revision never change",
        &["AGREEMENT_LANGUAGE_REVISION.UPDATED"],
    ),
    ("certificates never change", &["CERTIFICATE.UPDATED"]),
    (
        "looking at what is public is not told of",
        &["CERTIFICATE.READ", "KEY.READ"],
    ),
    (
        "whether there was an order before is not looked at",
        &["DEVICES.ORDER_CREATED"],
    ),
    (
        "no such feature",
        &[
            "USER.KERBEROS_SUCCEEDED",
            "USER.KERBEROS_FAILED",
            "USER.QUOTA_RESET",
            "SESSION.BROWSER_TRUST_ESTABLISHED",
            "ENVIRONMENT.CAPABILITIES",
            "BRANDING.DELETED",
            "CONTENTS.DELETED",
            "CONTENTS.UPDATED",
            "FLOW_POLICY_ASSIGNMENT.CREATED",
            "FLOW_POLICY_ASSIGNMENT.DELETED",
            "FLOW_POLICY_ASSIGNMENT.UPDATED",
            "GATEWAY_INSTANCE.CREATED",
            "GATEWAY_INSTANCE.DELETED",
            "GATEWAY_INSTANCE.UPDATED",
            "IMAGE.ACTIVATED",
            "TRUSTED_EMAIL.ACTIVE",
            "TRUSTED_EMAIL.SEND_CODE",
        ],
    ),
    (
        "second factors are stored and not acted on",
        &[
            "OTP.CHECK_SUCCESS",
            "OTP.CHECK_FAILED",
            "OTP.CHECK_INVALID",
            "ASSERTION.CHECK_SUCCESS",
            "ASSERTION.CHECK_FAILED",
            "DEVICE_PAYLOAD.CHECK_SUCCESS",
            "DEVICE_PAYLOAD.CHECK_INVALID",
            "AUTHENTICATION_CODE.CREATED",
            "AUTHENTICATION_CODE.UPDATED",
            "AUTHENTICATION_CODE.DELETED",
            "NOTIFICATION.CREATED",
            "NOTIFICATION.UPDATED",
            "NOTIFICATION.REJECTED",
            "FIDO_METADATA.CREATED",
            "FIDO_METADATA.DELETED",
            "DEVICE.ACTIVATED",
            "DEVICE.ACTIVATION_FAILED",
            "DEVICE.ACTIVATION_OTP_FAILED",
            "DEVICE.ACTIVATION_OTP_INVALID",
            "DEVICE.UPDATED",
            "DEVICE.LOCKED",
            "DEVICE.UNLOCKED",
            "DEVICE.BLOCKED",
            "DEVICE.UNBLOCKED",
            "DEVICE.FRAUD_REPORTED",
            "DEVICE.KEY_ROTATION_SUCCEEDED",
            "DEVICE.KEY_ROTATION_FAILED",
            "DEVICE.LOGS_RECEIVED",
            "DEVICE.PAIRING_FAILED_COMPROMISED",
            "DEVICE.WEBAUTHN_UPDATED",
        ],
    ),
];

/// The names of `reference/flows.md` 13 and `mfa.md` 15: a family and what can become of it.
const DOCUMENTED: &[(&str, &str)] = &[
    ("FLOW", "CREATED UPDATED DELETED"),
    ("AUTHENTICATION", "CREATED UPDATED"),
    ("SESSION", "CREATED UPDATED DELETED"),
    (
        "PASSWORD",
        "CHECK_SUCCEEDED CHECK_FAILED RECOVERY RESET SET UNSET FORCE_CHANGE UNLOCKED",
    ),
    (
        "USER",
        "CREATED UPDATED DELETED MOVED LOCKED UNLOCKED ACCESS_ALLOWED ACCESS_DENIED QUOTA_RESET \
         KERBEROS_SUCCEEDED KERBEROS_FAILED SLO_REQUESTED SLO_SUCCESS SLO_FAILURE \
         SLO_PARTIAL_LOGOUT",
    ),
    ("ACCOUNT", "LINKED UNLINKED"),
    ("OTP", "CHECK_SUCCESS CHECK_FAILED CHECK_INVALID"),
    ("ASSERTION", "CHECK_SUCCESS CHECK_FAILED"),
    ("DEVICE_PAYLOAD", "CHECK_SUCCESS CHECK_INVALID"),
    ("AGREEMENT_CONSENT", "ACCEPTED REVOKED"),
    ("OAUTH_CONSENT", "ACCEPTED DECLINED REVOKED DELETED"),
    ("POLICY", "CREATED UPDATED DELETED"),
    ("ACTION", "CREATED UPDATED DELETED"),
    ("SIGN_ON_POLICY_ASSIGNMENT", "CREATED UPDATED DELETED"),
    ("AGREEMENT", "CREATED UPDATED DELETED"),
    ("AGREEMENT_LANGUAGE", "CREATED UPDATED DELETED"),
    ("AGREEMENT_LANGUAGE_REVISION", "CREATED UPDATED DELETED"),
    ("IDENTITY_PROVIDER", "CREATED UPDATED DELETED"),
    ("IDP_ATTRIBUTE", "CREATED UPDATED DELETED"),
    ("SETTINGS", "CREATED UPDATED"),
    (
        "DEVICE",
        "CREATED ACTIVATED ACTIVATION_FAILED ACTIVATION_OTP_FAILED ACTIVATION_OTP_INVALID UPDATED \
         NICKNAME_UPDATED DELETED LOCKED UNLOCKED BLOCKED UNBLOCKED FRAUD_REPORTED \
         KEY_ROTATION_SUCCEEDED KEY_ROTATION_FAILED LOGS_RECEIVED PAIRING_FAILED_COMPROMISED \
         WEBAUTHN_UPDATED",
    ),
    ("DEVICES", "ORDER_CREATED ORDER_UPDATED ORDER_DELETED"),
    ("AUTHENTICATION_CODE", "CREATED UPDATED DELETED"),
    ("NOTIFICATION", "CREATED UPDATED REJECTED"),
    ("MFA_SETTINGS", "UPDATED"),
    ("DEVICE_AUTHENTICATION_POLICY", "CREATED UPDATED DELETED"),
    ("FIDO_POLICY", "CREATED UPDATED DELETED"),
    ("FIDO_METADATA", "CREATED DELETED"),
    ("PUSH_CREDENTIALS", "CREATED UPDATED DELETED"),
    ("NOTIFICATION_POLICY", "CREATED UPDATED DELETED"),
    ("NOTIFICATIONS_SETTINGS", "UPDATED"),
    ("PHONE_DELIVERY_SETTINGS", "CREATED UPDATED DELETED"),
];

fn untold() -> BTreeSet<String> {
    let names = UNTOLD.iter().flat_map(|(_, names)| *names);
    names.map(|name| (*name).to_owned()).collect()
}

#[test]
fn every_documented_name_is_told_or_says_why_not() {
    let (told, untold) = (audit::names(), untold());
    for (family, whats) in DOCUMENTED {
        for what in whats.split_whitespace() {
            let name = format!("{family}.{what}");
            assert!(told.contains(&name) != untold.contains(&name), "{name}");
        }
    }
    let both: Vec<_> = told.intersection(&untold).collect();
    assert!(both.is_empty(), "these are told: {both:?}");
}

/// The names that the tests in [`ELSEWHERE`] look for, as long as those tests are there.
fn elsewhere() -> BTreeSet<String> {
    let mut seen = BTreeSet::new();
    for (source, test, names) in ELSEWHERE {
        let begin = source.find(&format!("async fn {test}("));
        let begin = begin.unwrap_or_else(|| panic!("there is no test {test} any more"));
        let body = &source[begin..];
        let body = body.split("\n    async fn ").next().unwrap();
        for name in *names {
            assert!(body.contains(name), "{test} does not see {name}");
            seen.insert((*name).to_owned());
        }
    }
    seen
}

/// The names in the log of an environment.
async fn told(server: &TestServer, api: &Api, environment: &str) -> BTreeSet<String> {
    let _ = server.write_events().await;
    let mut path = format!("/environments/{environment}/activities?limit=1000");
    let mut seen = BTreeSet::new();
    loop {
        let page = api.get(&path).await.expect_status(200).json();
        for activity in listed_in(&page) {
            let resources = activity["resources"].as_array().unwrap();
            let homes = resources.iter().map(|it| it["environment"]["id"].as_str());
            let is_home = |it: Option<&str>| it == Some(environment);
            let name = activity["action"]["type"].as_str().unwrap();
            assert!(
                name.starts_with("ENVIRONMENT.") || homes.clone().all(is_home),
                "{activity}"
            );
            seen.insert(name.to_owned());
        }
        match page["_links"]["next"]["href"].as_str() {
            Some(next) => next.clone_into(&mut path),
            None => return seen,
        }
    }
}

fn listed_in(page: &Value) -> &Vec<Value> {
    page["_embedded"]["activities"].as_array().unwrap()
}

/// Puts everything there is one of back as it is: what can be replaced is told to be updated.
async fn replace_all(api: &Api, ground: &Ground) {
    let endpoints = route::endpoints().filter(|it| it.method == Method::Put);
    for endpoint in endpoints.filter(|it| it.media == Media::Json) {
        if endpoint.path.contains("{environment}/") {
            let path = ground.path(endpoint.path);
            let read = api.get(&path).await;
            if read.status == 200 {
                // Some cannot be written as they are read; the rows below make up for it.
                let _ = api.put(&path, read.json()).await;
            }
        }
    }
}

/// Takes everything away that can be, what is below something first, until nothing goes any more.
async fn remove_all(api: &Api, ground: &Ground) {
    let endpoints = route::endpoints().filter(|it| it.method == Method::Delete);
    let paths = endpoints.map(|it| it.path).filter(|it| it.ends_with('}'));
    let mut paths: Vec<_> = paths.filter(|it| it.contains("{environment}/")).collect();
    paths.sort_by_key(|path| std::cmp::Reverse(path.matches('/').count()));
    loop {
        let mut gone = 0;
        for path in &paths {
            let answer = api.delete(&ground.path(path)).await;
            gone += usize::from(answer.status == 204);
        }
        if gone == 0 {
            break;
        }
    }
}

/// What is made, changed and removed in ways of its own.
async fn rows(server: &TestServer, api: &Api, ground: &Ground) {
    let of = |path: &str| ground.path(&format!("/environments/{{environment}}{path}"));
    let ok = |what: &str, status: u16| assert!((200..300).contains(&status), "{what}: {status}");
    let one = |list: &str, made: &Value| format!("{list}/{}", text(made, "/id"));

    for (method, path, body) in [
        (
            "POST",
            "/ssoCookieSettings",
            json!({ "useNonPersistentSessionTokenCookie": true }),
        ),
        (
            "PUT",
            "/billOfMaterials",
            json!({ "products": [{ "type": "PING_ONE_BASE" }] }),
        ),
        ("GET", "/applications/{application}/secret", Value::Null),
        ("POST", "/applications/{application}/secret", json!({})),
        (
            "PUT",
            "/notificationsSettings",
            json!({ "from": { "name": "a", "address": "a@b.example" } }),
        ),
    ] {
        let answer = api.send(method, &of(path), crate::v1::JSON, &body).await;
        ok(path, answer.status);
    }

    let user = of("/users/{user}");
    let password = format!("{user}/password");
    // For one use: it is never too young to be changed.
    let value = |value: &str| json!({ "value": value, "forceChange": true });
    let reset = json!({ "currentPassword": "Quite-Another-2!", "newPassword": "A-Third-One-3?" });
    for (method, action, body) in [
        ("PUT", "password.set", value("Quite-Another-2!")),
        ("PUT", "password.reset", reset),
        ("POST", "password.forceChange", Value::Null),
        ("PUT", "password.setValue", json!({})),
    ] {
        ok(
            action,
            api.act(method, &password, action, body).await.status,
        );
    }

    let devices = format!("{user}/devices");
    let body = json!({ "type": "EMAIL", "email": "a@b.example", "status": "ACTIVE" });
    let device = Api::created(api.post(&devices, body).await);
    let nickname = format!("{}/nickname", one(&devices, &device));
    ok(
        "nickname",
        api.put(&nickname, json!({ "nickname": "Mine" }))
            .await
            .status,
    );
    let order = json!({ "order": [{ "id": device["id"] }] });
    ok(
        "reorder",
        api.act("POST", &devices, "devices.reorder", order)
            .await
            .status,
    );
    let ended = api
        .act("POST", &devices, "devices.order.remove", Value::Null)
        .await;
    ok("order.remove", ended.status);
    ok("device", api.delete(&one(&devices, &device)).await.status);

    let consent = of("/users/{user}/agreementConsents/{agreement}");
    ok(
        "consent",
        api.act("POST", &consent, "consent.revoke", Value::Null)
            .await
            .status,
    );
    let consent = of("/users/{user}/oauthConsents/{oauthConsent}");
    let revoked = json!({ "status": "REVOKED" });
    ok(
        "consent",
        api.act("PATCH", &consent, "consent.revoke", revoked)
            .await
            .status,
    );

    let push = of("/applications/{application}/pushCredentials");
    let body = json!({ "type": "APNS", "key": "k", "teamId": "t", "token": "s" });
    let made = Api::created(api.post(&push, body.clone()).await);
    ok("push", api.put(&one(&push, &made), body).await.status);
    ok("push", api.delete(&one(&push, &made)).await.status);

    let domains = of("/emailDomains");
    let domain = Api::created(
        api.post(&domains, json!({ "domainName": "b.example" }))
            .await,
    );
    let emails = format!("{}/trustedEmails", one(&domains, &domain));
    let email = json!({ "emailAddress": "a@b.example" });
    let email = Api::created(api.post(&emails, email).await);
    ok("email", api.delete(&one(&emails, &email)).await.status);
    ok("domain", api.delete(&one(&domains, &domain)).await.status);

    let phone = of("/notificationsSettings/phoneDeliverySettings");
    let body = json!({ "provider": "CUSTOM_TWILIO", "sid": "AC1", "authToken": "t" });
    let made = Api::created(api.post(&phone, body.clone()).await);
    ok("phone", api.put(&one(&phone, &made), body).await.status);
    ok("phone", api.delete(&one(&phone, &made)).await.status);

    let mut picture = Cursor::new(Vec::new());
    let pixel = ImageBuffer::from_pixel(1, 1, Rgb([0u8, 0, 0]));
    pixel.write_to(&mut picture, ImageFormat::Png).unwrap();
    let images = of("/images");
    let made = api
        .upload("POST", &images, "image/png", picture.into_inner())
        .await;
    let made = Api::created(made);
    ok("image", api.delete(&one(&images, &made)).await.status);

    server.clock.advance(KEY_SET_AGE);
    let policy = of("/keyRotationPolicies/{keyRotationPolicy}");
    let rotated = api
        .act("POST", &policy, "keyRotationPolicy.rotate", json!({}))
        .await;
    ok("rotate", rotated.status);
}

/// Somebody signs on with a password twice, and by a provider that makes and links them.
async fn sign_ons(server: &TestServer, api: &Api) {
    let tenant = &server.tenant;
    let browser = tenant.browser();
    let _ = tenant.authorize(&tenant.web).code(&browser).await;
    let again = tenant.authorize(&tenant.web).set("prompt", "login");
    let _ = again.code(&browser).await;
    let people = json!({ "name": "Federated people" });
    let environment = json!({ "id": tenant.id, "name": "First", "populations": [people] });
    server
        .import(&json!({ "environments": [environment] }))
        .await;
    let registration = json!({ "registration": { "population": "Federated people" } });
    rp::provider(server, &registration).await;
    rp::provider_first(server, Value::Null).await;
    let browser: Browser = tenant.browser();
    let flow = tenant.authorize(&tenant.native).start_flow(&browser).await;
    let _ = rp::come_back(server, &browser, &flow).await;
    let carol = rp::user(server, rp::CAROL).await.unwrap().id;
    let links = format!("/environments/{}/users/{carol}/linkedAccounts", tenant.id);
    let list = api.get(&links).await.expect_status(200).json();
    let link = text(&list, "/_embedded/linkedAccounts/0/id");
    let _ = api
        .delete(&format!("{links}/{link}"))
        .await
        .expect_status(204);
}

on_every_adapter! {
    async fn every_name_is_seen_or_says_why_not(server: TestServer) {
        let api = owner(&server).await;
        sign_ons(&server, &api).await;
        let ground = fresh(&api).await;
        let environment = ground.path("/environments/{environment}");
        replace_all(&api, &ground).await;
        rows(&server, &api, &ground).await;
        remove_all(&api, &ground).await;
        let mut seen = told(&server, &api, ground.id("environment")).await;
        for type_ in ["PRODUCTION", "SANDBOX"] {
            let body = json!({ "type": type_ });
            let _ = api.put(&format!("{environment}/type"), body).await.expect_status(200);
        }
        let _ = api.delete(&environment).await.expect_status(204);
        // Who makes and removes environments is told of where they are at home.
        seen.extend(told(&server, &api, &server.tenant.id).await);
        let names = audit::names();
        let unknown: Vec<_> = seen.difference(&names).collect();
        assert!(unknown.is_empty(), "audit::names() has none of these: {unknown:?}");
        seen.extend(elsewhere());
        let missing: Vec<_> = names.difference(&seen).collect();
        let reasons: Vec<_> = UNSEEN.iter().map(|(name, _)| *name).collect();
        assert_eq!(missing, reasons, "provoke these, or say in UNSEEN why that cannot be");
    }

    async fn a_new_environment_is_told_once_where_its_maker_is_at_home(server: TestServer) {
        let api = owner(&server).await;
        let body = json!({ "name": "Made", "type": "SANDBOX", "region": "NA" });
        let made = api.post("/environments", body).await;
        let id = made.header("correlation-id").unwrap().to_owned();
        let made = Api::created(made);
        let told = listed(&api, &super::filtered(&server, &format!("correlationid eq \"{id}\""))).await;
        let mut seen: Vec<_> = told.iter().map(|it| text(it, "/action/type")).collect();
        seen.sort_unstable();
        seen.dedup();
        assert_eq!(seen, ["ENVIRONMENT.CREATED", "ROLE_ASSIGNMENT.CREATED"]);
        let own = format!("/environments/{}/activities", text(&made, "/id"));
        assert!(listed(&api, &own).await.is_empty());
        let created = told.iter().find(|it| it["action"]["type"] == "ENVIRONMENT.CREATED").unwrap();
        assert_eq!(created["resources"][0]["id"], made["id"]);
        assert_eq!(created["resources"][0]["name"], "Made");
    }

    async fn settings_and_passwords_that_go_have_names_of_their_own(server: TestServer) {
        let api = owner(&server).await;
        let tenant = &server.tenant;
        let environment = format!("/environments/{}", tenant.id);
        let told = async |answer: countersign_testkit::Answer| {
            let id = answer.header("correlation-id").unwrap();
            let told = listed(&api, &super::filtered(&server, &format!("correlationid eq \"{id}\""))).await;
            let mut seen: Vec<_> = told.iter().map(|it| text(it, "/action/type")).collect();
            seen.sort_unstable();
            (seen, told)
        };
        let body = json!({ "useNonPersistentSessionTokenCookie": true });
        let set = api.post(&format!("{environment}/ssoCookieSettings"), body).await.expect_status(200);
        let (seen, events) = told(set).await;
        assert_eq!(seen, ["ENVIRONMENT.UPDATED", "SETTINGS.UPDATED"]);
        let settings = events.iter().find(|it| it["action"]["type"] == "SETTINGS.UPDATED").unwrap();
        assert_eq!(settings["resources"][0]["type"], "SETTINGS");
        assert_eq!(settings["resources"][0]["id"], tenant.id);
        let password = format!("{environment}/users/{}/password", tenant.person.id);
        for (body, expected) in [
            (json!({ "value": "Quite-Another-2!" }), "PASSWORD.SET"),
            (json!({}), "PASSWORD.UNSET"),
        ] {
            let set = api.act("PUT", &password, "password.setValue", body).await.expect_status(200);
            let (seen, events) = told(set).await;
            assert_eq!(seen, [expected]);
            assert_eq!(events[0]["resources"][0]["id"], tenant.person.id);
        }
    }
}
