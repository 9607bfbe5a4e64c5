//! `/v1/environments/{e}/emailDomains` (`reference/platform.md` 4): domains that an environment says
//! are its own. Stored; nobody looks at their records.

pub mod trusted_emails;

use countersign_domain::entity::{Entity, kinds};
use countersign_domain::ids::derived_uuid;
use countersign_domain::ports::BoxFuture;
use countersign_domain::store::{Batch, Key};
use countersign_domain::trusted_email::{EmailDomain, TrustedEmail};
use serde_json::{Value, json};

use crate::misfit::Misfit;
use crate::refusal::{Failure, Outcome};
use crate::v1::body::{Check, Object};
use crate::v1::call::{Call, Reply};
use crate::v1::hal::{self, Links};
use crate::v1::noun::{self, Change, Noun};
use crate::v1::route::{Endpoint, Resource};

const ALL: &str = "/environments/{environment}/emailDomains";
const ONE: &str = "/environments/{environment}/emailDomains/{emailDomain}";
const DKIM: &str = "/environments/{environment}/emailDomains/{emailDomain}/dkim";
const OWNERSHIP: &str = "/environments/{environment}/emailDomains/{emailDomain}/ownership";
const SPF: &str = "/environments/{environment}/emailDomains/{emailDomain}/spf";
/// What every status says: nobody looks.
const UNSEEN: &str = "VERIFICATION_REQUIRED";

/// `/environments/{e}/emailDomains`
pub const RESOURCE: Resource = Resource {
    name: "emailDomains",
    endpoints: &[
        Endpoint::get(ALL, "notifications:read", noun::list::<EmailDomain>),
        Endpoint::post(ALL, "notifications:create", noun::create::<EmailDomain>),
        Endpoint::get(ONE, "notifications:read", noun::read::<EmailDomain>),
        Endpoint::delete(ONE, "notifications:delete", noun::remove::<EmailDomain>),
        Endpoint::get(DKIM, "notifications:read", dkim),
        Endpoint::get(OWNERSHIP, "notifications:read", ownership),
        Endpoint::get(SPF, "notifications:read", spf),
    ],
};

impl Noun for EmailDomain {
    const PLURAL: &'static str = "emailDomains";
    const PARAMETER: &'static str = "emailDomain";
    const IS_CONFIGURATION: bool = false;
    /// The addresses that go with it.
    type Facts = Vec<Key>;

    async fn gather<'a>(call: &'a Call<'a>, change: Change<'a, Self>) -> Outcome<Vec<Key>> {
        let Change::Remove(before) = change else {
            return Ok(Vec::new());
        };
        let index = TrustedEmail::BY_DOMAIN;
        let addresses = noun::all_by::<TrustedEmail>(call, index, before.id.to_string()).await?;
        Ok(addresses.iter().map(|it| it.key(call.env)).collect())
    }

    fn judge(
        _call: &Call<'_>,
        change: Change<'_, Self>,
        facts: Vec<Key>,
    ) -> Result<Batch, Failure> {
        let Some(after) = change.after() else {
            return Ok(facts.into_iter().fold(Batch::new(), Batch::delete));
        };
        let mut check = Check::new();
        check.expect(EmailDomain::is_name(&after.domain_name), || {
            Misfit::invalid("domainName", "must be the name of a domain")
        });
        check.finish()?;
        Ok(Batch::new())
    }

    fn link(&self, _call: &Call<'_>, own: &str, links: &mut Links) {
        for below in ["trustedEmails", "dkim", "ownership", "spf"] {
            links.add(below, format!("{own}/{below}"));
        }
    }
}

/// A text of the environment and domain that nobody else has.
fn token(call: &Call<'_>, domain: &EmailDomain, of: &str) -> String {
    let label = format!("{of}/{}", domain.id);
    let id = derived_uuid(call.env, kinds::EMAIL_DOMAIN, &label);
    id.simple().to_string()
}

/// A status: what the records should be.
async fn status(call: &Call<'_>, records: impl FnOnce(&EmailDomain) -> Value) -> Outcome<Reply> {
    let domain = noun::named::<EmailDomain>(call).await?;
    let object = match records(&domain.value) {
        Value::Object(object) => object,
        _ => Object::new(),
    };
    let links = Links::to(call, &call.url(&call.own_path()));
    Ok(Reply::ok(hal::resource(links, object)))
}

/// Decision: one region, one token; PingOne's have as many as Amazon's mail service.
fn dkim<'a>(call: &'a Call<'a>) -> BoxFuture<'a, Outcome<Reply>> {
    Box::pin(status(call, move |domain| {
        let token = token(call, domain, "dkim");
        json!({ "type": "CNAME", "regions": [{ "name": "default", "status": UNSEEN, "tokens": [{
            "key": format!("{token}._domainkey"),
            "value": format!("{token}.dkim.invalid"),
        }] }] })
    }))
}

fn ownership<'a>(call: &'a Call<'a>) -> BoxFuture<'a, Outcome<Reply>> {
    Box::pin(status(call, move |domain| {
        json!({ "type": "TXT",
            "regions": [{ "name": "default", "status": UNSEEN, "key": "_amazonses",
                "value": token(call, domain, "region") }],
            "environmentDnsRecord": { "status": UNSEEN, "key": "_pingoneemail",
                "value": token(call, domain, "ownership") } })
    }))
}

fn spf<'a>(call: &'a Call<'a>) -> BoxFuture<'a, Outcome<Reply>> {
    Box::pin(status(
        call,
        |_| json!({ "type": "TXT", "status": UNSEEN, "key": "@", "value": "v=spf1 a mx ~all" }),
    ))
}
