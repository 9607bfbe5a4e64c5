//! Everybody signs on at once: do applications still get their tokens?

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use anyhow::{Result, anyhow};

use super::Bench;
use super::client::Connection;
use super::floors::Floors;
use super::load::{self, Pace};
use super::report::{Report, millis};
use super::world::{self, SERVICE, USERS, user};

/// People who sign on, each again and again: more than the machine can hash for.
const CROWD: usize = 12;
/// Token requests a second, and how many.
const RATE: f64 = 200.0;
const TOKENS: usize = 3_000;

/// Measures `/as/token` with and without the storm.
pub fn run(bench: &Bench, _: &Floors, report: &mut Report) -> Result<()> {
    let server = &bench.serve_new("storm.db", USERS)?;
    let request = world::client_credentials(SERVICE);
    let work = |connection: &mut Connection, _| connection.expect(&request, 200).map(drop);
    let pace = Pace::PerSecond(RATE);
    println!("  client_credentials, quiet");
    let quiet = load::run(server.address, TOKENS, pace, work)?;
    println!("  client_credentials, while people sign on");
    let (over, sign_ons) = (AtomicBool::new(false), AtomicUsize::new(0));
    let person = |first: usize| -> Result<()> {
        let mut connection = Connection::open(server.address)?;
        let mut number = first;
        while !over.load(Ordering::Relaxed) {
            world::sign_on(&mut connection, &user(number % USERS))?;
            sign_ons.fetch_add(1, Ordering::Relaxed);
            // Nobody else comes by this user: sign-ons of one user take turns.
            number += CROWD;
        }
        Ok(())
    };
    let stormy = std::thread::scope(|scope| {
        let people: Vec<_> = (0..CROWD)
            .map(|first| scope.spawn(move || person(first)))
            .collect();
        let stormy = load::run(server.address, TOKENS, pace, work);
        over.store(true, Ordering::Relaxed);
        for person in people {
            let ended = person.join();
            ended.map_err(|_| anyhow!("a person's thread panicked"))??;
        }
        stormy
    })?;
    let (calm, busy) = (quiet.latency(990), stormy.latency(990));
    let times = busy.as_secs_f64() / calm.as_secs_f64();
    report.at_most(
        "p99 of client_credentials in a storm of sign-ons / quiet",
        3.0,
        times,
        "x",
    );
    report.note(format!(
        "client_credentials at {RATE}/s, quiet: p50 {} ms, p99 {} ms; among {:.0} sign-ons/s: \
         p50 {} ms, p99 {} ms",
        millis(quiet.latency(500)),
        millis(calm),
        load::count(sign_ons.load(Ordering::Relaxed)) / stormy.seconds(),
        millis(stormy.latency(500)),
        millis(busy),
    ));
    Ok(())
}
