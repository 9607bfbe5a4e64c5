//! HAL bodies (`reference/platform.md` 1.3): `_links` with absolute URLs, relations as `{"id"}`,
//! lists under `_embedded`.

use serde::Serialize;
use serde_json::{Value, json};

use super::body::Object;
use super::call::Call;
use super::page;
use crate::refusal::Outcome;

/// `_links`: relations and where they lead, in the order in which they were added.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Links(Vec<(&'static str, Href)>);

/// Where a relation leads.
#[derive(Debug, Clone, PartialEq)]
enum Href {
    To(String),
    /// To where `self` leads, with this path behind it, which needs no escape. Written, never put
    /// together: a user has twenty of them.
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
        let href = Href::To(href);
        match self.0.iter_mut().find(|(name, _)| *name == relation) {
            Some(link) => link.1 = href,
            None => self.0.push((relation, href)),
        }
    }

    /// Adds relations that are not there yet, to places below the one that `self` leads to.
    pub fn add_below(&mut self, places: &[(&'static str, &'static str)]) {
        let links = places.iter().map(|(name, path)| (*name, Href::Below(path)));
        self.0.extend(links);
    }

    /// Where `self` leads.
    fn own(&self) -> Option<&str> {
        self.0.iter().find_map(|link| match link {
            ("self", Href::To(own)) => Some(own.as_str()),
            _ => None,
        })
    }

    fn write(&self, out: &mut Vec<u8>) {
        // How most of them begin, escaped once.
        let mut own = Vec::new();
        text(&mut own, self.own().unwrap_or_default());
        own.pop();
        let mut links = Members::begin(out);
        for (relation, href) in &self.0 {
            let out = links.plain(relation);
            out.extend_from_slice(b"{\"href\":");
            match href {
                Href::To(href) => text(out, href),
                Href::Below(path) => {
                    out.extend_from_slice(&own);
                    out.extend_from_slice(path.as_bytes());
                    out.push(b'"');
                }
            }
            out.push(b'}');
        }
        links.end();
    }
}

