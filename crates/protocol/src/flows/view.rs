//! The flow resource: the single renderer for `GET`, `POST` and `pi.flow`
//! (`reference/flows.md` 4).

use countersign_domain::password::policy::PasswordPolicy;
use serde_json::{Map, Value, json};

use crate::configuration::Snapshot;
use crate::flows::actions::ACTIONS;
use crate::flows::agreement::ConsentPrompt;
use crate::flows::external;
use crate::flows::registration::RegistrationOffer;
use crate::flows::{Flow, State};

/// Renders a flow. `_links` names exactly the actions that would be accepted now.
pub fn render(env: &Snapshot, flow: &Flow) -> Value {
    let href = env.urls.flow(env.id, flow.id);
    let mut links = Map::new();
    links.insert("self".into(), json!({ "href": href }));
    for action in ACTIONS {
        if action.advertised(flow) {
            links.insert(action.link().into(), json!({ "href": href }));
        }
    }
    // Compat: the documents name this link without the beginning of its media type; whether PingOne
    // sends the one or the other is not known, so both are there (`reference/flows.md` 2.1).
    if matches!(flow.state, State::DagUserCodeRequired(_)) {
        links.insert("userCode.verify".into(), json!({ "href": href }));
    }
    if matches!(
        flow.state,
        State::UsernamePasswordRequired | State::SignOnRequired | State::AccountLinkingRequired
    ) && let Some(RegistrationOffer::Elsewhere(page)) = &flow.progress.offers.registration
    {
        links.insert("registration.external".into(), json!({ "href": page }));
    }
    let leads = |id| json!({ "href": env.urls.rp_authenticate(env.id, id, flow.id) });
    let mut embedded = Map::new();
    if let State::ExternalAuthenticationRequired(asked) = &flow.state {
        links.insert("authenticate".into(), leads(asked.provider));
    } else {
        let providers = external::providers(env, flow).into_iter().map(|view| {
            let provider = &view.provider;
            json!({
                "_links": { "authenticate": leads(provider.id) },
                "id": provider.id,
                "name": provider.name,
                "type": provider.type_,
            })
        });
        let providers: Vec<Value> = providers.collect();
        if !providers.is_empty() {
            embedded.insert("socialProviders".into(), Value::Array(providers));
        }
    }
    let mut application = Map::new();
    application.insert("name".into(), json!(flow.application_name));
    if let Some(id) = flow.application_icon {
        let href = env.urls.image(env.id, id);
        application.insert("icon".into(), json!({ "id": id, "href": href }));
    }
    embedded.insert("application".into(), Value::Object(application));
    if let Some(user) = flow.state.user() {
        let mut shown = Map::new();
        shown.insert("id".into(), json!(user.id));
        shown.insert("username".into(), json!(user.username));
        let mut name = Map::new();
        if let Some(given) = &user.given {
            name.insert("given".into(), json!(given));
        }
        if let Some(family) = &user.family {
            name.insert("family".into(), json!(family));
        }
        if !name.is_empty() {
            shown.insert("name".into(), Value::Object(name));
        }
        embedded.insert("user".into(), Value::Object(shown));
    }
    if let State::ProfileDataRequired(prompt) = &flow.state {
        let asked = prompt.asked(&env.user_attributes).map(|(asked, required)| {
            json!({
                "name": asked.name(),
                "displayName": asked.display_name(),
                "required": required,
            })
        });
        embedded.insert("attributes".into(), asked.collect());
        embedded.insert("promptText".into(), json!(prompt.text));
    }
    if let State::AgreementConsentRequired(prompt) = &flow.state
        && let Some(agreement) = agreement(env, prompt)
    {
        embedded.insert("agreement".into(), agreement);
    }
    // Decision: what is consented to is shown; PingOne's sample of this status could not be read.
    if let State::DagConsentRequired(asked) = &flow.state {
        embedded.insert("scopes".into(), json!(asked.scope));
        embedded.insert("userCode".into(), json!(asked.user_code));
    }
    if let Some(policy) = settable_password(env, flow) {
        embedded.insert("passwordPolicy".into(), json!(policy));
    }
    let mut body = Map::new();
    body.insert("_links".into(), Value::Object(links));
    body.insert("_embedded".into(), Value::Object(embedded));
    body.insert("id".into(), json!(flow.id));
    body.insert("environment".into(), json!({ "id": env.id }));
    body.insert("resumeUrl".into(), json!(env.urls.resume(env.id, flow.id)));
    body.insert("status".into(), json!(flow.state.status()));
    body.insert("createdAt".into(), json!(flow.created_at));
    body.insert("expiresAt".into(), json!(flow.expires_at));
    let session = match &flow.state {
        State::Completed(done) => Some(done.session),
        State::DeviceConnected(connected) => Some(connected.session),
        _ => flow.session.as_ref().map(|session| session.id),
    };
    if let Some(id) = session {
        body.insert("session".into(), json!({ "id": id }));
    }
    if let State::VerificationCodeRequired(waiting) = &flow.state
        && let Some(email) = &waiting.email
    {
        body.insert("email".into(), json!(email));
    }
    // What was done in the flow so far; in the end, what it is worth.
    let authenticators = match &flow.state {
        State::Completed(done) => &done.amr,
        _ => &flow.progress.authenticators,
    };
    if !authenticators.is_empty() {
        body.insert("authenticators".into(), json!(authenticators));
    }
    match &flow.state {
        State::AccountLinkingRequired | State::AccountConfirmationRequired => {
            if let Some(identity) = &flow.progress.external {
                body.insert("attributes".into(), Value::Object(identity.shown()));
            }
        }
        State::Failed(failure) => {
            let error = json!({ "code": failure.code(), "message": failure.message() });
            body.insert("error".into(), error);
        }
        _ => {}
    }
    Value::Object(body)
}

