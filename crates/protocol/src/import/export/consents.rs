//! What people agreed to, as `import/consents.rs` reads it.

use std::collections::BTreeMap;

use countersign_domain::agreement::AgreementConsent;
use countersign_domain::consent::OauthConsent;
use countersign_domain::ids::UserId;
use countersign_domain::store::Fault;
use serde_json::Value;

use super::{Exporter, of, set};

/// All consents of an environment, by person.
#[derive(Default)]
pub(super) struct Consents {
    oauth: BTreeMap<UserId, Vec<OauthConsent>>,
    agreements: BTreeMap<UserId, Vec<AgreementConsent>>,
}

impl Exporter<'_> {
    /// None, where they are not to be written.
    pub(super) async fn consents(&self) -> Result<Consents, Fault> {
        let mut consents = Consents::default();
        if self.options.without_consents {
            return Ok(consents);
        }
        for consent in self.all::<OauthConsent>().await? {
            let own = consents.oauth.entry(consent.user.id).or_default();
            own.push(consent);
        }
        for consent in self.all::<AgreementConsent>().await? {
            let own = consents.agreements.entry(consent.user.id).or_default();
            own.push(consent);
        }
        Ok(consents)
    }
}

impl Consents {
    /// Adds those of a person to what is written of them.
    pub(super) fn write(&self, user: UserId, value: &mut Value) -> Result<(), Fault> {
        let own = self.oauth.get(&user).map(Vec::as_slice);
        let own = of(own.unwrap_or_default(), &["user"], |_| true)?;
        set(value, "oauthConsents", own);
        let own = self.agreements.get(&user).map(Vec::as_slice);
        let own = of(own.unwrap_or_default(), &["user"], |_| true)?;
        set(value, "agreementConsents", own);
        Ok(())
    }
}
