//! An environment as seen at one of its addresses: issuer, links and discovery document differ, all
//! else is shared.

use std::ops::Deref;
use std::sync::Arc;

use super::Compiled;
use crate::as_::well_known;
use crate::urls::Urls;

/// The configuration of an environment at the address that a request came to.
pub struct Snapshot {
    /// Its issuer there.
    pub issuer: String,
    /// Base URLs there, for every link.
    pub urls: Arc<Urls>,
    /// The discovery document there, rendered.
    pub discovery: Arc<str>,
    compiled: Arc<Compiled>,
}

impl Deref for Snapshot {
    type Target = Compiled;
    fn deref(&self) -> &Compiled {
        &self.compiled
    }
}

impl Snapshot {
    fn at(urls: Arc<Urls>, compiled: &Arc<Compiled>) -> Arc<Self> {
        let issuer = urls.issuer(compiled.id);
        let settings = &compiled.environment.settings;
        let discovery =
            well_known::openid_configuration::render(&issuer, settings, &compiled.keys).into();
        Arc::new(Self {
            issuer,
            urls,
            discovery,
            compiled: Arc::clone(compiled),
        })
    }
}

/// An environment at all of its addresses.
pub(super) struct Addresses {
    own: Arc<Snapshot>,
    /// By the host of each active custom domain.
    domains: Vec<(String, Arc<Snapshot>)>,
}

impl Addresses {
    pub fn of(compiled: Compiled, urls: &Arc<Urls>) -> Self {
        let compiled = Arc::new(compiled);
        let active = compiled.domains.iter().filter(|it| it.is_active());
        let domains = active.map(|domain| {
            let host = domain.host();
            let urls = Arc::new(urls.on_domain(&host));
            (host, Snapshot::at(urls, &compiled))
        });
        Self {
            domains: domains.collect(),
            own: Snapshot::at(Arc::clone(urls), &compiled),
        }
    }

    /// At the server's own address.
    pub const fn own(&self) -> &Arc<Snapshot> {
        &self.own
    }

    /// On a custom domain, or without one at the server's own address; `None` when the domain is not
    /// the environment's, or not yet, or no more.
    pub fn at(&self, domain: Option<&str>) -> Option<&Arc<Snapshot>> {
        let Some(domain) = domain else {
            return Some(&self.own);
        };
        let mut domains = self.domains.iter();
        domains.find_map(|(host, there)| (host == domain).then_some(there))
    }
}
