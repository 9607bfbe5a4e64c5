//! The page for `user.register`: another face of `USERNAME_PASSWORD_REQUIRED`, `SIGN_ON_REQUIRED`
//! and `ACCOUNT_LINKING_REQUIRED`, under `&view=register`.

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
    /// Whoever comes from a provider needs no password.
    has_password: bool,
    /// Whether the error stands beside one of the fields.
    beside: bool,
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
}

/// Where somebody without an account can go from a sign-on page.
pub(super) struct Link {
    pub href: String,
}

/// Whether this page can be shown where the flow stands.
pub(super) fn is_offered(flow: &Flow) -> bool {
    UserRegister.offered(flow)
}

/// To this page, or to the one elsewhere.
pub(super) fn link(flow: &Flow) -> Option<Link> {
    let is_here = matches!(
        flow.state,
        State::UsernamePasswordRequired | State::SignOnRequired | State::AccountLinkingRequired
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
    let is_linking = matches!(flow.state, State::AccountLinkingRequired);
    let identity = flow.progress.external.as_ref().filter(|_| is_linking);
    let field = |name, kind, autocomplete, longest, required| {
        let typed = again.as_ref().and_then(|again| again.fields.get(name));
        let said = identity.and_then(|identity| identity.get(name));
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
            value: typed.or(said).unwrap_or_default().to_owned(),
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
    let mut names: Vec<&str> = fields.iter().map(|field| field.name).collect();
    if !is_linking {
        names.extend(["password", "confirmPassword"]);
    }
    let error = again.map(|again| again.message);
    let page = Page {
        frame,
        application: &flow.application_name,
        flow: flow.id,
        fields,
        requirements: policy
            .as_ref()
            .map_or_else(Vec::new, |it| requirements::lines(frame, it, &lacking)),
        has_password: !is_linking,
        beside: frame.is_beside(&error, &names),
        error,
    };
    super::page(status, &page)
}
