//! Things that are good once, or for one purpose: none of them passes for another, and none of them
//! with a byte changed

use countersign_testkit::{Answer, Browser, TestServer, VERIFIER, code_in, on_every_adapter};
use serde_json::{Value, json};

const URN: &str = "urn:ietf:params:oauth:request_uri:";

/// One of each, all of the native application, none used yet.
struct Things {
    code: String,
    handle: String,
    device_code: String,
    user_code: String,
    flow: String,
    refresh_token: String,
    access_token: String,
    id_token: String,
    jti: String,
    cookie: String,
    recovery_code: String,
    verification_code: String,
    /// Flows that wait for the code of a mail, each with its browser.
    recovering: (Browser, String),
    verifying: (Browser, String),
}

impl Things {
    async fn make(server: &TestServer) -> Self {
        let tenant = &server.tenant;
        let native = json!({
            "id": tenant.native.id, "name": "Native",
            "grantTypes": ["AUTHORIZATION_CODE", "REFRESH_TOKEN", "DEVICE_CODE"],
        });
        let grace = json!({
            "username": "grace", "email": "grace@client.example",
            "lifecycle": { "status": "VERIFICATION_REQUIRED" },
            "password": { "value": tenant.person.password },
        });
        server
            .import(&json!({ "environments": [ {
            "id": tenant.id, "name": "First", "applications": [native], "users": [grace],
        } ] }))
            .await;
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        let tokens = tenant.tokens(&tenant.native).await;
        let access = tenant.verify(&tokens["access_token"]).await;
        let codes = post(server, "device_authorization", &[("scope", "openid")]).await;
        let pushed: Vec<_> = tenant.authorize(&tenant.native).parameters().to_vec();
        let browser = tenant.browser();
        let pushed = browser
            .post(tenant.endpoint("par"))
            .form(pushed)
            .send()
            .await;
        let pushed = pushed.expect_status(201).text("/request_uri");
        let code = tenant.authorize(&tenant.native).code(&browser).await;
        let cookie = browser.cookie(tenant.endpoint("authorize"), "ST").unwrap();
        let flow = tenant
            .authorize(&tenant.native)
            .start_flow(&tenant.browser())
            .await;

        let recovering = tenant.browser();
        let recovery = tenant
            .authorize(&tenant.native)
            .start_flow(&recovering)
            .await;
        let body = json!({ "username": tenant.person.username });
        let asked = tenant
            .act(&recovering, &recovery, "password.forgot", &body)
            .await;
        let _ = asked.expect_status(200);
        let recovery_code = code_in(&server.mail().await);
        let verifying = tenant.browser();
        let verification = tenant
            .authorize(&tenant.native)
            .start_flow(&verifying)
            .await;
        let password = &tenant.person.password;
        let asked = tenant
            .check_password(&verifying, &verification, "grace", password)
            .await;
        assert_eq!(
            asked.expect_status(200).text("/status"),
            "VERIFICATION_CODE_REQUIRED"
        );
        let verification_code = code_in(&server.mail().await);
        Self {
            code,
            handle: pushed.strip_prefix(URN).unwrap().to_owned(),
            device_code: codes.text("/device_code"),
            user_code: codes.text("/user_code"),
            flow,
            refresh_token: text(&tokens["refresh_token"]),
            access_token: text(&tokens["access_token"]),
            id_token: text(&tokens["id_token"]),
            jti: access.text("jti").to_owned(),
            cookie,
            recovery_code,
            verification_code,
            recovering: (recovering, recovery),
            verifying: (verifying, verification),
        }
    }

