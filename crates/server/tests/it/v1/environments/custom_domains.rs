//! `/v1/environments/{e}/customDomains`

use countersign_testkit::{TestServer, on_every_adapter};
use serde_json::{Value, json};

use super::super::{Api, admin, refused, text};

const HOST: &str = "login.shop.test";

/// A certificate for hosts from an authority, with its key and the authority's certificate, in PEM.
fn certificate(hosts: &[&str]) -> [String; 3] {
    certificate_until(4_000, hosts)
}

/// The same that ends with a year.
fn certificate_until(year: i32, hosts: &[&str]) -> [String; 3] {
    let authority_key = rcgen::KeyPair::generate().unwrap();
    let mut authority = rcgen::CertificateParams::new(Vec::<String>::new()).unwrap();
    authority
        .distinguished_name
        .push(rcgen::DnType::CommonName, "Authority");
    authority.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    let root = authority.self_signed(&authority_key).unwrap().pem();
    let issuer = rcgen::Issuer::new(authority, authority_key);
    let key = rcgen::KeyPair::generate().unwrap();
    let hosts: Vec<String> = hosts.iter().map(ToString::to_string).collect();
    let mut params = rcgen::CertificateParams::new(hosts).unwrap();
    params
        .distinguished_name
        .push(rcgen::DnType::CommonName, "Shop");
    params.not_after = rcgen::date_time_ymd(year, 12, 31);
    let leaf = params.signed_by(&key, &issuer).unwrap().pem();
    [leaf, key.serialize_pem(), root]
}

async fn import(api: &Api, path: &str, hosts: &[&str]) -> Value {
    let [leaf, key, root] = certificate(hosts);
    let body = json!({ "certificate": leaf, "privateKey": key, "intermediateCertificates": root });
    let answer = api.act("POST", path, "certificate.import", body).await;
    answer.expect_status(200).json()
}

/// Makes a domain of an environment and has the DNS say that it is theirs.
async fn verified(server: &TestServer, api: &Api, env: &str) -> (String, Value) {
    let all = format!("/environments/{env}/customDomains");
    let made = Api::created(api.post(&all, json!({ "domainName": HOST })).await);
    let path = format!("{all}/{}", text(&made, "/id"));
    let canonical = text(&made, "/canonicalName");
    server
        .names
        .tell(HOST, Some(canonical.trim_end_matches('.')));
    let verify = api.act("POST", &path, "domainName.verify", Value::Null);
    let proved = verify.await.expect_status(200).json();
    (path, proved)
}

