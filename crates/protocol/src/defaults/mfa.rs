//! The policies of second factors that a fresh environment has (`reference/platform.md` 2, 3.17).

use countersign_domain::entity::kinds;
use countersign_domain::ids::{EnvId, derived_uuid};
use countersign_domain::policy::mfa::{DeviceAuthenticationPolicy, Fido2Policy, MfaSettings};
use countersign_domain::store::Fault;
use countersign_domain::time::Time;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::Documents;

/// Adds them.
pub(super) fn add(documents: &mut Documents, relying_party: &str, now: Time) -> Result<(), Fault> {
    let env = documents.1;
    documents.add(&settings(now)?)?;
    documents.add(&device_authentication_policy(env, now)?)?;
    documents.add(&fido2_policy(env, relying_party, now)?)
}

fn made<T: DeserializeOwned>(json: Value) -> Result<T, Fault> {
    serde_json::from_value(json)
        .map_err(|_| Fault::Misconfigured("a default of second factors does not fit its type"))
}

/// The settings before anybody changed them.
pub fn settings(now: Time) -> Result<MfaSettings, Fault> {
    made(json!({
        "pairing": { "maxAllowedDevices": 5, "pairingKeyFormat": "NUMERIC" },
        "phoneExtensions": { "enabled": false },
        "users": { "mfaEnabled": false },
        "updatedAt": now,
    }))
}

/// Decision: as Ping's Terraform provider writes it when it resets the default.
fn device_authentication_policy(
    env: EnvId,
    now: Time,
) -> Result<DeviceAuthenticationPolicy, Fault> {
    let minutes = |duration: u32| json!({ "duration": duration, "timeUnit": "MINUTES" });
    let by_message = |enabled: bool| {
        json!({
            "enabled": enabled,
            "pairingDisabled": false,
            "promptForNicknameOnPairing": false,
            "otp": {
                "lifeTime": minutes(30),
                "failure": { "count": 3, "coolDown": minutes(0) },
                "otpLength": 6,
            },
        })
    };
    let by_device = json!({
        "enabled": true,
        "pairingDisabled": false,
        "promptForNicknameOnPairing": false,
        "otp": { "failure": { "count": 3, "coolDown": minutes(2) } },
    });
    let mut totp = by_device.clone();
    if let Some(totp) = totp.as_object_mut() {
        totp.insert("passcodeGracePeriod".into(), json!(5));
    }
    made(json!({
        "id": derived_uuid(env, kinds::DEVICE_AUTHENTICATION_POLICY, "default"),
        "name": "Default MFA Policy",
        "default": true,
        "forSignOnPolicy": false,
        "authentication": { "deviceSelection": "DEFAULT_TO_FIRST" },
        "newDeviceNotification": "EMAIL_THEN_SMS",
        "ignoreUserLock": false,
        "rememberMe": { "web": { "enabled": false, "lifeTime": minutes(30) } },
        "sms": by_message(false),
        "voice": by_message(false),
        "whatsApp": by_message(false),
        "email": by_message(true),
        "mobile": by_device.clone(),
        "totp": totp,
        "oathToken": by_device,
        "fido2": { "enabled": true, "pairingDisabled": false, "promptForNicknameOnPairing": false },
        "createdAt": now,
        "updatedAt": now,
    }))
}

fn fido2_policy(env: EnvId, relying_party: &str, now: Time) -> Result<Fido2Policy, Fault> {
    made(json!({
        "id": derived_uuid(env, kinds::FIDO2_POLICY, "default"),
        "name": "Passkeys",
        "description": "Passkeys and security keys.",
        "default": true,
        "attestationRequirements": "NONE",
        "authenticatorAttachment": "BOTH",
        "backupEligibility": { "allow": true, "enforceDuringAuthentication": true },
        "deviceDisplayName": "fidoPolicy.deviceDisplayName01",
        "discoverableCredentials": "PREFERRED",
        "mdsAuthenticatorsRequirements": { "option": "NONE", "enforceDuringAuthentication": false },
        "relyingPartyId": relying_party,
        "userDisplayNameAttributes": { "attributes": [{ "name": "email" }, { "name": "username" }] },
        "userVerification": { "option": "PREFERRED", "enforceDuringAuthentication": false },
        "createdAt": now,
        "updatedAt": now,
    }))
}
