//! `/v1/environments/{e}/notificationsSettings` (`reference/platform.md` 4): one for each
//! environment.

pub mod email_delivery_settings;
pub mod phone_delivery_settings;

use countersign_domain::notice::Mailbox;
use countersign_domain::notification::is_address;
use countersign_domain::notification::settings::NotificationsSettings;
use countersign_domain::ports::BoxFuture;
use serde_json::{Value, json};
use url::Url;

use crate::misfit::{Fit, Misfit};
use crate::refusal::{Outcome, Refused};
use crate::v1::body::{self, Check, Object};
use crate::v1::call::{Call, Reply};
use crate::v1::hal::{self, Links};
use crate::v1::noun;
use crate::v1::part::Part;
use crate::v1::route::{Endpoint, Resource};
use crate::v1::single;
use crate::v1::upload::unfit;

const ONE: &str = "/environments/{environment}/notificationsSettings";
const UPDATE: &str = "notifications:update";
/// Most entries of a list.
const MOST: usize = 100;
/// The provider of text messages that is PingOne's own.
const OF_PINGONE: &str = "PINGONE_TWILIO";

/// `/environments/{e}/notificationsSettings`
pub const RESOURCE: Resource = Resource {
    name: "notificationsSettings",
    endpoints: &[
        Endpoint::get(ONE, "notifications:read", read),
        Endpoint::put(ONE, UPDATE, replace),
        Endpoint::delete(ONE, UPDATE, reset),
    ],
};

fn shown(call: &Call<'_>, settings: &NotificationsSettings) -> Outcome<Reply> {
    let mut object = noun::object_of(settings)?;
    object.insert("id".into(), json!(call.env));
    object.insert("environment".into(), json!({ "id": call.env }));
    let changed = call.cx.env.environment.created_at;
    object.entry("updatedAt").or_insert_with(|| json!(changed));
    // Source: Ping's Terraform provider tells an empty list from none.
    let chain = "smsProvidersFallbackChain";
    object.entry(chain).or_insert_with(|| json!([]));
    let own = call.url(&call.own_path());
    let mut links = Links::to(call, &own);
    for below in ["emailDeliverySettings", "phoneDeliverySettings"] {
        links.add(below, format!("{own}/{below}"));
    }
    Ok(Reply::ok(hal::resource(links, object)))
}

fn read<'a>(call: &'a Call<'a>) -> BoxFuture<'a, Outcome<Reply>> {
    Box::pin(async move {
        let found = call.load::<NotificationsSettings>(call.env).await?;
        shown(call, &found.map(|it| it.value).unwrap_or_default())
    })
}

fn replace<'a>(call: &'a Call<'a>) -> BoxFuture<'a, Outcome<Reply>> {
    Box::pin(async move {
        let given = body::without_nulls(body::object(call.body)?);
        let mut given = body::writable(given, &[]);
        given.insert("id".into(), json!(call.env));
        given.insert("updatedAt".into(), json!(call.now()));
        let settings: NotificationsSettings = body::read(given).map_err(unfit)?;
        let mut check = Check::new();
        mailboxes(
            &mut check,
            settings.from.as_ref(),
            settings.reply_to.as_ref(),
        );
        let chain = &settings.sms_providers_fallback_chain;
        let is_provider = |it: &String| it == OF_PINGONE || it.parse::<uuid::Uuid>().is_ok();
        check.expect(chain.len() <= MOST && chain.iter().all(is_provider), || {
            let message = "must be at most 100 ids of providers, or PINGONE_TWILIO";
            Misfit::invalid("smsProvidersFallbackChain", message)
        });
        if let Some(restrictions) = &settings.restrictions {
            // Source: PingOne's Go SDK, NotificationsSettings.
            let restrictions = Part::member("restrictions".to_owned(), restrictions);
            if let Some(quota) = restrictions.needed(&mut check, "smsVoiceQuota") {
                quota.number(&mut check, "daily", 0..=50);
            }
        }
        check.expect(settings.whitelist.len() <= MOST, || {
            Misfit::new(Fit::TooLong, "whitelist", "must have at most 100 entries")
        });
        check.finish()?;
        single::put(call, &settings).await?;
        shown(call, &settings)
    })
}

/// `DELETE`: back to the defaults, which are answered.
fn reset<'a>(call: &'a Call<'a>) -> BoxFuture<'a, Outcome<Reply>> {
    Box::pin(async move {
        single::clear::<NotificationsSettings>(call).await?;
        shown(call, &NotificationsSettings::default())
    })
}

