//! Codes by mail, typed into the pages of a headless Chromium without JavaScript

use countersign_testkit::webdriver::{Chromium, JavaScript};
use countersign_testkit::{Adapter, REDIRECT_URI, code_in, code_of, run_today};
use serde_json::json;

use super::NOBODY_LISTENS;

const NEW: &str = "Quite-Another-2!";

#[test]
fn a_forgotten_password_is_replaced_without_javascript() {
    run_today(Adapter::Sqlite, |server| async move {
        let tenant = &server.tenant;
        let chromium = Chromium::open(JavaScript::Off).await;
        chromium.go(&tenant.authorize(&tenant.spa).url()).await;
        // Without a name there is nothing to look for.
        chromium.click_through("#forgot-password", "#error").await;
        let name = "input[name=username]";
        chromium.fill(name, &tenant.person.username).await;
        chromium
            .click_through("#forgot-password", "#recoveryCode")
            .await;
        chromium.screenshot("recovery").await;
        let code = code_in(&server.mail().await);

        chromium.fill("#recoveryCode", "WRONGONE").await;
        chromium.fill("#newPassword", NEW).await;
        chromium.fill("#confirmPassword", NEW).await;
        chromium.click_through("#recover", "#error").await;
        chromium.screenshot("recovery-wrong-code").await;
        let text = chromium.text("#error").await;
        assert!(text.contains("This code is not right"), "{text}");

        chromium.fill("#recoveryCode", &code.to_lowercase()).await;
        chromium.fill("#newPassword", NEW).await;
        chromium.fill("#confirmPassword", NEW).await;
        chromium.click_through("#recover", NOBODY_LISTENS).await;
        let landed = chromium.url().await;
        chromium.close().await;
        assert!(landed.starts_with(REDIRECT_URI), "{landed}");
        let _ = code_of(&landed.parse().unwrap());
    });
}

#[test]
fn an_address_is_verified_without_javascript() {
    run_today(Adapter::Sqlite, |server| async move {
        let tenant = &server.tenant;
        let user = json!({
            "username": "grace", "email": "grace@client.example",
            "lifecycle": { "status": "VERIFICATION_REQUIRED" },
            "password": { "value": "Correct-Horse-9!" },
        });
        let environment = json!({ "id": tenant.id, "name": "First", "users": [user] });
        server
            .import(&json!({ "environments": [environment] }))
            .await;
        let chromium = Chromium::open(JavaScript::Off).await;
        chromium.go(&tenant.authorize(&tenant.spa).url()).await;
        chromium.fill("input[name=username]", "grace").await;
        chromium
            .fill("input[type=password]", "Correct-Horse-9!")
            .await;
        chromium
            .click_through("#sign-on", "#verificationCode")
            .await;
        chromium.screenshot("verification").await;
        let text = chromium.text("#explanation").await;
        assert!(text.contains("gr****@client.example"), "{text}");
        let _ = server.mail().await;
        chromium
            .click_through("#send-code", "#verificationCode")
            .await;
        let code = code_in(&server.mail().await);
        chromium.fill("#verificationCode", &code).await;
        chromium.click_through("#verify", NOBODY_LISTENS).await;
        let landed = chromium.url().await;
        chromium.close().await;
        assert!(landed.starts_with(REDIRECT_URI), "{landed}");
    });
}
