//! The flow resource: the single renderer for `GET`, `POST` and `pi.flow`
//! (`reference/flows.md` 4).

use countersign_domain::ids::{EnvId, FlowId, ImageId, SessionId, UserId};
use countersign_domain::password::policy::PasswordPolicy;
use countersign_domain::reference::Ref;
use countersign_domain::time::Time;
use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};
use serde_json::{Map, Value, json};

use crate::configuration::Snapshot;
use crate::flows::actions::ACTIONS;
use crate::flows::agreement::ConsentPrompt;
use crate::flows::external::{self, ExternalIdentity};
use crate::flows::flow::FlowUser;
use crate::flows::registration::RegistrationOffer;
use crate::flows::{Flow, State};

/// The flow resource, as it is sent.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Resource {
    #[serde(rename = "_links")]
    links: Links,
    #[serde(rename = "_embedded")]
    embedded: Embedded,
    id: FlowId,
    environment: Ref<EnvId>,
    resume_url: String,
    status: &'static str,
    created_at: Time,
    expires_at: Time,
    #[serde(skip_serializing_if = "Option::is_none")]
    session: Option<Ref<SessionId>>,
    /// Where a code went, masked.
    #[serde(skip_serializing_if = "Option::is_none")]
    email: Option<String>,
    /// What was done in the flow so far; in the end, what it is worth.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    authenticators: Vec<String>,
    /// What an identity provider said of the person.
    #[serde(skip_serializing_if = "Option::is_none")]
    attributes: Option<Map<String, Value>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<FlowError>,
}

/// Why a flow failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
struct FlowError {
    code: &'static str,
    message: &'static str,
}

/// `_links`: the flow itself, what may be done now, and where else it leads.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Links {
    /// The flow's URL; where every action is sent.
    own: String,
    actions: Vec<&'static str>,
    elsewhere: Vec<(&'static str, String)>,
}

impl Serialize for Links {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut links = serializer.serialize_map(None)?;
        for relation in ["self"].iter().chain(&self.actions) {
            links.serialize_entry(relation, &Link { href: &self.own })?;
        }
        for (relation, href) in &self.elsewhere {
            links.serialize_entry(relation, &Link { href })?;
        }
        links.end()
    }
}

#[derive(Serialize)]
struct Link<'a> {
    href: &'a str,
}

