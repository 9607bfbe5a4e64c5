//! Devices of people, and certificates.

use countersign_domain::device::Device;
use countersign_domain::entity::Entity;
use countersign_domain::key::Certificate;
use countersign_domain::store::Fault;
use data_encoding::BASE32_NOPAD;
use serde_json::{Value, json};

use super::{Exporter, plain};

impl Exporter<'_> {
    /// Without secrets, those that have one are left out: they would be of no use to anybody.
    pub(super) fn devices(&self, of_user: &[Device]) -> Result<Vec<Value>, Fault> {
        let mut written = Vec::new();
        for device in of_user {
            let mut one = plain(device, &["user", "secret"])?;
            match (&device.secret, one.as_object_mut()) {
                (Some(_), _) if !self.options.secrets => continue,
                (Some(sealed), Some(fields)) => {
                    let secret = self.ports.vault.open(&device.key(self.env), sealed)?;
                    fields.insert("secret".to_owned(), json!(BASE32_NOPAD.encode(&secret)));
                }
                _ => {}
            }
            written.push(one);
        }
        Ok(written)
    }

    /// What a certificate says of itself is not said again.
    pub(super) async fn certificates(&self) -> Result<Vec<Value>, Fault> {
        let all: Vec<Certificate> = self.all().await?;
        let written = all.iter().map(|it| {
            json!({ "id": it.id, "name": it.name, "usageType": it.usage_type,
                "createdAt": it.created_at, "certificate": it.certificate })
        });
        Ok(written.collect())
    }
}
