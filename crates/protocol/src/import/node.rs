//! A parsed import file: plain values that know where they stand. YAML is read event by event, so
//! that every value keeps its line; JSON is read the same way, being YAML (1.2) too.

use std::collections::BTreeMap;

use saphyr_parser::{Event, Parser, ScalarStyle};
use serde_json::Value;

use super::problem::Problem;

/// Deepest nesting of a file.
const MAX_DEPTH: usize = 48;
/// Most values in a file, counting what aliases repeat.
const MAX_NODES: usize = 2_000_000;

/// A value and its place.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Node {
    /// Line in the file, from 1; 0 for what does not come from one.
    pub line: usize,
    pub data: Data,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Data {
    Null,
    Bool(bool),
    Number(serde_json::Number),
    Text(String),
    List(Vec<Node>),
    /// In the order of the file; no key twice.
    Map(Vec<(String, Node)>),
}

impl Node {
    pub(super) const fn text(text: String, line: usize) -> Self {
        Self {
            line,
            data: Data::Text(text),
        }
    }

    pub(super) fn from_json(value: Value, line: usize) -> Self {
        let data = match value {
            Value::Null => Data::Null,
            Value::Bool(it) => Data::Bool(it),
            Value::Number(it) => Data::Number(it),
            Value::String(it) => Data::Text(it),
            Value::Array(items) => {
                let items = items.into_iter().map(|it| Self::from_json(it, line));
                Data::List(items.collect())
            }
            Value::Object(entries) => {
                let entries = entries.into_iter();
                Data::Map(
                    entries
                        .map(|(key, value)| (key, Self::from_json(value, line)))
                        .collect(),
                )
            }
        };
        Self { line, data }
    }

    pub(super) fn to_json(&self) -> Value {
        match &self.data {
            Data::Null => Value::Null,
            Data::Bool(it) => Value::Bool(*it),
            Data::Number(it) => Value::Number(it.clone()),
            Data::Text(it) => Value::String(it.clone()),
            Data::List(items) => Value::Array(items.iter().map(Self::to_json).collect()),
            Data::Map(entries) => {
                let entries = entries.iter();
                Value::Object(entries.map(|(k, v)| (k.clone(), v.to_json())).collect())
            }
        }
    }

    /// What kind of value it is, for messages.
    pub(super) const fn kind(&self) -> &'static str {
        match self.data {
            Data::Null => "nothing",
            Data::Bool(_) => "true or false",
            Data::Number(_) => "a number",
            Data::Text(_) => "text",
            Data::List(_) => "a list",
            Data::Map(_) => "a mapping",
        }
    }

    pub(super) fn get(&self, key: &str) -> Option<&Self> {
        let Data::Map(entries) = &self.data else {
            return None;
        };
        let found = entries.iter().find(|(name, _)| name == key);
        found.map(|(_, value)| value)
    }

    pub(super) fn get_text(&self, key: &str) -> Option<&str> {
        match &self.get(key)?.data {
            Data::Text(text) => Some(text),
            Data::Null | Data::Bool(_) | Data::Number(_) | Data::List(_) | Data::Map(_) => None,
        }
    }

    /// Takes an entry out of a mapping.
    pub(super) fn take(&mut self, key: &str) -> Option<Self> {
        let Data::Map(entries) = &mut self.data else {
            return None;
        };
        let at = entries.iter().position(|(name, _)| name == key)?;
        Some(entries.remove(at).1)
    }

    /// Sets an entry of a mapping.
    pub(super) fn set(&mut self, key: &str, value: Self) {
        self.take(key);
        if let Data::Map(entries) = &mut self.data {
            entries.push((key.to_owned(), value));
        }
    }
}

/// Reads a file of one document.
pub(super) fn parse(text: &str) -> Result<Node, Problem> {
    let mut builder = Builder::default();
    let mut parser = Parser::new_from_str(text.strip_prefix('\u{feff}').unwrap_or(text));
    // Event by event, for the parser's own loop recurses as deep as the file nests.
    while let Some(event) = parser.next_event() {
        let (event, span) = event.map_err(|error| {
            Problem::new(error.marker().line(), format!("not YAML: {}", error.info()))
        })?;
        builder.event(event, span.start.line());
        if let Some(problem) = builder.problem {
            return Err(problem);
        }
    }
    let empty = || Problem::new(1, "the file is empty".to_owned());
    builder.root.ok_or_else(empty)
}

/// Puts events together. The first problem stops it.
#[derive(Default)]
struct Builder {
    open: Vec<Open>,
    root: Option<Node>,
    documents: usize,
    anchors: BTreeMap<usize, (Node, usize)>,
    nodes: usize,
    problem: Option<Problem>,
}

/// A list or mapping that has not ended.
struct Open {
    line: usize,
    anchor: usize,
    content: Content,
    nodes_before: usize,
}

enum Content {
    List(Vec<Node>),
    Map(Vec<(String, Node)>, Option<String>),
}

impl Builder {
    fn fail(&mut self, line: usize, message: &str) {
        if self.problem.is_none() {
            self.problem = Some(Problem::new(line, message.to_owned()));
        }
    }

