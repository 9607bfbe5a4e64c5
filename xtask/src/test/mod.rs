//! `cargo xtask test`: every test there is, in rings from the inside out.
//!
//! No ring is left out silently: one that cannot run has failed, unless `--only` or `--skip` names
//! it.

mod browser;
mod clients;
mod postgres;
mod runner;

use std::collections::BTreeSet;

use anyhow::{Result, bail};
use clap::ValueEnum;

use crate::{cargo, check};
use postgres::Cluster;
use runner::{Run, Tally};

/// Which rings to run; all of them unless told otherwise.
#[derive(clap::Args)]
pub struct Options {
    /// Only these rings (comma-separated).
    #[arg(long, value_delimiter = ',')]
    only: Vec<Ring>,
    /// All but these rings (comma-separated).
    #[arg(long, value_delimiter = ',', conflicts_with = "only")]
    skip: Vec<Ring>,
    /// Only tests whose name contains this.
    #[arg(long)]
    filter: Option<String>,
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, ValueEnum)]
enum Ring {
    /// `cargo xtask check`.
    Check,
    /// Tests beside the code, and examples in the documentation.
    Unit,
    /// The promises of the storage port, on memory, SQLite and PostgreSQL.
    Store,
    /// The server as a black box, on all three adapters.
    Blackbox,
    /// OpenID Connect libraries of others, in three languages.
    Clients,
    /// The sign-on page in headless Chromium, with and without JavaScript.
    Browser,
    /// Processes killed while they write.
    Crash,
}

impl Ring {
    fn name(self) -> String {
        self.to_possible_value()
            .map(|value| value.get_name().to_owned())
            .unwrap_or_default()
    }

    fn needs_postgres(self) -> bool {
        matches!(self, Self::Store | Self::Blackbox | Self::Crash)
    }
}

/// Integration tests of the server that need a foreign client or a browser live in these modules.
/// The test runner looks for the words anywhere in a test's path, so they are like no others.
const CLIENTS: &str = "foreign_clients::";
const BROWSER: &str = "chromium::";

pub fn run(options: &Options) -> Result<()> {
    let rings: Vec<Ring> = Ring::value_variants()
        .iter()
        .copied()
        .filter(|ring| options.only.is_empty() || options.only.contains(ring))
        .filter(|ring| !options.skip.contains(ring))
        .collect();
    let mut cluster = None;
    let mut report = Vec::new();
    let mut total = Tally::default();
    for ring in &rings {
        println!("\n== {} ==", ring.name());
        let mut tally = Tally::default();
        match run_ring(*ring, options, &mut cluster, &mut tally) {
            Ok(()) => report.push((ring.name(), format!("ok      {tally}"))),
            Err(error) => {
                println!("{error:#}");
                report.push((ring.name(), format!("FAILED  {error:#}")));
                tally.failed_rings = 1;
            }
        }
        total.add(tally);
    }
    drop(cluster);
    println!("\n== summary ==");
    for (ring, result) in &report {
        println!("{ring:<10} {result}");
    }
    for ring in Ring::value_variants() {
        if !rings.contains(ring) {
            println!("{:<10} left out, as asked", ring.name());
        }
    }
    println!("{}", total.verdict());
    if total.failed_rings > 0 {
        bail!("{} of {} rings failed", total.failed_rings, rings.len());
    }
    Ok(())
}

fn run_ring(
    ring: Ring,
    options: &Options,
    cluster: &mut Option<Cluster>,
    tally: &mut Tally,
) -> Result<()> {
    if ring == Ring::Check {
        return check::run();
    }
    let mut environment = Vec::new();
    if ring.needs_postgres() {
        if cluster.is_none() {
            *cluster = Some(Cluster::start()?);
        }
        if let Some(cluster) = cluster {
            environment.push(("COUNTERSIGN_TEST_POSTGRES".to_owned(), cluster.url()));
        }
    }
    let targets = Targets::read()?;
    let filter = options.filter.as_deref();
    let it = ["it".to_owned()];
    // Lives as long as the ring.
    let mut driver = None;
    let run = match ring {
        Ring::Check | Ring::Unit => {
            let documented = Run::of(&["--doc"]).may_be_empty().filter(filter);
            documented.go(tally)?;
            Run::of(&["--lib", "--bins"])
                .tests(&targets.unit)
                .filter(filter)
        }
        Ring::Store => Run::of(&[]).tests(&targets.store).filter(filter),
        Ring::Crash => Run::of(&[])
            .tests(&targets.crash)
            .one_at_a_time()
            .filter(filter),
        Ring::Blackbox => Run::of(&[])
            .tests(&targets.server)
            .without(&[CLIENTS, BROWSER])
            .filter(filter),
        Ring::Clients => {
            environment.extend(clients::prepare()?);
            Run::of(&[]).tests(&it).only(CLIENTS, filter)
        }
        Ring::Browser => {
            let started = driver.insert(browser::Driver::start()?);
            environment.push(("COUNTERSIGN_TEST_WEBDRIVER".to_owned(), started.url()));
            environment.push(clients::axe()?);
            Run::of(&[]).tests(&it).only(BROWSER, filter)
        }
    };
    run.envs(&environment).go(tally)
}

/// The test targets of the workspace, by the ring that runs them: none can be forgotten.
struct Targets {
    unit: Vec<String>,
    store: Vec<String>,
    crash: Vec<String>,
    server: Vec<String>,
}

impl Targets {
    fn read() -> Result<Self> {
        let mut targets = Self {
            unit: Vec::new(),
            store: Vec::new(),
            crash: Vec::new(),
            server: Vec::new(),
        };
        let mut names = BTreeSet::new();
        for package in cargo::metadata()?.packages {
            for target in package.targets {
                if target.kind != ["test"] {
                    continue;
                }
                if !names.insert(target.name.clone()) {
                    bail!("two test targets are called {}", target.name);
                }
                let ring = match (package.name.as_str(), target.name.as_str()) {
                    (_, "crash") => &mut targets.crash,
                    ("countersign-store", _) => &mut targets.store,
                    ("countersign-server", _) => &mut targets.server,
                    _ => &mut targets.unit,
                };
                ring.push(target.name);
            }
        }
        Ok(targets)
    }
}
