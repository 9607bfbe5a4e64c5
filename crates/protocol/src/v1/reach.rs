//! How far somebody's roles reach for one permission.

use std::collections::BTreeSet;

use countersign_domain::ids::{ApplicationId, PopulationId};

/// Where in an environment a permission holds.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Reach {
    /// In all of it.
    pub everywhere: bool,
    /// In these populations.
    pub populations: BTreeSet<PopulationId>,
    /// In these applications.
    pub applications: BTreeSet<ApplicationId>,
}

impl Reach {
    /// Everywhere.
    pub fn everywhere() -> Self {
        Self {
            everywhere: true,
            ..Self::default()
        }
    }

    /// Whether it reaches nothing.
    pub fn is_nowhere(&self) -> bool {
        !self.everywhere && self.populations.is_empty() && self.applications.is_empty()
    }

    /// Whether it reaches a population.
    pub fn has_population(&self, population: PopulationId) -> bool {
        self.everywhere || self.populations.contains(&population)
    }

    /// Whether it reaches an application.
    pub fn has_application(&self, application: ApplicationId) -> bool {
        self.everywhere || self.applications.contains(&application)
    }
}
