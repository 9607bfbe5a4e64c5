//! An environment with one of everything in it: what other things are made from, and ids that are
//! there, for tests that go through all routes.

use std::collections::BTreeMap;

use countersign_protocol::v1::route;
use serde_json::{Value, json};

use super::{Api, text};

/// Ids of what is there.
pub struct Ground {
    /// By name, for bodies that refer to it.
    ids: BTreeMap<String, String>,
    /// By the path of one of a list, for paths.
    places: BTreeMap<String, String>,
}

/// An id that nothing has.
pub const NOBODY: &str = "0badbad0-0000-4000-8000-000000000bad";

/// Parameters of which an environment has nothing that a test could make.
const NONE_OF: &[&str] = &[
    // None can connect.
    "/environments/{environment}/gateways/{gateway}/instances/{instance}",
    "/environments/{environment}/activities/{activity}",
    "/environments/{environment}/applications/{application}/flowPolicyAssignments/{assignment}",
    "/environments/{environment}/explanations/{explanation}",
    "/environments/{environment}/images/{image}",
    "/environments/{environment}/notificationsSettings/phoneDeliverySettings/{phoneDeliverySettings}",
    "/environments/{environment}/users/{user}/linkedAccounts/{linkedAccount}",
    "/organizations/{organization}/licenses/{license}",
];

impl Ground {
    /// Makes it in an environment.
    pub async fn make(api: &Api, environment: &str) -> Self {
        let mut ground = Self {
            ids: BTreeMap::new(),
            places: BTreeMap::new(),
        };
        ground.note("environment", "/environments/{environment}", environment);
        let read = api
            .get(&ground.path("/environments/{environment}"))
            .await
            .json();
        let organization = text(&read, "/organization/id");
        ground.note(
            "organization",
            "/organizations/{organization}",
            &organization,
        );
        ground.note(
            "locale",
            "/environments/{environment}/translations/{locale}",
            "en",
        );
        for (name, list, member, value) in GIVEN {
            let found = api.get(&ground.path(list)).await.expect_status(200).json();
            let items = found["_embedded"]
                .as_object()
                .unwrap()
                .values()
                .next()
                .unwrap();
            let items = items.as_array().unwrap();
            let is_it = |it: &&Value| value.is_empty() || it[*member] == *value;
            let item = items
                .iter()
                .find(is_it)
                .unwrap_or_else(|| panic!("no {name} in {found}"));
            ground.ids.insert((*name).to_owned(), text(item, "/id"));
            if *name == "schema" {
                let place = "/environments/{environment}/schemas/{schema}";
                ground.places.insert(place.to_owned(), text(item, "/id"));
            }
        }
        for (name, list, body) in made() {
            ground.add(api, name, list, body).await;
        }
        ground.finish(api, &text(&read, "/createdAt")).await;
        ground
    }

