//! From a mapping of the file, and what is stored already, to an entity.

use std::cell::Cell;
use std::fmt;

use countersign_domain::entity::Entity;
use countersign_domain::ids::EnvId;
use countersign_domain::store::Fault;
use countersign_domain::time::Time;
use serde::de::{DeserializeOwned, Deserializer, Error as _, Visitor};
use serde_json::Value;

use super::de;
use super::draft::Draft;
use super::node::{Data, Node};
use super::problem::Problem;

/// What an entity is made of.
pub(super) struct Parts<'a> {
    pub env: EnvId,
    pub id: String,
    /// What the file says.
    pub patch: Node,
    /// What its place in the file says.
    pub implied: Vec<(&'static str, Value)>,
    /// What a new one starts with.
    pub fresh: Vec<(&'static str, Value)>,
    /// Keys of the mapping that were taken out before, for messages.
    pub nested: &'a [&'static str],
}

impl Parts<'_> {
    /// Of something that has all it says in its own mapping, an id among it.
    pub(super) fn of(env: EnvId, id: impl fmt::Display, patch: Node) -> Self {
        Self {
            env,
            id: id.to_string(),
            patch,
            implied: Vec::new(),
            fresh: Vec::new(),
            nested: &["id"],
        }
    }
}

/// Either what was built, or why not: the file's fault, or the store's.
pub(super) type Built<T> = Result<Result<T, Problem>, Fault>;

/// Builds an entity. What the file does not mention stays as it is; `null` goes back to the
/// default.
pub(super) fn build<E: Entity + PartialEq>(draft: &Draft, now: Time, parts: Parts<'_>) -> Built<E> {
    let Parts {
        env,
        id,
        patch,
        implied,
        fresh,
        nested,
    } = parts;
    let known = fields::<E>();
    let line = patch.line;
    let Data::Map(entries) = patch.data else {
        let kind = patch.kind();
        let message = format!("must be a mapping; it is {kind}");
        return Ok(Err(Problem::new(line, message)));
    };
    let before: Option<E> = draft.get(env, &id)?;
    let mut base = match &before {
        Some(entity) => Node::from_json(to_json(entity)?, line),
        None => blank(known, now, line),
    };
    if before.is_none() {
        for (name, value) in fresh {
            base.set(name, Node::from_json(value, line));
        }
    }
    // There is one of some kinds, which say no id of their own.
    if known.is_empty() || known.contains(&"id") {
        base.set("id", Node::text(id, line));
    }
    for (name, value) in &implied {
        base.set(name, Node::from_json(value.clone(), line));
    }
    let mut sets_updated_at = false;
    for (name, value) in entries {
        let is_implied = name == "id" || implied.iter().any(|(other, _)| *other == name);
        if is_implied {
            let message = "follows from its place in the file; leave it out".to_owned();
            return Ok(Err(Problem::new(value.line, message).inside(&name)));
        }
        if !known.contains(&name.as_str()) {
            let more = nested.iter().filter(|it| !known.contains(it));
            let allowed = known.iter().chain(more).copied();
            let allowed = allowed.filter(|it| implied.iter().all(|(other, _)| other != it));
            return Ok(Err(de::unknown_field(&name, value.line, allowed)));
        }
        sets_updated_at |= name == "updatedAt";
        if value.data == Data::Null {
            base.take(&name);
        } else {
            base.set(&name, value);
        }
    }
    let built: Result<E, Problem> = de::read(&base);
    let is_changed = matches!((&built, &before), (Ok(new), Some(old)) if new != old);
    if is_changed && !sets_updated_at && known.contains(&"updatedAt") {
        base.set("updatedAt", Node::text(now.to_string(), line));
        return Ok(de::read(&base));
    }
    Ok(built)
}

fn to_json<E: Entity>(entity: &E) -> Result<Value, Fault> {
    serde_json::to_value(entity).map_err(|error| Fault::Corrupt {
        key: entity.key(EnvId::PLATFORM),
        reason: error.to_string(),
    })
}

fn blank(known: &[&str], now: Time, line: usize) -> Node {
    let times = ["createdAt", "updatedAt"].into_iter();
    let times = times.filter(|name| known.contains(name));
    let entries = times.map(|name| (name.to_owned(), Node::text(now.to_string(), line)));
    Node {
        line,
        data: Data::Map(entries.collect()),
    }
}

/// The names of a type's fields, asked of its own deserializer.
pub(super) fn fields<T: DeserializeOwned>() -> &'static [&'static str] {
    let found = Cell::new(&[][..]);
    // It always answers with an error: the names are all that is wanted.
    let _ = T::deserialize(Probe(&found));
    found.get()
}

struct Probe<'a>(&'a Cell<&'static [&'static str]>);

impl<'de> Deserializer<'de> for Probe<'_> {
    type Error = Problem;

    fn deserialize_any<V: Visitor<'de>>(self, _visitor: V) -> Result<V::Value, Problem> {
        Err(Problem::custom(""))
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        fields: &'static [&'static str],
        _visitor: V,
    ) -> Result<V::Value, Problem> {
        self.0.set(fields);
        Err(Problem::custom(""))
    }

    serde::forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option
        unit unit_struct newtype_struct seq tuple tuple_struct map enum identifier ignored_any
    }
}
