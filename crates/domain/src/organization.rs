//! `/v1/organizations`: who owns environments, and under which licence. Both live under
//! [`EnvId::PLATFORM`](crate::ids::EnvId::PLATFORM).

use serde::{Deserialize, Serialize};

use crate::entity::{Entity, kinds};
use crate::ids::{LicenseId, OrganizationId};
use crate::reference::Ref;
use crate::store::{IndexEntry, IndexName, Kind};
use crate::time::Time;

/// An organization.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Organization {
    /// Its id.
    pub id: OrganizationId,
    /// Its name.
    pub name: String,
    /// For people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// When it was made.
    pub created_at: Time,
    /// When it last changed.
    pub updated_at: Time,
}

impl Entity for Organization {
    const KIND: Kind = kinds::ORGANIZATION;
    fn id(&self) -> String {
        self.id.to_string()
    }
}

/// Whether a licence is in force.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum LicenseStatus {
    /// In force.
    #[default]
    Active,
    /// Over.
    Expired,
    /// Not begun.
    Future,
    /// Ended by hand.
    Terminated,
}

/// A licence. Nothing is limited by it here; clients ask for one when they make environments.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct License {
    /// Its id.
    pub id: LicenseId,
    /// Whose it is.
    pub organization: Ref<OrganizationId>,
    /// Its name.
    pub name: String,
    /// The package's code, such as `INTERNAL`.
    pub package: String,
    /// Whether it is in force.
    #[serde(default)]
    pub status: LicenseStatus,
    /// When it was made.
    pub created_at: Time,
    /// When it last changed.
    pub updated_at: Time,
}

impl License {
    /// Index: licences of an organization, by its id.
    pub const BY_ORGANIZATION: IndexName = "organization";
}

impl Entity for License {
    const KIND: Kind = kinds::LICENSE;
    fn id(&self) -> String {
        self.id.to_string()
    }
    fn indexes(&self) -> Vec<IndexEntry> {
        vec![IndexEntry {
            name: Self::BY_ORGANIZATION,
            value: self.organization.id.to_string(),
        }]
    }
}
