//! What is shown from no type that is stored: described by hand, a few members each.

use serde_json::{Value, json};

use super::reference;
use crate::v1::environments::bill_of_materials::{PRODUCTS, SOLUTIONS};

/// What is sent to a path, and answered there; of a list, one of it.
pub(super) fn of(path: &str) -> Option<Value> {
    let below = path.strip_prefix("/environments/{environment}")?;
    Some(match below {
        "/billOfMaterials" => bill_of_materials(),
        "/mfaSettings" => mfa_settings(),
        "/applications/{application}/secret" | "/resources/{resource}/secret" => secret(),
        "/groups/{group}/memberOfGroups"
        | "/groups/{group}/memberOfGroups/{parent}"
        | "/users/{user}/memberOfGroups"
        | "/users/{user}/memberOfGroups/{parent}" => membership(),
        "/users/{user}/enabled" => object(json!({ "enabled": flag() }), &["enabled"]),
        "/users/{user}/mfaEnabled" => object(json!({ "mfaEnabled": flag() }), &["mfaEnabled"]),
        "/users/{user}/population" => object(json!({ "id": id() }), &["id"]),
        "/status" | "/type" => reference("Environment"),
        _ => return None,
    })
}

fn object(members: Value, required: &[&str]) -> Value {
    let mut made = json!({ "type": "object", "properties": members });
    if let (Some(made), false) = (made.as_object_mut(), required.is_empty()) {
        made.insert("required".into(), json!(required));
    }
    made
}

fn text() -> Value {
    json!({ "type": "string" })
}

fn flag() -> Value {
    json!({ "type": "boolean" })
}

fn id() -> Value {
    json!({ "type": "string", "format": "uuid" })
}

fn time() -> Value {
    json!({ "type": "string", "format": "date-time" })
}

fn word(words: &[&str]) -> Value {
    json!({ "type": "string", "enum": words })
}

fn number(least: i64, most: i64) -> Value {
    json!({ "type": "integer", "minimum": least, "maximum": most })
}

fn list(of: &Value) -> Value {
    json!({ "type": "array", "items": of })
}

fn environment() -> Value {
    object(json!({ "id": id() }), &[])
}

/// Whose `environment` and times only the server sets.
pub(super) fn bill_of_materials() -> Value {
    let bookmark = object(json!({ "name": text(), "href": text() }), &["name", "href"]);
    let product = json!({
        "id": id(), "type": word(PRODUCTS), "description": text(),
        "console": object(json!({ "href": text() }), &["href"]),
        "tags": list(&word(&["DAVINCI_MINIMAL"])), "bookmarks": list(&bookmark),
        "deployment": object(json!({ "id": id() }), &[]),
    });
    let products = list(&object(product, &["type"]));
    let members = json!({ "products": products, "solutionType": word(&SOLUTIONS),
        "createdAt": time(), "updatedAt": time() });
    object(members, &["products"])
}

fn mfa_settings() -> Value {
    let formats = word(&["NUMERIC", "ALPHANUMERIC"]);
    let pairing = json!({ "maxAllowedDevices": number(1, 15), "pairingKeyFormat": formats });
    let lockout = json!({ "failureCount": number(1, 99),
        "durationSeconds": number(1, u32::MAX.into()) });
    let selections = word(&["DEFAULT_TO_FIRST", "PROMPT_TO_SELECT"]);
    let members = json!({
        "pairing": object(pairing, &["maxAllowedDevices", "pairingKeyFormat"]),
        "lockout": object(lockout, &["failureCount"]),
        "phoneExtensions": object(json!({ "enabled": flag() }), &["enabled"]),
        "users": object(json!({ "mfaEnabled": flag() }), &["mfaEnabled"]),
        "authentication": object(json!({ "deviceSelection": selections }), &[]),
        "environment": environment(), "updatedAt": time(),
    });
    object(members, &["pairing"])
}

fn secret() -> Value {
    let previous = json!({ "secret": text(), "expiresAt": time(), "lastUsed": time() });
    let members = json!({ "secret": text(), "previous": object(previous, &["expiresAt"]),
        "environment": environment() });
    object(members, &[])
}

fn membership() -> Value {
    let members = json!({ "id": id(), "name": text(), "type": word(&["DIRECT", "INDIRECT"]),
        "environment": environment() });
    object(members, &["id"])
}
