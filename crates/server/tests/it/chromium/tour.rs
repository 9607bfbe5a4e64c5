//! A walk over every page there is, through its forms, as a person would go.

use countersign_domain::schema::SchemaAttribute;
use countersign_testkit::webdriver::{Chromium, JavaScript};
use countersign_testkit::{Elsewhere, REDIRECT_URI, Tenant, TestServer, code_in};
use serde_json::{Value, json};

use super::NOBODY_LISTENS;
use crate::rp::{PROVIDER, provider};

const NEW: &str = "Quite-Another-2!";
const TEMPORARY: &str = "Temporary-Word-1";

/// A walk.
pub struct Tour<'a> {
    server: &'a TestServer,
    pub chromium: Chromium,
    /// What pictures of it are called.
    pub name: &'static str,
    /// How each page is looked at.
    look: Look,
    seen: Vec<String>,
}

/// How a page is looked at.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Look {
    /// With everything that can be measured.
    Closely,
    /// By a picture alone: scripts are off.
    FromAfar,
}

/// Every page of the walk.
pub const PAGES: &[&str] = &[
    "sign-on",
    "sign-on-wrong",
    "sign-on-empty",
    "register",
    "register-weak",
    "verify",
    "verify-wrong",
    "agreement",
    "agreement-declined-checkbox",
    "profile",
    "profile-wrong",
    "recover",
    "recover-wrong",
    "must-change",
    "must-change-differ",
    "lookup",
    "password",
    "failed",
    "external",
    "linking",
    "confirmation",
    "device-code",
    "device-code-wrong",
    "device-consent",
    "device-connected",
    "form-post",
    "signed-off",
    "error-request",
    "error-flow",
    "error-cookie",
    "error-nothing",
];

impl<'a> Tour<'a> {
    pub async fn begin(server: &'a TestServer, name: &'static str, look: Look) -> Self {
        let scripts = match look {
            Look::Closely => JavaScript::On,
            Look::FromAfar => JavaScript::Off,
        };
        configure(server).await;
        Self {
            server,
            chromium: Chromium::open(scripts).await,
            name,
            look,
            seen: Vec::new(),
        }
    }

    fn tenant(&self) -> &Tenant {
        &self.server.tenant
    }

    /// All of it.
    pub async fn walk(&mut self) {
        self.registration().await;
        self.recovery().await;
        self.forced_change().await;
        self.identifier_first().await;
        self.providers().await;
        self.device().await;
        self.form_post().await;
        self.ends().await;
        assert_eq!(self.seen, PAGES);
    }

    async fn see(&mut self, page: &str) {
        self.seen.push(page.to_owned());
        let name = format!("{}-{page}", self.name);
        match self.look {
            Look::Closely => super::measure::closely(&self.chromium, &name).await,
            Look::FromAfar => {
                self.chromium.screenshot(&name).await;
            }
        }
    }

    async fn start(&self, policy: &str) {
        let tenant = self.tenant();
        let request = tenant.authorize(&tenant.spa).set("acr_values", policy);
        self.chromium
            .go(&request.set("prompt", "login").url())
            .await;
    }

    async fn sign_on(&self, username: &str, password: &str, next: &str) {
        self.chromium.fill("#username", username).await;
        self.chromium.fill("#password", password).await;
        self.chromium.click_through("#sign-on", next).await;
    }