    fn all(&self) -> [(&'static str, &str); 12] {
        [
            ("code", &self.code),
            ("handle", &self.handle),
            ("device_code", &self.device_code),
            ("user_code", &self.user_code),
            ("flow", &self.flow),
            ("refresh_token", &self.refresh_token),
            ("access_token", &self.access_token),
            ("id_token", &self.id_token),
            ("jti", &self.jti),
            ("cookie", &self.cookie),
            ("recovery_code", &self.recovery_code),
            ("verification_code", &self.verification_code),
        ]
    }
}

async fn post(server: &TestServer, endpoint: &str, fields: &[(&str, &str)]) -> Answer {
    let tenant = &server.tenant;
    let mut form = vec![("client_id", tenant.native.id.as_str())];
    form.extend(fields);
    tenant
        .browser()
        .post(tenant.endpoint(endpoint))
        .form(form)
        .send()
        .await
}

/// Where each kind belongs.
const PLACES: [&str; 9] = [
    "code",
    "handle",
    "device_code",
    "flow",
    "refresh_token",
    "access_token",
    "cookie",
    "recovery_code",
    "verification_code",
];

/// Presents a text at a place; whether it is what belongs there, good and unused.
async fn is_taken(server: &TestServer, things: &Things, place: &str, text: &str) -> bool {
    let tenant = &server.tenant;
    let browser = tenant.browser();
    let grant = |name: &'static str| ("grant_type", name);
    match place {
        "code" => {
            let uri = ("redirect_uri", countersign_testkit::REDIRECT_URI);
            let verifier = ("code_verifier", VERIFIER);
            let fields = [grant("authorization_code"), ("code", text), uri, verifier];
            post(server, "token", &fields).await.status == 200
        }
        "device_code" => {
            let grant = grant("urn:ietf:params:oauth:grant-type:device_code");
            let answer = post(server, "token", &[grant, ("device_code", text)]).await;
            answer.text("/error") != "invalid_grant"
        }
        "refresh_token" => {
            let fields = [grant("refresh_token"), ("refresh_token", text)];
            post(server, "token", &fields).await.status == 200
        }
        "handle" => {
            let mut taken = false;
            for uri in [format!("{URN}{text}"), text.to_owned()] {
                let mut url = url::Url::parse(&tenant.endpoint("authorize")).unwrap();
                url.query_pairs_mut()
                    .append_pair("client_id", &tenant.native.id)
                    .append_pair("request_uri", &uri);
                let answer = browser.get(&url).send().await;
                taken |= answer.status == 302;
            }
            taken
        }
        "flow" => {
            // Only its own browser sees it; whether it is one at all is asked behind the wire.
            let cx = server.cx().await;
            let store = &*cx.ports.store;
            let found = countersign_domain::entity::load::<countersign_protocol::flows::Flow>(
                store,
                cx.env_id(),
                text,
                cx.now,
            );
            let answer = browser.get(tenant.flow(text)).send().await;
            assert_eq!(answer.status, 404, "{text}");
            let resume = format!("{}?flowId={text}", tenant.endpoint("resume"));
            assert!((400..500).contains(&browser.get(resume).send().await.status));
            found.await.unwrap().is_some()
        }
        "access_token" => tenant.userinfo(text).await.status == 200,
        "cookie" => {
            let url = tenant.authorize(&tenant.native).set("prompt", "none").url();
            let answer = browser
                .get(url)
                .header("cookie", format!("ST={text}"))
                .send()
                .await;
            !answer.redirect().as_str().contains("error=login_required")
        }
        "recovery_code" => {
            let (browser, flow) = &things.recovering;
            let body = json!({ "recoveryCode": text, "newPassword": "Quite-Another-2!" });
            let answer = tenant.act(browser, flow, "password.recover", &body).await;
            answer.status == 200
        }
        _ => {
            let (browser, flow) = &things.verifying;
            let body = json!({ "verificationCode": text });
            tenant.act(browser, flow, "user.verify", &body).await.status == 200
        }
    }
}

/// The kinds that look so much like what belongs to a place that they are worth one of its few
/// tries: wrong codes of mails end them.
fn is_worth_a_try(place: &str, kind: &str) -> bool {
    let of_mails = ["recovery_code", "verification_code"];
    !of_mails.contains(&place) || of_mails.contains(&kind) || ["user_code", "code"].contains(&kind)
}

on_every_adapter! {
    async fn threat_9_no_kind_of_one_time_thing_passes_for_another(server: TestServer) {
        let things = Things::make(&server).await;
        for place in PLACES {
            for (kind, text) in things.all() {
                if kind != place && is_worth_a_try(place, kind) {
                    assert!(!is_taken(&server, &things, place, text).await, "{kind} as {place}");
                }
            }
        }
        // None of this used anything up. What ends sessions comes last.
        for place in PLACES {
            let (_, text) = things.all().into_iter().find(|(kind, _)| *kind == place).unwrap();
            assert!(is_taken(&server, &things, place, text).await, "{place}");
        }
    }

    async fn threat_28_a_byte_more_or_less_is_another_thing(server: TestServer) {
        let things = Things::make(&server).await;
        for place in ["code", "handle", "device_code", "refresh_token", "access_token", "cookie"] {
            let (_, text) = things.all().into_iter().find(|(kind, _)| *kind == place).unwrap();
            let middle = text.len() / 2;
            let flipped = if &text[middle..=middle] == "0" { "1" } else { "0" };
            let last = if text.ends_with('A') { "B" } else { "A" };
            for changed in [
                text[1..].to_owned(),
                text[..text.len() - 1].to_owned(),
                format!("{text}A"),
                format!("A{text}"),
                format!("{}{flipped}{}", &text[..middle], &text[middle + 1..]),
                format!("{}{last}", &text[..text.len() - 1]),
                text.chars().rev().collect(),
            ] {
                assert!(!is_taken(&server, &things, place, &changed).await, "{place}: {changed} for {text}");
            }
            assert!(is_taken(&server, &things, place, text).await, "{place}");
        }
    }
}
