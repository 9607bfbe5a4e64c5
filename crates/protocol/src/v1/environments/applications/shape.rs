//! From PingOne's flat JSON of an application to what is stored, and back.

use countersign_domain::application::mobile::Mobile;
use countersign_domain::application::partner::{Saml, WsFed};
use countersign_domain::application::{Application, ApplicationType, Protocol};
use countersign_domain::entity::kinds;
use countersign_domain::ids::derived_uuid;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::misfit::Misfit;
use crate::refusal::{Refusal, Refused};
use crate::v1::body::{self, Check, Object};
use crate::v1::call::Call;

/// Members that applications of every protocol have, and what a link is called elsewhere.
const COMMON: &[&str] = &[
    "id",
    "externalId",
    "name",
    "description",
    "enabled",
    "type",
    "protocol",
    "accessControl",
    "hiddenFromAppPortal",
    "icon",
    "loginPageUrl",
    "homePageUrl",
    "corsSettings",
    "createdAt",
    "updatedAt",
];
/// Members of the admin console that can be changed.
///
/// Source: `reference/platform.md` 3.2.
const OF_CONSOLE: &[&str] = &["pkceEnforcement", "updatedAt"];
/// Members of another built-in application that can be changed.
const OF_SYSTEM: &[&str] = &[
    "description",
    "enabled",
    "accessControl",
    "hiddenFromAppPortal",
    "icon",
    "loginPageUrl",
    "pkceEnforcement",
    "applyDefaultTheme",
    "enableDefaultThemeFooter",
    "updatedAt",
];
/// Switches that the answer always has. Of those that are off, the stored form keeps none.
const SWITCHES: &[&str] = &[
    "allowWildcardInRedirectUris",
    "opSessionCheckEnabled",
    "includeX5t",
    "supportUnsignedRequestObject",
    "requireSignedRequestObject",
];

/// Completes a body before it is read.
pub(super) fn complete(
    call: &Call<'_>,
    body: &mut Object,
    before: Option<&Application>,
) -> Result<(), Refused> {
    // Compat: Ping's Terraform provider writes no icon as one whose members are empty.
    let is_empty = |it: Option<&Value>| it.is_none_or(|it| it == "");
    if body
        .get("icon")
        .is_some_and(|it| it.is_object() && is_empty(it.get("id")) && is_empty(it.get("href")))
    {
        body.remove("icon");
    }
    if let Some(before) = before.filter(|it| it.type_.is_system()) {
        return keep_system(call, body, before);
    }
    for name in [
        "saml",
        "wsFed",
        "applyDefaultTheme",
        "enableDefaultThemeFooter",
    ] {
        body.remove(name);
    }
    let protocol: Option<Protocol> = match body.get("protocol") {
        None => None,
        Some(Value::String(text)) if text == "OPENID_CONNECT" => Some(Protocol::OpenidConnect),
        Some(other) => serde_json::from_value(other.clone()).ok(),
    };
    if protocol != Some(Protocol::ExternalLink) {
        body.remove("externalId");
    }
    let mut needed = vec!["name", "enabled", "type", "protocol"];
    match protocol {
        Some(Protocol::OpenidConnect) => needed.extend(["grantTypes", "tokenEndpointAuthMethod"]),
        Some(Protocol::ExternalLink) => needed.push("homePageUrl"),
        Some(Protocol::Saml | Protocol::WsFed) | None => {}
    }
    let mut check = Check::new();
    for name in needed {
        check.expect(body.contains_key(name), || Misfit::required(name));
    }
    check.finish()?;
    match protocol {
        Some(Protocol::OpenidConnect) => limit_worker(body),
        Some(Protocol::Saml) => gather::<Saml>(body, "saml")?,
        Some(Protocol::WsFed) => gather::<WsFed>(body, "wsFed")?,
        Some(Protocol::ExternalLink) => body.retain(|name, _| COMMON.contains(&name.as_str())),
        // Told when the body is read.
        None => {}
    }
    if protocol != Some(Protocol::OpenidConnect) {
        body.insert("tokenEndpointAuthMethod".into(), json!("NONE"));
    }
    Ok(())
}