    async fn registration(&mut self) {
        self.start("Everything").await;
        self.see("sign-on").await;
        let name = self.tenant().person.username.clone();
        self.sign_on(&name, "wrong", "#error").await;
        self.see("sign-on-wrong").await;
        self.sign_on("", "x", ".fault").await;
        self.see("sign-on-empty").await;
        self.chromium
            .click_through("#register-link", "#register-form")
            .await;
        self.see("register").await;
        self.chromium.fill("#username", "grace.hopper").await;
        self.chromium.fill("#email", "grace@new.example").await;
        self.chromium.fill("#password", "weak").await;
        self.chromium.fill("#confirmPassword", "weak").await;
        self.chromium.click_through("#register", "#error").await;
        self.see("register-weak").await;
        self.chromium.fill("#password", NEW).await;
        self.chromium.fill("#confirmPassword", NEW).await;
        self.chromium
            .click_through("#register", "#verify-form")
            .await;
        self.see("verify").await;
        self.chromium.fill("#verificationCode", "AAAAAAAA").await;
        self.chromium.click_through("#verify", "#error").await;
        self.see("verify-wrong").await;
        let code = code_in(&self.server.mail().await);
        self.chromium.fill("#verificationCode", &code).await;
        self.chromium
            .click_through("#verify", "#consent-form")
            .await;
        self.see("agreement").await;
        self.chromium.click_through("#continue", "#error").await;
        self.see("agreement-declined-checkbox").await;
        self.chromium
            .click_through("#accept", "#accept:checked")
            .await;
        self.chromium
            .click_through("#continue", "#profile-form")
            .await;
        self.see("profile").await;
        self.chromium.fill("#mobilePhone", "not a number").await;
        self.chromium.click_through("#continue", "#error").await;
        self.see("profile-wrong").await;
        self.chromium.fill("#mobilePhone", "+1.5125550100").await;
        self.chromium.fill("#title", "Admiral").await;
        self.chromium
            .click_through("#continue", NOBODY_LISTENS)
            .await;
    }

    async fn recovery(&mut self) {
        self.chromium.forget().await;
        self.start("Everything").await;
        let name = self.tenant().person.username.clone();
        self.chromium.fill("#username", &name).await;
        self.chromium
            .click_through("#forgot-password", "#recover-form")
            .await;
        self.see("recover").await;
        self.chromium.fill("#recoveryCode", "AAAAAAAA").await;
        self.chromium.fill("#newPassword", NEW).await;
        self.chromium.fill("#confirmPassword", NEW).await;
        self.chromium.click_through("#recover", "#error").await;
        self.see("recover-wrong").await;
        let _ = self.server.mails().await;
    }

    async fn forced_change(&mut self) {
        self.chromium.forget().await;
        self.start("Single_Factor").await;
        self.sign_on("ada", TEMPORARY, "#change-password-form")
            .await;
        self.see("must-change").await;
        self.chromium.fill("#currentPassword", TEMPORARY).await;
        self.chromium.fill("#newPassword", NEW).await;
        self.chromium.fill("#confirmPassword", "other").await;
        self.chromium
            .click_through("#change-password", "#error")
            .await;
        self.see("must-change-differ").await;
    }

    async fn identifier_first(&mut self) {
        self.chromium.forget().await;
        self.start("Name_First").await;
        self.see("lookup").await;
        let name = self.tenant().person.username.clone();
        self.chromium.fill("#username", &name).await;
        self.chromium.click_through("#next", "#password").await;
        self.see("password").await;
        let password = self.tenant().person.password.clone();
        self.chromium.fill("#password", &password).await;
        self.chromium.click_through("#sign-on", "#continue").await;
        self.see("failed").await;
    }

    async fn providers(&mut self) {
        self.chromium.forget().await;
        // With a name that might be mistyped, nobody is sent off unasked.
        let tenant = self.tenant();
        let request = tenant.authorize(&tenant.spa).set("acr_values", "Elsewhere");
        let request = request.set("login_hint", "somebody");
        self.chromium.go(&request.url()).await;
        self.see("external").await;
        let link = format!("a[href*=\"providerId={PROVIDER}\"]");
        self.chromium.click_through(&link, "#sign-on-form").await;
        let person = self.server.other.person.clone();
        self.sign_on(&person.username, &person.password, "#linking-form")
            .await;
        self.see("linking").await;
        // Known over there by now.
        let tenant = self.tenant();
        let request = tenant.authorize(&tenant.spa).set("acr_values", "Confirmed");
        self.chromium.go(&request.url()).await;
        assert!(self.chromium.has("#confirm-form").await);
        self.see("confirmation").await;
    }

