//! A DNS that says what a test tells it.

use std::collections::BTreeMap;

use countersign_domain::ports::{BoxFuture, Names, NamesError};
use parking_lot::Mutex;

/// Aliases by name; a name that is not there does not exist.
#[derive(Debug, Default)]
pub struct ToldNames(Mutex<BTreeMap<String, Option<String>>>);

impl ToldNames {
    /// From now on the name exists, with this alias or without one.
    pub fn tell(&self, name: &str, alias: Option<&str>) {
        let alias = alias.map(str::to_owned);
        self.0.lock().insert(name.to_owned(), alias);
    }
}

impl Names for ToldNames {
    fn alias<'a>(&'a self, name: &'a str) -> BoxFuture<'a, Result<Option<String>, NamesError>> {
        let told = self.0.lock().get(name).cloned();
        Box::pin(std::future::ready(told.ok_or(NamesError::NoSuchName)))
    }
}
