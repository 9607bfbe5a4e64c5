//! JSON read into types as JSON has it: what is an object there comes as an object.
//!
//! Types that derive `Deserialize` also take a list of their members in the order in which they are
//! declared. Nobody means that, and whatever looks at a body by the names in it before it is read
//! (bounds of numbers, secrets that are sealed) sees nothing in a list.

use serde::de::value::{MapDeserializer, SeqDeserializer, StringDeserializer};
use serde::de::{Deserializer, Error as _, IntoDeserializer, Unexpected, Visitor};
use serde::forward_to_deserialize_any;
use serde_json::{Error, Map, Value};

/// A value that is being read.
pub struct Strict(pub Value);

type Members = MapDeserializer<'static, std::vec::IntoIter<(String, Strict)>, Error>;

fn members(object: Map<String, Value>) -> Members {
    let members = object
        .into_iter()
        .map(|(name, value)| (name, Strict(value)));
    MapDeserializer::new(members.collect::<Vec<_>>().into_iter())
}

impl<'de> Deserializer<'de> for Strict {
    type Error = Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.0 {
            Value::Array(items) => {
                let items: Vec<_> = items.into_iter().map(Strict).collect();
                let mut items = SeqDeserializer::new(items.into_iter());
                let read = visitor.visit_seq(&mut items)?;
                items.end()?;
                Ok(read)
            }
            Value::Object(object) => {
                let mut members = members(object);
                let read = visitor.visit_map(&mut members)?;
                members.end()?;
                Ok(read)
            }
            plain => plain.deserialize_any(visitor),
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.0 {
            Value::Null => visitor.visit_none(),
            _ => visitor.visit_some(self),
        }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        visitor: V,
    ) -> Result<V::Value, Error> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        _fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        match self.0 {
            Value::Array(_) => Err(Error::invalid_type(Unexpected::Seq, &visitor)),
            _ => self.deserialize_any(visitor),
        }
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        match self.0 {
            Value::String(text) => {
                let text: StringDeserializer<Error> = text.into_deserializer();
                visitor.visit_enum(text)
            }
            // Also the words that carry nothing would be taken as `{"WORD": null}`.
            Value::Object(_) => Err(Error::invalid_type(Unexpected::Map, &visitor)),
            other => other.deserialize_enum(name, variants, visitor),
        }
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit
        unit_struct seq tuple tuple_struct map identifier ignored_any
    }
}

impl IntoDeserializer<'_, Error> for Strict {
    type Deserializer = Self;

    fn into_deserializer(self) -> Self {
        self
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde::Deserialize;
    use serde_json::json;

    use super::*;

    fn from_value<T: serde::de::DeserializeOwned>(value: Value) -> Result<T, Error> {
        T::deserialize(Strict(value))
    }

    #[derive(Debug, PartialEq, Deserialize)]
    struct Point {
        x: u32,
        #[serde(default)]
        label: Option<String>,
    }

    #[derive(Debug, PartialEq, Deserialize)]
    enum Word {
        A,
        B,
    }

    #[derive(Debug, PartialEq, Deserialize)]
    struct All {
        points: Vec<Point>,
        named: BTreeMap<String, Point>,
        words: Vec<Word>,
        pair: (u8, bool),
        any: Value,
        #[serde(default)]
        maybe: Option<Box<All>>,
    }

    fn sample() -> Value {
        json!({
            "points": [{ "x": 1 }, { "x": 2, "label": "b", "unknown": [1] }],
            "named": { "a": { "x": 3, "label": null } },
            "words": ["A", "B"],
            "pair": [6, true],
            "any": { "list": [1, -2, 1.5, "x", null, { "y": [] }] },
            "maybe": null,
        })
    }

    #[test]
    fn what_is_written_as_it_should_be_is_read_as_the_library_reads_it() {
        let mut sample = sample();
        let plain: All = serde_json::from_value(sample.clone()).unwrap();
        assert_eq!(from_value::<All>(sample.clone()).unwrap(), plain);
        sample["maybe"] = sample.clone();
        let nested: All = serde_json::from_value(sample.clone()).unwrap();
        assert_eq!(from_value::<All>(sample).unwrap(), nested);
    }

    #[test]
    fn a_list_is_no_object() {
        for (pointer, list) in [
            ("/points/0", json!([1, "a"])),
            ("/named/a", json!([1, "a"])),
        ] {
            let mut sample = sample();
            *sample.pointer_mut(pointer).unwrap() = list;
            assert!(
                serde_json::from_value::<All>(sample.clone()).is_ok(),
                "{pointer}"
            );
            let error = from_value::<All>(sample).unwrap_err().to_string();
            assert!(
                error.starts_with("invalid type: sequence, expected"),
                "{error}"
            );
        }
    }

    #[test]
    fn an_object_is_no_word() {
        let mut sample = sample();
        sample["words"] = json!([{ "A": null }]);
        assert!(serde_json::from_value::<All>(sample.clone()).is_ok());
        assert!(from_value::<All>(sample).is_err());
    }

    #[test]
    fn what_is_too_short_or_too_long_is_told() {
        for pair in [json!([6]), json!([6, true, 1])] {
            let mut sample = sample();
            sample["pair"] = pair;
            assert!(from_value::<All>(sample).is_err());
        }
    }
}
