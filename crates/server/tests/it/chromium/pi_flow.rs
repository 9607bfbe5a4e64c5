//! `response_mode=pi.flow` in a page of another origin: the whole sign-on by JSON alone

use countersign_testkit::webdriver::{Chromium, JavaScript};
use countersign_testkit::{Adapter, Elsewhere, TestServer, run_today};
use serde_json::{Value, json};

/// Signs on as a page would: authorize, password, resume. Answers what it could read.
fn script(server: &TestServer, prompt: &str) -> String {
    let tenant = &server.tenant;
    let request = tenant.authorize(&tenant.native).pi_flow();
    let authorize = request.set("prompt", prompt).url();
    let person = &tenant.person;
    let body = json!({ "username": person.username, "password": person.password });
    format!(
        "const cookies = {{ credentials: 'include' }};
        const sdk = {{ 'X-Requested-With': 'ping-sdk' }};
        const media = 'application/vnd.pingidentity.usernamePassword.check+json';
        const sign_on = async () => {{
            const first = await fetch('{authorize}', {{ ...cookies, headers: sdk }});
            const begun = await first.json();
            if (begun.status !== 'USERNAME_PASSWORD_REQUIRED') return [begun];
            const checked = await fetch(begun._links['usernamePassword.check'].href, {{
                ...cookies, method: 'POST', body: JSON.stringify({body}),
                headers: {{ ...sdk, 'Content-Type': media }},
            }});
            const done = await checked.json();
            const resumed = await fetch(done.resumeUrl, {{ ...cookies, headers: sdk }});
            return [begun, done, await resumed.json()];
        }};
        return sign_on().catch((error) => [String(error)]);"
    )
}

#[test]
fn a_page_of_a_listed_origin_signs_on_by_json_and_one_that_is_not_listed_reads_nothing() {
    run_today(Adapter::Memory, |server| async move {
        let tenant = &server.tenant;
        let (listed, other) = (Elsewhere::start().await, Elsewhere::start().await);
        for page in [&listed, &other] {
            page.answer(
                "/",
                200,
                "text/html",
                "<!doctype html><title>Client</title>",
            );
        }
        let cors = json!({ "behavior": "ALLOW_SPECIFIC_ORIGINS", "origins": [listed.base] });
        let application = json!({ "id": tenant.native.id, "name": "Native", "corsSettings": cors });
        let environment =
            json!({ "id": tenant.id, "name": "First", "applications": [application] });
        server
            .import(&json!({ "environments": [environment] }))
            .await;
        let chromium = Chromium::open(JavaScript::On).await;

        chromium.go(&format!("{}/", other.base)).await;
        let read = chromium.run(&script(&server, "login")).await;
        assert!(
            read[0]
                .as_str()
                .is_some_and(|it| it.contains("Failed to fetch")),
            "{read}"
        );

        chromium.go(&format!("{}/", listed.base)).await;
        let silent = chromium.run(&script(&server, "none")).await;
        assert_eq!(
            silent[0]["details"][0]["code"], "LOGIN_REQUIRED",
            "{silent}"
        );
        let read = chromium.run(&script(&server, "login")).await;
        assert_eq!(read[1]["status"], "COMPLETED", "{read}");
        let code = |flow: &Value| {
            flow["authorizeResponse"]["code"]
                .as_str()
                .map(str::to_owned)
        };
        let code = code(&read[2]).unwrap();
        let redeem = tenant.redeem(&tenant.native, &code).remove("redirect_uri");
        let tokens = redeem.send(&tenant.browser()).await;
        let id = tokens.expect_status(200).json();
        assert_eq!(
            tenant.verify(&id["id_token"]).await.text("sub"),
            tenant.person.id
        );
        // The session is the browser's: now nothing needs to be asked.
        let silent = chromium.run(&script(&server, "none")).await;
        assert!(
            silent[0]["authorizeResponse"]["code"].is_string(),
            "{silent}"
        );
        chromium.close().await;
    });
}