/// A worker is for administrators, unless its access control says something else.
///
/// Source: `reference/platform.md` 3.2.
fn limit_worker(body: &mut Object) {
    let is_worker = body.get("type").is_some_and(|it| it == "WORKER");
    let says_nothing =
        |it: &Value| it.is_object() && it.get("role").is_none() && it.get("group").is_none();
    if is_worker && body.get("accessControl").is_none_or(says_nothing) {
        let admins = json!({ "role": { "type": "ADMIN_USERS_ONLY" } });
        body.insert("accessControl".into(), admins);
    }
}

/// Puts what belongs to another protocol under one member. It is read once here, so that the error
/// names the member as the client sent it.
fn gather<T: DeserializeOwned>(body: &mut Object, member: &str) -> Result<(), Refused> {
    let mut own = Object::new();
    let mut common = Object::new();
    for (name, value) in std::mem::take(body) {
        if COMMON.contains(&name.as_str()) {
            common.insert(name, value);
        } else {
            own.insert(name, value);
        }
    }
    body::read::<T>(own.clone()).map_err(|misfit| {
        let why = format!("{}: {}", misfit.target, misfit.message);
        Refusal::Unfit(vec![misfit]).because(why)
    })?;
    *body = common;
    body.insert(member.to_owned(), Value::Object(own));
    Ok(())
}

/// The icon of a built-in application that was given none: the one of this server's pages.
///
/// Source: Ping's Terraform provider: built-in applications have an icon with an id.
/// Decision: there is no picture of this id under `/images`.
pub(super) fn built_in_icon(call: &Call<'_>) -> Value {
    let id = derived_uuid(call.env, kinds::IMAGE, "built-in application");
    json!({ "id": id, "href": format!("{}/assets/icon.svg", call.cx.env.urls.auth()) })
}

/// Takes from the body what can be changed of a built-in application; the rest stays.
fn keep_system(call: &Call<'_>, body: &mut Object, before: &Application) -> Result<(), Refused> {
    let own = built_in_icon(call);
    if body
        .get("icon")
        .is_some_and(|it| it.get("id") == own.get("id"))
    {
        body.remove("icon");
    }
    let stored = serde_json::to_value(before).unwrap_or_default();
    let Value::Object(mut kept) = stored else {
        return Err(Refusal::NotFound.because("the application cannot be written"));
    };
    let is_console = before.type_ == ApplicationType::PingOneAdminConsole;
    for name in if is_console { OF_CONSOLE } else { OF_SYSTEM } {
        match body.remove(*name) {
            Some(value) => kept.insert((*name).to_owned(), value),
            // Nobody switches off by leaving out what people sign on to everywhere else.
            None if *name == "enabled" => None,
            None => kept.remove(*name),
        };
    }
    if before.type_ != ApplicationType::PingOneSelfService {
        kept.remove("enableDefaultThemeFooter");
    }
    if !is_console && !kept.contains_key("applyDefaultTheme") {
        let misfit = Misfit::required("applyDefaultTheme");
        return Err(Refusal::Unfit(vec![misfit]).because("applyDefaultTheme is missing"));
    }
    *body = kept;
    Ok(())
}

/// An application as PingOne answers it.
pub(super) fn shown(application: &Application, mut stored: Object) -> Object {
    let own = [stored.remove("saml"), stored.remove("wsFed")];
    match application.protocol {
        Protocol::OpenidConnect => {
            stored.insert("clientId".into(), json!(application.id));
            let duration = application.refresh_token_duration();
            stored.insert("refreshTokenDuration".into(), json!(duration));
            // Source: Ping's Terraform provider: native applications tell the defaults of what they
            // said nothing about.
            if application.type_ == ApplicationType::NativeApp && !stored.contains_key("mobile") {
                stored.insert("mobile".into(), json!(Mobile::usual()));
            }
            if !application.type_.is_system() {
                stored.entry("grantTypes").or_insert(json!([]));
            }
            for name in SWITCHES {
                stored.entry(*name).or_insert(json!(false));
            }
        }
        Protocol::Saml | Protocol::WsFed | Protocol::ExternalLink => {
            stored.retain(|name, _| COMMON.contains(&name.as_str()));
            for own in own.into_iter().flatten() {
                if let Value::Object(own) = own {
                    stored.extend(own);
                }
            }
        }
    }
    stored
}