/// `_embedded`: what a user interface needs to ask for what comes next.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
struct Embedded {
    application: ShownApplication,
    #[serde(skip_serializing_if = "Option::is_none")]
    user: Option<ShownUser>,
    /// What else a status shows.
    #[serde(flatten)]
    more: Map<String, Value>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
struct ShownApplication {
    name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    icon: Option<Icon>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
struct Icon {
    id: ImageId,
    href: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
struct ShownUser {
    id: UserId,
    username: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<ShownName>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
struct ShownName {
    #[serde(skip_serializing_if = "Option::is_none")]
    given: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    family: Option<String>,
}

impl From<&FlowUser> for ShownUser {
    fn from(user: &FlowUser) -> Self {
        let has_name = user.given.is_some() || user.family.is_some();
        Self {
            id: user.id,
            username: user.username.clone(),
            name: has_name.then(|| ShownName {
                given: user.given.clone(),
                family: user.family.clone(),
            }),
        }
    }
}

/// Renders a flow. `_links` names exactly the actions that would be accepted now.
pub fn render(env: &Snapshot, flow: &Flow) -> Resource {
    let session = match &flow.state {
        State::Completed(done) => Some(done.session),
        State::DeviceConnected(connected) => Some(connected.session),
        _ => flow.session.as_ref().map(|session| session.id),
    };
    let email = match &flow.state {
        State::VerificationCodeRequired(waiting) => waiting.email.clone(),
        _ => None,
    };
    let authenticators = match &flow.state {
        State::Completed(done) => &done.amr,
        _ => &flow.progress.authenticators,
    };
    let attributes = match &flow.state {
        State::AccountLinkingRequired | State::AccountConfirmationRequired => {
            let identity = flow.progress.external.as_ref();
            identity.map(ExternalIdentity::shown)
        }
        _ => None,
    };
    let error = match &flow.state {
        State::Failed(failure) => Some(FlowError {
            code: failure.code(),
            message: failure.message(),
        }),
        _ => None,
    };
    Resource {
        links: links(env, flow),
        embedded: embedded(env, flow),
        id: flow.id,
        environment: Ref::to(env.id),
        resume_url: env.urls.resume(env.id, flow.id),
        status: flow.state.status(),
        created_at: flow.created_at,
        expires_at: flow.expires_at,
        session: session.map(Ref::to),
        email,
        authenticators: authenticators.clone(),
        attributes,
        error,
    }
}

/// The resource as authorize answers it under `pi.flow`: with the link to the hosted page.
pub fn render_first(env: &Snapshot, flow: &Flow) -> Resource {
    let mut resource = render(env, flow);
    let page = env.urls.sign_on_page(env.id, flow.id, flow.request.client);
    resource.links.elsewhere.push(("signOnPage", page));
    resource
}

fn links(env: &Snapshot, flow: &Flow) -> Links {
    let actions = ACTIONS.iter().filter(|action| action.advertised(flow));
    let mut actions: Vec<&str> = actions.map(|action| action.link()).collect();
    // Compat: the documents name this link without the beginning of its media type; whether PingOne
    // sends the one or the other is not known, so both are there (`reference/flows.md` 2.1).
    if matches!(flow.state, State::DagUserCodeRequired(_)) {
        actions.push("userCode.verify");
    }
    let mut elsewhere = Vec::new();
    if matches!(
        flow.state,
        State::UsernamePasswordRequired | State::SignOnRequired | State::AccountLinkingRequired
    ) && let Some(RegistrationOffer::Elsewhere(page)) = &flow.progress.offers.registration
    {
        elsewhere.push(("registration.external", page.clone()));
    }
    if let State::ExternalAuthenticationRequired(asked) = &flow.state {
        let href = env.urls.rp_authenticate(env.id, asked.provider, flow.id);
        elsewhere.push(("authenticate", href));
    }
    Links {
        own: env.urls.flow(env.id, flow.id),
        actions,
        elsewhere,
    }
}

fn embedded(env: &Snapshot, flow: &Flow) -> Embedded {
    let mut more = Map::new();
    if !matches!(flow.state, State::ExternalAuthenticationRequired(_)) {
        let providers = external::providers(env, flow).into_iter().map(|view| {
            let provider = &view.provider;
            let href = env.urls.rp_authenticate(env.id, provider.id, flow.id);
            json!({
                "_links": { "authenticate": { "href": href } },
                "id": provider.id,
                "name": provider.name,
                "type": provider.type_,
            })
        });
        let providers: Vec<Value> = providers.collect();
        if !providers.is_empty() {
            more.insert("socialProviders".into(), Value::Array(providers));
        }
    }
    if let State::ProfileDataRequired(prompt) = &flow.state {
        let asked = prompt.asked(&env.user_attributes).map(|(asked, required)| {
            json!({
                "name": asked.name(),
                "displayName": asked.display_name(),
                "required": required,
            })
        });
        more.insert("attributes".into(), asked.collect());
        more.insert("promptText".into(), json!(prompt.text));
    }
    if let State::AgreementConsentRequired(prompt) = &flow.state
        && let Some(agreement) = agreement(env, prompt)
    {
        more.insert("agreement".into(), agreement);
    }
    // Decision: what is consented to is shown; PingOne's sample of this status could not be read.
    if let State::DagConsentRequired(asked) = &flow.state {
        more.insert("scopes".into(), json!(asked.scope));
        more.insert("userCode".into(), json!(asked.user_code));
    }
    if let Some(policy) = settable_password(env, flow) {
        more.insert("passwordPolicy".into(), json!(policy));
    }
    let icon = flow.application_icon.map(|id| Icon {
        id,
        href: env.urls.image(env.id, id),
    });
    Embedded {
        application: ShownApplication {
            name: flow.application_name.clone(),
            icon,
        },
        user: flow.state.user().map(ShownUser::from),
        more,
    }
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
