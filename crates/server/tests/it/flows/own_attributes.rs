//! Attributes that an environment adds to its users, said by people about themselves: at
//! `user.register`, at `user.update`, and on the pages of both.

use countersign_domain::schema::SchemaAttribute;
use countersign_testkit::{Answer, Browser, TestServer, on_every_adapter, submit};
use serde_json::{Value, json};

use crate::v1::{Api, admin, refused};

const PASSWORD: &str = "Quite-Another-2!";

async fn attribute(server: &TestServer, api: &Api, body: Value) -> String {
    let env = server.tenant.id.parse().unwrap();
    let schema = SchemaAttribute::schema_id(env);
    let all = format!(
        "/environments/{}/schemas/{schema}/attributes",
        server.tenant.id
    );
    let mut body = body;
    body["enabled"] = json!(true);
    let made = api.post(&all, body).await.expect_status(201);
    format!("{all}/{}", made.text("/id"))
}

/// What the environment adds. Users without a badge exist, so it is required only afterwards.
async fn attributes(server: &TestServer) -> Api {
    let api = admin(server).await;
    let badge = json!({
        "name": "badge", "displayName": "Badge <number>", "type": "STRING", "unique": true,
        "regexValidation": { "pattern": "B-[0-9]+", "requirements": "B- and a number" },
    });
    let one = attribute(server, &api, badge.clone()).await;
    let mut required = badge;
    required["required"] = json!(true);
    required["enabled"] = json!(true);
    let _ = api.put(&one, required).await.expect_status(200);
    for more in [
        json!({ "name": "size", "type": "STRING", "enumeratedValues": [
            { "value": "S", "description": "Small" }, { "value": "L", "description": "Large" },
            { "value": "XS", "archived": true },
        ] }),
        json!({ "name": "tall", "type": "BOOLEAN" }),
        json!({ "name": "tags", "type": "STRING", "multiValued": true }),
        json!({ "name": "extra", "type": "JSON" }),
    ] {
        let _ = attribute(server, &api, more).await;
    }
    api
}

async fn import(server: &TestServer, actions: Value) {
    let policy = json!({ "name": "Own", "default": true, "actions": actions });
    let environment = json!({
        "id": server.tenant.id, "name": "First", "signOnPolicies": [policy],
        "countersign": { "verifyRegistrations": false },
    });
    server
        .import(&json!({ "environments": [environment] }))
        .await;
}

async fn registering(server: &TestServer) -> Api {
    let api = attributes(server).await;
    let login = json!({ "type": "LOGIN", "priority": 1, "registration": { "enabled": true } });
    import(server, json!([login])).await;
    api
}

/// A password, then these attributes.
async fn asking(server: &TestServer, names: &[(&str, bool)]) -> Api {
    let api = attributes(server).await;
    let names = names.iter();
    let names = names.map(|(name, required)| json!({ "name": name, "required": required }));
    let ask = json!({
        "type": "PROGRESSIVE_PROFILING", "priority": 2, "promptText": "",
        "attributes": names.collect::<Vec<_>>(), "promptIntervalSeconds": 3600,
        "preventMultiplePromptsPerFlow": true,
    });
    import(server, json!([{ "type": "LOGIN", "priority": 1 }, ask])).await;
    api
}

async fn start(server: &TestServer, browser: &Browser) -> String {
    let tenant = &server.tenant;
    tenant.authorize(&tenant.native).start_flow(browser).await
}

async fn register(server: &TestServer, own: Value) -> Answer {
    let browser = server.tenant.browser();
    let flow = start(server, &browser).await;
    let mut body = json!({ "username": "grace", "email": "g@new.example", "password": PASSWORD });
    for (name, value) in own.as_object().unwrap() {
        body[name] = value.clone();
    }
    let tenant = &server.tenant;
    tenant.act(&browser, &flow, "user.register", &body).await
}

/// The flow after the password of alice.
async fn signed_on(server: &TestServer, browser: &Browser) -> (String, Answer) {
    let flow = start(server, browser).await;
    let tenant = &server.tenant;
    let (name, password) = (&tenant.person.username, &tenant.person.password);
    let answer = tenant.check_password(browser, &flow, name, password).await;
    (flow, answer.expect_status(200))
}

