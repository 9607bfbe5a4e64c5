//! Access tokens that ended before their time: one by one, or all that were issued with one family of
//! refresh tokens. (Whole sessions end by the session.)
//!
//! The ids of a family's access tokens begin with the first half of its own id. So a token says whose
//! it is, nothing is written when one is issued, and one document ends them all.

use std::time::Duration;

use countersign_domain::entity::{Entity, kinds};
use countersign_domain::ids::{EnvId, TokenId};
use countersign_domain::resource::Resource;
use countersign_domain::store::{Key, Kind};
use countersign_domain::time::Time;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// The half of an id that is a token's own.
const OWN: u128 = u64::MAX as u128;

/// A revoked access token, or all of a family; remembered until they would have expired anyway.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RevokedToken {
    /// The token's `jti`; of a family, what its tokens have in common.
    pub jti: TokenId,
    /// The token's `exp`.
    pub expires_at: Time,
}

impl RevokedToken {
    /// Every access token of a family.
    pub fn all_of(family: TokenId, now: Time) -> Self {
        let longest = Resource::ACCESS_TOKEN_VALIDITY_SECONDS.end().unsigned_abs();
        Self {
            jti: common(family),
            expires_at: now.plus(Duration::from_secs(longest)),
        }
    }

    /// Where it stands that a token is revoked, alone or with its family.
    pub fn keys(env: EnvId, jti: TokenId) -> [Key; 2] {
        [jti, common(jti)].map(|id| Key::new(Self::KIND, env, id.to_string()))
    }
}

/// The `jti` of an access token that is issued with a family of refresh tokens.
pub fn jti_in(family: TokenId, fresh: TokenId) -> TokenId {
    let (family, fresh) = (family.uuid().as_u128(), fresh.uuid().as_u128());
    TokenId::from_uuid(Uuid::from_u128(family & !OWN | fresh & OWN))
}

/// What the ids of a family have in common; no token's own id, whose second half is never empty.
fn common(jti: TokenId) -> TokenId {
    TokenId::from_uuid(Uuid::from_u128(jti.uuid().as_u128() & !OWN))
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
