//! `cargo xtask`: the commands of a developer's day. CI runs the same ones.

mod bench;
mod cargo;
mod check;
mod files;
mod flow_states;
mod r#gen;
mod openapi;
mod rules;
mod shell;
mod test;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Developer commands of Countersign.
#[derive(Parser)]
#[command(bin_name = "cargo xtask")]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Format, clippy, file sizes, crate directions, bans, and whether generated files are fresh.
    Check,
    /// Every test there is, in rings. Installs and starts what the rings need.
    Test(test::Options),
    /// What operations cost, beside what they cannot cost less than (docs/performance.md).
    Bench(bench::Options),
    /// Writes the generated files (docs/rules.md, docs/flow-states.md, docs/openapi.json).
    Gen,
}

fn main() -> ExitCode {
    let result = match Arguments::parse().command {
        Command::Check => check::run(),
        Command::Test(options) => test::run(&options),
        Command::Bench(options) => bench::run(&options),
        Command::Gen => r#gen::write(),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error:#}");
            ExitCode::FAILURE
        }
    }
}
