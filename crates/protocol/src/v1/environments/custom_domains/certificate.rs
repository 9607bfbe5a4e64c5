//! `POST /v1/environments/{e}/customDomains/{d}` as `certificate.import`: a certificate makes the
//! domain active.
//!
//! It is kept, and connections are not made with it: TLS ends where the operator says, at a proxy or
//! with the server's own certificate, which must name the domain as well.

use countersign_domain::custom_domain::{
    CertificateNote, CustomDomain, CustomDomainCertificate, CustomDomainStatus, DomainClaim,
};
use countersign_domain::entity::{Entity, Stored};
use countersign_domain::ports::BoxFuture;
use countersign_domain::store::{Batch, Fault, Key};
use countersign_domain::time::Time;
use serde::Deserialize;

use super::not_now;
use crate::cx::Cx;
use crate::defaults::key_pair::KeyPair;
use crate::misfit::{Fit, Misfit};
use crate::refusal::{Failure, Outcome, Refused};
use crate::run::{Operation, Verdict, run};
use crate::v1::body::{self, Check};
use crate::v1::call::{Call, Reply};
use crate::v1::certified::{self, Said};
use crate::v1::noun::{self, Change, Noun};
use crate::v1::upload::unfit;

/// Source: PingOne's page of the operation.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Brought {
    certificate: String,
    #[serde(default)]
    intermediate_certificates: String,
    private_key: String,
}

/// Takes a certificate.
pub(super) fn import<'a>(call: &'a Call<'a>) -> BoxFuture<'a, Outcome<Reply>> {
    Box::pin(async move {
        let domain = noun::named::<CustomDomain>(call).await?;
        is_verified(&domain)?;
        let given = body::without_nulls(body::object(call.body)?);
        let brought: Brought = body::read(given).map_err(unfit)?;
        let (pair, ends) = check(&brought, &domain, call.now())?;
        let owner = Key::new(CustomDomainCertificate::KIND, call.env, domain.id());
        let ports = &call.cx.ports;
        let sealed = ports.vault.seal(&owner, pair.pkcs8(), &*ports.entropy)?;
        let certificate = CustomDomainCertificate {
            id: domain.id,
            chain: format!(
                "{}\n{}\n",
                brought.certificate.trim(),
                brought.intermediate_certificates.trim()
            ),
            private_key: sealed,
        };
        let operation = Import {
            call,
            certificate,
            ends,
        };
        let active = run(call.cx, &operation).await?;
        Ok(Reply::ok(noun::shown(call, &active).await?))
    })
}

/// Source: Ping's Terraform provider, which looks for these words.
fn is_verified(domain: &CustomDomain) -> Result<(), Refused> {
    if domain.status != CustomDomainStatus::VerificationRequired {
        return Ok(());
    }
    let message = "Custom domain status must be 'SSL_CERTIFICATE_REQUIRED' or 'ACTIVE' in order to import a certificate";
    Err(not_now(Fit::Constraint, message))
}

/// The key, and when the certificate ends.
///
/// Source: PingOne's page of the operation: neither expired nor self-signed, made for the domain.
fn check(brought: &Brought, domain: &CustomDomain, now: Time) -> Result<(KeyPair, Time), Refused> {
    let bad = |target, why| unfit(Misfit::invalid(target, why));
    let pair = KeyPair::from_pem(&brought.private_key).map_err(|_| {
        let why = "must be an unencrypted private key (RSA, P-256, P-384, P-521) in PEM";
        bad("privateKey", why)
    })?;
    let no_certificate = || bad("certificate", "must be a certificate in PEM");
    let certificates = certified::certificates(brought.certificate.as_bytes());
    let der = certificates.first().ok_or_else(no_certificate)?;
    let said = Said::of(der).ok_or_else(no_certificate)?;
    let others = brought.intermediate_certificates.trim();
    let mut check = Check::new();
    let mut expect = |holds: bool, target: &'static str, why: &'static str| {
        check.expect(holds, || Misfit::invalid(target, why));
    };
    let is_own = pair.is_certified_by(der).unwrap_or(false);
    expect(is_own, "privateKey", "is not the key of the certificate");
    let is_alive = now >= said.starts_at && now < said.expires_at;
    expect(is_alive, "certificate", "is not valid now");
    let is_signed = said.issuer != said.subject;
    expect(is_signed, "certificate", "must not be self-signed");
    let is_for = certified::is_for_host(der, &domain.host());
    expect(is_for, "certificate", "is not for this domain");
    let are_certificates =
        others.is_empty() || !certified::certificates(others.as_bytes()).is_empty();
    expect(
        are_certificates,
        "intermediateCertificates",
        "must be certificates in PEM",
    );
    check.finish()?;
    Ok((pair, said.expires_at))
}

struct Import<'a> {
    call: &'a Call<'a>,
    certificate: CustomDomainCertificate,
    ends: Time,
}

impl Operation for Import<'_> {
    type Facts = (
        Stored<CustomDomain>,
        CustomDomain,
        Option<Stored<DomainClaim>>,
    );
    type Reply = CustomDomain;

    async fn gather(&self, cx: &Cx) -> Outcome<Self::Facts> {
        let before = noun::named::<CustomDomain>(self.call).await?;
        is_verified(&before)?;
        let mut after = before.value.clone();
        after.status = CustomDomainStatus::Active;
        after.certificate = Some(CertificateNote {
            expires_at: self.ends,
        });
        after.updated_at = cx.now;
        let change = Change::Replace {
            before: &before,
            after: &after,
        };
        let claim = CustomDomain::gather(self.call, change).await?;
        Ok((before, after, claim))
    }

    fn decide(&self, _cx: &Cx, facts: Self::Facts) -> Result<Verdict<CustomDomain>, Fault> {
        let (before, after, claim) = facts;
        let env = self.call.env;
        let change = Change::Replace {
            before: &before,
            after: &after,
        };
        let more = match CustomDomain::judge(self.call, change, claim) {
            Ok(more) => more,
            Err(Failure::Refused(refused)) => return Ok(Verdict::refuse(refused)),
            Err(Failure::Fault(fault)) => return Err(fault),
        };
        let batch = Batch::new().update(env, &after, before.version)?;
        let batch = batch.put(self.certificate.to_doc(env)?).and(more);
        Ok(Verdict::reply(after).writing(batch.changed(env)))
    }
}
