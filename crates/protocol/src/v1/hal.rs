//! HAL bodies (`reference/platform.md` 1.3): `_links` with absolute URLs, relations as `{"id"}`,
//! lists under `_embedded`.

use serde::Serialize;
use serde_json::{Value, json};

use super::body::Object;
use super::call::Call;

/// `_links`: relations and where they lead, in the order in which they were added.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Links(Vec<(&'static str, Href)>);

/// Where a relation leads.
#[derive(Debug, Clone, PartialEq)]
enum Href {
    To(String),
    /// To where `self` leads, with this path behind it. Written, never put together: a user has
    /// twenty of them.
    Below(&'static str),
}

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
        self.put(relation, Href::To(href));
    }

    /// Adds relations to places below the one that `self` leads to.
    pub fn add_below(&mut self, places: &[(&'static str, &'static str)]) {
        for (relation, path) in places {
            self.put(relation, Href::Below(path));
        }
    }

    fn put(&mut self, relation: &'static str, href: Href) {
        match self.0.iter_mut().find(|(name, _)| *name == relation) {
            Some(link) => link.1 = href,
            None => self.0.push((relation, href)),
        }
    }

    /// Where `self` leads.
    fn own(&self) -> Option<&str> {
        self.0.iter().find_map(|link| match link {
            ("self", Href::To(own)) => Some(own.as_str()),
            _ => None,
        })
    }

    fn write(&self, out: &mut Vec<u8>) {
        let own = self.own().unwrap_or_default();
        let mut links = Members::begin(out);
        for (relation, href) in &self.0 {
            let mut link = Members::begin(links.name(relation));
            let (start, end) = match href {
                Href::To(href) => (href.as_str(), ""),
                Href::Below(path) => (own, *path),
            };
            text(link.name("href"), [start, end]);
            link.end();
        }
        links.end();
    }
}

/// What is answered: a thing or a list of things. Links are apart from the members: they are most of
/// the text of many answers, and nobody looks into them.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Body {
    links: Links,
    items: Option<(&'static str, Vec<Self>)>,
    /// A member that is an integer without bounds, in decimal: JSON has room for it, [`Value`] has
    /// not.
    integer: Option<(&'static str, String)>,
    /// Everything else.
    pub members: Object,
}

impl Body {
    /// With an integer of any length among its members, in decimal. What is none is left out.
    #[must_use]
    pub fn with_integer(mut self, integer: Option<(&'static str, &str)>) -> Self {
        let is_one = |text: &str| !text.is_empty() && text.bytes().all(|it| it.is_ascii_digit());
        let integer = integer.filter(|(_, decimal)| is_one(decimal));
        self.integer = integer.map(|(name, decimal)| (name, decimal.to_owned()));
        self
    }

    /// Where it is, by its `self` link.
    pub fn place(&self) -> Option<&str> {
        self.links.own()
    }

    /// As it is sent.
    pub fn to_json(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(4 * 1024);
        self.write(&mut out);
        out
    }

    /// The same as a value, for what looks into it.
    pub fn to_value(&self) -> Value {
        serde_json::from_slice(&self.to_json()).unwrap_or_default()
    }

    fn write(&self, out: &mut Vec<u8>) {
        let mut members = Members::begin(out);
        if !self.links.0.is_empty() {
            self.links.write(members.name("_links"));
        }
        if let Some((plural, items)) = &self.items {
            let mut embedded = Members::begin(members.name("_embedded"));
            let out = embedded.name(plural);
            out.push(b'[');
            for (at, item) in items.iter().enumerate() {
                if at > 0 {
                    out.push(b',');
                }
                item.write(out);
            }
            out.push(b']');
            embedded.end();
        }
        if let Some((name, decimal)) = &self.integer {
            members.name(name).extend_from_slice(decimal.as_bytes());
        }
        for (name, value) in &self.members {
            json(members.name(name), value);
        }
        members.end();
    }
}

/// An object in the making.
struct Members<'a> {
    out: &'a mut Vec<u8>,
    next: u8,
}

impl<'a> Members<'a> {
    fn begin(out: &'a mut Vec<u8>) -> Self {
        Self { out, next: b'{' }
    }

    /// Names a member; its value comes next.
    fn name(&mut self, name: &str) -> &mut Vec<u8> {
        self.out.push(self.next);
        self.next = b',';
        text(self.out, [name]);
        self.out.push(b':');
        self.out
    }

    fn end(self) {
        if self.next == b'{' {
            self.out.push(b'{');
        }
        self.out.push(b'}');
    }
}

/// A string, given in parts. Those that need no escape, such as links, are most of an answer and
/// copied whole.
fn text<const N: usize>(out: &mut Vec<u8>, parts: [&str; N]) {
    let needs_escape = |byte: u8| byte < b' ' || byte == b'"' || byte == b'\\';
    // Without an early end, so that the compiler looks at many bytes at once.
    let is_plain = |part: &str| {
        let bytes = part.bytes();
        !bytes.fold(false, |so_far, byte| so_far | needs_escape(byte))
    };
    if parts.iter().all(|part| is_plain(part)) {
        out.push(b'"');
        for part in parts {
            out.extend_from_slice(part.as_bytes());
        }
        out.push(b'"');
    } else {
        json(out, &parts.concat());
    }
}

fn json(out: &mut Vec<u8>, value: &(impl Serialize + ?Sized)) {
    let length = out.len();
    if serde_json::to_writer(&mut *out, value).is_err() {
        out.truncate(length);
        out.extend_from_slice(b"null");
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
        integer: None,
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
        items: Some((list.name, list.items)),
        integer: None,
        members,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_written_as_the_library_would() {
        let mut links = Links::default();
        links.add("self", "https://a.example/v1/x".to_owned());
        links.add("odd", "https://a.example/\"\\\n\u{1}é😀".to_owned());
        links.add_below(&[("below", "/y"), ("odd", "/z")]);
        let members = json!({ "name": "say \"hi\"\t", "none": null, "list": [1, -2.5, { "a": {} }], "é\"": true });
        let Value::Object(members) = members else {
            panic!("not an object");
        };
        let thing = resource(links, members.clone());
        let mut expected = members;
        expected.insert(
            "_links".into(),
            json!({
                "self": { "href": "https://a.example/v1/x" },
                "odd": { "href": "https://a.example/v1/x/z" },
                "below": { "href": "https://a.example/v1/x/y" },
            }),
        );
        assert_eq!(thing.to_value(), Value::Object(expected.clone()));
        let list = Body {
            items: Some(("things", vec![thing.clone(), Body::default(), thing])),
            ..Body::default()
        };
        let things = json!([expected, {}, expected]);
        assert_eq!(
            list.to_value(),
            json!({ "_embedded": { "things": things } })
        );
        assert_eq!(Body::default().to_json(), b"{}");
    }

    #[test]
    fn links_are_escaped() {
        let mut links = Links::default();
        let href = "https://a.example/\"\\\n\u{1}é😀";
        links.add("self", href.to_owned());
        let written = resource(links, Object::new()).to_value();
        assert_eq!(written["_links"]["self"]["href"], href);
    }

    #[test]
    fn an_integer_has_no_bounds() {
        let body = |decimal| Body::default().with_integer(Some(("serialNumber", decimal)));
        let long = "730750818665451459101842416358141509827966271487";
        let written = String::from_utf8(body(long).to_json()).unwrap();
        assert_eq!(written, format!("{{\"serialNumber\":{long}}}"));
        for bad in ["", "-1", "1e3", "0x1", "1}"] {
            assert_eq!(body(bad).to_json(), b"{}", "{bad}");
        }
    }
}
