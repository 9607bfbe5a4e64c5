//! Mails of an environment with a mail server of its own (`reference/mfa.md` 11.3) leave through that,
//! and through no other: one that fails is tried again like any mail.

use countersign_domain::entity::{Entity, load};
use countersign_domain::notice::{Courier, Mail, MailServer, Notice, Undelivered};
use countersign_domain::notification::settings::{EmailDeliverySettings, EmailProtocol};
use countersign_domain::ports::Ports;
use countersign_domain::store::Fault;

/// Delivers a mail by the way that its environment has.
pub(super) async fn deliver(
    ports: &Ports,
    courier: &dyn Courier,
    notice: &Notice,
    mut mail: Mail,
) -> Result<(), Undelivered> {
    let later = |fault: Fault| Undelivered::NotNow(fault.to_string());
    let Some(settings) = settings(ports, notice).await.map_err(later)? else {
        return courier.deliver(notice.id, &mail).await;
    };
    let server = server(ports, notice, &settings).map_err(later)?;
    mail.from = mail.from.or(settings.from);
    mail.reply_to = mail.reply_to.or(settings.reply_to);
    courier.deliver_through(&server, notice.id, &mail).await
}

/// The settings, if they are of a mail server.
async fn settings(ports: &Ports, notice: &Notice) -> Result<Option<EmailDeliverySettings>, Fault> {
    let (env, now) = (notice.environment, ports.clock.now());
    let found = load::<EmailDeliverySettings>(&*ports.store, env, env.to_string(), now).await?;
    let is_server = |it: &EmailDeliverySettings| match it.protocol {
        EmailProtocol::Smtp | EmailProtocol::Smtps => it.host.is_some(),
        EmailProtocol::Http => false,
    };
    Ok(found.map(|it| it.value).filter(is_server))
}

fn server(
    ports: &Ports,
    notice: &Notice,
    settings: &EmailDeliverySettings,
) -> Result<MailServer, Fault> {
    let account = match (&settings.username, &settings.secret) {
        (Some(username), Some(secret)) => {
            let owner = settings.key(notice.environment);
            let password = String::from_utf8(ports.vault.open(&owner, secret)?.to_vec());
            let password =
                password.map_err(|_| Fault::Crypto("the password of a mail server is not text"))?;
            Some((username.clone(), password.into()))
        }
        _ => None,
    };
    Ok(MailServer {
        host: settings.host.clone().unwrap_or_default(),
        port: settings.port.unwrap_or(EmailDeliverySettings::PORT),
        account,
    })
}
