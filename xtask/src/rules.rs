//! The index of rules: comments that say which clause a piece of code obeys.
//!
//! `Spec:` names clauses of a standard or of a vendor's page, parted by semicolons; each clause has one home.
//! `Compat:` is a deviation from a standard for PingOne's sake, `Decision:` a choice where the
//! documents are silent.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use crate::files::File;

/// Where the index is kept.
pub const PATH: &str = "docs/rules.md";

const MARKS: [&str; 3] = ["Spec:", "Compat:", "Decision:"];

/// What the comments of the code claim.
#[derive(Default)]
pub struct Rules {
    /// Clause to the files that claim it.
    spec: BTreeMap<String, Vec<String>>,
    /// (file, text) in the order of the files.
    compat: Vec<(String, String)>,
    decisions: Vec<(String, String)>,
}

impl Rules {
    /// Reads the comments of the crates; tests only quote rules, so they do not count.
    pub fn read(files: &[File]) -> Self {
        let mut rules = Self::default();
        for file in files {
            let is_ours = file.path.starts_with("crates/") && file.path.contains("/src/");
            if is_ours && !file.path.ends_with("/tests.rs") {
                rules.read_file(file);
            }
        }
        rules
    }

    fn read_file(&mut self, file: &File) {
        let mut lines = file.text.lines().map(comment).peekable();
        while let Some(line) = lines.next() {
            let Some((mark, first)) = line.and_then(marked) else {
                continue;
            };
            let mut text = first.to_owned();
            // A rule runs on until an empty comment line, the next mark or the end of the comment.
            while let Some(Some(next)) = lines.peek() {
                if next.is_empty() || marked(next).is_some() {
                    break;
                }
                text.push(' ');
                text.push_str(next);
                lines.next();
            }
            // `Spec: RFC 1 2.3. Compat: ...` is two rules; other prose after a clause explains it.
            let (clauses, rest) = match text.split_once(". ") {
                Some((clauses, rest)) if mark == "Spec:" => (clauses.to_owned(), rest.trim()),
                _ => (text, ""),
            };
            if let Some((mark, text)) = marked(rest) {
                self.add(mark, &file.path, text);
            }
            self.add(mark, &file.path, clauses.trim());
        }
    }

    fn add(&mut self, mark: &str, path: &str, text: &str) {
        match mark {
            "Spec:" => {
                for clause in text.split(';') {
                    let clause = clause.trim().trim_end_matches('.');
                    if clause.is_empty() {
                        continue;
                    }
                    let homes = self.spec.entry(clause.to_owned()).or_default();
                    if !homes.iter().any(|home| home == path) {
                        homes.push(path.to_owned());
                    }
                }
            }
            "Compat:" => self.compat.push((path.to_owned(), text.to_owned())),
            _ => self.decisions.push((path.to_owned(), text.to_owned())),
        }
    }

    /// Clauses that more than one file claims.
    pub fn conflicts(&self) -> Vec<String> {
        self.spec
            .iter()
            .filter(|(_, homes)| homes.len() > 1)
            .map(|(clause, homes)| format!("`{clause}` is claimed by {}", homes.join(" and ")))
            .collect()
    }

    /// The page.
    pub fn page(&self) -> String {
        let mut page = String::from(
            "# Rules\n\nMade by `cargo xtask gen` from the `Spec:`, `Compat:` and `Decision:` \
             comments; do not edit.\n\n## Clauses, and the one file that obeys each\n\n\
             | clause | file |\n|---|---|\n",
        );
        for (clause, homes) in &self.spec {
            let _ = writeln!(page, "| {} | `{}` |", cell(clause), homes.join("`, `"));
        }
        for (title, rows) in [
            ("Deviations for compatibility", &self.compat),
            ("Choices where the documents are silent", &self.decisions),
        ] {
            let _ = write!(page, "\n## {title}\n\n| what | file |\n|---|---|\n");
            for (path, text) in rows {
                let _ = writeln!(page, "| {} | `{path}` |", cell(text));
            }
        }
        page
    }
}

fn cell(text: &str) -> String {
    text.replace('|', "\\|")
}

/// The text of a comment line, without its slashes.
fn comment(line: &str) -> Option<&str> {
    let line = line.trim_start();
    let text = line
        .strip_prefix("//!")
        .or_else(|| line.strip_prefix("///"))
        .or_else(|| line.strip_prefix("//"))?;
    Some(text.trim())
}

fn marked(comment: &str) -> Option<(&'static str, &str)> {
    MARKS
        .into_iter()
        .find_map(|mark| Some((mark, comment.strip_prefix(mark)?.trim())))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(path: &str, text: &str) -> File {
        File {
            path: path.to_owned(),
            text: text.to_owned(),
        }
    }

    #[test]
    fn a_clause_with_two_homes_is_a_conflict() {
        let rules = Rules::read(&[
            file("crates/a/src/one.rs", "//! Spec: RFC 1 2.3; PingOne x.\n"),
            file("crates/a/src/two.rs", "    // Spec: RFC 1 2.3\n"),
        ]);
        assert_eq!(
            rules.conflicts(),
            ["`RFC 1 2.3` is claimed by crates/a/src/one.rs and crates/a/src/two.rs"]
        );
        assert!(
            rules
                .page()
                .contains("| PingOne x | `crates/a/src/one.rs` |")
        );
    }

    #[test]
    fn a_clause_ends_with_its_sentence() {
        let text = "// Spec: RFC 1 2.3. Compat: the\n// other way round.\nfn x() {}\n";
        let rules = Rules::read(&[file("crates/a/src/one.rs", text)]);
        assert_eq!(rules.spec.keys().collect::<Vec<_>>(), ["RFC 1 2.3"]);
        assert_eq!(rules.compat[0].1, "the other way round.");
    }

    #[test]
    fn a_decision_runs_to_the_end_of_its_paragraph() {
        let rules = Rules::read(&[file(
            "crates/a/src/one.rs",
            "/// Decision: the first\n/// and the second line.\n///\n/// Other text.\nfn x() {}\n",
        )]);
        assert_eq!(rules.decisions.len(), 1);
        assert_eq!(rules.decisions[0].1, "the first and the second line.");
    }
}
