//! `/v1/environments/{e}/notificationsSettings/emailDeliverySettings`: a mail server or web service
//! of an environment's own. The secret is stored sealed. Mails leave through a mail server of the
//! environment's own (`notices/own_server.rs`); a web service is stored and not called.

use countersign_domain::entity::Entity;
use countersign_domain::notification::settings::{EmailDeliverySettings, EmailProtocol};
use countersign_domain::ports::BoxFuture;
use countersign_domain::store::Key;
use serde_json::json;

use super::{authentication, mailboxes, named, requests, taken, without_headers};
use crate::misfit::{Fit, Misfit};
use crate::refusal::Outcome;
use crate::v1::body::{self, Check, Object};
use crate::v1::call::{Call, Reply};
use crate::v1::hal::{self, Links};
use crate::v1::noun;
use crate::v1::privilege;
use crate::v1::route::{Endpoint, Resource};
use crate::v1::single;
use crate::v1::upload::unfit;

const ONE: &str = "/environments/{environment}/notificationsSettings/emailDeliverySettings";

/// `/environments/{e}/notificationsSettings/emailDeliverySettings`
pub const RESOURCE: Resource = Resource {
    name: "emailDeliverySettings",
    endpoints: &[
        Endpoint::get(ONE, "notifications:read", read),
        Endpoint::put(ONE, "notifications:update", replace),
        Endpoint::delete(ONE, "notifications:update", remove),
    ],
};

/// Without settings there is nothing but where they would be.
fn shown(call: &Call<'_>, settings: Option<&EmailDeliverySettings>) -> Outcome<Reply> {
    let mut object = match settings {
        Some(settings) => noun::object_of(settings)?,
        None => Object::new(),
    };
    object.remove("secret");
    object.remove("id");
    without_headers(call, &mut object);
    object.insert("environment".into(), json!({ "id": call.env }));
    let links = Links::to(call, &call.url(&call.own_path()));
    Ok(Reply::ok(hal::resource(links, object)))
}

fn read<'a>(call: &'a Call<'a>) -> BoxFuture<'a, Outcome<Reply>> {
    Box::pin(async move {
        let found = call.load::<EmailDeliverySettings>(call.env).await?;
        shown(call, found.as_ref().map(|it| &it.value))
    })
}

fn replace<'a>(call: &'a Call<'a>) -> BoxFuture<'a, Outcome<Reply>> {
    Box::pin(async move {
        let given = body::without_nulls(body::object(call.body)?);
        let mut given = body::writable(given, &["secret"]);
        given.insert("id".into(), json!(call.env));
        given.insert("updatedAt".into(), json!(call.now()));
        // Source: Ping's Terraform provider, which names no protocol for mail servers.
        given.entry("protocol").or_insert(json!("SMTPS"));
        if given.get("protocol") == Some(&json!("HTTP")) {
            given.entry("provider").or_insert(json!("CUSTOM_PROVIDER"));
        }
        let secret = taken(&mut given, "password")?;
        let mut settings: EmailDeliverySettings = body::read(given).map_err(unfit)?;
        if let Some(secret) = &secret {
            let owner = Key::new(EmailDeliverySettings::KIND, call.env, settings.id.clone());
            let ports = &call.cx.ports;
            let sealed = ports
                .vault
                .seal(&owner, secret.as_bytes(), &*ports.entropy)?;
            settings.secret = Some(sealed);
        } else if let Some(before) = call.load::<EmailDeliverySettings>(call.env).await?
            && is_same_place(&before.value, &settings)
        {
            settings.secret.clone_from(&before.secret);
        }
        check(&settings)?;
        // Whoever runs that server reads the codes with which people recover their passwords.
        privilege::over_everybody(call).await?;
        single::put(call, &settings).await?;
        shown(call, Some(&settings))
    })
}

fn remove<'a>(call: &'a Call<'a>) -> BoxFuture<'a, Outcome<Reply>> {
    Box::pin(async move {
        single::clear::<EmailDeliverySettings>(call).await?;
        Ok(Reply::gone())
    })
}

/// Whether the secret of the former settings goes where it went before. A secret that was not sent
/// again is never sent to another place.
fn is_same_place(before: &EmailDeliverySettings, after: &EmailDeliverySettings) -> bool {
    (before.protocol, &before.host, before.port, &before.username)
        == (after.protocol, &after.host, after.port, &after.username)
        && before.authentication == after.authentication
        && before.requests == after.requests
}

fn check(settings: &EmailDeliverySettings) -> Outcome<()> {
    let mut check = Check::new();
    mailboxes(
        &mut check,
        settings.from.as_ref(),
        settings.reply_to.as_ref(),
    );
    let has_secret = settings.secret.is_some();
    match settings.protocol {
        EmailProtocol::Http => {
            named(&mut check, settings.name.as_ref());
            check.expect(
                settings.provider.as_deref() == Some("CUSTOM_PROVIDER"),
                || Misfit::invalid("provider", "must be CUSTOM_PROVIDER"),
            );
            requests(&mut check, &settings.requests, &["EMAIL"]);
            authentication(&mut check, settings.authentication.as_ref(), has_secret);
        }
        EmailProtocol::Smtp | EmailProtocol::Smtps => {
            let host = settings.host.as_deref().unwrap_or_default();
            check.expect(!host.is_empty(), || Misfit::required("host"));
            let is_host = url::Host::parse(host).is_ok() && host.len() <= 253;
            check.expect(host.is_empty() || is_host, || {
                Misfit::invalid("host", "must be the name or address of a mail server")
            });
            check.expect(settings.port != Some(0), || {
                Misfit::new(Fit::OutOfRange, "port", "must be between 1 and 65535")
            });
            check.length_of("username", settings.username.as_ref(), 1, 256);
            check.expect(settings.username.is_some() == has_secret, || {
                Misfit::required(if has_secret { "username" } else { "password" })
            });
        }
    }
    Ok(check.finish()?)
}
