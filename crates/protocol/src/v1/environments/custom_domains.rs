//! `/v1/environments/{e}/customDomains` (`reference/platform.md` 4, `oidc.md` 2).

mod certificate;
mod verification;

use countersign_domain::custom_domain::{
    CustomDomain, CustomDomainCertificate, CustomDomainStatus, DomainClaim, is_domain_name,
};
use countersign_domain::entity::{self, Entity, Stored};
use countersign_domain::ids::EnvId;
use countersign_domain::reference::Ref;
use countersign_domain::store::{Batch, Fault, Key};
use serde_json::json;

use crate::misfit::{Fit, Misfit};
use crate::refusal::{Failure, Outcome, Refusal, Refused};
use crate::v1::body::{Check, Object};
use crate::v1::call::Call;
use crate::v1::noun::{self, Change, Noun};
use crate::v1::route::{Endpoint, Resource};

const ALL: &str = "/environments/{environment}/customDomains";
const ONE: &str = "/environments/{environment}/customDomains/{customDomain}";

/// `/environments/{e}/customDomains`
pub const RESOURCE: Resource = Resource {
    name: "customDomains",
    endpoints: &[
        Endpoint::get(ALL, "customDomains:read", noun::list::<CustomDomain>),
        Endpoint::post(ALL, "customDomains:create", noun::create::<CustomDomain>),
        Endpoint::get(ONE, "customDomains:read", noun::read::<CustomDomain>),
        Endpoint::put(ONE, "customDomains:update", noun::replace::<CustomDomain>),
        Endpoint::post(ONE, "customDomains:update", verification::verify)
            .media("domainName.verify"),
        Endpoint::post(ONE, "customDomains:update", certificate::import)
            .media("certificate.import"),
        Endpoint::delete(ONE, "customDomains:delete", noun::remove::<CustomDomain>),
    ],
};

impl Noun for CustomDomain {
    const PLURAL: &'static str = "customDomains";
    const PARAMETER: &'static str = "customDomain";
    const READ_ONLY: &'static [&'static str] = &["canonicalName", "status", "certificate"];
    const FIXED: &'static [&'static str] = &["domainName"];
    /// Who has the host already.
    type Facts = Option<Stored<DomainClaim>>;

    fn prepare(_call: &Call<'_>, body: &mut Object, before: Option<&Self>) -> Result<(), Refused> {
        if before.is_none() {
            let begins = CustomDomainStatus::VerificationRequired;
            body.insert("status".into(), json!(begins));
        }
        Ok(())
    }

    async fn gather<'a>(call: &'a Call<'a>, change: Change<'a, Self>) -> Outcome<Self::Facts> {
        let one = change.after().or(change.before().map(|it| &it.value));
        let host = one.map(Self::host).unwrap_or_default();
        let (store, now) = (call.store(), call.now());
        Ok(entity::load(store, EnvId::PLATFORM, host, now).await?)
    }

    fn judge(
        call: &Call<'_>,
        change: Change<'_, Self>,
        claim: Self::Facts,
    ) -> Result<Batch, Failure> {
        let own = claim.as_ref().filter(|it| it.environment.id == call.env);
        let Some(after) = change.after() else {
            let Some(before) = change.before() else {
                return Ok(Batch::new());
            };
            return Ok(removed(call.env, before, own));
        };
        let mut check = Check::new();
        check.expect(is_domain_name(&after.domain_name), || {
            Misfit::invalid(
                "domainName",
                "must be a domain name such as login.example.com",
            )
        });
        // What the host of a request chooses must never be what configuration means by it.
        check.expect(!call.cx.env.urls.is_own_host(&after.host()), || {
            Misfit::invalid("domainName", "is a host of this server itself")
        });
        // Decision: a name is taken once it is active somewhere; before, nothing is proved.
        check.expect(
            !after.is_active() || claim.is_none() || own.is_some(),
            || Misfit::taken("domainName"),
        );
        check.finish()?;
        if after.is_active() && claim.is_none() {
            return Ok(claimed(call.env, after)?);
        }
        Ok(Batch::new())
    }

    async fn show<'a>(&'a self, call: &'a Call<'a>) -> Outcome<Object> {
        let mut object = noun::object_of(self)?;
        let canonical = call.cx.env.urls.canonical_name(self.id);
        object.insert("canonicalName".into(), json!(canonical));
        Ok(object)
    }
}

/// The host stands for the environment from now on.
fn claimed(env: EnvId, domain: &CustomDomain) -> Result<Batch, Fault> {
    let claim = DomainClaim {
        id: domain.host(),
        environment: Ref::to(env),
    };
    let batch = Batch::new().create(EnvId::PLATFORM, &claim)?;
    Ok(batch.changed(EnvId::PLATFORM))
}

/// With a domain goes its certificate, and the host stands for nothing.
fn removed(env: EnvId, domain: &CustomDomain, claim: Option<&Stored<DomainClaim>>) -> Batch {
    let kind = CustomDomainCertificate::KIND;
    let batch = Batch::new().delete(Key::new(kind, env, domain.id()));
    match claim.filter(|_| domain.is_active()) {
        Some(claim) => batch
            .delete(claim.key(EnvId::PLATFORM))
            .changed(EnvId::PLATFORM),
        None => batch,
    }
}

/// The operation does not fit the status, or what was found.
fn not_now(fit: Fit, message: impl Into<std::borrow::Cow<'static, str>>) -> Refused {
    let message = message.into();
    let misfit = Misfit::new(fit, "", message.clone());
    Refusal::NotNow(None, vec![misfit]).because(message)
}
