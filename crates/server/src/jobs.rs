//! What the process does without being asked: sweep, deliver mail, look for configuration changes,
//! rotate signing keys, look for a new certificate. Every task ends with the order to stop and is joined.

mod events;
mod explanations;

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use countersign_domain::key::KeySpec;
use countersign_domain::notice::Courier;
use countersign_domain::ports::Ports;
use countersign_domain::store::Fault;
use countersign_protocol::audit::Aside;
use countersign_protocol::configuration::ConfigurationCache;
use countersign_protocol::defaults::key_pair::KeyPair;
use countersign_protocol::explain::Explanations;
use countersign_protocol::leftovers;
use countersign_protocol::notices::outbox;
use countersign_protocol::rotation;
use countersign_protocol::secrets::BETWEEN_WRITES;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::Instant;

use crate::listen::tls::Certificate;
use crate::telemetry::metrics::Metrics;

/// Expired documents removed in one slice: some milliseconds of the writer's time, with what is told
/// of them.
const SLICE: u32 = 64;
/// Between slices of a sweep: no more than 2,560 documents a second.
const BETWEEN_SWEPT: Duration = Duration::from_millis(25);
/// Between slices of a deleted environment, so that requests get their turns.
const BETWEEN_SLICES: Duration = Duration::from_millis(100);
/// Between sweeps. What has expired is invisible at once; sweeping only frees space.
const BETWEEN_SWEEPS: Duration = Duration::from_secs(10);
/// Configuration changes of other processes are seen within this time (plus one look-up).
const POLL: Duration = Duration::from_millis(900);
/// Mails that one process delivers at once.
const MAILS_AT_ONCE: usize = 8;
/// Between looks at the certificate files.
const CERTIFICATE: Duration = Duration::from_secs(2);

/// The running jobs.
pub struct Jobs {
    tasks: JoinSet<()>,
    stop: watch::Receiver<bool>,
}

impl Jobs {
    /// Starts the jobs of a server.
    pub fn start(
        cache: Arc<ConfigurationCache>,
        certificate: Option<Arc<Certificate>>,
        stop: watch::Receiver<bool>,
    ) -> Self {
        let mut jobs = Self {
            tasks: JoinSet::new(),
            stop,
        };
        let polled = Arc::clone(&cache);
        jobs.every(move || poll(Arc::clone(&polled)));
        let rotating = Arc::clone(&cache);
        jobs.every(move || rotate(Arc::clone(&rotating)));
        jobs.every(move || note_secrets(Arc::clone(&cache)));
        if let Some(certificate) = certificate {
            jobs.every(move || std::future::ready(reload(&certificate)));
        }
        jobs
    }

    /// Starts removing what has expired.
    pub fn sweep(&mut self, cache: &Arc<ConfigurationCache>) {
        let cache = Arc::clone(cache);
        self.every(move || sweep(Arc::clone(&cache)));
    }

    /// Starts removing what is left of deleted environments and attributes.
    pub fn remove_leftovers(&mut self, ports: &Ports) {
        let ports = ports.clone();
        self.every(move || remove(ports.clone()));
    }

    /// Starts everything that audit events need: writing, webhooks, retention.
    pub fn keep_events(
        &mut self,
        cache: &Arc<ConfigurationCache>,
        aside: &Arc<Aside>,
        retention: Duration,
    ) {
        let (ports, aside) = (cache.ports().clone(), Arc::clone(aside));
        self.every(move || events::write(Arc::clone(&aside), ports.clone()));
        let delivering = Arc::clone(cache);
        self.every(move || events::deliver(Arc::clone(&delivering)));
        let (ports, sweep) = (cache.ports().clone(), Arc::default());
        self.every(move || events::forget(Arc::clone(&sweep), ports.clone(), retention));
    }

    /// Starts writing down what refusals are explained by.
    pub fn keep_explanations(&mut self, ports: &Ports, kept: &Arc<Explanations>) {
        let (ports, kept) = (ports.clone(), Arc::clone(kept));
        self.every(move || explanations::save(Arc::clone(&kept), ports.clone()));
    }

    /// Starts delivering mail.
    pub fn deliver_mail(
        &mut self,
        ports: &Ports,
        courier: &Arc<dyn Courier>,
        metrics: &Arc<Metrics>,
    ) {
        let (ports, courier, metrics) = (ports.clone(), Arc::clone(courier), Arc::clone(metrics));
        self.every(move || deliver(ports.clone(), Arc::clone(&courier), Arc::clone(&metrics)));
    }

