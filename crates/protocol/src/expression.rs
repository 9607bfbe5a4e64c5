//! Values of attribute mappings: constants, `${user.<path>}`, and the one function that the
//! predefined claims use (`reference/platform.md` 3.4, `oidc.md` 21).

use serde_json::Value;

/// What an expression can see.
pub struct Scope<'a> {
    /// The user in PingOne's JSON shape.
    pub user: &'a Value,
}

/// Evaluates a mapping's value. `None`: no value, so no claim.
///
/// Decision: of the expression language only constants, `${user.path}`, texts with such parts, and
/// `#datetime.toUnixTimestamp(user.path)` are evaluated; anything else has no value.
pub fn evaluate(expression: &str, scope: &Scope<'_>) -> Option<Value> {
    if let Some(inner) = whole(expression) {
        return term(inner, scope);
    }
    if !expression.contains("${") {
        return (!expression.is_empty()).then(|| Value::String(expression.to_owned()));
    }
    let mut out = String::new();
    let mut rest = expression;
    while let Some((before, after)) = rest.split_once("${") {
        out.push_str(before);
        let (inner, tail) = after.split_once('}')?;
        match term(inner, scope)? {
            Value::String(text) => out.push_str(&text),
            other => out.push_str(&other.to_string()),
        }
        rest = tail;
    }
    out.push_str(rest);
    Some(Value::String(out))
}

/// The inside of an expression that is one `${...}` and nothing else.
fn whole(expression: &str) -> Option<&str> {
    let inner = expression.strip_prefix("${")?.strip_suffix('}')?;
    (!inner.contains("${") && !inner.contains('}')).then_some(inner)
}

fn term(inner: &str, scope: &Scope<'_>) -> Option<Value> {
    let inner = inner.trim();
    if let Some(call) = inner.strip_prefix("#datetime.toUnixTimestamp(") {
        let time = path(call.strip_suffix(')')?, scope)?;
        let time: countersign_domain::time::Time = time.as_str()?.parse().ok()?;
        return Some(Value::from(time.seconds()));
    }
    path(inner, scope)
}

fn path(text: &str, scope: &Scope<'_>) -> Option<Value> {
    let mut value = scope.user;
    for name in text.trim().strip_prefix("user.")?.split('.') {
        value = value.get(name)?;
    }
    match value {
        Value::Null => None,
        Value::String(text) if text.is_empty() => None,
        value => Some(value.clone()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn value_of(expression: &str) -> Option<Value> {
        let user = json!({
            "username": "ada", "name": {"given": "Ada", "family": "Lovelace"},
            "enabled": true, "updatedAt": "2026-01-01T00:00:00.500Z", "nickname": ""
        });
        evaluate(expression, &Scope { user: &user })
    }

    #[test]
    fn mappings_read_the_user() {
        assert_eq!(value_of("${user.name.given}"), Some(json!("Ada")));
        assert_eq!(value_of("${user.enabled}"), Some(json!(true)));
        assert_eq!(
            value_of("${user.name.given} ${user.name.family}"),
            Some(json!("Ada Lovelace"))
        );
        assert_eq!(
            value_of("${#datetime.toUnixTimestamp(user.updatedAt)}"),
            Some(json!(1_767_225_600))
        );
        assert_eq!(value_of("constant"), Some(json!("constant")));
    }

    #[test]
    fn what_has_no_value_makes_no_claim() {
        for expression in [
            "",
            "${user.email}",
            "${user.nickname}",
            "${nonsense}",
            "${user.",
            "x${",
        ] {
            assert_eq!(value_of(expression), None, "{expression}");
        }
    }
}
