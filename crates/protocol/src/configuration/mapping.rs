//! A claim mapping with its expression read: once per snapshot, not once per token.

use std::ops::Deref;

use countersign_domain::application::ApplicationAttribute;
use countersign_domain::resource::ResourceAttribute;

use crate::expression::Expression;

/// A mapping of an application or a resource.
pub struct Mapping<A> {
    attribute: A,
    /// Its value's expression.
    pub expression: Expression,
    /// Whether it may ask for the user's groups.
    pub asks_for_groups: bool,
}

impl<A> Mapping<A> {
    fn of(attribute: A, value: &str) -> Self {
        Self {
            expression: Expression::read(value),
            asks_for_groups: value.contains("memberOfGroup"),
            attribute,
        }
    }
}

impl<A> Deref for Mapping<A> {
    type Target = A;
    fn deref(&self) -> &A {
        &self.attribute
    }
}

impl From<ApplicationAttribute> for Mapping<ApplicationAttribute> {
    fn from(attribute: ApplicationAttribute) -> Self {
        let value = attribute.value.clone();
        Self::of(attribute, &value)
    }
}

impl From<ResourceAttribute> for Mapping<ResourceAttribute> {
    fn from(attribute: ResourceAttribute) -> Self {
        let value = attribute.value.clone();
        Self::of(attribute, &value)
    }
}
