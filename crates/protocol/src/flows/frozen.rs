//! A part of a document that never changes.

use std::ops::Deref;
use std::sync::{Arc, OnceLock};

use serde::de::{DeserializeOwned, Error as _};
use serde::ser::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::value::{RawValue, to_raw_value};

/// A value that is written again and again with the document around it, and is always the same: it
/// is copied by pointing at it, and its JSON is made once. For documents that are JSON text.
#[derive(Debug, Clone)]
pub struct Frozen<T>(Arc<Inner<T>>);

#[derive(Debug)]
struct Inner<T> {
    value: T,
    json: OnceLock<Box<RawValue>>,
}

impl<T> Frozen<T> {
    /// From now on it does not change.
    pub fn new(value: T) -> Self {
        Self(Arc::new(Inner {
            value,
            json: OnceLock::new(),
        }))
    }
}

impl<T> Deref for Frozen<T> {
    type Target = T;
    fn deref(&self) -> &T {
        &self.0.value
    }
}

impl<T: PartialEq> PartialEq for Frozen<T> {
    fn eq(&self, other: &Self) -> bool {
        **self == **other
    }
}

impl<T: Eq> Eq for Frozen<T> {}

impl<T: Serialize> Serialize for Frozen<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if let Some(json) = self.0.json.get() {
            return json.serialize(serializer);
        }
        let json = to_raw_value(&self.0.value).map_err(S::Error::custom)?;
        self.0.json.get_or_init(|| json).serialize(serializer)
    }
}

impl<'de, T: DeserializeOwned> Deserialize<'de> for Frozen<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let json = Box::<RawValue>::deserialize(deserializer)?;
        let value = serde_json::from_str(json.get()).map_err(D::Error::custom)?;
        let json = OnceLock::from(json);
        Ok(Self(Arc::new(Inner { value, json })))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_written_as_the_value_is() {
        let pair = ("a \"b\"".to_owned(), Some(7));
        let frozen = Frozen::new(pair.clone());
        let written = serde_json::to_string(&[&frozen, &frozen]).unwrap();
        assert_eq!(written, serde_json::to_string(&[&pair, &pair]).unwrap());
        let read: Vec<Frozen<(String, Option<i32>)>> = serde_json::from_str(&written).unwrap();
        assert_eq!(read, [frozen.clone(), frozen]);
        assert_eq!(serde_json::to_string(&read).unwrap(), written);
        assert!(serde_json::from_str::<Frozen<u8>>("256").is_err());
    }
}
