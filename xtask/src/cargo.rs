//! What cargo knows about the workspace.

use anyhow::{Context, Result};
use serde::Deserialize;

use crate::shell;

#[derive(Deserialize)]
pub struct Metadata {
    pub packages: Vec<Package>,
}

#[derive(Deserialize)]
pub struct Package {
    pub name: String,
    pub dependencies: Vec<Dependency>,
    pub targets: Vec<Target>,
}

#[derive(Deserialize)]
pub struct Dependency {
    pub name: String,
    /// `None` for a normal dependency, else `dev` or `build`.
    pub kind: Option<String>,
}

#[derive(Deserialize)]
pub struct Target {
    pub name: String,
    pub kind: Vec<String>,
}

/// The crates of the workspace, without those they depend on.
pub fn metadata() -> Result<Metadata> {
    let mut cargo = shell::cargo();
    let text = shell::output(cargo.args(["metadata", "--format-version=1", "--no-deps"]))?;
    serde_json::from_str(&text).context("cannot read the answer of `cargo metadata`")
}
