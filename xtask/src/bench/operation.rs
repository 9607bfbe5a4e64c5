//! One operation, measured: at full speed for its cost, at half speed for its latency.

use std::time::Duration;

use anyhow::{Context, Result};

use super::client::{Answer, Connection, Request};
use super::load::{self, Pace};
use super::process::Server;

/// What an operation costs.
pub struct Measured {
    pub name: String,
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

/// Rounds at full speed, of which the cheapest counts: a neighbour on the machine only ever makes
/// them dearer. Work that takes too few ticks of processor time to divide has one round.
const ROUNDS: usize = 3;
const DIVISIBLE: usize = 10_000;

/// Measures work of which a fifth runs at half speed.
pub fn measure<T: Send>(
    server: &Server,
    name: &str,
    amount: usize,
    work: impl Fn(&mut Connection, usize) -> Result<T> + Sync,
) -> Result<(Measured, Vec<T>)> {
    println!("  {name}");
    let rounds = if amount < DIVISIBLE { 1 } else { ROUNDS };
    let each = amount * 4 / 5 / rounds;
    let at = |first: usize, amount, pace| {
        let work = |connection: &mut Connection, number| work(connection, first + number);
        load::run(server.address, amount, pace, work).with_context(|| name.to_owned())
    };
    let (mut cpu, mut most) = (Duration::MAX, 0.0_f64);
    let mut results = Vec::with_capacity(amount);
    let commits = server.commits()?;
    for _ in 0..rounds {
        let before = server.cpu()?;
        let full = at(results.len(), each, Pace::Flat)?;
        cpu = cpu.min(server.cpu()?.saturating_sub(before));
        most = most.max(full.per_second());
        results.extend(full.results);
    }
    let commits = server.commits()? - commits;
    let fast = results.len();
    let half = at(fast, amount - fast, Pace::PerSecond(most / 2.0))?;
    let measured = Measured {
        name: name.to_owned(),
        amount: fast,
        cpu: cpu.div_f64(load::count(each)),
        commits: commits / load::count(fast),
        most,
        p50: half.latency(500),
        p99: half.latency(990),
    };
    results.extend(half.results);
    Ok((measured, results))
}

/// The same for requests that were prepared.
pub fn requests(
    server: &Server,
    name: &str,
    status: u16,
    prepared: &[Request],
) -> Result<(Measured, Vec<Answer>)> {
    measure(server, name, prepared.len(), |connection, number| {
        let request = prepared.get(number).context("not prepared")?;
        connection.expect(request, status)
    })
}

/// The same for one request, again and again. Answers are not kept.
pub fn request(server: &Server, name: &str, amount: usize, request: &Request) -> Result<Measured> {
    let work = |connection: &mut Connection, _| connection.expect(request, 200).map(drop);
    Ok(measure(server, name, amount, work)?.0)
}
