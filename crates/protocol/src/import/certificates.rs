//! Certificates whose private keys are elsewhere.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use countersign_domain::entity::kinds;
use countersign_domain::ids::EnvId;
use countersign_domain::key::Certificate;
use countersign_domain::store::Fault;
use serde_json::json;

use super::build::Parts;
use super::keys::certificate_der;
use super::node::Node;
use super::plan::Plan;
use crate::v1::certified::{Said, is_for_certificates};

impl Plan<'_> {
    /// A certificate says itself what it is; without an id it is the one of its bytes.
    pub(super) fn certificate(&mut self, env: EnvId, mut node: Node) -> Result<(), Fault> {
        let line = node.line;
        let allowed = ["id", "name", "usageType", "certificate", "createdAt"];
        if !self.only(&node, &allowed) {
            return Ok(());
        }
        let Some(given) = node.take("certificate") else {
            self.note(
                line,
                "certificate",
                "is missing; it must be PEM or base64 of DER",
            );
            return Ok(());
        };
        let found = certificate_der(&given);
        let Some((der, said)) = found.and_then(|der| Said::of(&der).map(|said| (der, said))) else {
            let message = "must be PEM or base64 of DER, with a key of a known kind";
            self.note(given.line, "certificate", message);
            return Ok(());
        };
        let encoded = STANDARD.encode(&der);
        let all: Vec<Certificate> = self.draft.all(env)?;
        let known = all.iter().find(|it| it.certificate == encoded);
        let known = known.map(|it| it.id.uuid());
        let id = self.identify(&mut node, env, kinds::CERTIFICATE, known, &encoded);
        let built: Option<Certificate> = self.entity(Parts {
            implied: vec![
                ("algorithm", json!(said.algorithm)),
                ("keyLength", json!(said.bits)),
                ("signatureAlgorithm", json!(said.signature)),
                ("startsAt", json!(said.starts_at)),
                ("expiresAt", json!(said.expires_at)),
                ("subjectDN", json!(said.plain_subject)),
                ("issuerDN", json!(said.plain_issuer)),
                ("serialNumber", json!(said.serial)),
                ("certificate", json!(encoded)),
            ],
            fresh: vec![("name", json!(said.name))],
            ..Parts::of(env, id, node)
        })?;
        if built.is_some_and(|it| !is_for_certificates(it.usage_type)) {
            self.note(line, "usageType", "takes a private key");
        }
        Ok(())
    }
}
