//! The table, and each aim with what was measured.

use std::time::Duration;

use super::floors::Floors;
use super::operation::Measured;

/// Everything that was measured, in the order it was.
#[derive(Default)]
pub struct Report {
    operations: Vec<Measured>,
    aims: Vec<Aim>,
    notes: Vec<String>,
}

impl Report {
    /// A line of the table.
    pub fn row(&mut self, operation: Measured) {
        self.operations.push(operation);
    }

    /// `measured` must not exceed `limit`.
    pub fn at_most(
        &mut self,
        what: impl Into<String>,
        limit: f64,
        measured: f64,
        unit: &'static str,
    ) {
        self.aim(what.into(), Limit::AtMost(limit), measured, unit);
    }

    /// `measured` must reach `limit`.
    pub fn at_least(
        &mut self,
        what: impl Into<String>,
        limit: f64,
        measured: f64,
        unit: &'static str,
    ) {
        self.aim(what.into(), Limit::AtLeast(limit), measured, unit);
    }

    /// The operation must be served at so many percent of the rate of bare answers.
    pub fn of_bare(&mut self, floors: &Floors, operation: &Measured, percent: f64) {
        let what = format!("{}, of the bare answer's rate", operation.name);
        let measured = 100.0 * operation.per_cpu_second() / floors.echo.per_cpu_second();
        self.at_least(what, percent, measured, "%");
    }

    /// The operation must make at most so many durable commits.
    pub fn commits(&mut self, operation: &Measured, most: f64) {
        let what = format!("commits: {}", operation.name);
        self.at_most(what, most, operation.commits, "");
    }

    /// Something worth knowing that is no aim.
    pub fn note(&mut self, text: impl Into<String>) {
        self.notes.push(text.into());
    }

    fn aim(&mut self, what: String, limit: Limit, measured: f64, unit: &'static str) {
        self.aims.push(Aim {
            what,
            limit,
            measured,
            unit,
        });
    }

    /// Prints it; says whether every aim was met.
    pub fn print(&self, floors: &Floors) -> bool {
        println!(
            "\n{:<36}{:>8}{:>12}{:>11}{:>10}{:>10}{:>10}{:>9}",
            "operation", "n", "per CPU s", "CPU us", "most/s", "p50 ms", "p99 ms", "commits"
        );
        line(&floors.echo);
        line(&floors.write);
        signature("floor: RSA-2048 signature", floors.rsa);
        signature("floor: P-256 signature", floors.p256);
        for operation in &self.operations {
            line(operation);
        }
        println!("\n{:<66}{:>12}{:>14}", "aim", "limit", "measured");
        let mut all = true;
        for aim in &self.aims {
            all &= aim.print();
        }
        if !self.notes.is_empty() {
            println!();
        }
        for note in &self.notes {
            println!("{note}");
        }
        all
    }
}

fn signature(name: &str, cost: Duration) {
    let per_second = 1.0 / cost.as_secs_f64();
    println!(
        "{name:<36}{:>8}{per_second:>12.0}{:>11.1}",
        "",
        micros(cost)
    );
}

fn line(it: &Measured) {
    println!(
        "{:<36}{:>8}{:>12.0}{:>11.1}{:>10.0}{:>10}{:>10}{:>9.2}",
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

/// Milliseconds with two digits behind the point.
pub fn millis(duration: Duration) -> String {
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
        println!("{:<66}{limit:>12}{measured:>14}  {verdict}", self.what);
        met
    }
}
