//! Keys come into being: made here, or brought along.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use countersign_domain::entity::Stored;
use countersign_domain::ids::KeyId;
use countersign_domain::key::{
    KeyAlgorithm, KeySpec, KeyStatus, KeyUsageType, SignatureAlgorithm, SigningKey,
};
use countersign_domain::ports::BoxFuture;
use countersign_domain::store::{Batch, Fault};
use countersign_domain::time::Time;
use serde::Deserialize;
use url::Url;

use super::pkcs12;
use crate::cx::Cx;
use crate::defaults::key_pair::{self, Certification, KeyPair};
use crate::misfit::{Hint, Misfit};
use crate::refusal::{Outcome, Refused};
use crate::run::{Operation, Verdict, run};
use crate::v1::body::{self, Check};
use crate::v1::call::{Call, Reply};
use crate::v1::certified::{self, Said};
use crate::v1::noun;
use crate::v1::privilege;
use crate::v1::upload::{Form, unfit};

/// Most days that a certificate is valid.
///
/// Decision: a hundred years; PingOne documents no end.
const MAX_DAYS: i64 = 36_500;

/// What a `POST` says.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Wanted {
    name: String,
    algorithm: KeyAlgorithm,
    key_length: u32,
    signature_algorithm: SignatureAlgorithm,
    #[serde(rename = "subjectDN")]
    subject_dn: String,
    #[serde(rename = "issuerDN", default)]
    issuer_dn: Option<String>,
    usage_type: KeyUsageType,
    validity_period: i64,
    #[serde(default)]
    default: bool,
    #[serde(default)]
    serial_number: Option<u64>,
    #[serde(rename = "customCRL", default)]
    custom_crl: Option<String>,
}

/// `POST`: makes a key with a certificate of its own.
pub(super) fn create<'a>(call: &'a Call<'a>) -> BoxFuture<'a, Outcome<Reply>> {
    Box::pin(async move {
        let given = body::without_nulls(body::object(call.body)?);
        let read_only = ["status", "startsAt", "expiresAt", "organization"];
        let wanted: Wanted = body::read(body::writable(given, &read_only)).map_err(unfit)?;
        let spec = check(&wanted)?;
        let pair = generated(call, spec).await?;
        let key = made(call, wanted, &pair)?;
        if key.default && !super::may_lead(&key) {
            let why = "a key of this kind cannot sign tokens";
            return Err(unfit(Misfit::constraint("default", why)).into());
        }
        let key = run(call.cx, &Add { call, key }).await?;
        Ok(Reply::created(noun::shown(call, &key).await?))
    })
}

/// Source: `reference/platform.md` 3.9.
fn check(wanted: &Wanted) -> Result<KeySpec, Refused> {
    let mut check = Check::new();
    check.length("name", &wanted.name, 1, 256);
    check.range("validityPeriod", wanted.validity_period, 1..=MAX_DAYS);
    let spec = KeySpec::made_of(wanted.algorithm, wanted.key_length);
    check.expect(spec.is_some(), || {
        let [rsa, ec] = KeySpec::LENGTHS;
        let lengths = match wanted.algorithm {
            KeyAlgorithm::RSA => rsa,
            KeyAlgorithm::EC => ec,
            KeyAlgorithm::OKP => &[256],
        };
        let allowed = lengths.iter().map(ToString::to_string).collect();
        Misfit::invalid(
            "keyLength",
            "is no length that keys of this family have here",
        )
        .hinting(Hint::Values(allowed))
    });
    check.expect(wanted.signature_algorithm.is_of(wanted.algorithm), || {
        Misfit::invalid("signatureAlgorithm", "is not one of this family of keys")
    });
    let names = [
        ("subjectDN", Some(&wanted.subject_dn)),
        ("issuerDN", wanted.issuer_dn.as_ref()),
    ];
    for (target, dn) in names {
        let is_name = |it: &String| it.len() <= 1_024 && key_pair::is_dn(it);
        check.expect(dn.is_none_or(is_name), || {
            let why =
                "must look like CN=name, OU=unit, O=organization, L=place, ST=state, C=country";
            Misfit::invalid(target, why)
        });
    }
    check.expect(wanted.serial_number != Some(0), || {
        Misfit::invalid("serialNumber", "must be positive")
    });
    if let Some(crl) = &wanted.custom_crl {
        let is_url = crl.len() <= 1_024 && Url::parse(crl).is_ok_and(|it| it.scheme() == "http");
        check.expect(
            is_url && wanted.usage_type == KeyUsageType::Issuance,
            || {
                let why = "must be an http URL, and only keys for ISSUANCE have one";
                Misfit::invalid("customCRL", why)
            },
        );
    }
    check.finish()?;
    spec.ok_or_else(|| unfit(Misfit::invalid("keyLength", "is no length of a key")))
}

