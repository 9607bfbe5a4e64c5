//! The page of `AGREEMENT_CONSENT_REQUIRED`.

use std::borrow::Cow;

use askama::Template;
use axum::http::StatusCode;
use axum::response::Response;
use countersign_domain::agreement::ContentType;
use countersign_protocol::cx::Cx;
use countersign_protocol::flows::Flow;
use countersign_protocol::flows::agreement::ConsentPrompt;

use super::again::{Again, Message};
use super::frame::Frame;
use super::markup;

#[derive(Template)]
#[template(path = "agreement_consent_required.html")]
struct Page<'a> {
    frame: &'a Frame,
    application: &'a str,
    title: &'a str,
    lang: &'a str,
    /// What an administrator wrote as HTML, made harmless.
    html: Option<String>,
    text: &'a str,
    accept: Cow<'a, str>,
    go_on: Cow<'a, str>,
    decline: Option<Cow<'a, str>>,
    error: Option<Message>,
}

/// Shows the text and asks for consent.
pub(super) fn page(
    cx: &Cx,
    frame: &Frame,
    flow: &Flow,
    prompt: &ConsentPrompt,
    again: Option<&Again>,
) -> Response {
    let shown = prompt.shown(&cx.env);
    let (mut title, mut lang, mut text, mut html) = ("", "", "", None);
    let (mut accept, mut go_on, mut decline) = (None, None, None);
    if let Some((_, language, revision)) = shown {
        let words = &language.language.user_experience;
        title = &language.language.display_name;
        lang = &language.language.locale;
        accept = words.accept_checkbox_text.as_deref();
        go_on = words.continue_button_text.as_deref();
        decline = words.decline_button_text.as_deref();
        match revision.content_type {
            ContentType::Html => html = Some(markup::clean(&revision.text)),
            ContentType::Plain => text = &revision.text,
        }
    }
    // The words of the agreement's own language, where it has any, come before those of the page.
    let said =
        |own: Option<&str>, key| own.map_or_else(|| frame.say(key), |it| it.to_owned().into());
    let page = Page {
        frame,
        application: &flow.application_name,
        title,
        lang,
        html,
        text,
        accept: said(accept, "agreement-accept"),
        go_on: said(go_on, "continue"),
        decline: prompt
            .may_decline
            .then(|| said(decline, "agreement-decline")),
        error: again.map(|again| again.message.clone()),
    };
    super::page(StatusCode::OK, &page)
}
