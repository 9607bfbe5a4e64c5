//! `/v1/environments/{e}/keys` (`reference/platform.md` 3.9).

mod creation;
mod csr;
mod pkcs12;

pub(super) use creation::generated;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use countersign_domain::entity::{Entity, Stored};
use countersign_domain::ids::KeyId;
use countersign_domain::key::{KeyRotationPolicy, KeySpec, KeyUsageType, SigningKey};
use countersign_domain::ports::BoxFuture;
use countersign_domain::store::Batch;
use serde_json::json;

use crate::defaults::key_pair;
use crate::misfit::Misfit;
use crate::refusal::{Failure, Outcome, Refusal, Refused};
use crate::v1::body::{Check, Object};
use crate::v1::call::{Call, Reply};
use crate::v1::certified;
use crate::v1::hal::Links;
use crate::v1::key_uses;
use crate::v1::noun::{self, Change, Noun};
use crate::v1::privilege;
use crate::v1::route::{Endpoint, Resource};
use crate::v1::upload::MULTIPART;

const ALL: &str = "/environments/{environment}/keys";
const ONE: &str = "/environments/{environment}/keys/{key}";
const APPLICATIONS: &str = "/environments/{environment}/keys/{key}/applications";
const CSR: &str = "/environments/{environment}/keys/{key}/csr";

/// A certificate in PEM.
const X509: &str = "application/x-x509-ca-cert";
/// A certificate as PKCS#7.
const PKCS7: &str = "application/x-pkcs7-certificates";

/// `/environments/{e}/keys`
pub const RESOURCE: Resource = Resource {
    name: "keys",
    endpoints: &[
        Endpoint::get(ALL, "keys:read", noun::list::<SigningKey>),
        Endpoint::post(ALL, "keys:create", creation::create),
        Endpoint::post(ALL, "keys:create", creation::import).any_of(MULTIPART),
        Endpoint::get(ONE, "keys:read", read).answers(&[X509, PKCS7]),
        Endpoint::put(ONE, "keys:update", noun::replace::<SigningKey>),
        Endpoint::delete(ONE, "keys:delete", noun::remove::<SigningKey>),
        Endpoint::get(APPLICATIONS, "keys:read", applications),
        Endpoint::get(CSR, "keys:read", csr::request).answers(&[csr::PKCS10, csr::PEM]),
        Endpoint::post(CSR, "keys:update", csr::answer).any_of(MULTIPART),
    ],
};

/// What else a change concerns.
pub struct Facts {
    others: Vec<Stored<SigningKey>>,
    /// Whether a rotation policy signs with it, or will.
    is_rotated: bool,
    /// Whether an application names it.
    is_used: bool,
}

