//! `countersign import --users`: users by the million, one JSON object a line.
//!
//! A thread reads, every core judges, one writer writes: a chunk of lines is one durable batch, in
//! the order of the file. Whoever is there already is passed over, so that an import that was
//! interrupted, however hard, goes on when the same command runs again.

mod api;
mod export;
mod lines;
mod progress;

use std::fs::File;
use std::io::{BufReader, Write, stderr};
use std::path::{Path, PathBuf};
use std::pin::pin;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, bail};
use clap::Args;
use countersign_domain::ids::EnvId;
use countersign_protocol::configuration::ConfigurationCache;
use countersign_protocol::import::Problem;
use countersign_protocol::v1::environments::users::mass::{Judged, Line, Mass, Tally};
use futures_util::{StreamExt, stream};
use secrecy::SecretString;
use tokio::time::Instant;

use crate::config::Config;
use crate::sealed_check::check_master_key;
use crate::wire_up::{self, Overrides};
use api::Api;
pub use export::export;
use lines::{Chunk, Size};
use progress::Progress;

/// Between two batches, so that a server on the same SQLite file gets its turn to write.
const BREATH: Duration = Duration::from_millis(10);
/// Most lines that are told of on the terminal.
const TOLD: usize = 20;

/// Options of `import` that are about users.
#[derive(Debug, Args)]
#[command(next_help_heading = "Mass import of users")]
pub struct Options {
    /// Import users by the million: one JSON object a line, as the body of a user.import of the
    /// API; `-` reads standard input. Users that are there already are left as they are
    #[arg(long, value_name = "FILE", requires = "environment")]
    pub users: Option<PathBuf>,

    /// The environment of --users
    #[arg(long, value_name = "ID", requires = "users")]
    environment: Option<EnvId>,

    /// Population of users whose line names none: a name or an id [default: the default one]
    #[arg(long, value_name = "NAME", requires = "users")]
    population: Option<String>,

    /// Leave out lines that are wrong instead of ending at the first
    #[arg(long, requires = "users")]
    keep_going: bool,

    /// Write what is wrong, line by line, to this file instead of standard error
    #[arg(long, value_name = "FILE", requires = "users")]
    report: Option<PathBuf>,

    /// Make the users through the API at --api-url instead of in the database
    #[arg(
        long,
        requires = "users",
        requires = "api_url",
        conflicts_with = "files"
    )]
    pub api: bool,

    /// Access token for --api. As a flag it is visible in `ps`; prefer the variable
    #[arg(
        long,
        env = "COUNTERSIGN_TOKEN",
        value_name = "TOKEN",
        hide_env_values = true
    )]
    token: Option<SecretString>,
}

/// Where users are made.
enum Target {
    Database(Mass),
    Api(Api),
}

impl Target {
    async fn judge(&self, lines: &[Line]) -> anyhow::Result<Judged> {
        match self {
            Self::Database(mass) => Ok(mass.judge(lines).await?),
            Self::Api(api) => api.create(lines).await,
        }
    }

    async fn write(&self, lines: &[Line], judged: Judged) -> anyhow::Result<Tally> {
        match self {
            Self::Database(mass) => Ok(mass.write(lines, judged).await?),
            Self::Api(_) => Ok(judged.tally),
        }
    }

    /// Chunks that are judged ahead of the one that is written.
    fn ahead(&self) -> usize {
        match self {
            Self::Database(_) => {
                let cores = std::thread::available_parallelism();
                cores.map_or(1, std::num::NonZero::get) + 1
            }
            // It has many lines in hand at once by itself.
            Self::Api(_) => 1,
        }
    }
}

/// Imports the users of a file through the API at a URL.
pub async fn import_through_api(url: &str, options: &Options) -> anyhow::Result<ExitCode> {
    let (Some(file), Some(env)) = (&options.users, options.environment) else {
        bail!("--api needs --users and --environment");
    };
    let token = options.token.clone();
    let token = token.context("--api needs a token: set COUNTERSIGN_TOKEN")?;
    let api = Api::open(url, token, env, options.population.as_deref()).await?;
    Run::new(file, options)?.run(Target::Api(api)).await
}

/// Imports the users of a file into the database.
pub async fn import(config: &Config, file: &Path, options: &Options) -> anyhow::Result<ExitCode> {
    let env = options.environment.context("--users needs --environment")?;
    let store = countersign_store::open_for_much(&config.database).await;
    let overrides = Overrides {
        store: Some(store.context("cannot open the database")?),
        ..Overrides::default()
    };
    let ports = wire_up::ports(config, overrides).await?;
    check_master_key(&ports).await?;
    let urls = Arc::new(config.public_urls(config.first_address())?);
    let cache = Arc::new(ConfigurationCache::new(ports, urls));
    let mass = Mass::open(cache, env, options.population.as_deref()).await?;
    let target = Target::Database(mass);
    Run::new(file, options)?.run(target).await
}

/// One run over one file.
struct Run<'a> {
    name: String,
    options: &'a Options,
    report: Report,
    progress: Progress,
    sum: Sum,
}

/// What became of the file so far. The lines themselves are in the report.
#[derive(Default)]
struct Sum {
    created: u64,
    present: u64,
    different: usize,
    wrong: usize,
}

/// Why a run is over.
#[derive(Clone, Copy, PartialEq, Eq)]
enum End {
    OfFile,
    WrongLine,
    Interrupted,
}

