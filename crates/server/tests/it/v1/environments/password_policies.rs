//! `/v1/environments/{e}/passwordPolicies`

use countersign_testkit::{TestServer, on_every_adapter};
use serde_json::{Value, json};

use super::super::{Api, admin, refused, text};

fn least(name: &str) -> Value {
    json!({ "name": name, "excludesCommonlyUsed": true, "excludesProfileData": false, "notSimilarToCurrent": false })
}

fn full(name: &str) -> Value {
    let mut body = least(name);
    let more = json!({
        "description": "All of it", "length": { "min": 9, "max": 255 },
        "minCharacters": { "ABCDEFGHIJKLMNOPQRSTUVWXYZ": 1, "abcdefghijklmnopqrstuvwxyz": 1, "0123456789": 1,
            "~!@#$%^&*()-_=+[]{}|;:,.<>/?": 1 },
        "maxRepeatedCharacters": 2, "minUniqueCharacters": 5, "minComplexity": 7,
        "history": { "count": 6, "retentionDays": 365 },
        "lockout": { "failureCount": 5, "durationSeconds": 900 }, "maxAgeDays": 182, "minAgeDays": 1,
        "alphabetSequenceRule": { "maxLength": 2 }, "numberSequenceRule": { "maxLength": 3 },
        "qwertySequenceRule": { "maxLength": 3 }, "shiftedNumberRowSequenceRule": { "maxLength": 3 },
    });
    body.as_object_mut()
        .unwrap()
        .append(&mut more.as_object().unwrap().clone());
    body
}

