use std::collections::BTreeSet;

use super::*;
use crate::v1::route;

#[test]
fn names_of_components_and_operations_are_one_things() {
    let shapes = shapes::all();
    let names: BTreeSet<_> = shapes.iter().map(|it| it.name.as_str()).collect();
    assert_eq!(names.len(), shapes.len(), "{names:?}");
    let mut seen = BTreeSet::new();
    for path in route::paths() {
        for method in route::methods(path) {
            let mut of_path = route::endpoints();
            let endpoint = of_path.find(|it| it.path == path && it.method == method);
            let id = operation_id(endpoint.unwrap());
            assert!(seen.insert(id.clone()), "{id} {path}");
        }
    }
}

#[test]
fn every_list_of_documents_has_a_shape() {
    let shapes = shapes::all();
    let readable = |path: &&str| route::methods(path).contains(&Method::Get);
    let paths: Vec<_> = route::paths().into_iter().filter(readable).collect();
    let mut wrong = Vec::new();
    for path in &paths {
        let is_list = paths.iter().any(|it| {
            let below = it.strip_prefix(path);
            below.is_some_and(|it| it.starts_with("/{") && it.matches('/').count() == 1)
        });
        let is_known = shapes.iter().any(|it| it.is_list(path));
        let is_left_out = UNSHAPED.contains(path);
        if is_list && is_known == is_left_out {
            wrong.push(path);
        }
    }
    assert!(
        wrong.is_empty(),
        "say in shapes.rs what these list: {wrong:#?}"
    );
}

#[test]
fn what_is_served_is_what_is_documented() {
    let document = document();
    let paths = document["paths"].as_object().unwrap();
    assert_eq!(paths.len(), route::paths().len());
    let name = &document["components"]["schemas"]["Population"]["properties"]["name"];
    assert_eq!(name["type"], "string");
    // Secrets are nobody's to read, and no member to fill in.
    assert!(!document.to_string().contains("privateKey"));
    let users = &document["paths"]["/environments/{environment}/users"]["post"];
    let bodies = users["requestBody"]["content"].as_object().unwrap();
    let bodies: Vec<_> = bodies.keys().map(String::as_str).collect();
    let import = "application/vnd.pingidentity.user.import+json";
    assert_eq!(bodies, ["application/json", import]);
}
