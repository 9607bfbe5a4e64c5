//! The page for `user.register`: another face of `USERNAME_PASSWORD_REQUIRED` and
//! `SIGN_ON_REQUIRED`, under `&view=register`.

use askama::Template;
use axum::http::StatusCode;
use axum::response::Response;
use countersign_domain::ids::FlowId;
use countersign_domain::password::policy::PasswordPolicy;
use countersign_protocol::cx::Cx;
use countersign_protocol::flows::actions::{Action, user_register::UserRegister};
use countersign_protocol::flows::registration::RegistrationOffer;
use countersign_protocol::flows::view::settable_password;
use countersign_protocol::flows::{Flow, State};

use super::frame::Frame;
use super::profile_data_required;
use super::requirements::{self, Line};
use super::sign_on::{Again, Message};

/// What `view` says in the address of this page.
pub(super) const VIEW: &str = "register";

#[derive(Template)]
#[template(path = "register.html")]
struct Page<'a> {
    frame: &'a Frame,
    application: &'a str,
    flow: FlowId,
    fields: Vec<Field>,
    requirements: Vec<Line>,
    password_invalid: bool,
    error: Option<Message>,
}

struct Field {
    /// Name and id: the member of the body.
    name: &'static str,
    label: String,
    kind: &'static str,
    autocomplete: &'static str,
    longest: u32,
    required: bool,
    value: String,
    invalid: bool,
}

/// Where somebody without an account can go from a sign-on page.
pub(super) struct Link {
    pub href: String,
}

/// Whether this page can be shown where the flow stands.
pub(super) fn is_offered(flow: &Flow) -> bool {
    let is_here = matches!(
        flow.state,
        State::UsernamePasswordRequired | State::SignOnRequired
    );
    is_here && UserRegister.offered(flow)
}

/// To this page, or to the one elsewhere.
pub(super) fn link(flow: &Flow) -> Option<Link> {
    let is_here = matches!(
        flow.state,
        State::UsernamePasswordRequired | State::SignOnRequired
    );
    let offer = flow.progress.offers.registration.as_ref();
    offer.filter(|_| is_here).map(|offer| Link {
        href: match offer {
            RegistrationOffer::Here(_) => format!("?flowId={}&view={VIEW}", flow.id),
            RegistrationOffer::Elsewhere(page) => page.clone(),
        },
    })
}

/// Asks for what an account needs.
pub(super) fn page(
    cx: &Cx,
    frame: &Frame,
    flow: &Flow,
    again: Option<Again<'_>>,
    status: StatusCode,
) -> Response {
    let field = |name, kind, autocomplete, longest, required| {
        let typed = again.as_ref().and_then(|again| again.fields.get(name));
        let label = match name {
            "username" => frame.say("username").into_owned(),
            _ => profile_data_required::label(frame, name).unwrap_or_default(),
        };
        Field {
            name,
            label,
            kind,
            autocomplete,
            longest,
            required,
            value: typed.unwrap_or_default().to_owned(),
            invalid: again.as_ref().is_some_and(|it| it.message.is_at(name)),
        }
    };
    let fields = vec![
        field("username", "text", "username", 128, true),
        field("email", "email", "email", 254, true),
        field("name.given", "text", "given-name", 256, false),
        field("name.family", "text", "family-name", 256, false),
    ];
    let lacking = again.as_ref().map(|it| it.lacking.clone());
    let lacking = lacking.unwrap_or_default();
    // Of former passwords there are none yet.
    let policy = settable_password(&cx.env, flow).map(|policy| PasswordPolicy {
        history: None,
        min_age_days: None,
        not_similar_to_current: false,
        ..policy.clone()
    });
    let page = Page {
        frame,
        application: &flow.application_name,
        flow: flow.id,
        fields,
        requirements: policy
            .as_ref()
            .map_or_else(Vec::new, |it| requirements::lines(frame, it, &lacking)),
        password_invalid: again
            .as_ref()
            .is_some_and(|it| it.message.is_at("password")),
        error: again.map(|again| again.message),
    };
    super::page(status, &page)
}
