//! Which type the bodies of which path are.

use countersign_domain::user::User;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};

use super::{ALWAYS, reference};
use super::{plain, probe};
use crate::v1::noun::Noun;

/// A noun at its path, and what is known of its bodies.
pub(super) struct Shape {
    /// Its name among the components.
    pub name: String,
    /// Whether its lists have pages.
    pub is_paged: bool,
    path: &'static str,
    parameter: &'static str,
    plural: &'static str,
    read_only: Vec<&'static str>,
    schema: Value,
    required: Vec<String>,
}

fn shape<N: Noun>(path: &'static str) -> Shape {
    let mut schema = probe::schema_of::<N>();
    let mut required = probe::required_of::<N>(&schema);
    let parent = N::PARENT.map(|it| it.member);
    let read_only = ALWAYS.iter().chain(N::READ_ONLY).copied();
    // The path says whose it is.
    let read_only: Vec<_> = read_only.chain(parent).collect();
    // Made when shown, and not stored.
    if let Some(members) = schema.get_mut("properties").and_then(Value::as_object_mut) {
        let environment = json!({ "type": "object",
            "properties": { "id": { "type": "string", "format": "uuid" } } });
        members.entry("environment").or_insert(environment);
        for name in N::READ_ONLY {
            members.entry(*name).or_insert_with(|| json!({}));
        }
    }
    required.retain(|name| !read_only.contains(&name.as_str()));
    Shape {
        name: name_of(path, N::PARAMETER),
        is_paged: N::PAGE.is_some(),
        path,
        parameter: N::PARAMETER,
        plural: N::PLURAL,
        read_only,
        schema,
        required,
    }
}

/// Nouns below an application or a user are called after it, too.
fn name_of(path: &str, parameter: &str) -> String {
    let parents = path.split('/').filter_map(|step| {
        let name = step.strip_prefix('{')?.strip_suffix('}')?;
        Some(name).filter(|it| *it != "environment")
    });
    parents.chain([parameter]).map(capital).collect()
}

/// With a capital first letter.
pub(super) fn capital(word: &str) -> String {
    let mut letters = word.chars();
    let first = letters.next().map(|it| it.to_ascii_uppercase());
    first.into_iter().chain(letters).collect()
}

impl Shape {
    /// The same without a member that is stored and not shown.
    fn without(mut self, member: &str) -> Self {
        let members = self.schema.get_mut("properties");
        if let Some(members) = members.and_then(Value::as_object_mut) {
            members.remove(member);
        }
        self.required.retain(|name| name != member);
        self
    }

    /// The same with a member that is shown and not stored.
    fn with(mut self, member: &'static str, schema: Value) -> Self {
        let members = self.schema.get_mut("properties");
        if let Some(members) = members.and_then(Value::as_object_mut) {
            members.insert(member.to_owned(), schema);
        }
        self
    }

    /// The same with the members of another type beside its own.
    fn beside<T: DeserializeOwned>(mut self) -> Self {
        let other = probe::schema_of::<T>();
        let members = self.schema.get_mut("properties");
        if let Some(members) = members.and_then(Value::as_object_mut) {
            for (name, of) in other
                .get("properties")
                .and_then(Value::as_object)
                .into_iter()
                .flatten()
            {
                members.entry(name).or_insert_with(|| of.clone());
            }
        }
        self
    }

    /// The same where a body need not have a member.
    fn optional(mut self, member: &str) -> Self {
        self.required.retain(|name| name != member);
        self
    }

    /// Whether a path is its list's, or one's of it.
    pub fn covers(&self, path: &str) -> bool {
        let below = path.strip_prefix(self.path);
        below.is_some_and(|it| it.is_empty() || it == format!("/{{{}}}", self.parameter))
    }

    /// Whether a path is its list's.
    pub fn is_list(&self, path: &str) -> bool {
        path == self.path
    }

