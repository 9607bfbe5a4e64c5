//! Which `redirect_uri` an authorization request may name.

use countersign_testkit::{REDIRECT_URI, TestServer, on_every_adapter};
use serde_json::json;

/// URIs that look like the registered one to one parser or another.
fn hostile() -> Vec<String> {
    let mut uris: Vec<String> = [
        "https://client.example/callback/",
        "https://client.example/callback?",
        "https://client.example/callback?x=1",
        "https://client.example/callback#",
        "https://client.example/callback#x",
        "https://client.example/callback/..",
        "https://client.example/callback/../callback",
        "https://client.example/./callback",
        "https://client.example//callback",
        "https://client.example/callback%2f",
        "https://client.example/callback%00",
        "https://client.example/callback;x",
        "https://client.example/..;/callback",
        "https://client.example/Callback",
        "https://client.example:443/callback",
        "https://client.example:/callback",
        "https://client.example./callback",
        "https://CLIENT.example/callback",
        "HTTPS://client.example/callback",
        "http://client.example/callback",
        "https:client.example/callback",
        "https:/client.example/callback",
        "https:///client.example/callback",
        "https:\\\\client.example\\callback",
        "https://client.example\\callback",
        "https://client.example\\@evil.example/callback",
        "https://evil.example\\@client.example/callback",
        "https://evil.example@client.example/callback",
        "https://client.example@evil.example/callback",
        "https://a@b@client.example/callback",
        "https://client.example%40evil.example/callback",
        "https://client.example.evil.example/callback",
        "https://evilclient.example/callback",
        "https://evil.example/?https://client.example/callback",
        "https://evil.example/#https://client.example/callback",
        "https://client.example%2eevil.example/callback",
        "https://[::1%25client.example]/callback",
        "https://cl\u{131}ent.example/callback",
        "https://xn--clent-q4a.example/callback",
        "https://client\u{3002}example/callback",
        "javascript:alert(1)",
        "JavaScript:alert(1)",
        "data:text/html,x",
        "//client.example/callback",
        "/callback",
        "callback",
        "*",
        "",
        " ",
    ]
    .map(str::to_owned)
    .to_vec();
    for white in [" ", "\t", "\n", "\r\n", "\u{b}", "\u{a0}", "\u{200b}", "\0"] {
        uris.push(format!("{REDIRECT_URI}{white}"));
        uris.push(format!("{white}{REDIRECT_URI}"));
        uris.push(REDIRECT_URI.replacen("client", &format!("cli{white}ent"), 1));
        uris.push(REDIRECT_URI.replacen("://", &format!(":{white}//"), 1));
    }
    // Every single changed, dropped and doubled byte.
    for at in 0..REDIRECT_URI.len() {
        let (before, after) = REDIRECT_URI.split_at(at);
        let rest = &after[1..];
        uris.push(format!("{before}{rest}"));
        for byte in ["~", "%", "/", "@", "A"] {
            uris.push(format!("{before}{byte}{rest}"));
            uris.push(format!("{before}{byte}{after}"));
        }
    }
    uris.retain(|uri| uri != REDIRECT_URI);
    uris
}

on_every_adapter! {
    async fn threat_1_and_2_only_the_registered_bytes_are_a_redirect_uri(server: TestServer) {
        let tenant = &server.tenant;
        let browser = tenant.browser();
        let corpus = hostile();
        assert!(corpus.len() > 300);
        for uri in corpus {
            let answer = tenant.authorize(&tenant.web).set("redirect_uri", &uri).send(&browser).await;
            assert_eq!(answer.status, 400, "{uri:?}");
            assert!(answer.header("location").is_none(), "{uri:?}");
        }
    }

    async fn a_loopback_address_without_a_port_takes_any_port_beside_a_wildcard(server: TestServer) {
        let tenant = &server.tenant;
        let application = json!({
            "id": tenant.web.id, "name": "Web", "allowWildcardInRedirectUris": true,
            "redirectUris": ["http://127.0.0.1/*/cb", "http://localhost:80/*/cb"],
        });
        let environment = json!({ "id": tenant.id, "name": "First", "applications": [application] });
        server.import(&json!({ "environments": [environment] })).await;
        for (uri, status) in [
            ("http://127.0.0.1/x/cb", 302),
            ("http://127.0.0.1:5000/x/cb", 302),
            ("http://127.0.0.1:5000/x/y/cb", 400),
            ("http://127.0.0.1:5000@evil.example/x/cb", 400),
            ("http://localhost:81/x/cb", 400),
        ] {
            let request = tenant.authorize(&tenant.web).set("redirect_uri", uri);
            assert_eq!(request.send(&tenant.browser()).await.status, status, "{uri}");
        }
    }

    async fn threat_5_no_error_redirects_to_an_unproven_uri(server: TestServer) {
        let tenant = &server.tenant;
        let browser = tenant.browser();
        for mode in ["query", "fragment", "form_post"] {
            let request = tenant
                .authorize(&tenant.web)
                .set("redirect_uri", "https://evil.example/")
                .set("response_mode", mode)
                .set("response_type", "teapot");
            let answer = request.send(&browser).await.expect_status(400);
            assert!(answer.header("location").is_none());
            assert!(!answer.body.contains("action=\"https://evil.example/"));
            assert_eq!(answer.header("x-content-type-options"), Some("nosniff"));
        }
    }

    async fn a_missing_redirect_uri_is_told_on_our_own_page(server: TestServer) {
        let tenant = &server.tenant;
        let request = tenant.authorize(&tenant.web).remove("redirect_uri");
        let answer = request.send(&tenant.browser()).await.expect_status(400);
        assert!(answer.header("location").is_none());
    }

    async fn pi_flow_needs_none_but_one_that_is_sent_must_match(server: TestServer) {
        let tenant = &server.tenant;
        let browser = tenant.browser();
        let good = tenant.authorize(&tenant.native).pi_flow();
        let _ = good.send(&browser).await.expect_status(200);
        let bad = good.set("redirect_uri", "https://evil.example/").send(&browser).await;
        let bad = bad.expect_status(400).json();
        assert!(bad.get("details").is_none(), "{bad}");
    }

    async fn threat_8_the_token_request_repeats_the_redirect_uri(server: TestServer) {
        let tenant = &server.tenant;
        let browser = tenant.browser();
        let code = tenant.authorize(&tenant.web).code(&browser).await;
        let good = tenant.redeem(&tenant.web, &code);
        let bad = good.clone().set("redirect_uri", "https://client.example/callback/");
        assert_eq!(bad.send(&browser).await.expect_status(400).text("/error"), "invalid_grant");
        let code = tenant.authorize(&tenant.web).code(&browser).await;
        let missing = tenant.redeem(&tenant.web, &code).remove("redirect_uri");
        let error = missing.send(&browser).await.expect_status(400).text("/error");
        assert!(error == "invalid_grant" || error == "invalid_request", "{error}");
    }
}
