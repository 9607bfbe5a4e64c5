//! `/v1/environments/{e}/identityProviders` (`reference/platform.md` 4).

pub mod attributes;

use countersign_domain::branding::ImageRef;
use countersign_domain::entity::{Entity, Stored, kinds};
use countersign_domain::identity_provider::{
    AttributeUpdate, IdentityProvider, IdentityProviderAttribute, IdentityProviderSecret,
    LinkedAccount, ProviderAuthMethod, ProviderMappingType, ProviderType,
};
use countersign_domain::ids::{IdentityProviderId, ProviderAttributeId, derived_uuid};
use countersign_domain::policy::sign_on::{ActionStep, SignOnAction};
use countersign_domain::population::Population;
use countersign_domain::reference::Ref;
use countersign_domain::store::{Batch, Key, Query};
use countersign_domain::vault::Sealed;
use serde_json::json;
use url::Url;

use super::images;
use crate::jose::remote::is_safe;
use crate::misfit::{Hint, Misfit};
use crate::refusal::{Failure, Outcome, Refusal, Refused};
use crate::v1::body::{self, Check, Object};
use crate::v1::call::Call;
use crate::v1::hal::Links;
use crate::v1::noun::{self, Change, Noun};
use crate::v1::pointing;
use crate::v1::privilege;
use crate::v1::route::{Endpoint, Resource};

const ALL: &str = "/environments/{environment}/identityProviders";
const ONE: &str = "/environments/{environment}/identityProviders/{identityProvider}";
const READ: &str = "identityProviders:read";
const UPDATE: &str = "identityProviders:update";

/// What PingOne calls the secret, by type of provider.
const SECRETS: [&str; 3] = ["clientSecret", "appSecret", "clientSecretSigningKey"];
const MAX_SECRET: usize = 4_096;
/// Linked accounts that go with their provider. What is left of more leads nowhere.
const MAX_LINKS: u32 = 1_000;

/// `/environments/{e}/identityProviders`
pub const RESOURCE: Resource = Resource {
    name: "identityProviders",
    endpoints: &[
        Endpoint::get(ALL, READ, noun::list::<IdentityProvider>),
        Endpoint::post(
            ALL,
            "identityProviders:create",
            noun::create::<IdentityProvider>,
        ),
        Endpoint::get(ONE, READ, noun::read::<IdentityProvider>),
        Endpoint::put(ONE, UPDATE, noun::replace::<IdentityProvider>),
        Endpoint::delete(
            ONE,
            "identityProviders:delete",
            noun::remove::<IdentityProvider>,
        ),
    ],
};

/// How SAML messages travel.
const BINDINGS: [&str; 2] = ["HTTP_POST", "HTTP_REDIRECT"];

/// What else a change concerns.
pub struct Facts {
    /// The secret of the body, sealed.
    secret: Option<Sealed>,
    before: Option<Stored<IdentityProviderSecret>>,
    has_population: bool,
    /// Pictures that are not there.
    missing: Vec<Misfit>,
    /// Actions of sign-on policies that lead to it.
    leading: Vec<Stored<SignOnAction>>,
    /// What goes with it.
    owned: Vec<Key>,
}

