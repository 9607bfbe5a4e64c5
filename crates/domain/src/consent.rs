//! `/v1/environments/{e}/users/{u}/oauthConsents`: which scopes a user let an application have
//! (`reference/platform.md` 3.7). Of the grants that are served, the device grant asks and records.

use serde::{Deserialize, Serialize};

use crate::entity::{Entity, kinds};
use crate::ids::{ApplicationId, EnvId, OauthConsentId, UserId};
use crate::reference::Ref;
use crate::store::{IndexEntry, IndexName, Key, Kind};
use crate::time::Time;

/// Whether a consent holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum OauthConsentStatus {
    /// It does.
    Accepted,
    /// The user said no.
    Declined,
    /// It did, and was taken back.
    Revoked,
}

/// Where the application of a consent is registered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum ConsentApplicationType {
    /// Here.
    #[default]
    Pingone,
    /// Elsewhere; recorded through the management API.
    External,
}

/// A program and its version, as the browser names itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Software {
    /// Its name.
    pub name: String,
    /// Its version.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
}

/// What kind of device a person used.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConsentDevice {
    /// Such as `desktop`.
    #[serde(rename = "type")]
    pub type_: String,
}

/// The scopes that a user let one application have. One per user and application.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct OauthConsent {
    /// Its id.
    pub id: OauthConsentId,
    /// Who consented.
    pub user: Ref<UserId>,
    /// To whom; absent for an application registered elsewhere.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub application: Option<Ref<ApplicationId>>,
    /// Name of the application at the time.
    pub application_name: String,
    /// Where the application is registered.
    #[serde(default)]
    pub application_type: ConsentApplicationType,
    /// Names of the scopes.
    pub scope: Vec<String>,
    /// Whether it holds.
    pub status: OauthConsentStatus,
    /// The browser used.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub browser: Option<Software>,
    /// The operating system used.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub operating_system: Option<Software>,
    /// The device used.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub device: Option<ConsentDevice>,
    /// When the user said so.
    pub consented_at: Time,
    /// When it last changed.
    pub updated_at: Time,
}

impl OauthConsent {
    /// Index: consents of a user, by the user's id.
    pub const BY_USER: IndexName = "user";
    /// Most scopes of one, where somebody else tells of it.
    pub const MAX_SCOPES: usize = 100;
    /// Unique: see [`OauthConsent::of`] and [`OauthConsent::of_elsewhere`].
    pub const UNIQUE_APPLICATION: IndexName = "application";

    /// The value of [`OauthConsent::UNIQUE_APPLICATION`] for an application that is registered here.
    pub fn of(user: UserId, application: ApplicationId) -> String {
        format!("{user}/{application}")
    }

    /// The same for one that is registered elsewhere, and has no more than a name.
    pub fn of_elsewhere(user: UserId, application_name: &str) -> String {
        format!("{user}/name:{application_name}")
    }

    /// Whether it holds.
    pub fn holds(&self) -> bool {
        self.status == OauthConsentStatus::Accepted
    }
}

impl Entity for OauthConsent {
    const KIND: Kind = kinds::OAUTH_CONSENT;
    fn id(&self) -> String {
        self.id.to_string()
    }
    fn indexes(&self) -> Vec<IndexEntry> {
        vec![IndexEntry {
            name: Self::BY_USER,
            value: self.user.id.to_string(),
        }]
    }
    fn rests_on(&self, env: EnvId) -> Vec<Key> {
        vec![Key::new(kinds::USER, env, self.user.id.to_string())]
    }
    fn uniques(&self) -> Vec<(IndexName, String)> {
        let application = match self.application {
            Some(application) => Self::of(self.user.id, application.id),
            None => Self::of_elsewhere(self.user.id, &self.application_name),
        };
        vec![(Self::UNIQUE_APPLICATION, application)]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_words_are_those_of_the_wire() {
        let json = serde_json::json!({
            "id": "00000000-0000-4000-8000-000000000001",
            "user": { "id": "00000000-0000-4000-8000-000000000002" },
            "application": { "id": "00000000-0000-4000-8000-000000000003" },
            "applicationName": "Television", "applicationType": "PINGONE",
            "scope": ["openid"], "status": "ACCEPTED",
            "operatingSystem": { "name": "Mac OS" }, "device": { "type": "desktop" },
            "consentedAt": "2026-01-01T00:00:00.000Z", "updatedAt": "2026-01-01T00:00:00.000Z",
        });
        let consent: OauthConsent = serde_json::from_value(json.clone()).unwrap();
        assert!(consent.holds());
        assert_eq!(serde_json::to_value(&consent).unwrap(), json);
    }
}
