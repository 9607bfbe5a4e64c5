//! Claims from attribute mappings (`reference/oidc.md` 11.3, 21; `platform.md` 3.2, 3.4).

use std::collections::BTreeSet;

use countersign_domain::group::Memberships;
use countersign_domain::resource::{ResourceAttribute, ResourceAttributeType, ResourceType};
use countersign_domain::user::User;
use serde_json::{Map, Value, json};

use crate::as_::checks::scope::GrantedScope;
use crate::configuration::{ApplicationView, ResourceView};
use crate::cx::Cx;
use crate::expression::{self, Expression};
use crate::jose::header::MAX_TOKEN;
use crate::refusal::{Refusal, Refused};

/// Most bytes of claims that make a token no longer than [`MAX_TOKEN`]: it has a header and a
/// signature as well, and base64url makes four characters of three bytes.
const MAX_CLAIMS: usize = (MAX_TOKEN - 2 * 1024) / 4 * 3;

/// Where claims go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Target {
    /// Into the ID token.
    IdToken,
    /// Into the userinfo answer.
    UserInfo,
}

/// The user as mappings see them: PingOne's JSON shape, with `name.formatted` made up from the
/// parts when it is not set, and with the groups where a mapping asks for them.
pub fn user_value(user: &User, groups: Option<&Memberships>) -> Value {
    let mut value = crate::groups::as_filtered(user);
    if let (Some(Memberships(groups)), Value::Object(user)) = (groups, &mut value) {
        let ids: Vec<_> = groups.iter().map(|(id, _)| id).collect();
        let names: Vec<_> = groups.iter().map(|(_, name)| name).collect();
        user.insert("memberOfGroupIDs".into(), json!(ids));
        user.insert("memberOfGroupNames".into(), json!(names));
    }
    if let Some(Value::Object(name)) = value.get_mut("name")
        && !name.contains_key("formatted")
    {
        let parts: Vec<&str> = ["given", "middle", "family"]
            .iter()
            .filter_map(|part| name.get(*part)?.as_str())
            .collect();
        if !parts.is_empty() {
            name.insert("formatted".into(), json!(parts.join(" ")));
        }
    }
    value
}

/// The scope that releases a predefined claim of the `openid` resource.
///
/// Spec: OIDC Core 5.4.
fn releasing_scope(claim: &str) -> Option<&'static str> {
    Some(match claim {
        "name" | "family_name" | "given_name" | "middle_name" | "preferred_username"
        | "nickname" | "picture" | "zoneinfo" | "locale" | "profile" | "website" | "gender"
        | "birthdate" | "updated_at" => "profile",
        "email" | "email_verified" => "email",
        "phone_number" | "phone_number_verified" => "phone",
        address if address.starts_with("address.") => "address",
        _ => return None,
    })
}

/// Claims about the user that the granted scopes release, `sub` among them.
pub fn user_claims(
    cx: &Cx,
    view: &ApplicationView,
    scope: &GrantedScope,
    user: &Value,
    target: Target,
) -> Result<Map<String, Value>, Refused> {
    let mut claims = Map::new();
    let subject = user.get("id").cloned().unwrap_or_default();
    claims.insert("sub".into(), subject);
    let see = expression::Scope {
        user: Some(user),
        application: Some(&view.json),
        ..expression::Scope::default()
    };
    let openid = cx
        .env
        .resources
        .iter()
        .find(|view| view.resource.type_ == ResourceType::OpenidConnect);
    // The application's own mapping of a name takes the place of the one that all have, also where
    // nothing comes of it (`reference/oidc.md` 21.1).
    let is_overridden = |name: &str| view.attributes.iter().any(|own| own.name == name);
    for attribute in openid.iter().flat_map(|view| &view.attributes) {
        if !is_overridden(&attribute.name)
            && goes(attribute.id_token, attribute.user_info, target)
            && is_released(attribute, openid, scope)
            && let Some(value) = claim(&attribute.name, &attribute.expression, &see)
        {
            insert(&mut claims, &attribute.name, value);
        }
    }
    for attribute in &view.attributes {
        let by_scope = attribute.oidc_scopes.as_ref().is_none_or(|ids| {
            let scopes = openid.iter().flat_map(|view| &view.scopes);
            scopes
                .filter(|s| ids.contains(&s.id))
                .any(|s| scope.contains(&s.name))
        });
        if !by_scope || !goes(attribute.id_token, attribute.user_info, target) {
            continue;
        }
        match claim(&attribute.name, &attribute.expression, &see) {
            Some(value) => insert(&mut claims, &attribute.name, value),
            None if attribute.required => return Err(without_value(&attribute.name)),
            None => {}
        }
    }
    Ok(claims)
}