    /// The schema of its bodies, to and fro.
    pub fn component(&self) -> Value {
        let mut schema = self.schema.clone();
        let properties = schema.get_mut("properties").and_then(Value::as_object_mut);
        for (name, of) in properties.into_iter().flatten() {
            if self.read_only.contains(&name.as_str()) {
                if let Some(of) = of.as_object_mut() {
                    of.insert("readOnly".into(), json!(true));
                }
            } else if !self.required.contains(name) {
                probe::accept_null(of);
            }
        }
        if let Some(schema) = schema.as_object_mut() {
            if schema.is_empty() {
                schema.insert("type".into(), json!("object"));
            }
            if !self.required.is_empty() {
                schema.insert("required".into(), json!(self.required));
            }
        }
        schema
    }

    /// The schema of one that is answered.
    pub fn answered(&self) -> Value {
        let links = json!({ "type": "object", "required": ["_links"],
            "properties": { "_links": reference("Links") } });
        json!({ "allOf": [reference(&self.name), links] })
    }

    /// The schema of a list of them.
    pub fn listed(&self) -> Value {
        let mut embedded = Map::new();
        let items = json!({ "type": "array", "items": reference(&self.name) });
        embedded.insert(self.plural.to_owned(), items);
        let whole = json!({ "type": "integer", "minimum": 0 });
        json!({ "type": "object", "required": ["_links", "_embedded", "size"], "properties": {
            "_links": reference("Links"), "count": whole, "size": whole,
            "_embedded": { "type": "object", "required": [self.plural], "properties": embedded },
        } })
    }
}

/// Every noun that is a document of its own.
pub(super) fn all() -> Vec<Shape> {
    use countersign_domain::custom_domain::CustomDomain;
    use countersign_domain::environment::Environment;
    use countersign_domain::identity_provider::{IdentityProvider, IdentityProviderAttribute};
    use countersign_domain::organization::{License, Organization};
    use countersign_domain::population::Population;
    use countersign_domain::role::CustomRole;
    use countersign_domain::schema::SchemaAttribute;
    use countersign_domain::subscription::Subscription;
    let mut shapes = vec![
        shape::<Organization>("/organizations"),
        shape::<License>("/organizations/{organization}/licenses"),
        shape::<Environment>("/environments").with("billOfMaterials", plain::bill_of_materials()),
        shape::<CustomDomain>("/environments/{environment}/customDomains"),
        shape::<Population>("/environments/{environment}/populations")
            .without("defaultIdentityProvider"),
        group(),
        shape::<CustomRole>("/environments/{environment}/roles"),
        shape::<SchemaAttribute>("/environments/{environment}/schemas/{schema}/attributes"),
        shape::<Subscription>("/environments/{environment}/subscriptions"),
        shape::<IdentityProvider>("/environments/{environment}/identityProviders"),
        shape::<IdentityProviderAttribute>(
            "/environments/{environment}/identityProviders/{identityProvider}/attributes",
        ),
    ];
    shapes.extend(gateways());
    shapes.extend(of_users());
    shapes.extend(of_applications());
    shapes.extend(policies());
    shapes.extend(keys());
    shapes.extend(texts());
    shapes.extend(messages());
    shapes
}

/// Groups, whose members are counted when one is shown.
fn group() -> Shape {
    let users = || json!({ "type": "object", "properties": { "users": { "type": "integer" } } });
    shape::<countersign_domain::group::Group>("/environments/{environment}/groups")
        .with("directMemberCounts", users())
        .with("totalMemberCounts", users())
}

fn gateways() -> [Shape; 2] {
    use countersign_domain::gateway::{Gateway, GatewayCredential};
    let once = json!({ "type": "string", "readOnly": true });
    [
        shape::<Gateway>("/environments/{environment}/gateways"),
        shape::<GatewayCredential>("/environments/{environment}/gateways/{gateway}/credentials")
            .without("gateway")
            .with("credential", once),
    ]
}

