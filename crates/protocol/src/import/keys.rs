//! Signing keys and their rotation.

use aws_lc_rs::constant_time::verify_slices_are_equal;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use countersign_domain::entity::{Entity, kinds};
use countersign_domain::ids::{EnvId, KeyId, derived_uuid};
use countersign_domain::key::{KeyRotationPolicy, KeySpec, SignatureAlgorithm, SigningKey};
use countersign_domain::store::Fault;
use countersign_domain::time::Time;
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject;
use serde_json::json;
use uuid::Uuid;

use super::build::Parts;
use super::node::{Data, Node};
use super::plan::{Plan, Referent};
use super::problem::Problem;
use crate::defaults::key_pair::{self, KeyPair};
use crate::defaults::{KEY_ROTATION_DAYS, KEY_VALIDITY_DAYS, Maker};

pub(super) const KEY_ROTATION_POLICY: Referent = Referent {
    kind: kinds::KEY_ROTATION_POLICY,
    noun: "key rotation policy",
    rule: KeyRotationPolicy::UNIQUE_NAME,
    folds: false,
};

impl Plan<'_> {
    pub(super) fn key(&mut self, env: EnvId, mut node: Node) -> Result<(), Fault> {
        let allowed = [
            "id",
            "name",
            "privateKey",
            "certificate",
            "default",
            "status",
            "usageType",
            "signatureAlgorithm",
            "subjectDN",
            "validityPeriod",
            "customCRL",
            "createdAt",
        ];
        if !self.only(&node, &allowed) {
            return Ok(());
        }
        let Some(name) = self.name_of(&node, "name") else {
            return Ok(());
        };
        let keys: Vec<SigningKey> = self.draft.all(env)?;
        let known = keys
            .iter()
            .find(|it| it.name == name)
            .map(|it| it.id.uuid());
        let id = KeyId::from_uuid(self.identify(&mut node, env, kinds::KEY, known, &name));
        let before = keys.into_iter().find(|it| it.id == id);
        let pair = match node.take("privateKey") {
            None if before.is_some() || self.tools.is_none() => None,
            given => {
                let line = given.as_ref().map_or(node.line, |it| it.line);
                let Some(Data::Text(pem)) = given.map(|it| it.data) else {
                    self.note(line, "privateKey", "is missing; it must be PEM");
                    return Ok(());
                };
                match KeyPair::from_pem(&pem) {
                    Ok(pair) => Some(pair),
                    Err(fault) => {
                        self.note(line, "privateKey", fault);
                        return Ok(());
                    }
                }
            }
        };
        let certificate = node.take("certificate");
        let line = node.line;
        let Some(tools) = self.tools else {
            return Ok(());
        };
        let made = make_key(
            env,
            id,
            &name,
            before,
            pair,
            certificate,
            &mut node,
            tools.maker,
        )?;
        let mut key = match made {
            Ok(key) => key,
            Err(problem) => {
                self.problem(problem);
                return Ok(());
            }
        };
        // The remaining fields are plain ones of the entity.
        if let Some(Data::Text(written)) = node.take("subjectDN").map(|it| it.data)
            && named_parts(&written).eq(named_parts(&key.subject_dn))
        {
            key.subject_dn = written;
        }
        node.take("validityPeriod");
        self.put(env, line, &key)?;
        let built: Option<SigningKey> = self.entity(Parts {
            nested: &[],
            ..Parts::of(env, id, node)
        })?;
        if let Some(key) = &built {
            let pair = key_pair::open_private(tools.maker.vault, env, key)?;
            // The management API takes any hash with any curve, as PingOne does. Such a key signs no
            // tokens, so that it must not be the default.
            let is_of = key.signature_algorithm.is_of(pair.algorithm());
            if !pair.can_sign(key.signature_algorithm) && (key.default || !is_of) {
                self.note(
                    line,
                    "signatureAlgorithm",
                    "is not one that this key can sign with",
                );
            }
        }
        if let Some(key) = built.filter(|it| it.default) {
            self.only_default(env, &key.id(), |other: &mut SigningKey| {
                other.usage_type == key.usage_type && std::mem::take(&mut other.default)
            })?;
        }
        Ok(())
    }

    pub(super) fn key_rotation_policy(&mut self, env: EnvId, mut node: Node) -> Result<(), Fault> {
        let Some(name) = self.name_of(&node, "name") else {
            return Ok(());
        };
        let id = self.named(env, &mut node, &KEY_ROTATION_POLICY, "", &name);
        let is_new = !self.draft.has(kinds::KEY_ROTATION_POLICY, env, id);
        let spec = wanted_spec(&node);
        let dn = format!("CN={name}, O=Countersign");
        for (field, label) in [("currentKeyId", "current"), ("nextKeyId", "next")] {
            if let Some(value) = node.take(field) {
                if let Some(key) = self.key_reference(env, &value, field)? {
                    node.set(field, Node::text(key, value.line));
                }
            } else if let (true, Some(tools)) = (is_new, self.tools) {
                let label = format!("{name}/{label}");
                let key = derived_uuid(env, kinds::KEY, &label);
                let key = KeyId::from_uuid(key);
                let Some((spec, signature)) = spec else {
                    continue;
                };
                let pair = match spec {
                    KeySpec::Rsa2048 => (tools.make_key)()?,
                    spec => KeyPair::generate_for(spec)?,
                };
                let mut made =
                    crate::defaults::signing_key(tools.maker, env, key, &dn, &pair, false)?;
                made.signature_algorithm = signature;
                self.draft.put(env, &made)?;
                node.set(field, Node::text(key.to_string(), node.line));
            }
        }
        let line = node.line;
        let built: Option<KeyRotationPolicy> = self.entity(Parts {
            fresh: vec![
                ("dn", json!(dn)),
                ("algorithm", json!("RSA")),
                ("keyLength", json!(KeyPair::BITS)),
                ("signatureAlgorithm", json!("SHA256withRSA")),
                ("usageType", json!("SIGNING")),
                ("rotatedAt", json!(self.now.to_string())),
            ],
            ..Parts::of(env, id, node)
        })?;
        let Some(policy) = built else { return Ok(()) };
        if policy.key_spec().is_none() {
            let message = "must be RSA of 2048, 3072 or 4096 bits with SHA256withRSA, \
                SHA384withRSA, SHA512withRSA or SHA256withRSAandMGF1; EC of 256 bits with \
                SHA256withECDSA or of 384 with SHA384withECDSA; or OKP of 256 with Ed25519";
            self.note(line, "signatureAlgorithm", message);
        }
        if !(30..policy.validity_period).contains(&policy.rotation_period) {
            let message = "must be 30 or more, and less than validityPeriod";
            self.note(line, "rotationPeriod", message);
        }
        if policy.default {
            self.only_default(env, &policy.id(), |other: &mut KeyRotationPolicy| {
                std::mem::take(&mut other.default)
            })?;
        }
        Ok(())
    }

    /// A key by id or name.
    fn key_reference(
        &mut self,
        env: EnvId,
        node: &Node,
        field: &str,
    ) -> Result<Option<String>, Fault> {
        let Data::Text(text) = &node.data else {
            self.note(node.line, field, "must be the name or id of a key");
            return Ok(None);
        };
        let keys: Vec<SigningKey> = self.draft.all(env)?;
        let found = keys
            .iter()
            .find(|it| it.name == *text || it.id.to_string() == *text);
        if let Some(key) = found {
            return Ok(Some(key.id.to_string()));
        }
        if self.tools.is_none() {
            return Ok(Some(Uuid::nil().to_string()));
        }
        self.note(node.line, field, format!("there is no key `{text}`"));
        Ok(None)
    }
}

