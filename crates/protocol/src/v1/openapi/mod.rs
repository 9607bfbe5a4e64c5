//! `/v1/openapi.json`: what is served, in OpenAPI 3.1. Made from the declarations that are routed
//! by ([`RESOURCES`]) and from the types that bodies are read as; by hand only what has no type.

mod plain;
mod probe;
mod shapes;

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use self::shapes::Shape;
use super::RESOURCES;
use super::route::{Endpoint, Media, Method};

pub use self::shapes::UNSHAPED;

/// Members of every answer that only the server sets.
const ALWAYS: [&str; 5] = ["id", "environment", "createdAt", "updatedAt", "_links"];

/// The document. Its address is where it was read: `servers` is relative.
pub fn document() -> Value {
    let shapes = shapes::all();
    let mut paths: BTreeMap<&str, Map<String, Value>> = BTreeMap::new();
    for resource in RESOURCES {
        for endpoint in resource.endpoints {
            let shape = shapes.iter().find(|it| it.covers(endpoint.path));
            let methods = paths.entry(endpoint.path).or_default();
            let method = endpoint.method.name().to_ascii_lowercase();
            if let Some(operation) = methods.get_mut(&method).and_then(Value::as_object_mut) {
                also(operation, endpoint, shape);
                continue;
            }
            let made = operation(resource.name, endpoint, shape);
            methods.insert(method, Value::Object(made));
        }
    }
    let components = shapes.iter().map(|it| (it.name.clone(), it.component()));
    let mut schemas: Map<String, Value> = components.collect();
    schemas.insert("Error".into(), error());
    schemas.insert("Links".into(), links());
    let paths: Map<String, Value> = paths
        .into_iter()
        .map(|(path, mut methods)| {
            methods.insert("parameters".into(), parameters(path));
            (path.to_owned(), Value::Object(methods))
        })
        .collect();
    json!({
        "openapi": "3.1.0",
        "info": { "title": "Countersign management API", "version": env!("CARGO_PKG_VERSION"),
            "license": { "name": "Apache-2.0", "identifier": "Apache-2.0" } },
        "servers": [{ "url": "/v1" }],
        "security": [{ "bearer": [] }],
        "paths": paths,
        "components": {
            "securitySchemes": { "bearer": { "type": "http", "scheme": "bearer" } },
            "responses": { "Error": { "description": "What is wrong",
                "content": content("application/json", reference("Error")) } },
            "schemas": schemas,
        },
    })
}

fn reference(name: &str) -> Value {
    json!({ "$ref": format!("#/components/schemas/{name}") })
}

fn content(media: &str, schema: Value) -> Value {
    json!({ media: { "schema": schema } })
}

/// The parameters of a path. They are ids, all of them.
fn parameters(path: &str) -> Value {
    let names = path.split('/').filter_map(|step| {
        let name = step.strip_prefix('{')?;
        name.strip_suffix('}')
    });
    names
        .map(|name| {
            json!({ "name": name, "in": "path", "required": true, "schema": { "type": "string" } })
        })
        .collect()
}

fn operation(tag: &str, endpoint: &Endpoint, shape: Option<&Shape>) -> Map<String, Value> {
    let mut made = Map::new();
    made.insert("operationId".into(), json!(operation_id(endpoint)));
    made.insert("tags".into(), json!([tag]));
    made.insert("x-permission".into(), json!(endpoint.permission));
    if let Some(scope) = endpoint.own {
        made.insert("x-own-scope".into(), json!(scope));
    }
    if let Some(shape) =
        shape.filter(|it| endpoint.method == Method::Get && it.is_list(endpoint.path))
    {
        let query = |name: &str, of: Value| json!({ "name": name, "in": "query", "schema": of });
        let mut queries = vec![query("filter", json!({ "type": "string" }))];
        if shape.is_paged {
            queries.push(query("limit", json!({ "type": "integer", "minimum": 1 })));
            queries.push(query("cursor", json!({ "type": "string" })));
        }
        made.insert("parameters".into(), Value::Array(queries));
    }
    if let Some((media, schema)) = request(endpoint, shape) {
        let mut bodies = Map::new();
        for one in media {
            bodies.insert(one, json!({ "schema": schema }));
        }
        made.insert("requestBody".into(), json!({ "content": bodies }));
    }
    let mut responses = answers(endpoint, shape);
    for status in ["400", "401", "403", "404", "409", "429", "500"] {
        responses.insert(status.into(), refused());
    }
    if endpoint.method.has_body() {
        responses.insert("413".into(), refused());
    }
    if endpoint.method.has_body() || !matches!(endpoint.media, Media::Json) {
        responses.insert("415".into(), refused());
    }
    made.insert("responses".into(), Value::Object(responses));
    made
}

