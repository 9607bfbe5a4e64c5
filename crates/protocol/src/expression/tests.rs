use super::*;
use serde_json::json;

fn value_of(expression: &str) -> Option<Value> {
    let user = json!({
        "username": "ada", "name": {"given": "Ada", "family": "Lovelace"}, "role": "SA",
        "enabled": true, "updatedAt": "2026-01-01T00:00:00.500Z", "nickname": "",
        "memberOfGroupNames": ["Admin", "User"], "x-y": 3,
    });
    let application = json!({ "id": "app", "name": "Shop" });
    let context = json!({ "requestData": {
        "grantType": "x", "subjectToken": { "may_act": { "sub": "app" } },
        "actorToken": { "client_id": "app" },
    } });
    let scope = Scope {
        user: Some(&user),
        application: Some(&application),
        context: Some(&context),
        more: &[],
    };
    Expression::read(expression).value(&scope)
}

#[test]
fn mappings_read_the_user_and_the_application() {
    for (expression, value) in [
        ("${user.name.given}", json!("Ada")),
        ("${user['name']['given']}", json!("Ada")),
        ("${#root.user.name.given}", json!("Ada")),
        ("${user.enabled}", json!(true)),
        ("${user['x-y']}", json!(3)),
        (
            "${user.name.given} ${user.name.family}",
            json!("Ada Lovelace"),
        ),
        ("${application.name}", json!("Shop")),
        (
            "${#datetime.toUnixTimestamp(user.updatedAt)}",
            json!(1_767_225_600),
        ),
        ("constant", json!("constant")),
        ("a { b } $", json!("a { b } $")),
        (
            "${user.name}",
            json!({"given": "Ada", "family": "Lovelace"}),
        ),
    ] {
        assert_eq!(check(expression, NAMES), Ok(()), "{expression}");
        assert_eq!(value_of(expression), Some(value), "{expression}");
    }
}

/// The samples of PingOne's own page, as far as they are served.
#[test]
fn operators_and_functions_do_what_pages_say() {
    for (expression, value) in [
        ("${'First' + ', ' + \"Last\"}", json!("First, Last")),
        ("${'''quoted'''}", json!("'quoted'")),
        ("${5 + 6}", json!(11)),
        ("${'Test' + 3}", json!("Test3")),
        ("${34533535454345L}", json!(34_533_535_454_345_i64)),
        ("${2 + 3 * 4 - 1}", json!(13)),
        ("${(2 + 3) * 4 / 2 % 3}", json!(1)),
        ("${-2 lt 1 and not (4 < 3)}", json!(true)),
        ("${5 > 6 or !(4 le 3)}", json!(true)),
        ("${{'USER'}}", json!(["USER"])),
        (
            "${{'firstName': 'John', last: 1}}",
            json!({"firstName": "John", "last": 1}),
        ),
        ("${{:}}", json!({})),
        (
            "${{'PM': 'Manager', 'SA': 'Architect'}[user.role] ?: 'Unknown'}",
            json!("Architect"),
        ),
        (
            "${{'PM': 'Manager'}[user.role] ?: 'Unknown'}",
            json!("Unknown"),
        ),
        (
            "${user.memberOfGroupNames.![#string.upperCase(#this)]}",
            json!(["ADMIN", "USER"]),
        ),
        (
            "${user.memberOfGroupNames.?[#this != 'User']}",
            json!(["Admin"]),
        ),
        ("${user.memberOfGroupNames[1]}", json!("User")),
        (
            "${#string.substring(user.name.given, 0, 1) + #string.substring(user.name.family, -4, -1)}",
            json!("Alac"),
        ),
        (
            "${#string.isNotEmpty(user.nickname) ? user.nickname : user.username}",
            json!("ada"),
        ),
        ("${user.enabled ? 'yes' : 'no'}", json!("yes")),
        ("${user.nobody eq null}", json!(true)),
        (
            "${#datetime.addDays('2021-01-31T01:01:01Z', 1)}",
            json!("2021-02-01T01:01:01.000Z"),
        ),
        (
            "${#datetime.addDays('2021-03-01T00:00:00Z', -1)}",
            json!("2021-02-28T00:00:00.000Z"),
        ),
        (
            "${#root.context.requestData.subjectToken.may_act.sub == \
             #root.context.requestData.actorToken.client_id ? \
             {'sub': #root.context.requestData.actorToken.client_id} : null}",
            json!({"sub": "app"}),
        ),
    ] {
        assert_eq!(check(expression, NAMES), Ok(()), "{expression}");
        assert_eq!(value_of(expression), Some(value), "{expression}");
    }
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
        "x ${user.email}",
        "${user.email + ' x'}",
        "${1 / 0}",
        "${'a' < 1}",
        "${'a' ? 1 : 2}",
        "${9223372036854775807 + 1}",
        "${user.role.x.y}",
    ] {
        assert_eq!(value_of(expression), None, "{expression}");
    }
}

#[test]
fn what_is_not_served_is_refused_by_name() {
    for (expression, why) in [
        ("${user.name.given.length()}", "method `length`"),
        ("${T(java.lang.Runtime)}", "`T`"),
        ("${new java.io.File('x')}", "`new`"),
        ("${user.username matches '[a-z]+'}", "`matches`"),
        (
            "${#regex.replaceAll(user.username, 'a', 'b')}",
            "#regex.replaceAll",
        ),
        ("${#crypto.sha256('x')}", "#crypto.sha256"),
        ("${#string.trim()}", "1 arguments"),
        ("${nonsense.x}", "`nonsense`"),
        ("${user.", "`.` without a name"),
        ("x${", "ends too early"),
        ("${'a}", "without its end"),
        ("${user.name", "without its `}`"),
        ("${user name}", "from `name}`"),
        ("${user.username = 'x'}", "cannot be read"),
        ("${@bean}", "cannot be read"),
    ] {
        let refused = check(expression, NAMES).unwrap_err();
        assert!(refused.contains(why), "{expression}: {refused}");
    }
}

#[test]
fn threat_41_depth_and_work_are_bounded() {
    let deep = format!("${{{}1{}}}", "(".repeat(1000), ")".repeat(1000));
    assert!(check(&deep, NAMES).unwrap_err().contains("too deeply"));
    let negated = format!("${{{}true}}", "!".repeat(1000));
    assert!(check(&negated, NAMES).unwrap_err().contains("too deeply"));
    let long = format!("${{1{}}}", " + 1".repeat(900));
    assert!(check(&long, NAMES).is_err());
    assert!(
        check(&"x".repeat(5000), NAMES)
            .unwrap_err()
            .contains("longer")
    );
    // Lists in lists in lists.
    let list: Vec<u32> = (0..100).collect();
    let user = json!({ "l": list });
    let scope = Scope {
        user: Some(&user),
        ..Scope::default()
    };
    let nested = "${user.l.![user.l.![user.l.![user.l.![#this]]]]}";
    assert_eq!(check(nested, NAMES), Ok(()));
    assert_eq!(Expression::read(nested).value(&scope), None);
}
