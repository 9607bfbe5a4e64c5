//! Access tokens that ended before their time, one by one. (Whole sessions end by the session.)

use countersign_domain::entity::{Entity, kinds};
use countersign_domain::ids::TokenId;
use countersign_domain::store::Kind;
use countersign_domain::time::Time;
use serde::{Deserialize, Serialize};

/// A revoked access token, remembered until it would have expired anyway.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RevokedToken {
    /// The token's `jti`.
    pub jti: TokenId,
    /// The token's `exp`.
    pub expires_at: Time,
}

impl Entity for RevokedToken {
    const KIND: Kind = kinds::REVOKED_TOKEN;
    fn id(&self) -> String {
        self.jti.to_string()
    }
    fn expires_at(&self) -> Option<Time> {
        Some(self.expires_at)
    }
}
