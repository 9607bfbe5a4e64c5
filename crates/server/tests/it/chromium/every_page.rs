//! Every page: no finding of axe-core, room on the narrowest screen, the way with the keyboard, in
//! light and dark, from right to left, under a theme, and without JavaScript

use countersign_testkit::{Adapter, TestServer, run_today};
use serde_json::json;

use super::tour::{Look, Tour};

async fn closely(server: &TestServer, name: &'static str, scheme: &str, language: &str) {
    let mut tour = Tour::begin(server, name, Look::Closely).await;
    tour.chromium.scheme(scheme).await;
    tour.chromium.speak(language).await;
    tour.walk().await;
    tour.chromium.close().await;
}

#[test]
fn in_light() {
    run_today(Adapter::Memory, |server| async move {
        closely(&server, "light", "light", "en").await;
    });
}

#[test]
fn in_dark() {
    run_today(Adapter::Memory, |server| async move {
        closely(&server, "dark", "dark", "de").await;
    });
}

#[test]
fn from_right_to_left() {
    run_today(Adapter::Memory, |server| async move {
        closely(&server, "arabic", "light", "ar").await;
    });
}

#[test]
fn under_a_theme_whose_colours_nobody_could_read() {
    run_today(Adapter::Memory, |server| async move {
        theme(&server).await;
        closely(&server, "themed", "light", "fr").await;
    });
}

#[test]
fn without_javascript() {
    run_today(Adapter::Memory, |server| async move {
        let mut tour = Tour::begin(&server, "plain", Look::FromAfar).await;
        tour.walk().await;
        tour.chromium.close().await;
    });
}

async fn theme(server: &TestServer) {
    let environment = json!({
        "id": server.tenant.id,
        "name": "First",
        "images": [{ "name": "Logo", "data": LOGO }],
        "brandingSettings": { "companyName": "Acme" },
        "themes": [{
            "default": true,
            "template": "split",
            "configuration": {
                "name": "Acme",
                "backgroundType": "COLOR",
                "backgroundColor": "#0e4d45",
                "bodyTextColor": "#b9c7b0",
                "buttonColor": "#e8b93c",
                "buttonTextColor": "#ffffff",
                "cardColor": "#fffdf6",
                "headingTextColor": "#0e4d45",
                "linkTextColor": "#e8b93c",
                "logoType": "IMAGE",
                "logo": "Logo",
                "footer": "Acme Ltd, somewhere",
            },
            "countersign": { "variables": { "radius": "0.25rem", "font": "Georgia, serif" } },
        }],
    });
    server
        .import(&json!({ "environments": [environment] }))
        .await;
}

/// A small picture.
const LOGO: &str = "iVBORw0KGgoAAAANSUhEUgAAAHgAAAAsCAYAAACue3wzAAAAoElEQVR42u3ZwQmAUAxEwV+BFXn1aMF2ZBffDkQR\
    hGzmQRrYOWYMSVJqy77Nt2e1UFjQTWBBN8KFHA4LuhEu5Aa4kAGrOi7kBriQAas6LmTAt53HOrtdOdwvyIABAwYM\
    GDBgwIABAwYMGDBgwIABAwYMGDDgn4F9kwD7B/sJwwUMGDLccGTrA1ZVZKsHI1s7FNq6wchWDYW2Yii01STpSRcV\
    Ixumv2i0bwAAAABJRU5ErkJggg==";
