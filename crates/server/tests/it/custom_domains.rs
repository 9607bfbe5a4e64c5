//! An environment on a custom domain: the host says which it is, and no path names it.

use countersign_testkit::{Answer, Browser, Tenant, TestServer, on_every_adapter, query};
use serde_json::{Value, json};

use crate::v1::{admin, text};

const HOST: &str = "login.shop.test";
const OTHER: &str = "login.other.test";

/// Gives both environments a domain, as the operator's file does, and visits the first one's.
async fn on_domain(server: &TestServer) -> Tenant {
    let domain = |name: &str| json!([{ "domainName": name }]);
    let (first, second) = (&server.tenant, &server.other);
    let document = json!({ "organization": { "name": "Tests" }, "environments": [
        { "id": first.id, "name": "First", "customDomains": domain(HOST) },
        { "id": second.id, "name": "Second", "customDomains": domain(OTHER) },
    ] });
    server.import(&document).await;
    first.on_domain(HOST)
}

async fn get(browser: &Browser, url: String) -> Answer {
    browser.get(url).send().await
}

/// A request to the server itself that says it is for this host.
async fn as_if_for(server: &TestServer, host: &str, path: &str) -> Answer {
    let browser = server.tenant.browser();
    let request = browser.get(format!("{}{path}", server.base));
    request.header("host", host).send().await
}

