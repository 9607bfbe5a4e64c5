//! Every transition that is served, in the order of the sheet

use countersign_testkit::{TestServer, code_in};
use serde_json::json;

use super::policies::EXPIRED;
use super::{NEW, PASSWORD, Walk};

const LOGIN: &[(&str, &str)] = &[("acr_values", "Login")];
const IDENTIFIER: &[(&str, &str)] = &[("acr_values", "Identifier")];

pub(super) async fn entries(server: &TestServer, table: &mut String) {
    let mut walk = Walk::start(server, table, "LOGIN first, nobody known", LOGIN).await;
    walk.check("", "ok", PASSWORD).await;
    let browser = walk.browser;
    let always = &[("acr_values", "Always")];
    let event = "LOGIN first, session user, always runs";
    let browser = Walk::again(server, table, browser, event, always)
        .await
        .browser;
    let event = "LOGIN first, session user, condition false";
    let browser = Walk::again(server, table, browser, event, LOGIN)
        .await
        .browser;
    let event = "LOGIN first, session user, prompt=login";
    let login = &[("acr_values", "Login"), ("prompt", "login")];
    let browser = Walk::again(server, table, browser, event, login)
        .await
        .browser;
    let event = "LOGIN first, session user, max_age=0";
    let zero = &[("acr_values", "Login"), ("max_age", "0")];
    let browser = Walk::again(server, table, browser, event, zero)
        .await
        .browser;
    let event = "IDENTIFIER_FIRST first, session user";
    let browser = Walk::again(server, table, browser, event, IDENTIFIER)
        .await
        .browser;
    let event = "PROGRESSIVE_PROFILING, session user lacks something";
    let profile = &[("acr_values", "Profile")];
    let _ = Walk::again(server, table, browser, event, profile).await;
    let _ = Walk::start(
        server,
        table,
        "IDENTIFIER_FIRST first, no login_hint",
        IDENTIFIER,
    )
    .await;
    let hint = &[("acr_values", "Identifier"), ("login_hint", "ok")];
    let _ = Walk::start(server, table, "IDENTIFIER_FIRST first, login_hint", hint).await;
    let none = &[("acr_values", "Login"), ("prompt", "none")];
    let _ = Walk::start(server, table, "prompt=none, nobody known", none).await;
    let factor = &[("acr_values", "Factor_First")];
    let event = "MULTI_FACTOR_AUTHENTICATION first, nobody known";
    let _ = Walk::start(server, table, event, factor).await;
    let hint = &[("acr_values", "Factor_First"), ("login_hint", "ok")];
    let event = "MULTI_FACTOR_AUTHENTICATION first, login_hint (no devices)";
    let _ = Walk::start(server, table, event, hint).await;
    let provider = &[("acr_values", "Provider")];
    let event = "IDENTITY_PROVIDER first";
    let _ = Walk::start(server, table, event, provider).await;
}

pub(super) async fn passwords(server: &TestServer, table: &mut String) {
    let mut walk = Walk::start(server, table, "", LOGIN).await;
    walk.check("wrong password", "ok", "wrong").await;
    walk.check("unknown user", "nobody", "wrong").await;
    walk.check("right password, disabled", "disabled", PASSWORD)
        .await;
    for guess in 0..4 {
        walk.check("", "locked", &format!("wrong {guess}")).await;
    }
    walk.check("fifth wrong password", "locked", "wrong").await;
    walk.check("right password, locked", "locked", PASSWORD)
        .await;
    walk.check("right password", "ok", PASSWORD).await;
    for (policies, event) in [
        ("Profile", "right password, profile lacks something"),
        ("Factor", "right password, then MFA with BLOCK (no devices)"),
        (
            "Bypass",
            "right password, then MFA with BYPASS (no devices)",
        ),
        ("Agreement", "right password, then AGREEMENT"),
        (
            "Factor Login",
            "right password, policy fails, next one is content",
        ),
        (
            "Factor Always",
            "right password, policy fails, next one asks again",
        ),
    ] {
        let mut walk = Walk::start(server, table, "", &[("acr_values", policies)]).await;
        walk.check(event, "asked", PASSWORD).await;
    }
    let mut walk = Walk::start(server, table, "", LOGIN).await;
    walk.check("right password, temporary", "temporary", PASSWORD)
        .await;
    walk.reset_password("wrong current password", "wrong", NEW)
        .await;
    walk.reset_password("new password against the policy", PASSWORD, "short")
        .await;
    walk.reset_password("new password", PASSWORD, NEW).await;
    let mut walk = Walk::start(server, table, "", &[("acr_values", "Profile")]).await;
    walk.check("", "temporary too", PASSWORD).await;
    walk.reset_password("new password, profile lacks something", PASSWORD, NEW)
        .await;
    let mut walk = Walk::start(server, table, "", LOGIN).await;
    walk.check("right password, too old", "expired", EXPIRED)
        .await;
    walk.reset_password("wrong current password", "wrong", NEW)
        .await;
    walk.reset_password("new password", EXPIRED, NEW).await;
}

