//! `/v1/environments/{e}/subscriptions`: webhooks, from the event to the receiver.

use std::time::Duration;

use aws_lc_rs::hmac;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use countersign_domain::entity::Entity;
use countersign_domain::store::Query;
use countersign_domain::subscription::Subscription;
use countersign_testkit::{Elsewhere, Received, TestServer, on_every_adapter};
use serde_json::{Value, json};

use crate::v1::{Api, admin, everywhere, refused, worker};

const TYPES: [&str; 3] = [
    "PASSWORD.CHECK_SUCCEEDED",
    "SESSION.CREATED",
    "USER.ACCESS_ALLOWED",
];

fn all(server: &TestServer) -> String {
    format!("/environments/{}/subscriptions", server.tenant.id)
}

fn body(receiver: &Elsewhere) -> Value {
    json!({
        "name": "To the SIEM", "enabled": true, "format": "ACTIVITY",
        "verifyTlsCertificates": true,
        "httpEndpoint": {
            "url": format!("{}/events", receiver.base),
            "headers": { "Authorization": "Splunk 0123-secret" },
        },
        "filterOptions": { "includedActionTypes": TYPES },
    })
}

async fn subscribe(server: &TestServer, api: &Api, body: Value) -> Value {
    let made = Api::created(api.post(&all(server), body).await);
    server.poll_changes().await;
    made
}

async fn sign_on(server: &TestServer) {
    let browser = server.tenant.browser();
    let _ = server
        .tenant
        .authorize(&server.tenant.web)
        .code(&browser)
        .await;
}

fn events(received: &Received) -> Vec<Value> {
    serde_json::from_str(&received.body).unwrap()
}

fn types(received: &[Received]) -> Vec<String> {
    let mut types: Vec<String> = received
        .iter()
        .flat_map(events)
        .map(|it| it["action"]["type"].as_str().unwrap().to_owned())
        .collect();
    types.sort_unstable();
    types
}

/// As a receiver checks it: Standard Webhooks.
fn is_signed(received: &Received, secret: &str) -> bool {
    let key = STANDARD
        .decode(secret.strip_prefix("whsec_").unwrap())
        .unwrap();
    let header = |name: &str| received.headers.get(name).unwrap().clone();
    let signed = format!(
        "{}.{}.{}",
        header("webhook-id"),
        header("webhook-timestamp"),
        received.body
    );
    let signature = header("webhook-signature");
    let tag = STANDARD
        .decode(signature.strip_prefix("v1,").unwrap())
        .unwrap();
    hmac::verify(
        &hmac::Key::new(hmac::HMAC_SHA256, &key),
        signed.as_bytes(),
        &tag,
    )
    .is_ok()
}

