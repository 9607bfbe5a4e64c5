//! `GET|POST /{envID}/signon/?flowId=...`: the hosted sign-on page. It drives the flow through the
//! very actions that the flow API has; a form is only another way to write their bodies.

use askama::Template;
use axum::extract::{Path, State};
use axum::http::{StatusCode, header};
use axum::response::Response;
use countersign_domain::ids::{CorrelationId, FlowId};
use countersign_protocol::as_::params::Params;
use countersign_protocol::cx::Cx;
use countersign_protocol::error::p1_error;
use countersign_protocol::flows::actions::{ACTIONS, AnyAction, Call};
use countersign_protocol::flows::profile::Asked;
use countersign_protocol::flows::{Flow, State as FlowState, read};
use countersign_protocol::misfit::Fit;
use countersign_protocol::refusal::{Failure, Outcome, Refusal};
use serde_json::{Map, Value, json};

use super::again::{Again, Message};
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
    let frame = Frame::of_flow(&cx, incoming, &flow).await;
    let refused = params.get("again");
    let refused = refused.and_then(|again| Again::open(&cx, &flow, again));
    if params.get("view") == Some(register::VIEW) && register::is_offered(&flow) {
        return Ok(register::page(&cx, &frame, &flow, refused.as_ref()));
    }
    let returned = params.get("error").map(|error| {
        let message = came_back(&frame, error, cx.correlation);
        Again::new(message, &Params::default())
    });
    Ok(show(&cx, &frame, &flow, refused.or(returned).as_ref()))
}

/// Why somebody comes back from an identity provider with nothing. The words are ours: whoever
/// makes a link could write anything into the parameter.
fn came_back(frame: &Frame, error: &str, here: CorrelationId) -> Message {
    let error: Option<String> = serde_json::from_str(error).ok();
    // The reference is in parentheses at the end.
    let id = error
        .as_deref()
        .and_then(|it| it.rsplit_once('(')?.1.strip_suffix(')')?.parse().ok());
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
        let again = Again::new(must_change_password::differing(&frame, &cx), &fields);
        return come_again(&cx, &flow, again, &params, action);
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
            let flow = &reply.flow;
            let to = if matches!(flow.state, FlowState::Completed(_)) {
                cx.env.urls.resume(cx.env_id(), flow.id)
            } else {
                page_of(&cx, flow, &params)
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
            let mut again = Again::new(message(&cx, &frame, &refused.refusal), &fields);
            if let Refusal::PasswordUnacceptable {
                lacking, policy, ..
            } = refused.refusal
            {
                again.lacking = lacking;
                again.policy = Some(policy);
            }
            let mut response = come_again(&cx, &flow, again, &params, action)?;
            layers::explain(&mut response, &failure);
            Ok(response)
        }
        // The page was left open while the flow went on elsewhere: show where it stands.
        Err(Failure::Refused(refused)) if refused.refusal == Refusal::ActionNotOffered => {
            let flow = read::read(&cx, flow_id, token.as_ref()).await?;
            let to = page_of(&cx, &flow, &params);
            Ok(answer::redirect(StatusCode::SEE_OTHER, &to))
        }
        Err(failure) => Err(failure),
    }
}

/// Leads back to the page that was submitted, which says why it comes again.
fn come_again(
    cx: &Cx,
    flow: &Flow,
    again: Again,
    query: &Params,
    action: &dyn AnyAction,
) -> Outcome<Response> {
    let page = page_of(cx, flow, query);
    let view = match action.link() {
        "user.register" => format!("&view={}", register::VIEW),
        _ => String::new(),
    };
    let again = again.seal(cx, flow)?;
    let to = format!("{page}{view}&again={again}");
    Ok(answer::redirect(StatusCode::SEE_OTHER, &to))
}

/// Where the page of a flow is, on the host that the query of a submission came from. After every
/// submission comes a redirect there, so that reloading the page, or coming back to it, submits
/// nothing.
fn page_of(cx: &Cx, flow: &Flow, query: &Params) -> String {
    let (urls, env, client) = (&cx.env.urls, cx.env_id(), flow.request.client);
    if query.get("host").is_some() {
        urls.sign_on_page_of_auth(env, flow.id, Some(client))
    } else {
        urls.sign_on_page(env, flow.id, client)
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

fn show(cx: &Cx, frame: &Frame, flow: &Flow, again: Option<&Again>) -> Response {
    let application = flow.application_name.as_str();
    match &flow.state {
        FlowState::UsernamePasswordRequired | FlowState::PasswordRequired(_) => {
            username_password_required::page(cx, frame, flow, again)
        }
        FlowState::SignOnRequired => sign_on_required::page(cx, frame, flow, again),
        FlowState::AccountLinkingRequired => account_linking_required::page(cx, frame, flow, again),
        FlowState::AccountConfirmationRequired => {
            account_confirmation_required::page(cx, frame, flow, again)
        }
        FlowState::ExternalAuthenticationRequired(_) => providers::page(cx, frame, flow, again),
        FlowState::PasswordExpired(change) | FlowState::MustChangePassword(change) => {
            must_change_password::page(cx, frame, flow, change, again)
        }
        FlowState::RecoveryCodeRequired(recovery) => {
            recovery_code_required::page(cx, frame, flow, recovery, again)
        }
        FlowState::VerificationCodeRequired(waiting) => {
            verification_code_required::page(frame, flow, waiting, again)
        }
        FlowState::ProfileDataRequired(prompt) => {
            profile_data_required::page(cx, frame, flow, prompt, again)
        }
        FlowState::AgreementConsentRequired(prompt) => {
            agreement_consent_required::page(cx, frame, flow, prompt, again)
        }
        FlowState::DagUserCodeRequired(_) => dag_user_code_required::page(frame, flow, again),
        FlowState::DagConsentRequired(asked) => {
            dag_consent_required::page(frame, flow, asked, again)
        }
        FlowState::DeviceConnected(_) => dag_consent_required::connected(frame, flow),
        FlowState::Failed(failure) if flow.device.is_some() => {
            dag_consent_required::failed(frame, flow, *failure)
        }
        FlowState::Completed(_) => answer::redirect(
            StatusCode::SEE_OTHER,
            &cx.env.urls.resume(cx.env_id(), flow.id),
        ),
        FlowState::Failed(failure) => {
            let resume = cx.env.urls.resume(cx.env_id(), flow.id);
            super::page(
                StatusCode::OK,
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
