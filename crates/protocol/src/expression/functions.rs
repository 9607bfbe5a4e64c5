//! The functions that expressions may call: those of PingOne's documented libraries that need
//! neither regular expressions nor the time of day.

use std::time::Duration;

use countersign_domain::time::Time;
use serde_json::Value;

/// A function.
pub struct Function {
    /// Its library: `string` in `#string.trim(...)`.
    pub library: &'static str,
    /// Its name.
    pub name: &'static str,
    /// How many arguments it takes.
    pub arguments: usize,
    /// What it does; `None` is null.
    pub call: fn(&[Value]) -> Option<Value>,
}

impl std::fmt::Debug for Function {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "#{}.{}", self.library, self.name)
    }
}

const fn string(name: &'static str, call: fn(&[Value]) -> Option<Value>) -> Function {
    Function {
        library: "string",
        name,
        arguments: 1,
        call,
    }
}

/// All of them.
pub static FUNCTIONS: &[Function] = &[
    string("isNotEmpty", |it| {
        Some(first(it).is_some_and(|it| !it.is_empty()).into())
    }),
    string("isNotBlank", |it| {
        Some(first(it).is_some_and(|it| !it.trim().is_empty()).into())
    }),
    string("upperCase", |it| Some(first(it)?.to_uppercase().into())),
    string("lowerCase", |it| Some(first(it)?.to_lowercase().into())),
    string("trim", |it| Some(first(it)?.trim().into())),
    Function {
        library: "string",
        name: "substring",
        arguments: 3,
        call: substring,
    },
    Function {
        library: "datetime",
        name: "toUnixTimestamp",
        arguments: 1,
        call: |it| Some(time(it)?.seconds().into()),
    },
    Function {
        library: "datetime",
        name: "addDays",
        arguments: 2,
        call: add_days,
    },
];

fn first(arguments: &[Value]) -> Option<&str> {
    arguments.first()?.as_str()
}

fn time(arguments: &[Value]) -> Option<Time> {
    first(arguments)?.parse().ok()
}

/// From `start` up to and without `end`, in characters; negative ones count from the end.
fn substring(arguments: &[Value]) -> Option<Value> {
    let [Value::String(text), start, end] = arguments else {
        return None;
    };
    let characters: Vec<char> = text.chars().collect();
    let length = i64::try_from(characters.len()).ok()?;
    let place = |value: &Value| {
        let at = value.as_i64()?;
        let at = if at < 0 { length.checked_add(at)? } else { at };
        usize::try_from(at.clamp(0, length)).ok()
    };
    let (start, end) = (place(start)?, place(end)?);
    let part: String = characters
        .get(start..end)
        .unwrap_or_default()
        .iter()
        .collect();
    Some(part.into())
}

fn add_days(arguments: &[Value]) -> Option<Value> {
    let at = time(arguments)?;
    let days = arguments.get(1)?.as_i64()?;
    let by = Duration::from_secs(days.unsigned_abs().checked_mul(86_400)?);
    let millis = i64::try_from(by.as_millis()).ok()?;
    let moved = if days < 0 {
        at.millis().checked_sub(millis)?
    } else {
        at.millis().checked_add(millis)?
    };
    Some(Time::from_millis(moved).to_string().into())
}
