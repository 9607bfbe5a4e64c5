//! `docs/openapi.json`: what the management API serves, held against what PingOne documents
//! (`xtask/pingone.txt`, facts alone: paths, methods, members, words). What PingOne has and we have
//! not is a failure, unless `xtask/pingone-missing.txt` says why.

mod facts;
mod yaml;

use std::path::PathBuf;

use anyhow::{Context, Result};

use crate::shell;
use facts::Facts;

/// The document that is served at `/v1/openapi.json`.
pub const PATH: &str = "docs/openapi.json";
/// What PingOne documents.
pub const FACTS: &str = "xtask/pingone.txt";
/// What of it we leave out, and why.
const MISSING: &str = "xtask/pingone-missing.txt";

/// Asks the code what it serves.
pub fn document() -> Result<String> {
    let mut cargo = shell::cargo();
    cargo.args(["run", "--quiet", "--locked", "-p", "countersign-protocol"]);
    shell::output(cargo.args(["--example", "openapi"]))
}

/// The reduced descriptions of PingOne's API, where they are at hand: beside the repository.
fn references() -> Vec<PathBuf> {
    let folder = shell::root().join("../shared/reference/openapi");
    let names = ["management-tier1.yaml", "mfa-tier1.yaml"];
    let files = names.iter().map(|name| folder.join(name));
    files.filter(|file| file.is_file()).collect()
}

/// The facts of the references; those that are written down where there are no references.
pub fn facts() -> Result<String> {
    let files = references();
    if files.is_empty() {
        let file = shell::root().join(FACTS);
        return std::fs::read_to_string(file).with_context(|| format!("cannot read {FACTS}"));
    }
    let mut all = Facts::default();
    for file in files {
        let text = std::fs::read_to_string(&file)?;
        all.read(&yaml::read(&text)?);
    }
    Ok(all.page())
}

/// What PingOne has, we have not, and nobody explained.
pub fn complaints() -> Result<Vec<String>> {
    let read = |path: &str| {
        let file = shell::root().join(path);
        std::fs::read_to_string(file).with_context(|| format!("cannot read {path}"))
    };
    let mut ours = Facts::default();
    ours.read(&serde_json::from_str(&read(PATH)?)?);
    let explained = explained(&read(MISSING)?);
    let is_explained = |fact: &String| {
        explained.iter().any(|known| match known.strip_suffix('*') {
            Some(start) => fact.starts_with(start),
            None => fact == known,
        })
    };
    let mut missing = Facts::parse(&read(FACTS)?).beyond(&ours);
    missing.retain(|fact| !is_explained(fact));
    let missing = missing.into_iter();
    Ok(missing
        .map(|fact| format!("{fact} is not in {PATH}: serve it, or say why in {MISSING}"))
        .collect())
}

/// The facts with a reason: `fact | reason`, where `*` at the end of a fact stands for anything.
fn explained(text: &str) -> Vec<String> {
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    lines
        .filter_map(|line| {
            let (fact, reason) = line.split_once(" | ")?;
            (!reason.trim().is_empty()).then(|| fact.trim().to_owned())
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::explained;

    #[test]
    fn nothing_is_left_out_without_a_reason() {
        let list = "# why\n/a b | never asked for\n/a c\n/a d | \n/e * | later\n";
        assert_eq!(explained(list), ["/a b", "/e *"]);
    }
}
