//! `countersign mail`: what waits in the outbox, and what was given up.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context;
use clap::Args;
use countersign_domain::notice::Notice;
use countersign_domain::ports::Clock;
use countersign_protocol::notices::outbox;

use super::explain::database;
use crate::config::RawConfig;
use crate::ports::SystemClock;

/// Options of `mail`.
#[derive(Debug, Args)]
pub struct Options {
    /// List at most this many of each
    #[arg(long, value_name = "NUMBER", default_value_t = 50)]
    limit: u32,

    /// Folder of a quick start, looked at when no database is named
    #[arg(
        long,
        env = "COUNTERSIGN_DATA_DIR",
        value_name = "FOLDER",
        default_value = "countersign-data"
    )]
    data_dir: PathBuf,

    #[command(flatten)]
    raw: RawConfig,
}

/// Prints both lists. Neither has an address or a code in it: those are sealed.
pub fn run(options: Options) -> anyhow::Result<ExitCode> {
    let database = database(options.raw, &options.data_dir)?;
    let limit = options.limit.clamp(1, 1_000);
    let (waiting, dead) = super::block_on(async {
        let store = countersign_store::open(&database)
            .await
            .with_context(|| format!("cannot open {database}"))?;
        let now = SystemClock.now();
        let waiting = outbox::waiting(&*store, now, limit).await?;
        let dead = outbox::dead(&*store, now, limit).await?;
        Ok((waiting, dead))
    })?;
    println!("waiting: {}", waiting.len());
    waiting.iter().map(line).for_each(|it| println!("{it}"));
    println!("given up: {}", dead.len());
    dead.iter().map(line).for_each(|it| println!("{it}"));
    Ok(ExitCode::SUCCESS)
}

fn line(notice: &Notice) -> String {
    format!(
        "  {} {} {} user {} environment {} attempts {}{}",
        notice.created_at,
        notice.id,
        notice.template,
        notice.user,
        notice.environment,
        notice.attempts,
        notice
            .last_error
            .as_deref()
            .map_or_else(String::new, |error| format!(": {error}"))
    )
}
