//! `GET|POST /{envID}/signon/?flowId=...`: the hosted sign-on page. It drives the flow through the
//! very actions that the flow API has; a form is only another way to write their bodies.

use askama::Template;
use axum::extract::{Path, State};
use axum::http::{StatusCode, header};
use axum::response::Response;
use countersign_domain::ids::{CorrelationId, FlowId, PasswordPolicyId};
use countersign_domain::password::policy::Requirement;
use countersign_protocol::as_::params::Params;
use countersign_protocol::cx::Cx;
use countersign_protocol::error::p1_error;
use countersign_protocol::flows::actions::{ACTIONS, AnyAction, Call};
use countersign_protocol::flows::profile::Asked;
use countersign_protocol::flows::{Flow, State as FlowState, read};
use countersign_protocol::misfit::Fit;
use countersign_protocol::refusal::{Failure, Outcome, Refusal};
use serde_json::{Map, Value, json};

use super::agreement_consent_required;
use super::attributes;
use super::frame::Frame;
use super::register;
use super::{account_confirmation_required, account_linking_required, providers};
use super::{
    dag_consent_required, dag_user_code_required, must_change_password, profile_data_required,
    recovery_code_required, sign_on_required, username_password_required,
    verification_code_required,
};
use crate::App;
use crate::wire::incoming::Incoming;
use crate::wire::{answer, cookies, form, layers};

#[derive(Template)]
#[template(path = "failed.html")]
struct Failed<'a> {
    frame: &'a Frame,
    application: &'a str,
    explanation: String,
    resume: String,
}

/// What a refused submission says.
#[derive(Clone)]
pub(super) struct Message {
    /// For the person.
    pub text: String,
    /// The field at fault, if it is one of the page's.
    pub field: String,
    /// Whether it is about that field alone, and stands beside it.
    pub beside: bool,
    /// Finds the log line.
    pub correlation: CorrelationId,
}

impl Message {
    /// Whether this field is at fault. Which of a name and its password is wrong is never told.
    pub fn is_at(&self, field: &str) -> bool {
        let credentials = ["username", "password"];
        let is_either = credentials.contains(&field) && credentials.contains(&self.field.as_str());
        self.field == field || (!self.beside && is_either)
    }

    /// Whether it stands beside this field.
    pub fn is_beside(&self, field: &str) -> bool {
        self.beside && self.field == field
    }
}

/// A page that comes again because the submission was refused.
pub(super) struct Again<'a> {
    /// Why.
    pub message: Message,
    /// What a new password lacks.
    pub lacking: Vec<Requirement>,
    /// The policy that says so.
    pub policy: Option<PasswordPolicyId>,
    /// What was typed.
    pub fields: &'a Params,
}

/// Shows where the flow stands.
pub async fn get(State(app): State<App>, Path(env): Path<String>, incoming: Incoming) -> Response {
    match showing(&app, &env, &incoming).await {
        Ok(response) => response,
        Err(failure) => super::error::render(&app, &env, &failure, &incoming).await,
    }
}

/// Takes a submitted form.
pub async fn post(State(app): State<App>, Path(env): Path<String>, incoming: Incoming) -> Response {
    match submitting(&app, &env, &incoming).await {
        Ok(response) => response,
        Err(failure) => super::error::render(&app, &env, &failure, &incoming).await,
    }
}

async fn showing(app: &App, env: &str, incoming: &Incoming) -> Outcome<Response> {
    let cx = app.cx(env, incoming).await?;
    let params = form::query(incoming)?;
    let flow_id = params
        .get("flowId")
        .ok_or(Refusal::ParameterMissing("flowId"))?;
    let token = incoming.browser_token();
    let urls = &cx.env.urls;
    // The cookie belongs to the authentication host. Where pages have a host of their own, a visit
    // without the cookie goes on to the same page over there, once.
    if token.is_none() && urls.apps() != urls.auth() && params.get("host").is_none() {
        let not_an_id = |_| Refusal::FlowNotFound.because("the flow id is not a UUID");
        let flow_id: FlowId = flow_id.parse().map_err(not_an_id)?;
        let client = params.get("client_id").and_then(|id| id.parse().ok());
        let to = urls.sign_on_page_of_auth(cx.env_id(), flow_id, client);
        return Ok(answer::redirect(StatusCode::FOUND, &to));
    }
    let flow = read::read(&cx, flow_id, token.as_ref()).await?;
    if params.get("view") == Some(register::VIEW) && register::is_offered(&flow) {
        let frame = Frame::of_flow(&cx, incoming, &flow).await;
        return Ok(register::page(&cx, &frame, &flow, None, StatusCode::OK));
    }
    let frame = Frame::of_flow(&cx, incoming, &flow).await;
    let nothing = Params::default();
    let again = params.get("error").map(|error| Again {
        message: came_back(&frame, error, cx.correlation),
        lacking: Vec::new(),
        policy: None,
        fields: &nothing,
    });
    Ok(show(&cx, &frame, &flow, again, StatusCode::OK))
}

