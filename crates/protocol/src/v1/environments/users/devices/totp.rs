//! The secret of an application that makes codes: told once, to who makes the device.

use countersign_domain::device::{Device, DeviceType};
use countersign_domain::entity::Entity;
use countersign_domain::store::{Fault, Key};
use countersign_domain::user::User;
use data_encoding::BASE32_NOPAD;
use serde_json::json;
use url::form_urlencoded::byte_serialize;

use crate::v1::body::Object;
use crate::v1::call::Call;

/// As long as the hash that codes are made with.
///
/// Spec: RFC 4226 4 (R6).
const SECRET_LEN: usize = 20;

/// Gives a new device of type TOTP its secret.
pub(super) fn give(call: &Call<'_>, body: &mut Object) -> Result<(), Fault> {
    let id = body.get("id").and_then(|it| it.as_str());
    let owner = Key::new(Device::KIND, call.env, id.unwrap_or_default());
    let ports = &call.cx.ports;
    let mut secret = [0; SECRET_LEN];
    ports.entropy.fill(&mut secret);
    let sealed = ports.vault.seal(&owner, &secret, &*ports.entropy)?;
    body.insert("secret".into(), json!(sealed));
    Ok(())
}

/// Adds the secret to the answer that the device was made with.
///
/// Source: `reference/platform.md` 3.16, where the names are not certain.
pub(super) fn tell(
    call: &Call<'_>,
    device: &Device,
    user: &User,
    answer: &mut Object,
) -> Result<(), Fault> {
    let Some(sealed) = device
        .secret
        .as_ref()
        .filter(|_| device.type_ == DeviceType::Totp)
    else {
        return Ok(());
    };
    let secret = call.cx.ports.vault.open(&device.key(call.env), sealed)?;
    // Without padding, as applications that read key URIs want it.
    let secret = BASE32_NOPAD.encode(&secret);
    let escaped = |text: &str| {
        byte_serialize(text.as_bytes())
            .collect::<String>()
            .replace('+', "%20")
    };
    let issuer = escaped(&call.cx.env.environment.name);
    let account = escaped(&user.username);
    let uri = format!("otpauth://totp/{issuer}:{account}?secret={secret}&issuer={issuer}");
    answer.insert("secret".into(), json!(secret));
    answer.insert("keyUri".into(), json!(uri));
    Ok(())
}