/// Source: `reference/platform.md` 3.9: a PUT changes `default`, `usageType` and `issuerDN`.
impl Noun for SigningKey {
    const PLURAL: &'static str = "keys";
    const PARAMETER: &'static str = "key";
    const READ_ONLY: &'static [&'static str] = &[
        "name",
        "algorithm",
        "keyLength",
        "signatureAlgorithm",
        "status",
        "startsAt",
        "expiresAt",
        "subjectDN",
        "serialNumber",
        "validityPeriod",
        "customCRL",
        "organization",
        "certificate",
        "privateKey",
    ];
    const KEPT: &'static [&'static str] = &["issuerDN"];
    type Facts = Facts;

    async fn gather<'a>(call: &'a Call<'a>, change: Change<'a, Self>) -> Outcome<Facts> {
        if let Change::Replace { before, after } = &change
            && before.usage_type != after.usage_type
            && after.usage_type == KeyUsageType::Signing
        {
            // It may have been brought along for something else.
            privilege::over_everybody(call).await?;
        }
        let id = change.before().map(|it| it.id);
        let others = noun::all::<Self>(call).await?;
        let others = others.into_iter().filter(|it| Some(it.id) != id).collect();
        let mut facts = Facts {
            others,
            is_rotated: false,
            is_used: false,
        };
        if let Some(id) = id {
            let policies = noun::all::<KeyRotationPolicy>(call).await?;
            let mut rotated = policies
                .iter()
                .map(|it| [it.current_key_id, it.next_key_id]);
            facts.is_rotated = rotated.any(|it| it.contains(&id));
            facts.is_used = key_uses::is_in_use(call, id).await?;
        }
        Ok(facts)
    }

    fn judge(call: &Call<'_>, change: Change<'_, Self>, facts: Facts) -> Result<Batch, Failure> {
        let (Some(after), before) = (change.after(), change.before()) else {
            return Ok(removed(
                change.before().is_some_and(|it| it.default),
                &facts,
            )?);
        };
        let mut check = Check::new();
        check.length("issuerDN", &after.issuer_dn, 1, 1_024);
        let signs = before.is_some_and(|it| it.usage_type == KeyUsageType::Signing);
        let must_sign = signs && (facts.is_rotated || before.is_some_and(|it| it.default));
        check.expect(
            !must_sign || after.usage_type == KeyUsageType::Signing,
            || Misfit::constraint("usageType", "the key signs tokens of this environment"),
        );
        let stays = before.is_some_and(|it| it.usage_type == after.usage_type);
        check.expect(stays || !facts.is_used, || {
            Misfit::constraint("usageType", "the key is in use")
        });
        // Tokens are signed with something at any time: being the default is handed on.
        let is_default = before.is_some_and(|it| it.default) && signs;
        check.expect(!is_default || after.default, || {
            Misfit::constraint("default", "make another key the default instead")
        });
        check.expect(!after.default || may_lead(after), || {
            Misfit::constraint("default", "a key of this kind cannot sign tokens")
        });
        check.finish()?;
        if !after.default {
            return Ok(Batch::new());
        }
        Ok(noun::taken_from(call, &facts.others, |it| {
            it.usage_type == after.usage_type && std::mem::take(&mut it.default)
        })?)
    }

    async fn show<'a>(&'a self, call: &'a Call<'a>) -> Outcome<Object> {
        let mut object = noun::object_of(self)?;
        for secret in ["privateKey", "certificate", "serialNumber"] {
            object.remove(secret);
        }
        object.insert("default".into(), json!(self.default));
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
        links.add("csr", format!("{own}/csr"));
    }

    /// Source: `reference/platform.md` 1.8.
    fn absent(call: &Call<'_>, id: &str) -> Refused {
        let message = match id.parse::<KeyId>() {
            Ok(id) => format!("Key not found for id: {id} and environmentId: {}", call.env),
            Err(_) => return Refusal::NotFound.because("the key's id is no id"),
        };
        Refusal::Absent(message.into()).because("no such key")
    }
}

/// Whether it can be the default of its use: of `SIGNING` only what can sign tokens.
fn may_lead(key: &SigningKey) -> bool {
    let spec = KeySpec::of(key.algorithm, key.key_length, key.signature_algorithm);
    key.usage_type != KeyUsageType::Signing || spec.is_some()
}

/// Source: `reference/platform.md` 1.8: the words that clients look for.
fn removed(is_default: bool, facts: &Facts) -> Result<Batch, Refused> {
    if !is_default && !facts.is_rotated && !facts.is_used {
        return Ok(Batch::new());
    }
    let message = "The Key must not be in use";
    let misfit = Misfit::constraint("", message);
    Err(Refusal::NotNow(Some(message.into()), vec![misfit]).because(message))
}

fn applications<'a>(call: &'a Call<'a>) -> BoxFuture<'a, Outcome<Reply>> {
    Box::pin(async move {
        let key = noun::named::<SigningKey>(call).await?;
        key_uses::applications(call, key.id).await
    })
}

/// `GET` of one: as JSON, or its certificate in the form that `Accept` asks for.
///
/// Source: `reference/platform.md` 1.7.
fn read<'a>(call: &'a Call<'a>) -> BoxFuture<'a, Outcome<Reply>> {
    Box::pin(async move {
        let found = noun::named::<SigningKey>(call).await?;
        let der = || {
            let der = STANDARD.decode(&found.certificate);
            der.map_err(|_| countersign_domain::store::Fault::Corrupt {
                key: found.key(call.env),
                reason: "the certificate is not base64".to_owned(),
            })
        };
        if call.accepts("application/json") || call.accepts("*/*") {
            return Ok(Reply::ok(noun::shown(call, &found.value).await?));
        }
        if call.accepts(X509) {
            return Ok(Reply::raw(X509, certified::pem(&der()?).into_bytes()));
        }
        if call.accepts(PKCS7) {
            return Ok(Reply::raw(PKCS7, certified::pkcs7(&der()?)));
        }
        Ok(Reply::ok(noun::shown(call, &found.value).await?))
    })
}

/// The pair of a stored key.
fn opened(call: &Call<'_>, key: &SigningKey) -> Outcome<key_pair::KeyPair> {
    Ok(key_pair::open_private(&call.cx.ports.vault, call.env, key)?)
}
