//! Many requests on a few connections, as fast as they go or at a rate.

use std::net::SocketAddr;
use std::time::Duration;

use anyhow::{Context, Result, anyhow};

use super::client::Connection;
use super::clock;

/// Connections, each with a thread of its own. Work number `n` runs on connection `n % CONNECTIONS`.
pub const CONNECTIONS: usize = 8;

/// How fast.
#[derive(Clone, Copy)]
pub enum Pace {
    /// Each connection sends when its last answer is there.
    Flat,
    /// So many a second over all connections, whether answers come or not: what has to wait for
    /// its connection has that wait counted.
    PerSecond(f64),
}

/// What came of it.
pub struct Outcome<T> {
    /// Results in the order of the work.
    pub results: Vec<T>,
    latencies: Vec<Duration>,
    elapsed: Duration,
}

impl<T> Outcome<T> {
    /// Pieces of work done in a second.
    pub fn per_second(&self) -> f64 {
        count(self.results.len()) / self.seconds()
    }

    /// How long all of it took.
    pub fn seconds(&self) -> f64 {
        self.elapsed.as_secs_f64()
    }

    /// The latency that so many of a thousand pieces of work did not exceed.
    pub fn latency(&self, of_a_thousand: usize) -> Duration {
        let mut sorted = self.latencies.clone();
        sorted.sort_unstable();
        let at = (sorted.len() * of_a_thousand / 1000).min(sorted.len().saturating_sub(1));
        sorted.get(at).copied().unwrap_or_default()
    }
}

/// A number of things, for arithmetic.
#[expect(clippy::cast_precision_loss, reason = "some thousands")]
pub fn count(number: usize) -> f64 {
    number as f64
}

/// Does the work `0..amount` on connections to `to`.
pub fn run<T: Send>(
    to: SocketAddr,
    amount: usize,
    pace: Pace,
    work: impl Fn(&mut Connection, usize) -> Result<T> + Sync,
) -> Result<Outcome<T>> {
    let mut connections = Vec::new();
    for _ in 0..CONNECTIONS.min(amount) {
        connections.push(Connection::open(to)?);
    }
    let begun = clock::now();
    let lane = |mut connection: Connection, first: usize| {
        let mut done = Vec::new();
        for number in (first..amount).step_by(CONNECTIONS) {
            let mut start = clock::now();
            if let Pace::PerSecond(rate) = pace {
                let due = begun + Duration::from_secs_f64(count(number) / rate);
                // Oversleeping is this program's fault and not counted; a busy connection is.
                start = if clock::wait_until(due) {
                    clock::now()
                } else {
                    due
                };
            }
            let result = work(&mut connection, number)?;
            done.push((number, clock::now() - start, result));
        }
        Ok(done)
    };
    let lanes: Result<Vec<_>> = std::thread::scope(|scope| {
        let lane = &lane;
        let lanes: Vec<_> = connections
            .into_iter()
            .enumerate()
            .map(|(first, connection)| scope.spawn(move || lane(connection, first)))
            .collect();
        let join = |lane: std::thread::ScopedJoinHandle<'_, Result<_>>| {
            lane.join()
                .map_err(|_| anyhow!("a connection's thread panicked"))?
        };
        lanes.into_iter().map(join).collect()
    });
    let elapsed = clock::now() - begun;
    let mut all: Vec<_> = lanes
        .context("a request failed")?
        .into_iter()
        .flatten()
        .collect();
    all.sort_unstable_by_key(|(number, ..)| *number);
    let latencies = all.iter().map(|(_, latency, _)| *latency).collect();
    let results = all.into_iter().map(|(.., result)| result).collect();
    Ok(Outcome {
        results,
        latencies,
        elapsed,
    })
}
