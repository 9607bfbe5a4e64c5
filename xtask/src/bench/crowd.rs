//! Many people on the sign-on page at once: what their flows keep, and what removing them costs
//! everybody else.

use anyhow::Result;

use super::Bench;
use super::floors::Floors;
use super::load::{self, Pace};
use super::operation::requests;
use super::report::{Report, millis};
use super::world::{self, SIGN_ON, WEB};

/// Flows that live.
const FLOWS: usize = 100_000;
/// Requests a second while the sweep is looked at.
const RATE: f64 = 500.0;
/// Requests before and during it. It begins ten seconds after the last at the latest.
const QUIET: usize = 5_000;
const SWEEPING: usize = 15_000;

/// Measures memory and the sweep.
pub fn run(bench: &Bench, _: &Floors, report: &mut Report) -> Result<()> {
    let database = "crowd.db";
    let server = &bench.serve_new(database, 1)?;
    let begin = world::authorize(WEB, SIGN_ON, None);
    // What a server takes under any load is not the flows'.
    requests(server, "warming up", 302, &vec![begin.clone(); FLOWS / 20])?;
    let before = server.resident_mib()?;
    let (crowd, _) = requests(
        server,
        "authorize, a crowd",
        302,
        &vec![begin.clone(); FLOWS],
    )?;
    report.row(crowd);
    let kib = (server.resident_mib()? - before) * 1024.0;
    let each = kib / load::count(FLOWS);
    report.at_most("memory of a live flow, 100,000 of them", 1.0, each, " KiB");

    let work =
        |connection: &mut super::client::Connection, _| connection.expect(&begin, 302).map(drop);
    println!("  before the sweep");
    let quiet = load::run(server.address, QUIET, Pace::PerSecond(RATE), work)?;
    bench.example("expire", database, &[])?;
    println!("  during the sweep");
    let sweeping = load::run(server.address, SWEEPING, Pace::PerSecond(RATE), work)?;
    let (calm, busy) = (quiet.latency(990), sweeping.latency(990));
    let times = busy.as_secs_f64() / calm.as_secs_f64();
    report.at_most(
        "p99 of authorize while expired flows are swept / before",
        3.0,
        times,
        "x",
    );
    report.note(format!(
        "authorize before the sweep: p99 {} ms, longest {} ms; during it: p99 {} ms, longest {} ms",
        millis(calm),
        millis(quiet.latency(1000)),
        millis(busy),
        millis(sweeping.latency(1000)),
    ));
    Ok(())
}
