//! From a checked configuration to a server that runs: ports, configuration cache, router, jobs.
//!
//! Nothing is listed and no environment is loaded here: a start takes as long with ten thousand
//! environments as with one.

use std::future::Future;
use std::net::SocketAddr;
use std::sync::Arc;

use anyhow::Context;
use axum::Router;
use axum::extract::State;
use axum::routing::get;
use countersign_domain::notice::Courier;
use countersign_domain::ports::{Clock, Entropy, Fetch, Heavy, Names, Ports, Store};
use countersign_protocol::configuration::ConfigurationCache;
use countersign_protocol::urls::Urls;
use countersign_store::Counting;
use countersign_web::wire::layers::EveryRequest;
use http::{StatusCode, header};
use ipnet::IpNet;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;

use crate::config::{Config, MasterKey};
use crate::fetch::Guarded;
use crate::health::{self, Readiness};
use crate::heavy::HeavyPool;
use crate::import;
use crate::jobs::Jobs;
use crate::listen::connection::App;
use crate::listen::limits::{Limits, Seats};
use crate::listen::tls::Certificate;
use crate::listen::{self, Listeners, Watcher};
use crate::names::SystemNames;
use crate::ports::{SystemClock, SystemEntropy};
use crate::sealed_check::check_master_key;
use crate::telemetry::metrics::Metrics;

/// Ports that a test brings along; what is `None` is the real thing.
#[derive(Clone, Default)]
pub struct Overrides {
    /// Instead of the configured database.
    pub store: Option<Arc<dyn Store>>,
    /// Instead of the wall clock.
    pub clock: Option<Arc<dyn Clock>>,
    /// Instead of the operating system's randomness.
    pub entropy: Option<Arc<dyn Entropy>>,
    /// Instead of the hashing pool.
    pub heavy: Option<Arc<dyn Heavy>>,
    /// Instead of the guarded way out.
    pub fetch: Option<Arc<dyn Fetch>>,
    /// Instead of the machine's name servers.
    pub names: Option<Arc<dyn Names>>,
    /// Jobs that write because of requests are not started: the test runs them when it wants, so
    /// that what it counts is what it caused.
    pub hand_driven: bool,
}

/// A server that is ready to run.
pub struct Server {
    /// Everything that is served on the public listeners.
    pub router: Router,
    /// What is served on the admin listener.
    pub admin: Router,
    /// The ports everything works with.
    pub ports: Ports,
    /// Compiled configuration of the environments in use.
    pub cache: Arc<ConfigurationCache>,
    /// The public base URLs.
    pub urls: Arc<Urls>,
    /// The product itself, for routes that are added to it.
    pub product: countersign_web::App,
    /// Takes mails away; none in a server that a test drives.
    courier: Option<Arc<dyn Courier>>,
    metrics: Arc<Metrics>,
    certificate: Option<Arc<Certificate>>,
    seats: Arc<Seats>,
    limits: Arc<Limits>,
    trusted_proxies: Arc<[IpNet]>,
    stop: watch::Sender<bool>,
    hand_driven: bool,
    audit_retention: std::time::Duration,
}

/// The ports alone, for commands that work on the database and serve nothing.
pub async fn ports(config: &Config, overrides: Overrides) -> anyhow::Result<Ports> {
    let entropy = overrides.entropy.unwrap_or_else(|| Arc::new(SystemEntropy));
    let store = match overrides.store {
        Some(store) => store,
        None => countersign_store::open_keeping(&config.database, config.cache_mib)
            .await
            .context("cannot open the database")?,
    };
    let vault = match &config.master_key {
        Some(key) => key.vault(),
        None => MasterKey::random(&*entropy).vault(),
    };
    let fetch = match overrides.fetch {
        Some(fetch) => fetch,
        None => Arc::new(
            Guarded::new(&config.private_egress, config.extra_ca.clone()).context("extra-ca")?,
        ),
    };
    Ok(Ports {
        store,
        clock: overrides.clock.unwrap_or_else(|| Arc::new(SystemClock)),
        entropy,
        heavy: overrides
            .heavy
            .unwrap_or_else(|| Arc::new(HeavyPool::default())),
        vault: Arc::new(vault),
        fetch,
        names: overrides.names.unwrap_or_else(|| Arc::new(SystemNames)),
    })
}

