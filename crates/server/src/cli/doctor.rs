//! `countersign doctor`: what would `serve` trip over, and how to mend it.

mod certificates;
mod database;
mod mail;
mod urls;

use std::io::IsTerminal;
use std::process::ExitCode;

use countersign_protocol::import::{Format, parse};

use crate::config::{Config, RawConfig, keys, nearest};
use crate::private_file;

/// How bad a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Level {
    Ok,
    Warn,
    Fail,
}

/// One line of the report, with what to do about it.
#[derive(Debug, PartialEq, Eq)]
struct Finding {
    level: Level,
    topic: &'static str,
    text: String,
    mend: Option<String>,
}

/// The findings so far.
#[derive(Debug, Default)]
struct Report(Vec<Finding>);

impl Report {
    fn ok(&mut self, topic: &'static str, text: impl Into<String>) {
        self.add(Level::Ok, topic, text, None);
    }

    fn warn(&mut self, topic: &'static str, text: impl Into<String>, mend: &str) {
        self.add(Level::Warn, topic, text, Some(mend.to_owned()));
    }

    fn fail(&mut self, topic: &'static str, text: impl Into<String>, mend: &str) {
        self.add(Level::Fail, topic, text, Some(mend.to_owned()));
    }

    fn add(
        &mut self,
        level: Level,
        topic: &'static str,
        text: impl Into<String>,
        mend: Option<String>,
    ) {
        self.0.push(Finding {
            level,
            topic,
            text: text.into(),
            mend,
        });
    }

    fn has_failed(&self) -> bool {
        self.0.iter().any(|finding| finding.level == Level::Fail)
    }

    fn print(&self) {
        let colour = std::io::stdout().is_terminal();
        for finding in &self.0 {
            let (word, code) = match finding.level {
                Level::Ok => ("ok  ", 32),
                Level::Warn => ("warn", 33),
                Level::Fail => ("fail", 31),
            };
            if colour {
                print!("\x1b[{code}m{word}\x1b[0m");
            } else {
                print!("{word}");
            }
            println!("  {:<14} {}", finding.topic, finding.text);
            if let Some(mend) = &finding.mend {
                println!("{:<21}-> {mend}", "");
            }
        }
    }
}

/// Examines what the options of `serve` name.
pub fn run(raw: RawConfig) -> anyhow::Result<ExitCode> {
    let mut report = Report::default();
    let names = std::env::vars_os().filter_map(|(name, _)| name.into_string().ok());
    unknown_variables(&mut report, names);
    key_file(&mut report, &raw);
    match Config::load(raw) {
        Ok(config) => {
            report.ok("configuration", "read and understood");
            super::block_on(examine(&config, &mut report))?;
        }
        Err(error) => report.fail(
            "configuration",
            format!("{error:#}"),
            "correct this option; `countersign serve --help` describes all of them",
        ),
    }
    report.print();
    Ok(if report.has_failed() {
        ExitCode::FAILURE
    } else {
        ExitCode::SUCCESS
    })
}

async fn examine(config: &Config, report: &mut Report) -> anyhow::Result<()> {
    database::examine(config, report).await;
    mail::examine(config, report).await;
    imports(config, report);
    listeners(config, report).await;
    let first = config.first_address();
    urls::examine(config, first, report).await?;
    certificates::examine(config, first, report)?;
    Ok(())
}

/// A misspelt variable is not an error anywhere else: nobody knows whom it was meant for.
fn unknown_variables(report: &mut Report, names: impl Iterator<Item = String>) {
    let known: Vec<String> = keys()
        .iter()
        .map(|key| variable(key))
        .chain(["config", "port", "data-dir"].map(variable))
        .collect();
    for name in names {
        // Those of the test suite are nobody's slip.
        if !name.starts_with("COUNTERSIGN_")
            || name.starts_with("COUNTERSIGN_TEST_")
            || name.starts_with("COUNTERSIGN_CRASH_")
            || known.contains(&name)
        {
            continue;
        }
        let keys = keys();
        let stem = name.trim_start_matches("COUNTERSIGN_");
        let mend = match nearest(stem, keys.iter().map(String::as_str)) {
            Some(meant) => format!("did you mean {}?", variable(meant)),
            None => "unset it".to_owned(),
        };
        report.warn("environment", format!("{name} is no option"), &mend);
    }
}

fn variable(key: &str) -> String {
    format!("COUNTERSIGN_{}", key.to_ascii_uppercase().replace('-', "_"))
}

fn key_file(report: &mut Report, raw: &RawConfig) {
    if let Some(file) = &raw.master_key_file
        && private_file::is_open_to_others(file).unwrap_or(false)
    {
        report.warn(
            "master key",
            format!("{} can be read by others", file.display()),
            &format!("chmod 600 {}", file.display()),
        );
    }
}

/// The files alone; whether they fit the database is seen when they are imported.
fn imports(config: &Config, report: &mut Report) {
    for path in &config.import {
        let name = path.display().to_string();
        let checked = std::fs::read_to_string(path)
            .map_err(anyhow::Error::from)
            .and_then(|text| Ok(parse(&name, &text, Format::of_name(&name))?));
        match checked {
            Ok(_) => report.ok("import", format!("{name} is well formed")),
            Err(error) => report.fail(
                "import",
                format!("{name}: {error:#}"),
                "correct the file; docs/how-to/import.md describes it",
            ),
        }
    }
}

async fn listeners(config: &Config, report: &mut Report) {
    for address in config.listen.iter().chain(&config.admin_listen) {
        match tokio::net::TcpListener::bind(address).await {
            Ok(_) => report.ok("listener", format!("{address} is free")),
            Err(error) => report.warn(
                "listener",
                format!("cannot listen on {address}: {error}"),
                "fine if it is this server that runs there; otherwise choose another --listen",
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_misspelt_variable_is_pointed_out() {
        let mut report = Report::default();
        let names = [
            "COUNTERSIGN_LITSEN",
            "COUNTERSIGN_LISTEN",
            "COUNTERSIGN_PORT",
            "COUNTERSIGN_TEST_POSTGRES",
            "HOME",
        ];
        unknown_variables(&mut report, names.into_iter().map(str::to_owned));
        let [finding] = report.0.as_slice() else {
            panic!("{report:?}");
        };
        assert_eq!(
            finding.mend.as_deref(),
            Some("did you mean COUNTERSIGN_LISTEN?")
        );
    }
}