/// Slow for RSA: off the async threads, and only so many at once.
pub(in crate::v1) async fn generated(call: &Call<'_>, spec: KeySpec) -> Outcome<KeyPair> {
    Ok(call.cx.work(move || KeyPair::generate_for(spec)).await??)
}

fn made(call: &Call<'_>, wanted: Wanted, pair: &KeyPair) -> Outcome<SigningKey> {
    let ports = &call.cx.ports;
    let id = KeyId::random(&*ports.entropy);
    let mut serial = [0; 8];
    ports.entropy.fill(&mut serial);
    // Positive and never zero (RFC 5280 4.1.2.2).
    let serial = wanted
        .serial_number
        .unwrap_or(u64::from_be_bytes(serial) >> 1 | 1);
    let certification = Certification {
        dn: &wanted.subject_dn,
        serial,
        starts_at: Time::from_seconds(call.now().seconds()),
        days: u32::try_from(wanted.validity_period).unwrap_or(1),
    };
    let issuer = wanted.issuer_dn.as_ref().unwrap_or(&wanted.subject_dn);
    let certificate = certification.certify_as(pair, issuer, wanted.signature_algorithm)?;
    Ok(SigningKey {
        id,
        name: wanted.name,
        algorithm: wanted.algorithm,
        key_length: wanted.key_length,
        signature_algorithm: wanted.signature_algorithm,
        usage_type: wanted.usage_type,
        default: wanted.default,
        status: KeyStatus::Valid,
        starts_at: certification.starts_at,
        expires_at: certification.expires_at(),
        subject_dn: wanted.subject_dn.clone(),
        issuer_dn: issuer.clone(),
        serial_number: serial.to_string(),
        custom_crl: wanted.custom_crl,
        created_at: call.now(),
        certificate: STANDARD.encode(certificate),
        private_key: key_pair::seal_private(&ports.vault, &*ports.entropy, call.env, id, pair)?,
    })
}

/// `POST` of a file with a private key and its certificate.
///
/// PEM, not encrypted, with both in one file, or PKCS#12 with the password in `password`.
pub(super) fn import<'a>(call: &'a Call<'a>) -> BoxFuture<'a, Outcome<Reply>> {
    Box::pin(async move {
        let form = Form::read(call).await?;
        let usage = form.usage()?;
        if usage == KeyUsageType::Signing {
            // Whoever has the private key makes tokens of whom they like.
            privilege::over_everybody(call).await?;
        }
        let brought = brought(form.file()?, form.text("password").unwrap_or_default())?;
        let key = imported(call, usage, &brought)?;
        let key = run(call.cx, &Add { call, key }).await?;
        Ok(Reply::created(noun::shown(call, &key).await?))
    })
}

/// What a file brings: the key, and the certificates that may be its own.
struct Brought {
    pair: KeyPair,
    certificates: Vec<Vec<u8>>,
}

fn brought(file: &[u8], password: &str) -> Result<Brought, Refused> {
    let bad = |why: &'static str| unfit(Misfit::invalid("file", why));
    if let Some(text) = std::str::from_utf8(file)
        .ok()
        .filter(|it| it.contains("-----BEGIN"))
    {
        let pair = KeyPair::from_pem(text).map_err(|_| {
            bad("must hold an unencrypted private key (RSA, P-256, P-384, P-521) and its certificate in PEM")
        })?;
        let certificates = certified::certificates(file);
        return Ok(Brought { pair, certificates });
    }
    let contents = pkcs12::open(file, password).ok_or_else(|| {
        bad("must be PEM or PKCS#12 that is encrypted with AES and opens with the password")
    })?;
    let pair = KeyPair::from_pkcs8(&contents.key)
        .map_err(|_| bad("must hold a private key (RSA, P-256, P-384, P-521)"))?;
    Ok(Brought {
        pair,
        certificates: contents.certificates,
    })
}