pub(super) async fn identifiers(server: &TestServer, table: &mut String) {
    for (who, event) in [
        ("ok", "user.lookup, somebody's name"),
        ("nobody", "user.lookup, nobody's name"),
    ] {
        let mut walk = Walk::start(server, table, "", IDENTIFIER).await;
        walk.act(event, "user.lookup", json!({ "username": who }))
            .await;
        let event = format!("right password for the name \"{who}\"");
        walk.act(
            &event,
            "usernamePassword.check",
            json!({ "password": PASSWORD }),
        )
        .await;
    }
    let factor = &[("acr_values", "Factor_First")];
    for (who, event) in [
        ("ok", "user.lookup before MFA, somebody's name (no devices)"),
        ("nobody", "user.lookup before MFA, nobody's name"),
    ] {
        let mut walk = Walk::start(server, table, "", factor).await;
        walk.act(event, "user.lookup", json!({ "username": who }))
            .await;
    }
    let mut walk = Walk::start(server, table, "", IDENTIFIER).await;
    walk.act("user.lookup without a name", "user.lookup", json!({}))
        .await;
    walk.act("", "user.lookup", json!({ "username": "ok" }))
        .await;
    walk.check("another username", "asked", PASSWORD).await;
}

pub(super) async fn profiles(server: &TestServer, table: &mut String) {
    let mut walk = Walk::start(server, table, "", &[("acr_values", "Profile")]).await;
    walk.check("", "asked", PASSWORD).await;
    walk.act(
        "user.update without what is required",
        "user.update",
        json!({}),
    )
    .await;
    walk.act(
        "user.update with a bad value",
        "user.update",
        json!({ "mobilePhone": "x" }),
    )
    .await;
    walk.act("user.update", "user.update", json!({ "mobilePhone": "1" }))
        .await;
    walk.act("session.reset", "session.reset", json!({})).await;
}

const OPEN: &[(&str, &str)] = &[("acr_values", "Open")];