    async fn device(&mut self) {
        self.chromium.forget().await;
        let tenant = self.tenant();
        let form = [
            ("client_id", tenant.native.id.as_str()),
            ("scope", "openid profile"),
        ];
        let url = tenant.endpoint("device_authorization");
        let answer = tenant.browser().post(url).form(form).send().await;
        let answer = answer.expect_status(200).json();
        let code = answer["user_code"].as_str().unwrap().to_owned();
        let page = answer["verification_uri"].as_str().unwrap().to_owned();
        let person = tenant.person.clone();
        self.chromium.go(&page).await;
        self.sign_on(&person.username, &person.password, "#user-code-form")
            .await;
        self.see("device-code").await;
        self.chromium.fill("#userCode", "AAAA-AAAA").await;
        self.chromium.click_through("#next", "#error").await;
        self.see("device-code-wrong").await;
        self.chromium.fill("#userCode", &code).await;
        self.chromium.click_through("#next", "#consent-form").await;
        self.see("device-consent").await;
        self.chromium.click_through("#connect", "#device-end").await;
        self.see("device-connected").await;
    }

    /// Where the client answers nothing, the page stays.
    async fn form_post(&mut self) {
        self.chromium.forget().await;
        let client = Elsewhere::start().await;
        client.answer("/callback", 204, "text/plain", "");
        let uri = format!("{}/callback", client.base);
        let tenant = self.tenant();
        let app = json!({
            "id": tenant.spa.id, "name": "Single page", "redirectUris": [REDIRECT_URI, uri],
        });
        let environment = json!({ "id": tenant.id, "name": "First", "applications": [app] });
        self.server
            .import(&json!({ "environments": [environment] }))
            .await;
        let request = tenant
            .authorize(&tenant.spa)
            .set("acr_values", "Single_Factor");
        let request = request.set("response_mode", "form_post");
        let person = tenant.person.clone();
        self.chromium
            .go(&request.set("redirect_uri", &uri).url())
            .await;
        self.sign_on(&person.username, &person.password, "#form-post")
            .await;
        self.see("form-post").await;
    }

    async fn ends(&mut self) {
        let tenant = self.tenant().clone();
        self.chromium.go(&tenant.endpoint("signoff")).await;
        self.see("signed-off").await;
        let wrong = tenant
            .authorize(&tenant.spa)
            .set("redirect_uri", "https://other.example");
        self.chromium.go(&wrong.url()).await;
        self.see("error-request").await;
        self.start("Single_Factor").await;
        let flow = "00000000-0000-4000-8000-000000000000";
        let gone = format!(
            "{}/{}/signon/?flowId={flow}&client_id={}",
            tenant.base, tenant.id, tenant.spa.id
        );
        self.chromium.go(&gone).await;
        self.see("error-flow").await;
        self.chromium.forget().await;
        self.chromium.go(&gone).await;
        self.see("error-cookie").await;
        let nothing = format!("{}/{flow}/signon/?flowId={flow}", tenant.base);
        self.chromium.go(&nothing).await;
        self.see("error-nothing").await;
    }
}

