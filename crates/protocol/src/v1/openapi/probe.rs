//! Asks serde what a type reads: which members, of which types, with which words. What is read is
//! what is documented; nothing has to be said twice.
//!
//! A type is read again and again from a deserializer that has no data but follows one path into
//! it, and notes what is asked for at its end. What hides behind a flattened struct or an enum that
//! is told apart by its content stays unknown, and is documented as "any".

use std::cell::{Cell, RefCell};
use std::fmt;

use serde::de::value::StrDeserializer;
use serde::de::{
    self, DeserializeOwned, DeserializeSeed, Deserializer, IntoDeserializer, MapAccess, SeqAccess,
    Visitor,
};
use serde::forward_to_deserialize_any;
use serde_json::{Map, Value, json};

/// How deep types are followed; PingOne's JSON is flat.
const MAX_DEPTH: usize = 6;
/// Texts that tell what a text is read as.
const UUID: &str = "00000000-0000-4000-8000-000000000001";
const TIME: &str = "2026-01-01T00:00:00.000Z";

/// The JSON schema of what a type reads.
pub fn schema_of<T: DeserializeOwned>() -> Value {
    schema::<T>(&mut Vec::new())
}

/// Members without which the type cannot be read.
pub fn required_of<T: DeserializeOwned>(schema: &Value) -> Vec<String> {
    let mut sample = Map::new();
    let mut required = Vec::new();
    while let Err(error) = serde_json::from_value::<T>(Value::Object(sample.clone())) {
        let said = error.to_string();
        let Some(name) = said.strip_prefix("missing field `") else {
            break;
        };
        let name = name.split('`').next().unwrap_or_default().to_owned();
        let of_member = schema.get("properties").and_then(|it| it.get(&name));
        let Some(of_member) = of_member.filter(|_| !sample.contains_key(&name)) else {
            break;
        };
        sample.insert(name.clone(), sample_of(of_member));
        required.push(name);
    }
    required
}

/// Some value of a schema.
fn sample_of(schema: &Value) -> Value {
    let words = schema.get("enum").and_then(Value::as_array);
    if let Some(word) = words.and_then(|it| it.first()) {
        return word.clone();
    }
    match (
        first_type(schema),
        schema.get("format").and_then(Value::as_str),
    ) {
        ("object", _) => {
            let members = schema.get("properties").and_then(Value::as_object);
            let members = members.into_iter().flatten();
            let required = members.filter(|(_, of)| of.get("type").is_some_and(Value::is_string));
            Value::Object(
                required
                    .map(|(name, of)| (name.clone(), sample_of(of)))
                    .collect(),
            )
        }
        ("array", _) => json!([]),
        ("boolean", _) => json!(false),
        ("integer" | "number", _) => json!(1),
        (_, Some("uuid")) => json!(UUID),
        (_, Some("date-time")) => json!(TIME),
        _ => json!("x"),
    }
}

fn first_type(schema: &Value) -> &str {
    let of = schema.get("type");
    let first = of.and_then(|it| it.get(0)).or(of);
    first.and_then(Value::as_str).unwrap_or_default()
}

/// A step into a type.
#[derive(Debug, Clone, Copy)]
enum Step {
    Member(&'static str),
    Item,
    Entry,
}

/// What a type asks for at the end of a path.
#[derive(Debug, Clone, Copy)]
enum Asked {
    Struct(&'static [&'static str]),
    Words(&'static [&'static str]),
    Text,
    Bool,
    Whole,
    Number,
    List,
    Map,
    Anything,
}

#[derive(Default)]
struct Notes {
    asked: RefCell<Option<Asked>>,
    is_optional: Cell<bool>,
    is_accepted: Cell<bool>,
}

fn ask<T: DeserializeOwned>(path: &[Step], text: Option<&'static str>) -> Notes {
    let notes = Notes::default();
    // It always ends in an error, except where the path ends in a text that is accepted.
    let read = T::deserialize(Probe {
        path,
        text,
        notes: &notes,
    });
    if path.is_empty() {
        notes.is_accepted.set(read.is_ok());
    }
    notes
}

