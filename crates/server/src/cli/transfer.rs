//! `countersign import` and `countersign export`: they work on the database alone, also while a
//! server runs on it.

use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context;
use clap::Args;
use countersign_domain::ids::EnvId;
use countersign_protocol::import::{ExportOptions, export};

use super::users;
use crate::config::{Config, RawConfig};
use crate::import;
use crate::private_file;
use crate::sealed_check::check_master_key;
use crate::telemetry::log;
use crate::wire_up::{self, Overrides};

/// Options of `import`.
#[derive(Debug, Args)]
pub struct Import {
    /// YAML or JSON files, imported in this order, each as a whole or not at all
    #[arg(value_name = "FILE", required_unless_present = "users")]
    files: Vec<PathBuf>,

    #[command(flatten)]
    users: users::Options,

    #[command(flatten)]
    raw: RawConfig,
}

/// Options of `export`.
#[derive(Debug, Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of its own")]
pub struct Export {
    /// The environment to write
    #[arg(long, value_name = "ID")]
    environment: EnvId,

    /// Write private keys, client secrets and password hashes, too
    #[arg(long)]
    secrets: bool,

    /// Write the users alone, any number, one JSON object a line: what `import --users` reads
    #[arg(long)]
    users: bool,

    /// Leave the users out
    #[arg(long, conflicts_with = "users")]
    without_users: bool,

    /// Leave out what the users consented to
    #[arg(long, conflicts_with = "users")]
    without_consents: bool,

    /// Write to this new file, readable by its owner alone, instead of printing
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,

    #[command(flatten)]
    raw: RawConfig,
}

/// Imports files into the configured database.
pub fn import(options: Import) -> anyhow::Result<ExitCode> {
    if let (true, Some(url)) = (options.users.api, &options.raw.api_url) {
        return super::block_on(users::import_through_api(url, &options.users));
    }
    let config = Config::load(options.raw)?;
    log::start(&config.log)?;
    super::block_on(async {
        let ports = wire_up::ports(&config, Overrides::default()).await?;
        check_master_key(&ports).await?;
        let urls = config.public_urls(config.first_address())?;
        for path in &options.files {
            let report = import::file(&ports, &urls, path).await?;
            println!("{}: {report}", path.display());
        }
        drop(ports);
        match &options.users.users {
            Some(file) => users::import(&config, file, &options.users).await,
            None => Ok(ExitCode::SUCCESS),
        }
    })
}

/// Writes an environment of the configured database.
pub fn export_environment(options: Export) -> anyhow::Result<ExitCode> {
    let config = Config::load(options.raw)?;
    log::start(&config.log)?;
    let secrets = options.secrets;
    if options.users {
        super::block_on(async {
            let ports = wire_up::ports(&config, Overrides::default()).await?;
            check_master_key(&ports).await?;
            users::export(&ports, options.environment, secrets, options.out.as_deref()).await
        })?;
        return Ok(ExitCode::SUCCESS);
    }
    let text = super::block_on(async {
        let ports = wire_up::ports(&config, Overrides::default()).await?;
        check_master_key(&ports).await?;
        let what = ExportOptions {
            secrets,
            without_users: options.without_users,
            without_consents: options.without_consents,
        };
        let found = export(&ports, options.environment, what).await?;
        found.with_context(|| format!("there is no environment {}", options.environment))
    })?;
    match &options.out {
        Some(file) => private_file::create(file, text.as_bytes())
            .with_context(|| format!("cannot create {}", file.display()))?,
        None => std::io::stdout().write_all(text.as_bytes())?,
    }
    Ok(ExitCode::SUCCESS)
}