on_every_adapter! {
    async fn a_password_policy_is_read_as_it_was_written(server: TestServer) {
        let api = admin(&server).await;
        let all = format!("/environments/{}/passwordPolicies", server.tenant.id);
        let body = full("Full");
        let made = Api::created(api.post(&all, body.clone()).await);
        for (name, value) in body.as_object().unwrap() {
            assert_eq!(made[name], *value, "{name}");
        }
        assert_eq!((&made["default"], &made["populationCount"]), (&json!(false), &json!(null)));
        let path = format!("{all}/{}", text(&made, "/id"));
        let read = api.get(&path).await.expect_status(200).json();
        assert_eq!(read, made);
        assert_eq!(api.put(&path, read.clone()).await.expect_status(200).json(), read);
        let less = api.put(&path, least("Full")).await.expect_status(200).json();
        for gone in ["description", "length", "minCharacters", "history", "lockout", "maxAgeDays", "minComplexity"] {
            assert_eq!(less[gone], json!(null), "{gone}");
        }
        let list = api.get(&all).await.expect_status(200).json();
        assert_eq!(list["count"], 4);
        let _ = api.delete(&path).await.expect_status(204);
        refused(api.get(&path).await, 404, "NOT_FOUND", None);
    }

    async fn password_policies_keep_to_their_limits(server: TestServer) {
        let api = admin(&server).await;
        let all = format!("/environments/{}/passwordPolicies", server.tenant.id);
        let limits: [(&str, Vec<i64>, Vec<i64>, &str); 13] = [
            ("/length/min", vec![8, 32], vec![7, 33, -1], "length.min"),
            ("/length/max", vec![255], vec![254, 256], "length.max"),
            ("/maxRepeatedCharacters", vec![2], vec![1, 3], "maxRepeatedCharacters"),
            ("/minUniqueCharacters", vec![5], vec![4, 6], "minUniqueCharacters"),
            ("/minComplexity", vec![7], vec![6, 8], "minComplexity"),
            ("/history/count", vec![1], vec![0], "history.count"),
            ("/history/retentionDays", vec![1], vec![0, -5], "history.retentionDays"),
            ("/lockout/failureCount", vec![1], vec![0], "lockout.failureCount"),
            ("/lockout/durationSeconds", vec![1], vec![0, 4_294_967_296_i64], "lockout.durationSeconds"),
            ("/minAgeDays", vec![1], vec![0], "minAgeDays"),
            ("/alphabetSequenceRule/maxLength", vec![2, 3], vec![1, 4], "alphabetSequenceRule.maxLength"),
            ("/qwertySequenceRule/maxLength", vec![3], vec![2], "qwertySequenceRule.maxLength"),
            ("/minCharacters/0123456789", vec![0, 1], vec![2], "minCharacters.0123456789"),
        ];
        for (pointer, good, bad, target) in limits {
            for number in good {
                let mut body = full(&format!("{target} {number}"));
                *body.pointer_mut(pointer).unwrap() = json!(number);
                Api::created(api.post(&all, body).await);
            }
            for number in bad {
                let mut body = full("bad");
                *body.pointer_mut(pointer).unwrap() = json!(number);
                refused(api.post(&all, body).await, 400, "INVALID_DATA", Some(("OUT_OF_RANGE", target)));
            }
        }
        for length in [json!({}), json!({ "min": 8 }), json!({ "max": 255 })] {
            let mut body = least(&format!("length {length}"));
            body["length"] = length;
            let made = Api::created(api.post(&all, body).await);
            assert_eq!(made["length"], json!({ "min": 8, "max": 255 }));
        }
        // A password lives longer than its youth and the time of warnings.
        let mut body = full("ages");
        body["maxAgeDays"] = json!(22);
        refused(api.post(&all, body.clone()).await, 400, "INVALID_DATA", Some(("INVALID_VALUE", "maxAgeDays")));
        body["maxAgeDays"] = json!(23);
        Api::created(api.post(&all, body).await);
        let mut body = least("classes");
        body["minCharacters"] = json!({ "abc": 1 });
        let body = refused(api.post(&all, body).await, 400, "INVALID_DATA", Some(("INVALID_VALUE", "minCharacters")));
        assert_eq!(body["details"][0]["innerError"]["allowedValues"].as_array().unwrap().len(), 4);
        for name in ["excludesCommonlyUsed", "excludesProfileData", "notSimilarToCurrent", "name"] {
            let mut body = least("x");
            body[name] = json!(null);
            refused(api.post(&all, body).await, 400, "INVALID_DATA", Some(("REQUIRED_VALUE", name)));
        }
        refused(api.post(&all, least("standard")).await, 400, "INVALID_DATA", Some(("UNIQUENESS_VIOLATION", "name")));
    }

    async fn a_password_policy_in_use_stays(server: TestServer) {
        let api = admin(&server).await;
        let env = format!("/environments/{}", server.tenant.id);
        let all = format!("{env}/passwordPolicies");
        let mut body = least("Default one");
        body["default"] = json!(true);
        let made = Api::created(api.post(&all, body).await);
        let list = api.get(&all).await.expect_status(200).json();
        let list = list["_embedded"]["passwordPolicies"].as_array().unwrap().clone();
        assert_eq!(list.iter().filter(|it| it["default"] == true).count(), 1);
        let path = format!("{all}/{}", text(&made, "/id"));
        let body = refused(api.delete(&path).await, 400, "REQUEST_FAILED", Some(("CONSTRAINT_VIOLATION", "")));
        assert!(text(&body, "/details/0/message").contains("Default Password Policy can not be deleted"));
        let made = Api::created(api.post(&all, least("Named")).await);
        let path = format!("{all}/{}", text(&made, "/id"));
        let population = json!({ "name": "P", "passwordPolicy": { "id": made["id"] } });
        let population = Api::created(api.post(&format!("{env}/populations"), population).await);
        assert_eq!(api.get(&path).await.expect_status(200).json()["populationCount"], 1);
        refused(api.delete(&path).await, 400, "REQUEST_FAILED", Some(("CONSTRAINT_VIOLATION", "")));
        let _ = api.delete(&format!("{env}/populations/{}", text(&population, "/id"))).await.expect_status(204);
        let _ = api.delete(&path).await.expect_status(204);
    }

    async fn a_new_password_is_judged_by_a_policy_at_once(server: TestServer) {
        let api = admin(&server).await;
        let env = format!("/environments/{}", server.tenant.id);
        let mut body = least("Long ones");
        body["length"] = json!({ "min": 20, "max": 255 });
        let made = Api::created(api.post(&format!("{env}/passwordPolicies"), body).await);
        let population = json!({ "name": "Long", "passwordPolicy": { "id": made["id"] } });
        let population = Api::created(api.post(&format!("{env}/populations"), population).await);
        let user = json!({ "username": "long", "population": { "id": population["id"] } });
        let user = Api::created(api.post(&format!("{env}/users"), user).await);
        let path = format!("{env}/users/{}/password", text(&user, "/id"));
        let short = json!({ "value": "Tr0ub4dor&3.xyzz" });
        let _ = api.act("PUT", &path, "password.set", short).await.expect_status(400);
        let long = json!({ "value": "Tr0ub4dor&3.xyzz-and-more" });
        let _ = api.act("PUT", &path, "password.set", long).await.expect_status(200);
    }
}
