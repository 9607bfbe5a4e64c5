//! The sign-on page in headless Chromium

mod check_session;
mod codes;
mod every_page;
mod measure;
mod pi_flow;
mod tour;

use countersign_testkit::webdriver::{Chromium, JavaScript};
use countersign_testkit::{Adapter, REDIRECT_URI, Tenant, code_of, run_today};

/// On the page that Chromium shows instead of one of the client's.
const NOBODY_LISTENS: &str = "body.neterror";

/// Signs on as a person would; the last page is one of Chromium's own, since nobody listens at the
/// client.
async fn sign_on(tenant: &Tenant, scripts: JavaScript, name: &str) {
    let chromium = Chromium::open(scripts).await;
    chromium.go(&tenant.authorize(&tenant.spa).url()).await;
    assert!(chromium.url().await.contains("/signon/"));
    chromium.screenshot(&format!("{name}-sign-on")).await;

    chromium
        .fill("input[name=username]", &tenant.person.username)
        .await;
    chromium.fill("input[type=password]", "wrong").await;
    chromium.click_through("#sign-on", "#error").await;
    chromium.screenshot(&format!("{name}-wrong-password")).await;
    let source = chromium.source().await;
    assert!(
        source.contains("Invalid username and/or password."),
        "{source}"
    );
    let complaints = chromium.complaints().await;
    let about_the_page = |complaint: &&String| complaint.contains("Content Security Policy");
    assert!(
        complaints.iter().find(about_the_page).is_none(),
        "{complaints:?}"
    );

    chromium
        .fill("input[name=username]", &tenant.person.username)
        .await;
    chromium
        .fill("input[type=password]", &tenant.person.password)
        .await;
    chromium.click_through("#sign-on", NOBODY_LISTENS).await;
    let landed = chromium.url().await;
    chromium.close().await;
    assert!(landed.starts_with(REDIRECT_URI), "{landed}");
    let code = code_of(&landed.parse().unwrap());
    let tokens = tenant
        .redeem(&tenant.spa, &code)
        .send(&tenant.browser())
        .await;
    let id = tokens.expect_status(200).json();
    assert_eq!(
        tenant.verify(&id["id_token"]).await.text("sub"),
        tenant.person.id
    );
}

#[test]
fn a_person_signs_on_with_javascript() {
    run_today(Adapter::Sqlite, |server| async move {
        sign_on(&server.tenant, JavaScript::On, "with-javascript").await;
    });
}

#[test]
fn a_person_signs_on_without_javascript() {
    run_today(Adapter::Sqlite, |server| async move {
        sign_on(&server.tenant, JavaScript::Off, "without-javascript").await;
    });
}

#[test]
fn back_after_a_wrong_password_leads_to_a_page_of_ours_without_javascript() {
    run_today(Adapter::Memory, |server| async move {
        let tenant = &server.tenant;
        let chromium = Chromium::open(JavaScript::Off).await;
        chromium.go(&tenant.authorize(&tenant.spa).url()).await;
        let (name, password) = ("input[name=username]", "input[type=password]");
        chromium.fill(name, &tenant.person.username).await;
        chromium.fill(password, "wrong").await;
        chromium.click_through("#sign-on", "#error").await;
        chromium.fill(password, &tenant.person.password).await;
        chromium.click_through("#sign-on", NOBODY_LISTENS).await;
        chromium.back("#heading").await;
        let said = chromium.text("#heading").await;
        chromium.screenshot("back-after-wrong-password").await;
        chromium.close().await;
        assert_eq!(said, "You are already signed on");
    });
}

#[test]
fn form_post_reaches_the_client_without_javascript() {
    run_today(Adapter::Memory, |server| async move {
        let tenant = &server.tenant;
        let chromium = Chromium::open(JavaScript::Off).await;
        chromium
            .go(&tenant
                .authorize(&tenant.spa)
                .set("response_mode", "form_post")
                .url())
            .await;
        chromium
            .fill("input[name=username]", &tenant.person.username)
            .await;
        chromium
            .fill("input[type=password]", &tenant.person.password)
            .await;
        chromium.click_through("#sign-on", "#continue").await;
        chromium.screenshot("without-javascript-form-post").await;
        // Without scripts the page has a button of its own.
        chromium.click_through("#continue", NOBODY_LISTENS).await;
        let landed = chromium.url().await;
        chromium.close().await;
        assert!(landed.starts_with(REDIRECT_URI), "{landed}");
    });
}

#[test]
fn form_post_reaches_the_client_by_itself_with_javascript() {
    run_today(Adapter::Memory, |server| async move {
        let tenant = &server.tenant;
        let chromium = Chromium::open(JavaScript::On).await;
        chromium
            .go(&tenant
                .authorize(&tenant.spa)
                .set("response_mode", "form_post")
                .url())
            .await;
        chromium
            .fill("input[name=username]", &tenant.person.username)
            .await;
        chromium
            .fill("input[type=password]", &tenant.person.password)
            .await;
        chromium.click_through("#sign-on", NOBODY_LISTENS).await;
        let landed = chromium.url().await;
        chromium.close().await;
        assert!(landed.starts_with(REDIRECT_URI), "{landed}");
    });
}

#[test]
fn an_error_page_is_readable() {
    run_today(Adapter::Memory, |server| async move {
        let tenant = &server.tenant;
        let chromium = Chromium::open(JavaScript::Off).await;
        chromium
            .go(&tenant
                .authorize(&tenant.spa)
                .set("client_id", "nobody")
                .url())
            .await;
        chromium.screenshot("error-page").await;
        let text = chromium.text("body").await;
        chromium.close().await;
        assert!(text.len() > 40, "{text}");
    });
}
