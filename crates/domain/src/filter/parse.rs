//! From text to tree. The recursion is bounded by [`MAX_DEPTH`] (`threats.md` 41).

use serde_json::Value;

use super::{Comparison, Filter, Operator};

/// Longest filter in bytes.
pub const MAX_LENGTH: usize = 8 * 1024;
/// Deepest nesting of parentheses, brackets and `not`.
pub const MAX_DEPTH: usize = 32;
/// Most comparisons.
pub const MAX_COMPARISONS: usize = 512;

/// The text is not a filter.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotAFilter {
    /// It is longer than [`MAX_LENGTH`], deeper than [`MAX_DEPTH`], or has too many comparisons.
    #[error("the filter is too large")]
    TooLarge,
    /// Something else is expected at this place.
    #[error("expected {expected} at character {at}")]
    Expected {
        /// What.
        expected: &'static str,
        /// Counted from 1.
        at: usize,
    },
}

/// Reads a filter.
pub fn parse(text: &str) -> Result<Filter, NotAFilter> {
    if text.len() > MAX_LENGTH {
        return Err(NotAFilter::TooLarge);
    }
    let mut parser = Parser {
        text,
        at: 0,
        comparisons: 0,
    };
    let filter = parser.either(0)?;
    parser.skip_spaces();
    if parser.at < text.len() {
        return Err(parser.expected("`and`, `or` or the end"));
    }
    Ok(filter)
}

struct Parser<'a> {
    text: &'a str,
    at: usize,
    comparisons: usize,
}

impl<'a> Parser<'a> {
    fn rest(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn skip_spaces(&mut self) {
        let rest = self.rest();
        let spaces = rest.len() - rest.trim_start_matches([' ', '\t', '\r', '\n']).len();
        self.at += spaces;
    }

    fn expected(&self, expected: &'static str) -> NotAFilter {
        let before = self.text.get(..self.at).unwrap_or_default();
        NotAFilter::Expected {
            expected,
            at: before.chars().count() + 1,
        }
    }

    /// Takes a sign, if it is next.
    fn takes(&mut self, sign: char) -> bool {
        self.skip_spaces();
        let is_next = self.rest().starts_with(sign);
        if is_next {
            self.at += sign.len_utf8();
        }
        is_next
    }

    /// The word that is next, without taking it.
    fn word(&mut self) -> &'a str {
        self.skip_spaces();
        let rest = self.rest();
        let is_in_word = |it: char| it.is_ascii_alphanumeric() || "_.-:$".contains(it);
        let end = rest.find(|it| !is_in_word(it)).unwrap_or(rest.len());
        rest.get(..end).unwrap_or_default()
    }

    /// Takes a keyword in any letter case, if it is next.
    fn takes_word(&mut self, keyword: &str) -> bool {
        let word = self.word();
        let is_next = word.eq_ignore_ascii_case(keyword);
        if is_next {
            self.at += word.len();
        }
        is_next
    }

    /// `a or b or c`
    fn either(&mut self, depth: usize) -> Result<Filter, NotAFilter> {
        if depth > MAX_DEPTH {
            return Err(NotAFilter::TooLarge);
        }
        let first = self.both(depth)?;
        if !self.takes_word("or") {
            return Ok(first);
        }
        let mut parts = vec![first, self.both(depth)?];
        while self.takes_word("or") {
            parts.push(self.both(depth)?);
        }
        Ok(Filter::Or(parts))
    }

    /// `a and b and c`, which binds closer than `or`.
    ///
    /// Spec: RFC 7644 3.4.2.2.
    fn both(&mut self, depth: usize) -> Result<Filter, NotAFilter> {
        let first = self.one(depth)?;
        if !self.takes_word("and") {
            return Ok(first);
        }
        let mut parts = vec![first, self.one(depth)?];
        while self.takes_word("and") {
            parts.push(self.one(depth)?);
        }
        Ok(Filter::And(parts))
    }

    fn one(&mut self, depth: usize) -> Result<Filter, NotAFilter> {
        if self.takes('(') {
            let filter = self.either(depth + 1)?;
            return self.closed(')', "`)`", filter);
        }
        let name = self.word();
        if name.eq_ignore_ascii_case("not") {
            let before = self.at;
            self.at += name.len();
            if self.takes('(') {
                let filter = self.either(depth + 1)?;
                return self.closed(')', "`)`", Filter::Not(Box::new(filter)));
            }
            self.at = before;
        }
        if !name.starts_with(|it: char| it.is_ascii_alphabetic()) {
            return Err(self.expected("an attribute, `not` or `(`"));
        }
        self.at += name.len();
        if self.takes('[') {
            let filter = Box::new(self.either(depth + 1)?);
            let attribute = name.to_owned();
            return self.closed(']', "`]`", Filter::Member { attribute, filter });
        }
        self.comparison(name)
    }

    fn closed(
        &mut self,
        sign: char,
        expected: &'static str,
        filter: Filter,
    ) -> Result<Filter, NotAFilter> {
        if self.takes(sign) {
            Ok(filter)
        } else {
            Err(self.expected(expected))
        }
    }

    fn comparison(&mut self, attribute: &str) -> Result<Filter, NotAFilter> {
        self.comparisons += 1;
        if self.comparisons > MAX_COMPARISONS {
            return Err(NotAFilter::TooLarge);
        }
        let word = self.word();
        let operator = Operator::of(word).ok_or_else(|| self.expected("an operator"))?;
        self.at += word.len();
        let value = if operator == Operator::Pr {
            Value::Null
        } else {
            self.value()?
        };
        Ok(Filter::Compare(Comparison {
            attribute: attribute.to_owned(),
            operator,
            value,
        }))
    }

    /// A JSON string, number, `true`, `false` or `null`.
    fn value(&mut self) -> Result<Value, NotAFilter> {
        self.skip_spaces();
        let rest = self.rest();
        let length = if rest.starts_with('"') {
            string_length(rest).ok_or_else(|| self.expected("the end of the text"))?
        } else {
            self.word().len()
        };
        let text = rest.get(..length).unwrap_or_default();
        let value = serde_json::from_str(text).map_err(|_| self.expected("a value"))?;
        self.at += length;
        Ok(value)
    }
}

/// How long the quoted text at the start is, quotes included.
fn string_length(text: &str) -> Option<usize> {
    let mut is_escaped = false;
    for (at, byte) in text.bytes().enumerate().skip(1) {
        match byte {
            _ if is_escaped => is_escaped = false,
            b'\\' => is_escaped = true,
            b'"' => return Some(at + 1),
            _ => {}
        }
    }
    None
}