/// What keys a policy of the file asks for, as far as it says so; `None` when that is none that can
/// be made.
fn wanted_spec(node: &Node) -> Option<(KeySpec, SignatureAlgorithm)> {
    let word = |field, usual: &'static str| json!(node.get_text(field).unwrap_or(usual));
    let algorithm = serde_json::from_value(word("algorithm", "RSA")).ok()?;
    let signature = serde_json::from_value(word("signatureAlgorithm", "SHA256withRSA")).ok()?;
    let bits = match node.get("keyLength").map(|it| &it.data) {
        Some(Data::Number(bits)) => bits.as_u64().and_then(|it| u32::try_from(it).ok())?,
        _ => KeyPair::BITS,
    };
    Some((KeySpec::of(algorithm, bits, signature)?, signature))
}

/// The stored form of a key of the file. Unchanged when it is the same private key and the
/// certificate is the same or not given.
#[expect(clippy::too_many_arguments, reason = "each is one fact, used once")]
fn make_key(
    env: EnvId,
    id: KeyId,
    name: &str,
    before: Option<SigningKey>,
    pair: Option<KeyPair>,
    certificate: Option<Node>,
    node: &mut Node,
    maker: Maker<'_>,
) -> Result<Result<SigningKey, Problem>, Fault> {
    let opened = match &before {
        Some(key) => Some(key_pair::open_private(maker.vault, env, key)?),
        None => None,
    };
    let is_same = match (&opened, &pair) {
        (Some(old), Some(new)) => verify_slices_are_equal(old.pkcs8(), new.pkcs8()).is_ok(),
        _ => true,
    };
    let problem =
        |line, message: &str| Problem::new(line, message.to_owned()).inside("certificate");
    let der = match &certificate {
        None => None,
        Some(given) => match certificate_der(given) {
            Some(der) => Some((der, given.line)),
            None => return Ok(Err(problem(given.line, "must be PEM or base64 of DER"))),
        },
    };
    let mut key = match (before, pair.or(opened)) {
        (Some(before), _) if is_same => before,
        (_, Some(pair)) => {
            let dn = node.get_text("subjectDN").map_or_else(
                || format!("CN={}, O=Countersign", name.replace([',', '='], " ")),
                str::to_owned,
            );
            let days = match node.get("validityPeriod").map(|it| &it.data) {
                Some(Data::Number(days)) => days.as_u64().and_then(|it| u32::try_from(it).ok()),
                _ => Some(KEY_VALIDITY_DAYS),
            };
            let days = days.unwrap_or(KEY_VALIDITY_DAYS).max(KEY_ROTATION_DAYS);
            match crate::defaults::certified_key(maker, env, id, &dn, &pair, days) {
                Ok(key) => key,
                Err(fault) => {
                    let text = fault.to_string();
                    return Ok(Err(Problem::new(node.line, text).inside("subjectDN")));
                }
            }
        }
        (_, None) => {
            return Ok(Err(Problem::new(
                node.line,
                "privateKey is missing".to_owned(),
            )));
        }
    };
    name.clone_into(&mut key.name);
    if let Some((der, line)) = der {
        let pair = key_pair::open_private(maker.vault, env, &key)?;
        if !pair.is_certified_by(&der).unwrap_or(false) {
            return Ok(Err(problem(
                line,
                "is not a certificate of this private key",
            )));
        }
        if !describe(&mut key, &der) {
            return Ok(Err(problem(line, "cannot be read")));
        }
        key.certificate = STANDARD.encode(der);
    }
    Ok(Ok(key))
}

