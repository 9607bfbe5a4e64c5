//! Headless Chromium through its `WebDriver` (W3C WebDriver, the few commands we need).

use std::path::{Path, PathBuf};
use std::time::Duration;

use base64::Engine as _;
use serde_json::{Value, json};

use crate::broken;

/// The key under which WebDriver names an element.
const ELEMENT: &str = "element-6066-11e4-a52e-4f735466cecf";

/// How long an element may take to appear.
const PATIENCE: Duration = Duration::from_secs(20);

/// A browser window with a profile of its own.
pub struct Chromium {
    client: reqwest::Client,
    session: String,
    /// Kept until the browser is gone.
    _profile: tempfile::TempDir,
}

/// Whether pages may run scripts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum JavaScript {
    /// They may.
    On,
    /// They may not, as with a strict browser.
    Off,
}

impl Chromium {
    /// Opens a window with the driver that `cargo xtask test` starts.
    pub async fn open(scripts: JavaScript) -> Self {
        let Ok(driver) = std::env::var("COUNTERSIGN_TEST_WEBDRIVER") else {
            broken(
                "no COUNTERSIGN_TEST_WEBDRIVER",
                "run `cargo xtask test --only browser`, which starts one",
            );
        };
        let profile = tempfile::tempdir().unwrap_or_else(|error| broken("no folder", error));
        let client = reqwest::Client::builder().no_proxy().build();
        let client = client.unwrap_or_else(|error| broken("cannot make a client", error));
        let mut arguments: Vec<String> = [
            "--headless=new",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-dev-shm-usage",
            "--disable-quic",
            "--no-first-run",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
            "--window-size=1000,800",
            "--lang=en-US",
        ]
        .map(str::to_owned)
        .to_vec();
        arguments.push(format!("--user-data-dir={}", profile.path().display()));
        let mut preferences = json!({});
        if scripts == JavaScript::Off {
            preferences = json!({ "profile.managed_default_content_settings.javascript": 2 });
        }
        let wanted = json!({ "capabilities": { "alwaysMatch": {
            "browserName": "chrome",
            // The driver itself waits for an element that is still to come.
            "timeouts": { "implicit": PATIENCE.as_millis() },
            "goog:loggingPrefs": { "browser": "ALL" },
            "goog:chromeOptions": { "args": arguments, "prefs": preferences },
        } } });
        let mut chromium = Self {
            client,
            session: format!("{driver}/session"),
            _profile: profile,
        };
        let session = chromium.command("POST", "", Some(wanted)).await;
        let id = session["sessionId"].as_str().unwrap_or_default();
        chromium.session = format!("{driver}/session/{id}");
        chromium
    }

    /// Goes to a page and waits until it is loaded.
    pub async fn go(&self, url: &str) {
        self.command("POST", "/url", Some(json!({ "url": url })))
            .await;
    }

    /// Goes back to the page before, as its button does, and waits for an element of it.
    pub async fn back(&self, next: &str) {
        self.follow("/back", next).await;
    }

    /// The URL of the page.
    pub async fn url(&self) -> String {
        let url = self.command("GET", "/url", None).await;
        url.as_str().unwrap_or_default().to_owned()
    }

    /// The page as the browser has it.
    pub async fn source(&self) -> String {
        let source = self.command("GET", "/source", None).await;
        source.as_str().unwrap_or_default().to_owned()
    }

    /// Types into the element of a CSS selector.
    pub async fn fill(&self, selector: &str, text: &str) {
        let element = self.element(selector).await;
        self.command(
            "POST",
            &format!("/element/{element}/clear"),
            Some(json!({})),
        )
        .await;
        let path = format!("/element/{element}/value");
        self.command("POST", &path, Some(json!({ "text": text })))
            .await;
    }

    /// Clicks on the element of a CSS selector, and waits for an element of the page that follows.
    pub async fn click_through(&self, selector: &str, next: &str) {
        let element = self.element(selector).await;
        self.follow(&format!("/element/{element}/click"), next)
            .await;
    }

    /// Leaves the page by a command, which may return before it is gone: an element that it had
    /// is not the one that is waited for.
    async fn follow(&self, command: &str, next: &str) {
        let before = self.elements(next).await;
        self.command("POST", command, Some(json!({}))).await;
        let arrived = async { while before.contains(&self.element(next).await) {} };
        if tokio::time::timeout(PATIENCE, arrived).await.is_err() {
            broken("the page stayed", format!("{command}, {next}"));
        }
    }

    /// The text of the element of a CSS selector, as it is shown.
    pub async fn text(&self, selector: &str) -> String {
        let element = self.element(selector).await;
        let text = self
            .command("GET", &format!("/element/{element}/text"), None)
            .await;
        text.as_str().unwrap_or_default().to_owned()
    }

    /// Whether there is such an element now.
    pub async fn has(&self, selector: &str) -> bool {
        !self.elements(selector).await.is_empty()
    }

