//! Gateways, by what is at their other end.

use serde_json::json;

use super::super::sample::{Member, Sample, flag, like, number, parts, sample, text, word};

/// Numbers of PingOne have 32 bits and a sign.
const MOST: i64 = 2_147_483_647;

pub fn samples() -> Vec<Sample> {
    vec![
        any("PING_FEDERATE"),
        any("PING_INTELLIGENCE"),
        any("API_GATEWAY_INTEGRATION"),
        ldap(),
        radius(),
    ]
}

fn any(type_: &'static str) -> Sample {
    sample("/environments/{environment}/gateways")
        .kind(type_)
        .members([
            text("name", 1..=256).unique().required(),
            text("description", 0..=1_024),
            flag("enabled").required(),
            like("type", [json!(type_)])
                .fixed()
                .required()
                .not([json!("TELEPATHY")]),
        ])
        .read_only(&["credentials", "currentAlerts", "supportedVersions"])
}

/// A password, told to nobody.
fn password(name: &'static str) -> Member {
    like(name, [json!("s3cret"), json!("x".repeat(4_096))])
        .secret()
        .not([json!(7), json!(["x"])])
        .not_for("EMPTY_VALUE", json!(""))
        .not_for("SIZE_LIMIT_EXCEEDED", json!("x".repeat(4_097)))
}

fn ldap() -> Sample {
    let vendors = &[
        "PingDirectory",
        "Microsoft Active Directory",
        "Oracle Directory Server Enterprise Edition",
        "Oracle Unified Directory",
        "CA Directory",
        "OpenDJ Directory Server",
        "IBM (Tivoli) Security Directory Server",
        "LDAPv3-compliant Directory Server",
    ];
    let servers = [
        json!(["ds1.example.com:389"]),
        json!(["10.0.0.1:636", "[2001:db8::1]:65535"]),
    ];
    let kerberos = [
        text("serviceAccountUserPrincipalName", 1..=1_024).required(),
        password("serviceAccountPassword").target("serviceAccountPassword"),
        number("minutesToRetainPreviousCredentials", 0..=MOST),
    ];
    let lookup = json!({ "ldapFilterPattern": "(uid=${identifier})",
        "population": { "id": "$population" },
        "attributeMappings": [{ "name": "username", "value": "${ldapAttributes.uid}" }] });
    let least = json!({ "name": "People", "searchBaseDn": "ou=people,dc=example,dc=com",
        "passwordAuthority": "LDAP", "orderedCorrelationAttributes": ["entryUUID"] });
    let mut full = least.clone();
    full["name"] = json!("Staff");
    full["passwordAuthority"] = json!("PING_ONE");
    full["allowPasswordChanges"] = json!(true);
    full["updateUserOnSuccessfulAuthentication"] = json!(true);
    full["newUserLookup"] = lookup;
    let mut nowhere = full.clone();
    nowhere["passwordAuthority"] = json!("NOBODY");
    any("LDAP")
        .members([
            text("bindDN", 1..=1_024).required(),
            password("bindPassword").kept(None),
            word("connectionSecurity", &["None", "TLS", "StartTLS"]).or(json!("None")),
            flag("followReferrals").or(json!(false)),
            parts("kerberos", kerberos),
            like("serversHostAndPort", servers).required().not([
                json!(["ds1.example.com"]),
                json!(["ds1.example.com:0"]),
                json!(["ds1.example.com:+1"]),
                json!(["a b:389"]),
            ]),
            like(
                "userTypes",
                [json!([]), json!([least]), json!([full, least])],
            )
            .more(),
            flag("validateTlsCertificates").or(json!(true)),
            word("vendor", vendors).fixed().required(),
        ])
        .tidy(|body| {
            // Needed once.
            body.entry("bindPassword").or_insert(json!("given"));
        })
}

fn radius() -> Sample {
    let clients = [
        json!([{ "ip": "10.0.0.1", "sharedSecret": "s3cret" }]),
        json!([{ "ip": "10.0.0.1" }, { "ip": "2001:db8::1", "sharedSecret": "other",
            "blastRadiusMitigation": { "requireMsgAuth": true } }]),
    ];
    let server = [
        like("ip", [json!("10.1.1.1"), json!("2001:db8::2")])
            .required()
            .not([json!("nps.example.com")]),
        number("port", 1..=65_535).required(),
    ];
    any("RADIUS")
        .members([
            like("davinci", [json!({ "policy": { "id": "a".repeat(32) } })]).required(),
            like("defaultSharedSecret", [json!("s3cret")])
                .or_something()
                .not([json!(1)])
                .not_for("EMPTY_VALUE", json!("")),
            parts("networkPolicyServer", server),
            like("radiusClients", clients).required(),
        ])
        .tidy(|body| {
            // Needed where a client has none of its own.
            body.entry("defaultSharedSecret").or_insert(json!("given"));
        })
}