fn schema<T: DeserializeOwned>(path: &mut Vec<Step>) -> Value {
    let notes = ask::<T>(path, None);
    let asked = (*notes.asked.borrow()).filter(|_| path.len() <= MAX_DEPTH);
    let mut found = match asked.unwrap_or(Asked::Anything) {
        Asked::Struct(members) => {
            let mut properties = Map::new();
            for member in members {
                path.push(Step::Member(member));
                properties.insert((*member).to_owned(), schema::<T>(path));
                path.pop();
            }
            json!({ "type": "object", "properties": properties })
        }
        Asked::Words(words) => json!({ "type": "string", "enum": words }),
        Asked::Text => {
            let accepts = |text| ask::<T>(path, Some(text)).is_accepted.get();
            match (accepts("x"), accepts(UUID), accepts(TIME)) {
                (false, true, false) => json!({ "type": "string", "format": "uuid" }),
                (false, false, true) => json!({ "type": "string", "format": "date-time" }),
                _ => json!({ "type": "string" }),
            }
        }
        Asked::Bool => json!({ "type": "boolean" }),
        Asked::Whole => json!({ "type": "integer" }),
        Asked::Number => json!({ "type": "number" }),
        Asked::List => {
            path.push(Step::Item);
            let items = schema::<T>(path);
            path.pop();
            json!({ "type": "array", "items": items })
        }
        Asked::Map => {
            path.push(Step::Entry);
            let entries = schema::<T>(path);
            path.pop();
            json!({ "type": "object", "additionalProperties": entries })
        }
        Asked::Anything => json!({}),
    };
    if notes.is_optional.get() {
        accept_null(&mut found);
    }
    found
}

/// Absent and null are the same (`reference/platform.md` 1.6).
pub fn accept_null(schema: &mut Value) {
    let Some(object) = schema.as_object_mut() else {
        return;
    };
    if let Some(Value::String(one)) = object.get("type").cloned() {
        object.insert("type".into(), json!([one, "null"]));
    }
    if let Some(Value::Array(words)) = object.get_mut("enum")
        && !words.contains(&Value::Null)
    {
        words.push(Value::Null);
    }
}

/// That reading ended where it was meant to.
#[derive(Debug)]
struct Ended;

impl fmt::Display for Ended {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the probe is at its end")
    }
}

impl std::error::Error for Ended {}

impl de::Error for Ended {
    fn custom<T: fmt::Display>(_: T) -> Self {
        Self
    }
}

/// A deserializer without data.
#[derive(Clone, Copy)]
struct Probe<'p> {
    path: &'p [Step],
    text: Option<&'static str>,
    notes: &'p Notes,
}

impl Probe<'_> {
    fn end<T>(self, asked: Asked) -> Result<T, Ended> {
        if self.path.is_empty() {
            *self.notes.asked.borrow_mut() = Some(asked);
        }
        Err(Ended)
    }

    fn step(self) -> Option<(Step, Self)> {
        let (step, path) = self.path.split_first()?;
        Some((*step, Self { path, ..self }))
    }

    fn text<'de, V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Ended> {
        match self.text.filter(|_| self.path.is_empty()) {
            Some(text) => visitor.visit_str(text),
            None => self.end(Asked::Text),
        }
    }

    fn descend<'de, S: DeserializeSeed<'de>>(self, seed: S) -> Result<S::Value, Ended> {
        let read = seed.deserialize(self);
        if self.path.is_empty() {
            self.notes.is_accepted.set(read.is_ok());
        }
        read
    }
}

macro_rules! ends_in {
    ($($method:ident: $asked:ident),*) => {
        $(fn $method<V: Visitor<'de>>(self, _: V) -> Result<V::Value, Ended> {
            self.end(Asked::$asked)
        })*
    };
}