    /// What takes more than a POST of JSON.
    async fn finish(&mut self, api: &Api, now: &str) {
        // An agreement is on when somebody can read it.
        let path = self.path("/environments/{environment}/agreements/{agreement}");
        let on = json!({ "name": "Ground", "enabled": true });
        let _ = api.put(&path, on).await.expect_status(200);
        let given = json!({ "language": { "id": self.id("agreementLanguage") },
            "revision": { "id": self.id("revision") } });
        let consents = "/environments/{environment}/users/{user}/agreementConsents/{agreement}";
        let agreement = self.id("agreement").to_owned();
        self.note("agreementConsent", consents, &agreement);
        let path = self.path(consents);
        let _ = api
            .act("POST", &path, "consent.accept", given)
            .await
            .expect_status(200);
        let consent = json!({ "application": { "id": self.id("application") }, "scope": ["openid"],
            "status": "ACCEPTED" });
        let list = "/environments/{environment}/users/{user}/oauthConsents";
        let answer = api
            .act("POST", &self.path(list), "consent.accept", consent)
            .await;
        self.note(
            "oauthConsent",
            &format!("{list}/{{oauthConsent}}"),
            &text(&Api::created(answer), "/id"),
        );
        let session = json!({ "activeAt": now, "userAgent": "curl/8.5.0", "idleTimeoutInMinutes": 60,
            "lastSignOn": { "remoteIp": "192.0.2.1", "authenticators": ["pwd"],
                "withAuthenticator": { "pwd": { "at": now } } },
            "user": { "id": self.id("user") } });
        let list = "/environments/{environment}/sessions";
        let answer = api.post(&self.path(list), session).await.expect_status(201);
        let id = text(&answer.json(), "/id");
        self.note("session", &format!("{list}/{{session}}"), &id);
        let of_user = "/environments/{environment}/users/{user}/sessions/{session}";
        self.note("session", of_user, &id);
        let certificate =
            rcgen::generate_simple_self_signed(vec!["ground.example".to_owned()]).unwrap();
        let pem = certificate.cert.pem();
        let part = |name: &str, value: &str| {
            format!("--x\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n")
        };
        let body = format!(
            "{}{}--x--\r\n",
            part("usageType", "ISSUANCE"),
            part("file", &pem)
        );
        let list = "/environments/{environment}/certificates";
        let media = "multipart/form-data; boundary=x";
        let answer = api
            .upload("POST", &self.path(list), media, body.into_bytes())
            .await;
        let id = text(&Api::placed(answer, 202), "/id");
        self.note("certificate", &format!("{list}/{{certificate}}"), &id);
    }

    async fn add(&mut self, api: &Api, name: &str, list: &str, body: Value) {
        let answer = api.post(&self.path(list), self.filled(body)).await;
        let id = text(&Api::created(answer), "/id");
        self.note(name, one_of(list).unwrap_or(list), &id);
    }

    /// Notes an id. The first of a list stands in the paths of its kind.
    fn note(&mut self, name: &str, place: &str, id: &str) {
        self.ids.insert(name.to_owned(), id.to_owned());
        self.places
            .entry(place.to_owned())
            .or_insert_with(|| id.to_owned());
    }

    /// The id under a name.
    #[track_caller]
    pub fn id(&self, name: &str) -> &str {
        let found = self.ids.get(name);
        found.unwrap_or_else(|| panic!("there is no {name} on the ground: make it in v1/ground.rs"))
    }

    /// The id that stands in a path for its last parameter; `None` where there is none of it.
    #[track_caller]
    pub fn at(&self, place: &str) -> Option<&str> {
        let found = self.places.get(place).or_else(|| {
            // Lists of other things under the same name, such as `{parent}`.
            let name = place.rsplit('/').next().unwrap_or_default();
            self.ids.get(name.trim_matches(['{', '}']))
        });
        assert!(
            found.is_some() || NONE_OF.contains(&place),
            "there is nothing on the ground for {place}: make one in v1/ground.rs, or say in NONE_OF \
             that a test can make none"
        );
        found.map(String::as_str)
    }

    /// A path with ids in the place of its parameters.
    #[track_caller]
    pub fn path(&self, template: &str) -> String {
        self.path_with(template, |_, id| id.unwrap_or(NOBODY).to_owned())
    }

    /// The same, where `choose` has the last word: it is given the path so far, as it is declared,
    /// and the id that stands there.
    #[track_caller]
    pub fn path_with(
        &self,
        template: &str,
        choose: impl Fn(&str, Option<&str>) -> String,
    ) -> String {
        let (mut path, mut place) = (String::new(), String::new());
        for step in template.split('/').skip(1) {
            place.push('/');
            place.push_str(step);
            path.push('/');
            if step.starts_with('{') {
                path.push_str(&choose(&place, self.at(&place)));
            } else {
                path.push_str(step);
            }
        }
        path
    }

    /// A body with ids in the place of `$name`.
    pub fn filled(&self, value: Value) -> Value {
        match value {
            Value::String(text) => match text.strip_prefix('$') {
                Some(name) if self.ids.contains_key(name) => json!(self.id(name)),
                _ => Value::String(text),
            },
            Value::Array(items) => items.into_iter().map(|it| self.filled(it)).collect(),
            Value::Object(members) => members
                .into_iter()
                .map(|(name, value)| (name, self.filled(value)))
                .collect(),
            other => other,
        }
    }
}