/// Everything that a page can have.
async fn configure(server: &TestServer) {
    let tenant = &server.tenant;
    provider(server, &json!({})).await;
    own_attributes(server).await;
    let terms = json!({
        "name": "Terms",
        "enabled": true,
        "languages": [{
            "locale": "en",
            "displayName": "Terms of service",
            "revisions": [{
                "effectiveAt": "2020-01-01T00:00:00.000Z",
                "contentType": "text/html",
                "text": TERMS,
            }],
        }],
    });
    let login = json!({
        "type": "LOGIN", "priority": 1,
        "recovery": { "enabled": true },
        "registration": { "enabled": true },
        "socialProviders": [{ "id": PROVIDER }],
    });
    let profile = json!({
        "type": "PROGRESSIVE_PROFILING", "priority": 3,
        "promptText": "Tell us a little more, so that we can reach you.",
        "promptIntervalSeconds": 5,
        "preventMultiplePromptsPerFlow": true,
        "attributes": [
            { "name": "mobilePhone", "required": true },
            { "name": "title", "required": false },
            { "name": "badge", "required": false },
            { "name": "size", "required": false },
            { "name": "interests", "required": false },
            { "name": "nicknames", "required": false },
        ],
    });
    let agreement = json!({ "type": "AGREEMENT", "priority": 2, "agreement": "Terms" });
    let factor = json!({ "type": "MULTI_FACTOR_AUTHENTICATION", "priority": 2 });
    let name_first = json!({
        "type": "IDENTIFIER_FIRST", "priority": 1, "recovery": { "enabled": true },
    });
    let elsewhere = json!({
        "type": "IDENTITY_PROVIDER", "priority": 1, "identityProvider": PROVIDER,
        "registration": { "enabled": true },
    });
    let mut confirmed = elsewhere.clone();
    confirmed["registration"]["confirmIdentityProviderAttributes"] = json!(true);
    let policy = |name: &str, actions: Value| json!({ "name": name, "actions": actions });
    let names = [
        "Single_Factor",
        "Everything",
        "Name_First",
        "Elsewhere",
        "Confirmed",
    ];
    let assignments = names.iter().zip(1..);
    let assignments: Vec<Value> = assignments
        .map(|(name, priority)| json!({ "signOnPolicy": name, "priority": priority }))
        .collect();
    let ada = json!({
        "username": "ada", "email": "ada@client.example",
        "password": { "value": TEMPORARY, "forceChange": true },
    });
    let environment = json!({
        "id": tenant.id,
        "name": "First",
        "agreements": [terms],
        "signOnPolicies": [
            policy("Everything", json!([login, agreement, profile])),
            policy("Name_First", json!([name_first, factor])),
            policy("Elsewhere", json!([elsewhere])),
            policy("Confirmed", json!([confirmed])),
        ],
        "applications": [
            {
                "id": tenant.spa.id, "name": "Single page",
                "homePageUrl": "https://client.example/home",
                "signOnPolicyAssignments": assignments,
            },
            {
                "id": tenant.native.id, "name": "Native",
                "grantTypes": ["AUTHORIZATION_CODE", "DEVICE_CODE", "REFRESH_TOKEN"],
            },
        ],
        "users": [ada],
    });
    server
        .import(&json!({ "environments": [environment] }))
        .await;
}

/// One of each kind that a page can ask for.
async fn own_attributes(server: &TestServer) {
    let api = crate::v1::admin(server).await;
    let schema = SchemaAttribute::schema_id(server.tenant.id.parse().unwrap());
    let all = format!(
        "/environments/{}/schemas/{schema}/attributes",
        server.tenant.id
    );
    let sizes = json!([
        { "value": "S", "description": "Small" }, { "value": "L", "description": "Large" },
    ]);
    let interests = json!([
        { "value": "chess", "description": "Chess and other games that take a whole evening" },
        { "value": "music", "description": "Music" },
    ]);
    let badge =
        json!({ "pattern": "B-[0-9]+", "requirements": "B- and a number, as on your badge" });
    for attribute in [
        json!({ "name": "badge", "displayName": "Badge", "regexValidation": badge }),
        json!({ "name": "size", "displayName": "Size of your shirt", "enumeratedValues": sizes }),
        json!({
            "name": "interests", "displayName": "Interests", "multiValued": true,
            "enumeratedValues": interests,
        }),
        json!({ "name": "nicknames", "displayName": "Other names", "multiValued": true }),
    ] {
        let mut attribute = attribute;
        attribute["type"] = json!("STRING");
        attribute["enabled"] = json!(true);
        let _ = api.post(&all, attribute).await.expect_status(201);
    }
}

const TERMS: &str = "<h2>What we promise</h2><p>We keep what you give us, and we give it to nobody. \
    You can have it back, or have it deleted, whenever you like.</p><h2>What you promise</h2>\
    <ul><li>to be kind to others</li><li>to keep your password to yourself</li></ul>\
    <p>More is in our <a href=\"https://client.example/terms\">full terms</a>.</p>";
