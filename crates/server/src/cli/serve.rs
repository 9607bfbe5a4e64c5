//! `countersign serve`.

use std::process::ExitCode;

use anyhow::Context;
use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::config::{Config, RawConfig};
use crate::listen::Listeners;
use crate::telemetry::log;
use crate::wire_up::{self, Overrides};

/// Serves until SIGTERM or SIGINT.
pub fn run(raw: RawConfig) -> anyhow::Result<ExitCode> {
    let config = Config::load(raw)?;
    log::start(&config.log)?;
    super::block_on(serve(&config))?;
    Ok(ExitCode::SUCCESS)
}

async fn serve(config: &Config) -> anyhow::Result<()> {
    let listeners = Listeners::bind(&config.listen, config.admin_listen)?;
    let first = listeners.first_address()?;
    let admin = listeners
        .admin
        .as_ref()
        .map(tokio::net::TcpListener::local_addr)
        .transpose()?;
    let interrupts = Interrupts::listen()?;
    let server = wire_up::build(config, first, Overrides::default()).await?;
    if config.master_key.is_none() {
        tracing::warn!("the memory database forgets everything when the process ends");
    }
    tracing::info!(
        version = env!("CARGO_PKG_VERSION"),
        listen = %first,
        admin_listen = admin.map(tracing::field::display),
        auth_url = server.urls.auth(),
        "serving"
    );
    until_signal(server, listeners, interrupts).await
}

/// Serves until the first signal, finishes what is in flight, and leaves at once at the second.
pub async fn until_signal(
    server: wire_up::Server,
    listeners: Listeners,
    interrupts: Interrupts,
) -> anyhow::Result<()> {
    let Interrupts(mut first, mut second) = interrupts;
    let impatient = async {
        second.next().await;
        second.next().await;
    };
    tokio::select! {
        ended = wire_up::run(server, listeners, async move { first.next().await }) => ended,
        () = impatient => anyhow::bail!("stopped at once by a second signal"),
    }
}

/// The signals from now on. Made before anybody is told that the server is ready: a signal that
/// answers the announcement must find it listening.
pub struct Interrupts(Signals, Signals);

impl Interrupts {
    /// Begins to listen.
    pub fn listen() -> anyhow::Result<Self> {
        Ok(Self(Signals::new()?, Signals::new()?))
    }
}

/// SIGTERM from a supervisor, SIGINT from a keyboard.
struct Signals {
    terminate: Signal,
    interrupt: Signal,
}

impl Signals {
    fn new() -> anyhow::Result<Self> {
        let listen = |kind| signal(kind).context("cannot listen for signals");
        Ok(Self {
            terminate: listen(SignalKind::terminate())?,
            interrupt: listen(SignalKind::interrupt())?,
        })
    }

    async fn next(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}
