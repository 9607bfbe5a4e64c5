//! Values of attribute mappings: constants, and texts with `${...}` parts in the part of PingOne's
//! expression language that is served (`reference/platform.md` 3.4, `oidc.md` 21).
//!
//! Served are paths (`user.name.given`, `user['x-y']`, `#root.context...`), literals, lists and
//! maps, the arithmetic, relational and logical operators by sign and by name, `? :` and `?:`,
//! projection `.![...]` and selection `.?[...]`, and the functions of [`functions`]. Nothing else
//! is: no methods, no types, no regular expressions, no assignments. What cannot be read is refused
//! by [`check`] when it is configured, and has no value if it is met later.

mod eval;
mod functions;
mod parse;

pub use eval::text;

use serde_json::{Map, Value};

/// Longest expression in bytes.
const MAX_LEN: usize = 4 * 1024;

/// What an expression can see: the members of `#root`.
#[derive(Default)]
pub struct Scope<'a> {
    /// `user`: in PingOne's JSON shape; null when nobody is there.
    pub user: Option<&'a Value>,
    /// `application`: the one that asks, in PingOne's JSON shape.
    pub application: Option<&'a Value>,
    /// `context`: about the request, where that means something.
    pub context: Option<&'a Value>,
    /// Names of other places, such as `providerAttributes`.
    pub more: &'a [(&'a str, &'a Value)],
}

impl Scope<'_> {
    fn get(&self, name: &str) -> Option<&Value> {
        match name {
            "user" => self.user,
            "application" => self.application,
            "context" => self.context,
            _ => self
                .more
                .iter()
                .find(|(known, _)| *known == name)
                .map(|(_, value)| *value),
        }
    }

    fn root(&self) -> Value {
        let own = [
            ("user", self.user),
            ("application", self.application),
            ("context", self.context),
        ];
        let own = own.into_iter().filter_map(|(name, it)| Some((name, it?)));
        let all = own.chain(self.more.iter().copied());
        let members: Map<String, Value> = all
            .map(|(name, value)| (name.to_owned(), value.clone()))
            .collect();
        Value::Object(members)
    }
}

/// Names that mappings of applications and resources may begin with.
pub const NAMES: &[&str] = &["user", "application", "context"];

/// Refuses, in words for whoever wrote it, an expression that this server cannot read. `names` are
/// those it may begin with.
pub fn check(expression: &str, names: &[&str]) -> Result<(), String> {
    if expression.len() > MAX_LEN {
        return Err(format!("is longer than {MAX_LEN} bytes"));
    }
    parse::template(expression, Some(names)).map(|_| ())
}

/// A mapping's value, read once and evaluated often.
#[derive(Debug)]
pub struct Expression(Vec<parse::Part>);

impl Expression {
    /// Reads it. What cannot be read has no value.
    pub fn read(text: &str) -> Self {
        let parts = (text.len() <= MAX_LEN).then(|| parse::template(text, None));
        Self(parts.and_then(Result::ok).unwrap_or_default())
    }

    /// Its value. `None`: no value, so no claim. A text with a part that has no value has none
    /// either.
    pub fn value(&self, scope: &Scope<'_>) -> Option<Value> {
        match self.0.as_slice() {
            [] => None,
            [parse::Part::Code(node)] => something(eval::value(node, scope)?),
            parts => {
                let mut out = String::new();
                for part in parts {
                    match part {
                        parse::Part::Text(text) => out.push_str(text),
                        parse::Part::Code(node) => {
                            let value = something(eval::value(node, scope)?)?;
                            out.push_str(&eval::text(&value));
                        }
                    }
                }
                something(Value::String(out))
            }
        }
    }
}

/// Null and the empty text are no values.
fn something(value: Value) -> Option<Value> {
    match value {
        Value::Null => None,
        Value::String(text) if text.is_empty() => None,
        value => Some(value),
    }
}

#[cfg(test)]
mod tests;
