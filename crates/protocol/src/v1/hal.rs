//! HAL bodies (`reference/platform.md` 1.3): `_links` with absolute URLs, relations as `{"id"}`,
//! lists under `_embedded`.

use serde_json::{Map, Value, json};

use super::body::Object;
use super::call::Call;

/// `_links` in the making.
#[derive(Debug, Default)]
pub struct Links(Map<String, Value>);

impl Links {
    /// With `self`, and `environment` when the call is in one.
    pub fn to(call: &Call<'_>, own: &str) -> Self {
        let mut links = Self::default();
        links.add("self", own.to_owned());
        if call.endpoint.is_in_environment() {
            let environment = call.fill("/environments/{environment}");
            links.add("environment", call.url(&environment));
        }
        links
    }

    /// Adds a relation.
    pub fn add(&mut self, relation: &str, href: String) {
        let link = Map::from_iter([("href".to_owned(), Value::String(href))]);
        self.0.insert(relation.to_owned(), Value::Object(link));
    }
}

/// A resource with its links first.
pub fn resource(links: Links, mut body: Object) -> Object {
    let mut made = Object::new();
    made.insert("_links".into(), Value::Object(links.0));
    made.append(&mut body);
    made
}

/// A whole list, or a page of one.
pub struct List {
    /// Key in `_embedded`.
    pub name: &'static str,
    /// What is in it.
    pub items: Vec<Object>,
    /// Where it goes on.
    pub next: Option<String>,
    /// How many there are on all pages, where that is known.
    pub count: Option<usize>,
}

impl List {
    /// A list without pages.
    pub const fn whole(name: &'static str, items: Vec<Object>) -> Self {
        Self {
            name,
            count: Some(items.len()),
            items,
            next: None,
        }
    }
}

/// A list as it is answered. An empty one has an empty array: clients index into it.
pub fn list(call: &Call<'_>, list: List) -> Object {
    let mut own = call.url(&call.own_path());
    let mut query = form_urlencoded::Serializer::new(String::new());
    for (name, value) in call.query.iter() {
        query.append_pair(name, value);
    }
    let query = query.finish();
    if !query.is_empty() {
        own = format!("{own}?{query}");
    }
    let mut links = Links::default();
    links.add("self", own);
    if let Some(next) = list.next {
        links.add("next", next);
    }
    let size = list.items.len();
    let items: Vec<Value> = list.items.into_iter().map(Value::Object).collect();
    let mut embedded = Object::new();
    embedded.insert(list.name.to_owned(), Value::Array(items));
    let mut body = Object::new();
    body.insert("_embedded".into(), Value::Object(embedded));
    if let Some(count) = list.count {
        body.insert("count".into(), json!(count));
    }
    body.insert("size".into(), json!(size));
    resource(links, body)
}