/// Why somebody comes back from an identity provider with nothing. The words are ours: whoever
/// makes a link could write anything into the parameter.
fn came_back(frame: &Frame, error: &str, here: CorrelationId) -> Message {
    let error: Option<Value> = serde_json::from_str(error).ok();
    let id = error
        .as_ref()
        .and_then(|it| it.get("id")?.as_str()?.parse().ok());
    Message {
        text: frame.say("external-failed").into_owned(),
        field: String::new(),
        beside: false,
        correlation: id.unwrap_or(here),
    }
}

async fn submitting(app: &App, env: &str, incoming: &Incoming) -> Outcome<Response> {
    let cx = app.cx(env, incoming).await?;
    same_origin(&cx, incoming)?;
    let params = form::query(incoming)?;
    let flow_id = params
        .get("flowId")
        .ok_or(Refusal::ParameterMissing("flowId"))?;
    let fields = form::body(incoming)?;
    // A second button of a form has another action than the form.
    let chosen = fields.get("instead").or(fields.get("action"));
    let action = action(chosen.unwrap_or("usernamePassword.check"))?;
    let token = incoming.browser_token();
    if must_change_password::is_repeated_wrongly(action.link(), &fields) {
        let flow = read::read(&cx, flow_id, token.as_ref()).await?;
        let frame = Frame::of_flow(&cx, incoming, &flow).await;
        let again = Again {
            message: must_change_password::differing(&frame, &cx),
            lacking: Vec::new(),
            policy: None,
            fields: &fields,
        };
        return Ok(show(
            &cx,
            &frame,
            &flow,
            Some(again),
            StatusCode::BAD_REQUEST,
        ));
    }
    let mut body = body_of(&fields);
    if ["user.register", "user.update"].contains(&action.link()) {
        attributes::give_types(&cx, &mut body);
    }
    let body = Value::Object(body).to_string();
    let call = Call {
        flow_id,
        token: token.as_ref(),
        user_agent: incoming.header(header::USER_AGENT),
        body: body.as_bytes(),
    };
    match action.perform(&cx, &call).await {
        Ok(reply) => {
            // After a submission comes a redirect, so that reloading the page submits nothing.
            let (env, flow) = (cx.env_id(), &reply.flow);
            let to = if matches!(flow.state, FlowState::Completed(_)) {
                cx.env.urls.resume(env, flow.id)
            } else {
                let client = flow.request.client;
                cx.env.urls.sign_on_page(env, flow.id, client)
            };
            let mut response = answer::redirect(StatusCode::SEE_OTHER, &to);
            if let Some(token) = &reply.cookie {
                cookies::set(response.headers_mut(), &cx, token);
            }
            Ok(response)
        }
        Err(Failure::Refused(refused)) if is_correctable(&refused.refusal) => {
            let failure = Failure::Refused(refused.clone());
            layers::log(&failure);
            let flow = read::read(&cx, flow_id, token.as_ref()).await?;
            let frame = Frame::of_flow(&cx, incoming, &flow).await;
            let message = message(&cx, &frame, &refused.refusal);
            let (lacking, policy) = match refused.refusal {
                Refusal::PasswordUnacceptable {
                    lacking, policy, ..
                } => (lacking, Some(policy)),
                _ => (Vec::new(), None),
            };
            let again = Again {
                message,
                lacking,
                policy,
                fields: &fields,
            };
            let status = StatusCode::BAD_REQUEST;
            let mut response = show(&cx, &frame, &flow, Some(again), status);
            layers::explain(&mut response, &failure);
            Ok(response)
        }
        // The page was left open while the flow went on elsewhere: show where it stands.
        Err(Failure::Refused(refused)) if refused.refusal == Refusal::ActionNotOffered => {
            let flow = read::read(&cx, flow_id, token.as_ref()).await?;
            Ok(show(
                &cx,
                &Frame::of_flow(&cx, incoming, &flow).await,
                &flow,
                None,
                StatusCode::OK,
            ))
        }
        Err(failure) => Err(failure),
    }
}