impl<'a> Run<'a> {
    fn new(file: &Path, options: &'a Options) -> anyhow::Result<Self> {
        let is_file = file.as_os_str() != "-";
        let bytes = if is_file {
            let about = file.metadata();
            let about = about.with_context(|| format!("cannot read {}", file.display()))?;
            about.is_file().then_some(about.len())
        } else {
            None
        };
        Ok(Self {
            name: if is_file {
                file.display().to_string()
            } else {
                "standard input".to_owned()
            },
            options,
            report: Report::open(options.report.as_deref())?,
            progress: Progress::start(bytes)?,
            sum: Sum::default(),
        })
    }

    async fn run(mut self, target: Target) -> anyhow::Result<ExitCode> {
        let size = Size::new();
        let target = Arc::new(target);
        let input: Box<dyn std::io::BufRead + Send> = match self.options.users.as_deref() {
            Some(file) if file.as_os_str() != "-" => Box::new(BufReader::with_capacity(
                1 << 20,
                File::open(file).with_context(|| format!("cannot read {}", self.name))?,
            )),
            _ => Box::new(BufReader::new(std::io::stdin())),
        };
        let chunks = lines::read(input, size.clone(), 1)?;
        let chunks = stream::unfold(chunks, async |mut chunks| {
            Some((chunks.recv().await?, chunks))
        });
        let judged = chunks.map(|chunk| {
            let target = Arc::clone(&target);
            tokio::spawn(async move { judge(&target, chunk?).await })
        });
        let mut judged = pin!(judged.buffered(target.ahead()));
        let mut interrupted = pin!(tokio::signal::ctrl_c());
        let end = loop {
            let next = tokio::select! {
                biased;
                _ = &mut interrupted => break End::Interrupted,
                next = judged.next() => next,
            };
            let Some(next) = next else { break End::OfFile };
            let (chunk, judged) = next.context("judging lines failed")??;
            let tally = target.write(&chunk.lines, judged).await?;
            size.adapt(tally.in_clear > 0);
            let is_wrong = !tally.wrong.is_empty();
            self.tell(&chunk, tally)?;
            if is_wrong && !self.options.keep_going {
                break End::WrongLine;
            }
            tokio::time::sleep_until(Instant::now() + BREATH).await;
        };
        self.finish(end)
    }

    fn tell(&mut self, chunk: &Chunk, tally: Tally) -> anyhow::Result<()> {
        if tally.in_clear > 0 && !self.report.warned_of_clear {
            self.report.warned_of_clear = true;
            self.progress.say(
                "passwords in clear are hashed one by one, some 40 a second on each core; \
                 users whose password is a hash already take no such time",
            );
        }
        self.progress.reach(chunk.end, &tally);
        self.sum.created += tally.created;
        self.sum.present += tally.present;
        self.sum.different += tally.different.len();
        self.sum.wrong += tally.wrong.len();
        let mut told: Vec<Problem> = tally.wrong.into_iter().chain(tally.different).collect();
        told.sort_by_key(|it| it.line);
        for mut problem in told {
            problem.file.clone_from(&self.name);
            self.report.tell(&problem, &self.progress)?;
        }
        Ok(())
    }

    fn finish(mut self, end: End) -> anyhow::Result<ExitCode> {
        self.progress.end();
        self.report.end()?;
        let Sum {
            created,
            present,
            different,
            wrong,
        } = self.sum;
        println!(
            "{}: {created} created, {present} there already, {different} there already but \
             different, {wrong} problems; {:.1} s",
            self.name,
            self.progress.seconds()
        );
        match end {
            End::OfFile if wrong == 0 => return Ok(ExitCode::SUCCESS),
            End::OfFile => {}
            End::WrongLine => eprintln!(
                "ended because of a wrong line; mend it and run the same command to go on, or leave \
                 such lines out with --keep-going"
            ),
            End::Interrupted => eprintln!("interrupted; run the same command to go on"),
        }
        Ok(ExitCode::FAILURE)
    }
}

async fn judge(target: &Target, chunk: Chunk) -> anyhow::Result<(Chunk, Judged)> {
    let judged = target.judge(&chunk.lines).await?;
    Ok((chunk, judged))
}

/// Where lines are told of that are not as they should be.
struct Report {
    file: Option<File>,
    told: usize,
    warned_of_clear: bool,
}

impl Report {
    fn open(file: Option<&Path>) -> anyhow::Result<Self> {
        let create = |file: &Path| {
            let created = File::create(file);
            created.with_context(|| format!("cannot create {}", file.display()))
        };
        Ok(Self {
            file: file.map(create).transpose()?,
            told: 0,
            warned_of_clear: false,
        })
    }

    fn tell(&mut self, problem: &Problem, progress: &Progress) -> anyhow::Result<()> {
        self.told += 1;
        match &mut self.file {
            Some(file) => writeln!(file, "{problem}").context("cannot write the report")?,
            None if self.told <= TOLD => progress.say(&problem.to_string()),
            None => {}
        }
        Ok(())
    }

    fn end(&mut self) -> anyhow::Result<()> {
        if self.file.is_none() && self.told > TOLD {
            let more = self.told - TOLD;
            writeln!(
                stderr(),
                "and {more} more; --report FILE writes all of them"
            )?;
        }
        Ok(())
    }
}
