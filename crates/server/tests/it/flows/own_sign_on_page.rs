//! A sign-on page of the application's own (`loginPageUrl`), on another origin, that knows nothing
//! but the address it was opened with and the links of the flow.
//!
//! The requests are those of PingOne's public sample of such a page, which was run against this
//! server in a browser (`docs/compatibility.md`), in our own words.

use countersign_testkit::{
    Answer, Browser, REDIRECT_URI, TestServer, code_in, fragment, on_every_adapter, query,
};
use serde_json::{Value, json};

const ORIGIN: &str = "https://app.example";
const PAGE: &str = "https://app.example/sign-on?theme=plain";
const NEW: &str = "Quite-Another-2!";

/// The page, open in a browser.
struct Page<'a> {
    server: &'a TestServer,
    browser: Browser,
    flow: Value,
}

impl<'a> Page<'a> {
    /// The client asks for tokens as single-page applications did when the sample was written, and
    /// the browser ends at the page.
    async fn open(server: &'a TestServer) -> Self {
        let tenant = &server.tenant;
        let action = json!({
            "type": "LOGIN", "priority": 1,
            "recovery": { "enabled": true }, "registration": { "enabled": true },
        });
        let application = json!({
            "id": tenant.spa.id, "name": "Single page",
            "grantTypes": ["IMPLICIT"], "responseTypes": ["TOKEN", "ID_TOKEN"],
            "pkceEnforcement": "OPTIONAL", "loginPageUrl": PAGE,
        });
        let policy = json!({ "name": "Open", "default": true, "actions": [action] });
        let environment = json!({
            "id": tenant.id, "name": "First",
            "signOnPolicies": [policy], "applications": [application],
        });
        server
            .import(&json!({ "environments": [environment] }))
            .await;
        server.poll_changes().await;

        let browser = tenant.browser();
        let request = tenant.authorize(&tenant.spa).without_pkce();
        let request = request.set("response_type", "token id_token");
        let request = request.set("prompt", "login").set("max_age", "3600");
        let page = request.send(&browser).await.redirect();
        assert!(page.as_str().starts_with(PAGE), "{page}");
        let told = query(&page);
        let (environment, flow) = (&told["environmentId"], &told["flowId"]);

        let url = format!("{}/{environment}/flows/{flow}", tenant.base);
        asks_first(&browser, &url, "GET").await;
        let read = browser
            .get(&url)
            .header("origin", ORIGIN)
            .header("content-type", "application/json");
        let flow = readable(read.send().await.expect_status(200)).json();
        Self {
            server,
            browser,
            flow,
        }
    }

    /// Follows the link of an action, if the flow has it.
    async fn tries(&self, action: &str, body: &Value) -> Answer {
        let Some(link) = self.flow["_links"][action]["href"].as_str() else {
            panic!("no link {action} in {}", self.flow);
        };
        asks_first(&self.browser, link, "POST").await;
        let media = format!("application/vnd.pingidentity.{action}+json");
        let request = self.browser.post(link).json(&media, body);
        readable(request.header("origin", ORIGIN).send().await)
    }

    /// The same, and shows the flow that comes of it.
    async fn does(&mut self, action: &str, body: &Value) {
        self.flow = self.tries(action, body).await.expect_status(200).json();
    }

    #[track_caller]
    fn shows(&self, status: &str) {
        assert_eq!(self.flow["status"], status, "{}", self.flow);
        // The page looks for the rules of passwords wherever it asks for one.
        assert!(self.flow["_embedded"].is_object());
    }

    /// Sends the browser to `resumeUrl`; answers with whom the client gets tokens for.
    async fn resume(&self) -> String {
        self.shows("COMPLETED");
        let url = self.flow["resumeUrl"].as_str().unwrap();
        let back = self.browser.get(url).send().await.redirect();
        assert!(back.as_str().starts_with(REDIRECT_URI), "{back}");
        let tokens = fragment(&back);
        let tenant = &self.server.tenant;
        let id = tenant.verify(&json!(tokens["id_token"])).await;
        let request = self.browser.get(tenant.endpoint("userinfo"));
        let request = request.bearer(&tokens["access_token"]);
        let request = request.header("origin", "https://client.example");
        let userinfo = readable_from(request.send().await, "https://client.example").json();
        assert_eq!(userinfo["sub"], id.text("sub"));
        userinfo["preferred_username"].as_str().unwrap().to_owned()
    }
}

/// What a browser asks before it lets a page send cookies and such a `Content-Type` elsewhere.
async fn asks_first(browser: &Browser, url: &str, method: &str) {
    let request = browser
        .request("OPTIONS".parse().unwrap(), url)
        .header("origin", ORIGIN)
        .header("access-control-request-method", method)
        .header("access-control-request-headers", "content-type");
    let answer = readable(request.send().await);
    assert!(answer.status < 300, "{}", answer.status);
    for (name, wanted) in [("methods", method), ("headers", "content-type")] {
        let allowed = answer
            .header(&format!("access-control-allow-{name}"))
            .unwrap();
        let allowed = allowed.to_lowercase();
        let mut allowed = allowed.split(',').map(str::trim);
        assert!(allowed.any(|one| one == wanted.to_lowercase()), "{name}");
    }
}

