//! The files under version control, or about to be.

use std::path::PathBuf;

use anyhow::{Context, Result};

use crate::shell;

/// A text file, by its path from the root of the repository.
pub struct File {
    pub path: String,
    pub text: String,
}

/// Every text file that git tracks, and every new one that it does not ignore.
pub fn all() -> Result<Vec<File>> {
    let mut git = shell::command("git");
    let list = shell::output(git.args(["ls-files", "-z", "-co", "--exclude-standard"]))?;
    let mut files = Vec::new();
    for path in list.split_terminator('\0') {
        let file: PathBuf = shell::root().join(path);
        // Deleted and not yet committed, or a folder of another repository.
        if !file.is_file() {
            continue;
        }
        let bytes = std::fs::read(&file).with_context(|| format!("cannot read {path}"))?;
        if let Ok(text) = String::from_utf8(bytes) {
            files.push(File {
                path: path.to_owned(),
                text,
            });
        }
    }
    files.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(files)
}

/// The Rust files among them.
pub fn rust() -> Result<Vec<File>> {
    let mut files = all()?;
    files.retain(|file| {
        std::path::Path::new(&file.path)
            .extension()
            .is_some_and(|extension| extension == "rs")
    });
    Ok(files)
}
