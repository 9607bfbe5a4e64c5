//! HAL bodies (`reference/platform.md` 1.3): `_links` with absolute URLs, relations as `{"id"}`,
//! lists under `_embedded`.

use serde::{Serialize, Serializer};
use serde_json::{Value, json};

use super::body::Object;
use super::call::Call;

/// `_links`: relations and where they lead, in the order in which they were added.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Links(Vec<(&'static str, String)>);

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

    /// Adds a relation; one of that name leads elsewhere now.
    pub fn add(&mut self, relation: &'static str, href: String) {
        match self.0.iter_mut().find(|(name, _)| *name == relation) {
            Some(link) => link.1 = href,
            None => self.0.push((relation, href)),
        }
    }

    fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl Serialize for Links {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Link<'a> {
            href: &'a str,
        }
        serializer.collect_map(self.0.iter().map(|(name, href)| (name, Link { href })))
    }
}

/// What is answered: a thing or a list of things. Links are apart from the members: most of the
/// text of many answers, and nobody looks into them.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Body {
    #[serde(rename = "_links", skip_serializing_if = "Links::is_empty")]
    links: Links,
    #[serde(rename = "_embedded", skip_serializing_if = "Option::is_none")]
    items: Option<Items>,
    /// Everything else.
    #[serde(flatten)]
    pub members: Object,
}

/// What is in a list, under the name of its kind.
#[derive(Debug, Clone, PartialEq)]
struct Items(&'static str, Vec<Body>);

impl Serialize for Items {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map([(self.0, &self.1)])
    }
}

impl Body {
    /// Where it is, by its `self` link.
    pub fn place(&self) -> Option<&str> {
        let mut links = self.links.0.iter();
        links
            .find(|(name, _)| *name == "self")
            .map(|(_, href)| href.as_str())
    }

    /// As it is sent.
    pub fn to_json(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }

    /// The same as a value, for what looks into it.
    pub fn to_value(&self) -> Value {
        serde_json::to_value(self).unwrap_or_default()
    }
}

/// A thing that has no links.
impl From<Object> for Body {
    fn from(members: Object) -> Self {
        Self {
            members,
            ..Self::default()
        }
    }
}

/// A resource with its links.
pub const fn resource(links: Links, members: Object) -> Body {
    Body {
        links,
        items: None,
        members,
    }
}

/// A whole list, or a page of one.
pub struct List {
    /// Key in `_embedded`.
    pub name: &'static str,
    /// What is in it.
    pub items: Vec<Body>,
    /// Where it goes on.
    pub next: Option<String>,
    /// How many there are on all pages, where that is known.
    pub count: Option<usize>,
}

impl List {
    /// A list without pages.
    pub const fn whole(name: &'static str, items: Vec<Body>) -> Self {
        Self {
            name,
            count: Some(items.len()),
            items,
            next: None,
        }
    }
}

/// A list as it is answered. An empty one has an empty array: clients index into it.
pub fn list(call: &Call<'_>, list: List) -> Body {
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
    let mut members = Object::new();
    if let Some(count) = list.count {
        members.insert("count".into(), json!(count));
    }
    members.insert("size".into(), json!(list.items.len()));
    Body {
        links,
        items: Some(Items(list.name, list.items)),
        members,
    }
}