/// What a mapping says of a claim, if it says anything.
///
/// Decision: `sub` is a text in every token (RFC 7519 4.1.2), whatever is mapped to it: numbers and
/// truth values become theirs; a list or an object is no value, and what the documents say of a
/// mapping without a value holds.
fn claim(name: &str, expression: &Expression, see: &expression::Scope<'_>) -> Option<Value> {
    match expression.value(see)? {
        Value::Array(_) | Value::Object(_) if name == "sub" => None,
        scalar if name == "sub" => Some(Value::String(expression::text(&scalar))),
        value => Some(value),
    }
}

fn goes(id_token: Option<bool>, user_info: Option<bool>, target: Target) -> bool {
    match target {
        Target::IdToken => id_token.unwrap_or(true),
        Target::UserInfo => user_info.unwrap_or(true),
    }
}

/// Predefined claims by their standard scope; custom ones by the scopes that map them, or with
/// `openid` when none does.
fn is_released(
    attribute: &ResourceAttribute,
    openid: Option<&ResourceView>,
    granted: &GrantedScope,
) -> bool {
    if attribute.name == "sub" {
        return true;
    }
    if attribute.type_ == ResourceAttributeType::Predefined
        && let Some(scope) = releasing_scope(&attribute.name)
    {
        return granted.contains(scope);
    }
    let mut mapped = false;
    for scope in openid.iter().flat_map(|view| &view.scopes) {
        if scope
            .mapped_claims
            .as_ref()
            .is_some_and(|claims| claims.contains(&attribute.id))
        {
            mapped = true;
            if granted.contains(&scope.name) {
                return true;
            }
        }
    }
    !mapped && granted.contains("openid")
}

/// `address.locality` is the member `locality` of the claim `address`; no other name is split.
fn insert(claims: &mut Map<String, Value>, name: &str, value: Value) {
    match name.strip_prefix("address.") {
        Some(member) => {
            let address = claims.entry("address").or_insert_with(|| json!({}));
            if let Value::Object(address) = address {
                address.insert(member.to_owned(), value);
            }
        }
        None => {
            claims.insert(name.to_owned(), value);
        }
    }
}

/// Claims of the access token of custom resources; `sub` may be among them. Where two resources map
/// the same claim, the first one has the say.
///
/// Source: `reference/oidc.md` 21.2: without a value for `sub` it stays what it is, the user, or
/// nobody for a client that acts for itself.
pub fn add_resource_claims(
    token: &mut Map<String, Value>,
    resources: &[&ResourceView],
    see: &expression::Scope<'_>,
) -> Result<(), Refused> {
    let mut mapped = BTreeSet::new();
    for attribute in resources.iter().flat_map(|resource| &resource.attributes) {
        if let Some(value) = claim(&attribute.name, &attribute.expression, see) {
            if mapped.insert(&attribute.name) {
                token.insert(attribute.name.clone(), value);
            }
        } else if attribute.required {
            return Err(without_value(&attribute.name));
        }
    }
    Ok(())
}

/// Refuses what would be a longer token than is believed when it comes back.
///
/// Decision: as a required mapping without a value is (`access_denied`): like there it is the mappings
/// that have to change, or what they are made from.
pub fn fitting(
    what: &'static str,
    claims: Map<String, Value>,
) -> Result<Map<String, Value>, Refused> {
    // Nearly all are: to write claims twice for that costs too much. No character takes more than
    // six bytes in JSON.
    if claims.values().map(weight).sum::<usize>() * 6 <= MAX_CLAIMS {
        return Ok(claims);
    }
    let bytes = |value: &Value| serde_json::to_vec(value).map_or(0, |json| json.len());
    let sizes = claims.iter().map(|(name, value)| (bytes(value), name));
    let all: usize = sizes
        .clone()
        .map(|(size, name)| size + name.len() + 4)
        .sum();
    if all <= MAX_CLAIMS {
        return Ok(claims);
    }
    let largest = sizes
        .max()
        .map(|(size, name)| format!("{name} alone is {size}"));
    let largest = largest.unwrap_or_default();
    let why = format!("the claims of the {what} are {all} bytes, {largest}; at most {MAX_CLAIMS}");
    Err(Refusal::AccessDenied.because(why))
}

/// The length of the texts in a value, and room for what is around them.
fn weight(value: &Value) -> usize {
    const AROUND: usize = 8;
    AROUND
        + match value {
            Value::Null | Value::Bool(_) | Value::Number(_) => 0,
            Value::String(text) => text.len(),
            Value::Array(items) => items.iter().map(weight).sum(),
            Value::Object(members) => {
                let members = members.iter();
                members.map(|(name, it)| name.len() + weight(it)).sum()
            }
        }
}

/// Decision: a required mapping without a value refuses the token as `invalid_grant`'s sibling
/// `access_denied`; the documents say "error" and no more.
fn without_value(name: &str) -> Refused {
    Refusal::AccessDenied.because(format!("the required attribute {name} has no value"))
}
