//! How the pages of an environment look

use countersign_testkit::{Answer, TestServer, on_every_adapter};
use serde_json::{Value, json};

const PNG: &str = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";

fn theme(name: &str, button: &str) -> Value {
    json!({
        "configuration": {
            "name": name,
            "backgroundType": "NONE",
            "bodyTextColor": "#dddddd",
            "buttonColor": button,
            "buttonTextColor": "#ffffff",
            "cardColor": "#ffffff",
            "headingTextColor": "#000000",
            "linkTextColor": "#000000",
            "footer": "<b>Acme</b> & Sons",
        },
    })
}

async fn import(server: &TestServer, mut environment: Value) {
    environment["id"] = json!(server.tenant.id);
    environment["name"] = json!("First");
    server
        .import(&json!({ "environments": [environment] }))
        .await;
}

async fn page(server: &TestServer) -> Answer {
    let tenant = &server.tenant;
    tenant.authorize(&tenant.web).page(&tenant.browser()).await
}

/// The address of the theme's style sheet.
fn sheet_of(page: &Answer) -> Option<String> {
    let from = page.body.find("theme.css")?;
    let start = page.body[..from].rfind('"')? + 1;
    let end = from + page.body[from..].find('"')?;
    Some(
        page.body[start..end]
            .replace("&#38;", "&")
            .replace("&amp;", "&"),
    )
}

on_every_adapter! {
    async fn a_new_environment_has_a_theme_that_changes_nothing(server: TestServer) {
        let page = page(&server).await;
        assert_eq!(sheet_of(&page), None);
        assert!(page.body.contains("content=\"light dark\""));
    }

    async fn a_theme_is_a_style_sheet_of_its_own_with_colours_that_can_be_read(server: TestServer) {
        let mut own = theme("Acme", "#123456");
        own["default"] = json!(true);
        own["template"] = json!("slate");
        own["countersign"] = json!({ "variables": { "radius": "2px" } });
        import(&server, json!({ "themes": [own] })).await;
        let page = page(&server).await;
        assert!(page.body.contains("<body class=\"slate\">"), "{}", page.body);
        assert!(!page.body.contains("<style") && !page.body.contains("style=\""));
        assert!(!page.body.contains("<b>Acme"), "{}", page.body);
        let browser = server.tenant.browser();
        let url = format!("{}{}", server.base, sheet_of(&page).unwrap());
        let sheet = browser.get(&url).send().await.expect_status(200);
        assert_eq!(sheet.header("content-type"), Some("text/css; charset=utf-8"));
        assert!(sheet.body.contains("--accent: #123456;"), "{}", sheet.body);
        assert!(sheet.body.contains("--radius: 2px;"), "{}", sheet.body);
        assert!(!sheet.body.contains("--text: #dddddd;"), "light grey on white");
        let tag = sheet.header("etag").unwrap().to_owned();
        let again = browser.get(&url).header("if-none-match", &tag).send().await;
        let again = again.expect_status(304);
        assert_eq!((again.body.as_str(), again.header("etag")), ("", Some(tag.as_str())));
    }

    async fn a_changed_theme_has_another_address(server: TestServer) {
        let mut own = theme("Acme", "#123456");
        own["default"] = json!(true);
        import(&server, json!({ "themes": [own.clone()] })).await;
        let before = sheet_of(&page(&server).await);
        own["configuration"]["buttonColor"] = json!("#654321");
        import(&server, json!({ "themes": [own] })).await;
        assert_ne!(sheet_of(&page(&server).await), before);
    }

    async fn people_see_the_theme_of_their_population(server: TestServer) {
        let person = &server.tenant.person;
        import(&server, json!({
            "themes": [theme("Acme", "#123456"), theme("Beta", "#654321")],
            "populations": [{ "name": "Betas", "theme": "Beta" }],
            "users": [{ "id": person.id, "username": person.username, "population": "Betas" }],
        })).await;
        let tenant = &server.tenant;
        let browser = tenant.browser();
        let first = tenant.authorize(&tenant.web).page(&browser).await;
        assert_eq!(sheet_of(&first), None, "nobody is known yet");
        let _ = tenant.authorize(&tenant.web).sign_on(&browser).await;
        server.clock.advance(std::time::Duration::from_hours(9));
        let known = tenant.authorize(&tenant.web).page(&browser).await;
        let url = format!("{}{}", server.base, sheet_of(&known).unwrap());
        let sheet = browser.get(url).send().await.expect_status(200);
        assert!(sheet.body.contains("--accent: #654321;"), "{}", sheet.body);
    }

    async fn pictures_are_served_as_what_they_are_and_only_at_home(server: TestServer) {
        import(&server, json!({
            "images": [{ "name": "Logo", "data": PNG }],
            "brandingSettings": { "companyName": "Acme \"&\" Sons", "logo": "Logo" },
        })).await;
        let page = page(&server).await;
        assert!(page.body.contains("id=\"logo\""), "{}", page.body);
        let from = page.body.find("/images/").unwrap();
        let id = &page.body[from + 8..from + 44];
        let browser = server.tenant.browser();
        let url = format!("{}/{}/images/{id}", server.base, server.tenant.id);
        let picture = browser.get(&url).send().await.expect_status(200);
        assert_eq!(picture.header("content-type"), Some("image/png"));
        assert_eq!(picture.header("x-content-type-options"), Some("nosniff"));
        assert!(picture.header("content-security-policy").unwrap().contains("sandbox"));
        let elsewhere = format!("{}/{}/images/{id}", server.base, server.other.id);
        let _ = browser.get(elsewhere).send().await.expect_status(404);
        let _ = browser.get(url + "x").send().await.expect_status(404);
    }
}
