//! `response_mode=pi.flow`: the answer is the flow resource with `authorizeResponse`.

use serde_json::{Map, Value};

use super::{Delivery, Parameters};

/// Wraps the parameters.
///
/// Spec: `reference/oidc.md` 5.3.
pub fn deliver(parameters: Parameters, flow: Option<Value>) -> Delivery {
    let response: Map<String, Value> = parameters
        .into_iter()
        .map(|(name, value)| (name.to_owned(), member(name, value)))
        .collect();
    let mut body = match flow {
        Some(Value::Object(members)) => members,
        _ => Map::new(),
    };
    body.insert("authorizeResponse".into(), Value::Object(response));
    Delivery::Json(Value::Object(body))
}

/// `expires_in` is a number, as in the token response; everything else is text.
fn member(name: &str, value: String) -> Value {
    match value.parse::<u64>() {
        Ok(seconds) if name == "expires_in" => Value::from(seconds),
        _ => Value::String(value),
    }
}
