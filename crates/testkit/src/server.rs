//! A server in this process, on a port of the loopback, with a store of its own.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use countersign_domain::notice::Mail;
use countersign_domain::ports::{Ports, Store};
use countersign_protocol::audit::Aside;
use countersign_protocol::configuration::ConfigurationCache;
use countersign_protocol::cx::Cx;
use countersign_protocol::explain::Explanations;
use countersign_protocol::sweep;
use countersign_protocol::webhooks::courier::{self, Round};
use countersign_server::config::{Config, RawConfig};
use countersign_server::listen::Listeners;
use countersign_server::wire_up::{self, Overrides};
use countersign_store::Counting;
use countersign_store::faulty::Faulty;
use serde_json::Value;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::store::Home;
use crate::{
    Adapter, CountingHeavy, Mailbox, SeededEntropy, Tenant, ToldNames, VirtualClock, broken,
    fixture,
};

/// A running server.
pub struct TestServer {
    /// The environment that a test works in.
    pub tenant: Tenant,
    /// Another one, for what must not cross over.
    pub other: Tenant,
    /// Its time.
    pub clock: Arc<VirtualClock>,
    /// Base URL: `http://127.0.0.1:PORT`.
    pub base: String,
    /// What it works with, for tests that look behind the wire.
    pub ports: Ports,
    /// Counts its reads and durable writes.
    pub counts: Arc<Counting>,
    /// Goes wrong as planned.
    pub faults: Arc<Faulty>,
    /// Counts its password checks.
    pub hashing: Arc<CountingHeavy>,
    /// Where its mail goes.
    pub mailbox: Arc<Mailbox>,
    /// What the DNS says to it.
    pub names: Arc<ToldNames>,
    cache: Arc<ConfigurationCache>,
    explanations: Arc<Explanations>,
    aside: Arc<Aside>,
    api_url: String,
    home: Arc<Home>,
}

impl TestServer {
    /// Starts one on an adapter. What is returned beside it outlives it and takes it down.
    pub(crate) async fn start(adapter: Adapter, clock: VirtualClock) -> (Self, Shutdown) {
        let home = Arc::new(Home::make(adapter).await);
        let clock = Arc::new(clock);
        let faults = Arc::new(Faulty::new(home.store().await));
        let counts = Arc::new(Counting::new(faults.clone()));
        let hashing = Arc::new(CountingHeavy::default());
        let node = Node::start(counts.clone(), clock.clone(), None, hashing.clone(), 0).await;
        let base = node.base.clone();
        let server = Self {
            tenant: fixture::tenant(1, &base, clock.clone()),
            other: fixture::tenant(2, &base, clock.clone()),
            clock,
            base,
            ports: node.ports,
            counts,
            faults,
            hashing,
            mailbox: Arc::default(),
            names: node.names,
            cache: node.cache,
            explanations: node.explanations,
            aside: node.aside,
            api_url: node.api_url,
            home: Arc::clone(&home),
        };
        let shutdown = Shutdown {
            stop: node.stop,
            running: node.running,
            home,
        };
        let document = fixture::document(&server.tenant, &server.other);
        server.import(&document).await;
        (server, shutdown)
    }

    /// Imports a document, as `countersign import` does.
    pub async fn import(&self, document: &Value) {
        fixture::import(&self.ports, &self.api_url, document).await;
    }

    /// What rules work with that no route leads to yet, in the tenant's environment.
    pub async fn cx(&self) -> Cx {
        let env = self.tenant.id.parse();
        let env = env.unwrap_or_else(|error| broken("not an environment", error));
        let snapshot = self.cache.current(env, self.ports.clock.now()).await;
        let snapshot = snapshot.unwrap_or_else(|failure| broken("no configuration", failure));
        Cx::own(snapshot, self.ports.clone())
    }

    /// What this process knows of the environments, for what the server does by itself.
    pub fn configuration(&self) -> &ConfigurationCache {
        &self.cache
    }

    /// Starts a second process, as far as the wire can tell: its own caches on the same store.
    /// The tenant's requests go there.
    pub async fn another_node(&self) -> AnotherNode {
        self.limited_node(0).await
    }

    /// The same with so many requests to the management API per second at most; 0 is no limit.
    pub async fn limited_node(&self, api_rate: u32) -> AnotherNode {
        let store = self.home.store().await;
        let (clock, hashing) = (self.clock.clone(), self.hashing.clone());
        let node = Node::start(store, clock, Some(&self.base), hashing, api_rate).await;
        let mut tenant = self.tenant.clone();
        tenant.base.clone_from(&node.base);
        tenant.root = format!("{}/{}", node.base, tenant.id);
        AnotherNode {
            tenant,
            cache: node.cache,
            _stop: node.stop,
        }
    }

    /// The mails since the last call, oldest first: delivers what is due now.
    pub async fn mails(&self) -> Vec<Mail> {
        let _ = self.mailbox.deliver(&self.ports).await;
        self.mailbox.take()
    }

    /// The only mail since the last call.
    pub async fn mail(&self) -> Mail {
        let mut mails = self.mails().await;
        match (mails.pop(), mails.is_empty()) {
            (Some(mail), true) => mail,
            (last, _) => {
                let count = mails.len() + usize::from(last.is_some());
                broken("not one mail", count)
            }
        }
    }

    /// Looks for configuration changes now, as the job does every second.
    pub async fn poll_changes(&self) {
        poll(&self.cache).await;
    }