impl Noun for IdentityProvider {
    const PLURAL: &'static str = "identityProviders";
    const PARAMETER: &'static str = "identityProvider";
    const FIXED: &'static [&'static str] = &["type"];
    type Facts = Facts;

    async fn gather<'a>(call: &'a Call<'a>, change: Change<'a, Self>) -> Outcome<Facts> {
        let after = change.after();
        let before = change.before().map(|it| &it.value);
        let mut facts = Facts {
            secret: None,
            before: None,
            has_population: true,
            missing: Vec::new(),
            leading: Vec::new(),
            owned: Vec::new(),
        };
        let Some(id) = after.or(before).map(|it| it.id) else {
            return Ok(facts);
        };
        if let (Some(before), Some(after)) = (before, after)
            && asks_another(before, after)
        {
            // Whoever is linked there is whom the provider says they are.
            privilege::over_everybody(call).await?;
        }
        facts.before = call.load::<IdentityProviderSecret>(id).await?;
        if let Some(population) = after.and_then(Self::authoritative_population) {
            facts.has_population =
                pointing::holds::<Population, _>(call, before, population).await?;
        }
        if after.is_some() {
            facts.missing =
                images::missing(call, after.map(pictures), before.map(pictures)).await?;
            facts.secret = secret(call, id)?;
        } else {
            facts.leading = noun::all::<SignOnAction>(call).await?;
            facts.leading.retain(|it| leads_to(it, id));
            facts.owned = owned(call, id).await?;
        }
        Ok(facts)
    }

    fn judge(
        call: &Call<'_>,
        change: Change<'_, Self>,
        mut facts: Facts,
    ) -> Result<Batch, Failure> {
        let Some(after) = change.after() else {
            let id = change.before().map(|it| it.id);
            let mut batch = facts.owned.into_iter().fold(Batch::new(), Batch::delete);
            for action in facts.leading {
                let Some(rest) = id.and_then(|id| without(&action.value, id)) else {
                    let why = "a sign-on policy leads to the identity provider";
                    let misfit = Misfit::constraint("", why);
                    return Err(Refusal::InUse(vec![misfit]).because(why).into());
                };
                batch = batch.update(call.env, &rest, action.version)?;
            }
            return Ok(batch);
        };
        check(after, &mut facts)?;
        let mut batch = Batch::new();
        if let Some(secret) = facts.secret {
            let secret = IdentityProviderSecret {
                identity_provider: Ref::to(after.id),
                secret,
            };
            batch = match facts.before {
                Some(before) => batch.update(call.env, &secret, before.version)?,
                None => batch.create(call.env, &secret)?,
            };
        }
        if let Change::Create(_) = change {
            batch = batch.create(call.env, &core(call, after))?;
        }
        Ok(batch)
    }

    /// The secret is shown to whoever could change where it goes, as PingOne shows it.
    async fn show<'a>(&'a self, call: &'a Call<'a>) -> Outcome<Object> {
        let mut object = noun::object_of(self)?;
        images::locate(call, &mut object, &["icon", "loginButtonIcon"]);
        let reach = call.actor.reach(UPDATE, &call.cx.env.environment);
        if reach.is_nowhere() {
            return Ok(object);
        }
        if let Some(stored) = call.load::<IdentityProviderSecret>(self.id).await? {
            let vault = &call.cx.ports.vault;
            let plain = vault.open(&stored.key(call.env), &stored.secret)?;
            let text = std::str::from_utf8(&plain).unwrap_or_default();
            object.insert(name_of_secret(self.type_).into(), json!(text));
        }
        Ok(object)
    }

    fn link(&self, _call: &Call<'_>, own: &str, links: &mut Links) {
        links.add("attributes", format!("{own}/attributes"));
    }
}

/// Whether somebody else may be asked after a change, or asked about something else. A secret alone
/// leads nowhere else.
fn asks_another(before: &IdentityProvider, after: &IdentityProvider) -> bool {
    let harmless = IdentityProvider {
        name: before.name.clone(),
        description: before.description.clone(),
        enabled: before.enabled,
        icon: before.icon.clone(),
        login_button_icon: before.login_button_icon.clone(),
        registration: before.registration.clone(),
        updated_at: before.updated_at,
        ..after.clone()
    };
    harmless != *before
}

const fn name_of_secret(type_: ProviderType) -> &'static str {
    match type_ {
        ProviderType::Facebook => "appSecret",
        ProviderType::Apple => "clientSecretSigningKey",
        ProviderType::OpenidConnect
        | ProviderType::Saml
        | ProviderType::Google
        | ProviderType::Linkedin
        | ProviderType::LinkedinOidc
        | ProviderType::Twitter
        | ProviderType::Amazon
        | ProviderType::Yahoo
        | ProviderType::Microsoft
        | ProviderType::Paypal
        | ProviderType::Github => "clientSecret",
    }
}

