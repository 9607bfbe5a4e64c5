//! `countersign export --users`: any number of users, a page at a time.

use std::io::{BufWriter, Write};
use std::path::Path;

use anyhow::Context;
use countersign_domain::entity::load;
use countersign_domain::environment::Environment;
use countersign_domain::ids::EnvId;
use countersign_domain::ports::Ports;
use countersign_protocol::v1::environments::users::mass;

use crate::private_file;

/// Writes the users of an environment to a new file, or prints them.
pub async fn export(
    ports: &Ports,
    env: EnvId,
    secrets: bool,
    out: Option<&Path>,
) -> anyhow::Result<()> {
    let (store, now) = (&*ports.store, ports.clock.now());
    load::<Environment>(store, EnvId::PLATFORM, env.to_string(), now)
        .await?
        .with_context(|| format!("there is no environment {env}"))?;
    let mut out: Box<dyn Write + Send> = match out {
        Some(file) => {
            let created = private_file::open_new(file);
            Box::new(created.with_context(|| format!("cannot create {}", file.display()))?)
        }
        None => Box::new(std::io::stdout()),
    };
    let mut out = BufWriter::new(&mut out);
    let mut after = None;
    loop {
        let page = mass::page(ports, env, secrets, after).await?;
        for line in &page.lines {
            writeln!(out, "{line}")?;
        }
        after = page.next;
        if after.is_none() {
            out.flush()?;
            return Ok(());
        }
    }
}
