//! `/v1/environments/{e}/templates`: the occasions to write to somebody. They are PingOne's and
//! fixed; this server writes on two of them, [`TemplateName`](super::TemplateName).

use super::DeliveryMethod;
use DeliveryMethod::{Email, Push, Sms, Voice};

/// An occasion.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Template {
    /// Its id on the wire.
    pub id: &'static str,
    /// The name that people see.
    pub display_name: &'static str,
    /// For people.
    pub description: &'static str,
    /// How it can be delivered.
    pub delivery_methods: &'static [DeliveryMethod],
}

const fn template(
    id: &'static str,
    display_name: &'static str,
    description: &'static str,
    delivery_methods: &'static [DeliveryMethod],
) -> Template {
    Template {
        id,
        display_name,
        description,
        delivery_methods,
    }
}

/// All of them.
///
/// Source: the names are those of Ping's Go SDK. Decision: which can be delivered how, as far as
/// the acceptance tests of Ping's Terraform provider do not say, follows from what they are about.
pub const TEMPLATES: [Template; 16] = [
    template(
        "credential_issued",
        "Credential Issued",
        "A credential was issued.",
        &[Email, Sms, Push],
    ),
    template(
        "credential_revoked",
        "Credential Revoked",
        "A credential was revoked.",
        &[Email, Sms, Push],
    ),
    template(
        "credential_updated",
        "Credential Updated",
        "A credential was updated.",
        &[Email, Sms, Push],
    ),
    template(
        "credential_verification",
        "Credential Verification",
        "A credential is asked for.",
        &[Email, Sms, Push],
    ),
    template(
        "device_pairing",
        "Device Pairing",
        "The code that pairs a device.",
        &[Email, Sms, Voice],
    ),
    template(
        "digital_wallet_pairing",
        "Digital Wallet Pairing",
        "The link that pairs a wallet.",
        &[Email, Sms],
    ),
    template(
        "email_phone_verification",
        "Email and Phone Verification",
        "The code that proves an address or a number.",
        &[Email, Sms],
    ),
    template(
        "email_verification_admin",
        "Email Verification by an Administrator",
        "The code that proves the address of somebody who was invited.",
        &[Email],
    ),
    template(
        "email_verification_user",
        "Email Verification",
        "The code that proves a changed address.",
        &[Email],
    ),
    template(
        "general",
        "General",
        "Whatever an application has to say.",
        &[Email, Sms, Voice, Push],
    ),
    template(
        "id_verification",
        "Identity Verification",
        "The link that begins the verification of an identity.",
        &[Email, Sms],
    ),
    template(
        "new_device_paired",
        "New Device Paired",
        "A device was paired.",
        &[Email, Sms],
    ),
    template(
        "recovery_code_template",
        "Password Recovery",
        "The code that replaces a forgotten password.",
        &[Email, Sms],
    ),
    template(
        "strong_authentication",
        "Strong Authentication",
        "The code or question of a second factor.",
        &[Email, Sms, Voice, Push],
    ),
    template(
        "transaction",
        "Transaction Approval",
        "The code or question that approves a transaction.",
        &[Email, Sms, Voice, Push],
    ),
    template(
        "verification_code_template",
        "Verification Code",
        "The code that proves an e-mail address.",
        &[Email],
    ),
];

impl Template {
    /// The one of an id.
    pub fn of(id: &str) -> Option<&'static Self> {
        TEMPLATES.iter().find(|it| it.id == id)
    }
}