on_every_adapter! {
    async fn events_reach_the_receiver_signed_and_once(server: TestServer) {
        let api = admin(&server).await;
        let receiver = Elsewhere::start().await;
        receiver.answer("/events", 200, "text/plain", "");
        let made = subscribe(&server, &api, body(&receiver)).await;
        assert_eq!(made["httpEndpoint"]["headers"]["Authorization"], "Splunk 0123-secret");
        assert!(made.get("secretVersion").is_none(), "{made}");
        let before = server.counts.commits();
        let browser = server.tenant.browser();
        let code = server.tenant.authorize(&server.tenant.web).code(&browser).await;
        let _ = server.tenant.redeem(&server.tenant.web, &code).send(&browser).await.expect_status(200);
        assert_eq!(server.counts.commits() - before, 4, "deliveries ride on the same commits");
        let round = server.deliver_webhooks().await;
        assert_eq!((round.delivered, round.failed), (3, 0));
        assert_eq!(server.deliver_webhooks().await.delivered, 0);
        let received = receiver.received("/events");
        assert_eq!(types(&received), TYPES);
        assert_eq!(received[0].headers["authorization"], "Splunk 0123-secret");
        assert_eq!(received[0].headers["content-type"], "application/json");
        let told = events(&received[0]);
        assert!(told.iter().all(|it| it.get("source").is_none()), "addresses are shown when asked for");
        assert!(told[0]["actors"]["client"]["href"].as_str().unwrap().starts_with(&server.base));
        let own = made["_links"]["self"]["href"].as_str().unwrap();
        let secret = api.get(&format!("{own}/secret")).await.expect_status(200).text("/secret");
        assert!(is_signed(&received[0], &secret));
        let mut forged = received[0].clone();
        forged.body.push(' ');
        assert!(!is_signed(&forged, &secret));
        let rotated = api.post(&format!("{own}/secret"), json!({})).await.expect_status(200).text("/secret");
        assert_ne!(rotated, secret);
        server.poll_changes().await;
        sign_on(&server).await;
        server.deliver_webhooks().await;
        let last = receiver.received("/events").pop().unwrap();
        assert!(is_signed(&last, &rotated) && !is_signed(&last, &secret));
    }

    async fn headers_are_shown_to_whoever_may_change_the_subscription(server: TestServer) {
        let api = admin(&server).await;
        let receiver = Elsewhere::start().await;
        let made = subscribe(&server, &api, body(&receiver)).await;
        let own = made["_links"]["self"]["href"].as_str().unwrap();
        let headers = &body(&receiver)["httpEndpoint"]["headers"];
        assert_eq!(&api.get(own).await.expect_status(200).json()["httpEndpoint"]["headers"], headers);
        let reader = worker(&server, 972, everywhere(&["Configuration Read Only"])).await;
        for path in [own, &all(&server)] {
            let read = reader.get(path).await.expect_status(200);
            assert!(read.body.contains("To the SIEM"), "{}", read.body);
            assert!(!read.body.contains("0123-secret"), "{}", read.body);
        }
        assert_eq!(&api.get(own).await.expect_status(200).json()["httpEndpoint"]["headers"], headers);
    }

    async fn the_key_of_a_subscription_is_for_that_and_stays(server: TestServer) {
        let api = admin(&server).await;
        let keys = format!("/environments/{}/keys", server.tenant.id);
        let key = async |usage: &str| {
            let body = json!({ "name": usage, "algorithm": "EC", "keyLength": 256, "usageType": usage,
                "signatureAlgorithm": "SHA256withECDSA", "subjectDN": "CN=us, O=Acme, C=US", "validityPeriod": 365 });
            Api::created(api.post(&keys, body).await)["id"].clone()
        };
        let receiver = Elsewhere::start().await;
        let with = |key: &Value| {
            let mut body = body(&receiver);
            body["tlsClientAuthKeyPair"] = json!({ "id": key });
            body
        };
        let signing = key("SIGNING").await;
        refused(api.post(&all(&server), with(&signing)).await, 400, "INVALID_DATA",
            Some(("INVALID_VALUE", "tlsClientAuthKeyPair.id")));
        let client = key("OUTBOUND_MTLS").await;
        let made = Api::created(api.post(&all(&server), with(&client)).await);
        let path = format!("{keys}/{}", client.as_str().unwrap());
        refused(api.delete(&path).await, 400, "REQUEST_FAILED", Some(("CONSTRAINT_VIOLATION", "")));
        let own = made["_links"]["self"]["href"].as_str().unwrap();
        let _ = api.delete(own).await.expect_status(204);
        let _ = api.delete(&path).await.expect_status(204);
        let mut tagged = body(&receiver);
        tagged["filterOptions"]["includedTags"] = json!(["zzz"]);
        refused(api.post(&all(&server), tagged).await, 400, "INVALID_DATA",
            Some(("INVALID_VALUE", "filterOptions.includedTags")));
    }

    async fn a_delivery_looks_as_the_subscription_asks(server: TestServer) {
        let api = admin(&server).await;
        let receiver = Elsewhere::start().await;
        receiver.answer("/events", 200, "text/plain", "");
        let mut asked = body(&receiver);
        asked.as_object_mut().unwrap().remove("format");
        asked["httpEndpoint"]["headers"] = json!({ "content-type": "application/x-ndjson" });
        let lines = json!({ "https": { "format": "ND_JSON" } });
        asked["payloadOptions"] = json!({ "payloadFormat": lines,
            "maximumPayloadLimit": { "type": "EVENTS_PER_PAYLOAD", "size": 1 } });
        let made = subscribe(&server, &api, asked.clone()).await;
        assert_eq!((&made["format"], &made["protocol"]), (&json!(null), &json!("HTTPS")));
        assert_eq!(made["payloadOptions"], asked["payloadOptions"]);
        assert_eq!(made["connectionDetails"], made["httpEndpoint"]);
        sign_on(&server).await;
        assert_eq!(server.deliver_webhooks().await.delivered, 3);
        let received = receiver.received("/events");
        assert!(received.len() > 1, "one event at a time, as far as they did not happen together");
        for received in &received {
            assert_eq!(received.headers["content-type"], "application/x-ndjson");
            for line in received.body.lines() {
                let event: Value = serde_json::from_str(line).unwrap();
                assert!(event["action"]["type"].is_string(), "{event}");
            }
        }
        let own = made["_links"]["self"]["href"].as_str().unwrap();
        asked["payloadOptions"] = json!({ "payloadFormat": { "https": { "prettyPrint": true } } });
        let _ = api.put(own, asked.clone()).await.expect_status(200);
        server.poll_changes().await;
        sign_on(&server).await;
        server.deliver_webhooks().await;
        let last = receiver.received("/events").pop().unwrap();
        assert!(last.body.starts_with("[\n") && !events(&last).is_empty(), "{}", last.body);
        for (kind, size, is_good) in [("EVENTS_PER_PAYLOAD", 500, true), ("EVENTS_PER_PAYLOAD", 501, false),
            ("KB_PER_PAYLOAD", 4_096, true), ("KB_PER_PAYLOAD", 4_097, false), ("KB_PER_PAYLOAD", 0, false)] {
            asked["payloadOptions"] = json!({ "maximumPayloadLimit": { "type": kind, "size": size } });
            let answer = api.put(own, asked.clone()).await;
            if is_good {
                let _ = answer.expect_status(200);
            } else {
                let target = "payloadOptions.maximumPayloadLimit.size";
                refused(answer, 400, "INVALID_DATA", Some(("OUT_OF_RANGE", target)));
            }
        }
    }

    async fn what_would_go_over_tcp_is_kept_and_shown_and_not_delivered(server: TestServer) {
        let api = admin(&server).await;
        let mut asked = json!({ "name": "Syslog", "enabled": true, "protocol": "TCP_IP",
            "verifyTlsCertificates": false, "connectionDetails": { "url": "tcp://siem.example.com:1234" },
            "filterOptions": { "includedActionTypes": TYPES },
            "payloadOptions": { "payloadFormat": { "tcp": { "format": "RFC_LOGLINE",
                "additionalAttributes": { "source": "us" } } } } });
        let made = subscribe(&server, &api, asked.clone()).await;
        assert_eq!((&made["connectionDetails"], &made["protocol"]), (&asked["connectionDetails"], &json!("TCP_IP")));
        assert!(made.get("httpEndpoint").is_none(), "{made}");
        assert_eq!(made["payloadOptions"], asked["payloadOptions"]);
        let own = made["_links"]["self"]["href"].as_str().unwrap();
        let mut again = api.put(own, made.clone()).await.expect_status(200).json();
        again["updatedAt"] = made["updatedAt"].clone();
        assert_eq!(again, made);
        sign_on(&server).await;
        let round = server.deliver_webhooks().await;
        assert_eq!((round.delivered, round.failed), (0, 0));
        asked["connectionDetails"]["url"] = json!("https://siem.example.com");
        asked["name"] = json!("Other");
        let all = all(&server);
        refused(api.post(&all, asked).await, 400, "INVALID_DATA", Some(("INVALID_VALUE", "connectionDetails.url")));
    }

    async fn what_cannot_be_delivered_is_tried_again_in_order(server: TestServer) {
        let api = admin(&server).await;
        let receiver = Elsewhere::start().await;
        receiver.answer("/events", 503, "text/plain", "");
        let made = subscribe(&server, &api, body(&receiver)).await;
        sign_on(&server).await;
        assert_eq!(server.deliver_webhooks().await.failed, 1);
        // Not at once: the pauses double.
        assert_eq!(server.deliver_webhooks().await.failed, 0);
        server.clock.advance(Duration::from_secs(6));
        assert_eq!(server.deliver_webhooks().await.failed, 1);
        let own = made["_links"]["self"]["href"].as_str().unwrap();
        let state = api.get(&format!("{own}/deliveries")).await.expect_status(200).json();
        assert_eq!(state["receiver"]["failures"], 2);
        assert_eq!(state["receiver"]["lastError"], "the receiver answered 503");
        sign_on(&server).await;
        receiver.answer("/events", 204, "text/plain", "");
        server.clock.advance(Duration::from_mins(1));
        assert_eq!(server.deliver_webhooks().await.delivered, 6);
        let last = receiver.received("/events").pop().unwrap();
        let told: Vec<String> = events(&last).iter().map(|it| it["recordedAt"].as_str().unwrap().to_owned()).collect();
        assert!(told.is_sorted() && told[0] < told[5], "the oldest first: {told:?}");
        let state = api.get(&format!("{own}/deliveries")).await.expect_status(200).json();
        assert_eq!(state["receiver"]["failures"], 0);
        assert_eq!(state["size"], 0);
    }

    async fn what_a_receiver_refuses_is_given_up_shown_and_can_be_tried_again(server: TestServer) {
        let api = admin(&server).await;
        let receiver = Elsewhere::start().await;
        receiver.answer("/events", 410, "text/plain", "");
        let made = subscribe(&server, &api, body(&receiver)).await;
        sign_on(&server).await;
        let mut given_up = 0;
        for _ in 0..10 {
            given_up += server.deliver_webhooks().await.given_up;
            server.clock.advance(Duration::from_mins(16));
        }
        assert_eq!(given_up, 3);
        let own = made["_links"]["self"]["href"].as_str().unwrap();
        let api = admin(&server).await;
        let dead = api.get(&format!("{own}/deliveries")).await.expect_status(200).json();
        let letters = dead["_embedded"]["deadLetters"].as_array().unwrap();
        assert_eq!(letters[0]["givenUp"]["reason"], "the receiver answered 410");
        assert!(letters[0]["events"][0]["action"]["type"].is_string());
        receiver.answer("/events", 200, "text/plain", "");
        let path = own.strip_prefix(&format!("{}/v1", server.base)).unwrap();
        let revived = api.act("POST", &format!("{path}/deliveries"), "deliveries.retry", Value::Null).await;
        assert_eq!(revived.expect_status(200).json()["size"], 0);
        assert_eq!(server.deliver_webhooks().await.delivered, 3);
    }

    async fn threat_10_two_nodes_share_the_work_and_a_lost_answer_sends_again(server: TestServer) {
        let api = admin(&server).await;
        let receiver = Elsewhere::start().await;
        receiver.answer("/events", 200, "text/plain", "");
        let _ = subscribe(&server, &api, body(&receiver)).await;
        let node = server.another_node().await;
        sign_on(&server).await;
        let (here, there) = tokio::join!(server.deliver_webhooks(), node.deliver_webhooks());
        assert_eq!(here.delivered + there.delivered, 3);
        assert_eq!(types(&receiver.received("/events")), TYPES);
        // The process dies after the call and before it takes the events off: they come again.
        sign_on(&server).await;
        server.faults.plan([countersign_store::faulty::Mishap::None, countersign_store::faulty::Mishap::Storage]);
        let _ = server.deliver_webhooks().await;
        assert_eq!(node.deliver_webhooks().await.delivered, 0, "its lease holds");
        server.clock.advance(Duration::from_secs(61));
        assert_eq!(node.deliver_webhooks().await.delivered, 3);
        let ids: Vec<String> = receiver.received("/events").iter().flat_map(events)
            .map(|it| it["id"].as_str().unwrap().to_owned()).collect();
        let unique: std::collections::BTreeSet<&String> = ids.iter().collect();
        assert_eq!((ids.len(), unique.len()), (9, 6), "at least once, and known by their ids");
    }

    async fn filters_and_formats_are_as_the_subscription_says(server: TestServer) {
        let api = admin(&server).await;
        let receiver = Elsewhere::start().await;
        for path in ["/events", "/splunk", "/relic", "/other"] {
            receiver.answer(path, 200, "text/plain", "");
        }
        let made = |path: &str, name: &str, format: &str, options: Value| {
            let mut body = body(&receiver);
            body["name"] = json!(name);
            body["format"] = json!(format);
            body["httpEndpoint"]["url"] = json!(format!("{}{path}", receiver.base));
            body["filterOptions"] = options;
            body
        };
        let tenant = &server.tenant;
        let types = json!(["PASSWORD.CHECK_SUCCEEDED"]);
        let here = json!({ "includedActionTypes": types, "ipAddressExposed": true,
                           "includedApplications": [{ "id": tenant.web.id }] });
        let elsewhere = json!({ "includedActionTypes": types,
                                "includedApplications": [{ "id": tenant.spa.id }] });
        for body in [
            made("/splunk", "a", "SPLUNK", here.clone()),
            made("/relic", "b", "NEWRELIC", here.clone()),
            made("/other", "c", "ACTIVITY", elsewhere),
        ] {
            subscribe(&server, &api, body).await;
        }
        sign_on(&server).await;
        assert_eq!(server.deliver_webhooks().await.delivered, 2);
        let splunk: Value = serde_json::from_str(&receiver.received("/splunk")[0].body).unwrap();
        assert_eq!(splunk[0]["event"]["source"]["ipAddress"], "127.0.0.1");
        let relic: Value = serde_json::from_str(&receiver.received("/relic")[0].body).unwrap();
        assert_eq!(relic[0]["logs"][0]["attributes"]["action"]["type"], "PASSWORD.CHECK_SUCCEEDED");
        assert!(receiver.received("/other").is_empty());
    }

    async fn a_suspended_subscription_keeps_its_events(server: TestServer) {
        let api = admin(&server).await;
        let receiver = Elsewhere::start().await;
        receiver.answer("/events", 200, "text/plain", "");
        let mut suspended = body(&receiver);
        suspended["enabled"] = json!(false);
        let made = subscribe(&server, &api, suspended).await;
        sign_on(&server).await;
        assert_eq!(server.deliver_webhooks().await.delivered, 0);
        let own = made["_links"]["self"]["href"].as_str().unwrap();
        let _ = api.put(own, body(&receiver)).await.expect_status(200);
        assert_eq!(server.deliver_webhooks().await.delivered, 3);
        sign_on(&server).await;
        let _ = api.delete(own).await.expect_status(204);
        assert_eq!(server.deliver_webhooks().await.delivered, 0);
        refused(api.get(own).await, 404, "NOT_FOUND", None);
    }

    async fn a_subscription_comes_with_an_import_and_a_second_one_changes_nothing(server: TestServer) {
        let receiver = Elsewhere::start().await;
        receiver.answer("/events", 200, "text/plain", "");
        let document = json!({ "environments": [{
            "id": server.tenant.id, "name": "First", "subscriptions": [body(&receiver)],
        }] });
        server.import(&document).await;
        let env = server.tenant.id.parse().unwrap();
        let stored = async || {
            let query = Query::all(Subscription::KIND, env, 9);
            let page = server.ports.store.list(&query, server.ports.clock.now()).await.unwrap();
            page.docs[0].clone()
        };
        let first = stored().await;
        assert!(!first.body.contains("0123-secret"), "{}", first.body);
        server.import(&document).await;
        assert_eq!(stored().await, first);
        sign_on(&server).await;
        assert_eq!(server.deliver_webhooks().await.delivered, 3);
        assert_eq!(receiver.received("/events")[0].headers["authorization"], "Splunk 0123-secret");
    }

    async fn bodies_are_checked(server: TestServer) {
        let api = admin(&server).await;
        let receiver = Elsewhere::start().await;
        for (pointer, value, target) in [
            ("/name", json!(""), "name"),
            ("/httpEndpoint/url", json!("ftp://x.example/"), "httpEndpoint.url"),
            ("/httpEndpoint/url", json!("https://u:p@x.example/"), "httpEndpoint.url"),
            ("/httpEndpoint/headers", json!({ "Host": "x" }), "httpEndpoint.headers.Host"),
            ("/httpEndpoint/headers", json!({ "X": "a\r\nb" }), "httpEndpoint.headers.X"),
            ("/filterOptions/includedActionTypes", json!([]), "filterOptions.includedActionTypes"),
            ("/filterOptions/includedActionTypes", json!(["nonsense"]), "filterOptions.includedActionTypes"),
        ] {
            let mut body = body(&receiver);
            *body.pointer_mut(pointer).unwrap() = value;
            let answer = api.post(&all(&server), body).await.expect_status(400).json();
            assert_eq!(answer["details"][0]["target"], target, "{answer}");
        }
        let _ = subscribe(&server, &api, body(&receiver)).await;
        refused(api.post(&all(&server), body(&receiver)).await, 400, "INVALID_DATA", Some(("UNIQUENESS_VIOLATION", "name")));
    }

    /// Whoever may subscribe may not make this server reach into its own network.
    async fn threat_35_a_webhook_reaches_no_private_address(server: TestServer) {
        let api = admin(&server).await;
        let receiver = Elsewhere::start().await;
        let mut inward = body(&receiver);
        inward["httpEndpoint"]["url"] = json!("http://169.254.169.254/latest/meta-data");
        let made = subscribe(&server, &api, inward).await;
        sign_on(&server).await;
        assert_eq!(server.deliver_webhooks().await.failed, 1);
        let own = made["_links"]["self"]["href"].as_str().unwrap();
        let state = api.get(&format!("{own}/deliveries")).await.expect_status(200).json();
        assert_eq!(state["receiver"]["lastError"], "the address is not a public one");
    }
}