fn texts() -> Vec<Shape> {
    use countersign_domain::agreement::{Agreement, AgreementLanguage, AgreementRevision};
    use countersign_domain::branding::{Image, Theme};
    use countersign_domain::language::Language;
    const LANGUAGES: &str = "/environments/{environment}/agreements/{agreement}/languages";
    const REVISIONS: &str = "/environments/{environment}/agreements/{agreement}/languages/{agreementLanguage}/revisions";
    vec![
        shape::<Agreement>("/environments/{environment}/agreements"),
        shape::<AgreementLanguage>(LANGUAGES),
        shape::<AgreementRevision>(REVISIONS)
            .without("text")
            .with("text", json!({ "type": "string", "writeOnly": true })),
        shape::<Language>("/environments/{environment}/languages"),
        shape::<Theme>("/environments/{environment}/themes"),
        shape::<Image>("/environments/{environment}/images")
            .without("data")
            .without("name")
            .with("targets", targets()),
    ]
}

fn messages() -> Vec<Shape> {
    use countersign_domain::notification::NotificationContent;
    use countersign_domain::notification::policy::NotificationsPolicy;
    use countersign_domain::notification::settings::PhoneDeliverySettings;
    use countersign_domain::trusted_email::{EmailDomain, TrustedEmail};
    const PHONE: &str = "/environments/{environment}/notificationsSettings/phoneDeliverySettings";
    const CONTENTS: &str = "/environments/{environment}/templates/{template}/contents";
    const ADDRESSES: &str = "/environments/{environment}/emailDomains/{emailDomain}/trustedEmails";
    let text = json!({ "type": "string", "writeOnly": true });
    vec![
        shape::<NotificationsPolicy>("/environments/{environment}/notificationsPolicies"),
        shape::<PhoneDeliverySettings>(PHONE)
            .without("secret")
            .with("authToken", text),
        shape::<NotificationContent>(CONTENTS).without("template"),
        shape::<EmailDomain>("/environments/{environment}/emailDomains"),
        shape::<TrustedEmail>(ADDRESSES),
    ]
}

/// Where a picture is, in its one size.
fn targets() -> Value {
    let text = json!({ "type": "string" });
    let whole = json!({ "type": "integer" });
    json!({ "type": "object", "readOnly": true, "properties": { "original": {
        "type": "object", "properties": { "id": text, "href": text, "width": whole, "height": whole,
            "type": { "type": "string", "enum": ["jpg", "png", "gif"] } } } } })
}

fn of_users() -> Vec<Shape> {
    use countersign_domain::consent::OauthConsent;
    use countersign_domain::device::Device;
    use countersign_domain::identity_provider::LinkedAccount;
    // A text, or a number with its country.
    let phone = json!({});
    vec![
        user(),
        shape::<Device>("/environments/{environment}/users/{user}/devices")
            .without("secret")
            .without("position")
            .with("phone", phone),
        shape::<LinkedAccount>("/environments/{environment}/users/{user}/linkedAccounts"),
        shape::<OauthConsent>("/environments/{environment}/users/{user}/oauthConsents"),
    ]
}

fn of_applications() -> Vec<Shape> {
    use countersign_domain::application::push_credential::PushCredential;
    use countersign_domain::application::{ApplicationAttribute, Grant, SignOnPolicyAssignment};
    use countersign_domain::resource::{Resource, ResourceAttribute, Scope};
    vec![
        application(),
        shape::<Grant>("/environments/{environment}/applications/{application}/grants"),
        shape::<PushCredential>(
            "/environments/{environment}/applications/{application}/pushCredentials",
        ),
        shape::<ApplicationAttribute>(
            "/environments/{environment}/applications/{application}/attributes",
        ),
        shape::<SignOnPolicyAssignment>(
            "/environments/{environment}/applications/{application}/signOnPolicyAssignments",
        ),
        shape::<Resource>("/environments/{environment}/resources"),
        shape::<ResourceAttribute>("/environments/{environment}/resources/{resource}/attributes"),
        shape::<Scope>("/environments/{environment}/resources/{resource}/scopes"),
    ]
}

