//! Rotating signing keys never makes a live token unverifiable (`reference/oidc.md` 13).

use std::time::Duration;

use countersign_domain::ids::EnvId;
use countersign_domain::ports::Clock;
use countersign_protocol::defaults::default_rotation_policy_id;
use countersign_protocol::defaults::key_pair::KeyPair;
use countersign_protocol::rotation::{KEY_SET_AGE, rotate};
use countersign_testkit::{TestServer, on_every_adapter};
use serde_json::{Value, json};

use crate::v1::{admin, everywhere, refused, worker};

fn kids(jwks: &Value) -> Vec<String> {
    let keys = jwks["keys"].as_array().unwrap();
    keys.iter()
        .map(|key| key["kid"].as_str().unwrap().to_owned())
        .collect()
}

/// Rotates as if the policy's period had passed, without moving the time of the tokens.
async fn rotate_now(server: &TestServer) -> bool {
    let env: EnvId = server.tenant.id.parse().unwrap();
    let due = server.clock.now().plus(Duration::from_hours(24 * 91));
    let fresh = [KeyPair::generate().unwrap(), KeyPair::generate().unwrap()];
    let policy = default_rotation_policy_id(env);
    rotate(server.configuration(), env, policy, fresh, due)
        .await
        .unwrap()
}

on_every_adapter! {
    async fn a_token_outlives_the_rotation_of_its_key(server: TestServer) {
        let tenant = &server.tenant;
        let before = tenant.jwks().await;
        let tokens = tenant.tokens(&tenant.web).await;
        let old = tenant.verify(&tokens["access_token"]).await.header.kid.unwrap();

        assert!(rotate_now(&server).await);
        server.poll_changes().await;

        let after = tenant.jwks().await;
        assert_eq!(kids(&before).len(), 2);
        assert_eq!(kids(&after).len(), 3);
        assert!(kids(&before).iter().all(|kid| kids(&after).contains(kid)));
        let _ = tenant.verify(&tokens["access_token"]).await;
        let access = tokens["access_token"].as_str().unwrap();
        let _ = tenant.userinfo(access).await.expect_status(200);

        // What signs now was published before it signed anything.
        let fresh = tenant.tokens(&tenant.web).await;
        let new = tenant.verify(&fresh["access_token"]).await.header.kid.unwrap();
        assert_ne!(new, old);
        assert!(kids(&before).contains(&new));
    }

    async fn a_policy_that_is_not_due_rotates_nothing(server: TestServer) {
        let env: EnvId = server.tenant.id.parse().unwrap();
        let fresh = [KeyPair::generate().unwrap(), KeyPair::generate().unwrap()];
        let policy = default_rotation_policy_id(env);
        let now = server.clock.now();
        assert!(!rotate(server.configuration(), env, policy, fresh, now).await.unwrap());
    }

    async fn whoever_asks_for_a_rotation_gets_it_once_the_next_key_is_known(server: TestServer) {
        let tenant = &server.tenant;
        let api = admin(&server).await;
        let all = format!("/environments/{}/keyRotationPolicies", tenant.id);
        let list = api.get(&all).await.expect_status(200).json();
        let policies = list["_embedded"]["keyRotationPolicies"].as_array().unwrap();
        let before = policies.iter().find(|it| it["default"] == true).unwrap().clone();
        let path = format!("{all}/{}", before["id"].as_str().unwrap());
        let rotate = async || api.act("POST", &path, "keyRotationPolicy.rotate", json!({})).await;
        server.clock.advance(KEY_SET_AGE);
        let published = tenant.jwks().await;
        let tokens = tenant.tokens(&tenant.web).await;
        let old = tenant.verify(&tokens["access_token"]).await.header.kid.unwrap();

        let after = rotate().await.expect_status(200).json();
        assert_eq!(after["currentKeyId"], before["nextKeyId"]);
        assert_eq!(api.get(&path).await.expect_status(200).json(), after);

        // Seen at once by whoever makes a token, on every process.
        let fresh = tenant.tokens(&tenant.web).await;
        let new = tenant.verify(&fresh["access_token"]).await.header.kid.unwrap();
        assert_eq!(after["currentKeyId"], new.as_str());
        assert!(kids(&published).contains(&new));
        let jwks = kids(&tenant.jwks().await);
        assert!(jwks.contains(&old) && jwks.contains(&new));
        assert!(jwks.contains(&after["nextKeyId"].as_str().unwrap().to_owned()));
        for tokens in [&tokens, &fresh] {
            let _ = tenant.verify(&tokens["id_token"]).await;
            let access = tokens["access_token"].as_str().unwrap();
            let _ = tenant.userinfo(access).await.expect_status(200);
        }

        // The new next key is known to nobody yet.
        refused(rotate().await, 400, "REQUEST_FAILED", None);
        server.clock.advance(KEY_SET_AGE.saturating_sub(Duration::from_millis(1)));
        refused(rotate().await, 400, "REQUEST_FAILED", None);
        assert_eq!(api.get(&path).await.expect_status(200).json(), after);
        server.clock.advance(Duration::from_millis(1));
        let last = rotate().await.expect_status(200).json();
        assert_eq!(last["currentKeyId"], after["nextKeyId"]);
    }

    async fn threat_39_whoever_may_only_read_policies_rotates_nothing(server: TestServer) {
        let reader = worker(&server, 972, everywhere(&["Configuration Read Only"])).await;
        let all = format!("/environments/{}/keyRotationPolicies", server.tenant.id);
        let list = reader.get(&all).await.expect_status(200).json();
        let policy = &list["_embedded"]["keyRotationPolicies"][0];
        let path = format!("{all}/{}", policy["id"].as_str().unwrap());
        server.clock.advance(KEY_SET_AGE);
        let answer = reader.act("POST", &path, "keyRotationPolicy.rotate", json!({})).await;
        refused(answer, 403, "ACCESS_FAILED", None);
        assert_eq!(&reader.get(&path).await.expect_status(200).json(), policy);
    }
}
