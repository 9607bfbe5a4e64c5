//! The table, and each aim with what was measured.

use std::time::Duration;

use anyhow::{Context, Result};

use super::operation::Measured;

/// Everything that was measured.
pub struct Report {
    pub echo: Measured,
    pub write: Measured,
    pub signature: Duration,
    pub operations: Vec<Measured>,
    pub idle_mib: f64,
    pub loaded_mib: f64,
    pub environments: u32,
    /// From the start of the process to its first good answer, in order.
    pub starts: Vec<Duration>,
}

impl Report {
    /// Prints it; says whether every aim was met.
    pub fn print(&self) -> Result<bool> {
        println!(
            "\n{:<28}{:>8}{:>12}{:>11}{:>10}{:>10}{:>10}{:>9}",
            "operation", "n", "per CPU s", "CPU us", "most/s", "p50 ms", "p99 ms", "commits"
        );
        for floor in [&self.echo, &self.write] {
            line(floor);
        }
        println!(
            "{:<28}{:>8}{:>12.0}{:>11.1}",
            "floor: RSA-2048 signature",
            "",
            1.0 / self.signature.as_secs_f64(),
            micros(self.signature)
        );
        for operation in &self.operations {
            line(operation);
        }
        println!("\n{:<58}{:>14}{:>14}", "aim", "limit", "measured");
        let mut all = true;
        for aim in self.aims()? {
            all &= aim.print();
        }
        let starts: Vec<String> = self.starts.iter().map(|it| millis(*it)).collect();
        println!("\nstarts, in ms: {}", starts.join(" "));
        println!("memory after the load, in MiB: {:.1}", self.loaded_mib);
        Ok(all)
    }

    fn aims(&self) -> Result<Vec<Aim>> {
        let find = |name| self.operations.iter().find(|it| it.name == name);
        let find = |name| find(name).with_context(|| format!("{name} was not measured"));
        let token = find("token exchange")?;
        let least = self.signature * 2 + self.write.cpu;
        let share = |name| -> Result<f64> {
            Ok(100.0 * find(name)?.per_cpu_second() / self.echo.per_cpu_second())
        };
        let start = self.starts.get(self.starts.len() / 2);
        Ok(vec![
            Aim {
                what: "token exchange / (2 signatures + bare answer + write)".to_owned(),
                limit: Limit::AtMost(1.25),
                measured: token.cpu.as_secs_f64() / least.as_secs_f64(),
                unit: "x",
            },
            Aim {
                what: "commits of a whole sign-on (aim 3)".to_owned(),
                limit: Limit::AtMost(4.0),
                measured: find("whole sign-on")?.commits,
                unit: "",
            },
            Aim {
                what: "discovery, of the bare answer's rate".to_owned(),
                limit: Limit::AtLeast(80.0),
                measured: share("discovery")?,
                unit: "%",
            },
            Aim {
                what: "JWKS, of the bare answer's rate".to_owned(),
                limit: Limit::AtLeast(80.0),
                measured: share("JWKS")?,
                unit: "%",
            },
            Aim {
                what: "idle memory with the demo environment".to_owned(),
                limit: Limit::AtMost(20.0),
                measured: self.idle_mib,
                unit: " MiB",
            },
            Aim {
                what: format!("start with {} environments, median", self.environments),
                limit: Limit::AtMost(50.0),
                measured: start.context("no start was measured")?.as_secs_f64() * 1000.0,
                unit: " ms",
            },
        ])
    }
}

fn line(it: &Measured) {
    println!(
        "{:<28}{:>8}{:>12.0}{:>11.1}{:>10.0}{:>10}{:>10}{:>9.2}",
        it.name,
        it.amount,
        it.per_cpu_second(),
        micros(it.cpu),
        it.most,
        millis(it.p50),
        millis(it.p99),
        it.commits
    );
}

fn micros(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1e6
}

fn millis(duration: Duration) -> String {
    format!("{:.2}", duration.as_secs_f64() * 1e3)
}

struct Aim {
    what: String,
    limit: Limit,
    measured: f64,
    unit: &'static str,
}

#[derive(Clone, Copy)]
enum Limit {
    AtMost(f64),
    AtLeast(f64),
}

impl Aim {
    fn print(&self) -> bool {
        let (sign, limit, met) = match self.limit {
            Limit::AtMost(limit) => ("<=", limit, self.measured <= limit),
            Limit::AtLeast(limit) => (">=", limit, self.measured >= limit),
        };
        let limit = format!("{sign} {limit}{}", self.unit);
        let measured = format!("{:.2}{}", self.measured, self.unit);
        let verdict = if met { "met" } else { "MISSED" };
        println!("{:<58}{limit:>14}{measured:>14}  {verdict}", self.what);
        met
    }
}
