//! `/v1/environments/{e}/applications` (`reference/platform.md` 3.2, `oidc.md` 20).

pub mod attributes;
pub mod flow_policy_assignments;
pub mod grants;
pub mod push_credentials;
pub mod secret;
pub mod sign_on_policy_assignments;

mod checks;
mod copied_roles;
mod partner;
mod shape;

use countersign_domain::application::push_credential::PushCredential;
use countersign_domain::application::{
    Application, ApplicationAttribute, ApplicationSecret, ApplicationType, Grant, Protocol,
    SignOnPolicyAssignment,
};
use countersign_domain::branding::ImageRef;
use countersign_domain::entity::{Entity, Stored};
use countersign_domain::group::Group;
use countersign_domain::ids::{ApplicationId, AttributeId, random_uuid};
use countersign_domain::key::{KeyRotationPolicy, KeyUsageType, SigningKey};
use countersign_domain::reference::Ref;
use countersign_domain::role::{RoleAssignment, RoleSubject};
use countersign_domain::store::{Batch, Entries, Key, Query};
use countersign_domain::vault::Sealed;
use secrecy::ExposeSecret;
use serde_json::{Value, json};

use super::{images, role_assignments};
use crate::defaults::new_secret;
use crate::misfit::Misfit;
use crate::refusal::{Failure, Outcome, Refusal, Refused};
use crate::v1::belongings::Belongings;
use crate::v1::body::{Number, Object};
use crate::v1::call::Call;
use crate::v1::hal::Links;
use crate::v1::noun::{self, Change, Noun};
use crate::v1::pointing;
use crate::v1::privilege;
use crate::v1::route::{Endpoint, Narrow, Resource};

const ALL: &str = "/environments/{environment}/applications";
const ONE: &str = "/environments/{environment}/applications/{application}";
const READ: &str = "applications:read";
/// Documents of one application that are deleted with it.
const MAX_OWNED: u32 = 1_000;

/// `/environments/{e}/applications`
pub const RESOURCE: Resource = Resource {
    name: "applications",
    endpoints: &[
        Endpoint::get(ALL, READ, noun::list::<Application>).narrow(Narrow::Application),
        Endpoint::post(ALL, "applications:create", noun::create::<Application>),
        Endpoint::get(ONE, READ, noun::read::<Application>).narrow(Narrow::Application),
        Endpoint::put(ONE, "applications:update", noun::replace::<Application>)
            .narrow(Narrow::Application),
        Endpoint::delete(ONE, "applications:delete", noun::remove::<Application>)
            .narrow(Narrow::Application),
    ],
};

/// What else a change concerns.
#[derive(Default)]
pub struct Facts {
    /// The secret of a new one, sealed.
    secret: Option<Sealed>,
    /// Id of a new one's core mapping.
    core: Option<AttributeId>,
    /// Roles that a new worker takes over from whoever makes it.
    roles: Vec<RoleAssignment>,
    /// Its icon, if it is not there.
    missing_icon: Option<Misfit>,
    /// Groups of its access control that do not exist.
    lost_groups: usize,
    /// Whether its key rotation policy does not exist.
    lost_policy: bool,
    /// What the key of its certificate login is for; `None`: no such key.
    issuing_key: Option<KeyUsageType>,
    /// What is wrong with it where it speaks SAML or WS-Federation.
    partner: Vec<Misfit>,
    /// What goes with it.
    owned: Belongings,
}

