//! `/v1/environments/{e}/resources/{r}/scopes` (`reference/platform.md` 3.5, `oidc.md` 19.2, 19.3).

use std::collections::BTreeSet;

use countersign_domain::application::{ApplicationAttribute, Grant};
use countersign_domain::entity::{Entity, Stored};
use countersign_domain::ids::ScopeId;
use countersign_domain::resource::{
    Resource as ApiResource, ResourceAttribute, ResourceAttributeType, ResourceType, Scope,
};
use countersign_domain::store::{Batch, IndexName, Precondition};
use serde_json::{Value, json};

use crate::defaults::is_predefined_scope;
use crate::misfit::{Fit, Misfit};
use crate::refusal::{Failure, Outcome, Refusal, Refused};
use crate::v1::body::{Check, Object};
use crate::v1::call::Call;
use crate::v1::noun::{self, Change, Noun, Parent};
use crate::v1::route::{Endpoint, Resource};

const ALL: &str = "/environments/{environment}/resources/{resource}/scopes";
const ONE: &str = "/environments/{environment}/resources/{resource}/scopes/{scope}";
/// Most attributes or claims of one scope.
const MOST: usize = 500;

/// `/environments/{e}/resources/{r}/scopes`
pub const RESOURCE: Resource = Resource {
    name: "scopes",
    endpoints: &[
        Endpoint::get(ALL, "scopes:read", noun::list::<Scope>),
        Endpoint::post(ALL, "scopes:create", noun::create::<Scope>),
        Endpoint::get(ONE, "scopes:read", noun::read::<Scope>),
        Endpoint::put(ONE, "scopes:update", noun::replace::<Scope>),
        Endpoint::delete(ONE, "scopes:delete", noun::remove::<Scope>),
    ],
};

/// What else a change concerns.
#[derive(Default)]
pub struct Facts {
    type_: Option<ResourceType>,
    /// Whether each of its claims is a custom attribute of the resource.
    claims: Vec<bool>,
    /// Whether an application that is granted one whose name changes is granted another so called.
    is_beside: bool,
    /// Grants with one that goes.
    grants: Vec<Stored<Grant>>,
    /// Mappings that one that goes brings.
    mappings: Vec<Stored<ApplicationAttribute>>,
}

impl Noun for Scope {
    const PLURAL: &'static str = "scopes";
    const PARAMETER: &'static str = "scope";
    const IS_SHOWN_FROM_CONFIGURATION: bool = true;
    const PARENT: Option<Parent> = Some(Parent {
        parameter: "resource",
        member: "resource",
        index: Self::BY_RESOURCE,
    });
    type Facts = Facts;

    async fn enter(call: &Call<'_>) -> Outcome<()> {
        noun::named::<ApiResource>(call).await.map(|_| ())
    }

    fn prepare(call: &Call<'_>, body: &mut Object, before: Option<&Self>) -> Result<(), Refused> {
        // Source: `reference/platform.md` 2: the description of a predefined scope is fixed.
        if let Some(before) = before.filter(|it| is_predefined(call, it)) {
            match &before.description {
                Some(fixed) => body.insert("description".into(), json!(fixed)),
                None => body.remove("description"),
            };
        }
        // Clients that clear a list send an empty one. Where a list narrows what a scope opens, it opens
        // nothing.
        let name = body.get("name").and_then(Value::as_str);
        let attributes = body.get("schemaAttributes").and_then(Value::as_array);
        if attributes.is_some_and(Vec::is_empty) && !name.is_some_and(narrows) {
            body.remove("schemaAttributes");
        }
        Ok(())
    }

