//! Import and export: an installation as a file, in PingOne's own resource shapes
//! (`docs/how-to/import.md`).
//!
//! [`parse`] checks a file alone; [`apply`] makes the store agree with it, wholly or not at all;
//! [`export`] writes what both read. What a file does not mention is left as it is, and nothing is
//! ever deleted, so that a second import of the same file changes nothing.

mod agreements;
mod apply;
mod build;
mod certificates;
mod clients;
mod consents;
mod contents;
mod custom_domains;
mod de;
mod devices;
mod draft;
mod export;
mod gateways;
mod gone;
mod groups;
mod kept;
mod keys;
mod looks;
mod node;
mod partner;
mod people;
mod plan;
mod problem;
mod providers;
mod resource_secret;
mod roles;
mod schema;
mod sealing;
mod settings;
mod subscriptions;

pub use apply::{ImportError, ImportOptions, MAX_DOCUMENTS, apply};
pub use draft::ImportReport;
pub use export::{ExportError, ExportOptions, MAX_USERS, export};
pub use problem::{ImportErrors, Problem};

use countersign_domain::time::Time;

use draft::Draft;
use node::Node;
use plan::Plan;

/// Largest file in bytes.
pub const MAX_FILE: usize = 16 * 1024 * 1024;

/// How a file is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// YAML 1.2.
    Yaml,
    /// JSON.
    Json,
}

impl Format {
    /// By the end of a file's name; YAML reads JSON as well, so it is the guess.
    pub fn of_name(name: &str) -> Self {
        let ending = name.rsplit('.').next().unwrap_or_default();
        if ending.eq_ignore_ascii_case("json") {
            Self::Json
        } else {
            Self::Yaml
        }
    }
}

/// A file that was read and is well formed.
#[derive(Clone)]
pub struct ImportDocument {
    file: String,
    root: Node,
}

impl std::fmt::Debug for ImportDocument {
    // The file holds passwords and keys in clear.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "ImportDocument({})", self.file)
    }
}

/// Reads a file: its syntax, every field's name, every value's type and range. Whether the names
/// it refers to exist is for [`apply`] to say. `file` is the name to use in messages.
pub fn parse(file: &str, text: &str, format: Format) -> Result<ImportDocument, ImportErrors> {
    let placed = |mut problem: Problem| {
        file.clone_into(&mut problem.file);
        ImportErrors(vec![problem])
    };
    if text.len() > MAX_FILE {
        let message = format!("the file is larger than {MAX_FILE} bytes");
        return Err(placed(Problem::new(0, message)));
    }
    let root = match format {
        Format::Yaml => node::parse(text),
        Format::Json => parse_json(text),
    };
    let root = root.map_err(placed)?;
    let mut plan = Plan::new(Draft::default(), None, Time::EPOCH);
    // On an empty draft there is nothing that could fail but the file.
    if let Err(fault) = plan.file(root.clone()) {
        return Err(placed(Problem::new(0, fault.to_string())));
    }
    if plan.problems.is_empty() {
        Ok(ImportDocument {
            file: file.to_owned(),
            root,
        })
    } else {
        Err(in_file(file, plan.problems))
    }
}

/// JSON is checked as JSON, then read as YAML for the lines. Where YAML is stricter (surrogate
/// pairs, very long keys) the lines are lost and the values kept.
fn parse_json(text: &str) -> Result<Node, Problem> {
    let value: serde_json::Value = serde_json::from_str(text)
        .map_err(|error| Problem::new(error.line(), format!("not JSON: {error}")))?;
    match node::parse(text) {
        Ok(node) if node.to_json() == value => Ok(node),
        Err(problem) if problem.message.contains("twice") => Err(problem),
        _ => Ok(Node::from_json(value, 0)),
    }
}

fn in_file(file: &str, problems: Vec<Problem>) -> ImportErrors {
    let placed = problems.into_iter().map(|mut problem| {
        file.clone_into(&mut problem.file);
        problem
    });
    ImportErrors(placed.collect())
}

/// A key for tests, so that they need not make one.
#[cfg(test)]
pub(crate) const TEST_KEY: &str = include_str!("test_key.pem");

#[cfg(test)]
pub(crate) mod tests;
