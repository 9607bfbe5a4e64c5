//! `/v1/environments/{e}/certificates` (`reference/platform.md` 3.9): certificates whose private keys
//! are elsewhere.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use countersign_domain::ids::KeyId;
use countersign_domain::key::Certificate;
use countersign_domain::ports::BoxFuture;
use countersign_domain::store::{Batch, Fault};
use serde_json::json;

use crate::cx::Cx;
use crate::misfit::Misfit;
use crate::refusal::{Failure, Outcome, Refusal, Refused};
use crate::run::{Operation, Verdict, run};
use crate::v1::body::Object;
use crate::v1::call::{Call, Reply};
use crate::v1::certified::{self, Said};
use crate::v1::hal::Links;
use crate::v1::key_uses;
use crate::v1::noun::{self, Change, Noun};
use crate::v1::route::{Endpoint, Resource};
use crate::v1::upload::{Form, MULTIPART, unfit};

const ALL: &str = "/environments/{environment}/certificates";
const ONE: &str = "/environments/{environment}/certificates/{certificate}";
const APPLICATIONS: &str = "/environments/{environment}/certificates/{certificate}/applications";

/// `/environments/{e}/certificates`
pub const RESOURCE: Resource = Resource {
    name: "certificates",
    endpoints: &[
        Endpoint::get(ALL, "certificates:read", noun::list::<Certificate>),
        Endpoint::post(ALL, "certificates:create", create).any_of(MULTIPART),
        Endpoint::get(ONE, "certificates:read", noun::read::<Certificate>),
        Endpoint::delete(ONE, "certificates:delete", noun::remove::<Certificate>),
        Endpoint::get(APPLICATIONS, "certificates:read", applications),
    ],
};

impl Noun for Certificate {
    const PLURAL: &'static str = "certificates";
    const PARAMETER: &'static str = "certificate";
    /// Whether something names it.
    type Facts = bool;

    async fn gather<'a>(call: &'a Call<'a>, change: Change<'a, Self>) -> Outcome<bool> {
        match change.before() {
            Some(before) => key_uses::is_in_use(call, before.id).await,
            None => Ok(false),
        }
    }

    fn judge(_: &Call<'_>, change: Change<'_, Self>, is_used: bool) -> Result<Batch, Failure> {
        if change.after().is_none() && is_used {
            // The words that Ping's Terraform provider looks for.
            let message = "The Certificate must not be in use";
            let misfit = Misfit::constraint("", message);
            let refusal = Refusal::NotNow(Some(message.into()), vec![misfit]);
            return Err(refusal.because(message).into());
        }
        Ok(Batch::new())
    }

    async fn show<'a>(&'a self, call: &'a Call<'a>) -> Outcome<Object> {
        let mut object = noun::object_of(self)?;
        object.remove("certificate");
        object.remove("serialNumber");
        object.insert("default".into(), json!(false));
        object.insert("status".into(), json!(self.status_at(call.now())));
        let days = certified::days(self.starts_at, self.expires_at);
        object.insert("validityPeriod".into(), json!(days));
        let organization = call.cx.env.environment.organization;
        object.insert("organization".into(), json!(organization));
        Ok(object)
    }

    fn integer(&self) -> Option<(&'static str, &str)> {
        Some(("serialNumber", &self.serial_number))
    }

    fn link(&self, _call: &Call<'_>, own: &str, links: &mut Links) {
        links.add("applications", format!("{own}/applications"));
    }

    /// Source: Ping's Terraform provider, whose tests look for this text.
    fn absent(call: &Call<'_>, id: &str) -> Refused {
        let id: String = id.chars().take(64).collect();
        let env = call.env;
        let message = format!("Certificate not found for id: {id} and environmentId: {env}");
        Refusal::Absent(message.into()).because("no such certificate")
    }
}

fn applications<'a>(call: &'a Call<'a>) -> BoxFuture<'a, Outcome<Reply>> {
    Box::pin(async move {
        let certificate = noun::named::<Certificate>(call).await?;
        key_uses::applications(call, certificate.id).await
    })
}

/// `POST` of a file: the first certificate in it.
fn create<'a>(call: &'a Call<'a>) -> BoxFuture<'a, Outcome<Reply>> {
    Box::pin(async move {
        let bad = |target: &'static str, why: &'static str| unfit(Misfit::invalid(target, why));
        let form = Form::read(call).await?;
        let usage_type = form.usage()?;
        if !certified::is_for_certificates(usage_type) {
            return Err(bad("usageType", "takes a private key").into());
        }
        let found = certified::certificates(form.file()?).into_iter().next();
        let der =
            found.ok_or_else(|| bad("file", "must be a certificate in PEM, DER or PKCS#7"))?;
        let said = Said::of(&der).ok_or_else(|| bad("file", "is of an unknown kind"))?;
        if call.now() < said.starts_at || call.now() >= said.expires_at {
            return Err(bad("file", "is not valid now").into());
        }
        let certificate = Certificate {
            id: KeyId::random(&*call.cx.ports.entropy),
            name: said.name,
            algorithm: said.algorithm,
            key_length: said.bits,
            signature_algorithm: said.signature,
            usage_type,
            starts_at: said.starts_at,
            expires_at: said.expires_at,
            subject_dn: said.plain_subject,
            issuer_dn: said.plain_issuer,
            serial_number: said.serial,
            created_at: call.now(),
            certificate: STANDARD.encode(&der),
        };
        let certificate = run(call.cx, &Add { call, certificate }).await?;
        // Compat: 202 with the whole certificate, though nothing is left to do
        // (`reference/openapi/management-tier1.yaml`).
        Ok(Reply {
            status: 202,
            ..Reply::created(noun::shown(call, &certificate).await?)
        })
    })
}

/// A certificate that is there from now on.
struct Add<'a> {
    call: &'a Call<'a>,
    certificate: Certificate,
}

impl Operation for Add<'_> {
    type Facts = ();
    type Reply = Certificate;

    async fn gather(&self, _cx: &Cx) -> Outcome<()> {
        Ok(())
    }

    fn decide(&self, _cx: &Cx, (): ()) -> Result<Verdict<Certificate>, Fault> {
        let batch = Batch::new().create(self.call.env, &self.certificate)?;
        let batch = batch.changed(self.call.env);
        Ok(Verdict::reply(self.certificate.clone()).writing(batch))
    }
}