/// The path of one of a list as it is declared.
pub fn one_of(list: &str) -> Option<&'static str> {
    route::paths().into_iter().find(|path| {
        let below = path.strip_prefix(list).and_then(|it| it.strip_prefix("/{"));
        below.is_some_and(|it| it.ends_with('}') && !it.contains('/'))
    })
}

/// What every environment has: its name here, its list, and by which member it is known.
const GIVEN: &[(&str, &str, &str, &str)] = &[
    (
        "template",
        "/environments/{environment}/templates",
        "id",
        "strong_authentication",
    ),
    ("theme", "/environments/{environment}/themes", "default", ""),
    (
        "schema",
        "/environments/{environment}/schemas",
        "name",
        "User",
    ),
    (
        "keyRotationPolicy",
        "/environments/{environment}/keyRotationPolicies",
        "name",
        "",
    ),
    (
        "openid",
        "/environments/{environment}/resources",
        "type",
        "OPENID_CONNECT",
    ),
    (
        "api",
        "/environments/{environment}/resources",
        "type",
        "PINGONE_API",
    ),
    ("builtInRole", "/roles", "name", "Identity Data Read Only"),
];

/// What is made, in order: its name here, its list, its body.
#[expect(clippy::too_many_lines, reason = "a table")]
fn made() -> Vec<(&'static str, &'static str, Value)> {
    let application = |name: &str, type_: &str| {
        json!({ "name": name, "enabled": true, "type": type_, "protocol": "OPENID_CONNECT",
            "grantTypes": ["AUTHORIZATION_CODE"], "responseTypes": ["CODE"],
            "tokenEndpointAuthMethod": "CLIENT_SECRET_BASIC", "redirectUris": ["https://a.example/cb"] })
    };
    let provider = json!({ "name": "Ground", "enabled": true, "type": "OPENID_CONNECT",
        "clientId": "us", "clientSecret": "ours", "issuer": "https://op.example",
        "authorizationEndpoint": "https://op.example/authorize",
        "tokenEndpoint": "https://op.example/token", "jwksEndpoint": "https://op.example/jwks" });
    let key = |name: &str, usage: &str| {
        json!({ "name": name, "algorithm": "EC", "keyLength": 256, "usageType": usage,
            "signatureAlgorithm": "SHA256withECDSA", "subjectDN": "CN=Ground, C=US",
            "validityPeriod": 365 })
    };
    let revision = json!({ "contentType": "text/plain", "effectiveAt": "2020-01-01T00:00:00.000Z",
        "text": "Be kind." });
    let role = json!({ "role": { "id": "$builtInRole" },
        "scope": { "type": "ENVIRONMENT", "id": "$environment" } });
    let password_policy = json!({ "name": "Ground", "excludesCommonlyUsed": false,
        "excludesProfileData": false, "notSimilarToCurrent": false });
    let colors = [
        "bodyTextColor",
        "buttonColor",
        "buttonTextColor",
        "cardColor",
        "headingTextColor",
        "linkTextColor",
    ];
    let colors: serde_json::Map<_, _> = colors
        .iter()
        .map(|it| ((*it).to_owned(), json!("#123456")))
        .collect();
    let off = || json!({ "enabled": false });
    let mfa = json!({ "name": "Ground", "default": false, "sms": off(), "voice": off(), "email": off(), "mobile": off(), "totp": off() });
    let fido2 = json!({ "name": "Ground", "attestationRequirements": "NONE",
        "authenticatorAttachment": "BOTH", "discoverableCredentials": "PREFERRED",
        "backupEligibility": { "allow": true, "enforceDuringAuthentication": false },
        "deviceDisplayName": "Passkey", "mdsAuthenticatorsRequirements": { "option": "NONE" },
        "relyingPartyId": "ground.example",
        "userDisplayNameAttributes": { "attributes": [{ "name": "username" }] },
        "userVerification": { "option": "PREFERRED", "enforceDuringAuthentication": false } });
    let subscription = json!({ "name": "Ground", "enabled": false, "format": "ACTIVITY",
        "httpEndpoint": { "url": "https://hook.example" }, "verifyTlsCertificates": true,
        "filterOptions": { "includedActionTypes": ["USER.CREATED"] } });
    let rotation = json!({ "name": "Ground", "dn": "CN=Ground", "algorithm": "EC", "keyLength": 256,
        "signatureAlgorithm": "SHA256withECDSA", "usageType": "SIGNING" });
    vec![
        (
            "population",
            "/environments/{environment}/populations",
            json!({ "name": "Ground" }),
        ),
        (
            "group",
            "/environments/{environment}/groups",
            json!({ "name": "Ground", "population": { "id": "$population" } }),
        ),
        (
            "parent",
            "/environments/{environment}/groups",
            json!({ "name": "Above" }),
        ),
        (
            "otherGroup",
            "/environments/{environment}/groups",
            json!({ "name": "Other" }),
        ),
        (
            "user",
            "/environments/{environment}/users",
            json!({ "username": "ground", "email": "ground@client.example", "population": { "id": "$population" } }),
        ),
        (
            "otherUser",
            "/environments/{environment}/users",
            json!({ "username": "other", "population": { "id": "$population" } }),
        ),
        (
            "passwordPolicy",
            "/environments/{environment}/passwordPolicies",
            password_policy,
        ),
        (
            "resource",
            "/environments/{environment}/resources",
            json!({ "name": "https://ground.example" }),
        ),
        (
            "resourceScope",
            "/environments/{environment}/resources/{resource}/scopes",
            json!({ "name": "ground:read" }),
        ),
        (
            "otherResourceScope",
            "/environments/{environment}/resources/{resource}/scopes",
            json!({ "name": "ground:write" }),
        ),
        (
            "resourceAttribute",
            "/environments/{environment}/resources/{resource}/attributes",
            json!({ "name": "ground", "value": "x" }),
        ),
        (
            "openidScope",
            "/environments/{environment}/resources/{openid}/scopes",
            json!({ "name": "ground" }),
        ),
        (
            "openidAttribute",
            "/environments/{environment}/resources/{openid}/attributes",
            json!({ "name": "ground", "value": "${user.title}" }),
        ),
        (
            "issuanceKey",
            "/environments/{environment}/keys",
            key("Issuance", "ISSUANCE"),
        ),
        (
            "clientKey",
            "/environments/{environment}/keys",
            key("Client", "OUTBOUND_MTLS"),
        ),
        (
            "madeRotationPolicy",
            "/environments/{environment}/keyRotationPolicies",
            rotation,
        ),
        (
            "application",
            "/environments/{environment}/applications",
            application("Ground", "NATIVE_APP"),
        ),
        (
            "otherApplication",
            "/environments/{environment}/applications",
            application("Other", "WEB_APP"),
        ),
        (
            "samlApplication",
            "/environments/{environment}/applications",
            json!({ "name": "Partner", "enabled": true, "type": "WEB_APP", "protocol": "SAML",
                "acsUrls": ["https://a.example/acs"], "assertionDuration": 60, "spEntityId": "urn:a" }),
        ),
        (
            "signOnPolicy",
            "/environments/{environment}/signOnPolicies",
            json!({ "name": "Ground" }),
        ),
        (
            "action",
            "/environments/{environment}/signOnPolicies/{signOnPolicy}/actions",
            json!({ "type": "LOGIN", "priority": 1 }),
        ),
        (
            "grant",
            "/environments/{environment}/applications/{application}/grants",
            json!({ "resource": { "id": "$resource" }, "scopes": [{ "id": "$resourceScope" }] }),
        ),
        (
            "openidGrant",
            "/environments/{environment}/applications/{application}/grants",
            json!({ "resource": { "id": "$openid" }, "scopes": [{ "id": "$openidScope" }] }),
        ),
        (
            "applicationAttribute",
            "/environments/{environment}/applications/{application}/attributes",
            json!({ "name": "ground", "value": "x", "required": false }),
        ),
        (
            "policyAssignment",
            "/environments/{environment}/applications/{application}/signOnPolicyAssignments",
            json!({ "signOnPolicy": { "id": "$signOnPolicy" }, "priority": 1 }),
        ),
        (
            "applicationRole",
            "/environments/{environment}/applications/{application}/roleAssignments",
            role.clone(),
        ),
        (
            "userRole",
            "/environments/{environment}/users/{user}/roleAssignments",
            role.clone(),
        ),
        (
            "groupRole",
            "/environments/{environment}/groups/{group}/roleAssignments",
            role.clone(),
        ),
        (
            "gateway",
            "/environments/{environment}/gateways",
            json!({ "name": "Ground", "type": "PING_FEDERATE", "enabled": true }),
        ),
        (
            "otherGateway",
            "/environments/{environment}/gateways",
            json!({ "name": "Other", "type": "PING_INTELLIGENCE", "enabled": false }),
        ),
        (
            "credential",
            "/environments/{environment}/gateways/{gateway}/credentials",
            json!({}),
        ),
        (
            "gatewayRole",
            "/environments/{environment}/gateways/{gateway}/roleAssignments",
            role,
        ),
        (
            "nesting",
            "/environments/{environment}/groups/{group}/memberOfGroups",
            json!({ "id": "$parent" }),
        ),
        (
            "membership",
            "/environments/{environment}/users/{user}/memberOfGroups",
            json!({ "id": "$parent" }),
        ),
        (
            "role",
            "/environments/{environment}/roles",
            json!({ "name": "Ground", "applicableTo": ["ENVIRONMENT"], "permissions": [{ "id": "users:read" }] }),
        ),
        (
            "schemaAttribute",
            "/environments/{environment}/schemas/{schema}/attributes",
            json!({ "name": "ground", "type": "STRING", "enabled": true }),
        ),
        (
            "identityProvider",
            "/environments/{environment}/identityProviders",
            provider,
        ),
        (
            "providerAttribute",
            "/environments/{environment}/identityProviders/{identityProvider}/attributes",
            json!({ "name": "nickname", "value": "${providerAttributes.nick}" }),
        ),
        (
            "deviceAuthenticationPolicy",
            "/environments/{environment}/deviceAuthenticationPolicies",
            mfa,
        ),
        (
            "fido2Policy",
            "/environments/{environment}/fido2Policies",
            fido2,
        ),
        (
            "madeTheme",
            "/environments/{environment}/themes",
            json!({ "configuration": colors }),
        ),
        (
            "language",
            "/environments/{environment}/languages",
            json!({ "locale": "sv", "enabled": false }),
        ),
        (
            "agreement",
            "/environments/{environment}/agreements",
            json!({ "name": "Ground" }),
        ),
        (
            "agreementLanguage",
            "/environments/{environment}/agreements/{agreement}/languages",
            json!({ "locale": "en", "displayName": "English", "enabled": true }),
        ),
        (
            "revision",
            "/environments/{environment}/agreements/{agreement}/languages/{agreementLanguage}/revisions",
            revision,
        ),
        (
            "pushCredential",
            "/environments/{environment}/applications/{application}/pushCredentials",
            json!({ "type": "FCM", "key": "k" }),
        ),
        (
            "device",
            "/environments/{environment}/users/{user}/devices",
            json!({ "type": "EMAIL", "email": "ground@client.example" }),
        ),
        (
            "emailDomain",
            "/environments/{environment}/emailDomains",
            json!({ "domainName": "ground.example" }),
        ),
        (
            "trustedEmail",
            "/environments/{environment}/emailDomains/{emailDomain}/trustedEmails",
            json!({ "emailAddress": "no-reply@ground.example" }),
        ),
        (
            "notificationsPolicy",
            "/environments/{environment}/notificationsPolicies",
            json!({ "name": "Ground", "quotas": [] }),
        ),
        (
            "content",
            "/environments/{environment}/templates/{template}/contents",
            json!({ "locale": "en", "deliveryMethod": "SMS", "content": "Code ${otp}", "sender": "Ground" }),
        ),
        (
            "customDomain",
            "/environments/{environment}/customDomains",
            json!({ "domainName": "id.ground.example" }),
        ),
        (
            "subscription",
            "/environments/{environment}/subscriptions",
            subscription,
        ),
    ]
}