impl<'de> Deserializer<'de> for Probe<'_> {
    type Error = Ended;

    ends_in!(
        deserialize_any: Anything, deserialize_bool: Bool, deserialize_f32: Number,
        deserialize_f64: Number, deserialize_i8: Whole, deserialize_i16: Whole,
        deserialize_i32: Whole, deserialize_i64: Whole, deserialize_u8: Whole,
        deserialize_u16: Whole, deserialize_u32: Whole, deserialize_u64: Whole
    );

    forward_to_deserialize_any! {
        i128 u128 bytes byte_buf unit unit_struct identifier ignored_any
    }

    fn deserialize_char<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Ended> {
        self.text(visitor)
    }

    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Ended> {
        self.text(visitor)
    }

    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Ended> {
        self.text(visitor)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Ended> {
        if self.path.is_empty() {
            self.notes.is_optional.set(true);
        }
        visitor.visit_some(self)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Ended> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Ended> {
        match self.step() {
            Some((Step::Item, within)) => visitor.visit_seq(One(Some(within), "")),
            _ => self.end(Asked::List),
        }
    }

    fn deserialize_tuple<V: Visitor<'de>>(self, _: usize, visitor: V) -> Result<V::Value, Ended> {
        self.deserialize_seq(visitor)
    }

    fn deserialize_tuple_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: usize,
        visitor: V,
    ) -> Result<V::Value, Ended> {
        self.deserialize_seq(visitor)
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Ended> {
        match self.step() {
            Some((Step::Entry, within)) => visitor.visit_map(One(Some(within), UUID)),
            _ => self.end(Asked::Map),
        }
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        members: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Ended> {
        match self.step() {
            Some((Step::Member(name), within)) => visitor.visit_map(One(Some(within), name)),
            _ => self.end(Asked::Struct(members)),
        }
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        words: &'static [&'static str],
        _: V,
    ) -> Result<V::Value, Ended> {
        self.end(Asked::Words(words))
    }
}

/// A map or a list of the one thing that the path leads to, and its key.
struct One<'p>(Option<Probe<'p>>, &'static str);

impl<'de> MapAccess<'de> for One<'_> {
    type Error = Ended;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, Ended> {
        if self.0.is_none() {
            return Ok(None);
        }
        let key: StrDeserializer<'_, Ended> = self.1.into_deserializer();
        seed.deserialize(key).map(Some)
    }

    fn next_value_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<S::Value, Ended> {
        self.0.take().ok_or(Ended)?.descend(seed)
    }
}

impl<'de> SeqAccess<'de> for One<'_> {
    type Error = Ended;

    fn next_element_seed<S: DeserializeSeed<'de>>(
        &mut self,
        seed: S,
    ) -> Result<Option<S::Value>, Ended> {
        match self.0.take() {
            Some(within) => within.descend(seed).map(Some),
            None => Ok(None),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use countersign_domain::time::Time;
    use serde::Deserialize;
    use uuid::Uuid;

    use super::*;

    #[derive(Deserialize)]
    #[serde(rename_all = "SCREAMING_SNAKE_CASE")]
    enum Size {
        VerySmall,
        Large,
    }

    #[derive(Deserialize)]
    struct Part {
        #[expect(dead_code, reason = "only read")]
        size: Option<Size>,
    }

    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    #[expect(dead_code, reason = "only read")]
    struct Thing {
        id: Uuid,
        made_at: Time,
        name: String,
        #[serde(default)]
        count: u32,
        parts: Vec<Part>,
        notes: Option<BTreeMap<String, bool>>,
    }

    #[test]
    fn a_type_tells_what_it_reads() {
        let schema = schema_of::<Thing>();
        let expected = json!({ "type": "object", "properties": {
            "id": { "type": "string", "format": "uuid" },
            "madeAt": { "type": "string", "format": "date-time" },
            "name": { "type": "string" },
            "count": { "type": "integer" },
            "parts": { "type": "array", "items": { "type": "object", "properties": {
                "size": { "type": ["string", "null"], "enum": ["VERY_SMALL", "LARGE", null] } } } },
            "notes": { "type": ["object", "null"], "additionalProperties": { "type": "boolean" } },
        } });
        assert_eq!(schema, expected);
        let required = required_of::<Thing>(&schema);
        assert_eq!(required, ["id", "madeAt", "name", "parts"]);
        let _ = (Size::VerySmall, Size::Large);
    }
}