impl Noun for Application {
    const PLURAL: &'static str = "applications";
    const PARAMETER: &'static str = "application";
    const IS_SHOWN_FROM_CONFIGURATION: bool = true;
    const READ_ONLY: &'static [&'static str] = &["clientId", "clientSecret"];
    const FIXED: &'static [&'static str] = &["protocol", "type", "assignActorRoles"];
    const NUMBERS: &'static [Number] = checks::NUMBERS;
    type Facts = Facts;

    fn is_visible(&self, call: &Call<'_>) -> bool {
        call.reach.has_application(self.id)
    }

    fn arrive(_call: &Call<'_>, body: &mut Object) {
        // Source: `reference/platform.md` 3.2: absent is on, null is off.
        let name = "additionalRefreshTokenReplayProtectionEnabled";
        if body.get(name).is_some_and(Value::is_null) {
            body.insert(name.to_owned(), json!(false));
        }
    }

    fn prepare(call: &Call<'_>, body: &mut Object, before: Option<&Self>) -> Result<(), Refused> {
        shape::complete(call, body, before)
    }

    async fn gather<'a>(call: &'a Call<'a>, change: Change<'a, Self>) -> Outcome<Facts> {
        let mut facts = Facts::default();
        match change {
            Change::Create(after) => {
                refers(call, after, None, &mut facts).await?;
                let (entropy, id) = (&*call.cx.ports.entropy, after.id);
                if after.protocol == Protocol::OpenidConnect {
                    let key = Key::new(ApplicationSecret::KIND, call.env, id.to_string());
                    let secret = new_secret(entropy);
                    let plain = secret.expose_secret().as_bytes();
                    facts.secret = Some(call.cx.ports.vault.seal(&key, plain, entropy)?);
                }
                facts.core = Some(AttributeId::from_uuid(random_uuid(entropy)));
                facts.roles = copied_roles::of_actor(call, after);
            }
            Change::Replace { before, after } => {
                refers(call, after, Some(before), &mut facts).await?;
                if proves_otherwise(before, after) {
                    let subject = RoleSubject::Application(Ref::to(before.id));
                    privilege::over(call, subject).await?;
                }
            }
            Change::Remove(before) => {
                let subject = RoleSubject::Application(Ref::to(before.id));
                privilege::over(call, subject).await?;
                facts.owned = owned(call, before.id).await?;
                let scope = before.id.uuid();
                role_assignments::end_within(call, scope, &mut facts.owned).await?;
            }
        }
        Ok(facts)
    }

    fn judge(call: &Call<'_>, change: Change<'_, Self>, facts: Facts) -> Result<Batch, Failure> {
        let Some(after) = change.after() else {
            if change.before().is_some_and(|it| it.type_.is_system()) {
                let why = "a built-in application cannot be deleted";
                let misfit = Misfit::constraint("", why);
                return Err(Refusal::NotNow(None, vec![misfit]).because(why).into());
            }
            return Ok(facts.owned.go(Batch::new()));
        };
        checks::check(call, after, change.before().is_none(), &facts)?;
        let mut batch = Batch::new();
        if change.before().is_some() {
            return Ok(batch);
        }
        if let Some(secret) = facts.secret {
            let secret = ApplicationSecret {
                application: Ref::to(after.id),
                secret,
                previous: None,
            };
            batch = batch.create(call.env, &secret)?;
        }
        if let Some(core) = facts.core.and_then(|id| attributes::core(call, after, id)) {
            batch = batch.create(call.env, &core)?;
        }
        for role in &facts.roles {
            batch = batch.create(call.env, role)?;
        }
        Ok(batch)
    }

    async fn show<'a>(&'a self, call: &'a Call<'a>) -> Outcome<Object> {
        let mut object = shape::shown(self, noun::object_of(self)?);
        images::locate(call, &mut object, &["icon"]);
        if self.type_.is_system() {
            let own = || shape::built_in_icon(call);
            object.entry("icon").or_insert_with(own);
        }
        if call.asks_for("expand", "attributes") {
            let id = self.id.to_string();
            let index = ApplicationAttribute::BY_APPLICATION;
            let query = Query::equal(ApplicationAttribute::KIND, call.env, index, id, MAX_OWNED);
            let mut attributes = Vec::new();
            for doc in call.store().list(&query, call.now()).await?.docs {
                attributes.push(noun::object_of(&ApplicationAttribute::from_doc(&doc)?)?);
            }
            object.insert("_embedded".into(), json!({ "attributes": attributes }));
        }
        Ok(object)
    }

    fn link(&self, call: &Call<'_>, own: &str, links: &mut Links) {
        links.add("attributes", format!("{own}/attributes"));
        if self.protocol != Protocol::OpenidConnect {
            return;
        }
        links.add_below(&[
            ("signOnPolicyAssignments", "/signOnPolicyAssignments"),
            ("roleAssignments", "/roleAssignments"),
        ]);
        // Links lead to what is there.
        if !self.type_.is_system() {
            links.add_below(&[("secret", "/secret")]);
        }
        if self.type_ != ApplicationType::PingOneAdminConsole {
            links.add_below(&[("grants", "/grants")]);
        }
        // Source: `reference/oidc.md` 20.4. Decision: of an application that names no policy, the
        // environment's default one; what its metadata is no page says.
        if let Some(issuer) = call.cx.env.issuers.first() {
            let discovery = format!("{issuer}/.well-known/openid-configuration");
            links.add("metadata", discovery);
        }
        let policies = &call.cx.env.rotation_policies;
        let named = self.signing.as_ref().map(|it| it.key_rotation_policy.id);
        let default = || policies.iter().find(|it| it.default).map(|it| it.id);
        if let Some(policy) = named.or_else(default) {
            let path = call.fill("/environments/{environment}/keyRotationPolicies");
            links.add("keyRotationPolicy", call.url(&format!("{path}/{policy}")));
        }
    }

    /// Source: `reference/platform.md` 1.8: clients look at the beginning of the text.
    fn absent(_call: &Call<'_>, id: &str) -> Refused {
        let id: String = id.chars().take(64).collect();
        let message = format!("Unable to find Application with ID: '{id}'");
        Refusal::Absent(message.into()).because("no such application")
    }
}