/// Recovery, registration and verification.
pub(super) async fn codes(server: &TestServer, table: &mut String) {
    let recover =
        |code: &str, password: &str| json!({ "recoveryCode": code, "newPassword": password });
    let _ = server.mails().await;
    let mut walk = Walk::start(server, table, "", OPEN).await;
    walk.act(
        "password.forgot, somebody's name",
        "password.forgot",
        json!({ "username": "forgetful" }),
    )
    .await;
    let code = code_in(&server.mail().await);
    walk.act("wrong code", "password.recover", recover("AAAAAAAA", NEW))
        .await;
    walk.act(
        "new password against the policy",
        "password.recover",
        recover(&code, "short"),
    )
    .await;
    walk.act(
        "password.sendRecoveryCode",
        "password.sendRecoveryCode",
        json!({}),
    )
    .await;
    let code = code_in(&server.mail().await);
    walk.act("right code", "password.recover", recover(&code, NEW))
        .await;
    let mut walk = Walk::start(server, table, "", OPEN).await;
    walk.act(
        "password.forgot, nobody's name",
        "password.forgot",
        json!({ "username": "nobody" }),
    )
    .await;
    for guess in ["AAAAAAAA", "AAAAAAAB", "AAAAAAAC", "AAAAAAAD"] {
        walk.act("", "password.recover", recover(guess, NEW)).await;
    }
    walk.act(
        "fifth wrong code",
        "password.recover",
        recover("AAAAAAAE", NEW),
    )
    .await;
    for policy in ["Open", "Open_Identifier"] {
        let parameters = &[("acr_values", policy)];
        let mut walk = Walk::start(server, table, "", parameters).await;
        let mut body =
            json!({ "username": format!("new {policy}"), "email": "new@client.example" });
        walk.act(
            "user.register without a password",
            "user.register",
            body.clone(),
        )
        .await;
        body["password"] = json!("short");
        walk.act(
            "user.register, password against the policy",
            "user.register",
            body.clone(),
        )
        .await;
        body["password"] = json!(NEW);
        let mut taken = body.clone();
        taken["username"] = json!("ok");
        walk.act("user.register, name taken", "user.register", taken)
            .await;
        walk.act("user.register", "user.register", body).await;
        let code = code_in(&server.mail().await);
        let verify = |code: &str| json!({ "verificationCode": code });
        walk.act("wrong code", "user.verify", verify("AAAAAAAA"))
            .await;
        walk.act(
            "user.sendVerificationCode",
            "user.sendVerificationCode",
            json!({}),
        )
        .await;
        let newer = code_in(&server.mail().await);
        walk.act("former code", "user.verify", verify(&code)).await;
        walk.act("right code", "user.verify", verify(&newer)).await;
    }
    let mut walk = Walk::start(server, table, "", LOGIN).await;
    walk.check("right password, unverified", "unverified", PASSWORD)
        .await;
}

/// Identity providers, while nobody here has the name of the provider's person.
pub(super) async fn providers(server: &TestServer, table: &mut String) {
    let provider = &[("acr_values", "Provider")];
    let mut walk = Walk::start(server, table, "", provider).await;
    walk.come_back("callback, nobody's account, no registration")
        .await;
    let confirm = &[("acr_values", "Confirm")];
    let mut walk = Walk::start(server, table, "", confirm).await;
    walk.come_back("callback, nobody's account, to be confirmed")
        .await;
    walk.act("user.confirm without a username", "user.confirm", json!({}))
        .await;
    walk.act(
        "user.confirm, name of a user",
        "user.confirm",
        json!({ "username": "ok" }),
    )
    .await;
    walk.check("wrong password", "ok", "wrong").await;
    let mut walk = Walk::start(server, table, "", OPEN).await;
    walk.come_back("callback, nobody's account, registration")
        .await;
    walk.act(
        "user.register, name taken",
        "user.register",
        json!({ "username": "ok" }),
    )
    .await;
}

/// The provider's person becomes somebody here, for good.
pub(super) async fn links(server: &TestServer, table: &mut String) {
    let mut walk = Walk::start(server, table, "", OPEN).await;
    walk.come_back("callback, a user has the name").await;
    walk.check("wrong password", "linked", "wrong").await;
    walk.check("right password", "linked", PASSWORD).await;
    let mut walk = Walk::start(server, table, "", OPEN).await;
    walk.come_back("callback, linked account").await;
}

pub(super) async fn agreements(server: &TestServer, table: &mut String) {
    let agreement = &[("acr_values", "Agreement")];
    for (event, accept) in [
        ("user.consent without a word", json!({})),
        ("user.consent: no", json!({ "accept": false })),
        ("user.consent: yes", json!({ "accept": true })),
    ] {
        let mut walk = Walk::start(server, table, "", agreement).await;
        walk.check("", "asked", PASSWORD).await;
        walk.act(event, "user.consent", accept).await;
    }
    let mut walk = Walk::start(server, table, "", agreement).await;
    walk.check("right password, consent given before", "asked", PASSWORD)
        .await;
}
