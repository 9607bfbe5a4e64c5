//! Secrets at rest: private keys and client secrets are stored only as what [`Vault::seal`] makes.
//!
//! AES-256-GCM under a key derived from the master key for each environment (HKDF-SHA256), with a
//! random 96-bit nonce and the document's own name as associated data, so that a sealed value
//! moved to another document or environment does not open.

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use aws_lc_rs::hkdf;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use zeroize::{Zeroize, Zeroizing};

use crate::ids::EnvId;
use crate::ports::Entropy;
use crate::store::{Fault, Key};

/// A secret as it is stored: version, nonce and cipher text in base64url.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Sealed(String);

/// First byte of every sealed value; a new scheme gets a new number.
const SCHEME: u8 = 1;

/// Seals and opens secrets with the master key.
pub struct Vault {
    prk: hkdf::Prk,
}

impl std::fmt::Debug for Vault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Vault(..)")
    }
}

impl Vault {
    /// Length of the master key in bytes.
    pub const KEY_LEN: usize = 32;

    /// Takes the master key; the copy given is wiped.
    pub fn new(mut master: [u8; Self::KEY_LEN]) -> Self {
        let prk = hkdf::Salt::new(hkdf::HKDF_SHA256, b"countersign vault 1").extract(&master);
        master.zeroize();
        Self { prk }
    }

    fn derive(&self, purpose: &[u8], env: EnvId) -> Result<Zeroizing<[u8; 32]>, Fault> {
        let mut key = Zeroizing::new([0; 32]);
        let uuid = env.uuid();
        let info: [&[u8]; 2] = [purpose, uuid.as_bytes()];
        self.prk
            .expand(&info, hkdf::HKDF_SHA256)
            .and_then(|okm| okm.fill(key.as_mut()))
            .map_err(|_| Fault::Crypto("key derivation failed"))?;
        Ok(key)
    }

    fn sealing_key(&self, env: EnvId) -> Result<LessSafeKey, Fault> {
        let key = self.derive(b"seal", env)?;
        UnboundKey::new(&AES_256_GCM, key.as_ref())
            .map(LessSafeKey::new)
            .map_err(|_| Fault::Crypto("sealing key refused"))
    }

    /// A key for authenticating what the server hands out and takes back (cookies, cursors) in one
    /// environment. `purpose` keeps uses apart.
    pub fn mac_key(
        &self,
        purpose: &'static str,
        env: EnvId,
    ) -> Result<aws_lc_rs::hmac::Key, Fault> {
        let key = self.derive(purpose.as_bytes(), env)?;
        Ok(aws_lc_rs::hmac::Key::new(
            aws_lc_rs::hmac::HMAC_SHA256,
            key.as_ref(),
        ))
    }

    /// Seals a secret for the document `owner`.
    pub fn seal(&self, owner: &Key, secret: &[u8], entropy: &dyn Entropy) -> Result<Sealed, Fault> {
        let mut nonce = [0; NONCE_LEN];
        entropy.fill(&mut nonce);
        let mut cipher = secret.to_vec();
        self.sealing_key(owner.env)?
            .seal_in_place_append_tag(
                Nonce::assume_unique_for_key(nonce),
                Aad::from(associated(owner)),
                &mut cipher,
            )
            .map_err(|_| Fault::Crypto("sealing failed"))?;
        let mut out = Vec::with_capacity(1 + NONCE_LEN + cipher.len());
        out.push(SCHEME);
        out.extend_from_slice(&nonce);
        out.extend_from_slice(&cipher);
        Ok(Sealed(URL_SAFE_NO_PAD.encode(out)))
    }

    /// Opens what was sealed for the same document under the same master key.
    pub fn open(&self, owner: &Key, sealed: &Sealed) -> Result<Zeroizing<Vec<u8>>, Fault> {
        const BROKEN: Fault = Fault::Crypto("a sealed secret does not open: wrong master key?");
        let bytes = URL_SAFE_NO_PAD.decode(&sealed.0).map_err(|_| BROKEN)?;
        let (scheme, rest) = bytes.split_first().ok_or(BROKEN)?;
        if *scheme != SCHEME {
            return Err(BROKEN);
        }
        let (nonce, cipher) = rest.split_first_chunk::<NONCE_LEN>().ok_or(BROKEN)?;
        let mut plain = Zeroizing::new(cipher.to_vec());
        let length = self
            .sealing_key(owner.env)?
            .open_in_place(
                Nonce::assume_unique_for_key(*nonce),
                Aad::from(associated(owner)),
                plain.as_mut_slice(),
            )
            .map_err(|_| BROKEN)?
            .len();
        plain.truncate(length);
        Ok(plain)
    }
}

fn associated(owner: &Key) -> Vec<u8> {
    format!("{}/{}/{}", owner.kind.number, owner.env, owner.id).into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::entity::kinds;

    struct Fixed;
    impl Entropy for Fixed {
        fn fill(&self, out: &mut [u8]) {
            out.fill(7);
        }
    }

    fn owner(id: &str) -> Key {
        Key::new(kinds::KEY, EnvId::PLATFORM, id)
    }

    #[test]
    fn what_is_sealed_opens_again() {
        let vault = Vault::new([1; 32]);
        let sealed = vault.seal(&owner("a"), b"secret", &Fixed).unwrap();
        assert!(!format!("{sealed:?}").contains("secret"));
        assert_eq!(
            vault.open(&owner("a"), &sealed).unwrap().as_slice(),
            b"secret"
        );
    }

    #[test]
    fn a_sealed_secret_opens_nowhere_else() {
        let vault = Vault::new([1; 32]);
        let sealed = vault.seal(&owner("a"), b"secret", &Fixed).unwrap();
        assert!(vault.open(&owner("b"), &sealed).is_err());
        assert!(Vault::new([2; 32]).open(&owner("a"), &sealed).is_err());
    }
}
