//! The page for `user.register`: another face of `USERNAME_PASSWORD_REQUIRED`, `SIGN_ON_REQUIRED`
//! and `ACCOUNT_LINKING_REQUIRED`, under `&view=register`.

use askama::Template;
use axum::http::StatusCode;
use axum::response::Response;
use countersign_domain::password::policy::PasswordPolicy;
use countersign_protocol::cx::Cx;
use countersign_protocol::flows::actions::{Action, user_register::UserRegister};
use countersign_protocol::flows::profile::ATTRIBUTES;
use countersign_protocol::flows::registration::RegistrationOffer;
use countersign_protocol::flows::view::settable_password;
use countersign_protocol::flows::{Flow, State};
use countersign_protocol::urls::Urls;

use super::again::{Again, Message};
use super::attributes::{self, Field};
use super::frame::Frame;
use super::requirements::{self, Line};

/// What `view` says in the address of this page.
pub(super) const VIEW: &str = "register";

#[derive(Template)]
#[template(path = "register.html")]
struct Page<'a> {
    frame: &'a Frame,
    application: &'a str,
    /// What the address of the page to go back to says.
    sign_on: String,
    username: &'a str,
    fields: Vec<Field>,
    requirements: Vec<Line>,
    /// Whoever comes from a provider needs no password.
    has_password: bool,
    /// Whether the error stands beside one of the fields.
    beside: bool,
    error: Option<Message>,
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
            RegistrationOffer::Here(_) => format!("?{}&view={VIEW}", address(flow)),
            RegistrationOffer::Elsewhere(page) => page.clone(),
        },
    })
}

/// The application stays in the address: whose cookies are off finds the way back by it.
fn address(flow: &Flow) -> String {
    Urls::sign_on_query(flow.id, flow.request.client)
}

/// Asks for what an account needs.
pub(super) fn page(cx: &Cx, frame: &Frame, flow: &Flow, again: Option<&Again>) -> Response {
    let is_linking = matches!(flow.state, State::AccountLinkingRequired);
    let identity = flow.progress.external.as_ref().filter(|_| is_linking);
    let value = |name: &str| {
        let typed = again.and_then(|again| again.typed(name));
        let said = || identity.and_then(|identity| identity.get(name));
        typed.or_else(said).unwrap_or_default()
    };
    let username = value("username");
    let standard = ["email", "name.given", "name.family"].into_iter();
    let standard = standard.filter_map(|name| {
        let known = ATTRIBUTES.iter().find(|it| it.name == name)?;
        let field = Field::standard(frame, known, value(name));
        Some(Field {
            required: name == "email",
            ..field
        })
    });
    // Decision: of the environment's own attributes the page has those without which nobody can
    // register; the rest can be asked for by PROGRESSIVE_PROFILING.
    let own = attributes::own(cx).filter(|it| it.required);
    let own = own.map(|attribute| Field::own(frame, attribute, again));
    let fields: Vec<Field> = standard.chain(own).collect();
    let lacking = again.map_or(&[][..], |again| &again.lacking);
    // Of former passwords there are none yet.
    let policy = settable_password(&cx.env, flow).map(|policy| PasswordPolicy {
        history: None,
        min_age_days: None,
        not_similar_to_current: false,
        ..policy.clone()
    });
    let mut names: Vec<&str> = fields.iter().map(|field| field.name.as_str()).collect();
    names.push("username");
    if !is_linking {
        names.extend(["password", "confirmPassword"]);
    }
    let error = again.map(|again| again.message.clone());
    let beside = frame.is_beside(&error, &names);
    let page = Page {
        frame,
        application: &flow.application_name,
        sign_on: address(flow),
        username,
        fields,
        requirements: policy
            .as_ref()
            .map_or_else(Vec::new, |it| requirements::lines(frame, it, lacking)),
        has_password: !is_linking,
        beside,
        error,
    };
    super::page(StatusCode::OK, &page)
}