    async fn gather<'a>(call: &'a Call<'a>, change: Change<'a, Self>) -> Outcome<Facts> {
        let mut facts = Facts::default();
        let one = change.after().or(change.before().map(|it| &it.value));
        let Some(one) = one else { return Ok(facts) };
        let resource = call.load::<ApiResource>(one.resource.id).await?;
        facts.type_ = resource.map(|it| it.value.type_);
        if let Some(after) = change.after() {
            for id in after.mapped_claims.iter().flatten().take(MOST) {
                let claim = call.load::<ResourceAttribute>(id).await?;
                let is_own = claim.is_some_and(|it| {
                    it.resource == after.resource && it.type_ == ResourceAttributeType::Custom
                });
                facts.claims.push(is_own);
            }
            if change.before().is_some_and(|it| it.name != after.name) {
                facts.is_beside = is_granted_beside(call, after).await?;
            }
            return Ok(facts);
        }
        facts.grants = noun::all::<Grant>(call).await?;
        let id = one.id;
        facts
            .grants
            .retain(|it| it.scopes.iter().any(|it| it.id == id));
        facts.mappings = noun::all::<ApplicationAttribute>(call).await?;
        let is_brought = |it: &Stored<ApplicationAttribute>| {
            let mut scopes = it.oidc_scopes.iter().flatten();
            scopes.any(|it| *it == id)
        };
        facts.mappings.retain(is_brought);
        Ok(facts)
    }

    fn judge(call: &Call<'_>, change: Change<'_, Self>, facts: Facts) -> Result<Batch, Failure> {
        let type_ = facts.type_.unwrap_or_default();
        let Some(after) = change.after() else {
            let Some(gone) = change.before() else {
                return Ok(Batch::new());
            };
            if is_predefined_scope(type_, &gone.name) {
                let why = "a predefined scope cannot be deleted";
                let misfit = Misfit::constraint("", why);
                return Err(Refusal::NotNow(None, vec![misfit]).because(why).into());
            }
            return without(call, gone.id, facts);
        };
        let mut check = Check::new();
        check.length("name", &after.name, 1, 256);
        check.length_of("description", after.description.as_ref(), 0, 1_024);
        check.expect(after.name.is_empty() || is_word(&after.name), || {
            let why = "must be of the characters of an OAuth scope: printable, without space, quote and backslash";
            Misfit::invalid("name", why)
        });
        let before = change.before().map(|it| it.name.as_str());
        let is_given = before.is_some_and(|it| is_predefined_scope(type_, it));
        check.expect(!is_given || before == Some(after.name.as_str()), || {
            Misfit::constraint("name", "the name of a predefined scope cannot be changed")
        });
        check.expect(type_.may_name_scope(&after.name), || {
            Misfit::invalid("name", "is a scope of OpenID Connect alone")
        });
        check.expect(!facts.is_beside, || {
            let why = "an application that is granted the scope is granted another of this name";
            Misfit::constraint("name", why)
        });
        if type_ == ResourceType::PingoneApi {
            check.expect(is_given || is_variant(&after.name), || {
                let why = "must be p1:read:user:<suffix> or p1:update:user:<suffix>";
                Misfit::invalid("name", why)
            });
        }
        attributes(&mut check, after, type_);
        claims(&mut check, after, type_, &facts.claims);
        check.finish()?;
        Ok(Batch::new())
    }

    fn unique_member(_: IndexName, _: &str) -> String {
        "name".to_owned()
    }
}

/// Whether an application that is granted a scope is granted another of the name that it gets.
///
/// Source: `reference/platform.md` 3.2 (grants).
async fn is_granted_beside(call: &Call<'_>, renamed: &Scope) -> Outcome<bool> {
    let mut same = noun::all::<Scope>(call).await?;
    same.retain(|it| it.name == renamed.name && it.id != renamed.id);
    if same.is_empty() {
        return Ok(false);
    }
    let grants = noun::all::<Grant>(call).await?;
    let has = |grant: &Grant, id: ScopeId| grant.scopes.iter().any(|it| it.id == id);
    let concerned = grants.iter().filter(|it| has(it, renamed.id));
    let concerned: BTreeSet<_> = concerned.map(|it| it.application.id).collect();
    Ok(grants.iter().any(|grant| {
        concerned.contains(&grant.application.id) && same.iter().any(|it| has(grant, it.id))
    }))
}

