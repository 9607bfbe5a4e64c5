//! Many environments: what they cost a process that hardly uses them.

use std::time::Duration;

use anyhow::{Context, Result};
use serde_json::json;

use super::client::{Connection, Request};
use super::floors::Floors;
use super::load::{self, Pace};
use super::operation::requests;
use super::process::Server;
use super::report::{Report, millis};
use super::world::{self, WORKER};
use super::{Bench, clock};

/// Starts of which the median counts.
const STARTS: usize = 9;
/// Environments in the database, and what is in each.
const ENVIRONMENTS: usize = 10_000;
const APPLICATIONS: usize = 10;
const USERS: usize = 100;
/// Environments that are made through the management API. Each has new RSA keys.
const MADE: usize = 60;

/// Measures creation, starts and memory.
pub fn run(bench: &Bench, _: &Floors, report: &mut Report) -> Result<()> {
    let database = "environments.db";
    let file = bench.import_file(USERS, APPLICATIONS)?;
    let server = bench.serve(database, &["--import", &file])?;
    create(&server, report)?;
    drop(server);
    let (one, one_mib) = starts(bench, database)?;
    bench.multiply(database, ENVIRONMENTS)?;
    let (many, many_mib) = starts(bench, database)?;
    let median = |starts: &[Duration]| starts.get(STARTS / 2).copied().context("no start");
    let ms = |starts: &[Duration]| Ok::<_, anyhow::Error>(median(starts)?.as_secs_f64() * 1e3);
    let what = "start with 10,000 environments, median";
    report.at_most(what, 50.0, ms(&many)?, " ms");
    report.at_most(
        "the same / start with few",
        1.25,
        ms(&many)? / ms(&one)?,
        "x",
    );
    let each = (many_mib - one_mib) * 1024.0 / load::count(ENVIRONMENTS);
    report.at_most(
        "memory of a cold environment, 10,000 of them",
        4.0,
        each,
        " KiB",
    );
    for (what, starts) in [("few", one), ("10,000", many)] {
        let starts: Vec<String> = starts.into_iter().map(millis).collect();
        report.note(format!(
            "starts with {what} environments, in ms: {}",
            starts.join(" ")
        ));
    }
    visited(bench, database, report)?;
    bench.forget(database)
}

/// Environments, applications and users made through the management API.
fn create(server: &Server, report: &mut Report) -> Result<()> {
    let mut connection = Connection::open(server.address)?;
    let token = connection.expect(&world::client_credentials(WORKER), 200)?;
    let token = token.member("access_token")?;
    let license = connection.expect(&world::manage("GET", "", &token, None), 200)?;
    let license: serde_json::Value = serde_json::from_str(&license.body)?;
    let license = license.pointer("/license/id").context("no licence")?;
    let body = |number: usize| {
        json!({
            "name": format!("Made {number}"),
            "type": "SANDBOX",
            "region": "NA",
            "license": {"id": license},
        })
    };
    let create: Vec<Request> = (0..MADE)
        .map(|number| Request::api("POST", "/v1/environments", &token, &body(number)))
        .collect();
    let (create, _) = requests(server, "/v1 POST environments", 201, &create)?;
    report.commits(&create, 1.0);
    report.row(create);
    Ok(())
}

/// How long starts took, in order, and the memory of the last, in MiB, after a moment's rest.
fn starts(bench: &Bench, database: &str) -> Result<(Vec<Duration>, f64)> {
    println!("  starts");
    let (mut starts, mut resident) = (Vec::new(), 0.0);
    for number in 1..=STARTS {
        let server = bench.serve(database, &[])?;
        starts.push(server.ready_after);
        if number == STARTS {
            clock::wait(Duration::from_secs(2));
            resident = server.resident_mib()?;
        }
    }
    starts.sort_unstable();
    Ok((starts, resident))
}

/// What is kept of environments that were visited once and left.
fn visited(bench: &Bench, database: &str, report: &mut Report) -> Result<()> {
    println!("  a visit to each environment");
    let server = bench.serve(database, &[])?;
    let before = server.resident_mib()?;
    let work = |connection: &mut Connection, number| {
        let environment = format!("5ca1ab1e-0000-0000-0000-{:012x}", number + 1);
        let target = format!("/{environment}/as/.well-known/openid-configuration");
        connection
            .expect(&Request::get(&target, None), 200)
            .map(drop)
    };
    let cpu = server.cpu()?;
    load::run(server.address, ENVIRONMENTS, Pace::Flat, work)?;
    let each = server.cpu()?.saturating_sub(cpu) / u32::try_from(ENVIRONMENTS)?;
    let kept = server.resident_mib()? - before;
    report.note(format!(
        "first request to an environment: {:.0} us; kept after one to each of 10,000: {kept:.1} MiB",
        each.as_secs_f64() * 1e6,
    ));
    Ok(())
}
