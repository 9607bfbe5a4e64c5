//! One operation, measured: at full speed for its cost, at half speed for its latency.

use std::time::Duration;

use anyhow::{Context, Result};

use super::client::{Answer, Connection, Request};
use super::load::{self, Pace};
use super::process::Server;

/// What an operation costs.
pub struct Measured {
    pub name: &'static str,
    /// Requests (or sign-ons) measured at full speed.
    pub amount: usize,
    /// Processor time of the server for each.
    pub cpu: Duration,
    /// Durable commits for each.
    pub commits: f64,
    /// Each second, at full speed.
    pub most: f64,
    pub p50: Duration,
    pub p99: Duration,
}

impl Measured {
    /// How many a second of processor time pays for.
    pub fn per_cpu_second(&self) -> f64 {
        1.0 / self.cpu.as_secs_f64()
    }
}

/// Measures work of which a fifth runs at half speed.
pub fn measure<T: Send>(
    server: &Server,
    name: &'static str,
    amount: usize,
    work: impl Fn(&mut Connection, usize) -> Result<T> + Sync,
) -> Result<(Measured, Vec<T>)> {
    println!("  {name}");
    let slow = amount / 5;
    let fast = amount - slow;
    let (cpu, commits) = (server.cpu()?, server.commits()?);
    let full = load::run(server.address, fast, Pace::Flat, &work).context(name)?;
    let cpu = server.cpu()?.saturating_sub(cpu);
    let commits = server.commits()? - commits;
    let pace = Pace::PerSecond(full.per_second() / 2.0);
    let later = |connection: &mut Connection, number| work(connection, fast + number);
    let half = load::run(server.address, slow, pace, later).context(name)?;
    let measured = Measured {
        name,
        amount: fast,
        cpu: cpu.div_f64(load::count(fast)),
        commits: commits / load::count(fast),
        most: full.per_second(),
        p50: half.latency(500),
        p99: half.latency(990),
    };
    let mut results = full.results;
    results.extend(half.results);
    Ok((measured, results))
}

/// The same for requests that were prepared.
pub fn requests(
    server: &Server,
    name: &'static str,
    status: u16,
    prepared: &[Request],
) -> Result<(Measured, Vec<Answer>)> {
    measure(server, name, prepared.len(), |connection, number| {
        let request = prepared.get(number).context("not prepared")?;
        connection.expect(request, status)
    })
}

/// The same for one request, again and again. Answers are not kept.
pub fn request(
    server: &Server,
    name: &'static str,
    amount: usize,
    request: &Request,
) -> Result<Measured> {
    let work = |connection: &mut Connection, _| connection.expect(request, 200).map(drop);
    Ok(measure(server, name, amount, work)?.0)
}
