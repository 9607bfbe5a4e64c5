//! What applications that speak SAML or WS-Federation point at, and the name of a service provider.
//!
//! Source: PingOne's Go SDK, ApplicationSAML and ApplicationWSFED.

use countersign_domain::application::Application;
use countersign_domain::ids::KeyId;
use countersign_domain::key::{Certificate, SigningKey};
use uuid::Uuid;

use crate::misfit::Misfit;
use crate::refusal::Outcome;
use crate::v1::call::Call;
use crate::v1::{noun, pointing};

/// Most certificates of a service provider that are looked at.
const MOST: usize = 100;

/// What is wrong with it, as far as others have a say in that.
pub(super) async fn unfit(
    call: &Call<'_>,
    after: &Application,
    before: Option<&Application>,
) -> Outcome<Vec<Misfit>> {
    let mut found = Vec::new();
    let (saml, ws_fed) = (after.saml.as_ref(), after.ws_fed.as_ref());
    let signing = saml.and_then(|it| it.idp_signing.as_ref());
    if let Some(signing) = signing.or(ws_fed.map(|it| &it.idp_signing))
        && !pointing::holds::<SigningKey, _>(call, before, signing.key.id).await?
    {
        found.push(Misfit::invalid("idpSigning.key.id", "no key has this id"));
    }
    let Some(saml) = saml else {
        return Ok(found);
    };
    let encryption = saml.sp_encryption.iter().map(|it| {
        let target = "spEncryption.certificate.id".to_owned();
        (target, it.certificate.id)
    });
    let verification = saml.sp_verification.iter().flat_map(|it| &it.certificates);
    let verification = verification.take(MOST).enumerate().map(|(at, it)| {
        let target = format!("spVerification.certificates[{at}].id");
        (target, it.id)
    });
    for (target, id) in encryption.chain(verification) {
        if !is_certificate(call, before, id).await? {
            found.push(Misfit::invalid(target, "no certificate has this id"));
        }
    }
    let had = before.and_then(|it| it.saml.as_ref());
    if had.is_none_or(|it| it.sp_entity_id != saml.sp_entity_id) {
        let all = noun::all::<Application>(call).await?;
        let mut others = all.iter().filter(|it| it.id != after.id);
        let has_it = |it: &Application| {
            let name = it.saml.as_ref().map(|it| &it.sp_entity_id);
            name == Some(&saml.sp_entity_id)
        };
        if others.any(|it| has_it(it)) {
            found.push(Misfit::taken("spEntityId"));
        }
    }
    Ok(found)
}

/// Decision: the certificate of a key of ours counts, too.
async fn is_certificate(call: &Call<'_>, before: Option<&Application>, id: Uuid) -> Outcome<bool> {
    let key = KeyId::from_uuid(id);
    Ok(pointing::holds::<Certificate, _>(call, before, id).await?
        || call.load::<SigningKey>(key).await?.is_some())
}
