//! `countersign keys`: signing keys, on the database alone, also while a server runs on it.

use std::process::ExitCode;

use anyhow::{Context, bail};
use clap::{Args, Subcommand};
use countersign_domain::entity::{self, Stored};
use countersign_domain::ids::EnvId;
use countersign_domain::key::KeyRotationPolicy;
use countersign_domain::ports::Ports;
use countersign_protocol::configuration::all;
use countersign_protocol::defaults::key_pair::KeyPair;
use countersign_protocol::rotation::{Asked, rotate_now};

use crate::config::{Config, RawConfig};
use crate::sealed_check::check_master_key;
use crate::telemetry::log;
use crate::wire_up::{self, Overrides};

/// What can be done with keys.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Sign with the next key from now on, and publish a new next one
    ///
    /// What the former key signed stays good: it is published until its certificate ends. The next
    /// key must have been published for a minute, so that everybody knows it.
    Rotate(Box<Rotate>),
}

/// Options of `keys rotate`.
#[derive(Debug, Args)]
pub struct Rotate {
    /// The environment whose keys rotate
    #[arg(long, value_name = "ID")]
    environment: EnvId,

    /// The key rotation policy, by its name or id; without it, the default one
    #[arg(long, value_name = "NAME")]
    policy: Option<String>,

    #[command(flatten)]
    raw: RawConfig,
}

/// Runs the command.
pub fn run(command: Command) -> anyhow::Result<ExitCode> {
    let Command::Rotate(options) = command;
    let config = Config::load(options.raw)?;
    log::start(&config.log)?;
    super::block_on(async {
        let ports = wire_up::ports(&config, Overrides::default()).await?;
        check_master_key(&ports).await?;
        let urls = config.public_urls(config.first_address())?;
        let env = options.environment;
        let policy = find(&ports, env, options.policy.as_deref()).await?;
        let name = policy.name.clone();
        let spec = policy.key_spec();
        let spec = spec.context("the policy asks for keys that cannot be made")?;
        let pairs = [KeyPair::generate_for(spec)?, KeyPair::generate_for(spec)?];
        let now = ports.clock.now();
        match rotate_now(&ports, urls.api(), env, policy, &pairs, now).await? {
            Asked::Done(policy) => {
                let (current, next) = (policy.current_key_id, policy.next_key_id);
                println!("{name}: {current} signs from now on, {next} is next");
                Ok(ExitCode::SUCCESS)
            }
            Asked::NotBefore(at) => {
                bail!("{name}: the next key is too new to be known to everybody; try again at {at}")
            }
        }
    })
}

async fn find(
    ports: &Ports,
    env: EnvId,
    wanted: Option<&str>,
) -> anyhow::Result<Stored<KeyRotationPolicy>> {
    let (store, now) = (&*ports.store, ports.clock.now());
    let is_it = |policy: &KeyRotationPolicy| match wanted {
        None => policy.default,
        Some(wanted) => policy.name == wanted || policy.id.to_string() == wanted,
    };
    let policies = all::<KeyRotationPolicy>(store, env, now).await?;
    let found = policies.into_iter().find(is_it);
    let found = found.with_context(|| {
        let wanted = wanted.unwrap_or("that is the default one");
        format!("environment {env} has no key rotation policy {wanted}")
    })?;
    let found = entity::load(store, env, found.id.to_string(), now).await?;
    found.context("the policy has just been deleted")
}
