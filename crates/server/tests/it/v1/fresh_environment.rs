//! What a new environment has in it, all at once (`reference/platform.md` 2).

use std::fmt::Write as _;

use countersign_testkit::{TestServer, on_every_adapter};
use serde_json::{Value, json};

use super::{Api, admin, text};

/// One line for each thing, with the members that clients look at.
async fn contents(api: &Api, environment: &str) -> String {
    let mut said = String::new();
    let lists: &[(&str, &[&str])] = &[
        (
            "populations",
            &["name", "description", "default", "preferredLanguage"],
        ),
        ("users", &["username"]),
        ("groups", &["name"]),
        (
            "applications",
            &[
                "name",
                "type",
                "protocol",
                "enabled",
                "pkceEnforcement",
                "tokenEndpointAuthMethod",
            ],
        ),
        ("resources", &["name", "type"]),
        ("signOnPolicies", &["name", "default"]),
        (
            "passwordPolicies",
            &[
                "name",
                "default",
                "length",
                "minComplexity",
                "maxAgeDays",
                "minAgeDays",
                "minCharacters",
                "history",
                "lockout",
                "excludesCommonlyUsed",
                "excludesProfileData",
                "notSimilarToCurrent",
                "maxRepeatedCharacters",
                "minUniqueCharacters",
            ],
        ),
        (
            "keys",
            &[
                "usageType",
                "default",
                "algorithm",
                "keyLength",
                "signatureAlgorithm",
                "validityPeriod",
            ],
        ),
        (
            "deviceAuthenticationPolicies",
            &["default", "newDeviceNotification"],
        ),
        ("fido2Policies", &["default"]),
        ("themes", &["default"]),
        ("schemas", &["name"]),
        ("identityProviders", &["name"]),
        ("agreements", &["name"]),
        ("subscriptions", &["name"]),
        ("certificates", &["name"]),
    ];
    for (plural, members) in lists {
        let list = api
            .get(&format!("{environment}/{plural}"))
            .await
            .expect_status(200)
            .json();
        let items = list["_embedded"][plural].as_array().unwrap();
        let mut lines: Vec<String> = items.iter().map(|it| line(it, members)).collect();
        lines.sort();
        writeln!(said, "{plural}").unwrap();
        for line in lines {
            writeln!(said, "  {line}").unwrap();
        }
    }
    said
}

fn line(item: &Value, members: &[&str]) -> String {
    let shown = members.iter().filter_map(|name| {
        let value = item.get(*name)?;
        Some(format!("{name}={value}"))
    });
    shown.collect::<Vec<_>>().join(" ")
}

const CONTENTS: &str = r#"populations
  name="Default" description="Automatically created population." default=true preferredLanguage="en"
users
groups
applications
  name="PingOne Admin Console" type="PING_ONE_ADMIN_CONSOLE" protocol="OPENID_CONNECT" enabled=true pkceEnforcement="OPTIONAL" tokenEndpointAuthMethod="NONE"
  name="PingOne Application Portal" type="PING_ONE_PORTAL" protocol="OPENID_CONNECT" enabled=true pkceEnforcement="OPTIONAL" tokenEndpointAuthMethod="NONE"
  name="PingOne Self-Service - MyAccount" type="PING_ONE_SELF_SERVICE" protocol="OPENID_CONNECT" enabled=true pkceEnforcement="OPTIONAL" tokenEndpointAuthMethod="NONE"
resources
  name="PingOne API" type="PINGONE_API"
  name="openid" type="OPENID_CONNECT"
signOnPolicies
  name="Multi_Factor" default=false
  name="Single_Factor" default=true
passwordPolicies
  name="Basic" default=false length={"max":255,"min":8} minCharacters={"0123456789":1,"ABCDEFGHIJKLMNOPQRSTUVWXYZ":1,"abcdefghijklmnopqrstuvwxyz":1,"~!@#$%^&*()-_=+[]{}|;:,.<>/?":1} lockout={"durationSeconds":900,"failureCount":5} excludesCommonlyUsed=true excludesProfileData=false notSimilarToCurrent=false
  name="Passphrase" default=false minComplexity=7 maxAgeDays=182 minAgeDays=1 history={"count":6,"retentionDays":365} lockout={"durationSeconds":900,"failureCount":5} excludesCommonlyUsed=true excludesProfileData=true notSimilarToCurrent=true
  name="Standard" default=true length={"max":255,"min":8} maxAgeDays=182 minAgeDays=1 minCharacters={"0123456789":1,"ABCDEFGHIJKLMNOPQRSTUVWXYZ":1,"abcdefghijklmnopqrstuvwxyz":1,"~!@#$%^&*()-_=+[]{}|;:,.<>/?":1} history={"count":6,"retentionDays":365} lockout={"durationSeconds":900,"failureCount":5} excludesCommonlyUsed=true excludesProfileData=true notSimilarToCurrent=true maxRepeatedCharacters=2 minUniqueCharacters=5
keys
  usageType="SIGNING" default=false algorithm="RSA" keyLength=2048 signatureAlgorithm="SHA256withRSA" validityPeriod=365
  usageType="SIGNING" default=true algorithm="RSA" keyLength=2048 signatureAlgorithm="SHA256withRSA" validityPeriod=365
deviceAuthenticationPolicies
  default=true newDeviceNotification="EMAIL_THEN_SMS"
fido2Policies
  default=true
themes
  default=true
schemas
  name="User"
identityProviders
agreements
subscriptions
certificates
"#;