/// The secret of the body, sealed for the document that keeps it.
fn secret(call: &Call<'_>, id: IdentityProviderId) -> Outcome<Option<Sealed>> {
    let given = body::object(call.body)?;
    let found = SECRETS
        .iter()
        .find_map(|name| Some((*name, given.get(*name)?)));
    let Some((name, value)) = found.filter(|(_, value)| !value.is_null()) else {
        return Ok(None);
    };
    let text = value
        .as_str()
        .filter(|text| !text.is_empty() && text.len() <= MAX_SECRET);
    let Some(text) = text else {
        let why = "must be a text of 1 to 4096 bytes";
        return Err(Refusal::Unfit(vec![Misfit::invalid(name, why)])
            .because(why)
            .into());
    };
    let owner = Key::new(IdentityProviderSecret::KIND, call.env, id.to_string());
    let ports = &call.cx.ports;
    Ok(Some(ports.vault.seal(
        &owner,
        text.as_bytes(),
        &*ports.entropy,
    )?))
}

fn leads_to(action: &SignOnAction, id: IdentityProviderId) -> bool {
    match &action.step {
        ActionStep::Login(login) => login.social_providers.iter().any(|it| it.id == id),
        ActionStep::IdentifierFirst {
            login,
            discovery_rules,
        } => {
            login.social_providers.iter().any(|it| it.id == id)
                || discovery_rules
                    .iter()
                    .any(|it| it.identity_provider.id == id)
        }
        ActionStep::IdentityProvider {
            identity_provider, ..
        } => identity_provider.id == id,
        ActionStep::MultiFactorAuthentication { .. }
        | ActionStep::Agreement { .. }
        | ActionStep::ProgressiveProfiling { .. } => false,
    }
}

/// An action that no longer leads to a provider. `None`: without it there would be no action.
///
/// Compat: Ping's Terraform provider deletes what a login offers before it changes the login.
fn without(action: &SignOnAction, id: IdentityProviderId) -> Option<SignOnAction> {
    let mut rest = action.clone();
    match &mut rest.step {
        ActionStep::Login(login) => login.social_providers.retain(|it| it.id != id),
        ActionStep::IdentifierFirst {
            login,
            discovery_rules,
        } => {
            login.social_providers.retain(|it| it.id != id);
            discovery_rules.retain(|it| it.identity_provider.id != id);
        }
        ActionStep::IdentityProvider { .. } => return None,
        ActionStep::MultiFactorAuthentication { .. }
        | ActionStep::Agreement { .. }
        | ActionStep::ProgressiveProfiling { .. } => {}
    }
    Some(rest)
}

/// Its secret, its mappings, and the accounts that people have there.
async fn owned(call: &Call<'_>, id: IdentityProviderId) -> Outcome<Vec<Key>> {
    let text = id.to_string();
    let mut owned = vec![Key::new(
        IdentityProviderSecret::KIND,
        call.env,
        text.clone(),
    )];
    for (kind, index) in [
        (
            IdentityProviderAttribute::KIND,
            IdentityProviderAttribute::BY_PROVIDER,
        ),
        (LinkedAccount::KIND, LinkedAccount::BY_PROVIDER),
    ] {
        let query = Query::equal(kind, call.env, index, text.clone(), MAX_LINKS);
        let page = call.store().list(&query, call.now()).await?;
        owned.extend(page.docs.into_iter().map(|doc| doc.key));
    }
    Ok(owned)
}

