//! Passwords and shared secrets of gateways: sealed where they stand in a body, opened where they
//! are shown.
//!
//! Compat: shared secrets of RADIUS are shown, as PingOne shows them, but only to whoever may
//! change the gateway. Passwords are shown to nobody.

use countersign_domain::entity::Entity;
use countersign_domain::gateway::Gateway;
use countersign_domain::store::Key;
use countersign_domain::vault::Sealed;
use serde_json::{Value, json};

use super::UPDATE;
use crate::misfit::{Fit, Misfit};
use crate::refusal::{Outcome, Refusal, Refused};
use crate::v1::body::Object;
use crate::v1::call::Call;

/// Most bytes of a secret.
const MAX_SECRET: usize = 4_096;

/// Seals what a body brings. A password that it leaves out stays, as long as it is for the same
/// account in the same place.
pub(super) fn seal(
    call: &Call<'_>,
    body: &mut Object,
    before: Option<&Gateway>,
) -> Result<(), Refused> {
    let id = body.get("id").and_then(Value::as_str).unwrap_or_default();
    let owner = Key::new(Gateway::KIND, call.env, id);
    let stays = before.filter(|it| is_same_place(it, body));
    let kept = stays.and_then(|it| it.bind_password.as_ref());
    one(call, &owner, body, "bindPassword", kept)?;
    one(call, &owner, body, "defaultSharedSecret", None)?;
    if let Some(kerberos) = body.get_mut("kerberos").and_then(Value::as_object_mut) {
        const ACCOUNT: &str = "serviceAccountUserPrincipalName";
        let former = stays.and_then(|it| it.kerberos.as_ref());
        let former = former.filter(|it| {
            kerberos.get(ACCOUNT) == Some(&json!(it.service_account_user_principal_name))
        });
        let kept = former.and_then(|it| it.service_account_password.as_ref());
        one(call, &owner, kerberos, "serviceAccountPassword", kept)?;
    }
    let clients = body.get_mut("radiusClients").and_then(Value::as_array_mut);
    for client in clients
        .into_iter()
        .flatten()
        .filter_map(Value::as_object_mut)
    {
        one(call, &owner, client, "sharedSecret", None)?;
    }
    Ok(())
}

fn one(
    call: &Call<'_>,
    owner: &Key,
    object: &mut Object,
    name: &'static str,
    kept: Option<&Sealed>,
) -> Result<(), Refused> {
    let refuse = |misfit: Misfit| Refusal::Unfit(vec![misfit]).because("a secret of a gateway");
    let sealed = match (object.remove(name), kept) {
        (None | Some(Value::Null), None) => return Ok(()),
        (None | Some(Value::Null), Some(kept)) => kept.clone(),
        (Some(Value::String(text)), _) => {
            if text.is_empty() {
                return Err(refuse(Misfit::new(Fit::Empty, name, "must not be empty")));
            }
            if text.len() > MAX_SECRET {
                let message = "must have at most 4096 bytes";
                return Err(refuse(Misfit::new(Fit::TooLong, name, message)));
            }
            let ports = &call.cx.ports;
            let sealed = ports.vault.seal(owner, text.as_bytes(), &*ports.entropy);
            sealed.map_err(|_| refuse(Misfit::invalid(name, "cannot be sealed")))?
        }
        (Some(_), _) => return Err(refuse(Misfit::invalid(name, "must be a text"))),
    };
    object.insert(name.into(), json!(sealed));
    Ok(())
}

/// Whether a body leads where the gateway led.
fn is_same_place(before: &Gateway, body: &Object) -> bool {
    let same = |name: &str, was: Value| body.get(name).unwrap_or(&Value::Null) == &was;
    same("bindDN", json!(before.bind_dn))
        && same("serversHostAndPort", json!(before.servers_host_and_port))
        && same("connectionSecurity", json!(before.connection_security))
        && same(
            "validateTlsCertificates",
            json!(before.validate_tls_certificates),
        )
}

/// Puts what may be shown in the place of what is sealed, and takes out the rest.
pub(super) fn show(call: &Call<'_>, gateway: &Gateway, object: &mut Object) -> Outcome<()> {
    object.remove("bindPassword");
    if let Some(kerberos) = object.get_mut("kerberos").and_then(Value::as_object_mut) {
        kerberos.remove("serviceAccountPassword");
    }
    let reach = call.actor.reach(UPDATE, &call.cx.env.environment);
    let open = |sealed: &Option<Sealed>| -> Outcome<Option<String>> {
        let Some(sealed) = sealed.as_ref().filter(|_| !reach.is_nowhere()) else {
            return Ok(None);
        };
        let plain = call.cx.ports.vault.open(&gateway.key(call.env), sealed)?;
        Ok(std::str::from_utf8(&plain).ok().map(str::to_owned))
    };
    put(
        object,
        "defaultSharedSecret",
        open(&gateway.default_shared_secret)?,
    );
    let shown = object
        .get_mut("radiusClients")
        .and_then(Value::as_array_mut);
    let shown = shown.into_iter().flatten().filter_map(Value::as_object_mut);
    for (client, shown) in gateway.radius_clients.iter().zip(shown) {
        put(shown, "sharedSecret", open(&client.shared_secret)?);
    }
    Ok(())
}

fn put(object: &mut Object, name: &str, secret: Option<String>) {
    match secret {
        Some(secret) => object.insert(name.to_owned(), json!(secret)),
        None => object.remove(name),
    };
}
