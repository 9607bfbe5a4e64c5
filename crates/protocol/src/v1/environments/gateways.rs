//! `/v1/environments/{e}/gateways` (`reference/platform.md` 4): stored, the secrets sealed. No
//! gateway connects here, and nobody is looked up through one.
//!
//! Members: PingOne's Go SDK, `Gateway`, `GatewayTypeLDAP`, `GatewayTypeRADIUS`.

mod checks;
pub mod credentials;
pub mod instances;
mod secrets;

use std::collections::BTreeSet;

use countersign_domain::entity::Entity;
use countersign_domain::gateway::{Gateway, GatewayCredential, GatewayType};
use countersign_domain::ids::PopulationId;
use countersign_domain::population::Population;
use countersign_domain::reference::Ref;
use countersign_domain::role::{RoleAssignment, RoleSubject};
use countersign_domain::store::{Batch, Key, Query};
use serde_json::{Value, json};

use crate::refusal::{Failure, Outcome, Refused};
use crate::v1::body::Object;
use crate::v1::call::Call;
use crate::v1::hal::Links;
use crate::v1::noun::{self, Change, Noun};
use crate::v1::route::{Endpoint, Resource};

const ALL: &str = "/environments/{environment}/gateways";
const ONE: &str = "/environments/{environment}/gateways/{gateway}";
const READ: &str = "gateways:read";
const UPDATE: &str = "gateways:update";

/// Credentials and roles that go with their gateway.
const MAX_OWNED: u32 = 1_000;

/// `/environments/{e}/gateways`
pub const RESOURCE: Resource = Resource {
    name: "gateways",
    endpoints: &[
        Endpoint::get(ALL, READ, noun::list::<Gateway>),
        Endpoint::post(ALL, "gateways:create", noun::create::<Gateway>),
        Endpoint::get(ONE, READ, noun::read::<Gateway>),
        Endpoint::put(ONE, UPDATE, noun::replace::<Gateway>),
        Endpoint::delete(ONE, "gateways:delete", noun::remove::<Gateway>),
    ],
};

/// Members that gateways of one type have.
const OF_LDAP: [&str; 9] = [
    "bindDN",
    "bindPassword",
    "connectionSecurity",
    "followReferrals",
    "kerberos",
    "serversHostAndPort",
    "userTypes",
    "validateTlsCertificates",
    "vendor",
];
const OF_RADIUS: [&str; 4] = [
    "davinci",
    "defaultSharedSecret",
    "networkPolicyServer",
    "radiusClients",
];

/// What else a change concerns.
pub struct Facts {
    /// Those of the populations it names that are there.
    populations: BTreeSet<PopulationId>,
    /// What goes with it.
    owned: Vec<Key>,
}

