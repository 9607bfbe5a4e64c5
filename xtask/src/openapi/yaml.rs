//! YAML as JSON values: what the references use of it.

use anyhow::{Context, Result, bail};
use saphyr_parser::{Event, Parser, ScalarStyle};
use serde_json::{Map, Value};

enum Open {
    List(Vec<Value>),
    Map(Map<String, Value>, Option<String>),
}

/// Reads one document.
pub fn read(text: &str) -> Result<Value> {
    let mut parser = Parser::new_from_str(text);
    let mut open: Vec<Open> = Vec::new();
    while let Some(event) = parser.next_event() {
        let (event, _) = event?;
        let value = match event {
            Event::SequenceStart(..) => {
                open.push(Open::List(Vec::new()));
                continue;
            }
            Event::MappingStart(..) => {
                open.push(Open::Map(Map::new(), None));
                continue;
            }
            Event::Scalar(text, ScalarStyle::Plain, ..) => plain(&text),
            Event::Scalar(text, ..) => Value::String(text.into_owned()),
            Event::SequenceEnd | Event::MappingEnd => {
                match open.pop().context("an end without a beginning")? {
                    Open::List(items) => Value::Array(items),
                    Open::Map(entries, _) => Value::Object(entries),
                }
            }
            Event::Alias(_) => bail!("aliases are not read"),
            _ => continue,
        };
        match open.last_mut() {
            None => return Ok(value),
            Some(Open::List(items)) => items.push(value),
            Some(Open::Map(entries, key)) => match key.take() {
                Some(key) => {
                    entries.insert(key, value);
                }
                None => {
                    *key = Some(
                        value
                            .as_str()
                            .map_or_else(|| value.to_string(), str::to_owned),
                    );
                }
            },
        }
    }
    bail!("nothing in it")
}

fn plain(text: &str) -> Value {
    match text {
        "" | "~" | "null" => Value::Null,
        "true" => Value::Bool(true),
        "false" => Value::Bool(false),
        _ => Value::String(text.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    #[test]
    fn blocks_and_quotes_are_read() {
        let value = super::read("a:\n- x: '1'\n- true\nb: {}\n'200': c\n").unwrap();
        let expected = json!({ "a": [{ "x": "1" }, true], "b": {}, "200": "c" });
        assert_eq!(value, expected);
    }
}
