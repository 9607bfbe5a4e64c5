//! Log lines on standard error: for people on a terminal, one JSON object a line otherwise.

use std::io::IsTerminal;

use anyhow::Context;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::time::FormatTime;
use tracing_subscriber::util::SubscriberInitExt;

use countersign_domain::ports::Clock;

use crate::config::{LogFormat, LogOptions};
use crate::ports::SystemClock;

/// RFC 3339 with milliseconds, as everywhere in the product.
struct Stamp;

impl FormatTime for Stamp {
    fn format_time(&self, w: &mut tracing_subscriber::fmt::format::Writer<'_>) -> std::fmt::Result {
        write!(w, "{}", SystemClock.now())
    }
}

/// Starts logging for the whole process. Call once.
pub fn start(options: &LogOptions) -> anyhow::Result<()> {
    let filter: EnvFilter = options
        .filter
        .parse()
        .with_context(|| format!("log: `{}` is not a filter", options.filter))?;
    let terminal = std::io::stderr().is_terminal();
    let lines = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_timer(Stamp)
        // It would complain about a closed standard error on standard error, and panic.
        .log_internal_errors(false)
        .with_writer(std::io::stderr);
    let human = match options.format {
        LogFormat::Auto => terminal,
        LogFormat::Human => true,
        LogFormat::Json => false,
    };
    let started = if human {
        lines.with_ansi(terminal).compact().finish().try_init()
    } else {
        lines
            .json()
            .flatten_event(true)
            .with_current_span(true)
            .with_span_list(false)
            .finish()
            .try_init()
    };
    started.context("logging is started already")
}