    /// Runs `job` again and again; it says when next.
    fn every<F>(&mut self, job: impl Fn() -> F + Send + 'static)
    where
        F: Future<Output = Duration> + Send + 'static,
    {
        let mut stop = self.stop.clone();
        self.tasks.spawn(async move {
            // Not at once: a start is quick because nothing else is done first.
            let mut next = Instant::now() + POLL;
            loop {
                tokio::select! {
                    biased;
                    _ = stop.wait_for(|stop| *stop) => return,
                    () = tokio::time::sleep_until(next) => {}
                }
                next = Instant::now() + job().await;
            }
        });
    }

    /// Waits until all have ended, which they do once they are told to stop.
    pub async fn join(mut self) {
        while let Some(ended) = self.tasks.join_next().await {
            if let Err(error) = ended {
                tracing::error!(%error, "a job failed");
            }
        }
    }
}

async fn sweep(cache: Arc<ConfigurationCache>) -> Duration {
    match countersign_protocol::sweep::sweep(&cache, SLICE).await {
        Ok(removed) if removed >= SLICE as usize => BETWEEN_SWEPT,
        Ok(removed) => {
            tracing::trace!(removed, "swept");
            BETWEEN_SWEEPS
        }
        Err(fault) => {
            tracing::warn!(%fault, "cannot sweep");
            BETWEEN_SWEEPS
        }
    }
}

/// Removes what is left of deleted environments and attributes.
async fn remove(ports: Ports) -> Duration {
    match leftovers::remove_any(&*ports.store, ports.clock.now()).await {
        Ok(true) => BETWEEN_SLICES,
        Ok(false) => BETWEEN_SWEEPS,
        Err(fault) => {
            tracing::warn!(%fault, "cannot remove what is left of what was deleted");
            BETWEEN_SWEEPS
        }
    }
}

async fn deliver(ports: Ports, courier: Arc<dyn Courier>, metrics: Arc<Metrics>) -> Duration {
    match outbox::deliver_due(&ports, &*courier, MAILS_AT_ONCE).await {
        Ok(round) => {
            metrics.mailed(round);
            if round.goes_on() {
                Duration::ZERO
            } else {
                POLL
            }
        }
        Err(fault) => {
            tracing::warn!(%fault, "cannot look into the outbox");
            POLL
        }
    }
}

async fn poll(cache: Arc<ConfigurationCache>) -> Duration {
    if let Err(fault) = cache.refresh().await {
        tracing::warn!(%fault, "cannot look for configuration changes");
    }
    POLL
}

/// Writes which former secrets are still in use.
async fn note_secrets(cache: Arc<ConfigurationCache>) -> Duration {
    let ports = cache.ports();
    let now = ports.clock.now();
    if let Err(fault) = cache.last_used().save(&*ports.store, now).await {
        tracing::warn!(%fault, "cannot write when former secrets were used");
    }
    BETWEEN_WRITES
}

async fn rotate(cache: Arc<ConfigurationCache>) -> Duration {
    let ports = cache.ports();
    for (env, policy, spec) in cache.rotations_due(ports.clock.now()) {
        match fresh_keys(spec).await {
            Ok(fresh) => {
                let now = ports.clock.now();
                match rotation::rotate(&cache, env, policy, fresh, now).await {
                    Ok(true) => tracing::info!(%env, %policy, "signing keys rotated"),
                    Ok(false) => {}
                    Err(fault) => tracing::warn!(%env, %fault, "signing keys not rotated"),
                }
            }
            Err(fault) => tracing::error!(%env, %fault, "cannot make signing keys"),
        }
    }
    POLL
}

#[expect(
    clippy::disallowed_methods,
    reason = "two RSA keys, one environment at a time: bounded by this job, and not a request"
)]
async fn fresh_keys(spec: KeySpec) -> Result<[KeyPair; 2], Fault> {
    let make = move || Ok([KeyPair::generate_for(spec)?, KeyPair::generate_for(spec)?]);
    tokio::task::spawn_blocking(make)
        .await
        .unwrap_or(Err(Fault::Crypto("making keys was interrupted")))
}

fn reload(certificate: &Certificate) -> Duration {
    match certificate.reload() {
        Ok(false) => {}
        Ok(true) => tracing::info!("serving a new certificate"),
        Err(error) => tracing::error!("keeping the old certificate: {error:#}"),
    }
    CERTIFICATE
}
