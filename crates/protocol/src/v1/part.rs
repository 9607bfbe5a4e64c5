//! Parts of a body that are kept as they were written: looked at member by member, and told of by
//! their whole path.

use std::ops::RangeInclusive;

use serde_json::Value;

use super::body::{Check, Object};
use crate::misfit::{Fit, Hint, Misfit};

/// An object of a body, and where it is.
pub struct Part<'a> {
    path: String,
    members: &'a Object,
}

impl<'a> Part<'a> {
    /// The body itself.
    pub const fn body(members: &'a Object) -> Self {
        Self {
            path: String::new(),
            members,
        }
    }

    /// A member of it that was read already.
    pub const fn member(path: String, members: &'a Object) -> Self {
        Self { path, members }
    }

    /// The path of a member, from the body on.
    pub fn path_of(&self, name: &str) -> String {
        if self.path.is_empty() {
            name.to_owned()
        } else {
            format!("{}.{name}", self.path)
        }
    }

    /// A member; null is absence, in lists as well.
    pub fn get(&self, name: &str) -> Option<&'a Value> {
        self.members.get(name).filter(|it| !it.is_null())
    }

    /// A member that is an object; one that is none is told.
    pub fn part(&self, check: &mut Check, name: &str) -> Option<Self> {
        let Value::Object(members) = self.get(name)? else {
            check.note(Misfit::invalid(self.path_of(name), "must be an object"));
            return None;
        };
        Some(Self {
            path: self.path_of(name),
            members,
        })
    }

    /// The same for one that must be there.
    pub fn needed(&self, check: &mut Check, name: &str) -> Option<Self> {
        if self.get(name).is_none() {
            check.note(Misfit::required(self.path_of(name)));
        }
        self.part(check, name)
    }

    /// The objects of a list that may be absent; what is none is told.
    pub fn parts(&self, check: &mut Check, name: &str) -> Vec<Self> {
        let items = match self.get(name) {
            None => return Vec::new(),
            Some(Value::Array(items)) => items.as_slice(),
            Some(_) => {
                check.note(Misfit::invalid(self.path_of(name), "must be a list"));
                return Vec::new();
            }
        };
        let mut parts = Vec::new();
        for (at, item) in items.iter().enumerate() {
            let path = format!("{}[{at}]", self.path_of(name));
            match item {
                Value::Object(members) => parts.push(Self { path, members }),
                _ => check.note(Misfit::invalid(path, "must be an object")),
            }
        }
        parts
    }

    /// Insists on a member that is true or false.
    pub fn switch(&self, check: &mut Check, name: &str) {
        match self.get(name) {
            Some(Value::Bool(_)) => {}
            Some(_) => check.note(Misfit::invalid(self.path_of(name), "must be true or false")),
            None => check.note(Misfit::required(self.path_of(name))),
        }
    }

    /// The same for one that may be absent.
    pub fn may_switch(&self, check: &mut Check, name: &str) {
        if self.get(name).is_some() {
            self.switch(check, name);
        }
    }

    /// Insists on members that are texts, whatever their names.
    pub fn texts(&self, check: &mut Check) {
        for (name, value) in self.members {
            check.expect(value.is_string(), || {
                Misfit::invalid(self.path_of(name), "must be a text")
            });
        }
    }

    /// Insists on a member that is a whole number within bounds.
    pub fn number(&self, check: &mut Check, name: &str, within: RangeInclusive<i64>) {
        match self.get(name).map(Value::as_i64) {
            Some(Some(number)) => check.range(self.path_of(name), number, within),
            Some(None) => {
                let misfit =
                    Misfit::new(Fit::Invalid, self.path_of(name), "must be a whole number");
                check.note(misfit);
            }
            None => check.note(Misfit::required(self.path_of(name))),
        }
    }

    /// Insists on a member that is one of these words.
    pub fn choice(&self, check: &mut Check, name: &str, allowed: &[&str]) {
        let Some(value) = self.get(name) else {
            return check.note(Misfit::required(self.path_of(name)));
        };
        if !value.as_str().is_some_and(|it| allowed.contains(&it)) {
            let message = format!("must be one of: {}", allowed.join(", "));
            let words = allowed.iter().map(|it| (*it).to_owned()).collect();
            let misfit = Misfit::invalid(self.path_of(name), message);
            check.note(misfit.hinting(Hint::Values(words)));
        }
    }
    /// The same for one that may be absent.
    pub fn may_choice(&self, check: &mut Check, name: &str, allowed: &[&str]) {
        if self.get(name).is_some() {
            self.choice(check, name, allowed);
        }
    }
}
