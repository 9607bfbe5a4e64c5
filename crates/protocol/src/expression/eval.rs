//! From a tree to a value.

use std::cell::Cell;

use serde_json::{Map, Number, Value};

use super::Scope;
use super::parse::{Node, Operator};

/// Most nodes that are visited for one value: lists in lists must not stall a token.
const MOST_STEPS: u32 = 10_000;

struct Run<'a> {
    scope: &'a Scope<'a>,
    steps: Cell<u32>,
}

/// The value of an expression. `None` when it has none: an operator met what it is not for, or it
/// went on for too long.
pub fn value(node: &Node, scope: &Scope<'_>) -> Option<Value> {
    let run = Run {
        scope,
        steps: Cell::new(0),
    };
    run.value(node, None)
}

/// A value as text, the way `+` and the parts of a text see it.
pub fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

impl Run<'_> {
    fn value(&self, node: &Node, this: Option<&Value>) -> Option<Value> {
        self.steps.set(self.steps.get() + 1);
        if self.steps.get() > MOST_STEPS {
            return None;
        }
        Some(match node {
            Node::Literal(value) => value.clone(),
            Node::Root => self.scope.root(),
            Node::This => this.cloned().unwrap_or_else(|| self.scope.root()),
            Node::Name(name) => self.scope.get(name).cloned().unwrap_or_default(),
            Node::Member(..) => self.member(node, this)?,
            Node::Project(list, item) => {
                let items = self.items(list, this)?;
                let mapped = items.iter().map(|it| self.value(item, Some(it)));
                Value::Array(mapped.collect::<Option<_>>()?)
            }
            Node::Select(list, item) => {
                let mut kept = Vec::new();
                for it in self.items(list, this)? {
                    if self.value(item, Some(&it))? == Value::Bool(true) {
                        kept.push(it);
                    }
                }
                Value::Array(kept)
            }
            Node::Call(function, arguments) => {
                let arguments = arguments.iter().map(|it| self.value(it, this));
                let arguments: Vec<Value> = arguments.collect::<Option<_>>()?;
                (function.call)(&arguments).unwrap_or_default()
            }
            Node::List(items) => {
                let items = items.iter().map(|it| self.value(it, this));
                Value::Array(items.collect::<Option<_>>()?)
            }
            Node::Map(entries) => {
                let mut map = Map::new();
                for (key, node) in entries {
                    map.insert(key.clone(), self.value(node, this)?);
                }
                Value::Object(map)
            }
            Node::Not(inner) => Value::Bool(!truth(&self.value(inner, this)?)?),
            Node::Minus(inner) => match self.value(inner, this)? {
                Value::Number(number) => match number.as_i64() {
                    Some(whole) => whole.checked_neg()?.into(),
                    None => real(-number.as_f64()?)?,
                },
                _ => return None,
            },
            Node::Binary(operator, left, right) => self.binary(*operator, left, right, this)?,
            Node::Choose(condition, yes, no) => {
                let chosen = if truth(&self.value(condition, this)?)? {
                    yes
                } else {
                    no
                };
                self.value(chosen, this)?
            }
            Node::Elvis(node, otherwise) => match self.value(node, this)? {
                Value::Null => self.value(otherwise, this)?,
                Value::String(text) if text.is_empty() => self.value(otherwise, this)?,
                value => value,
            },
        })
    }

    /// A step of a path. Beyond nothing there is nothing. A path that begins with a name is walked
    /// by reference: `user.name.given` copies one text, not the user.
    fn member(&self, node: &Node, this: Option<&Value>) -> Option<Value> {
        if let Some(found) = self.borrowed(node) {
            return Some(found.clone());
        }
        let Node::Member(owner, key) = node else {
            return self.value(node, this);
        };
        let owner = self.value(owner, this)?;
        let key = self.value(key, this)?;
        Some(step(&owner, &key).cloned().unwrap_or_default())
    }

    /// What a path of names leads to; nothing is null. `None`: it is no such path.
    fn borrowed(&self, node: &Node) -> Option<&Value> {
        static NULL: Value = Value::Null;
        let found = match node {
            Node::Name(name) => self.scope.get(name),
            Node::Member(owner, key) => match (&**owner, &**key) {
                (Node::Root, Node::Literal(Value::String(name))) => self.scope.get(name),
                (_, Node::Literal(key)) => step(self.borrowed(owner)?, key),
                _ => return None,
            },
            _ => return None,
        };
        Some(found.unwrap_or(&NULL))
    }

    fn items(&self, list: &Node, this: Option<&Value>) -> Option<Vec<Value>> {
        match self.value(list, this)? {
            Value::Array(items) => Some(items),
            Value::Null => Some(Vec::new()),
            _ => None,
        }
    }

    fn binary(
        &self,
        operator: Operator,
        left: &Node,
        right: &Node,
        this: Option<&Value>,
    ) -> Option<Value> {
        let left = self.value(left, this)?;
        // Like everywhere, the right side of `and` and `or` is looked at only when it matters.
        match (operator, truth(&left)) {
            (Operator::And, left) if !left? => return Some(Value::Bool(false)),
            (Operator::Or, left) if left? => return Some(Value::Bool(true)),
            _ => {}
        }
        let right = self.value(right, this)?;
        Some(match operator {
            Operator::And | Operator::Or => Value::Bool(truth(&right)?),
            Operator::Equal => Value::Bool(equal(&left, &right)),
            Operator::NotEqual => Value::Bool(!equal(&left, &right)),
            Operator::Less => Value::Bool(order(&left, &right)?.is_lt()),
            Operator::AtMost => Value::Bool(order(&left, &right)?.is_le()),
            Operator::Greater => Value::Bool(order(&left, &right)?.is_gt()),
            Operator::AtLeast => Value::Bool(order(&left, &right)?.is_ge()),
            Operator::Plus => plus(&left, &right)?,
            Operator::Minus => calculate(&left, &right, i64::checked_sub, |a, b| a - b)?,
            Operator::Times => calculate(&left, &right, i64::checked_mul, |a, b| a * b)?,
            Operator::Divide => calculate(&left, &right, i64::checked_div, |a, b| a / b)?,
            Operator::Modulo => calculate(&left, &right, i64::checked_rem, |a, b| a % b)?,
        })
    }
}

