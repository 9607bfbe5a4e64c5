//! What the quick start takes when nobody asks it anything.

use std::time::Duration;

use anyhow::Result;

use super::floors::Floors;
use super::process::{Server, free_address};
use super::report::Report;
use super::{Bench, clock};

/// The second start of the quick start, as it is after its first request and a moment's rest.
pub fn run(bench: &Bench, _: &Floors, report: &mut Report) -> Result<()> {
    let start = || {
        let address = free_address()?;
        let (port, folder) = (address.port().to_string(), bench.path("quick-start"));
        let arguments = ["--port", &port, "--data-dir", &folder];
        let ready = "/health/ready";
        Server::start(&bench.countersign(), &arguments, address, None, ready)
    };
    drop(start()?);
    let server = start()?;
    clock::wait(Duration::from_secs(2));
    let resident = server.resident_mib()?;
    report.at_most(
        "idle memory with the demo environment",
        20.0,
        resident,
        " MiB",
    );
    Ok(())
}
