//! `/v1/environments/{e}/keys`, `/certificates` and `/keyRotationPolicies`

use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1, UnparsedPublicKey};
use countersign_testkit::{Answer, TestServer, on_every_adapter};
use serde_json::{Value, json};
use x509_parser::certification_request::X509CertificationRequest;
use x509_parser::prelude::{FromDer, X509Certificate};

use super::super::{Api, admin, refused, text};

const NOBODY: &str = "00000000-0000-4000-8000-000000000001";

fn ec(name: &str) -> Value {
    json!({ "name": name, "algorithm": "EC", "keyLength": 256, "signatureAlgorithm": "SHA256withECDSA",
        "subjectDN": format!("CN={name}, OU=Ping Identity, O=Ping Identity, L=, ST=, C=US"),
        "usageType": "SIGNING", "validityPeriod": 365 })
}

async fn upload(api: &Api, path: &str, usage: &str, file: &str) -> Answer {
    let form = format!(
        "--x\r\nContent-Disposition: form-data; name=\"usageType\"\r\n\r\n{usage}\r\n--x\r\n\
         Content-Disposition: form-data; name=\"file\"; filename=\"f\"\r\n\
         Content-Type: application/octet-stream\r\n\r\n{file}\r\n--x--\r\n"
    );
    api.upload(
        "POST",
        path,
        "multipart/form-data; boundary=x",
        form.into_bytes(),
    )
    .await
}

/// A self-signed certificate and its private key, in PEM.
fn pair(name: &str) -> (String, String) {
    let key = rcgen::KeyPair::generate().unwrap();
    let mut params = rcgen::CertificateParams::new(Vec::<String>::new()).unwrap();
    params
        .distinguished_name
        .push(rcgen::DnType::CommonName, name);
    params
        .distinguished_name
        .push(rcgen::DnType::OrganizationName, "Tests");
    (params.self_signed(&key).unwrap().pem(), key.serialize_pem())
}