on_every_adapter! {
    async fn a_domain_is_proved_gets_its_certificate_and_is_served(server: TestServer) {
        let api = admin(&server).await;
        let there = server.tenant.on_domain(HOST);
        let all = format!("/environments/{}/customDomains", server.tenant.id);
        let made = Api::created(api.post(&all, json!({ "domainName": HOST })).await);
        let id = text(&made, "/id");
        assert_eq!((&made["domainName"], &made["status"]), (&json!(HOST), &json!("VERIFICATION_REQUIRED")));
        assert_eq!(made["canonicalName"], json!(format!("{id}.127.0.0.1.")));
        assert!(made["certificate"].is_null() && made["mtlsEnabled"] == false, "{made}");
        let path = format!("{all}/{id}");
        assert_eq!(api.get(&path).await.expect_status(200).json(), made);
        let list = api.get(&all).await.expect_status(200).json();
        assert_eq!(list["_embedded"]["customDomains"].as_array().unwrap().len(), 1);

        // Nothing proves it yet, in the words that Ping's Terraform provider waits by.
        let verify = || api.act("POST", &path, "domainName.verify", Value::Null);
        for (alias, begins) in [
            (None, "Error response from authoritative name servers: NXDOMAIN"),
            (Some(None), "No CNAME records found"),
            (Some(Some("127.0.0.1")), "No CNAME records found"),
        ] {
            if let Some(alias) = alias {
                server.names.tell(HOST, alias);
            }
            let body = refused(verify().await, 400, "REQUEST_FAILED", Some(("VERIFICATION_FAILED", "")));
            let message = text(&body, "/details/0/message");
            assert!(message.starts_with(begins), "{message}");
        }
        let [leaf, key, _] = certificate(&[HOST]);
        let body = json!({ "certificate": leaf, "privateKey": key });
        let early = api.act("POST", &path, "certificate.import", body).await;
        let early = refused(early, 400, "REQUEST_FAILED", Some(("CONSTRAINT_VIOLATION", "")));
        assert_eq!(early["details"][0]["message"], "Custom domain status must be 'SSL_CERTIFICATE_REQUIRED' or 'ACTIVE' in order to import a certificate");

        server.names.tell(HOST, Some(&format!("{id}.127.0.0.1")));
        let proved = verify().await.expect_status(200).json();
        assert_eq!(proved["status"], "SSL_CERTIFICATE_REQUIRED");
        let again = refused(verify().await, 400, "REQUEST_FAILED", Some(("CONSTRAINT_VIOLATION", "")));
        assert_eq!(again["details"][0]["message"], "custom domain does not need to be verified");
        let discovery = there.endpoint(".well-known/openid-configuration");
        let _ = there.browser().get(&discovery).send().await.expect_status(404);

        let active = import(&api, &path, &["*.shop.test"]).await;
        assert_eq!(active["status"], "ACTIVE");
        assert!(active["certificate"]["expiresAt"].is_string(), "{active}");
        assert!(!active.to_string().contains("PRIVATE KEY"), "{active}");
        assert_eq!(api.get(&path).await.expect_status(200).json(), active);
        let _ = there.browser().get(&discovery).send().await.expect_status(200);
        // A newer certificate takes the place of the first.
        let renewed = import(&api, &path, &["other.test", HOST]).await;
        assert_eq!(renewed["status"], "ACTIVE");

        let _ = api.delete(&path).await.expect_status(204);
        refused(api.get(&path).await, 404, "NOT_FOUND", None);
        let _ = there.browser().get(&discovery).send().await.expect_status(404);
    }

    async fn a_put_changes_what_can_be_changed(server: TestServer) {
        let api = admin(&server).await;
        let (path, before) = verified(&server, &api, &server.tenant.id).await;
        let body = json!({ "domainName": "other.test", "status": "ACTIVE", "mtlsEnabled": true,
            "canonicalName": "x", "certificate": { "expiresAt": "2099-01-01T00:00:00Z" } });
        let mut changed = api.put(&path, body).await.expect_status(200).json();
        assert_eq!(changed["mtlsEnabled"], true);
        let mut again = api.put(&path, json!({})).await.expect_status(200).json();
        for body in [&mut changed, &mut again] {
            body["mtlsEnabled"] = json!(false);
            body["updatedAt"] = before["updatedAt"].clone();
            assert_eq!(*body, before);
        }
    }

    async fn a_certificate_must_be_the_domains_own_and_alive(server: TestServer) {
        let api = admin(&server).await;
        let (path, _) = verified(&server, &api, &server.tenant.id).await;
        let [leaf, key, root] = certificate(&[HOST]);
        let [_, other_key, _] = certificate(&[HOST]);
        let [for_another, its_key, _] = certificate(&["shop.test", "x.login.shop.test"]);
        let [expired, old_key, _] = certificate_until(2_000, &[HOST]);
        let own = rcgen::KeyPair::generate().unwrap();
        let self_signed = rcgen::CertificateParams::new(vec![HOST.to_owned()]).unwrap();
        let self_signed = self_signed.self_signed(&own).unwrap().pem();
        for (body, member) in [
            (json!({}), "certificate"),
            (json!({ "certificate": leaf }), "privateKey"),
            (json!({ "certificate": leaf, "privateKey": other_key }), "privateKey"),
            (json!({ "certificate": leaf, "privateKey": "x" }), "privateKey"),
            (json!({ "certificate": "x", "privateKey": key }), "certificate"),
            (json!({ "certificate": for_another, "privateKey": its_key }), "certificate"),
            (json!({ "certificate": expired, "privateKey": old_key }), "certificate"),
            (json!({ "certificate": self_signed, "privateKey": own.serialize_pem() }), "certificate"),
            (json!({ "certificate": leaf, "privateKey": key, "intermediateCertificates": "x" }), "intermediateCertificates"),
        ] {
            let answer = api.act("POST", &path, "certificate.import", body).await.expect_status(400).json();
            assert_eq!(answer["details"][0]["target"], member, "{answer}");
        }
        let good = json!({ "certificate": leaf, "privateKey": key, "intermediateCertificates": root });
        let _ = api.act("POST", &path, "certificate.import", good).await.expect_status(200);
    }

    async fn a_name_must_be_one_and_nobody_elses(server: TestServer) {
        let api = admin(&server).await;
        let all = format!("/environments/{}/customDomains", server.tenant.id);
        refused(api.post(&all, json!({})).await, 400, "INVALID_DATA", Some(("REQUIRED_VALUE", "domainName")));
        for bad in ["", "shop", "127.0.0.1", "a b.test", "https://login.shop.test", "*.shop.test"] {
            let answer = api.post(&all, json!({ "domainName": bad })).await;
            refused(answer, 400, "INVALID_DATA", Some(("INVALID_VALUE", "domainName")));
        }
        let (path, _) = verified(&server, &api, &server.tenant.id).await;
        let twice = api.post(&all, json!({ "domainName": HOST.to_uppercase() })).await;
        refused(twice, 400, "INVALID_DATA", Some(("UNIQUENESS_VIOLATION", "domainName")));
        let _ = import(&api, &path, &[HOST]).await;
        // Elsewhere it can be written down, proved by whoever has the DNS, and not be served.
        let (other, _) = verified(&server, &api, &server.other.id).await;
        let [leaf, key, _] = certificate(&[HOST]);
        let body = json!({ "certificate": leaf, "privateKey": key });
        let answer = api.act("POST", &other, "certificate.import", body).await;
        refused(answer, 400, "INVALID_DATA", Some(("UNIQUENESS_VIOLATION", "domainName")));
        // Until the first one lets it go.
        let _ = api.delete(&path).await.expect_status(204);
        let _ = import(&api, &other, &[HOST]).await;
        let there = server.other.on_domain(HOST);
        // The first request notices that the domain has gone, the second where to.
        let _ = there.authorize(&there.web).send(&there.browser()).await;
        let moved = there.authorize(&there.web).send(&there.browser()).await.expect_status(302).redirect();
        assert!(moved.as_str().contains(&format!("client_id={}", there.web.id)), "{moved}");
    }

    async fn a_deleted_environment_lets_its_domains_go(server: TestServer) {
        let api = admin(&server).await;
        let body = json!({ "name": "Short-lived", "type": "SANDBOX", "region": "NA" });
        let made = Api::created(api.post("/environments", body).await);
        let id = text(&made, "/id");
        let (path, _) = verified(&server, &api, &id).await;
        let _ = import(&api, &path, &[HOST]).await;
        let _ = api.delete(&format!("/environments/{id}")).await.expect_status(204);
        let (path, _) = verified(&server, &api, &server.tenant.id).await;
        let _ = import(&api, &path, &[HOST]).await;
    }

    async fn the_file_of_the_operator_needs_no_proof(server: TestServer) {
        let there = server.tenant.on_domain(HOST);
        let document = |id: &str, domain: Value| json!({ "organization": { "name": "Tests" },
            "environments": [{ "id": id, "name": "x", "customDomains": [domain] }] });
        server.import(&document(&server.tenant.id, json!({ "domainName": HOST }))).await;
        let discovery = there.endpoint(".well-known/openid-configuration");
        let _ = there.browser().get(&discovery).send().await.expect_status(200);
        let waiting = json!({ "domainName": "waiting.test", "status": "VERIFICATION_REQUIRED" });
        server.import(&document(&server.tenant.id, waiting)).await;
        let api = admin(&server).await;
        let all = format!("/environments/{}/customDomains", server.tenant.id);
        let list = api.get(&all).await.expect_status(200).json();
        let mut found: Vec<_> = list["_embedded"]["customDomains"].as_array().unwrap().iter()
            .map(|it| (text(it, "/domainName"), text(it, "/status"))).collect();
        found.sort();
        let expected = [(HOST, "ACTIVE"), ("waiting.test", "VERIFICATION_REQUIRED")];
        assert_eq!(found, expected.map(|(name, status)| (name.to_owned(), status.to_owned())));
    }
}