    /// Runs the body of a function in the page, and waits for the promise that it may return.
    pub async fn run(&self, script: &str) -> Value {
        let call = json!({ "script": script, "args": [] });
        self.command("POST", "/execute/sync", Some(call)).await
    }

    /// Presses one key, wherever the focus is.
    pub async fn press(&self, key: &str) {
        let action = |kind: &str| json!({ "type": kind, "value": key });
        let keyboard = json!({
            "type": "key", "id": "keyboard",
            "actions": [action("keyDown"), action("keyUp")],
        });
        let actions = json!({ "actions": [keyboard] });
        self.command("POST", "/actions", Some(actions)).await;
    }

    /// Types, wherever the focus is.
    pub async fn type_text(&self, text: &str) {
        for key in text.chars() {
            self.press(&key.to_string()).await;
        }
    }

    /// Shows pages as on a screen of this size.
    pub async fn screen(&self, width: u32, height: u32) {
        let metrics = json!({
            "width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600,
        });
        self.devtools("Emulation.setDeviceMetricsOverride", metrics)
            .await;
    }

    /// Prefers dark or light pages.
    pub async fn scheme(&self, scheme: &str) {
        let feature = json!({ "name": "prefers-color-scheme", "value": scheme });
        let media = json!({ "features": [feature] });
        self.devtools("Emulation.setEmulatedMedia", media).await;
    }

    /// Sends this `Accept-Language` from now on.
    pub async fn speak(&self, language: &str) {
        self.devtools("Network.enable", json!({})).await;
        let headers = json!({ "headers": { "Accept-Language": language } });
        self.devtools("Network.setExtraHTTPHeaders", headers).await;
    }

    /// Forgets all cookies.
    pub async fn forget(&self) {
        self.devtools("Network.clearBrowserCookies", json!({}))
            .await;
    }

    async fn devtools(&self, command: &str, params: Value) -> Value {
        let body = json!({ "cmd": command, "params": params });
        self.command("POST", "/goog/cdp/execute", Some(body)).await
    }

    /// What the page's scripts and policies complained about.
    pub async fn complaints(&self) -> Vec<String> {
        let kind = json!({ "type": "browser" });
        let log = self.command("POST", "/se/log", Some(kind)).await;
        let entries = log.as_array().cloned().unwrap_or_default();
        entries
            .iter()
            .filter_map(|entry| Some(entry["message"].as_str()?.to_owned()))
            .collect()
    }

    /// Keeps a picture of the page in `target/screenshots`.
    pub async fn screenshot(&self, name: &str) -> PathBuf {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/screenshots");
        let file = folder.join(format!("{name}.png"));
        let picture = self.command("GET", "/screenshot", None).await;
        let picture = picture.as_str().unwrap_or_default();
        let Ok(bytes) = base64::engine::general_purpose::STANDARD.decode(picture) else {
            broken("no picture", name);
        };
        let written = std::fs::create_dir_all(&folder).and_then(|()| std::fs::write(&file, bytes));
        written.unwrap_or_else(|error| broken("cannot write a picture", error));
        file
    }

    /// Closes the window.
    pub async fn close(self) {
        self.command("DELETE", "", None).await;
    }

    /// The elements of a CSS selector that are there now.
    async fn elements(&self, selector: &str) -> Vec<String> {
        let wanted = json!({ "using": "css selector", "value": selector });
        // What is to come is not waited for.
        let nothing = json!({ "implicit": 0 });
        self.command("POST", "/timeouts", Some(nothing)).await;
        let found = self.command("POST", "/elements", Some(wanted)).await;
        let patience = json!({ "implicit": PATIENCE.as_millis() });
        self.command("POST", "/timeouts", Some(patience)).await;
        let found = found.as_array().into_iter().flatten();
        found
            .filter_map(|element| Some(element[ELEMENT].as_str()?.to_owned()))
            .collect()
    }

    /// The first element of a CSS selector, once there is one.
    async fn element(&self, selector: &str) -> String {
        let wanted = json!({ "using": "css selector", "value": selector });
        let found = self.command("POST", "/element", Some(wanted)).await;
        found[ELEMENT].as_str().unwrap_or_default().to_owned()
    }

    async fn command(&self, method: &str, path: &str, body: Option<Value>) -> Value {
        let url = format!("{}{path}", self.session);
        let method = method.parse().unwrap_or(reqwest::Method::GET);
        let mut request = self.client.request(method, &url);
        if let Some(body) = body {
            request = request
                .header("content-type", "application/json")
                .body(body.to_string());
        }
        let answer = match request.send().await {
            Ok(answer) => answer.bytes().await,
            Err(error) => broken(&url, error),
        };
        let answer = answer.unwrap_or_else(|error| broken(&url, error));
        let mut answer: Value = serde_json::from_slice(&answer).unwrap_or_default();
        let value = answer["value"].take();
        if let Some(error) = value.get("error") {
            broken(&url, format!("{error}: {}", value["message"]));
        }
        value
    }
}
