//! Texts that clients match, word for word (`reference/platform.md` 1.8).

use countersign_testkit::{Answer, TestServer, on_every_adapter};
use serde_json::{Value, json};

use super::ground::NOBODY;
use super::{Api, fresh, make_worker, owner, text, worker};

const INVALID: &str =
    "The request could not be completed. One or more validation errors were in the request.";

/// Insists on a status, a code and a text, and gives the first detail.
#[track_caller]
fn says(answer: Answer, status: u16, code: &str, message: &str) -> Value {
    let body = answer.expect_status(status).json();
    assert_eq!(
        (&body["code"], &body["message"]),
        (&json!(code), &json!(message)),
        "{body}"
    );
    body["details"][0].clone()
}

/// Insists on a detail: its code, its target, and what its text contains.
#[track_caller]
fn details(answer: Answer, status: u16, code: &str, target: Option<&str>, contains: &str) -> Value {
    let body = answer.expect_status(status).json();
    let detail = &body["details"][0];
    assert_eq!(
        (detail["code"].as_str(), detail["target"].as_str()),
        (Some(code), target),
        "{body}"
    );
    assert!(text(detail, "/message").contains(contains), "{body}");
    body
}

on_every_adapter! {
    async fn what_a_member_must_be_is_said_in_the_words_of_json(server: TestServer) {
        let api = owner(&server).await;
        let env = format!("/environments/{}", server.tenant.id);
        let policies = api.get(&format!("{env}/signOnPolicies")).await.json();
        let actions = format!("{env}/signOnPolicies/{}/actions", text(&policies, "/_embedded/signOnPolicies/0/id"));
        let application = format!("{env}/applications/{}", server.tenant.web.id);
        let read = api.get(&application).await.expect_status(200).json();
        let with = |name: &str, value: Value| {
            let mut body = read.clone();
            body[name] = value;
            body
        };
        let user = json!({ "username": "words", "email": "a@client.example", "name": "x" });
        let answer = api.post(&format!("{env}/users"), user).await;
        details(answer, 400, "INVALID_VALUE", Some("name"), "must be an object");
        let action = json!({ "type": "LOGIN", "priority": 1, "condition": "x" });
        details(api.post(&actions, action).await, 400, "INVALID_VALUE", Some("condition"), "must be an object");
        let grace = "refreshTokenRollingGracePeriodDuration";
        let answer = api.put(&application, with(grace, json!(1.5))).await;
        details(answer, 400, "INVALID_VALUE", Some(grace), "must be a whole number");
        for beyond in [json!(-1), json!(86_401), json!(u64::MAX)] {
            let answer = api.put(&application, with(grace, beyond)).await;
            let body = details(answer, 400, "OUT_OF_RANGE", Some(grace), "must be between 0 and 86400");
            let inner = &body["details"][0]["innerError"];
            assert_eq!((&inner["rangeMinimumValue"], &inner["rangeMaximumValue"]), (&json!(0), &json!(86_400)));
        }
        // The same number, written otherwise.
        for (written, number) in [("3600.0", 3_600), ("36e2", 3_600), ("0.0", 0)] {
            let body: Value = serde_json::from_str(written).unwrap();
            assert!(body.is_f64());
            let changed = api.put(&application, with(grace, body)).await.expect_status(200).json();
            assert_eq!(changed[grace], json!(number));
        }
    }

    async fn what_is_wrong_with_a_request_is_said_in_the_words_that_clients_know(server: TestServer) {
        let api = owner(&server).await;
        let ground = fresh(&api).await;
        let populations = ground.path("/environments/{environment}/populations");
        let detail = says(api.post(&populations, json!({})).await, 400, "INVALID_DATA", INVALID);
        assert_eq!((&detail["code"], &detail["target"]), (&json!("REQUIRED_VALUE"), &json!("name")));
        // What cannot be done here: the one text everywhere, the other one about environments.
        let elsewhere = json!([{ "role": "Environment Admin",
            "scope": { "type": "ENVIRONMENT", "id": server.other.id } }]);
        let nobody = worker(&server, 801, elsewhere).await;
        let detail = says(nobody.get(&populations).await, 403, "ACCESS_FAILED",
            "The actor attempting to perform the request is not authorized.");
        assert_eq!(detail["code"], "INSUFFICIENT_PERMISSIONS");
        let environment = ground.path("/environments/{environment}");
        let detail = says(nobody.get(&environment).await, 403, "ACCESS_FAILED",
            "The request could not be completed. You do not have access to this resource.");
        assert_eq!(detail["code"], "INSUFFICIENT_PERMISSIONS");
        let missing = "The request could not be completed. The requested resource was not found.";
        let secret = ground.path("/environments/{environment}/resources/{openid}/secret");
        says(api.get(&secret).await, 404, "NOT_FOUND", missing);
        let body = api.get(&format!("{environment}/applications/{NOBODY}")).await.expect_status(404).json();
        assert!(text(&body, "/message").starts_with("Unable to find Application with ID"), "{body}");
        let key = format!("Key not found for id: {NOBODY} and environmentId: {}", ground.id("environment"));
        says(api.get(&format!("{environment}/keys/{NOBODY}")).await, 404, "NOT_FOUND", &key);
        let region = json!({ "name": "x", "type": "SANDBOX", "region": "MOON" });
        let body = details(api.post("/environments", region).await, 400, "INVALID_VALUE", Some("region"), "");
        assert_eq!(body["details"][0]["innerError"]["allowedValues"], json!(["AP", "AU", "CA", "EU", "NA", "SG"]));
        let davinci = json!({ "name": "x", "type": "SANDBOX", "region": "NA",
            "billOfMaterials": { "products": [{ "type": "PING_ONE_DAVINCI" }] } });
        let body = api.post("/environments", davinci).await.expect_status(400).json();
        assert_eq!(body["details"][0]["message"], "Organization does not have Ping One DaVinci FF enabled");
        let policy = json!({ "name": "x", "excludesCommonlyUsed": true, "excludesProfileData": true,
            "notSimilarToCurrent": true, "minComplexity": 8 });
        let policies = ground.path("/environments/{environment}/passwordPolicies");
        let body = details(api.post(&policies, policy).await, 400, "OUT_OF_RANGE", Some("minComplexity"), "");
        let range = json!({ "rangeMinimumValue": 7, "rangeMaximumValue": 7 });
        assert_eq!(body["details"][0]["innerError"], range);
    }

    async fn roles_that_cannot_be_given_or_taken_say_why(server: TestServer) {
        let api = owner(&server).await;
        let tenant = &server.tenant;
        let roles = api.get("/roles").await.expect_status(200).json();
        let roles = roles["_embedded"]["roles"].as_array().unwrap().clone();
        let role = |name: &str| roles.iter().find(|it| it["name"] == name).unwrap()["id"].clone();
        let environment = api.get(&format!("/environments/{}", tenant.id)).await.json();
        let organization = &environment["organization"]["id"];
        let (id, _) = make_worker(&server, 802, json!(["Identity Data Admin"])).await;
        let all = format!("/environments/{}/applications/{id}/roleAssignments", tenant.id);
        let less = worker(&server, 803, json!(["Environment Admin"])).await;
        let more = json!({ "role": { "id": role("Organization Admin") },
            "scope": { "type": "ORGANIZATION", "id": organization } });
        details(less.post(&all, more).await, 400, "INVALID_VALUE", Some("scope"),
            "Must have role at the same or broader scope");
        let narrow = json!({ "role": { "id": role("Environment Admin") },
            "scope": { "type": "POPULATION", "id": NOBODY } });
        details(api.post(&all, narrow).await, 400, "INVALID_VALUE", Some("scope"), "");
        let read_only = json!([{ "role": "Identity Data Admin", "readOnly": true }]);
        let (id, _) = make_worker(&server, 804, read_only).await;
        let all = format!("/environments/{}/applications/{id}/roleAssignments", tenant.id);
        let list = api.get(&all).await.expect_status(200).json();
        let assignment = &list["_embedded"]["roleAssignments"][0];
        assert_eq!(assignment["readOnly"], true);
        let assignment = text(assignment, "/id");
        let said = format!("Role assignment {assignment} cannot be deleted as it is read only");
        says(api.delete(&format!("{all}/{assignment}")).await, 400, "REQUEST_FAILED", &said);
    }

    async fn what_has_to_stay_says_why(server: TestServer) {
        let api = owner(&server).await;
        let ground = fresh(&api).await;
        let of_default = async |plural: &str| {
            let all = ground.path(&format!("/environments/{{environment}}/{plural}"));
            let list = api.get(&all).await.expect_status(200).json();
            let items = list["_embedded"][plural].as_array().unwrap();
            let default = items.iter().find(|it| it["default"] == true).unwrap();
            format!("{all}/{}", text(default, "/id"))
        };
        for (plural, contains) in [
            ("passwordPolicies", "Default Password Policy can not be deleted"),
            ("signOnPolicies", "delete a default policy"),
            ("deviceAuthenticationPolicies", "remove default device authentication policy"),
            ("fido2Policies", "cannot delete the default policy"),
        ] {
            let path = of_default(plural).await;
            details(api.delete(&path).await, 400, "CONSTRAINT_VIOLATION", None, contains);
        }
        let population = ground.path("/environments/{environment}/populations/{population}");
        let body = api.delete(&population).await.expect_status(400).json();
        assert!(text(&body, "/message").starts_with("The request could not be completed"), "{body}");
        let action = ground.path("/environments/{environment}/signOnPolicies/{signOnPolicy}/actions/{action}");
        details(api.delete(&action).await, 400, "CONSTRAINT_VIOLATION", None, "Cannot delete last action from the policy");
        let mfa = ground.path("/environments/{environment}/deviceAuthenticationPolicies/{deviceAuthenticationPolicy}");
        let actions = ground.path("/environments/{environment}/signOnPolicies/{signOnPolicy}/actions");
        let second = json!({ "type": "MULTI_FACTOR_AUTHENTICATION", "priority": 2,
            "deviceAuthenticationPolicy": { "id": ground.id("deviceAuthenticationPolicy") } });
        Api::created(api.post(&actions, second).await);
        details(api.delete(&mfa).await, 409, "INVALID_VALUE", Some("signOnPolicies"), "");
        let keys = ground.path("/environments/{environment}/keys");
        let list = api.get(&keys).await.expect_status(200).json();
        let signing = list["_embedded"]["keys"].as_array().unwrap();
        let signing = signing.iter().find(|it| it["default"] == true && it["usageType"] == "SIGNING").unwrap();
        let body = api.delete(&format!("{keys}/{}", text(signing, "/id"))).await.expect_status(400).json();
        assert!(text(&body, "/message").contains("The Key must not be in use"), "{body}");
        // The last population of all.
        let group = ground.path("/environments/{environment}/groups/{group}");
        let _ = api.delete(&group).await.expect_status(204);
        let all = ground.path("/environments/{environment}/populations");
        for user in ["user", "otherUser"] {
            let path = ground.path(&format!("/environments/{{environment}}/users/{{{user}}}"));
            let _ = api.delete(&path).await.expect_status(204);
        }
        let _ = api.delete(&population).await.expect_status(204);
        let list = api.get(&all).await.expect_status(200).json();
        let last = text(&list, "/_embedded/populations/0/id");
        assert_eq!(list["count"], 1);
        details(api.delete(&format!("{all}/{last}")).await, 400, "CONSTRAINT_VIOLATION", None, "must contain at least one population");
    }

    async fn applications_that_cannot_be_say_why(server: TestServer) {
        let api = owner(&server).await;
        let ground = fresh(&api).await;
        let application = ground.path("/environments/{environment}/applications/{application}");
        let read = api.get(&application).await.expect_status(200).json();
        let mut wild = read.clone();
        wild["redirectUris"] = json!(["https://*.a.example/cb"]);
        let said = api.put(&application, wild).await.expect_status(400).json();
        assert_eq!(said["message"], "Wildcards are not allowed in redirect URIs.", "{said}");
        let mut kerberos = read;
        kerberos["kerberos"] = json!({ "key": { "id": ground.id("clientKey") } });
        let said = api.put(&application, kerberos.clone()).await.expect_status(400).json();
        let begin = format!("Key with ID '{}' in Environment '{}' is not for ISSUANCE. Usage",
            ground.id("clientKey"), ground.id("environment"));
        assert!(text(&said, "/message").starts_with(&begin), "{said}");
        kerberos["kerberos"] = json!({ "key": { "id": NOBODY } });
        let said = api.put(&application, kerberos).await.expect_status(400).json();
        let missing = format!("Key not found for id: {NOBODY} and environmentId: {}", ground.id("environment"));
        assert_eq!(said["message"], json!(missing), "{said}");
    }

    async fn too_many_wrong_recovery_codes_are_told_in_one_way(server: TestServer) {
        let api = owner(&server).await;
        let tenant = &server.tenant;
        let path = format!("/environments/{}/users/{}/password", tenant.id, tenant.person.id);
        let _ = api.act("POST", &path, "password.sendRecoveryCode", Value::Null).await.expect_status(200);
        let mut said = Value::Null;
        for _ in 0..6 {
            let body = json!({ "recoveryCode": "ZZZZZZZZ", "newPassword": "Tr0ub4dor&3.xyzz" });
            said = api.act("POST", &path, "password.recover", body).await.expect_status(400).json();
        }
        assert!(said.to_string().contains("Maximum password recovery failures exceeded"), "{said}");
    }
}