/// Builds the server of a configuration. `first` is its first public address as it was bound: the
/// default of the public URLs.
pub async fn build(
    config: &Config,
    first: SocketAddr,
    overrides: Overrides,
) -> anyhow::Result<Server> {
    let certificate = config
        .tls
        .as_ref()
        .map(|files| Certificate::open(&files.cert, &files.key))
        .transpose()?
        .map(Arc::new);
    let urls = Arc::new(config.public_urls(first)?);
    let hand_driven = overrides.hand_driven;
    let courier = if hand_driven {
        None
    } else {
        Some(crate::mail::courier(
            &config.mail,
            config.extra_ca.as_deref(),
            &config.private_egress,
        )?)
    };
    let mut ports = ports(config, overrides).await?;
    let store = Arc::new(Counting::new(ports.store));
    ports.store = Arc::clone(&store) as Arc<dyn Store>;
    check_master_key(&ports).await?;
    for file in &config.import {
        let report = import::file(&ports, &urls, file).await?;
        tracing::info!(file = %file.display(), %report, "imported");
    }
    let cache = Arc::new(ConfigurationCache::new(ports.clone(), Arc::clone(&urls)));
    let seats = Seats::new(&config.limits, config.trusted_proxies.clone());
    let metrics = Metrics::new(&seats, &store);
    let (stop, stopped) = watch::channel(false);
    let readiness = Readiness::new(Arc::clone(&ports.store), stopped);
    let limiter = countersign_web::v1::Limiter::new(config.api_rate);
    let product = countersign_web::App::new(Arc::clone(&cache)).limiting(limiter);
    let each = EveryRequest::of(product.clone());
    let health = health::router(readiness).layer(each.clone());
    let router = countersign_web::router(product.clone()).merge(health.clone());
    let admin = health.merge(scrape(&metrics).layer(each));
    Ok(Server {
        product,
        router,
        admin,
        ports,
        cache,
        urls,
        courier,
        metrics,
        certificate,
        seats,
        limits: Arc::new(config.limits.clone()),
        trusted_proxies: config.trusted_proxies.as_slice().into(),
        stop,
        hand_driven,
        audit_retention: config.audit_retention,
    })
}

/// Serves until `shutdown` ends and requests in flight have finished (or the drain deadline is
/// over).
pub async fn run(
    server: Server,
    listeners: Listeners,
    shutdown: impl Future<Output = ()>,
) -> anyhow::Result<()> {
    let acceptor = match &server.certificate {
        Some(certificate) => Some(TlsAcceptor::from(certificate.server_config()?)),
        None => None,
    };
    let stopped = server.stop.subscribe();
    let mut jobs = Jobs::start(
        Arc::clone(&server.cache),
        server.certificate.clone(),
        stopped.clone(),
    );
    if let Some(courier) = &server.courier {
        jobs.deliver_mail(&server.ports, courier, &server.metrics);
    }
    let explanations = Arc::clone(server.product.explanations());
    let aside = Arc::clone(server.product.aside());
    if !server.hand_driven {
        jobs.sweep(&server.cache);
        jobs.remove_leftovers(&server.ports);
        jobs.keep_explanations(&server.ports, &explanations);
        jobs.keep_events(&server.cache, &aside, server.audit_retention);
    }
    let app = |documents, router: &Router| App {
        documents,
        router: router.clone(),
        limits: Arc::clone(&server.limits),
        trusted_proxies: Arc::clone(&server.trusted_proxies),
        stop: stopped.clone(),
        watcher: Arc::clone(&server.metrics) as Arc<dyn Watcher>,
    };
    let mut serving = JoinSet::new();
    for listener in listeners.public {
        let seats = Arc::clone(&server.seats);
        serving.spawn(listen::serve(
            listener,
            acceptor.clone(),
            app(Some(server.product.clone()), &server.router),
            seats,
        ));
    }
    if let Some(listener) = listeners.admin {
        // Its own seats: it must answer just when the public listeners are full.
        let seats = Seats::new(&Limits::default(), Vec::new());
        serving.spawn(listen::serve(
            listener,
            None,
            app(None, &server.admin),
            seats,
        ));
    }
    tokio::select! {
        () = shutdown => tracing::info!("stopping: letting requests in flight finish"),
        Some(Err(error)) = serving.join_next() => tracing::error!(%error, "a listener failed"),
    }
    server.stop.send_replace(true);
    while serving.join_next().await.is_some() {}
    jobs.join().await;
    if !server.hand_driven {
        // What the last second refused can be explained after a restart, too.
        let now = server.ports.clock.now();
        if let Err(fault) = explanations.save(&*server.ports.store, now).await {
            tracing::warn!(%fault, "cannot write explanations");
        }
        if let Err(fault) = aside.write(&*server.ports.store, now).await {
            tracing::error!(%fault, "events of refused sign-ons are lost");
        }
    }
    Ok(())
}

fn scrape(metrics: &Arc<Metrics>) -> Router {
    Router::new()
        .route("/metrics", get(render))
        .with_state(Arc::clone(metrics))
}

async fn render(State(metrics): State<Arc<Metrics>>) -> impl axum::response::IntoResponse {
    const FORMAT: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    metrics
        .render()
        .map(|text| ([(header::CONTENT_TYPE, FORMAT)], text))
        .map_err(|_| StatusCode::INTERNAL_SERVER_ERROR)
}
