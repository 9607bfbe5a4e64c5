//! `/v1/environments/{e}/templates` (`reference/platform.md` 4): the occasions to write to somebody.
//! They are fixed; what is said is below them.

pub mod contents;
mod lengths;

use countersign_domain::notification::template::{TEMPLATES, Template};
use countersign_domain::notification::{REQUIRED, TemplateName, VARIABLES};
use countersign_domain::ports::BoxFuture;
use serde_json::{Value, json};

use crate::refusal::{Outcome, Refusal, Refused};
use crate::v1::body::Object;
use crate::v1::call::{Call, Reply};
use crate::v1::hal::{self, Body, Links, List};
use crate::v1::route::{Endpoint, Resource};

const ALL: &str = "/environments/{environment}/templates";
const ONE: &str = "/environments/{environment}/templates/{template}";

/// `/environments/{e}/templates`
pub const RESOURCE: Resource = Resource {
    name: "templates",
    endpoints: &[
        Endpoint::get(ALL, "notifications:read", list),
        Endpoint::get(ONE, "notifications:read", read),
    ],
};

/// The template that the path names.
fn named(call: &Call<'_>) -> Result<&'static Template, Refused> {
    let id = call.text("template");
    Template::of(id).ok_or_else(|| Refusal::NotFound.because("no such template"))
}

/// Variables are told for those templates by which this server writes; the others take any.
fn shown(call: &Call<'_>, template: &Template, own: &str) -> Body {
    let mut object = Object::new();
    object.insert("id".into(), json!(template.id));
    object.insert("displayName".into(), json!(template.display_name));
    object.insert("description".into(), json!(template.description));
    let methods = template.delivery_methods.iter().map(|it| it.name());
    let methods: Vec<&str> = methods.collect();
    object.insert("deliveryMethods".into(), json!(methods));
    let is_ours = TemplateName::ALL.iter().any(|it| it.id() == template.id);
    let names = VARIABLES.iter().filter(|_| is_ours);
    let variables: serde_json::Map<String, Value> = names
        .map(|name| {
            let is_required = REQUIRED.first() == Some(name);
            ((*name).to_owned(), json!({ "required": is_required }))
        })
        .collect();
    object.insert("variables".into(), Value::Object(variables));
    object.insert("allowDynamicVariables".into(), json!(!is_ours));
    let made = call.cx.env.environment.created_at;
    object.insert("createdAt".into(), json!(made));
    object.insert("updatedAt".into(), json!(made));
    let mut links = Links::to(call, own);
    links.add("contents", format!("{own}/contents"));
    hal::resource(links, object)
}

fn list<'a>(call: &'a Call<'a>) -> BoxFuture<'a, Outcome<Reply>> {
    Box::pin(async move {
        let own = call.url(&call.own_path());
        let items = TEMPLATES.iter();
        let items = items.map(|it| shown(call, it, &format!("{own}/{}", it.id)));
        let list = List::whole(RESOURCE.name, items.collect());
        Ok(Reply::ok(hal::list(call, list)?))
    })
}

fn read<'a>(call: &'a Call<'a>) -> BoxFuture<'a, Outcome<Reply>> {
    Box::pin(async move {
        let own = call.url(&call.own_path());
        Ok(Reply::ok(shown(call, named(call)?, &own)))
    })
}