/// The body that a form stands for. A dotted name becomes a nested object, as in the flow API
/// (`reference/flows.md` 6.12).
fn body_of(fields: &Params) -> Map<String, Value> {
    let mut body = Map::new();
    let members = fields
        .iter()
        .filter(|(name, _)| !matches!(*name, "action" | "instead"));
    for (name, value) in members {
        match name.split_once('.') {
            None => {
                body.insert(name.to_owned(), Value::from(value));
            }
            Some((outer, inner)) => {
                let object = body.entry(outer).or_insert_with(|| json!({}));
                if let Some(object) = object.as_object_mut() {
                    object.insert(inner.to_owned(), Value::from(value));
                }
            }
        }
    }
    body
}

fn show(
    cx: &Cx,
    frame: &Frame,
    flow: &Flow,
    again: Option<Again<'_>>,
    status: StatusCode,
) -> Response {
    let application = flow.application_name.as_str();
    let registers = again
        .as_ref()
        .is_some_and(|it| it.fields.get("action") == Some("user.register"));
    if registers && register::is_offered(flow) {
        return register::page(cx, frame, flow, again, status);
    }
    match &flow.state {
        FlowState::UsernamePasswordRequired | FlowState::PasswordRequired(_) => {
            username_password_required::page(cx, frame, flow, again, status)
        }
        FlowState::SignOnRequired => sign_on_required::page(cx, frame, flow, again, status),
        FlowState::AccountLinkingRequired => {
            account_linking_required::page(cx, frame, flow, again, status)
        }
        FlowState::AccountConfirmationRequired => {
            account_confirmation_required::page(cx, frame, flow, again, status)
        }
        FlowState::ExternalAuthenticationRequired(_) => {
            providers::page(cx, frame, flow, again, status)
        }
        FlowState::PasswordExpired(change) | FlowState::MustChangePassword(change) => {
            must_change_password::page(cx, frame, flow, change, again, status)
        }
        FlowState::RecoveryCodeRequired(recovery) => {
            recovery_code_required::page(cx, frame, flow, recovery, again, status)
        }
        FlowState::VerificationCodeRequired(waiting) => {
            verification_code_required::page(frame, flow, waiting, again, status)
        }
        FlowState::ProfileDataRequired(prompt) => {
            profile_data_required::page(cx, frame, flow, prompt, again, status)
        }
        FlowState::AgreementConsentRequired(prompt) => {
            agreement_consent_required::page(cx, frame, flow, prompt, again, status)
        }
        FlowState::DagUserCodeRequired(_) => {
            dag_user_code_required::page(frame, flow, again, status)
        }
        FlowState::DagConsentRequired(asked) => {
            dag_consent_required::page(frame, flow, asked, again, status)
        }
        FlowState::DeviceConnected(_) => dag_consent_required::connected(frame, flow, status),
        FlowState::Failed(failure) if flow.device.is_some() => {
            dag_consent_required::failed(frame, flow, *failure, status)
        }
        FlowState::Completed(_) => answer::redirect(
            StatusCode::SEE_OTHER,
            &cx.env.urls.resume(cx.env_id(), flow.id),
        ),
        FlowState::Failed(failure) => {
            let resume = cx.env.urls.resume(cx.env_id(), flow.id);
            super::page(
                status,
                &Failed {
                    frame,
                    application,
                    explanation: frame
                        .say_named("failed", &format!("{failure:?}"))
                        .unwrap_or_else(|| failure.message().to_owned()),
                    resume,
                },
            )
        }
    }
}

fn action(name: &str) -> Outcome<&'static dyn AnyAction> {
    let found = ACTIONS.iter().copied().find(|action| action.link() == name);
    Ok(found.ok_or_else(|| Refusal::ActionUnknown.because("the form names no action"))?)
}

/// A form that another site submits is not the person's doing (`threats.md` 38). Browsers that send
/// no `Origin` with a form still need the cookie and the unguessable flow id.
fn same_origin(cx: &Cx, incoming: &Incoming) -> Outcome<()> {
    let Some(origin) = incoming.header(header::ORIGIN) else {
        return Ok(());
    };
    let urls = &cx.env.urls;
    let ours = [urls.auth(), urls.apps()]
        .iter()
        .any(|base| origin_of(base) == Some(origin));
    if ours {
        return Ok(());
    }
    Err(Refusal::FlowNotFound
        .because("submitted from another origin")
        .expected(format!("a form of a page of {}", urls.apps()))
        .arrived(format!("Origin: {origin}"))
        .into())
}

/// The scheme, host and port at the start of a base URL.
fn origin_of(base: &str) -> Option<&str> {
    let after_scheme = base.find("://")? + 3;
    let end = base
        .get(after_scheme..)?
        .find('/')
        .map_or(base.len(), |at| after_scheme + at);
    base.get(..end)
}

