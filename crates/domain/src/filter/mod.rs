//! The SCIM filter grammar of lists (`reference/platform.md` 1.5): `attr op "value"`, joined with
//! `and` / `or`, negated with `not`, grouped in `( )`, and `attr[...]` for members of a list.
//!
//! A filter is parsed, then held against what a resource can be filtered by, then evaluated on the
//! resource's JSON. It never becomes a part of a query text (`threats.md` 40).

mod ast;
mod eval;
mod parse;

pub use ast::{Comparison, Filter, Operator};
pub use eval::{Filterable, Unsupported, check, matches};
pub use parse::{MAX_COMPARISONS, MAX_DEPTH, MAX_LENGTH, NotAFilter, parse};

#[cfg(test)]
mod tests;