/// What a password must be like that may be set now.
/// Source: `reference/flows.md` 4, `_embedded.passwordPolicy`.
pub fn settable_password<'a>(env: &'a Snapshot, flow: &Flow) -> Option<&'a PasswordPolicy> {
    match &flow.state {
        State::PasswordExpired(change) | State::MustChangePassword(change) => {
            env.password_policy(Some(change.policy))
        }
        // Decision: everybody sees the environment's default policy here, for another one would tell
        // that somebody has the name (`threats.md` 34). What counts is the user's own.
        State::RecoveryCodeRequired(_) => env.password_policy(None),
        State::UsernamePasswordRequired | State::SignOnRequired | State::AccountLinkingRequired => {
            let Some(RegistrationOffer::Here(named)) = &flow.progress.offers.registration else {
                return None;
            };
            let population = env.registering(*named)?;
            env.password_policy(population.password_policy.as_ref().map(|it| it.id))
        }
        State::PasswordRequired(_)
        | State::VerificationCodeRequired(_)
        | State::AccountConfirmationRequired
        | State::ExternalAuthenticationRequired(_)
        | State::ProfileDataRequired(_)
        | State::AgreementConsentRequired(_)
        | State::DagUserCodeRequired(_)
        | State::DagConsentRequired(_)
        | State::DeviceConnected(_)
        | State::Completed(_)
        | State::Failed(_) => None,
    }
}

/// The agreement that waits for consent.
///
/// Decision: the documents name what is shown and not the keys; these are the keys that the
/// agreement, its language and its revision have in the management API.
fn agreement(env: &Snapshot, prompt: &ConsentPrompt) -> Option<Value> {
    let (texts, language, revision) = prompt.shown(env)?;
    let words = &language.language;
    Some(json!({
        "id": texts.agreement.id,
        "name": texts.agreement.name,
        "language": { "id": words.id },
        "locale": words.locale,
        "displayName": words.display_name,
        "userExperience": words.user_experience,
        "revision": { "id": revision.id },
        "contentType": revision.content_type,
        "text": revision.text,
        "disableDeclineOption": !prompt.may_decline,
    }))
}

/// The resource as authorize answers it under `pi.flow`: with the link to the hosted page.
pub fn render_first(env: &Snapshot, flow: &Flow) -> Value {
    let mut body = render(env, flow);
    if let Some(Value::Object(links)) = body.get_mut("_links") {
        let href = env.urls.sign_on_page(env.id, flow.id, flow.request.client);
        links.insert("signOnPage".into(), json!({ "href": href }));
    }
    body
}
