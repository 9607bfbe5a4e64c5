//! `countersign keygen`.

use std::path::PathBuf;

use anyhow::Context;
use clap::Args;

use crate::config::MasterKey;
use crate::ports::SystemEntropy;
use crate::private_file;

/// Options of `keygen`.
#[derive(Debug, Args)]
pub struct Options {
    /// Write the key to this new file, readable by its owner alone, instead of printing it
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

/// Makes a master key.
pub fn run(options: &Options) -> anyhow::Result<()> {
    let key = MasterKey::random(&SystemEntropy);
    let Some(file) = &options.out else {
        println!("{}", *key.to_text());
        return Ok(());
    };
    private_file::create(file, key.to_text().as_bytes()).with_context(|| {
        format!(
            "cannot create {} (a key that exists is never overwritten: what it sealed would be lost)",
            file.display()
        )
    })?;
    eprintln!(
        "{} written. Keep a copy apart from the database: without it nothing sealed can be opened.",
        file.display()
    );
    Ok(())
}