/// What is answered: a thing or a list of things. Links are apart from the members: they are most of
/// the text of many answers, and nobody looks into them.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Body {
    links: Links,
    items: Vec<(&'static str, Vec<Self>)>,
    /// A member that is an integer without bounds, in decimal: JSON has room for it, [`Value`] has
    /// not.
    integer: Option<(&'static str, String)>,
    /// Members that are JSON already, without the braces around them.
    written: Vec<u8>,
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

    /// With the members that a thing has as JSON, written at once: putting a [`Value`] together would
    /// cost more than all else that answering takes. None of them may be in [`Body::members`], too.
    /// `None` if it is no object.
    pub fn of(thing: &impl Serialize) -> Option<Self> {
        let mut written = Vec::with_capacity(1024);
        serde_json::to_writer(&mut written, thing).ok()?;
        if written.pop() != Some(b'}') {
            return None;
        }
        written.remove(0);
        Some(Self {
            written,
            ..Self::default()
        })
    }

    /// With these links in the place of those that there were.
    #[must_use]
    pub fn with_links(self, links: Links) -> Self {
        Self { links, ..self }
    }

    /// With another list in `_embedded`.
    #[must_use]
    pub fn embedding(mut self, name: &'static str, items: Vec<Self>) -> Self {
        self.items.push((name, items));
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
        if !self.items.is_empty() {
            let mut embedded = Members::begin(members.name("_embedded"));
            for (plural, items) in &self.items {
                let out = embedded.name(plural);
                out.push(b'[');
                for (at, item) in items.iter().enumerate() {
                    if at > 0 {
                        out.push(b',');
                    }
                    item.write(out);
                }
                out.push(b']');
            }
            embedded.end();
        }
        if let Some((name, decimal)) = &self.integer {
            members.name(name).extend_from_slice(decimal.as_bytes());
        }
        if !self.written.is_empty() {
            members.written(&self.written);
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
        text(self.out, name);
        self.out.push(b':');
        self.out
    }

    /// The same for a name that needs no escape.
    fn plain(&mut self, name: &'static str) -> &mut Vec<u8> {
        self.out.extend_from_slice(&[self.next, b'"']);
        self.next = b',';
        self.out.extend_from_slice(name.as_bytes());
        self.out.extend_from_slice(b"\":");
        self.out
    }

    /// Members that are JSON already.
    fn written(&mut self, members: &[u8]) {
        self.out.push(self.next);
        self.next = b',';
        self.out.extend_from_slice(members);
    }

    fn end(self) {
        if self.next == b'{' {
            self.out.push(b'{');
        }
        self.out.push(b'}');
    }
}

/// A string. Those that need no escape, such as links, are most of an answer and copied whole.
fn text(out: &mut Vec<u8>, text: &str) {
    let needs_escape = |byte: u8| byte < b' ' || byte == b'"' || byte == b'\\';
    // Without an early end, so that the compiler looks at many bytes at once.
    let bytes = text.bytes();
    if bytes.fold(false, |so_far, byte| so_far | needs_escape(byte)) {
        json(out, text);
    } else {
        out.push(b'"');
        out.extend_from_slice(text.as_bytes());
        out.push(b'"');
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
pub fn resource(links: Links, members: Object) -> Body {
    Body::from(members).with_links(links)
}

/// A whole list, or a page of one.
pub struct List {
    name: &'static str,
    items: Vec<Body>,
    next: Option<String>,
    count: Option<usize>,
    is_filtered: bool,
}

impl List {
    /// A list without pages; `name` is its key in `_embedded`.
    pub const fn whole(name: &'static str, items: Vec<Body>) -> Self {
        Self {
            name,
            count: Some(items.len()),
            items,
            next: None,
            is_filtered: false,
        }
    }

    /// A page: where the list goes on, and whether this is all there is.
    pub fn page(name: &'static str, items: Vec<Body>, next: Option<String>, is_all: bool) -> Self {
        Self {
            count: is_all.then_some(items.len()),
            next,
            ..Self::whole(name, items)
        }
    }

    /// Whoever made it has seen to the filter of the query. Of any other list a filter is refused:
    /// an answer that ignores it looks as if everything fitted.
    #[must_use]
    pub const fn filtered(mut self) -> Self {
        self.is_filtered = true;
        self
    }
}

/// A list as it is answered. An empty one has an empty array: clients index into it.
pub fn list(call: &Call<'_>, list: List) -> Outcome<Body> {
    if !list.is_filtered {
        page::filter_of(call, &[])?;
    }
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
    Ok(Body {
        links,
        items: vec![(list.name, list.items)],
        members,
        ..Body::default()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_written_as_the_library_would() {
        let mut links = Links::default();
        links.add("self", "https://a.example/v1/x".to_owned());
        links.add("odd", "https://a.example/\"\\\n\u{1}é😀".to_owned());
        links.add_below(&[("below", "/y")]);
        links.add("odd", "https://a.example/v1/x/z".to_owned());
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
            items: vec![("things", vec![thing.clone(), Body::default(), thing])],
            ..Body::default()
        };
        let list = list.embedding("others", Vec::new());
        let things = json!([expected, {}, expected]);
        assert_eq!(
            list.to_value(),
            json!({ "_embedded": { "things": things, "others": [] } })
        );
        assert_eq!(Body::default().to_json(), b"{}");
    }

    #[test]
    fn what_is_written_at_once_reads_like_any_other_member() {
        #[derive(Serialize)]
        struct Thing {
            name: &'static str,
            list: [u8; 2],
        }
        #[derive(Serialize)]
        struct Nothing {}
        let mut links = Links::default();
        links.add("self", "https://a.example/v1/x".to_owned());
        let thing = Thing {
            name: "say \"hi\"}",
            list: [1, 2],
        };
        let mut body = Body::of(&thing).unwrap().with_links(links);
        body.members.insert("more".to_owned(), json!(true));
        let expected = json!({
            "_links": { "self": { "href": "https://a.example/v1/x" } },
            "name": "say \"hi\"}", "list": [1, 2], "more": true,
        });
        assert_eq!(body.to_value(), expected);
        assert_eq!(Body::of(&Nothing {}).unwrap().to_json(), b"{}");
        assert_eq!(Body::of(&[1]), None);
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
