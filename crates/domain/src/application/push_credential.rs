//! `pushCredentials` of an application: with what notifications are pushed to its devices.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::entity::{Entity, kinds};
use crate::ids::ApplicationId;
use crate::reference::Ref;
use crate::store::{IndexEntry, IndexName, Kind};
use crate::time::Time;

/// Which service pushes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum PushService {
    /// Apple's.
    #[serde(rename = "APNS")]
    Apns,
    /// Google's, as it was until 2024.
    #[serde(rename = "FCM")]
    Fcm,
    /// Google's.
    #[serde(rename = "FCM_HTTP_V1")]
    FcmHttpV1,
    /// Huawei's.
    #[serde(rename = "HMS")]
    Hms,
}

impl PushService {
    /// The members without which nothing could be pushed.
    ///
    /// Source: PingOne's Go SDK, `MFAPushCredentialRequest`.
    pub fn needs(self) -> &'static [&'static str] {
        match self {
            Self::Apns => &["key", "teamId", "token"],
            Self::Fcm => &["key"],
            Self::FcmHttpV1 => &["googleServiceAccountCredentials"],
            Self::Hms => &["clientId", "clientSecret"],
        }
    }
}

/// A push credential. The secrets themselves are not kept: nothing here pushes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PushCredential {
    /// Its id.
    pub id: Uuid,
    /// Whose it is.
    pub application: Ref<ApplicationId>,
    /// Which service pushes.
    #[serde(rename = "type")]
    pub type_: PushService,
    /// When it was made.
    pub created_at: Time,
    /// When it last changed.
    pub updated_at: Time,
}

impl PushCredential {
    /// Index: credentials of an application, by its id.
    pub const BY_APPLICATION: IndexName = "application";
}

impl Entity for PushCredential {
    const KIND: Kind = kinds::PUSH_CREDENTIAL;
    fn id(&self) -> String {
        self.id.to_string()
    }
    fn indexes(&self) -> Vec<IndexEntry> {
        vec![IndexEntry {
            name: Self::BY_APPLICATION,
            value: self.application.id.to_string(),
        }]
    }
}
