//! How far an import is: a bar on a terminal, else a line every few seconds.

use std::io::{IsTerminal, stderr};
use std::time::Duration;

use countersign_protocol::v1::environments::users::mass::Tally;
use indicatif::{ProgressBar, ProgressStyle};
use tokio::time::Instant;

/// Between lines where there is no terminal.
const BETWEEN_LINES: Duration = Duration::from_secs(5);

pub(super) struct Progress {
    bar: Option<ProgressBar>,
    bytes: Option<u64>,
    started: Instant,
    told: Instant,
    users: u64,
}

impl Progress {
    /// Begins to tell of a file of so many bytes, where that is known.
    pub(super) fn start(bytes: Option<u64>) -> anyhow::Result<Self> {
        let bar = stderr().is_terminal().then(|| match bytes {
            Some(bytes) => ProgressBar::new(bytes),
            None => ProgressBar::new_spinner(),
        });
        if let Some(bar) = &bar {
            let template = match bytes {
                Some(_) => "{bar:32} {percent:>3} %  {msg}  {eta} left",
                None => "{spinner} {msg}  {elapsed}",
            };
            bar.set_style(ProgressStyle::with_template(template)?);
        }
        let now = Instant::now();
        Ok(Self {
            bar,
            bytes,
            started: now,
            told: now,
            users: 0,
        })
    }

    /// Seconds since the start.
    pub(super) fn seconds(&self) -> f64 {
        self.started.elapsed().as_secs_f64()
    }

    /// Tells that another chunk is done, up to this byte of the file.
    pub(super) fn reach(&mut self, end: u64, tally: &Tally) {
        self.users += tally.created + tally.present;
        #[expect(clippy::cast_precision_loss, reason = "for people")]
        let rate = self.users as f64 / self.seconds().max(0.001);
        let said = format!("{} users, {rate:.0}/s", self.users);
        if let Some(bar) = &self.bar {
            bar.set_position(end);
            bar.set_message(said);
        } else if self.told.elapsed() >= BETWEEN_LINES {
            self.told = Instant::now();
            match self.bytes.filter(|bytes| *bytes > 0) {
                Some(bytes) => eprintln!("{said}, {} %", end.saturating_mul(100) / bytes),
                None => eprintln!("{said}"),
            }
        }
    }

    /// Prints a line beside the bar.
    pub(super) fn say(&self, line: &str) {
        match &self.bar {
            Some(bar) => bar.suspend(|| eprintln!("{line}")),
            None => eprintln!("{line}"),
        }
    }

    /// Takes the bar away.
    pub(super) fn end(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}