/// The mapping that every provider begins with.
fn core(call: &Call<'_>, provider: &IdentityProvider) -> IdentityProviderAttribute {
    let kind = kinds::IDENTITY_PROVIDER_ATTRIBUTE;
    let id = derived_uuid(call.env, kind, &format!("{}/username", provider.id));
    IdentityProviderAttribute {
        id: ProviderAttributeId::from_uuid(id),
        identity_provider: Ref::to(provider.id),
        name: "username".to_owned(),
        value: "${providerAttributes.sub}".to_owned(),
        update: AttributeUpdate::EmptyOnly,
        mapping_type: ProviderMappingType::Core,
        created_at: call.now(),
        updated_at: call.now(),
    }
}

fn pictures(provider: &IdentityProvider) -> [(&'static str, Option<&ImageRef>); 2] {
    [
        ("icon.id", provider.icon.as_ref()),
        ("loginButtonIcon.id", provider.login_button_icon.as_ref()),
    ]
}

fn check(after: &IdentityProvider, facts: &mut Facts) -> Result<(), Refused> {
    let mut check = Check::new();
    for misfit in facts.missing.drain(..) {
        check.note(misfit);
    }
    check.length("name", &after.name, 1, 256);
    check.length_of("description", after.description.as_ref(), 0, 1_024);
    check.expect(facts.has_population, || {
        Misfit::invalid("registration.population.id", "no population has this id")
    });
    for (target, text) in [
        ("appId", &after.app_id),
        ("keyId", &after.key_id),
        ("teamId", &after.team_id),
        ("clientEnvironment", &after.client_environment),
        ("tenantId", &after.tenant_id),
        ("idpEntityId", &after.idp_entity_id),
        ("spEntityId", &after.sp_entity_id),
        ("ssoEndpoint", &after.sso_endpoint),
        ("sloEndpoint", &after.slo_endpoint),
        ("sloResponseEndpoint", &after.slo_response_endpoint),
    ] {
        check.length_of(target, text.as_ref(), 1, 1_024);
    }
    for (target, binding) in [
        ("ssoBinding", &after.sso_binding),
        ("sloBinding", &after.slo_binding),
    ] {
        let is_known = |it: &String| BINDINGS.contains(&it.as_str());
        check.expect(binding.as_ref().is_none_or(is_known), || {
            let message = format!("must be one of: {}", BINDINGS.join(", "));
            let words = BINDINGS.map(str::to_owned).to_vec();
            Misfit::invalid(target, message).hinting(Hint::Values(words))
        });
    }
    if after.type_ == ProviderType::OpenidConnect {
        check_openid(&mut check, after, facts);
    }
    check.finish()
}

/// What an OpenID provider needs, and that nothing is sent in the clear.
fn check_openid(check: &mut Check, after: &IdentityProvider, facts: &Facts) {
    for (target, value, is_needed) in [
        ("clientId", &after.client_id, true),
        ("issuer", &after.issuer, true),
        ("authorizationEndpoint", &after.authorization_endpoint, true),
        ("tokenEndpoint", &after.token_endpoint, true),
        ("jwksEndpoint", &after.jwks_endpoint, true),
        ("userInfoEndpoint", &after.user_info_endpoint, false),
        ("discoveryEndpoint", &after.discovery_endpoint, false),
    ] {
        match value {
            None => check.expect(!is_needed, || Misfit::required(target)),
            Some(text) if target == "clientId" => check.length(target, text, 1, 1_024),
            Some(text) => {
                let is_good = text.len() <= 2_048 && Url::parse(text).is_ok_and(|it| is_safe(&it));
                check.expect(is_good, || Misfit::invalid(target, "must be an https URL"));
            }
        }
    }
    let is_public = after.token_endpoint_auth_method == Some(ProviderAuthMethod::None);
    let has_secret = facts.secret.is_some() || facts.before.is_some();
    check.expect(is_public || has_secret, || Misfit::required("clientSecret"));
    let scopes = after.scopes.as_deref().unwrap_or_default();
    let is_scope = |it: &String| !it.is_empty() && !it.contains(|it: char| it.is_whitespace());
    check.expect(scopes.len() <= 100 && scopes.iter().all(is_scope), || {
        Misfit::invalid("scopes", "must be at most 100 names without spaces")
    });
}
