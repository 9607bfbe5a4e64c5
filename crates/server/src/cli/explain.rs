//! `countersign explain ID`: why was this request refused?

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, bail};
use clap::Args;
use countersign_domain::entity::Entity;
use countersign_domain::environment::Environment;
use countersign_domain::ids::{CorrelationId, EnvId};
use countersign_domain::ports::{Clock, Store};
use countersign_domain::store::{Fault, Query};
use countersign_domain::time::Time;
use countersign_protocol::explain::{self, Explanation};
use countersign_store::Database;

use super::quick_start;
use crate::config::{RawConfig, database_of};
use crate::ports::SystemClock;

/// Options of `explain`.
#[derive(Debug, Args)]
pub struct Options {
    /// The correlation id: in the answer's `Correlation-Id` header, in its text, on the error page
    #[arg(value_name = "ID")]
    id: CorrelationId,

    /// The environment, if there are very many
    #[arg(long, value_name = "ID")]
    environment: Option<EnvId>,

    /// Print JSON
    #[arg(long)]
    json: bool,

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

/// Environments that are searched when none is named.
const MAX_ENVIRONMENTS: usize = 10_000;
const PAGE: u32 = 500;

/// Prints the explanation.
pub fn run(options: Options) -> anyhow::Result<ExitCode> {
    let database = database(options.raw, &options.data_dir)?;
    if matches!(database, Database::Memory) {
        bail!("a server on memory: keeps explanations to itself; ask it at /v1/.../explanations");
    }
    let found = super::block_on(async {
        let store = countersign_store::open(&database)
            .await
            .with_context(|| format!("cannot open {database}"))?;
        search(&*store, options.environment, options.id, SystemClock.now())
            .await
            .context("cannot read the database")
    })?;
    let Some(explanation) = found else {
        bail!(
            "no explanation of {} in {database}: it is older than a day, was one of very many at \
             once, or happened elsewhere",
            options.id
        );
    };
    if options.json {
        println!("{}", serde_json::to_string_pretty(&explanation)?);
    } else {
        print!("{}", render(&explanation));
    }
    Ok(ExitCode::SUCCESS)
}

/// The database that is named; else the quick start's, if there is one; else the default.
pub(super) fn database(raw: RawConfig, data_dir: &Path) -> anyhow::Result<Database> {
    let quick_start = data_dir.join(quick_start::DATABASE);
    match database_of(raw)? {
        Some(database) => Ok(database),
        None if quick_start.exists() => Ok(Database::Sqlite(quick_start)),
        None if Path::new("countersign.db").exists() => {
            Ok(Database::Sqlite("countersign.db".into()))
        }
        None => {
            bail!("no database: name it with --database, or a quick start's folder with --data-dir")
        }
    }
}

/// Looks in one environment, or in all of them and where paths of no environment are filed.
async fn search(
    store: &dyn Store,
    environment: Option<EnvId>,
    id: CorrelationId,
    now: Time,
) -> Result<Option<Explanation>, Fault> {
    let first = environment.unwrap_or(EnvId::PLATFORM);
    if let Some(found) = explain::find(None, store, first, id, now).await? {
        return Ok(Some(found));
    }
    let mut query = Query::all(Environment::KIND, EnvId::PLATFORM, PAGE);
    let mut looked_at = 0;
    while environment.is_none() && looked_at < MAX_ENVIRONMENTS {
        let page = store.list(&query, now).await?;
        for doc in &page.docs {
            let env = Environment::from_doc(doc)?.id;
            if let Some(found) = explain::find(None, store, env, id, now).await? {
                return Ok(Some(found));
            }
        }
        looked_at += page.docs.len();
        match page.next {
            Some(next) => query.after = Some(next),
            None => break,
        }
    }
    Ok(None)
}

fn render(explanation: &Explanation) -> String {
    let mut lines = vec![explanation.summary.clone(), String::new()];
    let mut line = |name: &str, text: &str| {
        if !text.is_empty() {
            lines.push(format!("{name:<12} {text}"));
        }
    };
    if explanation.environment.id != EnvId::PLATFORM {
        line("environment", &explanation.environment.id.to_string());
    }
    line("at", &explanation.recorded_at.to_string());
    if let Some(asked) = &explanation.request {
        line("request", &format!("{} {}", asked.method, asked.path));
    }
    line("refusal", &explanation.refusal);
    line("because", &explanation.because);
    line("expected", &explanation.expected);
    line(
        "arrived",
        explanation.arrived.as_deref().unwrap_or_default(),
    );
    line("rule", &explanation.rule.clause);
    line("", &explanation.rule.file);
    line("mend", &explanation.mend);
    lines.push(String::new());
    lines.join("\n")
}
