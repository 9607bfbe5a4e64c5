//! From values with places to typed entities. Fields that an entity does not have are refused here,
//! by name and line; the entities themselves ignore them.

use std::fmt::Write as _;

use serde::de::{
    DeserializeOwned, DeserializeSeed, Deserializer, EnumAccess, Error, IntoDeserializer,
    MapAccess, SeqAccess, Unexpected, VariantAccess, Visitor,
};

use super::node::{Data, Node};
use super::problem::{Problem, nearest};

/// Reads an entity.
pub(super) fn read<T: DeserializeOwned>(node: &Node) -> Result<T, Problem> {
    T::deserialize(Reader(node)).map_err(|problem| problem.at(node.line))
}

/// The refusal of a field that does not exist.
pub(super) fn unknown_field<'a>(
    name: &str,
    line: usize,
    allowed: impl Iterator<Item = &'a str> + Clone,
) -> Problem {
    let mut message = match nearest(name, allowed.clone()) {
        Some(nearest) => format!("unknown field; did you mean `{nearest}`?"),
        None => "unknown field.".to_owned(),
    };
    let allowed: Vec<&str> = allowed.collect();
    let _ = write!(message, " Allowed: {}", allowed.join(", "));
    Problem::new(line, message).inside(name)
}

struct Reader<'a>(&'a Node);

impl Reader<'_> {
    fn scalar<'de, V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Problem> {
        match &self.0.data {
            Data::Null => visitor.visit_unit(),
            Data::Bool(it) => visitor.visit_bool(*it),
            Data::Number(number) => match (number.as_u64(), number.as_i64(), number.as_f64()) {
                (Some(it), _, _) => visitor.visit_u64(it),
                (None, Some(it), _) => visitor.visit_i64(it),
                (None, None, Some(it)) => visitor.visit_f64(it),
                (None, None, None) => Err(Problem::custom("not a number of this program's size")),
            },
            Data::Text(it) => visitor.visit_str(it),
            Data::List(items) => visitor.visit_seq(Items(items.iter().enumerate())),
            Data::Map(entries) => visitor.visit_map(Entries {
                entries: entries.iter(),
                value: None,
            }),
        }
        .map_err(|problem| problem.at(self.0.line))
    }
}

impl<'de> Deserializer<'de> for Reader<'_> {
    type Error = Problem;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Problem> {
        self.scalar(visitor)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Problem> {
        match self.0.data {
            Data::Null => visitor.visit_none(),
            _ => visitor.visit_some(self),
        }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        visitor: V,
    ) -> Result<V::Value, Problem> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Problem> {
        let Data::Map(entries) = &self.0.data else {
            let message = format!(
                "must be a mapping with some of: {}; it is {}",
                fields.join(", "),
                self.0.kind()
            );
            return Err(Problem::new(self.0.line, message));
        };
        for (name, value) in entries {
            if !fields.contains(&name.as_str()) {
                return Err(unknown_field(name, value.line, fields.iter().copied()));
            }
        }
        self.scalar(visitor)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Problem> {
        match &self.0.data {
            Data::Text(text) => visitor
                .visit_enum(text.as_str().into_deserializer())
                .map_err(|problem: Problem| problem.at(self.0.line)),
            Data::Map(entries) => match entries.as_slice() {
                [(name, value)] => visitor.visit_enum(Variant { name, value }),
                _ => Err(Problem::new(
                    self.0.line,
                    format!("must have exactly one of: {}", variants.join(", ")),
                )),
            },
            Data::Null | Data::Bool(_) | Data::Number(_) | Data::List(_) => Err(Problem::new(
                self.0.line,
                format!("must be one of: {}", variants.join(", ")),
            )),
        }
    }

    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Problem> {
        match &self.0.data {
            Data::Number(number) => {
                let message = format!("must be text: quote it, \"{number}\"");
                Err(Problem::new(self.0.line, message))
            }
            _ => self.scalar(visitor),
        }
    }

    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Problem> {
        self.deserialize_str(visitor)
    }

    serde::forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char bytes byte_buf unit unit_struct
        seq tuple tuple_struct map identifier ignored_any
    }
}

struct Items<'a>(std::iter::Enumerate<std::slice::Iter<'a, Node>>);

impl<'de> SeqAccess<'de> for Items<'_> {
    type Error = Problem;

    fn next_element_seed<T: DeserializeSeed<'de>>(
        &mut self,
        seed: T,
    ) -> Result<Option<T::Value>, Problem> {
        let Some((at, node)) = self.0.next() else {
            return Ok(None);
        };
        seed.deserialize(Reader(node))
            .map(Some)
            .map_err(|problem| problem.at(node.line).inside(&format!("[{at}]")))
    }
}

