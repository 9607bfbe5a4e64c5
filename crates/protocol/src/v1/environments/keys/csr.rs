//! A request for a certificate of a key, and the certificate that comes of it.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use countersign_domain::key::SigningKey;
use countersign_domain::ports::BoxFuture;
use countersign_domain::store::Fault;

use super::opened;
use crate::defaults::certificate_request::CertificateRequest;
use crate::misfit::Misfit;
use crate::refusal::{Failure, Outcome};
use crate::v1::call::{Call, Reply};
use crate::v1::certified::{self, Said};
use crate::v1::noun;
use crate::v1::upload::{Form, unfit};

/// A request in PEM.
pub(super) const PEM: &str = "application/x-pem-file";
/// A request in DER.
pub(super) const PKCS10: &str = "application/pkcs10";

/// `GET`: PKCS#10, in DER unless `Accept` asks for PEM.
///
/// Source: `reference/platform.md` 1.7.
pub(super) fn request<'a>(call: &'a Call<'a>) -> BoxFuture<'a, Outcome<Reply>> {
    Box::pin(async move {
        let key = noun::named::<SigningKey>(call).await?;
        let pair = opened(call, &key)?;
        let certificate = STANDARD.decode(&key.certificate);
        let certificate = certificate.map_err(|_| Fault::Crypto("not a certificate in base64"))?;
        let request = CertificateRequest::new(&pair, &certificate, key.signature_algorithm)?;
        if call.accepts(PEM) && !call.accepts(PKCS10) {
            return Ok(Reply::raw(PEM, request.pem.into_bytes()));
        }
        Ok(Reply::raw(PKCS10, request.der))
    })
}

/// `POST` of the certificate: it takes the place of the one that the key had. The key's id stays.
pub(super) fn answer<'a>(call: &'a Call<'a>) -> BoxFuture<'a, Outcome<Reply>> {
    Box::pin(async move {
        let form = Form::read(call).await?;
        let candidates = certified::certificates(form.file()?);
        let changed = noun::edit::<SigningKey>(call, |key| {
            let bad = |why: &'static str| unfit(Misfit::invalid("file", why));
            let pair = opened(call, key).map_err(|failure| match failure {
                Failure::Refused(refused) => refused,
                Failure::Fault(_) => bad("cannot be compared with the key"),
            })?;
            let own = |der: &&Vec<u8>| pair.is_certified_by(der).unwrap_or(false);
            let der = candidates.iter().find(own);
            let der = der.ok_or_else(|| bad("must hold a certificate of this key"))?;
            let said = Said::of(der).ok_or_else(|| bad("is of an unknown kind"))?;
            if call.now() < said.starts_at || call.now() >= said.expires_at {
                return Err(bad("is not valid now"));
            }
            // Source: Ping's Terraform provider: the name tells who issued the certificate.
            if let Some(issuer) = said.issued_by.filter(|_| said.subject != said.issuer) {
                key.name = format!("{} ({issuer})", said.name);
            }
            key.subject_dn = said.subject;
            key.issuer_dn = said.issuer;
            key.serial_number = said.serial;
            key.starts_at = said.starts_at;
            key.expires_at = said.expires_at;
            key.certificate = STANDARD.encode(der);
            Ok(())
        })
        .await?;
        let own = call.url(&call.fill(super::ONE));
        Ok(Reply::ok(noun::shown_at(call, &changed, &own).await?))
    })
}