fn step<'v>(owner: &'v Value, key: &Value) -> Option<&'v Value> {
    match key {
        Value::String(name) => owner.get(name),
        Value::Number(index) => owner.get(usize::try_from(index.as_u64()?).ok()?),
        _ => None,
    }
}

/// Null is no: a missing attribute must not decide for anything.
const fn truth(value: &Value) -> Option<bool> {
    match value {
        Value::Bool(value) => Some(*value),
        Value::Null => Some(false),
        _ => None,
    }
}

fn equal(left: &Value, right: &Value) -> bool {
    match (left, right) {
        (Value::Number(left), Value::Number(right)) => left.as_f64() == right.as_f64(),
        _ => left == right,
    }
}

fn order(left: &Value, right: &Value) -> Option<std::cmp::Ordering> {
    match (left, right) {
        (Value::Number(left), Value::Number(right)) => left.as_f64()?.partial_cmp(&right.as_f64()?),
        (Value::String(left), Value::String(right)) => Some(left.cmp(right)),
        _ => None,
    }
}

/// Adds numbers, and joins as soon as one side is text. Nothing joined to a text is no text: a
/// claim such as `null, Doe` helps nobody.
fn plus(left: &Value, right: &Value) -> Option<Value> {
    match (left, right) {
        (Value::Null, _) | (_, Value::Null) => Some(Value::Null),
        (Value::String(_), _) | (_, Value::String(_)) => {
            Some(Value::String(text(left) + &text(right)))
        }
        _ => calculate(left, right, i64::checked_add, |a, b| a + b),
    }
}

fn calculate(
    left: &Value,
    right: &Value,
    whole: fn(i64, i64) -> Option<i64>,
    broken: fn(f64, f64) -> f64,
) -> Option<Value> {
    if let (Some(left), Some(right)) = (left.as_i64(), right.as_i64()) {
        return whole(left, right).map(Value::from);
    }
    real(broken(left.as_f64()?, right.as_f64()?))
}

fn real(value: f64) -> Option<Value> {
    Number::from_f64(value).map(Value::Number)
}