impl Noun for Gateway {
    const PLURAL: &'static str = "gateways";
    const PARAMETER: &'static str = "gateway";
    const READ_ONLY: &'static [&'static str] =
        &["credentials", "currentAlerts", "supportedVersions"];
    // Source: Ping's Terraform provider, which makes a gateway anew when one of them changes.
    const FIXED: &'static [&'static str] = &["type", "vendor"];
    const IS_CONFIGURATION: bool = false;
    type Facts = Facts;

    fn prepare(call: &Call<'_>, body: &mut Object, before: Option<&Self>) -> Result<(), Refused> {
        let type_ = body.get("type").cloned().unwrap_or_default();
        let Ok(type_) = serde_json::from_value::<GatewayType>(type_) else {
            // Told when the body is read.
            return Ok(());
        };
        body.retain(|name, _| {
            let name = name.as_str();
            match type_ {
                GatewayType::Ldap => !OF_RADIUS.contains(&name),
                GatewayType::Radius => !OF_LDAP.contains(&name),
                GatewayType::PingFederate
                | GatewayType::PingIntelligence
                | GatewayType::ApiGatewayIntegration => {
                    !OF_LDAP.contains(&name) && !OF_RADIUS.contains(&name)
                }
            }
        });
        if type_ == GatewayType::Ldap {
            for (name, default) in [
                ("connectionSecurity", json!("None")),
                ("followReferrals", json!(false)),
                ("validateTlsCertificates", json!(true)),
            ] {
                body.entry(name).or_insert(default);
            }
            name_user_types(call, body, before);
        }
        secrets::seal(call, body, before)
    }

    async fn gather<'a>(call: &'a Call<'a>, change: Change<'a, Self>) -> Outcome<Facts> {
        let mut facts = Facts {
            populations: BTreeSet::new(),
            owned: Vec::new(),
        };
        match change.after() {
            Some(after) => {
                for id in checks::populations(after) {
                    if call.load::<Population>(id).await?.is_some() {
                        facts.populations.insert(id);
                    }
                }
            }
            None => facts.owned = owned(call, change.before().map(|it| &it.value)).await?,
        }
        Ok(facts)
    }

    fn judge(_: &Call<'_>, change: Change<'_, Self>, facts: Facts) -> Result<Batch, Failure> {
        let Some(after) = change.after() else {
            return Ok(facts.owned.into_iter().fold(Batch::new(), Batch::delete));
        };
        checks::check(after, &facts.populations)?;
        Ok(Batch::new())
    }

    async fn show<'a>(&'a self, call: &'a Call<'a>) -> Outcome<Object> {
        let mut object = noun::object_of(self)?;
        secrets::show(call, self, &mut object)?;
        let credentials = credentials::of(call, self.id).await?;
        if !credentials.is_empty() {
            let credentials = credentials
                .iter()
                .map(|it| json!({ "id": it.id, "createdAt": it.created_at }));
            object.insert("credentials".into(), credentials.collect());
        }
        Ok(object)
    }

    fn link(&self, _call: &Call<'_>, own: &str, links: &mut Links) {
        for name in ["credentials", "instances", "roleAssignments"] {
            links.add(name, format!("{own}/{name}"));
        }
    }
}

/// Gives each user type its id: the one it has already, told by id or else by name.
fn name_user_types(call: &Call<'_>, body: &mut Object, before: Option<&Gateway>) {
    let given = body.get_mut("userTypes").and_then(Value::as_array_mut);
    let known = before
        .and_then(|it| it.user_types.as_deref())
        .unwrap_or_default();
    for user_type in given.into_iter().flatten().filter_map(Value::as_object_mut) {
        let text = |name: &str| {
            user_type
                .get(name)
                .and_then(Value::as_str)
                .unwrap_or_default()
        };
        let by_id = known.iter().find(|it| it.id.to_string() == text("id"));
        let former = by_id.or_else(|| known.iter().find(|it| it.name == text("name")));
        let id = former.map(|it| it.id);
        let id =
            id.unwrap_or_else(|| countersign_domain::ids::random_uuid(&*call.cx.ports.entropy));
        user_type.insert("id".into(), json!(id));
    }
}

/// Its credentials and roles.
async fn owned(call: &Call<'_>, gateway: Option<&Gateway>) -> Outcome<Vec<Key>> {
    let Some(gateway) = gateway else {
        return Ok(Vec::new());
    };
    let subject = RoleSubject::Gateway(Ref::to(gateway.id)).index_value();
    let mut owned = Vec::new();
    for (kind, index, value) in [
        (
            GatewayCredential::KIND,
            GatewayCredential::BY_GATEWAY,
            gateway.id.to_string(),
        ),
        (RoleAssignment::KIND, RoleAssignment::BY_SUBJECT, subject),
    ] {
        let query = Query::equal(kind, call.env, index, value, MAX_OWNED);
        let page = call.store().list(&query, call.now()).await?;
        owned.extend(page.docs.into_iter().map(|doc| doc.key));
    }
    Ok(owned)
}
