//! Conditions of sign-on actions (`reference/flows.md` 9.4), one by one: whoever signs on has no second
//! factor, so a policy that comes to ask for one fails, and one that passes it over does not.

use countersign_testkit::{TestServer, jwt, on_every_adapter};
use jsonwebtoken::Algorithm;
use serde_json::{Value, json};

use crate::v1::{admin, text};

const REMOTE_IP: &str = "${flow.request.http.remoteIp}";

/// Conditions, and whether they are true of alice, who gave her password just now from 127.0.0.1.
fn conditions(population: &str) -> Vec<(Value, bool)> {
    let since = |authenticator: &str, greater: u32| {
        let at = format!("${{session.lastSignOn.withAuthenticator.{authenticator}.at}}");
        json!({ "secondsSince": at, "greater": greater })
    };
    let range = |range: &str| json!({ "ipRange": [range], "contains": REMOTE_IP });
    let equals = |name: &str, value: Value| {
        let value_of = format!("${{user.{name}}}");
        json!({ "value": value_of, "equals": value })
    };
    let home = || equals("population.id", json!(population));
    let abroad = || range("10.0.0.0/8");
    vec![
        (since("pwd", 600), false),
        // No such authentication counts as infinitely long ago.
        (since("mfa", 600), true),
        (range("127.0.0.0/8"), true),
        (abroad(), false),
        (json!({ "not": abroad() }), true),
        (home(), true),
        (json!({ "not": home() }), false),
        (equals("lifecycle.status", json!("ACCOUNT_OK")), true),
        (
            equals("lifecycle.status", json!("VERIFICATION_REQUIRED")),
            false,
        ),
        (equals("mfaEnabled", json!(false)), true),
        (equals("mfaEnabled", json!(true)), false),
        (json!({ "and": [home(), abroad()] }), false),
        (json!({ "or": [home(), abroad()] }), true),
        (json!({ "or": [abroad()] }), false),
        // Nobody judges risk here: on the careful side.
        (
            json!({ "ipRisk": { "minScore": 80, "maxScore": 100 }, "valid": REMOTE_IP }),
            true,
        ),
        (
            json!({ "anonymousNetwork": ["10.0.0.0/8"], "valid": REMOTE_IP }),
            true,
        ),
        (
            json!({ "geoVelocity": REMOTE_IP, "valid": {
            "previousSuccessfulAuthenticationIp": "${user.lastSignOn.remoteIp}",
            "previousSuccessfulAuthenticationTime": "${user.lastSignOn.at}" } }),
            true,
        ),
    ]
}

on_every_adapter! {
    async fn each_condition_runs_the_action_when_it_is_true(server: TestServer) {
        let api = admin(&server).await;
        let tenant = &server.tenant;
        let user = format!("/environments/{}/users/{}", tenant.id, tenant.person.id);
        let user = api.get(&user).await.expect_status(200).json();
        let conditions = conditions(&text(&user, "/population/id"));
        let names: Vec<String> = (0..conditions.len()).map(|number| format!("C{number}")).collect();
        let policies = names.iter().zip(&conditions).map(|(name, (condition, _))| json!({ "name": name, "actions": [
            { "type": "LOGIN", "priority": 1 },
            { "type": "MULTI_FACTOR_AUTHENTICATION", "priority": 2, "condition": condition },
        ] }));
        let policies: Vec<Value> = policies.collect();
        let assigned = names.iter().zip(1..).map(|(name, priority)| json!({ "signOnPolicy": name, "priority": priority }));
        let assigned: Vec<Value> = assigned.collect();
        let native = json!({ "id": tenant.native.id, "name": "Native", "signOnPolicyAssignments": assigned });
        let environment = json!({ "id": tenant.id, "name": "First", "signOnPolicies": policies, "applications": [native] });
        server.import(&json!({ "environments": [environment] })).await;
        let status = async |name: &str, claims: Option<Value>| {
            let browser = tenant.browser();
            let mut request = tenant.authorize(&tenant.native).set("acr_values", name);
            if let Some(claims) = claims {
                let object = jwt::sign_with_secret(Algorithm::HS256, &tenant.native.secret, &claims);
                request = request.set("request", &object);
            }
            let flow = request.start_flow(&browser).await;
            let person = &tenant.person;
            let done = tenant.check_password(&browser, &flow, &person.username, &person.password).await;
            done.expect_status(200).text("/status")
        };
        for (name, (condition, is_true)) in names.iter().zip(&conditions) {
            let expected = if *is_true { "FAILED" } else { "COMPLETED" };
            assert_eq!(status(name, None).await, expected, "{condition}");
        }
        // What the client says of the address under its signature counts instead of the caller's.
        let claims = json!({ "iss": tenant.native.id, "aud": tenant.issuer(), "pi.remoteIp": "10.1.2.3" });
        for (condition, expected) in [("C2", "COMPLETED"), ("C3", "FAILED")] {
            assert_eq!(status(condition, Some(claims.clone())).await, expected);
        }
    }
}
