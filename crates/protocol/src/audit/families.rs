//! Documents whose changes are told of, and by which names.
//!
//! Source: `reference/flows.md` 13 and `mfa.md` 15 for the families that they list, PingOne's list of
//! subscription action types for the rest.

use countersign_domain::entity::kinds as documents;
use countersign_domain::store::Kind;

/// What the changes of a kind of document are called.
pub(super) struct Family {
    /// The kind.
    pub kind: Kind,
    /// `action.type` before the dot.
    pub name: &'static str,
    /// `resources[].type`.
    pub resource: &'static str,
    /// `action.type` after the dot.
    pub life: Life,
}

/// What coming to be, changing and going are called, where they are told of.
#[derive(Clone, Copy)]
pub(super) struct Life {
    pub created: Option<&'static str>,
    pub updated: Option<&'static str>,
    pub deleted: Option<&'static str>,
}

impl Life {
    /// Everything that it is told of.
    pub fn names(self) -> impl Iterator<Item = &'static str> {
        let names = [self.created, self.updated, self.deleted];
        names.into_iter().flatten()
    }
}

const WHOLE: Life = Life {
    created: Some("CREATED"),
    updated: Some("UPDATED"),
    deleted: Some("DELETED"),
};
/// What never changes, or whose changes have names of their own.
const COMES_AND_GOES: Life = Life {
    updated: None,
    ..WHOLE
};
/// What an environment has from its beginning, stored or not: there is nothing but change.
const ALWAYS_THERE: Life = Life {
    created: Some("UPDATED"),
    updated: Some("UPDATED"),
    deleted: Some("UPDATED"),
};
/// What comes and goes with what it belongs to.
const ONLY_CHANGES: Life = Life {
    created: None,
    updated: Some("UPDATED"),
    deleted: None,
};
const LINK: Life = Life {
    created: Some("LINKED"),
    updated: None,
    deleted: Some("UNLINKED"),
};
/// That it was taken back is told by another name.
const CONSENT: Life = Life {
    created: Some("ACCEPTED"),
    updated: Some("ACCEPTED"),
    deleted: None,
};
const OAUTH_CONSENT: Life = Life {
    deleted: Some("DELETED"),
    ..CONSENT
};

const fn family(kind: Kind, name: &'static str, resource: &'static str, life: Life) -> Family {
    Family {
        kind,
        name,
        resource,
        life,
    }
}

/// Under one name in all places.
const fn plain(kind: Kind, name: &'static str, life: Life) -> Family {
    family(kind, name, name, life)
}

/// All of them.
pub(super) const FAMILIES: &[Family] = &[
    plain(documents::ENVIRONMENT, "ENVIRONMENT", WHOLE),
    plain(documents::BILL_OF_MATERIALS, "ENVIRONMENT", ONLY_CHANGES),
    plain(documents::POPULATION, "POPULATION", WHOLE),
    plain(documents::USER, "USER", WHOLE),
    plain(documents::APPLICATION, "APPLICATION", WHOLE),
    plain(documents::APPLICATION_SECRET, "SECRET", ONLY_CHANGES),
    plain(documents::RESOURCE_SECRET, "SECRET", ONLY_CHANGES),
    plain(documents::GRANT, "GRANT", WHOLE),
    plain(documents::APPLICATION_ATTRIBUTE, "ATTRIBUTE", WHOLE),
    plain(
        documents::SIGN_ON_POLICY_ASSIGNMENT,
        "SIGN_ON_POLICY_ASSIGNMENT",
        WHOLE,
    ),
    plain(documents::PUSH_CREDENTIAL, "PUSH_CREDENTIALS", WHOLE),
    plain(documents::RESOURCE, "RESOURCE", WHOLE),
    plain(documents::SCOPE, "SCOPE", WHOLE),
    plain(documents::RESOURCE_ATTRIBUTE, "RESOURCE_ATTRIBUTE", WHOLE),
    family(documents::SIGN_ON_POLICY, "POLICY", "SIGN_ON_POLICY", WHOLE),
    family(
        documents::PASSWORD_POLICY,
        "POLICY",
        "PASSWORD_POLICY",
        WHOLE,
    ),
    plain(documents::SIGN_ON_ACTION, "ACTION", WHOLE),
    plain(documents::KEY, "KEY", WHOLE),
    plain(documents::CERTIFICATE, "CERTIFICATE", COMES_AND_GOES),
    plain(documents::KEY_ROTATION_POLICY, "KRP", WHOLE),
    plain(documents::CUSTOM_DOMAIN, "CUSTOM_DOMAIN", WHOLE),
    plain(
        documents::ROLE_ASSIGNMENT,
        "ROLE_ASSIGNMENT",
        COMES_AND_GOES,
    ),
    plain(documents::ROLE, "ROLE", WHOLE),
    plain(documents::ADMIN_CONFIG, "ADMIN_CONFIGURATION", ALWAYS_THERE),
    plain(documents::SCHEMA_ATTRIBUTE, "SCHEMA_ATTRIBUTE", WHOLE),
    plain(
        documents::STANDARD_ATTRIBUTE,
        "SCHEMA_ATTRIBUTE",
        ALWAYS_THERE,
    ),
    plain(documents::AGREEMENT, "AGREEMENT", WHOLE),
    plain(documents::AGREEMENT_LANGUAGE, "AGREEMENT_LANGUAGE", WHOLE),
    plain(
        documents::AGREEMENT_REVISION,
        "AGREEMENT_LANGUAGE_REVISION",
        COMES_AND_GOES,
    ),
    plain(documents::AGREEMENT_CONSENT, "AGREEMENT_CONSENT", CONSENT),
    plain(documents::OAUTH_CONSENT, "OAUTH_CONSENT", OAUTH_CONSENT),
    plain(documents::IDENTITY_PROVIDER, "IDENTITY_PROVIDER", WHOLE),
    plain(
        documents::IDENTITY_PROVIDER_ATTRIBUTE,
        "IDP_ATTRIBUTE",
        WHOLE,
    ),
    family(documents::LINKED_ACCOUNT, "ACCOUNT", "LINKED_ACCOUNT", LINK),
    plain(documents::GROUP, "GROUP", WHOLE),
    plain(
        documents::GROUP_MEMBERSHIP,
        "MEMBER_OF_GROUP",
        COMES_AND_GOES,
    ),
    // Decision: a group in a group is as much of a membership; no page names an event of its own.
    plain(documents::GROUP_NESTING, "MEMBER_OF_GROUP", COMES_AND_GOES),
    plain(documents::SUBSCRIPTION, "SUBSCRIPTION", WHOLE),
    plain(documents::GATEWAY, "GATEWAY", WHOLE),
    plain(documents::THEME, "THEME", WHOLE),
    plain(documents::BRANDING_SETTINGS, "BRANDING", ALWAYS_THERE),
    plain(documents::IMAGE, "IMAGE", COMES_AND_GOES),
    plain(documents::NOTIFICATION_CONTENT, "CONTENT", WHOLE),
    plain(
        documents::NOTIFICATIONS_SETTINGS,
        "NOTIFICATIONS_SETTINGS",
        ALWAYS_THERE,
    ),
    // Decision: PingOne has no name for the mail server; it is a part of those settings.
    plain(
        documents::EMAIL_DELIVERY_SETTINGS,
        "NOTIFICATIONS_SETTINGS",
        ALWAYS_THERE,
    ),
    plain(
        documents::PHONE_DELIVERY_SETTINGS,
        "PHONE_DELIVERY_SETTINGS",
        WHOLE,
    ),
    plain(
        documents::NOTIFICATIONS_POLICY,
        "NOTIFICATION_POLICY",
        WHOLE,
    ),
    plain(documents::EMAIL_DOMAIN, "EMAIL_DOMAIN", COMES_AND_GOES),
    plain(documents::TRUSTED_EMAIL, "TRUSTED_EMAIL", COMES_AND_GOES),
    plain(documents::MFA_SETTINGS, "MFA_SETTINGS", ALWAYS_THERE),
    plain(
        documents::DEVICE_AUTHENTICATION_POLICY,
        "DEVICE_AUTHENTICATION_POLICY",
        WHOLE,
    ),
    plain(documents::FIDO2_POLICY, "FIDO_POLICY", WHOLE),
    plain(documents::DEVICE, "DEVICE", COMES_AND_GOES),
];

