//! `cargo xtask bench`: what operations cost the server, beside what they cannot cost less than
//! (`docs/performance.md`).
//!
//! Costs are processor time of the server process, not time on the clock: neighbours on the machine
//! then disturb them little.

mod client;
mod clock;
mod floors;
mod load;
mod operation;
mod process;
mod report;
mod sign_on;
mod world;

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result};
use clap::Args;
use tempfile::TempDir;

use crate::shell;
use client::Request;
use operation::Measured;
use process::{Server, free_address};
use report::Report;

/// Starts of which the median counts.
const STARTS: usize = 9;
/// Answers of the floors.
const ECHOES: usize = 150_000;
const WRITES: usize = 15_000;

#[derive(Args)]
pub struct Options {
    /// Environments in the database whose start is timed
    #[arg(long, default_value_t = 10_000)]
    environments: u32,
}

/// Builds, measures, prints; a missed aim is not an error, figures depend on the machine.
pub fn run(options: &Options) -> Result<()> {
    let mut build = shell::cargo();
    shell::run(build.args(["build", "--release", "--package=countersign-server"]))?;
    let mut build = shell::cargo();
    build.args(["build", "--release", "--package=countersign-store"]);
    shell::run(build.arg("--example=multiply"))?;
    let bench = Bench {
        release: release()?,
        folder: tempfile::tempdir()?,
    };
    println!("measuring floors");
    let (echo, write) = bench.floors()?;
    let signature = floors::signature()?;
    println!("measuring operations");
    let (operations, loaded_mib) = bench.operations()?;
    println!("measuring memory at rest");
    let idle_mib = bench.idle()?;
    println!("measuring starts");
    let report = Report {
        echo,
        write,
        signature,
        operations,
        idle_mib,
        loaded_mib,
        environments: options.environments,
        starts: bench.starts(options.environments)?,
    };
    if !report.print()? {
        println!("\nan aim was missed: see docs/performance.md before believing it");
    }
    Ok(())
}

/// Where cargo puts what it builds with `--release`.
fn release() -> Result<PathBuf> {
    let mut cargo = shell::cargo();
    let text = shell::output(cargo.args(["metadata", "--format-version=1", "--no-deps"]))?;
    let metadata: serde_json::Value = serde_json::from_str(&text)?;
    let target = metadata.get("target_directory");
    let target = target.and_then(serde_json::Value::as_str);
    Ok(Path::new(target.context("no target_directory")?).join("release"))
}

struct Bench {
    release: PathBuf,
    folder: TempDir,
}

impl Bench {
    fn countersign(&self) -> PathBuf {
        self.release.join("countersign")
    }

    fn path(&self, name: &str) -> String {
        self.folder.path().join(name).display().to_string()
    }

    fn floors(&self) -> Result<(Measured, Measured)> {
        let address = free_address()?;
        let (listen, database) = (
            address.to_string(),
            format!("sqlite:{}", self.path("floor.db")),
        );
        let arguments = ["floor", "--listen", &listen, "--database", &database];
        let server = Server::start(&self.countersign(), &arguments, address, None, "/")?;
        let get = Request::get("/", None);
        let post = Request::post("/", "text/plain", None, "");
        let echo = operation::request(&server, "floor: bare answer", ECHOES, &get)?;
        let write = operation::request(&server, "floor: answer after a write", WRITES, &post)?;
        Ok((
            echo,
            Measured {
                commits: 1.0,
                ..write
            },
        ))
    }

    /// `countersign serve`, with an admin listener.
    fn serve(&self, database: &str, more: &[&str]) -> Result<Server> {
        let (address, admin) = (free_address()?, free_address()?);
        let (listen, admin_listen) = (address.to_string(), admin.to_string());
        let mut arguments = vec![
            "serve",
            "--listen",
            &listen,
            "--admin-listen",
            &admin_listen,
        ];
        let database = format!("sqlite:{}", self.path(database));
        let key = self.master_key()?;
        arguments.extend(["--log", "warn", "--database", &database]);
        arguments.extend(["--master-key-file", &key]);
        arguments.extend(more);
        let ready = "/health/ready";
        Server::start(&self.countersign(), &arguments, address, Some(admin), ready)
    }

    fn master_key(&self) -> Result<String> {
        let file = self.path("master.key");
        if !Path::new(&file).exists() {
            let mut keygen = shell::command(self.countersign());
            shell::output(keygen.args(["keygen", "--out", &file]))?;
        }
        Ok(file)
    }

    fn import_file(&self, users: usize) -> Result<String> {
        let file = self.path("bench.json");
        std::fs::write(&file, world::document(users).to_string())?;
        Ok(file)
    }

    fn operations(&self) -> Result<(Vec<Measured>, f64)> {
        let server = self.serve("bench.db", &["--import", &self.import_file(world::USERS)?])?;
        let measured = sign_on::operations(&server)?;
        Ok((measured, server.resident_mib()?))
    }

    /// The second start of the quick start, as it is after its first request and a moment's rest.
    fn idle(&self) -> Result<f64> {
        let start = || {
            let address = free_address()?;
            let (port, folder) = (address.port().to_string(), self.path("quick-start"));
            let arguments = ["--port", &port, "--data-dir", &folder];
            Server::start(
                &self.countersign(),
                &arguments,
                address,
                None,
                "/health/ready",
            )
        };
        drop(start()?);
        let server = start()?;
        clock::wait(Duration::from_secs(2));
        server.resident_mib()
    }

    fn starts(&self, environments: u32) -> Result<Vec<Duration>> {
        let database = "many.db";
        drop(self.serve(database, &["--import", &self.import_file(1)?])?);
        let mut multiply = shell::command(self.release.join("examples/multiply"));
        multiply.args([&self.path(database), world::ENVIRONMENT, "Bench"]);
        shell::run(multiply.arg(environments.to_string()))?;
        let mut starts = Vec::new();
        for _ in 0..STARTS {
            starts.push(self.serve(database, &[])?.ready_after);
        }
        starts.sort_unstable();
        Ok(starts)
    }
}
