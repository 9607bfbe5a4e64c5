//! A filter as a tree.

use serde_json::Value;

/// How an attribute is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Operator {
    /// Equal.
    Eq,
    /// Not equal.
    Ne,
    /// Contains.
    Co,
    /// Starts with.
    Sw,
    /// Ends with.
    Ew,
    /// Present.
    Pr,
    /// Greater than.
    Gt,
    /// Greater than or equal.
    Ge,
    /// Less than.
    Lt,
    /// Less than or equal.
    Le,
}

impl Operator {
    /// All of them.
    pub const ALL: [Self; 10] = [
        Self::Eq,
        Self::Ne,
        Self::Co,
        Self::Sw,
        Self::Ew,
        Self::Pr,
        Self::Gt,
        Self::Ge,
        Self::Lt,
        Self::Le,
    ];

    /// As it is written, in lower case.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Eq => "eq",
            Self::Ne => "ne",
            Self::Co => "co",
            Self::Sw => "sw",
            Self::Ew => "ew",
            Self::Pr => "pr",
            Self::Gt => "gt",
            Self::Ge => "ge",
            Self::Lt => "lt",
            Self::Le => "le",
        }
    }

    /// The operator of a word, in any letter case.
    pub fn of(word: &str) -> Option<Self> {
        let is_it = |it: &Self| it.name().eq_ignore_ascii_case(word);
        Self::ALL.into_iter().find(is_it)
    }
}

/// One comparison.
#[derive(Debug, Clone, PartialEq)]
pub struct Comparison {
    /// The attribute, dotted for a part of one.
    pub attribute: String,
    /// How.
    pub operator: Operator,
    /// With what; null for [`Operator::Pr`].
    pub value: Value,
}

/// A filter.
#[derive(Debug, Clone, PartialEq)]
pub enum Filter {
    /// All of them hold.
    And(Vec<Filter>),
    /// One of them holds.
    Or(Vec<Filter>),
    /// It does not hold.
    Not(Box<Filter>),
    /// A comparison holds.
    Compare(Comparison),
    /// A member of the list `attribute` fits the filter.
    Member {
        /// The list.
        attribute: String,
        /// What a member must be like.
        filter: Box<Filter>,
    },
}

impl Filter {
    /// How many comparisons it is made of.
    pub fn comparisons(&self) -> usize {
        match self {
            Self::And(parts) | Self::Or(parts) => parts.iter().map(Self::comparisons).sum(),
            Self::Not(part) | Self::Member { filter: part, .. } => part.comparisons(),
            Self::Compare(_) => 1,
        }
    }

    /// The text that an attribute must start with for the filter to hold, and whether it must be
    /// equal to it: what an index can be asked for. `None` when nothing of the kind follows.
    pub fn demands(&self, attribute: &str) -> Option<(Operator, &str)> {
        match self {
            Self::Compare(it) if it.attribute == attribute => match it.operator {
                Operator::Eq | Operator::Sw => Some((it.operator, it.value.as_str()?)),
                Operator::Ne
                | Operator::Co
                | Operator::Ew
                | Operator::Pr
                | Operator::Gt
                | Operator::Ge
                | Operator::Lt
                | Operator::Le => None,
            },
            Self::And(parts) => parts.iter().find_map(|part| part.demands(attribute)),
            Self::Compare(_) | Self::Or(_) | Self::Not(_) | Self::Member { .. } => None,
        }
    }
}