/// Whether it is one that its resource came with.
fn is_predefined(call: &Call<'_>, scope: &Scope) -> bool {
    let mut views = call.cx.env.resources.iter().map(|it| &it.resource);
    let resource = views.find(|it| it.id == scope.resource.id);
    resource.is_some_and(|it| is_predefined_scope(it.type_, &scope.name))
}

/// Spec: RFC 6749 3.3: `scope-token = 1*( %x21 / %x23-5B / %x5D-7E )`.
fn is_word(name: &str) -> bool {
    let is_allowed = |byte: u8| byte.is_ascii_graphic() && byte != b'"' && byte != b'\\';
    name.bytes().all(is_allowed)
}

/// Whether a scope opens the attributes that it lists.
fn narrows(name: &str) -> bool {
    matches!(name, "p1:read:user" | "p1:update:user") || is_variant(name)
}

/// Source: `reference/oidc.md` 19.2.
fn is_variant(name: &str) -> bool {
    let suffix = name
        .strip_prefix("p1:read:user:")
        .or_else(|| name.strip_prefix("p1:update:user:"));
    suffix.is_some_and(|it| !it.is_empty())
}

fn attributes(check: &mut Check, after: &Scope, type_: ResourceType) {
    let Some(paths) = &after.schema_attributes else {
        return;
    };
    let target = "schemaAttributes";
    let takes = type_ == ResourceType::PingoneApi && narrows(&after.name);
    check.expect(takes, || {
        let why = "is for p1:read:user and p1:update:user and their variants";
        Misfit::constraint(target, why)
    });
    check.expect(paths.len() <= MOST, || {
        Misfit::new(Fit::TooLong, target, "must have at most 500 entries")
    });
    let has_all = paths.iter().any(|it| it == "*");
    check.expect(!has_all || paths.len() == 1, || {
        Misfit::invalid(target, "'*' must stand alone")
    });
    for (at, path) in paths.iter().enumerate().take(MOST) {
        let is_path = !path.is_empty()
            && path.len() <= 256
            && path
                .bytes()
                .all(|it| it.is_ascii_alphanumeric() || b"._-".contains(&it));
        check.expect(path == "*" || is_path, || {
            let why = "must be the path of a user attribute";
            Misfit::invalid(format!("{target}[{at}]"), why)
        });
    }
}

fn claims(check: &mut Check, after: &Scope, type_: ResourceType, found: &[bool]) {
    let Some(claims) = &after.mapped_claims else {
        return;
    };
    let target = "mappedClaims";
    check.expect(
        type_ == ResourceType::OpenidConnect || claims.is_empty(),
        || Misfit::constraint(target, "is for scopes of the OpenID Connect resource"),
    );
    check.expect(claims.len() <= MOST, || {
        Misfit::new(Fit::TooLong, target, "must have at most 500 entries")
    });
    for (at, is_own) in found.iter().enumerate() {
        check.expect(*is_own, || {
            let why = "no custom attribute of the resource has this id";
            Misfit::invalid(format!("{target}[{at}]"), why)
        });
    }
}

/// Grants and mappings without the scope that goes. A grant of nothing goes too.
fn without(call: &Call<'_>, gone: ScopeId, facts: Facts) -> Result<Batch, Failure> {
    let mut batch = Batch::new();
    for Stored { mut value, version } in facts.grants {
        value.scopes.retain(|it| it.id != gone);
        value.updated_at = call.now();
        if value.scopes.is_empty() {
            let key = value.key(call.env);
            let unchanged = Precondition::Version(key.clone(), version);
            batch = batch.require(unchanged).delete(key);
        } else {
            batch = batch.update(call.env, &value, version)?;
        }
    }
    for Stored { mut value, version } in facts.mappings {
        // What no scope is left for stays without: with none at all it would come with `openid`.
        if let Some(scopes) = &mut value.oidc_scopes {
            scopes.retain(|it| *it != gone);
        }
        value.updated_at = call.now();
        batch = batch.update(call.env, &value, version)?;
    }
    Ok(batch)
}