/// Addresses and names that mails may carry.
pub(super) fn mailboxes(check: &mut Check, from: Option<&Mailbox>, reply_to: Option<&Mailbox>) {
    for (address, name, mailbox) in [
        ("from.address", "from.name", from),
        ("replyTo.address", "replyTo.name", reply_to),
    ] {
        let Some(mailbox) = mailbox else { continue };
        check.expect(is_address(&mailbox.address), || {
            Misfit::invalid(address, "must be an e-mail address")
        });
        check.length_of(name, mailbox.name.as_ref(), 0, 256);
    }
}

/// What is asked of a web service that sends: where, how, and over TLS (`threats.md` 35).
fn requests(check: &mut Check, requests: &[Object], methods: &[&str]) {
    check.expect((1..=MOST).contains(&requests.len()), || {
        Misfit::new(Fit::Empty, "requests", "must have 1 to 100 entries")
    });
    for request in requests {
        let text = |name: &str| request.get(name).and_then(Value::as_str);
        check.expect(
            text("deliveryMethod").is_some_and(|it| methods.contains(&it)),
            || {
                let message = format!("must be one of: {}", methods.join(", "));
                Misfit::invalid("requests.deliveryMethod", message)
            },
        );
        check.expect(matches!(text("method"), Some("GET" | "POST")), || {
            Misfit::invalid("requests.method", "must be one of: GET, POST")
        });
        let url = text("url").unwrap_or_default();
        let is_safe = url.len() <= 2_048
            && Url::parse(url).is_ok_and(|it| it.scheme() == "https" && it.has_host());
        check.expect(is_safe, || {
            Misfit::invalid("requests.url", "must be an https URL")
        });
    }
}

/// Withholds the headers of requests from who may not change them: they hold what proves oneself to
/// the web service.
fn without_headers(call: &Call<'_>, object: &mut Object) {
    let environment = &call.cx.env.environment;
    if !call.actor.reach(UPDATE, environment).is_nowhere() {
        return;
    }
    let requests = object.get_mut("requests").and_then(Value::as_array_mut);
    for request in requests.into_iter().flatten() {
        if let Some(request) = request.as_object_mut() {
            request.remove("headers");
        }
    }
}

/// Longest password or token in bytes.
const LONGEST_SECRET: usize = 4_096;

/// Takes a password or token out of a body; `None`: none was sent.
fn secret(of: &mut Object, path: &str, name: &str) -> Result<Option<String>, Misfit> {
    let target = || format!("{path}{name}");
    match of.remove(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) if text.is_empty() => {
            Err(Misfit::new(Fit::Empty, target(), "must not be empty"))
        }
        Some(Value::String(text)) if text.len() > LONGEST_SECRET => {
            let message = "must have at most 4096 bytes";
            Err(Misfit::new(Fit::TooLong, target(), message))
        }
        Some(Value::String(text)) => Ok(Some(text)),
        Some(_) => Err(Misfit::invalid(target(), "must be a text")),
    }
}

/// Takes out what proves oneself: the password or token of a web service, or the one that stands
/// under `name` in the body itself.
fn taken(body: &mut Object, name: &str) -> Result<Option<String>, Refused> {
    let mut found = secret(body, "", name).map_err(unfit)?;
    let given = body
        .get_mut("authentication")
        .and_then(Value::as_object_mut);
    if let Some(given) = given {
        for name in ["password", "authToken"] {
            let one = secret(given, "authentication.", name).map_err(unfit)?;
            found = one.or(found);
        }
    }
    Ok(found)
}

/// A name that must be there.
fn named(check: &mut Check, name: Option<&String>) {
    match name {
        None => check.note(Misfit::required("name")),
        Some(name) => check.length("name", name, 1, 256),
    }
}

/// What proving oneself takes, once the secret is out.
fn authentication(check: &mut Check, given: Option<&Object>, has_secret: bool) {
    let Some(given) = given else {
        return check.note(Misfit::required("authentication"));
    };
    let is_basic = given.get("method").is_some_and(|it| it == "BASIC");
    Part::member("authentication".to_owned(), given).choice(check, "method", &["BASIC", "BEARER"]);
    if !is_basic {
        return check.expect(has_secret, || Misfit::required("authentication.authToken"));
    }
    let target = "authentication.username";
    match given.get("username") {
        None => check.note(Misfit::required(target)),
        Some(Value::String(name)) => check.length(target, name, 1, 1_024),
        Some(_) => check.note(Misfit::invalid(target, "must be a text")),
    }
    check.expect(has_secret, || Misfit::required("authentication.password"));
}