on_every_adapter! {
    async fn a_new_environment_has_what_pingones_have(server: TestServer) {
        let api = admin(&server).await;
        let body = json!({ "name": "Fresh", "type": "SANDBOX", "region": "NA" });
        let made = Api::created(api.post("/environments", body).await);
        let environment = format!("/environments/{}", text(&made, "/id"));
        let found = contents(&api, &environment).await;
        assert_eq!(found, CONTENTS, "{found}");
    }

    async fn what_a_new_environment_speaks_and_asks(server: TestServer) {
        let api = admin(&server).await;
        let body = json!({ "name": "Fresh", "type": "SANDBOX", "region": "NA",
            "billOfMaterials": { "products": [{ "type": "PING_ONE_BASE" }] } });
        let made = Api::created(api.post("/environments", body).await);
        let environment = format!("/environments/{}", text(&made, "/id"));
        let items = async |path: String, plural: &str| {
            let list = api.get(&path).await.expect_status(200).json();
            list["_embedded"][plural].as_array().unwrap().clone()
        };
        let names = |items: &[Value]| {
            let mut names: Vec<String> = items.iter().map(|it| text(it, "/name")).collect();
            names.sort();
            names
        };
        // Resources: what the built-in ones show, and their scopes and claims.
        let resources = items(format!("{environment}/resources"), "resources").await;
        let of_type = |type_: &str| resources.iter().find(|it| it["type"] == type_).unwrap().clone();
        let (openid, api_resource) = (of_type("OPENID_CONNECT"), of_type("PINGONE_API"));
        for absent in ["audience", "accessTokenValiditySeconds", "introspectEndpointAuthMethod"] {
            assert_eq!(openid.get(absent), None, "{openid}");
        }
        assert!(openid["description"].is_string(), "{openid}");
        assert!(api_resource["audience"].is_string(), "{api_resource}");
        let below = |resource: &Value, what: &str| format!("{environment}/resources/{}/{what}", text(resource, "/id"));
        let scopes = items(below(&openid, "scopes"), "scopes").await;
        assert_eq!(names(&scopes), ["address", "email", "openid", "phone", "profile"]);
        let scopes = names(&items(below(&api_resource, "scopes"), "scopes").await);
        for scope in [
            "p1:read:user", "p1:update:user", "p1:update:userMfaEnabled", "p1:create:device",
            "p1:read:device", "p1:update:device", "p1:delete:device", "p1:read:userPassword",
            "p1:reset:userPassword", "p1:validate:userPassword", "p1:read:userLinkedAccounts",
            "p1:delete:userLinkedAccounts", "p1:read:sessions", "p1:create:pairingKey",
        ] {
            assert!(scopes.iter().any(|it| it == scope), "{scope} not in {scopes:?}");
        }
        let claims = items(below(&openid, "attributes"), "attributes").await;
        let claims: Vec<(String, String)> = claims
            .iter()
            .filter(|it| it["type"] == "PREDEFINED")
            .map(|it| (text(it, "/name"), it["value"].as_str().unwrap_or_default().to_owned()))
            .collect();
        let mut expected = CLAIMS.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec();
        let mut found = claims;
        expected.sort();
        found.sort();
        assert_eq!(found, expected);
        // Policies: what they ask, in which order.
        let policies = items(format!("{environment}/signOnPolicies"), "signOnPolicies").await;
        for (name, expected) in [
            ("Single_Factor", vec!["LOGIN"]),
            ("Multi_Factor", vec!["LOGIN", "MULTI_FACTOR_AUTHENTICATION"]),
        ] {
            let policy = policies.iter().find(|it| it["name"] == name).unwrap();
            let path = format!("{environment}/signOnPolicies/{}/actions", text(policy, "/id"));
            let mut actions = items(path, "actions").await;
            actions.sort_by_key(|it| it["priority"].as_i64());
            let types: Vec<&str> = actions.iter().filter_map(|it| it["type"].as_str()).collect();
            assert_eq!(types, expected);
        }
        let settings = api.get(&format!("{environment}/mfaSettings")).await.expect_status(200).json();
        assert_eq!(settings["pairing"]["maxAllowedDevices"], 5);
        let bill = api.get(&format!("{environment}/billOfMaterials")).await.expect_status(200).json();
        let products = bill["products"].as_array().unwrap();
        assert_eq!((products.len(), &products[0]["type"]), (1, &json!("PING_ONE_BASE")));
        let populations = items(format!("{environment}/populations"), "populations").await;
        assert!(populations[0]["theme"]["id"].is_string());
        let console = items(format!("{environment}/applications"), "applications").await;
        let console = console.iter().find(|it| it["type"] == "PING_ONE_ADMIN_CONSOLE").unwrap();
        assert_eq!(console["accessControl"]["role"]["type"], "ADMIN_USERS_ONLY");
    }
}

/// Source: `reference/platform.md` 3.4.
const CLAIMS: [(&str, &str); 24] = [
    ("address.country", "${user.address.countryCode}"),
    ("address.formatted", ""),
    ("address.locality", "${user.address.locality}"),
    ("address.postal_code", "${user.address.postalCode}"),
    ("address.region", "${user.address.region}"),
    ("address.street_address", "${user.address.streetAddress}"),
    ("birthdate", ""),
    ("email", "${user.email}"),
    ("email_verified", ""),
    ("family_name", "${user.name.family}"),
    ("gender", ""),
    ("given_name", "${user.name.given}"),
    ("locale", "${user.locale}"),
    ("middle_name", "${user.name.middle}"),
    ("name", "${user.name.formatted}"),
    ("nickname", "${user.nickname}"),
    ("phone_number", "${user.primaryPhone}"),
    ("phone_number_verified", ""),
    ("picture", "${user.photo.href}"),
    ("preferred_username", "${user.username}"),
    ("profile", ""),
    ("updated_at", "${#datetime.toUnixTimestamp(user.updatedAt)}"),
    ("website", ""),
    ("zoneinfo", "${user.timezone}"),
];
