//! `response_mode=pi.flow`: the answer is the flow resource with `authorizeResponse`.

use serde::Serialize;
use serde_json::{Map, Value};

use super::{Delivery, Parameters};
use crate::flows::view::Resource;

/// A flow that ended, and the authorization response that came of it.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Ended {
    #[serde(flatten)]
    flow: Option<Box<Resource>>,
    authorize_response: Map<String, Value>,
}

/// Wraps the parameters.
///
/// Spec: `reference/oidc.md` 5.3.
pub fn deliver(parameters: Parameters, flow: Option<Box<Resource>>) -> Delivery {
    let members = parameters.into_iter();
    let response = members.map(|(name, value)| (name.to_owned(), member(name, value)));
    Delivery::Json(Box::new(Ended {
        flow,
        authorize_response: response.collect(),
    }))
}

/// `expires_in` is a number, as in the token response; everything else is text.
fn member(name: &str, value: String) -> Value {
    match value.parse::<u64>() {
        Ok(seconds) if name == "expires_in" => Value::from(seconds),
        _ => Value::String(value),
    }
}