struct Entries<'a> {
    entries: std::slice::Iter<'a, (String, Node)>,
    value: Option<&'a (String, Node)>,
}

impl<'de> MapAccess<'de> for Entries<'_> {
    type Error = Problem;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, Problem> {
        self.value = self.entries.next();
        let Some((name, _)) = self.value else {
            return Ok(None);
        };
        seed.deserialize(name.as_str().into_deserializer())
            .map(Some)
    }

    fn next_value_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<T::Value, Problem> {
        let Some((name, node)) = self.value.take() else {
            return Err(Problem::custom("a value without a key"));
        };
        seed.deserialize(Reader(node))
            .map_err(|problem| problem.at(node.line).inside(name))
    }
}

/// `{variant: content}`
struct Variant<'a> {
    name: &'a str,
    value: &'a Node,
}

impl<'de, 'a> EnumAccess<'de> for Variant<'a> {
    type Error = Problem;
    type Variant = Reader<'a>;

    fn variant_seed<V: DeserializeSeed<'de>>(
        self,
        seed: V,
    ) -> Result<(V::Value, Reader<'a>), Problem> {
        let variant = seed.deserialize(self.name.into_deserializer())?;
        Ok((variant, Reader(self.value)))
    }
}

impl<'de> VariantAccess<'de> for Reader<'_> {
    type Error = Problem;

    fn unit_variant(self) -> Result<(), Problem> {
        Err(Problem::new(self.0.line, "has nothing inside".to_owned()))
    }

    fn newtype_variant_seed<T: DeserializeSeed<'de>>(self, seed: T) -> Result<T::Value, Problem> {
        seed.deserialize(self)
    }

    fn tuple_variant<V: Visitor<'de>>(self, _len: usize, _visitor: V) -> Result<V::Value, Problem> {
        Err(Problem::invalid_type(Unexpected::TupleVariant, &"a value"))
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Problem> {
        self.deserialize_struct("", fields, visitor)
    }
}

#[cfg(test)]
mod tests {
    use countersign_domain::application::Application;
    use countersign_domain::policy::conditions::Condition;

    use super::super::node::parse;
    use super::*;

    const BASE: &str = "id: 00000000-0000-0000-0000-000000000001\nname: a\ntype: WEB_APP\n\
        createdAt: 2020-01-01T00:00:00Z\nupdatedAt: 2020-01-01T00:00:00Z\n\
        tokenEndpointAuthMethod: NONE\n";

    fn application(more: &str) -> Result<Application, Problem> {
        read(&parse(&format!("{BASE}{more}")).unwrap())
    }

    #[test]
    fn an_entity_is_read() {
        let application = application("grantTypes: [AUTHORIZATION_CODE]\nparTimeout: 7\n").unwrap();
        assert_eq!(application.par_timeout, 7);
        assert_eq!(application.grant_types.len(), 1);
    }

    #[test]
    fn problems_name_line_field_and_what_is_allowed() {
        let problem = application("grantType: []\n").unwrap_err();
        assert_eq!((problem.line, problem.field.as_str()), (7, "grantType"));
        assert!(
            problem.message.contains("did you mean `grantTypes`?"),
            "{problem}"
        );

        let problem = application("grantTypes:\n  - AUTHORISATION_CODE\n").unwrap_err();
        assert_eq!((problem.line, problem.field.as_str()), (8, "grantTypes[0]"));
        assert!(
            problem.message.contains("`AUTHORIZATION_CODE`"),
            "{problem}"
        );

        let problem = application("corsSettings:\n  behaviour: x\n").unwrap_err();
        assert_eq!(problem.field, "corsSettings.behaviour");

        let problem = application("parTimeout: soon\n").unwrap_err();
        assert_eq!((problem.line, problem.field.as_str()), (7, "parTimeout"));

        let problem = application("description: 12\n").unwrap_err();
        assert!(problem.message.contains("quote it"), "{problem}");
    }

    #[test]
    fn problems_deep_in_a_condition_are_placed() {
        let node = parse("or:\n  - not:\n      secondSince: x\n      greater: 1\n").unwrap();
        let problem = read::<Condition>(&node).unwrap_err();
        assert_eq!(problem.line, 3);
        assert_eq!(problem.field, "or[0].not.secondSince");
        assert!(problem.message.contains("`secondsSince`"));
    }
}
