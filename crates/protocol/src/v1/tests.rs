use super::route::Media::{Custom, Json};
use super::route::{self, Method, Narrow};
use super::*;

#[test]
fn no_two_endpoints_take_the_same_request() {
    let mut seen = std::collections::BTreeSet::new();
    for it in route::endpoints() {
        let key = (it.path, it.method, format!("{:?}", it.media));
        assert!(seen.insert(key), "{} {}", it.method.name(), it.path);
    }
}

#[test]
fn one_thing_has_one_name_in_all_paths() {
    // The router cannot tell `{user}` from `{userId}` at the same place.
    let mut names = std::collections::BTreeMap::new();
    for path in route::paths() {
        let steps: Vec<&str> = path.split('/').collect();
        for (at, step) in steps
            .iter()
            .enumerate()
            .filter(|(_, it)| it.starts_with('{'))
        {
            let before = steps[..at].join("/");
            let name = names.entry(before).or_insert(*step);
            assert_eq!(name, step, "{path}");
        }
    }
}

#[test]
fn what_narrow_roles_open_names_what_they_are_narrow_to() {
    for it in route::endpoints() {
        let (narrow, path) = (it.narrow, it.path);
        let is_list = matches!(it.method, Method::Get | Method::Post) && !path.ends_with('}');
        let fits = match narrow {
            Narrow::No => true,
            Narrow::Population => {
                is_list
                    || path.contains("{user}")
                    || path.contains("{population}")
                    || path.contains("{group}")
            }
            Narrow::Application => is_list || path.contains("{application}"),
            Narrow::Either => path == "/environments/{environment}",
        };
        assert!(fits, "{path}");
    }
}

#[test]
fn every_permission_is_some_roles() {
    use countersign_domain::role::BUILT_IN;
    for it in route::endpoints() {
        let mut held = BUILT_IN.iter().flat_map(|role| role.permissions);
        assert!(
            held.any(|held| actor::permits(held, it.permission)),
            "{}",
            it.permission
        );
    }
}

#[test]
fn media_types_select_endpoints() {
    let users = "/environments/{environment}/users";
    let user = "/environments/{environment}/users/{user}";
    let found = |path, method, media| route::find(path, method, media).map(|it| it.media);
    for (path, method, media, expected) in [
        (users, "POST", "application/json", Some(Json)),
        (users, "POST", "application/json; charset=utf-8", Some(Json)),
        (users, "POST", "", Some(Json)),
        (
            users,
            "POST",
            "application/vnd.pingidentity.user.import+json",
            Some(Custom("user.import")),
        ),
        (
            user,
            "POST",
            "application/vnd.pingidentity.account.lock",
            Some(Custom("account.lock")),
        ),
        (
            user,
            "POST",
            "application/vnd.pingidentity.ACCOUNT.LOCK+JSON",
            Some(Custom("account.lock")),
        ),
        (user, "POST", "application/json", None),
        (users, "POST", "text/plain", None),
        (
            users,
            "POST",
            "application/vnd.pingidentity.other+json",
            None,
        ),
        (users, "PUT", "application/json", None),
        (users, "TRACE", "application/json", None),
        (users, "GET", "text/plain", Some(Json)),
    ] {
        assert_eq!(
            found(path, method, media).ok(),
            expected,
            "{method} {path} {media}"
        );
    }
}