#[track_caller]
fn readable(answer: Answer) -> Answer {
    readable_from(answer, ORIGIN)
}

#[track_caller]
fn readable_from(answer: Answer, origin: &str) -> Answer {
    let header = |name| answer.header(name).unwrap_or_default();
    assert_eq!(header("access-control-allow-origin"), origin);
    assert_eq!(header("access-control-allow-credentials"), "true");
    answer
}

#[track_caller]
fn refuses(answer: Answer, target: &str) -> Value {
    let error = answer.expect_status(400).json();
    let detail = error["details"][0].clone();
    assert_eq!(detail["code"], "INVALID_VALUE", "{error}");
    assert_eq!(detail["target"], target, "{error}");
    detail
}

on_every_adapter! {
    async fn it_signs_on(server: TestServer) {
        let mut page = Page::open(&server).await;
        page.shows("USERNAME_PASSWORD_REQUIRED");
        let person = &server.tenant.person;
        let wrong = json!({ "username": person.username, "password": "wrong" });
        refuses(page.tries("usernamePassword.check", &wrong).await, "username");
        let right = json!({ "username": person.username, "password": person.password });
        page.does("usernamePassword.check", &right).await;
        assert_eq!(page.resume().await, person.username);
    }

    async fn it_registers_and_verifies(server: TestServer) {
        let mut page = Page::open(&server).await;
        let rules = &page.flow["_embedded"]["passwordPolicy"];
        assert!(rules["length"]["min"].is_number());
        assert!(rules["minCharacters"]["0123456789"].is_number());

        let taken = &server.tenant.person.username;
        let taken = json!({ "username": taken, "email": "g@new.example", "password": NEW });
        let error = page.tries("user.register", &taken).await.expect_status(400).json();
        assert_eq!(error["details"][0]["code"], "UNIQUENESS_VIOLATION");
        let weak = json!({ "username": "grace", "email": "g@new.example", "password": "Password1!" });
        let detail = refuses(page.tries("user.register", &weak).await, "password");
        assert!(detail["innerError"]["unsatisfiedRequirements"][0].is_string());

        let grace = json!({ "username": "grace", "email": "g@new.example", "password": NEW });
        page.does("user.register", &grace).await;
        page.shows("VERIFICATION_CODE_REQUIRED");
        let _ = server.mail().await;
        page.does("user.sendVerificationCode", &json!({})).await;
        page.shows("VERIFICATION_CODE_REQUIRED");
        let wrong = json!({ "verificationCode": "AAAAAAAA" });
        refuses(page.tries("user.verify", &wrong).await, "verificationCode");
        let code = code_in(&server.mail().await);
        page.does("user.verify", &json!({ "verificationCode": code })).await;
        assert_eq!(page.flow["_embedded"]["user"]["username"], "grace");
        assert_eq!(page.resume().await, "grace");
    }

    async fn it_recovers_a_password(server: TestServer) {
        let mut page = Page::open(&server).await;
        let username = &server.tenant.person.username;
        page.does("password.forgot", &json!({ "username": username })).await;
        page.shows("RECOVERY_CODE_REQUIRED");
        assert!(page.flow["_embedded"]["passwordPolicy"].is_object());
        let _ = server.mail().await;
        page.does("password.sendRecoveryCode", &json!({})).await;
        page.shows("RECOVERY_CODE_REQUIRED");
        let wrong = json!({ "recoveryCode": "AAAAAAAA", "newPassword": NEW });
        refuses(page.tries("password.recover", &wrong).await, "recoveryCode");
        let code = code_in(&server.mail().await);
        let weak = json!({ "recoveryCode": code, "newPassword": "Password1!" });
        refuses(page.tries("password.recover", &weak).await, "newPassword");
        let right = json!({ "recoveryCode": code, "newPassword": NEW });
        page.does("password.recover", &right).await;
        assert_eq!(&page.resume().await, username);
    }

    async fn it_changes_a_password_that_must_be_changed(server: TestServer) {
        let person = &server.tenant.person;
        let password = json!({ "value": person.password, "forceChange": true });
        let user = json!({ "id": person.id, "username": person.username, "password": password });
        let environment = json!({ "id": server.tenant.id, "name": "First", "users": [user] });
        server.import(&json!({ "environments": [environment] })).await;

        let mut page = Page::open(&server).await;
        let right = json!({ "username": person.username, "password": person.password });
        page.does("usernamePassword.check", &right).await;
        page.shows("MUST_CHANGE_PASSWORD");
        assert!(page.flow["_embedded"]["passwordPolicy"].is_object());
        let wrong = json!({ "currentPassword": "wrong", "newPassword": NEW });
        refuses(page.tries("password.reset", &wrong).await, "currentPassword");
        let same = json!({ "currentPassword": person.password, "newPassword": person.password });
        refuses(page.tries("password.reset", &same).await, "newPassword");
        let right = json!({ "currentPassword": person.password, "newPassword": NEW });
        page.does("password.reset", &right).await;
        assert_eq!(page.resume().await, person.username);
    }
}
