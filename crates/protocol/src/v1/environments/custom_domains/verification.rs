//! `POST /v1/environments/{e}/customDomains/{d}` as `domainName.verify`: the DNS says whose it is.

use countersign_domain::custom_domain::{CustomDomain, CustomDomainStatus};
use countersign_domain::ports::{BoxFuture, NamesError};

use super::not_now;
use crate::misfit::Fit;
use crate::refusal::{Outcome, Refused};
use crate::v1::call::{Call, Reply};
use crate::v1::noun;

/// Looks for the alias that the domain must have.
pub(super) fn verify<'a>(call: &'a Call<'a>) -> BoxFuture<'a, Outcome<Reply>> {
    Box::pin(async move {
        let domain = noun::named::<CustomDomain>(call).await?;
        waits(&domain)?;
        let found = call.cx.ports.names.alias(&domain.host()).await;
        let expected = call.cx.env.urls.canonical_name(domain.id);
        judge(found, &expected)?;
        let verified = noun::edit::<CustomDomain>(call, |it| {
            waits(it)?;
            it.status = CustomDomainStatus::SslCertificateRequired;
            it.updated_at = call.now();
            Ok(())
        });
        Ok(Reply::ok(noun::shown(call, &verified.await?).await?))
    })
}

/// Source: Ping's Terraform provider, which takes these words for "it is verified already".
fn waits(domain: &CustomDomain) -> Result<(), Refused> {
    if domain.status == CustomDomainStatus::VerificationRequired {
        return Ok(());
    }
    let message = "custom domain does not need to be verified";
    Err(not_now(Fit::Constraint, message))
}

/// Source: PingOne's page of the operation for the code; Ping's Terraform provider for how the
/// messages begin, which it waits by.
fn judge(found: Result<Option<String>, NamesError>, expected: &str) -> Result<(), Refused> {
    let target = expected.trim_end_matches('.');
    let message = match found {
        Ok(Some(alias)) if alias == target => return Ok(()),
        Ok(_) => format!("No CNAME records found with the value {expected}"),
        Err(NamesError::NoSuchName) => {
            "Error response from authoritative name servers: NXDOMAIN".to_owned()
        }
        Err(NamesError::Failed(why)) => {
            tracing::warn!(why, "a custom domain cannot be looked up");
            "No answer from the name servers".to_owned()
        }
    };
    Err(not_now(Fit::Verification, message))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_alias_that_was_asked_for_proves_anything() {
        let expected = "x.id.example.com.";
        assert!(judge(Ok(Some("x.id.example.com".to_owned())), expected).is_ok());
        for (found, begins) in [
            (Ok(None), "No CNAME records found"),
            (
                Ok(Some("id.example.com".to_owned())),
                "No CNAME records found",
            ),
            (
                Ok(Some("xx.id.example.com".to_owned())),
                "No CNAME records found",
            ),
            (
                Err(NamesError::NoSuchName),
                "Error response from authoritative name servers: NXDOMAIN",
            ),
            (Err(NamesError::Failed("secret".to_owned())), "No answer"),
        ] {
            let refused = judge(found, expected).unwrap_err();
            assert!(refused.because.starts_with(begins), "{refused:?}");
            assert!(!refused.because.contains("secret"), "{refused:?}");
        }
    }
}
