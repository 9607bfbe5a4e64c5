//! `/v1/environments/{e}/emailDomains/{d}/trustedEmails` (`reference/platform.md` 4).
//!
//! Compat: PingOne takes addresses of verified domains alone. Here nobody verifies domains, so that
//! every address of the domain is taken, and none is ever active.

use countersign_domain::notification::is_address;
use countersign_domain::store::Batch;
use countersign_domain::trusted_email::{EmailDomain, TrustedEmail};
use serde_json::json;

use crate::misfit::Misfit;
use crate::refusal::{Failure, Outcome, Refusal};
use crate::v1::body::{Check, Object};
use crate::v1::call::Call;
use crate::v1::noun::{self, Change, Noun, Parent};
use crate::v1::route::{Endpoint, Resource};

const ALL: &str = "/environments/{environment}/emailDomains/{emailDomain}/trustedEmails";
const ONE: &str =
    "/environments/{environment}/emailDomains/{emailDomain}/trustedEmails/{trustedEmail}";

/// `/environments/{e}/emailDomains/{d}/trustedEmails`
pub const RESOURCE: Resource = Resource {
    name: "trustedEmails",
    endpoints: &[
        Endpoint::get(ALL, "notifications:read", noun::list::<TrustedEmail>),
        Endpoint::post(ALL, "notifications:create", noun::create::<TrustedEmail>),
        Endpoint::get(ONE, "notifications:read", noun::read::<TrustedEmail>),
        Endpoint::delete(ONE, "notifications:delete", noun::remove::<TrustedEmail>),
    ],
};

impl Noun for TrustedEmail {
    const PLURAL: &'static str = "trustedEmails";
    const PARAMETER: &'static str = "trustedEmail";
    const READ_ONLY: &'static [&'static str] = &["status", "domainId"];
    const IS_CONFIGURATION: bool = false;
    const PARENT: Option<Parent> = Some(Parent {
        parameter: "emailDomain",
        member: "domain",
        index: TrustedEmail::BY_DOMAIN,
    });
    /// The name of the domain, if it is there.
    type Facts = Option<String>;

    async fn enter(call: &Call<'_>) -> Outcome<()> {
        domain(call).await?.map(|_| ()).ok_or_else(|| {
            let why = "no such domain";
            Refusal::NotFound.because(why).into()
        })
    }

    async fn gather<'a>(call: &'a Call<'a>, _change: Change<'a, Self>) -> Outcome<Self::Facts> {
        domain(call).await
    }

    fn judge(
        _call: &Call<'_>,
        change: Change<'_, Self>,
        domain: Self::Facts,
    ) -> Result<Batch, Failure> {
        let Some(after) = change.after() else {
            return Ok(Batch::new());
        };
        let mut check = Check::new();
        let of = after.email_address.rsplit_once('@').map(|(_, of)| of);
        let is_in = |domain: &String| of.is_some_and(|it| it.eq_ignore_ascii_case(domain));
        let is_good = is_address(&after.email_address) && domain.as_ref().is_some_and(is_in);
        check.expect(is_good, || {
            Misfit::invalid("emailAddress", "must be an address of the domain")
        });
        check.finish()?;
        Ok(Batch::new())
    }

    async fn show<'a>(&'a self, _call: &'a Call<'a>) -> Outcome<Object> {
        let mut object = noun::object_of(self)?;
        object.insert("domainId".into(), json!(self.domain.id));
        Ok(object)
    }
}

/// The name of the domain that the path names.
async fn domain(call: &Call<'_>) -> Outcome<Option<String>> {
    let id = call.text("emailDomain");
    if id.parse::<uuid::Uuid>().is_err() {
        return Ok(None);
    }
    let found = call.load::<EmailDomain>(id).await?;
    Ok(found.map(|it| it.value.domain_name))
}