on_every_adapter! {
    async fn a_whole_sign_on_stays_on_the_domain(server: TestServer) {
        let there = on_domain(&server).await;
        let browser = there.browser();
        let page = there.authorize(&there.web).send(&browser).await.expect_status(302).redirect();
        assert!(page.as_str().starts_with(&format!("{}/signon/?flowId=", there.base)), "{page}");
        assert!(!page.as_str().contains(&there.id), "{page}");
        let cookie = browser.with_jar(|jar| jar.all().to_vec()).into_iter().find(|it| it.name == "ST").unwrap();
        assert_eq!((cookie.path.as_str(), cookie.host.as_str()), ("/", HOST));
        // The page has no link that names the environment.
        let body = get(&browser, page.into()).await.expect_status(200).body;
        assert!(!body.contains(&there.id), "{body}");
        let code = there.authorize(&there.web).code(&browser).await;
        let tokens = there.redeem(&there.web, &code).send(&browser).await.expect_status(200).json();
        let issuer = format!("{}/as", there.base);
        for kind in ["access_token", "id_token"] {
            let verified = there.verify(&tokens[kind]).await;
            assert_eq!(verified.claims["iss"], json!(issuer), "{kind}");
        }
        let access = text(&tokens, "/access_token");
        let _ = there.userinfo(&access).await.expect_status(200);
        // It is the environment's token, wherever it is shown.
        let _ = server.tenant.userinfo(&access).await.expect_status(200);
        let _ = server.other.userinfo(&access).await.expect_status(401);
        // The session is the domain's: single sign-on there, and none at the server's own address.
        let silent = there.authorize(&there.web).set("prompt", "none").send(&browser).await.redirect();
        assert!(query(&silent).contains_key("code"), "{silent}");
        // Signed off, at the domain that the ID token is of.
        let hint = text(&tokens, "/id_token");
        let elsewhere = format!("{}?id_token_hint={hint}", server.tenant.endpoint("signoff"));
        let _ = get(&browser, elsewhere).await.expect_status(400);
        let off = format!("{}?id_token_hint={hint}", there.endpoint("signoff"));
        let _ = get(&browser, off).await.expect_status(200);
        let silent = there.authorize(&there.web).set("prompt", "none").send(&browser).await.redirect();
        assert_eq!(query(&silent)["error"], "login_required");
    }

    async fn a_flow_in_json_has_links_to_the_domain_alone(server: TestServer) {
        let there = on_domain(&server).await;
        let browser = there.browser();
        let started = there.authorize(&there.native).set("response_mode", "pi.flow").send(&browser).await;
        let started = started.expect_status(200).json();
        let flow = text(&started, "/id");
        let links = started["_links"].as_object().unwrap();
        for href in links.values().map(|it| text(it, "/href")) {
            assert!(href.starts_with(&there.base) && !href.contains(&there.id), "{href}");
        }
        assert_eq!(started["resumeUrl"], json!(format!("{}/as/resume?flowId={flow}", there.base)));
        assert_eq!(text(&started, "/_links/self/href"), there.flow(&flow));
        let person = &there.person;
        let done = there.check_password(&browser, &flow, &person.username, &person.password).await;
        let done = done.expect_status(200).json();
        assert_eq!(done["status"], "COMPLETED");
        let answer = get(&browser, text(&done, "/resumeUrl")).await.expect_status(200).json();
        let code = text(&answer, "/authorizeResponse/code");
        let _ = there.redeem(&there.native, &code).send(&browser).await.expect_status(200);
        // The same flow is not reached at the server's own address: the cookie stays at home.
        let _ = get(&browser, server.tenant.flow(&flow)).await.expect_status(404);
    }

    async fn discovery_names_the_domain(server: TestServer) {
        let there = on_domain(&server).await;
        let browser = there.browser();
        // Twice: from the store, then from memory.
        for _ in 0..2 {
            let document = get(&browser, there.endpoint(".well-known/openid-configuration")).await;
            let document = document.expect_status(200);
            let metadata = get(&browser, format!("{}/.well-known/oauth-authorization-server/as", there.base)).await;
            assert_eq!(metadata.expect_status(200).body, document.body);
            assert!(!document.body.contains(&there.id), "{}", document.body);
            let document = document.json();
            assert_eq!(document["issuer"], json!(format!("{}/as", there.base)));
            assert_eq!(document["token_endpoint"], json!(there.endpoint("token")));
            let own = get(&browser, server.tenant.endpoint(".well-known/openid-configuration")).await;
            assert_eq!(own.expect_status(200).json()["issuer"], json!(server.tenant.issuer()));
            assert_eq!(there.jwks().await, server.tenant.jwks().await);
        }
    }

    async fn what_clients_sign_may_be_for_any_address_of_the_environment(server: TestServer) {
        let there = on_domain(&server).await;
        let browser = there.browser();
        let code = there.authorize(&there.post).code(&browser).await;
        // Redeemed at the server's own address: the issuer is that of the host that was asked.
        let tokens = server.tenant.redeem(&server.tenant.post, &code).send(&browser).await;
        let tokens = tokens.expect_status(200).json();
        let verified = server.tenant.verify(&tokens["id_token"]).await;
        assert_eq!(verified.claims["iss"], json!(server.tenant.issuer()));
    }

    async fn a_device_page_is_on_the_domain(server: TestServer) {
        let there = on_domain(&server).await;
        let browser = there.browser();
        let shown = get(&browser, format!("{}/device", there.base)).await.expect_status(302).redirect();
        assert!(shown.as_str().starts_with(&format!("{}/signon/?flowId=", there.base)), "{shown}");
    }

    async fn threat_36_a_host_chooses_among_configured_ones_and_nothing_else(server: TestServer) {
        let there = on_domain(&server).await;
        let document = "/as/.well-known/openid-configuration";
        let plain = get(&there.browser(), format!("{}{document}", there.base)).await.expect_status(200).body;
        // No other header counts, and no other spelling of the host is another address.
        for (name, value) in [
            ("x-forwarded-host", OTHER),
            ("x-forwarded-host", "evil.example"),
            ("forwarded", "host=evil.example;proto=https"),
            ("x-forwarded-proto", "https"),
            ("x-forwarded-port", "1"),
            ("x-original-host", OTHER),
            ("x-host", OTHER),
        ] {
            let browser = there.browser();
            let request = browser.get(format!("{}{document}", there.base));
            assert_eq!(request.header(name, value).send().await.expect_status(200).body, plain, "{name}");
        }
        for same in [HOST.to_owned(), HOST.to_uppercase(), format!("{HOST}:1"), format!("{HOST}:99999")] {
            assert_eq!(as_if_for(&server, &same, document).await.expect_status(200).body, plain, "{same}");
        }
        // A host that nobody configured has no such paths.
        let own = server.base.trim_start_matches("http://");
        for host in [
            own, "evil.example", "login.shop.test.", "login.shop.test.evil.example", "x.login.shop.test",
            "shop.test", "login.shop.test@evil.example", "evil.example@login.shop.test", "127.0.0.1", "[::1]", "*",
        ] {
            let _ = as_if_for(&server, host, document).await.expect_status(404);
        }
        // A path that names its environment is the same everywhere.
        let path = format!("/{}{document}", server.tenant.id);
        let plain = as_if_for(&server, own, &path).await.expect_status(200).body;
        for host in [HOST, OTHER, "evil.example"] {
            assert_eq!(as_if_for(&server, host, &path).await.expect_status(200).body, plain, "{host}");
        }
    }

    async fn threat_42_a_domain_leads_to_its_own_environment_alone(server: TestServer) {
        let there = on_domain(&server).await;
        let stranger = server.other.on_domain(OTHER);
        let browser = there.browser();
        let code = there.authorize(&there.web).code(&browser).await;
        let refused = stranger.redeem(&there.web, &code).send(&stranger.browser()).await;
        let _ = refused.expect_status(401);
        let flow = there.authorize(&there.native).start_flow(&browser).await;
        let cookie = browser.cookie(&there.base, "ST").unwrap();
        let thief = stranger.browser();
        let request = thief.get(stranger.flow(&flow)).header("cookie", format!("ST={cookie}"));
        let _ = request.send().await.expect_status(404);
    }

    async fn a_domain_is_served_and_unserved_at_once_on_every_node(server: TestServer) {
        let node = server.another_node().await;
        let there = server.tenant.on_domain(HOST);
        let elsewhere = node.tenant.on_domain(HOST);
        let authorize = |tenant: Tenant| async move {
            tenant.authorize(&tenant.web).send(&tenant.browser()).await.status
        };
        // Looked for in vain first, so that both nodes know that it is not there.
        assert_eq!(authorize(there.clone()).await, 404);
        assert_eq!(authorize(elsewhere.clone()).await, 404);
        let _ = on_domain(&server).await;
        assert_eq!(authorize(there.clone()).await, 302);
        assert_eq!(authorize(elsewhere.clone()).await, 302);
        let api = admin(&server).await;
        let all = format!("/environments/{}/customDomains", there.id);
        let list = api.get(&all).await.expect_status(200).json();
        let id = text(&list, "/_embedded/customDomains/0/id");
        let _ = api.delete(&format!("{all}/{id}")).await.expect_status(204);
        assert_eq!(authorize(there.clone()).await, 404);
        assert_eq!(authorize(elsewhere).await, 404);
        // Tokens of an address that is gone are believed no more than those of a stranger.
        let tokens: Value = server.tenant.tokens(&server.tenant.web).await;
        let _ = server.tenant.userinfo(&text(&tokens, "/access_token")).await.expect_status(200);
    }

    async fn the_servers_own_hosts_and_known_domains_cost_no_look_up(server: TestServer) {
        let there = on_domain(&server).await;
        let browser = there.browser();
        let document = there.endpoint(".well-known/openid-configuration");
        let _ = get(&browser, document.clone()).await.expect_status(200);
        let before = server.counts.reads();
        for _ in 0..20 {
            let _ = get(&browser, document.clone()).await.expect_status(200);
            let _ = get(&browser, format!("{}/as/authorize", server.base)).await.expect_status(404);
        }
        // The job that looks for changes may have come by.
        assert!(server.counts.reads() - before < 20);
    }
}