/// Whether a change lets somebody else prove to be this application, or keeps it from doing so: who
/// decides how a worker proves itself can be that worker (`threats.md` 39).
fn proves_otherwise(before: &Application, after: &Application) -> bool {
    before.jwks != after.jwks
        || before.jwks_url != after.jwks_url
        || before.token_endpoint_auth_method != after.token_endpoint_auth_method
        || before.enabled != after.enabled
        || before.grant_types != after.grant_types
}

fn icon(application: &Application) -> [(&'static str, Option<&ImageRef>); 1] {
    [("icon.id", application.icon.as_ref())]
}

/// Looks up what it refers to.
async fn refers(
    call: &Call<'_>,
    after: &Application,
    before: Option<&Stored<Application>>,
    facts: &mut Facts,
) -> Outcome<()> {
    let missing = images::missing(call, Some(icon(after)), before.map(|it| icon(it))).await?;
    facts.missing_icon = missing.into_iter().next();
    let old = before.map(|it| &it.value);
    facts.partner = partner::unfit(call, after, old).await?;
    let access = after.access_control.as_ref();
    if let Some(group) = access.and_then(|it| it.group.as_ref()) {
        for group in group.groups.iter().take(checks::MOST_GROUPS) {
            let holds = pointing::holds::<Group, _>(call, old, group.id).await?;
            facts.lost_groups += usize::from(!holds);
        }
    }
    if let Some(signing) = &after.signing {
        let id = signing.key_rotation_policy.id;
        facts.lost_policy = call.load::<KeyRotationPolicy>(id).await?.is_none();
    }
    if let Some(kerberos) = &after.kerberos {
        let key = call.load::<SigningKey>(kerberos.key.id).await?;
        facts.issuing_key = key.map(|it| it.usage_type);
    }
    Ok(())
}

/// Its secret, grants, mappings, policies and roles.
async fn owned(call: &Call<'_>, id: ApplicationId) -> Outcome<Belongings> {
    let text = id.to_string();
    let mut owned = Belongings::default();
    owned.add([Key::new(ApplicationSecret::KIND, call.env, text.clone())]);
    let subject = RoleSubject::Application(Ref::to(id)).index_value();
    for (kind, index, value) in [
        (Grant::KIND, Grant::BY_APPLICATION, text.clone()),
        (
            ApplicationAttribute::KIND,
            ApplicationAttribute::BY_APPLICATION,
            text.clone(),
        ),
        (
            SignOnPolicyAssignment::KIND,
            SignOnPolicyAssignment::BY_APPLICATION,
            text.clone(),
        ),
        (PushCredential::KIND, PushCredential::BY_APPLICATION, text),
        (RoleAssignment::KIND, RoleAssignment::BY_SUBJECT, subject),
    ] {
        let entries = Entries::equal(kind, call.env, index, value);
        owned.take(call, entries, u32::MAX).await?;
    }
    Ok(owned)
}
