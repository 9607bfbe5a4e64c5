//! The flows that connect a device

use std::time::Duration;

use countersign_testkit::{Browser, TestServer};
use serde_json::json;

use super::{PASSWORD, Walk, line, outcome};

pub(super) const VERIFY: &str = "deviceAuthGrant.userCode.verify";
const CONSENT: &str = "deviceAuthGrant.consent";

/// A device asks, and a browser opens its page: the walk, and the code that the device shows.
pub(super) async fn start<'a>(
    server: &'a TestServer,
    table: &'a mut String,
    event: &str,
) -> (Walk<'a>, String) {
    again(server, table, server.tenant.browser(), event).await
}

async fn again<'a>(
    server: &'a TestServer,
    table: &'a mut String,
    browser: Browser,
    event: &str,
) -> (Walk<'a>, String) {
    let tenant = &server.tenant;
    let form = [
        ("client_id", tenant.native.id.as_str()),
        ("scope", "openid"),
    ];
    let url = tenant.endpoint("device_authorization");
    let device = tenant.browser().post(url).form(form).send().await;
    let device = device.expect_status(200);
    let page = browser.get(device.text("/verification_uri")).send().await;
    let page = page.expect_status(302).redirect();
    let flow = page.query_pairs().find(|(name, _)| name == "flowId");
    let flow = flow.unwrap().1.into_owned();
    let read = browser.get(tenant.flow(&flow)).send().await;
    if !event.is_empty() {
        line(table, "(device page)", event, &outcome(&read));
    }
    let walk = Walk {
        server,
        browser,
        flow,
        status: read.text("/status"),
        table,
    };
    (walk, device.text("/user_code"))
}

pub(super) async fn devices(server: &TestServer, table: &mut String) {
    let typed = |code: &str| json!({ "userCode": code });
    let (mut walk, code) = start(server, table, "nobody known").await;
    walk.check("wrong password", "ok", "wrong").await;
    walk.check("right password, on a device page", "ok", PASSWORD)
        .await;
    walk.act("no code", VERIFY, json!({})).await;
    walk.act("wrong user code", VERIFY, typed("BBBB-BBBB"))
        .await;
    walk.act("right user code", VERIFY, typed(&code)).await;
    walk.act("deviceAuthGrant.consent without a word", CONSENT, json!({}))
        .await;
    let yes = json!({ "accept": true });
    walk.act("deviceAuthGrant.consent: yes", CONSENT, yes.clone())
        .await;
    let browser = walk.browser;
    let (mut walk, code) = again(server, table, browser, "session user, condition false").await;
    walk.act("", VERIFY, typed(&code)).await;
    let no = json!({ "accept": false });
    walk.act("deviceAuthGrant.consent: no", CONSENT, no).await;
    let (mut walk, code) = again(server, walk.table, walk.browser, "").await;
    walk.act("", VERIFY, typed(&code)).await;
    server.clock.advance(Duration::from_mins(11));
    walk.act("deviceAuthGrant.consent, code expired", CONSENT, yes)
        .await;
    let (mut walk, _) = again(server, walk.table, walk.browser, "").await;
    for _ in 0..4 {
        walk.act("", VERIFY, typed("BBBB-BBBB")).await;
    }
    walk.act("fifth wrong user code", VERIFY, typed("BBBB-BBBB"))
        .await;
}