/// Whether the person can mend it by typing again.
fn is_correctable(refusal: &Refusal) -> bool {
    matches!(
        refusal,
        Refusal::WrongCredentials
            | Refusal::WrongSecret { .. }
            | Refusal::PasswordLocked { .. }
            | Refusal::AccountNotUsable
            | Refusal::UsernameTaken
            | Refusal::ValueRequired(_)
            | Refusal::ValueInvalid(_)
            | Refusal::PasswordUnacceptable { .. }
            | Refusal::RecoveryFailuresExceeded
            | Refusal::TooManyRequests { .. }
            | Refusal::Unfit(_)
    )
}

fn message(cx: &Cx, frame: &Frame, refusal: &Refusal) -> Message {
    let correlation = cx.correlation;
    let error = p1_error(refusal, correlation);
    let detail = error.details.into_iter().next();
    let (text, target) = match detail {
        Some(detail) => (detail.message, detail.target.unwrap_or_default()),
        None => (error.message, String::new()),
    };
    Message {
        text: own_words(cx, frame, refusal).unwrap_or(text),
        field: target,
        beside: matches!(
            refusal,
            Refusal::ValueRequired(_)
                | Refusal::ValueInvalid(_)
                | Refusal::UsernameTaken
                | Refusal::PasswordUnacceptable { .. }
                | Refusal::Unfit(_)
        ) || matches!(refusal, Refusal::WrongSecret { target, .. } if *target != "username"),
        correlation,
    }
}

/// What people are told where the flow API speaks to programs.
fn own_words(cx: &Cx, frame: &Frame, refusal: &Refusal) -> Option<String> {
    let text = match refusal {
        Refusal::WrongCredentials => frame.say("invalid-username-or-password"),
        Refusal::WrongSecret {
            target,
            failures_remaining,
        } => {
            let text = match *target {
                "username" => frame.say("invalid-username-or-password"),
                "currentPassword" => frame.say("wrong-current-password"),
                _ => frame.say("wrong-code"),
            };
            let left = failures_remaining
                .map(|count| frame.say_with("tries-left", [("count", count.into())]));
            return Some(left.map_or_else(|| text.to_string(), |left| format!("{text} {left}")));
        }
        Refusal::AccountNotUsable => frame.say("account-not-usable"),
        Refusal::PasswordLocked {
            seconds_until_unlock: Some(seconds),
        } => {
            let minutes = [("minutes", seconds.div_ceil(60).into())];
            return Some(frame.say_with("locked-minutes", minutes));
        }
        Refusal::PasswordLocked {
            seconds_until_unlock: None,
        } => frame.say("locked-for-good"),
        Refusal::ValueRequired("verificationCode" | "recoveryCode") => frame.say("enter-code"),
        Refusal::ValueInvalid("verificationCode" | "recoveryCode") => frame.say("wrong-code"),
        Refusal::RecoveryFailuresExceeded => frame.say("too-many-wrong-codes"),
        Refusal::TooManyRequests {
            retry_after_seconds,
        } => {
            let minutes = [("minutes", retry_after_seconds.div_ceil(60).into())];
            return Some(frame.say_with("try-later-minutes", minutes));
        }
        Refusal::ValueRequired("userCode") => frame.say("enter-user-code"),
        Refusal::ValueInvalid("userCode") => frame.say("wrong-user-code"),
        Refusal::ValueRequired("username") => frame.say("enter-username"),
        Refusal::ValueRequired("password" | "currentPassword") => frame.say("enter-password"),
        Refusal::ValueRequired("newPassword") => frame.say("enter-new-password"),
        Refusal::PasswordUnacceptable { .. } => frame.say("choose-another-password"),
        Refusal::UsernameTaken => frame.say("username-taken"),
        Refusal::ValueInvalid("username") => frame.say("username-unusable"),
        Refusal::ValueRequired("accept") => frame.say("agreement-accept-needed"),
        Refusal::ValueRequired(name) => {
            let label = attributes::label(frame, name)?;
            return Some(frame.say_with("value-needed", [("label", label.into())]));
        }
        Refusal::ValueInvalid(name) => {
            let label = attributes::label(frame, name)?;
            return Some(frame.say_with("value-unusable", [("label", label.into())]));
        }
        Refusal::Unfit(misfits) => {
            let misfit = misfits.first()?;
            let attribute = attributes::own(cx).find(|it| it.name == misfit.target)?;
            let label = [("label", Asked::Own(attribute).display_name().into())];
            return Some(match misfit.fit {
                Fit::Required => frame.say_with("value-needed", label),
                Fit::Taken => frame.say_with("value-taken", label),
                _ => frame.say_with("value-unusable", label),
            });
        }
        _ => return None,
    };
    Some(text.into_owned())
}
