//! What an OpenAPI document states, without its words: paths, methods, members of bodies, and the
//! words that a member may have.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use serde_json::{Map, Value};

/// How deep bodies are followed.
const MAX_DEPTH: usize = 6;
const METHODS: [&str; 5] = ["get", "post", "put", "patch", "delete"];

/// Facts by path. Parameters have no names there: `/environments/{}`.
#[derive(Default)]
pub struct Facts(BTreeMap<String, OfPath>);

#[derive(Default)]
struct OfPath {
    methods: BTreeSet<String>,
    /// `a.b` and the words that it may be.
    members: BTreeMap<String, BTreeSet<String>>,
}

impl Facts {
    /// Adds what a document states.
    pub fn read(&mut self, document: &Value) {
        let paths = document.get("paths").and_then(Value::as_object);
        for (path, of) in paths.into_iter().flatten() {
            let found = self.0.entry(nameless(path)).or_default();
            for method in METHODS {
                let Some(operation) = of.get(method) else {
                    continue;
                };
                found.methods.insert(method.to_uppercase());
                let mut reader = Reader {
                    document,
                    members: &mut found.members,
                };
                for body in bodies(operation) {
                    reader.read(body, "", 0);
                }
            }
        }
    }

    /// Reads what [`Facts::page`] wrote.
    pub fn parse(page: &str) -> Self {
        let mut facts = Self::default();
        let mut path = String::new();
        for line in page.lines().filter(|line| !line.starts_with('#')) {
            let mut words = line.split_whitespace();
            let Some(first) = words.next() else { continue };
            if !line.starts_with(' ') {
                first.clone_into(&mut path);
                let methods = words.map(str::to_owned).collect();
                facts.0.entry(path.clone()).or_default().methods = methods;
                continue;
            }
            let members = &mut facts.0.entry(path.clone()).or_default().members;
            for word in std::iter::once(first).chain(words) {
                let (name, values) = word.split_once('=').unwrap_or((word, ""));
                let values = values.split('|').filter(|it| !it.is_empty());
                let values = values.map(str::to_owned).collect();
                members.insert(name.to_owned(), values);
            }
        }
        facts
    }

    /// One line for a path and one for its members.
    pub fn page(&self) -> String {
        let mut page = String::from(
            "# What PingOne's management API has, from its public descriptions: paths and methods,\n\
             # then the members of bodies and the words they may be. Written by `cargo xtask gen`.\n",
        );
        for (path, of) in &self.0 {
            let methods: Vec<&str> = of.methods.iter().map(String::as_str).collect();
            let _ = writeln!(page, "{path} {}", methods.join(" "));
            for (name, values) in &of.members {
                let values: Vec<&str> = values.iter().map(String::as_str).collect();
                let sign = if values.is_empty() { "" } else { "=" };
                let _ = writeln!(page, "  {name}{sign}{}", values.join("|"));
            }
        }
        page
    }

    /// What is here and not there, one line a fact: `path METHOD`, `path member`,
    /// `path member=WORD`.
    pub fn beyond(&self, other: &Self) -> Vec<String> {
        let mut beyond = Vec::new();
        for (path, of) in &self.0 {
            let Some(theirs) = other.0.get(path) else {
                beyond.push(path.clone());
                continue;
            };
            let methods = of.methods.difference(&theirs.methods);
            beyond.extend(methods.map(|method| format!("{path} {method}")));
            for (name, values) in &of.members {
                match theirs.members.get(name) {
                    None => beyond.push(format!("{path} {name}")),
                    // Without words, anything goes.
                    Some(words) if words.is_empty() => {}
                    Some(words) => {
                        let values = values.difference(words);
                        beyond.extend(values.map(|value| format!("{path} {name}={value}")));
                    }
                }
            }
        }
        beyond
    }
}

fn nameless(path: &str) -> String {
    let steps = path.split('/');
    let steps = steps.map(|step| if step.starts_with('{') { "{}" } else { step });
    steps.collect::<Vec<_>>().join("/")
}

/// The schemas of JSON bodies, to and fro.
fn bodies(operation: &Value) -> Vec<&Value> {
    let responses = operation.get("responses").and_then(Value::as_object);
    let good = responses.into_iter().flatten();
    let good = good.filter(|(status, _)| status.starts_with('2'));
    let holders = good.map(|(_, it)| it).chain(operation.get("requestBody"));
    holders
        .filter_map(|holder| {
            holder
                .get("content")?
                .get("application/json")?
                .get("schema")
        })
        .collect()
}

struct Reader<'a> {
    document: &'a Value,
    members: &'a mut BTreeMap<String, BTreeSet<String>>,
}

impl<'a> Reader<'a> {
    fn read(&mut self, schema: &'a Value, at: &str, depth: usize) {
        if depth > MAX_DEPTH {
            return;
        }
        if let Some(target) = schema.get("$ref").and_then(Value::as_str) {
            if let Some(found) = target
                .strip_prefix('#')
                .and_then(|it| self.document.pointer(it))
            {
                self.read(found, at, depth);
            }
            return;
        }
        for name in ["allOf", "oneOf", "anyOf"] {
            let branches = schema.get(name).and_then(Value::as_array);
            for branch in branches.into_iter().flatten() {
                self.read(branch, at, depth + 1);
            }
        }
        if let Some(items) = schema.get("items") {
            self.read(items, at, depth);
        }
        let words = schema.get("enum").and_then(Value::as_array);
        let words = words.into_iter().flatten().filter_map(Value::as_str);
        if let Some(known) = self.members.get_mut(at) {
            known.extend(words.map(str::to_owned));
        }
        let properties: Option<&Map<String, Value>> =
            schema.get("properties").and_then(Value::as_object);
        for (name, of) in properties.into_iter().flatten() {
            // Links and lists are made the same way everywhere.
            if matches!(name.as_str(), "_links" | "_embedded" | "count" | "size") {
                continue;
            }
            let path = if at.is_empty() {
                name.clone()
            } else {
                format!("{at}.{name}")
            };
            self.members.entry(path.clone()).or_default();
            self.read(of, &path, depth + 1);
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::Facts;

    fn facts(parameter: &str, words: &[&str]) -> Facts {
        let thing = json!({ "allOf": [{ "properties": { "size": {}, "type": { "enum": words },
            "parts": { "items": { "$ref": "#/components/Part" } } } }] });
        let answer = json!({ "content": { "application/json": { "schema": thing } } });
        let mut facts = Facts::default();
        facts.read(&json!({
            "paths": { format!("/things/{{{parameter}}}"): { "get": { "responses": { "200": answer } } } },
            "components": { "Part": { "properties": { "id": {} } } },
        }));
        facts
    }

    #[test]
    fn what_is_missing_is_told() {
        let ours = facts("a", &["X"]);
        let theirs = Facts::parse(&facts("b", &["X", "Y"]).page());
        assert_eq!(theirs.beyond(&ours), ["/things/{} type=Y"]);
        assert!(ours.beyond(&theirs).is_empty());
        assert!(theirs.page().contains("  parts.id\n"));
        assert_eq!(theirs.beyond(&Facts::default()), ["/things/{}"]);
    }
}