fn refused() -> Value {
    json!({ "$ref": "#/components/responses/Error" })
}

/// The same method and path under another media type.
fn also(operation: &mut Map<String, Value>, endpoint: &Endpoint, shape: Option<&Shape>) {
    if let Some((media, schema)) = request(endpoint, shape)
        && let Some(body) = operation.get_mut("requestBody")
        && let Some(bodies) = body.get_mut("content").and_then(Value::as_object_mut)
    {
        for one in media {
            bodies.insert(one, json!({ "schema": schema }));
        }
    }
    if let Some(responses) = operation
        .get_mut("responses")
        .and_then(Value::as_object_mut)
    {
        for (status, answer) in answers(endpoint, shape) {
            responses.entry(status).or_insert(answer);
        }
    }
}

/// The method and the steps of the path: `getEnvironmentsEnvironmentUsers`.
fn operation_id(endpoint: &Endpoint) -> String {
    let mut id = endpoint.method.name().to_ascii_lowercase();
    for step in endpoint.path.split('/') {
        id.push_str(&shapes::capital(step.trim_matches(['{', '}'])));
    }
    id
}

/// What may be sent, and under which types.
fn request(endpoint: &Endpoint, shape: Option<&Shape>) -> Option<(Vec<String>, Value)> {
    if !endpoint.method.has_body() {
        return None;
    }
    let anything = json!({ "type": "object" });
    Some(match endpoint.media {
        Media::Json => {
            let schema = match (endpoint.method, shape) {
                (Method::Post | Method::Put, Some(shape)) => reference(&shape.name),
                _ => plain::of(endpoint.path).unwrap_or(anything),
            };
            (vec!["application/json".to_owned()], schema)
        }
        Media::Custom(name) => {
            let media = format!("application/vnd.pingidentity.{name}+json");
            (vec![media], anything)
        }
        Media::Any(types) => {
            let types = types.iter().map(|it| (*it).to_owned());
            (types.collect(), json!({}))
        }
    })
}

/// What is answered when nothing is wrong.
fn answers(endpoint: &Endpoint, shape: Option<&Shape>) -> Map<String, Value> {
    let mut answers = Map::new();
    let mut add = |status: &str, schema: Option<Value>| {
        let mut answer = json!({ "description": "Done" });
        if let (Some(schema), Some(answer)) = (schema, answer.as_object_mut()) {
            answer.insert("content".into(), content("application/json", schema));
        }
        answers.insert(status.to_owned(), answer);
    };
    let one = shape.map(Shape::answered);
    let plain = endpoint.media == Media::Json;
    let anything = json!({ "type": "object" });
    // Lists of what has no shape are not described.
    let is_list = UNSHAPED.contains(&endpoint.path) && endpoint.method == Method::Get;
    let anything = match plain::of(endpoint.path) {
        Some(known) if plain && !is_list => known,
        Some(_) | None => anything,
    };
    match (endpoint.method, shape) {
        (Method::Delete, _) => {
            add("204", None);
            // What there is one of is reset, and may be answered as it is then.
            if !endpoint.path.ends_with('}') {
                add("200", Some(anything));
            }
        }
        (Method::Get, Some(shape)) if shape.is_list(endpoint.path) => {
            add("200", Some(shape.listed()));
        }
        (Method::Post, Some(shape)) if plain && shape.is_list(endpoint.path) => add("201", one),
        (Method::Get | Method::Put | Method::Patch, Some(_)) if plain => add("200", one),
        (Method::Post, _) => {
            add("200", Some(anything.clone()));
            add("201", Some(anything.clone()));
            if endpoint.path == "/environments/{environment}/certificates" {
                add("202", Some(anything));
            }
            add("204", None);
        }
        (Method::Get | Method::Put | Method::Patch, _) => add("200", Some(anything)),
    }
    let good = answers.get_mut("200").and_then(|it| it.get_mut("content"));
    if let Some(types) = good.and_then(Value::as_object_mut) {
        for media in endpoint.answers {
            types.insert((*media).to_owned(), json!({}));
        }
    }
    answers
}

fn error() -> Value {
    let text = || json!({ "type": "string" });
    json!({ "type": "object", "required": ["id", "code", "message"], "properties": {
        "id": { "type": "string", "format": "uuid" }, "code": text(), "message": text(),
        "details": { "type": "array", "items": { "type": "object",
            "required": ["code", "message"], "properties": {
            "code": text(), "target": text(), "message": text(),
            "innerError": { "type": "object" } } } },
    } })
}

fn links() -> Value {
    let link = json!({ "type": "object", "required": ["href"],
        "properties": { "href": { "type": "string", "format": "uri" } } });
    json!({ "type": "object", "additionalProperties": link })
}

#[cfg(test)]
mod tests;
