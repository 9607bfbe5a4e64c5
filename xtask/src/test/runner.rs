//! One `cargo test`, shown as it runs and counted.

use std::fmt;
use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};

use crate::shell;

/// How many tests passed and failed.
#[derive(Default, Clone, Copy)]
pub struct Tally {
    pub passed: u32,
    pub failed: u32,
    pub ignored: u32,
    pub failed_rings: u32,
}

impl Tally {
    pub fn add(&mut self, other: Self) {
        self.passed += other.passed;
        self.failed += other.failed;
        self.ignored += other.ignored;
        self.failed_rings += other.failed_rings;
    }

    /// The last line, in the words of Rust's own test runner.
    pub fn verdict(&self) -> String {
        let word = if self.failed_rings == 0 {
            "ok"
        } else {
            "FAILED"
        };
        format!(
            "test result: {word}. {} passed; {} failed; {} ignored",
            self.passed, self.failed, self.ignored
        )
    }

    /// Reads `test result: ok. 3 passed; 0 failed; 0 ignored; ...`.
    fn read(line: &str) -> Option<Self> {
        let (_, counts) = line.strip_prefix("test result: ")?.split_once(". ")?;
        let mut tally = Self::default();
        for count in counts.split("; ") {
            let Some((number, word)) = count.split_once(' ') else {
                continue;
            };
            match word {
                "passed" => tally.passed = number.parse().ok()?,
                "failed" => tally.failed = number.parse().ok()?,
                "ignored" => tally.ignored = number.parse().ok()?,
                _ => {}
            }
        }
        Some(tally)
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.passed {
            0 => Ok(()),
            passed => write!(f, "{passed} tests"),
        }
    }
}

/// A run of `cargo test` over the whole workspace, so that every run shares one build.
pub struct Run {
    cargo: Command,
    harness: Vec<String>,
    may_be_empty: bool,
    has_targets: bool,
}

impl Run {
    pub fn of(targets: &[&str]) -> Self {
        let mut cargo = shell::cargo();
        cargo.args(["test", "--locked", "--workspace", "--no-fail-fast"]);
        cargo.args(targets);
        Self {
            cargo,
            harness: Vec::new(),
            may_be_empty: false,
            has_targets: !targets.is_empty(),
        }
    }

    pub fn tests(mut self, names: &[String]) -> Self {
        for name in names {
            self.cargo.args(["--test", name]);
            self.has_targets = true;
        }
        self
    }

    pub fn filter(mut self, filter: Option<&str>) -> Self {
        if let Some(filter) = filter {
            self.harness.push(filter.to_owned());
            self.may_be_empty = true;
        }
        self
    }

    /// Tests of one module; a further filter narrows them by name.
    pub fn only(mut self, module: &str, filter: Option<&str>) -> Self {
        self.harness.push(filter.unwrap_or(module).to_owned());
        self
    }

    pub fn without(mut self, modules: &[&str]) -> Self {
        for module in modules {
            self.harness
                .extend(["--skip".to_owned(), (*module).to_owned()]);
        }
        self
    }

    pub fn one_at_a_time(mut self) -> Self {
        self.harness.push("--test-threads=1".to_owned());
        self
    }

    pub fn may_be_empty(mut self) -> Self {
        self.may_be_empty = true;
        self
    }

    pub fn envs(mut self, environment: &[(String, String)]) -> Self {
        for (name, value) in environment {
            self.cargo.env(name, value);
        }
        self
    }

    /// Runs it. The tally counts what ran, also when the run fails.
    pub fn go(mut self, total: &mut Tally) -> Result<()> {
        let mut tally = Tally::default();
        if !self.has_targets {
            bail!("this ring has no test target");
        }
        if !self.harness.is_empty() {
            self.cargo.arg("--").args(&self.harness);
        }
        let shown = shell::shown(&self.cargo);
        println!("$ {shown}");
        let mut child = self
            .cargo
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .context("cannot start cargo")?;
        if let Some(stdout) = child.stdout.take() {
            for line in BufReader::new(stdout).lines() {
                let line = line.context("cannot read the output of cargo")?;
                println!("{line}");
                if let Some(counted) = Tally::read(&line) {
                    tally.add(counted);
                }
            }
        }
        total.add(tally);
        let status = child.wait()?;
        if !status.success() {
            bail!(
                "{} tests passed, {} failed ({status})",
                tally.passed,
                tally.failed
            );
        }
        if tally.ignored > 0 {
            bail!("{} tests are ignored: mend or remove them", tally.ignored);
        }
        if tally.passed == 0 && !self.may_be_empty {
            bail!("not one test ran");
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::Tally;

    #[test]
    fn the_line_of_the_test_runner_is_read() {
        let line = "test result: ok. 3 passed; 1 failed; 2 ignored; 0 measured; 0 filtered out";
        let tally = Tally::read(line).unwrap();
        assert_eq!((tally.passed, tally.failed, tally.ignored), (3, 1, 2));
    }
}
