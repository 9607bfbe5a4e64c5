//! No file is longer than a reader's patience.

use anyhow::Result;

use crate::files::{self, File};

/// Lines of a file without its tests.
const LIMIT: usize = 700;

/// Registries and tables, which are long because the list is.
const EXEMPT: &[&str] = &[];

pub fn complaints() -> Result<Vec<String>> {
    let mut complaints = Vec::new();
    for file in files::rust()? {
        let lines = lines_without_tests(&file);
        if lines > LIMIT && !EXEMPT.contains(&file.path.as_str()) {
            complaints.push(format!("{} has {lines} lines, {LIMIT} at most", file.path));
        }
    }
    Ok(complaints)
}

/// Tests are at the end of a file by house rule, so what follows `mod tests` does not count.
fn lines_without_tests(file: &File) -> usize {
    let lines: Vec<&str> = file.text.lines().collect();
    lines
        .windows(2)
        .position(|pair| matches!(pair, ["#[cfg(test)]", next] if next.starts_with("mod tests {")))
        .unwrap_or(lines.len())
}