/// Applications: what those have that speak another protocol stands beside what all have, and
/// nothing but the name and the type is needed for each of them.
fn application() -> Shape {
    use countersign_domain::application::Application;
    use countersign_domain::application::partner::{Saml, WsFed};
    shape::<Application>("/environments/{environment}/applications")
        .without("saml")
        .without("wsFed")
        .beside::<Saml>()
        .beside::<WsFed>()
        .optional("tokenEndpointAuthMethod")
}

fn policies() -> Vec<Shape> {
    use countersign_domain::password::policy::PasswordPolicy;
    use countersign_domain::policy::mfa::{DeviceAuthenticationPolicy, Fido2Policy};
    use countersign_domain::policy::sign_on::{SignOnAction, SignOnPolicy};
    vec![
        shape::<SignOnPolicy>("/environments/{environment}/signOnPolicies"),
        shape::<SignOnAction>("/environments/{environment}/signOnPolicies/{signOnPolicy}/actions"),
        shape::<PasswordPolicy>("/environments/{environment}/passwordPolicies"),
        shape::<DeviceAuthenticationPolicy>(
            "/environments/{environment}/deviceAuthenticationPolicies",
        ),
        shape::<Fido2Policy>("/environments/{environment}/fido2Policies"),
    ]
}

fn keys() -> Vec<Shape> {
    use countersign_domain::key::{Certificate, KeyRotationPolicy, SigningKey};
    let certified = |shape: Shape| {
        let organization = json!({ "type": "object",
            "properties": { "id": { "type": "string", "format": "uuid" } } });
        shape
            .without("privateKey")
            .without("certificate")
            .optional("serialNumber")
            .optional("issuerDN")
            .with("serialNumber", json!({ "type": "integer" }))
            .with("validityPeriod", json!({ "type": "integer" }))
            .with("organization", organization)
    };
    vec![
        certified(shape::<SigningKey>("/environments/{environment}/keys")),
        certified(shape::<Certificate>(
            "/environments/{environment}/certificates",
        )),
        shape::<KeyRotationPolicy>("/environments/{environment}/keyRotationPolicies"),
    ]
}

/// Users, whose state is told beside what is stored of them.
fn user() -> Shape {
    let text = || json!({ "type": "string" });
    let time = || json!({ "type": "string", "format": "date-time" });
    let account = json!({ "type": "object", "properties": {
        "canAuthenticate": { "type": "boolean" }, "lockedAt": time(), "unlockAt": time(),
        "secondsUntilUnlock": { "type": "integer" },
        "status": { "type": "string", "enum": ["OK", "LOCKED"] } } });
    let last_sign_on = json!({ "type": "object",
        "properties": { "at": time(), "remoteIp": text() } });
    let groups = || json!({ "type": "array", "items": text() });
    // Attributes of an environment's own schema stand beside the others.
    shape::<User>("/environments/{environment}/users")
        .optional("population")
        .without("custom")
        .without("uniqueCustom")
        .without("password")
        .with("account", account)
        .with("lastSignOn", last_sign_on)
        .with("memberOfGroupIDs", groups())
        .with("memberOfGroupNames", groups())
}

/// Lists whose items are shown as no type of ours is stored: documented as plain objects.
pub const UNSHAPED: &[&str] = &[
    "/environments/{environment}/activities",
    "/environments/{environment}/applications/{application}/flowPolicyAssignments",
    "/environments/{environment}/applications/{application}/roleAssignments",
    "/environments/{environment}/gateways/{gateway}/instances",
    "/environments/{environment}/gateways/{gateway}/roleAssignments",
    "/environments/{environment}/groups/{group}/memberOfGroups",
    "/environments/{environment}/groups/{group}/roleAssignments",
    "/environments/{environment}/schemas",
    "/environments/{environment}/sessions",
    "/environments/{environment}/templates",
    "/environments/{environment}/users/{user}/agreementConsents",
    "/environments/{environment}/users/{user}/memberOfGroups",
    "/environments/{environment}/users/{user}/roleAssignments",
    "/environments/{environment}/users/{user}/sessions",
    "/roles",
];
