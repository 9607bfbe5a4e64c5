//! Files in, files out: `--import`, `countersign import` and the quick start's demo.

use std::path::Path;

use anyhow::Context;
use countersign_domain::ports::Ports;
use countersign_protocol::import::{Format, ImportOptions, ImportReport, apply, parse};
use countersign_protocol::urls::Urls;

/// Imports a file: all of it, or nothing.
pub async fn file(ports: &Ports, urls: &Urls, path: &Path) -> anyhow::Result<ImportReport> {
    let name = path.display().to_string();
    let text = std::fs::read_to_string(path).with_context(|| format!("cannot read {name}"))?;
    text_named(ports, urls, &name, &text).await
}

/// Imports a text that has a name for messages.
pub async fn text_named(
    ports: &Ports,
    urls: &Urls,
    name: &str,
    text: &str,
) -> anyhow::Result<ImportReport> {
    let document = parse(name, text, Format::of_name(name))?;
    let options = ImportOptions::new(urls.api());
    Ok(apply(ports, &document, &options).await?)
}
