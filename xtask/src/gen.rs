//! `cargo xtask gen`: the files that are made from the code.

use std::path::PathBuf;

use anyhow::{Context, Result};

use crate::files;
use crate::flow_states;
use crate::rules::{self, Rules};
use crate::shell;

/// Every generated file: its path from the root, and what it should contain now.
pub fn generated() -> Result<Vec<(&'static str, String)>> {
    Ok(vec![
        (rules::PATH, Rules::read(&files::rust()?).page()),
        (flow_states::PATH, flow_states::page()?),
    ])
}

pub fn write() -> Result<()> {
    for (path, text) in generated()? {
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
