//! `cargo xtask gen`: the files that are made from the code.

use std::path::PathBuf;

use anyhow::{Context, Result};

use crate::files;
use crate::flow_states;
use crate::openapi;
use crate::rules::{self, Rules};
use crate::shell;

/// A generated file: its path from the root, and what makes what it should contain now.
pub type Generated = (&'static str, fn() -> Result<String>);

/// Every one of them. The last takes a build of the product.
pub const GENERATED: [Generated; 4] = [
    (rules::PATH, || Ok(Rules::read(&files::rust()?).page())),
    (flow_states::PATH, flow_states::page),
    (openapi::FACTS, openapi::facts),
    (openapi::PATH, openapi::document),
];

pub fn write() -> Result<()> {
    for (path, make) in GENERATED {
        let text = make()?;
        let file: PathBuf = shell::root().join(path);
        if std::fs::read_to_string(&file).is_ok_and(|old| old == text) {
            println!("{path} is fresh");
            continue;
        }
        if let Some(folder) = file.parent() {
            std::fs::create_dir_all(folder)?;
        }
        std::fs::write(&file, text).with_context(|| format!("cannot write {path}"))?;
        println!("{path} written");
    }
    Ok(())
}
