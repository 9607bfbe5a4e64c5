//! The command line.

mod doctor;
mod explain;
mod floor;
mod keygen;
mod keys;
mod mail;
mod quick_start;
mod serve;
mod transfer;
mod users;

use std::process::ExitCode;

use clap::parser::ValueSource;
use clap::{ArgMatches, CommandFactory, FromArgMatches, Parser, Subcommand};

use crate::config::RawConfig;

/// An OpenID provider and OAuth 2 authorization server that speaks PingOne's protocol.
///
/// Without a command it starts the quick start: a server with a demo environment in
/// ./countersign-data, made on the first start and kept afterwards. It prints what to click and
/// what to paste.
#[derive(Debug, Parser)]
#[command(
    name = "countersign",
    version,
    args_conflicts_with_subcommands = true,
    after_help = EXAMPLES
)]
struct Cli {
    #[command(subcommand)]
    command: Option<Command>,

    #[command(flatten)]
    quick_start: quick_start::Options,
}

const EXAMPLES: &str = "\
Examples:
  countersign                         try it: demo environment on http://localhost:9400
  countersign --port 8080 --fresh     the same, begun anew on another port
  countersign keygen --out master.key
  countersign serve --database sqlite:countersign.db --master-key-file master.key \\
                    --auth-url https://id.example.com
  countersign doctor --database ...   what would `serve` trip over?
  countersign explain ID              why was the request with this correlation id refused?";

const SERVE_HELP: &str = "\
Each option may be given as a flag, as an environment variable, or as a key of countersign.toml
(the flag's name without the dashes); flags win over the environment, the environment over the
file. Lists are written with commas in a variable and as [\"a\", \"b\"] in the file.

Examples:
  countersign serve --master-key-file master.key --listen 127.0.0.1:9400
  COUNTERSIGN_DATABASE=postgres://cs@db/cs countersign serve --listen :443 \\
      --tls-cert fullchain.pem --tls-key privkey.pem --auth-url https://id.example.com";

#[derive(Debug, Subcommand)]
enum Command {
    /// Serve: the command for everything but trying it out
    #[command(after_help = SERVE_HELP)]
    Serve(Box<RawConfig>),
    /// Import environments, applications, users and the rest from YAML or JSON files
    ///
    /// A file is imported as a whole or not at all, and a second time it changes nothing. Users by
    /// the million come from a file of their own with --users. Takes the options of `serve` to find
    /// the database; a server may run on it.
    Import(Box<transfer::Import>),
    /// Write an environment as a file that `import` reads
    ///
    /// Without --secrets, an import makes new keys and client secrets, and users have no password.
    /// Takes the options of `serve` to find the database.
    Export(Box<transfer::Export>),
    /// Check configuration, database, clock, URLs and certificates; say how to mend what is wrong
    ///
    /// Takes the options of `serve` and looks at what they name. Exits with 1 if `serve` would
    /// fail.
    Doctor(Box<RawConfig>),
    /// Say why a request was refused, and how to mend it
    ///
    /// Takes the options of `serve` to find the database; the server may be running. Without any it
    /// looks at the quick start in ./countersign-data.
    Explain(Box<explain::Options>),
    /// List mails that wait to be sent and those that were given up
    ///
    /// Takes the options of `serve` to find the database; the server may be running. Without any it
    /// looks at the quick start in ./countersign-data.
    Mail(Box<mail::Options>),
    /// Rotate the signing keys of an environment
    ///
    /// Takes the options of `serve` to find the database; a server may run on it.
    #[command(subcommand)]
    Keys(keys::Command),
    /// Print a new master key, or write it to a file
    Keygen(keygen::Options),
    /// Print the version
    Version,
    /// What `cargo xtask bench` compares with
    #[command(hide = true)]
    Floor(floor::Options),
}

/// Runs the command line of the process.
pub fn main() -> ExitCode {
    let matches = Cli::command().get_matches();
    let cli = match Cli::from_arg_matches(&matches) {
        Ok(cli) => cli,
        Err(error) => error.exit(),
    };
    let done = match cli.command {
        None => quick_start::run(cli.quick_start),
        Some(Command::Serve(raw)) => {
            warn_of_visible_key(&matches, "serve");
            serve::run(*raw)
        }
        Some(Command::Import(options)) => transfer::import(*options),
        Some(Command::Export(options)) => transfer::export_environment(*options),
        Some(Command::Doctor(raw)) => doctor::run(*raw),
        Some(Command::Explain(options)) => explain::run(*options),
        Some(Command::Mail(options)) => mail::run(*options),
        Some(Command::Keys(command)) => keys::run(command),
        Some(Command::Keygen(options)) => keygen::run(&options).map(|()| ExitCode::SUCCESS),
        Some(Command::Floor(options)) => floor::run(&options),
        Some(Command::Version) => {
            println!("countersign {}", env!("CARGO_PKG_VERSION"));
            Ok(ExitCode::SUCCESS)
        }
    };
    done.unwrap_or_else(|error| {
        eprintln!("error: {error:#}");
        ExitCode::FAILURE
    })
}

/// Whoever may list processes reads their arguments.
fn warn_of_visible_key(matches: &ArgMatches, command: &str) {
    let source = matches
        .subcommand_matches(command)
        .and_then(|matches| matches.value_source("master_key"));
    if source == Some(ValueSource::CommandLine) {
        eprintln!(
            "warning: everybody on this machine can read --master-key in the process list; use \
             --master-key-file or COUNTERSIGN_MASTER_KEY"
        );
    }
}

/// The async runtime, and what runs on it until it ends.
fn block_on<T>(future: impl Future<Output = anyhow::Result<T>>) -> anyhow::Result<T> {
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?
        .block_on(future)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_well_formed() {
        Cli::command().debug_assert();
    }

    #[test]
    fn quick_start_options_and_commands_exclude_each_other() {
        assert!(Cli::try_parse_from(["countersign", "--port", "1"]).is_ok());
        assert!(Cli::try_parse_from(["countersign", "--port", "1", "serve"]).is_err());
        assert!(Cli::try_parse_from(["countersign", "serve", "--fresh"]).is_err());
    }
}
