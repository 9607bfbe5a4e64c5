//! What is wrong with an import file, and where.

use std::fmt::{self, Write as _};

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The file as it was named; empty until it is known.
    pub file: String,
    /// Line, from 1; 0 when it cannot be told.
    pub line: usize,
    /// Path of the field, such as `environments[0].applications[2].redirectUris[0]`.
    pub field: String,
    /// What is wrong, and what would be right. Never quotes secrets.
    pub message: String,
}

impl Problem {
    pub(super) const fn new(line: usize, message: String) -> Self {
        Self {
            file: String::new(),
            line,
            field: String::new(),
            message,
        }
    }

    /// Puts a step in front of the path.
    pub(super) fn inside(mut self, step: &str) -> Self {
        let joint = if self.field.is_empty() || self.field.starts_with('[') {
            ""
        } else {
            "."
        };
        self.field = format!("{step}{joint}{}", self.field);
        self
    }

    /// Gives it a line if it has none.
    pub(super) const fn at(mut self, line: usize) -> Self {
        if self.line == 0 {
            self.line = line;
        }
        self
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.file)?;
        if self.line > 0 {
            write!(f, ":{}", self.line)?;
        }
        if !self.field.is_empty() {
            write!(f, ": {}", self.field)?;
        }
        write!(f, ": {}", self.message)
    }
}

impl std::error::Error for Problem {}

impl serde::de::Error for Problem {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self::new(0, message.to_string())
    }

    fn unknown_variant(variant: &str, expected: &'static [&'static str]) -> Self {
        let mut message = format!("`{variant}` is not known here");
        if let Some(name) = nearest(variant, expected.iter().copied()) {
            let _ = write!(message, "; did you mean `{name}`?");
        }
        let _ = write!(message, " Allowed: {}", expected.join(", "));
        Self::new(0, message)
    }

    fn missing_field(field: &'static str) -> Self {
        Self::new(0, format!("`{field}` is missing"))
    }
}

/// Everything that is wrong with a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImportErrors(pub Vec<Problem>);

impl fmt::Display for ImportErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, problem) in self.0.iter().enumerate() {
            if at > 0 {
                f.write_str("\n")?;
            }
            problem.fmt(f)?;
        }
        Ok(())
    }
}

impl std::error::Error for ImportErrors {}

/// The name that `given` was probably meant to be.
pub(super) fn nearest<'a>(given: &str, names: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let given = given.to_lowercase();
    let most = given.chars().count() / 3 + 1;
    names
        .map(|name| (distance(&given, &name.to_lowercase()), name))
        .filter(|(distance, _)| *distance <= most)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, name)| name)
}

/// Levenshtein.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, from) in a.chars().enumerate() {
        let mut diagonal = i;
        let mut left = i + 1;
        let mut next = vec![left];
        for (to, above) in b.iter().zip(row.iter().skip(1)) {
            let replace = diagonal + usize::from(from != *to);
            left = replace.min(above + 1).min(left + 1);
            next.push(left);
            diagonal = *above;
        }
        row = next;
    }
    row.last().copied().unwrap_or_default()
}