/// The family of a kind.
pub(super) fn of(kind: Kind) -> Option<&'static Family> {
    FAMILIES.iter().find(|family| family.kind == kind)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Kinds that no family tells of, and why.
    const SILENT: &[(Kind, &str)] = &[
        (documents::ORGANIZATION, "nothing here changes one"),
        (documents::LICENSE, "nothing here changes one"),
        (documents::CREDENTIAL, "told by the operation: PASSWORD.*"),
        (
            documents::ACCOUNT,
            "told by the operation: PASSWORD.*, USER.*",
        ),
        (documents::SESSION, "told by a rule of its own"),
        (documents::FLOW, "told by a rule of its own"),
        (
            documents::AUTHORIZATION_CODE,
            "the answer that has it is told of: USER.ACCESS_ALLOWED",
        ),
        (documents::REVOKED_TOKEN, "PingOne tells of no token"),
        (documents::REFRESH_FAMILY, "PingOne tells of no token"),
        (documents::PUSHED_REQUEST, "PingOne tells of no request"),
        (documents::USED_ASSERTION, "PingOne tells of no request"),
        (
            documents::DEVICE_AUTHORIZATION,
            "PingOne tells of no request",
        ),
        (documents::DEVICE_POLL, "PingOne tells of no request"),
        (documents::DEVICE_GUESSES, "a counter"),
        (documents::USER_CODE, "a secret on its way"),
        (documents::NOTICE, "a message on its way"),
        (
            documents::IDENTITY_PROVIDER_SECRET,
            "IDENTITY_PROVIDER.UPDATED comes with it",
        ),
        (documents::LANGUAGE, "PingOne has no name for it"),
        (documents::TRANSLATIONS, "PingOne has no name for it"),
        (documents::GATEWAY_CREDENTIAL, "PingOne has no name for it"),
        (
            documents::CUSTOM_DOMAIN_CERTIFICATE,
            "CUSTOM_DOMAIN.UPDATED comes with it",
        ),
        (
            documents::DOMAIN_CLAIM,
            "CUSTOM_DOMAIN.UPDATED comes with it",
        ),
        (
            documents::ENVIRONMENT_REMOVAL,
            "ENVIRONMENT.DELETED comes before it",
        ),
        (
            documents::ATTRIBUTE_REMOVAL,
            "SCHEMA_ATTRIBUTE.DELETED comes with it",
        ),
        (documents::GROUP_REMOVAL, "GROUP.DELETED comes with it"),
        (documents::DELIVERY, "about events"),
        (documents::RECEIVER, "about events"),
        (documents::EXPLANATION, "about refusals"),
        (documents::MASTER_KEY_CHECK, "the server's own"),
        (documents::PROBE, "the server's own"),
    ];

    #[test]
    fn every_kind_of_document_is_told_of_or_says_why_not() {
        for kind in documents::ALL {
            let told = FAMILIES.iter().filter(|it| it.kind == *kind).count();
            let silent = SILENT.iter().filter(|(it, _)| it == kind).count();
            assert_eq!(told + silent, 1, "{}", kind.name);
        }
    }
}