    /// Writes which former secrets are still in use, as the job does every minute.
    pub async fn save_last_used(&self) -> usize {
        let ports = self.cache.ports();
        let saved = self
            .cache
            .last_used()
            .save(&*ports.store, ports.clock.now());
        saved
            .await
            .unwrap_or_else(|fault| broken("cannot write when secrets were used", fault))
    }

    /// Serves webhooks now, as the job does every second.
    pub async fn deliver_webhooks(&self) -> Round {
        delivered(&self.cache).await
    }

    /// Removes what has expired, as the job does in slices; says how many documents.
    pub async fn sweep(&self) -> usize {
        let swept = sweep::sweep(&self.cache, u32::MAX).await;
        swept.unwrap_or_else(|fault| broken("cannot sweep", fault))
    }

    /// Writes the events that no request took along, as the job does every second; says how many.
    pub async fn write_events(&self) -> usize {
        let written = self.aside.write(&*self.ports.store, self.ports.clock.now());
        written
            .await
            .unwrap_or_else(|fault| broken("cannot write events", fault))
    }

    /// Writes explanations of refusals down now, as the job does every second; says how many.
    pub async fn save_explanations(&self) -> usize {
        let saved = self
            .explanations
            .save(&*self.ports.store, self.ports.clock.now());
        saved
            .await
            .unwrap_or_else(|fault| broken("cannot save explanations", fault))
    }
}

/// The end of a server.
pub(crate) struct Shutdown {
    stop: oneshot::Sender<()>,
    running: JoinHandle<()>,
    home: Arc<Home>,
}

impl Shutdown {
    /// Stops the server, waits for it, and takes its store down.
    pub(crate) async fn finish(self) {
        drop(self.stop);
        if let Err(error) = self.running.await {
            broken("the server did not end well", error);
        }
        self.home.remove().await;
    }
}

/// A second server on the store of a first.
pub struct AnotherNode {
    /// The first server's tenant, asked through this one.
    pub tenant: Tenant,
    cache: Arc<ConfigurationCache>,
    _stop: oneshot::Sender<()>,
}

impl AnotherNode {
    /// Serves webhooks now, as the job does every second.
    pub async fn deliver_webhooks(&self) -> Round {
        delivered(&self.cache).await
    }

    /// Looks for configuration changes now, as the job does every second.
    pub async fn poll_changes(&self) {
        poll(&self.cache).await;
    }
}

async fn delivered(cache: &ConfigurationCache) -> Round {
    let round = courier::deliver(cache).await;
    round.unwrap_or_else(|fault| broken("cannot deliver to webhooks", fault))
}

async fn poll(cache: &ConfigurationCache) {
    let polled = cache.refresh().await;
    polled.unwrap_or_else(|fault| broken("cannot poll for changes", fault));
}

struct Node {
    base: String,
    api_url: String,
    ports: Ports,
    names: Arc<ToldNames>,
    cache: Arc<ConfigurationCache>,
    explanations: Arc<Explanations>,
    aside: Arc<Aside>,
    stop: oneshot::Sender<()>,
    running: JoinHandle<()>,
}

impl Node {
    /// Binds first: the public URLs follow the port, unless they are those of another node.
    async fn start(
        store: Arc<dyn Store>,
        clock: Arc<VirtualClock>,
        urls: Option<&str>,
        hashing: Arc<CountingHeavy>,
        api_rate: u32,
    ) -> Self {
        let local = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let listeners = Listeners::bind(&[local], None);
        let listeners = listeners.unwrap_or_else(|error| broken("cannot bind", error));
        let address = listeners.first_address();
        let address = address.unwrap_or_else(|error| broken("no address", error));
        let base = format!("http://{address}");
        let raw = RawConfig {
            auth_url: Some(urls.unwrap_or(&base).to_owned()),
            database: Some("memory:".into()),
            master_key: Some("11".repeat(32).into()),
            api_rate: Some(api_rate),
            ..RawConfig::default()
        };
        let config = Config::resolve(raw);
        let mut config = config.unwrap_or_else(|error| broken("configuration", error));
        // Servers that a test runs beside it are on the loopback; nothing else private is reached.
        config.private_egress = vec![ipnet::Ipv4Net::new_assert(Ipv4Addr::LOCALHOST, 8).into()];
        // Tests are one client with very many connections.
        config.limits.connections_per_client = config.limits.connections;
        let seed = u64::from(address.port());
        let names = Arc::new(ToldNames::default());
        let overrides = Overrides {
            store: Some(store),
            clock: Some(clock),
            entropy: Some(Arc::new(SeededEntropy::new(seed))),
            heavy: Some(hashing),
            names: Some(names.clone()),
            hand_driven: true,
            ..Overrides::default()
        };
        let server = wire_up::build(&config, address, overrides).await;
        let server = server.unwrap_or_else(|error| broken("cannot start", error));
        let (ports, cache) = (server.ports.clone(), Arc::clone(&server.cache));
        let api_url = server.urls.api().to_owned();
        let explanations = Arc::clone(server.product.explanations());
        let aside = Arc::clone(server.product.aside());
        let (stop, stopped) = oneshot::channel::<()>();
        let running = tokio::spawn(async move {
            let shutdown = async {
                let _ = stopped.await;
            };
            let ended = wire_up::run(server, listeners, shutdown).await;
            ended.unwrap_or_else(|error| broken("the server failed", error));
        });
        Self {
            base,
            api_url,
            ports,
            names,
            cache,
            explanations,
            aside,
            stop,
            running,
        }
    }
}