on_every_adapter! {
    async fn a_key_is_read_as_it_was_written_and_signs(server: TestServer) {
        let api = admin(&server).await;
        let all = format!("/environments/{}/keys", server.tenant.id);
        let mut body = ec("one");
        body["issuerDN"] = json!("CN=My CA, O=Ping Identity, L=, C=US");
        body["serialNumber"] = json!(1_662_023_413_215_u64);
        let made = Api::created(api.post(&all, body.clone()).await);
        for (name, value) in body.as_object().unwrap() {
            assert_eq!(made[name], *value, "{name}");
        }
        assert_eq!((&made["status"], &made["default"]), (&json!("VALID"), &json!(false)));
        assert!(made["organization"]["id"].is_string() && made["privateKey"].is_null(), "{made}");
        let path = format!("{all}/{}", text(&made, "/id"));
        let read = api.get(&path).await.expect_status(200).json();
        assert_eq!(read, made);
        // Only some of it changes; and it is published.
        let mut other = read.clone();
        other["name"] = json!("two");
        other["issuerDN"] = json!("CN=Other");
        other["default"] = json!(true);
        let changed = api.put(&path, other).await.expect_status(200).json();
        assert_eq!((&changed["name"], &changed["issuerDN"]), (&json!("one"), &json!("CN=Other")));
        let list = api.get(&all).await.expect_status(200).json();
        let list = list["_embedded"]["keys"].as_array().unwrap().clone();
        let signing = list.iter().filter(|it| it["usageType"] == "SIGNING" && it["default"] == true);
        assert_eq!(signing.count(), 1);
        let jwks = server.tenant.browser().get(server.tenant.endpoint("jwks")).send().await;
        let jwks = jwks.expect_status(200).json();
        let kid = &made["id"];
        assert!(jwks["keys"].as_array().unwrap().iter().any(|it| it["kid"] == *kid && it["alg"] == "ES256"));
        let body = refused(api.delete(&path).await, 400, "REQUEST_FAILED", Some(("CONSTRAINT_VIOLATION", "")));
        assert!(text(&body, "/message").contains("The Key must not be in use"));
        let body = refused(api.get(&format!("{all}/{NOBODY}")).await, 404, "NOT_FOUND", None);
        let message = format!("Key not found for id: {NOBODY} and environmentId: {}", server.tenant.id);
        assert_eq!(body["message"], json!(message));
        let none = api.get(&format!("{path}/applications")).await.expect_status(200).json();
        assert_eq!(none["_embedded"]["applications"], json!([]));
    }

    async fn what_an_identity_provider_uses_cannot_go(server: TestServer) {
        let api = admin(&server).await;
        let env = format!("/environments/{}", server.tenant.id);
        let key = Api::created(api.post(&format!("{env}/keys"), ec("of the provider")).await);
        let (pem, _) = pair("of the other side");
        let uploaded = upload(&api, &format!("{env}/certificates"), "SIGNING", &pem).await;
        let certificate = Api::placed(uploaded, 202);
        let provider = json!({ "name": "Elsewhere", "enabled": true, "type": "SAML",
            "idpEntityId": "https://idp.example", "spEntityId": "https://sp.example",
            "ssoBinding": "HTTP_POST", "ssoEndpoint": "https://idp.example/sso",
            "idpVerification": { "certificates": [{ "id": certificate["id"] }] },
            "spSigning": { "key": { "id": key["id"] }, "algorithm": "SHA256withECDSA" } });
        let provider = Api::created(api.post(&format!("{env}/identityProviders"), provider).await);
        let paths = [("keys", "Key", &key), ("certificates", "Certificate", &certificate)];
        let paths = paths.map(|(plural, what, it)| (format!("{env}/{plural}/{}", text(it, "/id")), what));
        for (path, what) in &paths {
            let body = refused(api.delete(path).await, 400, "REQUEST_FAILED", Some(("CONSTRAINT_VIOLATION", "")));
            assert!(text(&body, "/message").contains(&format!("The {what} must not be in use")), "{body}");
        }
        let provider = format!("{env}/identityProviders/{}", text(&provider, "/id"));
        let _ = api.delete(&provider).await.expect_status(204);
        for (path, _) in &paths {
            let _ = api.delete(path).await.expect_status(204);
        }
    }

    async fn keys_for_other_uses_sign_no_tokens(server: TestServer) {
        let api = admin(&server).await;
        let all = format!("/environments/{}/keys", server.tenant.id);
        for (number, (length, signature, usage)) in [
            (256, "SHA384withECDSA", "SIGNING"),
            (521, "SHA512withECDSA", "ENCRYPTION"),
            (384, "SHA384withECDSA", "SSL/TLS"),
            (256, "SHA256withECDSA", "ISSUANCE"),
            (256, "SHA256withECDSA", "OUTBOUND_MTLS"),
        ].into_iter().enumerate() {
            let mut body = ec(&format!("k{number}"));
            body["keyLength"] = json!(length);
            body["signatureAlgorithm"] = json!(signature);
            body["usageType"] = json!(usage);
            let made = Api::created(api.post(&all, body).await);
            let jwks = server.tenant.browser().get(server.tenant.endpoint("jwks")).send().await;
            let jwks = jwks.expect_status(200).json();
            assert!(!jwks["keys"].as_array().unwrap().iter().any(|it| it["kid"] == made["id"]), "{usage}");
            let _ = api.delete(&format!("{all}/{}", text(&made, "/id"))).await.expect_status(204);
        }
    }

    async fn keys_that_cannot_be_made_say_why(server: TestServer) {
        let api = admin(&server).await;
        let all = format!("/environments/{}/keys", server.tenant.id);
        for (name, value, code) in [
            ("name", json!(null), "REQUIRED_VALUE"), ("name", json!(""), "EMPTY_VALUE"),
            ("keyLength", json!(512), "INVALID_VALUE"), ("keyLength", json!(null), "REQUIRED_VALUE"),
            ("signatureAlgorithm", json!("SHA256withRSA"), "INVALID_VALUE"),
            ("usageType", json!("X"), "INVALID_VALUE"), ("subjectDN", json!("nobody"), "INVALID_VALUE"),
            // The certificate would have one of them.
            ("subjectDN", json!("CN=x, OU=a, OU=b"), "INVALID_VALUE"),
            ("validityPeriod", json!(0), "OUT_OF_RANGE"), ("customCRL", json!("http://x.example/crl"), "INVALID_VALUE"),
        ] {
            let mut body = ec("bad");
            body[name] = value;
            refused(api.post(&all, body).await, 400, "INVALID_DATA", Some((code, name)));
        }
        // The default of signing must be able to sign tokens.
        let mut body = ec("bad");
        body["signatureAlgorithm"] = json!("SHA384withECDSA");
        body["default"] = json!(true);
        refused(api.post(&all, body).await, 400, "INVALID_DATA", Some(("CONSTRAINT_VIOLATION", "default")));
    }

    async fn a_certificate_is_asked_for_and_put_in_place(server: TestServer) {
        let api = admin(&server).await;
        let all = format!("/environments/{}/keys", server.tenant.id);
        let (certificate, key) = pair("imported");
        let answer = upload(&api, &all, "SIGNING", &format!("{key}{certificate}")).await;
        let made = Api::created(answer);
        assert_eq!((&made["name"], &made["algorithm"], &made["keyLength"]), (&json!("imported"), &json!("EC"), &json!(256)));
        assert_eq!(made["subjectDN"], "CN=imported, O=Tests");
        let path = format!("{all}/{}", text(&made, "/id"));
        let request = api.accepting(&format!("{path}/csr"), "application/x-pem-file").await.expect_status(200);
        assert!(request.body.starts_with("-----BEGIN CERTIFICATE REQUEST-----"));
        let exported = api.accepting(&path, "application/x-x509-ca-cert").await.expect_status(200);
        assert_eq!(exported.body.replace(['\r', '\n'], ""), certificate.replace(['\r', '\n'], ""));
        // What comes back must be of this key.
        let (strange, _) = pair("strange");
        let answer = upload(&api, &format!("{path}/csr"), "", &strange).await;
        refused(answer, 400, "INVALID_DATA", Some(("INVALID_VALUE", "file")));
        let own = rcgen::KeyPair::from_pem(&key).unwrap();
        let params = rcgen::CertificateParams::new(vec!["new.example".to_owned()]).unwrap();
        let fresh = params.self_signed(&own).unwrap().pem();
        let changed = upload(&api, &format!("{path}/csr"), "", &fresh).await.expect_status(200).json();
        assert_eq!(changed["id"], made["id"]);
        assert_ne!(changed["subjectDN"], made["subjectDN"]);
        // A key without its certificate, somebody else's, or nothing at all.
        for file in [key.clone(), format!("{key}{strange}"), "nothing".to_owned()] {
            refused(upload(&api, &all, "SIGNING", &file).await, 400, "INVALID_DATA", Some(("INVALID_VALUE", "file")));
        }
        refused(upload(&api, &all, "FUN", &key).await, 400, "INVALID_DATA", Some(("INVALID_VALUE", "usageType")));
        let broken = api.upload("POST", &all, "multipart/form-data; boundary=x", b"--x".to_vec()).await;
        refused(broken, 400, "INVALID_REQUEST", None);
    }

    async fn a_certificate_is_asked_for_in_the_name_of_the_one_there_is(server: TestServer) {
        let api = admin(&server).await;
        let all = format!("/environments/{}/keys", server.tenant.id);
        let key = rcgen::KeyPair::generate().unwrap();
        let mut params = rcgen::CertificateParams::new(Vec::<String>::new()).unwrap();
        params.distinguished_name = rcgen::DistinguishedName::new();
        let email = rcgen::DnType::CustomDnType(vec![1, 2, 840, 113_549, 1, 9, 1]);
        for (kind, value) in [
            (rcgen::DnType::CountryName, "GB"),
            (rcgen::DnType::OrganizationName, "A, Inc."),
            (email, "a@b.example"),
            (rcgen::DnType::CommonName, "mail"),
        ] {
            params.distinguished_name.push(kind, value);
        }
        let certificate = params.self_signed(&key).unwrap();
        let file = format!("{}{}", key.serialize_pem(), certificate.pem());
        let made = Api::created(upload(&api, &all, "SIGNING", &file).await);
        let path = format!("{all}/{}/csr", text(&made, "/id"));
        let request = api.accepting(&path, "application/x-pem-file").await.expect_status(200);
        let (_, pem) = x509_parser::pem::parse_x509_pem(request.body.as_bytes()).unwrap();
        assert_eq!(pem.label, "CERTIFICATE REQUEST");
        let (_, request) = X509CertificationRequest::from_der(&pem.contents).unwrap();
        let info = &request.certification_request_info;
        let (_, certificate) = X509Certificate::from_der(certificate.der()).unwrap();
        assert_eq!(info.subject.as_raw(), certificate.subject().as_raw());
        assert_eq!(info.subject_pki.raw, certificate.public_key().raw);
        let public = certificate.public_key().subject_public_key.data.as_ref();
        let public = UnparsedPublicKey::new(&ECDSA_P256_SHA256_ASN1, public);
        public.verify(info.raw, &request.signature_value.data).unwrap();
    }

    async fn certificates_without_private_keys_are_kept(server: TestServer) {
        let api = admin(&server).await;
        let all = format!("/environments/{}/certificates", server.tenant.id);
        let (certificate, _) = pair("ca");
        let made = Api::placed(upload(&api, &all, "SIGNING", &certificate).await, 202);
        assert_eq!((&made["name"], &made["usageType"], &made["status"]), (&json!("ca"), &json!("SIGNING"), &json!("VALID")));
        // The order of the certificate, and no spaces.
        assert_eq!(made["subjectDN"], "CN=ca,O=Tests");
        let path = format!("{all}/{}", text(&made, "/id"));
        let read = api.get(&path).await.expect_status(200);
        assert_eq!(read.json(), made);
        // Its serial number has 20 bytes, as that of most certificates: all its digits are there.
        let digits = read.body.split_once("\"serialNumber\":").unwrap().1;
        let digits = digits.bytes().take_while(u8::is_ascii_digit).count();
        assert!((40..=49).contains(&digits), "{}", read.body);
        assert_eq!(api.get(&all).await.expect_status(200).json()["count"], 1);
        refused(upload(&api, &all, "OUTBOUND_MTLS", &certificate).await, 400, "INVALID_DATA", Some(("INVALID_VALUE", "usageType")));
        refused(upload(&api, &all, "SIGNING", "x").await, 400, "INVALID_DATA", Some(("INVALID_VALUE", "file")));
        let _ = api.delete(&path).await.expect_status(204);
        refused(api.get(&path).await, 404, "NOT_FOUND", None);
    }

    async fn a_key_rotation_policy_is_read_as_it_was_written(server: TestServer) {
        let api = admin(&server).await;
        let all = format!("/environments/{}/keyRotationPolicies", server.tenant.id);
        let body = json!({ "name": "Mine", "dn": "CN=Mine, O=Tests", "algorithm": "EC", "keyLength": 256,
            "signatureAlgorithm": "SHA256withECDSA", "usageType": "SIGNING" });
        let made = Api::created(api.post(&all, body.clone()).await);
        assert_eq!((&made["rotationPeriod"], &made["validityPeriod"]), (&json!(90), &json!(365)));
        assert_ne!(made["currentKeyId"], made["nextKeyId"]);
        let path = format!("{all}/{}", text(&made, "/id"));
        assert_eq!(api.get(&path).await.expect_status(200).json(), made);
        assert_eq!(api.put(&path, made.clone()).await.expect_status(200).json(), made);
        // Both keys are published, and stay while the policy is there.
        let jwks = server.tenant.browser().get(server.tenant.endpoint("jwks")).send().await;
        let jwks = jwks.expect_status(200).json();
        for name in ["currentKeyId", "nextKeyId"] {
            assert!(jwks["keys"].as_array().unwrap().iter().any(|it| it["kid"] == made[name]), "{name}");
            let key = format!("/environments/{}/keys/{}", server.tenant.id, text(&made, &format!("/{name}")));
            refused(api.delete(&key).await, 400, "REQUEST_FAILED", Some(("CONSTRAINT_VIOLATION", "")));
        }
        refused(api.post(&all, body.clone()).await, 400, "INVALID_DATA", Some(("UNIQUENESS_VIOLATION", "name")));
        for (name, value, code, target) in [
            ("rotationPeriod", json!(29), "OUT_OF_RANGE", "rotationPeriod"),
            ("rotationPeriod", json!(365), "OUT_OF_RANGE", "rotationPeriod"),
            ("keyLength", json!(123), "INVALID_VALUE", "signatureAlgorithm"),
            ("usageType", json!("ENCRYPTION"), "INVALID_VALUE", "usageType"),
            ("dn", json!("x"), "INVALID_VALUE", "dn"), ("dn", json!(null), "REQUIRED_VALUE", "dn"),
        ] {
            let mut bad = body.clone();
            bad["name"] = json!("Bad");
            bad[name] = value;
            refused(api.post(&all, bad).await, 400, "INVALID_DATA", Some((code, target)));
        }
        let _ = api.delete(&path).await.expect_status(204);
        let list = api.get(&all).await.expect_status(200).json();
        let default = &list["_embedded"]["keyRotationPolicies"][0];
        let default = format!("{all}/{}", text(default, "/id"));
        refused(api.delete(&default).await, 400, "REQUEST_FAILED", Some(("CONSTRAINT_VIOLATION", "")));
    }
}
