//! Rotating signing keys never makes a live token unverifiable (`reference/oidc.md` 13).

use std::time::Duration;

use countersign_domain::ids::EnvId;
use countersign_domain::ports::Clock;
use countersign_protocol::defaults::default_rotation_policy_id;
use countersign_protocol::defaults::key_pair::KeyPair;
use countersign_protocol::rotation::rotate;
use countersign_testkit::{TestServer, on_every_adapter};
use serde_json::Value;

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
    rotate(&server.ports, &server.base, env, policy, fresh, due)
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
        assert!(!rotate(&server.ports, &server.base, env, policy, fresh, now).await.unwrap());
    }
}
