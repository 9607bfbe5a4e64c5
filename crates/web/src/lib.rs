//! URLs, wire formats and pages. Knows no rule and no database: every handler reads a request
//! strictly, hands it to the protocol, and renders the outcome.

pub mod as_;
pub mod custom_domain;
pub mod device;
pub mod flows;
pub mod images;
pub mod pages;
pub mod router;
pub mod rp;
pub mod v1;
pub mod wire;

use std::sync::Arc;

use countersign_domain::ids::{CorrelationId, EnvId};
use countersign_domain::time::Time;
use countersign_protocol::audit::Aside;
use countersign_protocol::configuration::{ConfigurationCache, Snapshot};
use countersign_protocol::cx::Cx;
use countersign_protocol::explain::{Explanation, Explanations};
use countersign_protocol::flows::turns::Turns;
use countersign_protocol::refusal::{Outcome, Refusal, Refused};

pub use router::router;

use wire::incoming::Incoming;

/// What every handler shares.
#[derive(Clone)]
pub struct App {
    configuration: Arc<ConfigurationCache>,
    turns: Arc<Turns>,
    explanations: Arc<Explanations>,
    limiter: v1::Limiter,
    aside: Arc<Aside>,
}

impl App {
    /// The application over a configuration cache.
    pub fn new(configuration: Arc<ConfigurationCache>) -> Self {
        Self {
            configuration,
            turns: Arc::default(),
            explanations: Arc::default(),
            limiter: v1::Limiter::default(),
            aside: Arc::default(),
        }
    }

    /// Audit events that wait for the next write.
    pub fn aside(&self) -> &Arc<Aside> {
        &self.aside
    }

    /// With a limit on requests to the management API.
    #[must_use]
    pub fn limiting(mut self, limiter: v1::Limiter) -> Self {
        self.limiter = limiter;
        self
    }

    /// The refusals that this process explained of late.
    pub fn explanations(&self) -> &Arc<Explanations> {
        &self.explanations
    }

    /// Explains a refused request to administrators.
    fn explain(&self, id: CorrelationId, method: &str, path: &str, refused: &Refused) {
        // Anybody can make up environments, without end.
        let env = named(path).filter(|env| self.configuration.at_hand(*env, None).is_some());
        let env = env.unwrap_or(EnvId::PLATFORM);
        let explanation = Explanation::of(env, id, self.now(), refused).asked(method, path);
        self.explanations.record(explanation);
    }

    fn now(&self) -> Time {
        self.configuration.ports().clock.now()
    }

    fn correlation(&self) -> CorrelationId {
        CorrelationId::random(&*self.configuration.ports().entropy)
    }

    /// The context of a request: the environment that its path names, exactly as configured now, at
    /// the address that it came to.
    async fn cx(&self, env: &str, incoming: &Incoming) -> Outcome<Cx> {
        self.cx_of(environment(env)?, incoming).await
    }

    /// The context of a request in an environment.
    async fn cx_of(&self, env: EnvId, incoming: &Incoming) -> Outcome<Cx> {
        let (now, domain) = (self.now(), incoming.domain());
        let env = self.configuration.current_at(env, domain, now).await?;
        Ok(Cx {
            now,
            env,
            ports: self.configuration.ports().clone(),
            turns: Arc::clone(&self.turns),
            correlation: incoming.correlation,
            remote_ip: incoming.peer,
            explanations: Arc::clone(&self.explanations),
            aside: Arc::clone(&self.aside),
            caller: None,
            in_use: Arc::default(),
        })
    }

    /// The environment that a path names, as of a moment ago.
    async fn recent(&self, env: &str, incoming: &Incoming) -> Outcome<Arc<Snapshot>> {
        let (env, domain) = (environment(env)?, incoming.domain());
        self.configuration.recent_at(env, domain, self.now()).await
    }
}

/// The environment that a path of the protocol or of the management API names.
fn named(path: &str) -> Option<EnvId> {
    let mut segments = path.trim_start_matches('/').split('/');
    let first = segments.next()?;
    let id = if first == "v1" {
        segments.nth(1)?
    } else {
        first
    };
    id.parse().ok()
}

fn environment(text: &str) -> Outcome<EnvId> {
    let env = text
        .parse::<EnvId>()
        .ok()
        .filter(|env| *env != EnvId::PLATFORM);
    Ok(env.ok_or_else(|| Refusal::EnvironmentNotFound.because("the path names no environment"))?)
}