async fn shown(server: &TestServer, api: &Api, username: &str) -> Value {
    let filter = format!("username%20eq%20%22{username}%22");
    let users = format!("/environments/{}/users?filter={filter}", server.tenant.id);
    let found = api.get(&users).await.expect_status(200).json();
    found["_embedded"]["users"][0].clone()
}

on_every_adapter! {
    async fn what_registers_is_judged_as_by_the_management_api_and_kept(server: TestServer) {
        let api = registering(&server).await;
        for (own, code, target) in [
            (json!({}), "REQUIRED_VALUE", "badge"),
            (json!({ "badge": null }), "REQUIRED_VALUE", "badge"),
            (json!({ "badge": "C-1" }), "INVALID_VALUE", "badge"),
            (json!({ "badge": 1 }), "INVALID_VALUE", "badge"),
            (json!({ "badge": "B-1", "size": "M" }), "INVALID_VALUE", "size"),
            (json!({ "badge": "B-1", "size": "XS" }), "INVALID_VALUE", "size"),
            (json!({ "badge": "B-1", "tall": "true" }), "INVALID_VALUE", "tall"),
            (json!({ "badge": "B-1", "tags": ["a", 1] }), "INVALID_VALUE", "tags"),
        ] {
            let answer = register(&server, own).await;
            refused(answer, 400, "INVALID_DATA", Some((code, target)));
        }
        assert_eq!(shown(&server, &api, "grace").await, Value::Null);
        let own = json!({ "badge": " B-1 ", "size": "L", "tall": false, "tags": ["a", "b"], "extra": { "x": [1] },
            "custom": { "badge": "B-9" }, "uniqueCustom": [], "unknown": 1 });
        let _ = register(&server, own).await.expect_status(200);
        let grace = shown(&server, &api, "grace").await;
        assert_eq!(grace["badge"], "B-1");
        assert_eq!(grace["size"], "L");
        assert_eq!(grace["tall"], false);
        assert_eq!(grace["tags"], json!(["a", "b"]));
        assert_eq!(grace["extra"], json!({ "x": [1] }));
        assert!(grace.get("unknown").is_none(), "{grace}");
        // Nobody else may have the badge, whoever asks.
        let users = format!("/environments/{}/users", server.tenant.id);
        let second = json!({ "username": "ada", "badge": "b-1" });
        let answer = api.post(&users, second).await;
        refused(answer, 400, "INVALID_DATA", Some(("UNIQUENESS_VIOLATION", "badge")));
        let again = json!({ "username": "ada", "badge": "B-1" });
        refused(register(&server, again).await, 400, "INVALID_DATA", Some(("UNIQUENESS_VIOLATION", "badge")));
        let _ = register(&server, json!({ "username": "ada", "badge": "B-2" })).await.expect_status(200);
    }

    async fn what_a_policy_asks_for_is_judged_and_kept(server: TestServer) {
        let api = asking(&server, &[("badge", true), ("size", false), ("nobodys", true)]).await;
        let users = format!("/environments/{}/users", server.tenant.id);
        let _ = api.post(&users, json!({ "username": "ada", "badge": "B-1" })).await.expect_status(201);
        let browser = server.tenant.browser();
        let (flow, asked) = signed_on(&server, &browser).await;
        assert_eq!(asked.json()["_embedded"]["attributes"], json!([
            { "name": "badge", "displayName": "Badge <number>", "required": true },
            { "name": "size", "displayName": "size", "required": false },
        ]));
        for (body, code, target) in [
            (json!({ "size": "L" }), "REQUIRED_VALUE", "badge"),
            (json!({ "badge": "1" }), "INVALID_VALUE", "badge"),
            (json!({ "badge": "B-2", "size": "M" }), "INVALID_VALUE", "size"),
            (json!({ "badge": "B-1" }), "UNIQUENESS_VIOLATION", "badge"),
        ] {
            let answer = server.tenant.act(&browser, &flow, "user.update", &body).await;
            refused(answer, 400, "INVALID_DATA", Some((code, target)));
        }
        // What was not asked for is not taken.
        let body = json!({ "badge": "B-2", "tall": true });
        let commits = server.counts.commits();
        let done = server.tenant.act(&browser, &flow, "user.update", &body).await.expect_status(200);
        assert_eq!(server.counts.commits() - commits, 1);
        assert_eq!(done.text("/status"), "COMPLETED");
        let alice = shown(&server, &api, "alice").await;
        assert_eq!(alice["badge"], "B-2");
        assert!(alice.get("tall").is_none(), "{alice}");
        let second = json!({ "username": "bob2", "badge": "B-2" });
        let answer = api.post(&users, second).await;
        refused(answer, 400, "INVALID_DATA", Some(("UNIQUENESS_VIOLATION", "badge")));
        // Whoever has it is not asked again.
        let browser = server.tenant.browser();
        let (_, done) = signed_on(&server, &browser).await;
        assert_eq!(done.text("/status"), "COMPLETED");
    }

    async fn pages_ask_for_what_is_required_or_asked_for(server: TestServer) {
        let api = registering(&server).await;
        let tenant = &server.tenant;
        let browser = tenant.browser();
        let page = tenant.authorize(&tenant.web).page(&browser).await;
        let to = page.url.join(&format!("?{}&view=register", page.url.query().unwrap())).unwrap();
        let page = browser.get(&to).send().await.expect_status(200);
        assert!(page.body.contains("Badge &#60;number&#62;"), "{}", page.body);
        assert!(page.body.contains("B- and a number"), "{}", page.body);
        assert!(!page.body.contains("\"size\""), "only what is required: {}", page.body);
        let fill = |page: &Answer, badge: &str| {
            page.form()
                .fill("username", "grace")
                .fill("email", "g@new.example")
                .fill("password", PASSWORD)
                .fill("confirmPassword", PASSWORD)
                .fill("badge", badge)
        };
        let form = fill(&page, "<1>");
        let wrong = browser.submit(form).await.expect_status(200);
        assert!(wrong.body.contains("cannot be what you entered."), "{}", wrong.body);
        assert!(wrong.body.contains("aria-describedby=\"badge-hint error\""), "{}", wrong.body);
        assert_eq!(wrong.form().value("badge"), Some("<1>"));
        let form = fill(&wrong, "B-7");
        let answer = browser.post(&form.action).form(form.fields).send().await;
        let _ = browser.follow(answer, &tenant.base).await;
        assert_eq!(shown(&server, &api, "grace").await["badge"], "B-7");
        // Somebody else has it.
        let browser = tenant.browser();
        let page = tenant.authorize(&tenant.web).page(&browser).await;
        let to = page.url.join(&format!("?{}&view=register", page.url.query().unwrap())).unwrap();
        let page = browser.get(&to).send().await.expect_status(200);
        let form = fill(&page, "B-7").fill("username", "ada");
        let taken = browser.submit(form).await.expect_status(200);
        assert!(taken.body.contains("somebody has entered this already."), "{}", taken.body);
    }

    async fn a_form_has_a_field_for_each_type(server: TestServer) {
        let names = [("size", true), ("tall", true), ("tags", true), ("extra", false), ("badge", false)];
        let api = asking(&server, &names).await;
        let tenant = &server.tenant;
        let browser = tenant.browser();
        let page = tenant.authorize(&tenant.web).page(&browser).await;
        let person = &tenant.person;
        let page = submit(tenant, &browser, &page, &person.username, &person.password).await;
        for part in [
            "<select id=\"size\"", "<option value=\"S\">Small</option>", "<select id=\"tall\"",
            "<option value=\"true\">Yes</option>", "<textarea id=\"tags\"", "<textarea id=\"extra\"",
        ] {
            assert!(page.body.contains(part), "{part}: {}", page.body);
        }
        assert!(!page.body.contains("\"XS\""), "archived: {}", page.body);
        let form = page.form();
        let mut fields: Vec<(String, String)> = form.fields.into_iter().filter(|(name, _)| name == "action").collect();
        for (name, value) in [("size", "L"), ("tall", "false"), ("tags", "a\r\n b \r\n"), ("extra", "{\"x\": 1}"), ("badge", "")] {
            fields.push((name.to_owned(), value.to_owned()));
        }
        let answer = browser.post(&form.action).form(fields).send().await;
        let _ = browser.follow(answer, &tenant.base).await;
        let alice = shown(&server, &api, "alice").await;
        assert_eq!(alice["size"], "L");
        assert_eq!(alice["tall"], false);
        assert_eq!(alice["tags"], json!(["a", "b"]));
        assert_eq!(alice["extra"], json!({ "x": 1 }));
        assert!(alice.get("badge").is_none(), "{alice}");
    }
}
