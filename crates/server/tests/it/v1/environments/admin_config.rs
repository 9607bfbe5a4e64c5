//! `/v1/environments/{e}/adminConfig`

use countersign_testkit::{TestServer, on_every_adapter};
use serde_json::json;

use super::super::{Api, admin, refused};

on_every_adapter! {
    async fn how_administrators_sign_on_is_kept(server: TestServer) {
        let api = admin(&server).await;
        let env = format!("/environments/{}", server.tenant.id);
        let path = format!("{env}/adminConfig");
        let fresh = api.get(&path).await.expect_status(200).json();
        let on = r#"{"enabled":true}"#;
        for (name, value) in [
            ("authenticationMethod", json!("PINGONE")),
            ("mfaStatus", json!("ENFORCE")),
            ("recovery", json!(true)),
            ("allowedMethods", json!({ "EMAIL": on, "FIDO2": on, "TOTP": on })),
            ("hasFido2Capabilities", json!(true)),
            ("isPingIDInBOM", json!(false)),
            ("environment", json!({ "id": server.tenant.id })),
        ] {
            assert_eq!(fresh[name], value, "{name}");
        }
        let provider = json!({ "name": "m", "type": "MICROSOFT", "enabled": true, "clientId": "x",
            "clientSecret": "y", "tenantId": "z" });
        let provider = Api::created(api.post(&format!("{env}/identityProviders"), provider).await);
        let body = json!({ "authenticationMethod": "HYBRID", "mfaStatus": "ENFORCE", "recovery": false,
            "provider": { "id": provider["id"] },
            "allowedMethods": { "EMAIL": on, "FIDO2": r#"{"enabled":false}"#, "TOTP": on } });
        let set = api.put(&path, body.clone()).await.expect_status(200).json();
        for (name, value) in body.as_object().unwrap() {
            assert_eq!(set[name], *value, "{name}");
        }
        let read = api.get(&path).await.expect_status(200).json();
        assert_eq!(read, set);
        // PUT of what was read changes nothing.
        assert_eq!(api.put(&path, read.clone()).await.expect_status(200).json(), read);
        let back = json!({ "authenticationMethod": "PINGONE", "mfaStatus": "ENFORCE", "recovery": true });
        let back = api.put(&path, back).await.expect_status(200).json();
        assert_eq!((&back["allowedMethods"], &back["provider"]), (&fresh["allowedMethods"], &json!(null)));
    }

    async fn what_does_not_fit_is_told(server: TestServer) {
        let api = admin(&server).await;
        let path = format!("/environments/{}/adminConfig", server.tenant.id);
        let good = json!({ "authenticationMethod": "PINGONE", "mfaStatus": "ENFORCE", "recovery": true });
        let nobody = json!({ "id": "00000000-0000-4000-8000-000000000001" });
        for (change, code, target) in [
            (json!({ "mfaStatus": null }), "REQUIRED_VALUE", "mfaStatus"),
            (json!({ "mfaStatus": "OPTIONAL" }), "INVALID_VALUE", "mfaStatus"),
            (json!({ "recovery": null }), "REQUIRED_VALUE", "recovery"),
            (json!({ "authenticationMethod": "NONE" }), "INVALID_VALUE", "authenticationMethod"),
            (json!({ "authenticationMethod": "EXTERNAL" }), "REQUIRED_VALUE", "provider"),
            (json!({ "provider": nobody }), "CONSTRAINT_VIOLATION", "provider"),
            (json!({ "authenticationMethod": "HYBRID", "provider": nobody }), "INVALID_VALUE", "provider.id"),
            (json!({ "allowedMethods": { "EMAIL": "x", "FIDO2": r#"{"enabled":true}"#, "TOTP": r#"{"enabled":true}"# } }), "INVALID_VALUE", "allowedMethods.EMAIL"),
        ] {
            let mut body = good.clone();
            for (name, value) in change.as_object().unwrap() {
                body[name] = value.clone();
            }
            refused(api.put(&path, body).await, 400, "INVALID_DATA", Some((code, target)));
        }
    }
}
