//! Verifies tokens that this server signed. The registered key decides the algorithm, never the
//! header; nothing of a token is read before its signature holds (`threats.md` 15, 16).

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use countersign_domain::time::Time;
use jsonwebtoken::Validation;
use serde::de::DeserializeOwned;

use super::header::{self, Malformed};
use super::keys::{Fingerprint, KeyMaterial};
use super::known::KnownSignatures;

/// Claims of a token whose signature holds. Only this module and [`client`](super::client) make one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verified<C> {
    claims: C,
    typ: Option<String>,
    signer: Option<Fingerprint>,
}

impl<C> Verified<C> {
    /// For claims whose signature this module's siblings have checked.
    pub(super) fn of(claims: C, typ: Option<String>) -> Self {
        Self {
            claims,
            typ,
            signer: None,
        }
    }

    /// The same of a key of ours.
    fn signed_by(key: &KeyMaterial, claims: C, typ: Option<String>) -> Self {
        Self {
            claims,
            typ,
            signer: Some(*key.fingerprint()),
        }
    }

    /// The claims.
    pub fn claims(&self) -> &C {
        &self.claims
    }

    /// The claims, taken out.
    pub fn into_claims(self) -> C {
        self.claims
    }

    /// The key of ours that signed it; none for tokens of clients.
    pub const fn signer(&self) -> Option<Fingerprint> {
        self.signer
    }

    /// The header's `typ`.
    pub fn typ(&self) -> Option<&str> {
        self.typ.as_deref()
    }
}

/// Why a token is not believed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Untrusted {
    /// Not a token at all.
    #[error("malformed: {0}")]
    Malformed(#[from] Malformed),
    /// Its `kid` is missing or names no key of this environment.
    #[error("signed with an unknown key")]
    UnknownKey,
    /// The set that should hold its key cannot be had. Inward text only.
    #[error("{0}")]
    KeysUnavailable(String),
    /// Its `alg` is not the key's.
    #[error("signed with algorithm {0:?}, which is not the key's")]
    Algorithm(String),
    /// The signature does not hold, or the claims are not what such a token carries.
    #[error("the signature or the claims do not hold")]
    Invalid,
}

/// Checks the signature of a token against the keys of one environment. Times, issuer and audience
/// are the caller's to check, against its own clock.
pub fn verify<'k, C: DeserializeOwned + Clone>(
    token: &str,
    keys: impl IntoIterator<Item = &'k KeyMaterial>,
    known: &KnownSignatures,
    now: Time,
) -> Result<Verified<C>, Untrusted> {
    let header = header::parse(token)?;
    let kid = header.kid.ok_or(Untrusted::UnknownKey)?;
    let key = keys
        .into_iter()
        .find(|key| key.jwk.kid == kid && key.is_believed(now))
        .ok_or(Untrusted::UnknownKey)?;
    if header.alg != key.jwk.alg {
        return Err(Untrusted::Algorithm(header.alg));
    }
    if known.has(key, token) {
        return Ok(Verified::signed_by(key, claims(token)?, header.typ));
    }
    let mut validation = Validation::new(key.algorithm().verifying());
    validation.required_spec_claims.clear();
    validation.validate_exp = false;
    validation.validate_aud = false;
    let data = jsonwebtoken::decode::<C>(token, key.verifying(), &validation)
        .map_err(|_| Untrusted::Invalid)?;
    known.note(key, token);
    Ok(Verified::signed_by(key, data.claims, header.typ))
}

/// The claims of a token whose signature holds.
fn claims<C: DeserializeOwned>(token: &str) -> Result<C, Untrusted> {
    let payload = token.split('.').nth(1).unwrap_or_default();
    let payload = URL_SAFE_NO_PAD.decode(payload);
    let payload = payload.map_err(|_| Untrusted::Invalid)?;
    serde_json::from_slice(&payload).map_err(|_| Untrusted::Invalid)
}