/// The parts of a distinguished name that say something: `L=` is in no certificate, and PingOne
/// echoes it as it was sent.
fn named_parts(dn: &str) -> impl Iterator<Item = &str> {
    dn.split(',').map(str::trim).filter(|it| !it.ends_with('='))
}

/// Takes over what a certificate says. The names stay as they are when they were written by us:
/// PingOne echoes them as sent.
fn describe(key: &mut SigningKey, der: &[u8]) -> bool {
    use x509_parser::prelude::{FromDer, X509Certificate};
    let Ok((_, parsed)) = X509Certificate::from_der(der) else {
        return false;
    };
    if STANDARD.decode(&key.certificate).as_deref() == Ok(der) {
        return true;
    }
    key.subject_dn = parsed.subject().to_string();
    key.issuer_dn = parsed.issuer().to_string();
    key.serial_number = parsed.tbs_certificate.serial.to_string();
    key.starts_at = Time::from_seconds(parsed.validity().not_before.timestamp());
    key.expires_at = Time::from_seconds(parsed.validity().not_after.timestamp());
    true
}

pub(super) fn certificate_der(node: &Node) -> Option<Vec<u8>> {
    let Data::Text(text) = &node.data else {
        return None;
    };
    if text.contains("-----BEGIN") {
        let der = CertificateDer::from_pem_slice(text.as_bytes()).ok()?;
        return Some(der.to_vec());
    }
    STANDARD.decode(text.trim()).ok()
}
