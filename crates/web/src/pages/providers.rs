//! Identity providers on pages: the buttons that lead there, and the page of
//! `EXTERNAL_AUTHENTICATION_REQUIRED`.

use askama::Template;
use axum::http::StatusCode;
use axum::response::Response;
use countersign_protocol::cx::Cx;
use countersign_protocol::flows::{Flow, external};

use super::again::{Again, Message};
use super::frame::Frame;
use crate::wire::answer;

/// A button that leads to a provider.
pub(super) struct Button {
    /// `provider-` and its id.
    pub id: String,
    /// `Continue with ...`
    pub label: String,
    /// Where it leads.
    pub href: String,
}

/// The buttons of the providers that the flow can go to.
pub(super) fn buttons(cx: &Cx, frame: &Frame, flow: &Flow) -> Vec<Button> {
    let providers = external::providers(&cx.env, flow);
    let buttons = providers.into_iter().map(|view| {
        let (id, name) = (view.provider.id, view.provider.name.as_str());
        Button {
            id: format!("provider-{id}"),
            label: frame.say_with("continue-with", [("provider", name.into())]),
            href: cx.env.urls.rp_authenticate(cx.env_id(), id, flow.id),
        }
    });
    buttons.collect()
}

#[derive(Template)]
#[template(path = "external_authentication_required.html")]
struct Page<'a> {
    frame: &'a Frame,
    application: &'a str,
    providers: Vec<Button>,
    error: Option<Message>,
}

/// Leads to the provider that the policy names: at once, unless it was the person's name that led
/// there, which might be mistyped.
pub(super) fn page(cx: &Cx, frame: &Frame, flow: &Flow, again: Option<&Again>) -> Response {
    let providers = buttons(cx, frame, flow);
    let is_asked = flow.progress.identifier.is_some() || again.is_some();
    if let (Some(only), false) = (providers.first(), is_asked) {
        return answer::redirect(StatusCode::SEE_OTHER, &only.href);
    }
    let page = Page {
        frame,
        application: &flow.application_name,
        providers,
        error: again.map(|again| again.message.clone()),
    };
    super::page(StatusCode::OK, &page)
}
