//! `countersign` without a command: a server with a demo environment, ready to try.

mod callback;
mod demo;
mod facts;
mod summary;

use std::io::{IsTerminal, Write};
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context;
use clap::Args;
use countersign_domain::entity;
use countersign_domain::environment::Environment;
use countersign_domain::ids::EnvId;
use countersign_domain::ports::Ports;
use countersign_protocol::urls::Urls;
use countersign_web::wire::layers::EveryRequest;
use tokio::time::Instant;

use crate::config::{Config, DEFAULT_PORT, LogFormat, MasterKey, RawConfig};
use crate::listen::Listeners;
use crate::ports::SystemEntropy;
use crate::private_file;
use crate::telemetry::log;
use crate::wire_up::{self, Overrides};
use facts::Facts;
use summary::Style;

pub(super) const DATABASE: &str = "countersign.db";
const MASTER_KEY: &str = "master.key";
const FACTS: &str = "quickstart.json";
/// Folder of the mails that a real server would send.
const MAIL: &str = "mail";
/// Everything the quick start makes, and nothing else: `--fresh` removes exactly these.
const FILES: [&str; 7] = [
    DATABASE,
    "countersign.db-wal",
    "countersign.db-shm",
    MASTER_KEY,
    FACTS,
    "quickstart.json.new",
    "cookies.txt",
];

/// Options of the quick start.
#[derive(Debug, Args)]
pub struct Options {
    /// Serve on this port of the loopback interface
    #[arg(long, env = "COUNTERSIGN_PORT", value_name = "PORT", default_value_t = DEFAULT_PORT)]
    port: u16,

    /// Keep database, master key and quickstart.json in this folder
    #[arg(
        long,
        env = "COUNTERSIGN_DATA_DIR",
        value_name = "FOLDER",
        default_value = "countersign-data"
    )]
    data_dir: PathBuf,

    /// Forget everything from earlier starts first
    #[arg(long)]
    fresh: bool,

    /// What is logged: a level, or directives as in `info,countersign_store=debug`
    #[arg(
        long,
        env = "COUNTERSIGN_LOG",
        value_name = "FILTER",
        default_value = "info"
    )]
    log: String,

    /// How log lines look
    #[arg(
        long,
        env = "COUNTERSIGN_LOG_FORMAT",
        value_name = "FORMAT",
        default_value = "auto"
    )]
    log_format: LogFormat,
}

/// Starts the demo and serves it until SIGTERM or SIGINT.
pub fn run(options: Options) -> anyhow::Result<ExitCode> {
    super::block_on(start(options))?;
    Ok(ExitCode::SUCCESS)
}

async fn start(options: Options) -> anyhow::Result<()> {
    let begun = Instant::now();
    // The port first: while another quick start runs, its files are left alone.
    let listeners = bind(options.port)?;
    let first = listeners.first_address()?;
    let folder = folder(&options.data_dir)?;
    if options.fresh {
        forget(&folder)?;
    }
    let config = Config::resolve(RawConfig {
        listen: vec![first.to_string()],
        database: Some(format!("sqlite:{}", folder.join(DATABASE).display()).into()),
        master_key_file: Some(master_key(&folder)?),
        mail_dir: Some(folder.join(MAIL)),
        log: Some(options.log),
        log_format: Some(options.log_format),
        ..RawConfig::default()
    })?;
    log::start(&config.log)?;
    let mut server = wire_up::build(&config, first, Overrides::default()).await?;
    let facts = facts(&folder.join(FACTS), &server.urls)?;
    make_demo(&server.ports, &server.urls, &facts).await?;
    let callback = callback::router(&facts)?.layer(EveryRequest::of(server.product.clone()));
    server.router = server.router.merge(callback);
    let interrupts = super::serve::Interrupts::listen()?;
    let style = Style {
        colour: std::io::stdout().is_terminal(),
    };
    let elapsed = begun.elapsed().as_millis();
    let summary = summary::render(&facts, &folder.display().to_string(), elapsed, style)?;
    // Whoever reads the summary through a pipe may close it; that is no reason to stop serving.
    let _ = std::io::stdout().write_all(summary.as_bytes());
    super::serve::until_signal(server, listeners, interrupts).await
}

/// `localhost` is 127.0.0.1 for some programs and ::1 for others. The second is optional: not
/// every machine has it.
fn bind(port: u16) -> anyhow::Result<Listeners> {
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    let mut listeners =
        Listeners::bind(&[address], None).context("choose another port with --port")?;
    let port = listeners.first_address()?.port();
    if let Err(error) = listeners.add((Ipv6Addr::LOCALHOST, port).into()) {
        tracing::debug!("only on 127.0.0.1: {error:#}");
    }
    Ok(listeners)
}

/// The data folder, made if need be, as an absolute path: it is printed for pasting.
fn folder(data_dir: &Path) -> anyhow::Result<PathBuf> {
    private_file::folder(data_dir)
        .and_then(|()| data_dir.canonicalize())
        .with_context(|| format!("cannot make the folder {}", data_dir.display()))
}

fn forget(folder: &Path) -> anyhow::Result<()> {
    for name in FILES {
        let file = folder.join(name);
        match std::fs::remove_file(&file) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                return Err(error).with_context(|| format!("cannot remove {}", file.display()));
            }
            _ => {}
        }
    }
    forget_mails(&folder.join(MAIL))
}

/// Mails only: whatever else somebody put there stays.
fn forget_mails(folder: &Path) -> anyhow::Result<()> {
    let Ok(entries) = std::fs::read_dir(folder) else {
        return Ok(());
    };
    for entry in entries {
        let file = entry?.path();
        if file.extension().is_some_and(|it| it == "eml") {
            std::fs::remove_file(&file)
                .with_context(|| format!("cannot remove {}", file.display()))?;
        }
    }
    Ok(())
}

/// The master key's file, made if need be.
fn master_key(folder: &Path) -> anyhow::Result<PathBuf> {
    let file = folder.join(MASTER_KEY);
    if !file.exists() {
        let key = MasterKey::random(&SystemEntropy);
        private_file::create(&file, key.to_text().as_bytes())
            .with_context(|| format!("cannot create {}", file.display()))?;
    }
    Ok(file)
}

/// What the demo is made of: as before, or invented now. On disk before the environment is made,
/// so that a start which is interrupted in between goes on with the same ids.
fn facts(path: &Path, urls: &Urls) -> anyhow::Result<Facts> {
    let before = Facts::read(path)?;
    let mut facts = match &before {
        Some(facts) => facts.clone(),
        None => Facts::invent(urls, &SystemEntropy),
    };
    facts.move_to(urls);
    if before.as_ref() != Some(&facts) {
        facts.write(path)?;
    }
    Ok(facts)
}

/// Makes the environment unless it is there: what people changed in it stays changed.
async fn make_demo(ports: &Ports, urls: &Urls, facts: &Facts) -> anyhow::Result<()> {
    let id = EnvId::from_uuid(facts.environment_id);
    let now = ports.clock.now();
    let found: Option<entity::Stored<Environment>> =
        entity::load(&*ports.store, EnvId::PLATFORM, id.to_string(), now).await?;
    if found.is_some() {
        return Ok(());
    }
    let text = demo::document(facts).to_string();
    crate::import::text_named(ports, urls, "demo.json", &text).await?;
    Ok(())
}
