//! `cargo xtask bench`: what operations cost the server, beside what they cannot cost less than
//! (`docs/performance.md`).
//!
//! Costs are processor time of the server process, not time on the clock: neighbours on the machine
//! then disturb them little.

mod client;
mod clock;
mod crowd;
mod document;
mod environments;
mod floors;
mod grants;
mod idle;
mod load;
mod management;
mod operation;
mod process;
mod report;
mod scale;
mod sign_on;
mod storm;
mod world;

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use clap::Args;
use tempfile::TempDir;

use crate::shell;
use client::Request;
use floors::Floors;
use operation::Measured;
use process::{Server, free_address};
use report::Report;

/// Answers of the floors.
const ECHOES: usize = 150_000;
const WRITES: usize = 15_000;

type Group = fn(&Bench, &Floors, &mut Report) -> Result<()>;

/// What is measured, each with a server of its own.
const GROUPS: &[(&str, Group)] = &[
    ("sign-on", sign_on::run),
    ("grants", grants::run),
    ("management", management::run),
    ("storm", storm::run),
    ("crowd", crowd::run),
    ("idle", idle::run),
    ("environments", environments::run),
    ("scale", scale::run),
];

#[derive(Args)]
pub struct Options {
    /// Groups to measure, of sign-on, grants, management, storm, crowd, idle, environments and
    /// scale; all without
    #[arg(long, value_name = "GROUP", value_delimiter = ',')]
    only: Vec<String>,
}

/// Builds, measures, prints; a missed aim is not an error, figures depend on the machine.
pub fn run(options: &Options) -> Result<()> {
    let known = |name: &String| GROUPS.iter().any(|(group, _)| group == name);
    if let Some(unknown) = options.only.iter().find(|name| !known(name)) {
        bail!("{unknown} is no group: see cargo xtask bench --help");
    }
    let mut build = shell::cargo();
    shell::run(build.args(["build", "--release", "--package=countersign-server"]))?;
    let mut build = shell::cargo();
    build.args(["build", "--release", "--package=countersign-store"]);
    shell::run(build.arg("--examples"))?;
    let bench = Bench {
        release: release()?,
        folder: tempfile::tempdir()?,
    };
    println!("measuring floors");
    let floors = bench.floors()?;
    let mut report = Report::default();
    for (name, group) in GROUPS {
        if options.only.is_empty() || options.only.iter().any(|only| only == name) {
            println!("measuring {name}");
            group(&bench, &floors, &mut report).context(*name)?;
        }
    }
    if !report.print(&floors) {
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

    fn floors(&self) -> Result<Floors> {
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
        Ok(Floors {
            echo,
            write: Measured {
                commits: 1.0,
                ..write
            },
            rsa: floors::rsa()?,
            p256: floors::p256()?,
        })
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
        // The same whatever the port: tokens outlive a restart.
        arguments.extend(["--auth-url", "http://localhost"]);
        arguments.extend(["--log", "warn", "--database", &database]);
        arguments.extend(["--master-key-file", &key]);
        arguments.extend(more);
        let ready = "/health/ready";
        Server::start(&self.countersign(), &arguments, address, Some(admin), ready)
    }

    /// The same on a new database, with the environment that is measured and so many users in it.
    fn serve_new(&self, database: &str, users: usize) -> Result<Server> {
        self.serve(database, &["--import", &self.import_file(users, 0)?])
    }

    fn master_key(&self) -> Result<String> {
        let file = self.path("master.key");
        if !Path::new(&file).exists() {
            let mut keygen = shell::command(self.countersign());
            shell::output(keygen.args(["keygen", "--out", &file]))?;
        }
        Ok(file)
    }

    fn import_file(&self, users: usize, more_applications: usize) -> Result<String> {
        let file = self.path("bench.json");
        let document = document::document(users, more_applications);
        std::fs::write(&file, document.to_string())?;
        Ok(file)
    }

    /// Copies the environment that is measured.
    fn multiply(&self, database: &str, copies: usize) -> Result<()> {
        let copies = copies.to_string();
        self.example(
            "multiply",
            database,
            &[world::ENVIRONMENT, "Bench", &copies],
        )
    }

    /// Runs an example of the store crate on a database.
    fn example(&self, name: &str, database: &str, arguments: &[&str]) -> Result<()> {
        let mut example = shell::command(self.release.join("examples").join(name));
        example.arg(self.path(database)).args(arguments);
        shell::run(&mut example)
    }

    /// Removes a database: some are large.
    fn forget(&self, database: &str) -> Result<()> {
        Ok(std::fs::remove_file(self.path(database))?)
    }
}
