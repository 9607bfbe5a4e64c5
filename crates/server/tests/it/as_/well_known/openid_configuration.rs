//! `GET /{envID}/as/.well-known/openid-configuration`, and the RFC 8414 document

use countersign_testkit::{TestServer, on_every_adapter};
use serde_json::json;

on_every_adapter! {
    async fn every_endpoint_is_below_the_issuer(server: TestServer) {
        let tenant = &server.tenant;
        let browser = tenant.browser();
        let url = tenant.endpoint(".well-known/openid-configuration");
        let answer = browser.get(url).send().await.expect_status(200);
        assert!(answer.header("content-type").unwrap_or_default().starts_with("application/json"));
        let document = answer.json();
        let issuer = tenant.issuer();
        assert_eq!(document["issuer"], json!(issuer));
        for (member, path) in [
            ("authorization_endpoint", "authorize"),
            ("token_endpoint", "token"),
            ("userinfo_endpoint", "userinfo"),
            ("jwks_uri", "jwks"),
        ] {
            assert_eq!(document[member], json!(format!("{issuer}/{path}")));
        }
        assert_eq!(document["subject_types_supported"], json!(["public"]));
        assert_eq!(document["id_token_signing_alg_values_supported"], json!(["RS256"]));
        assert_eq!(document["claims_parameter_supported"], json!(false));
        for (member, value) in [
            ("response_types_supported", "code"),
            ("response_modes_supported", "pi.flow"),
            ("response_modes_supported", "form_post"),
            ("grant_types_supported", "authorization_code"),
            ("code_challenge_methods_supported", "S256"),
            ("scopes_supported", "openid"),
            ("token_endpoint_auth_methods_supported", "client_secret_basic"),
        ] {
            let values = document[member].as_array().unwrap_or_else(|| panic!("{member}"));
            assert!(values.contains(&json!(value)), "{member}");
        }
    }

    async fn the_rfc_8414_document_is_the_same(server: TestServer) {
        let tenant = &server.tenant;
        let browser = tenant.browser();
        let oidc = tenant.endpoint(".well-known/openid-configuration");
        let oauth = format!("{}/.well-known/oauth-authorization-server/{}/as", tenant.base, tenant.id);
        let oidc = browser.get(oidc).send().await.expect_status(200).json();
        let oauth = browser.get(oauth).send().await.expect_status(200).json();
        for member in ["issuer", "authorization_endpoint", "token_endpoint", "jwks_uri"] {
            assert_eq!(oidc[member], oauth[member]);
        }
    }

    async fn an_unknown_environment_has_none(server: TestServer) {
        let tenant = &server.tenant;
        let url = tenant.endpoint(".well-known/openid-configuration");
        let url = url.replacen(&tenant.id, "00000000-0000-4000-8000-00000000beef", 1);
        let _ = tenant.browser().get(url).send().await.expect_status(404);
    }
}
