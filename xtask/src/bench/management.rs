//! The management API.

use anyhow::{Context, Result};
use serde_json::json;

use super::Bench;
use super::client::{Connection, Request};
use super::floors::Floors;
use super::operation::requests;
use super::report::Report;
use super::world::{self, USERS, WEB, WORKER, manage};

/// Requests that read.
const READS: usize = 45_000;
/// Requests that answer a list.
const LISTS: usize = 3_000;
/// Requests that write.
const WRITES: usize = 12_000;

/// Measures reads and writes.
pub fn run(bench: &Bench, floors: &Floors, report: &mut Report) -> Result<()> {
    let server = &bench.serve_new("management.db", USERS)?;
    let mut connection = Connection::open(server.address)?;
    let token = connection.expect(&world::client_credentials(WORKER), 200)?;
    let token = &token.member("access_token")?;

    let create = |number: usize| {
        let body = json!({
            "username": format!("made-{number}"),
            "email": format!("made-{number}@example.com"),
            "name": {"given": "Ben", "family": "Chmark"},
        });
        manage("POST", "/users", token, Some(&body))
    };
    let create: Vec<Request> = (0..WRITES).map(create).collect();
    let (create, users) = requests(server, "/v1 POST users", 201, &create)?;
    report.commits(&create, 1.0);
    report.row(create);
    let ids = users.iter().map(|user| user.member("id"));
    let ids = ids.collect::<Result<Vec<_>>>()?;

    let read = |id| manage("GET", &format!("/users/{id}"), token, None);
    let reads: Vec<Request> = ids.iter().cycle().take(READS).map(read).collect();
    let (read, _) = requests(server, "/v1 GET user", 200, &reads)?;
    report.of_bare(floors, &read, 30.0);
    report.row(read);
    let application = manage("GET", &format!("/applications/{WEB}"), token, None);
    let (read, _) = requests(
        server,
        "/v1 GET application",
        200,
        &vec![application; READS],
    )?;
    report.of_bare(floors, &read, 30.0);
    report.row(read);
    let populations = connection.expect(&manage("GET", "/populations", token, None), 200)?;
    let populations: serde_json::Value = serde_json::from_str(&populations.body)?;
    let population = populations.pointer("/_embedded/populations/0/id");
    let population = population
        .and_then(|id| id.as_str())
        .context("no population")?;
    // Shows how many users it has, and counts them each time, up to a thousand.
    let read = manage("GET", &format!("/populations/{population}"), token, None);
    let (read, _) = requests(server, "/v1 GET population", 200, &vec![read; LISTS])?;
    report.row(read);

    let find = |number: usize| {
        let filter = format!("/users?filter=username%20eq%20%22made-{number}%22");
        manage("GET", &filter, token, None)
    };
    let find: Vec<Request> = (0..WRITES).map(find).collect();
    let (find, _) = requests(server, "/v1 GET users by username", 200, &find)?;
    report.row(find);
    let list = manage("GET", "/users?limit=20", token, None);
    let (list, _) = requests(server, "/v1 GET users, 20", 200, &vec![list; LISTS])?;
    report.row(list);

    let patch = json!({"nickname": "Benny"});
    let change = |id| manage("PATCH", &format!("/users/{id}"), token, Some(&patch));
    let change: Vec<Request> = ids.iter().map(change).collect();
    let (change, _) = requests(server, "/v1 PATCH user", 200, &change)?;
    report.commits(&change, 1.0);
    report.row(change);
    let create = |number: usize| {
        let body = json!({
            "name": format!("Made {number}"),
            "enabled": true,
            "type": "WEB_APP",
            "protocol": "OPENID_CONNECT",
            "grantTypes": ["AUTHORIZATION_CODE"],
            "responseTypes": ["CODE"],
            "redirectUris": ["https://app.example.com/callback"],
            "tokenEndpointAuthMethod": "CLIENT_SECRET_BASIC",
        });
        manage("POST", "/applications", token, Some(&body))
    };
    let create: Vec<Request> = (0..LISTS).map(create).collect();
    let (create, _) = requests(server, "/v1 POST applications", 201, &create)?;
    report.commits(&create, 1.0);
    report.row(create);
    Ok(())
}