    fn add(&mut self, node: Node, anchor: usize, size: usize) {
        self.nodes += 1;
        if anchor > 0 {
            self.anchors.insert(anchor, (node.clone(), size));
        }
        if self.nodes > MAX_NODES {
            return self.fail(node.line, "the file holds too many values");
        }
        let line = node.line;
        match self.open.last_mut().map(|it| &mut it.content) {
            None => self.root = Some(node),
            Some(Content::List(items)) => items.push(node),
            Some(Content::Map(entries, key)) => match key.take() {
                Some(name) => {
                    if entries.iter().any(|(other, _)| *other == name) {
                        return self.fail(line, &format!("`{name}` stands here twice"));
                    }
                    entries.push((name, node));
                }
                None => match node.data {
                    Data::Text(name) => *key = Some(name),
                    Data::Number(number) => *key = Some(number.to_string()),
                    Data::Null | Data::Bool(_) | Data::List(_) | Data::Map(_) => {
                        self.fail(line, "a key must be text; quote it");
                    }
                },
            },
        }
    }

    fn begin(&mut self, line: usize, anchor: usize, content: Content) {
        if self.open.len() >= MAX_DEPTH {
            self.fail(line, "nested too deeply");
        }
        self.open.push(Open {
            line,
            anchor,
            content,
            nodes_before: self.nodes,
        });
    }

    fn end(&mut self) {
        let Some(open) = self.open.pop() else { return };
        let data = match open.content {
            Content::List(items) => Data::List(items),
            Content::Map(entries, _) => Data::Map(entries),
        };
        let size = self.nodes.saturating_sub(open.nodes_before) + 1;
        let line = open.line;
        self.add(Node { line, data }, open.anchor, size);
    }

    fn event(&mut self, event: Event<'_>, line: usize) {
        match event {
            Event::Nothing | Event::StreamStart | Event::StreamEnd | Event::DocumentEnd => {}
            Event::DocumentStart(_) => {
                self.documents += 1;
                if self.documents > 1 {
                    self.fail(
                        line,
                        "a file holds one document; leave out the second `---`",
                    );
                }
            }
            Event::Alias(anchor) => match self.anchors.get(&anchor) {
                Some((node, size)) => {
                    let (node, size) = (node.clone(), *size);
                    // Counted in full, so that aliases of aliases cannot grow without bound.
                    self.nodes = self.nodes.saturating_add(size);
                    self.add(node, 0, size);
                }
                None => self.fail(line, "an alias within its own anchor"),
            },
            Event::Scalar(text, style, anchor, tag) => {
                if tag.is_some() {
                    return self.fail(line, "tags (`!...`) are not allowed");
                }
                let data = match style {
                    ScalarStyle::Plain => plain(&text),
                    _ => Data::Text(text.into_owned()),
                };
                self.add(Node { line, data }, anchor, 1);
            }
            Event::SequenceStart(anchor, _) => {
                self.begin(line, anchor, Content::List(Vec::new()));
            }
            Event::MappingStart(anchor, _) => {
                self.begin(line, anchor, Content::Map(Vec::new(), None));
            }
            Event::SequenceEnd | Event::MappingEnd => self.end(),
        }
    }
}

/// The core schema of YAML 1.2: `yes` and `no` are text, numbers are those of JSON.
fn plain(text: &str) -> Data {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => return Data::Null,
        "true" | "True" | "TRUE" => return Data::Bool(true),
        "false" | "False" | "FALSE" => return Data::Bool(false),
        _ => {}
    }
    let is_number = text.starts_with(|first: char| first.is_ascii_digit() || first == '-');
    match serde_json::from_str::<serde_json::Number>(text) {
        Ok(number) if is_number => Data::Number(number),
        _ => Data::Text(text.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn yaml_and_json_give_the_same_values() {
        let yaml = parse("a: 1\nb:\n  - x\n  - true\n  - ~\n  - '1'\nc: {d: yes}\n").unwrap();
        let json = parse(r#"{"a": 1, "b": ["x", true, null, "1"], "c": {"d": "yes"}}"#).unwrap();
        assert_eq!(yaml.to_json(), json.to_json());
        assert_eq!(yaml.get("c").unwrap().line, 7);
    }

    #[test]
    fn escapes_of_json_are_read() {
        let node = parse(r#"{"a": "\"\\\/\b\t\u00e4"}"#).unwrap();
        assert_eq!(node.get_text("a"), Some("\"\\/\u{8}\tä"));
    }

    #[test]
    fn anchors_repeat_and_cannot_explode() {
        let node = parse("a: &x [1, 2]\nb: *x\n").unwrap();
        assert_eq!(node.get("a").unwrap().data, node.get("b").unwrap().data);
        let mut bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
        for n in 1..9 {
            let alias = format!("*a{}, ", n - 1).repeat(10);
            bomb.extend([
                "a",
                &n.to_string(),
                ": &a",
                &n.to_string(),
                " [",
                &alias,
                "]\n",
            ]);
        }
        assert!(parse(&bomb).unwrap_err().message.contains("too many"));
    }

    #[test]
    fn what_is_not_a_plain_document_is_refused_with_its_line() {
        for (text, line) in [
            ("a: 1\na: 2\n", 2),
            ("a: 1\n---\nb: 2\n", 2),
            ("a: 1\nb: !x 2\n", 2),
            ("a: 1\n[x]: 2\n", 2),
            ("a: [1\n", 2),
            ("", 1),
        ] {
            assert_eq!(parse(text).unwrap_err().line, line, "{text}");
        }
        for deep in ["[", "{a: ", "- "] {
            let text = deep.repeat(300_000);
            assert!(parse(&text).is_err());
        }
    }
}
