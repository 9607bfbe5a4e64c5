//! Custom domains. Whoever writes the file runs the server, so a domain in it is active unless it says
//! otherwise: nothing needs to be proved.

use countersign_domain::custom_domain::is_domain_name;
use countersign_domain::custom_domain::{CustomDomain, CustomDomainStatus, DomainClaim};
use countersign_domain::entity::kinds;
use countersign_domain::ids::EnvId;
use countersign_domain::reference::{Ref, fold};
use countersign_domain::store::Fault;
use serde_json::json;

use super::build::Parts;
use super::node::Node;
use super::plan::Plan;

impl Plan<'_> {
    /// A custom domain is told by its name.
    pub(super) fn custom_domain(&mut self, env: EnvId, mut node: Node) -> Result<(), Fault> {
        let Some(name) = self.name_of(&node, "domainName") else {
            return Ok(());
        };
        let (kind, host) = (kinds::CUSTOM_DOMAIN, fold(&name));
        let known = self.draft.find(kind, env, CustomDomain::UNIQUE_NAME, &host);
        let known = known.and_then(|id| id.parse().ok());
        let id = self.identify(&mut node, env, kind, known, &host);
        let line = node.line;
        let before: Option<CustomDomain> = self.draft.get(env, id)?;
        let built: Option<CustomDomain> = self.entity(Parts {
            fresh: vec![("status", json!(CustomDomainStatus::Active))],
            ..Parts::of(env, id, node)
        })?;
        let Some(domain) = built else { return Ok(()) };
        if !is_domain_name(&domain.domain_name) {
            let message = "must be a domain name such as login.example.com";
            self.note(line, "domainName", message);
        }
        let changes_host = |it: &CustomDomain| it.is_active() && it.host() != host;
        if before.as_ref().is_some_and(changes_host) {
            let message = "an active domain keeps its name; delete it with the management API";
            self.note(line, "domainName", message);
        }
        if !domain.is_active() {
            if before.is_some_and(|it| it.is_active()) {
                let message = "an active domain stays so; delete it with the management API";
                self.note(line, "status", message);
            }
            return Ok(());
        }
        let claim: Option<DomainClaim> = self.draft.get(EnvId::PLATFORM, &host)?;
        if claim.is_some_and(|it| it.environment.id != env) {
            self.note(line, "domainName", "another environment has this domain");
            return Ok(());
        }
        let environment = Ref::to(env);
        let claim = DomainClaim {
            id: host,
            environment,
        };
        self.draft.put(EnvId::PLATFORM, &claim)
    }
}