fn imported(call: &Call<'_>, usage_type: KeyUsageType, brought: &Brought) -> Outcome<SigningKey> {
    let bad = |why: &'static str| unfit(Misfit::invalid("file", why));
    let Brought { pair, certificates } = brought;
    let own = |der: &&Vec<u8>| pair.is_certified_by(der).unwrap_or(false);
    let der = certificates.iter().find(own);
    let der = der.ok_or_else(|| bad("must hold the certificate of the private key"))?;
    let said = Said::of(der).ok_or_else(|| bad("has a certificate of an unknown kind"))?;
    let now = call.now();
    if now < said.starts_at || now >= said.expires_at {
        return Err(bad("has a certificate that is not valid now").into());
    }
    let ports = &call.cx.ports;
    let id = KeyId::random(&*ports.entropy);
    let signature_algorithm = if pair.can_sign(said.signature) {
        said.signature
    } else {
        pair.usual_signature()
    };
    Ok(SigningKey {
        id,
        name: said.name,
        algorithm: pair.algorithm(),
        key_length: pair.bits(),
        signature_algorithm,
        usage_type,
        default: false,
        status: KeyStatus::Valid,
        starts_at: said.starts_at,
        expires_at: said.expires_at,
        subject_dn: said.subject,
        issuer_dn: said.issuer,
        serial_number: said.serial,
        custom_crl: None,
        created_at: now,
        certificate: STANDARD.encode(der),
        private_key: key_pair::seal_private(&ports.vault, &*ports.entropy, call.env, id, pair)?,
    })
}

/// A key that is there from now on.
struct Add<'a> {
    call: &'a Call<'a>,
    key: SigningKey,
}

impl Operation for Add<'_> {
    type Facts = Vec<Stored<SigningKey>>;
    type Reply = SigningKey;

    async fn gather(&self, _cx: &Cx) -> Outcome<Self::Facts> {
        noun::all::<SigningKey>(self.call).await
    }

    fn decide(&self, _cx: &Cx, others: Self::Facts) -> Result<Verdict<SigningKey>, Fault> {
        let Self { call, key } = self;
        let mut batch = Batch::new().create(call.env, key)?;
        if key.default {
            batch = batch.and(noun::taken_from(call, &others, |it| {
                it.usage_type == key.usage_type && std::mem::take(&mut it.default)
            })?);
        }
        Ok(Verdict::reply(key.clone()).writing(batch.changed(call.env)))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn target(name: &str, value: Value) -> Option<String> {
        let mut body = json!({ "name": "x", "algorithm": "RSA", "keyLength": 2048,
            "signatureAlgorithm": "SHA256withRSA", "subjectDN": "CN=x, L=, C=US",
            "usageType": "SIGNING", "validityPeriod": 1 });
        body[name] = value;
        let wanted: Wanted = serde_json::from_value(body).unwrap();
        let refused = check(&wanted).err()?;
        match refused.refusal {
            crate::refusal::Refusal::Unfit(misfits) => Some(misfits.first()?.target.to_string()),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_key_is_of_a_known_kind() {
        assert_eq!(target("name", json!("y")), None);
        for (name, value) in [
            ("name", json!("")),
            ("keyLength", json!(1024)),
            ("keyLength", json!(7680)),
            ("signatureAlgorithm", json!("SHA256withECDSA")),
            ("subjectDN", json!("x")),
            ("issuerDN", json!("XX=y")),
            ("validityPeriod", json!(0)),
            ("validityPeriod", json!(MAX_DAYS + 1)),
            ("serialNumber", json!(0)),
            ("customCRL", json!("http://crl.example")),
        ] {
            assert_eq!(
                target(name, value.clone()).as_deref(),
                Some(name),
                "{value}"
            );
        }
    }
}
