//! `POST /{envID}/as/device_authorization` (`reference/oidc.md` 15.1): a device without a browser
//! asks for a sign-on that happens elsewhere, and the two codes that tie the two together.

use std::time::Duration;

use aws_lc_rs::hmac;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use countersign_domain::application::{Application, GrantType};
use countersign_domain::entity::{Entity, kinds};
use countersign_domain::ids::{ApplicationId, TokenId};
use countersign_domain::ports::Entropy;
use countersign_domain::store::{Batch, Fault, IndexName, Kind};
use countersign_domain::time::Time;
use serde::{Deserialize, Serialize};
use url::Url;

use crate::as_::checks::scope::{self, GrantedScope};
use crate::as_::client_auth::{self, Client};
use crate::as_::params::Params;
use crate::browser;
use crate::cx::Cx;
use crate::flows::state::Done;
use crate::refusal::{Outcome, Refusal};
use crate::run::{Operation, Verdict, run};

/// How long the server knows an expired code, to say that it expired (`reference/rulings.md` 12).
const REMEMBERED: Duration = Duration::from_mins(10);

/// Characters of a user code: nothing that is read for another, and no vowels, so that no words
/// come out.
///
/// Spec: RFC 8628 6.1.
const ALPHABET: &[u8; 28] = b"BCDFGHJKLMNPQRSTVWXZ23456789";
/// Characters of a user code, without the hyphen in the middle.
/// Source: `reference/oidc.md` 15.1.
const LENGTH: usize = 8;

/// A device that waits for a sign-on, filed under the hash of its device code.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeviceAuthorization {
    /// SHA-256 of the device code in base64url.
    pub hash: String,
    /// Keyed hash of the user code; see [`user_code_hash`].
    pub user_code_hash: String,
    /// Whose device; it alone may poll.
    pub client: ApplicationId,
    /// What would be granted.
    pub scope: GrantedScope,
    /// Until when both codes are good.
    pub expires_at: Time,
    /// What the person said.
    pub decision: Decision,
}

/// What became of the request of a device.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Decision {
    /// Nobody said anything yet.
    Pending,
    /// The person refused, or may not sign on to the application.
    Denied,
    /// The person signed on and consented.
    Approved(Done),
    /// The device has its tokens.
    Redeemed,
}

impl DeviceAuthorization {
    /// Unique: keyed hash of the user code, while somebody may still type it.
    pub const UNIQUE_USER_CODE: IndexName = "userCode";

    /// Whether the person may still decide.
    pub fn is_open(&self, now: Time) -> bool {
        self.decision == Decision::Pending && now < self.expires_at
    }
}

impl Entity for DeviceAuthorization {
    const KIND: Kind = kinds::DEVICE_AUTHORIZATION;
    fn id(&self) -> String {
        self.hash.clone()
    }
    fn uniques(&self) -> Vec<(IndexName, String)> {
        match self.decision {
            Decision::Pending => vec![(Self::UNIQUE_USER_CODE, self.user_code_hash.clone())],
            Decision::Denied | Decision::Approved(_) | Decision::Redeemed => Vec::new(),
        }
    }
    fn expires_at(&self) -> Option<Time> {
        Some(self.expires_at.plus(REMEMBERED))
    }
}

/// The answer to a device.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Codes {
    /// What the device polls with.
    pub device_code: String,
    /// What the person types.
    pub user_code: String,
    /// Where.
    pub verification_uri: String,
    /// The same with the code filled in.
    pub verification_uri_complete: String,
    /// For how many seconds both codes are good.
    pub expires_in: u32,
    /// Least seconds between polls.
    pub interval: u32,
}

/// Takes the request of a device.
///
/// Spec: RFC 8628 3.1, 3.2; `reference/oidc.md` 15.1.
pub async fn authorize(cx: &Cx, authorization: Option<&str>, params: &Params) -> Outcome<Codes> {
    let client =
        client_auth::authenticate(cx, "device_authorization", authorization, params).await?;
    let view = client.view();
    if !view.application.allows_grant(GrantType::DeviceCode) {
        let why = format!(
            "grantTypes of application {} lacks DEVICE_CODE",
            client.id()
        );
        return Err(Refusal::GrantTypeNotAllowed.because(why).into());
    }
    let scope = scope::check(params, &cx.env, view)?;
    run(cx, &Begin { client, scope }).await
}

struct Begin {
    client: Client,
    scope: GrantedScope,
}

impl Operation for Begin {
    /// A device code and a user code, fresh.
    type Facts = (String, String);
    type Reply = Codes;

    async fn gather(&self, cx: &Cx) -> Outcome<Self::Facts> {
        let entropy = &*cx.ports.entropy;
        // A UUID, as in PingOne's samples: 122 random bits.
        Ok((TokenId::random(entropy).to_string(), user_code(entropy)))
    }

    fn decide(&self, cx: &Cx, facts: Self::Facts) -> Result<Verdict<Codes>, Fault> {
        let (device_code, user_code) = facts;
        let application = &self.client.view().application;
        let lifetime = Duration::from_secs(u64::from(application.device_timeout));
        let document = DeviceAuthorization {
            hash: browser::hash(&device_code),
            user_code_hash: user_code_hash(cx, &user_code)?,
            client: application.id,
            scope: self.scope.clone(),
            expires_at: cx.now.plus(lifetime),
            decision: Decision::Pending,
        };
        // Two devices that draw the same user code conflict here, and one draws again.
        let writes = Batch::new().create(cx.env_id(), &document)?;
        let (page, filled_in) = verification_uris(cx, application, &user_code);
        let codes = Codes {
            device_code,
            user_code,
            verification_uri: page,
            verification_uri_complete: filled_in,
            expires_in: application.device_timeout,
            interval: application.device_polling_interval,
        };
        Ok(Verdict::reply(codes).writing(writes))
    }
}

/// A fresh user code, drawn without a bias: bytes beyond the last multiple of the alphabet are
/// thrown away.
fn user_code(entropy: &dyn Entropy) -> String {
    let fair = u8::try_from(256 - 256 % ALPHABET.len()).unwrap_or(u8::MAX);
    let mut code = String::with_capacity(LENGTH + 1);
    while code.len() <= LENGTH {
        let mut byte = [0];
        entropy.fill(&mut byte);
        let [byte] = byte;
        if byte >= fair {
            continue;
        }
        if code.len() == LENGTH / 2 {
            code.push('-');
        }
        let drawn = ALPHABET.get(usize::from(byte) % ALPHABET.len());
        code.extend(drawn.copied().map(char::from));
    }
    code
}

/// A user code as it is compared: people leave out the hyphen, add spaces, type small letters.
/// `None` for what cannot be one.
///
/// Spec: RFC 8628 6.1 (case-insensitive, punctuation ignored).
pub fn normalized(typed: &str) -> Option<String> {
    if typed.len() > 64 {
        return None;
    }
    let code: String = typed
        .chars()
        .filter(|it| !matches!(it, '-' | ' ' | '\u{2010}'..='\u{2015}'))
        .map(|it| it.to_ascii_uppercase())
        .collect();
    let is_one = code.len() == LENGTH && code.bytes().all(|it| ALPHABET.contains(&it));
    is_one.then_some(code)
}

/// What the store keeps of a user code: short as it is, a stolen database must not give it away.
pub fn user_code_hash(cx: &Cx, code: &str) -> Result<String, Fault> {
    let key = cx.ports.vault.mac_key("device user code", cx.env_id())?;
    let code = normalized(code).unwrap_or_default();
    Ok(URL_SAFE_NO_PAD.encode(hmac::sign(&key, code.as_bytes())))
}

/// Where the person goes, without and with the code. The application's own page counts for more
/// than its path.
///
/// Source: `reference/oidc.md` 15.1. Decision: its own page gets the code as `user_code`, too.
fn verification_uris(cx: &Cx, application: &Application, user_code: &str) -> (String, String) {
    let own = application.device_custom_verification_uri.as_deref();
    if let Some(uri) = own
        && let Ok(mut url) = Url::parse(uri)
    {
        url.query_pairs_mut().append_pair("user_code", user_code);
        return (uri.to_owned(), url.into());
    }
    let path = application.device_path_id.clone();
    let path = path.unwrap_or_else(|| application.id.to_string());
    let page = cx.env.urls.device_page(cx.env_id(), &path);
    let filled_in = format!("{page}?user_code={user_code}");
    (page, filled_in)
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Counting(std::sync::atomic::AtomicU8);
    impl Entropy for Counting {
        fn fill(&self, out: &mut [u8]) {
            out.fill(self.0.fetch_add(37, std::sync::atomic::Ordering::Relaxed));
        }
    }

    #[test]
    fn a_user_code_is_four_and_four_of_the_alphabet() {
        let entropy = Counting(std::sync::atomic::AtomicU8::new(0));
        for _ in 0..50 {
            let code = user_code(&entropy);
            assert_eq!((code.len(), code.find('-')), (9, Some(4)), "{code}");
            assert_eq!(normalized(&code), Some(code.replace('-', "")));
        }
    }

    #[test]
    fn people_type_codes_in_their_own_way() {
        for typed in ["BVKV-2GZ2", "bvkv2gz2", " bvkv 2gz2 ", "BVKV–2GZ2"] {
            assert_eq!(normalized(typed).as_deref(), Some("BVKV2GZ2"), "{typed}");
        }
        for typed in [
            "",
            "BVKV-2GZ",
            "BVKV-2GZ22",
            "BVKV-2GA2",
            "BVKV-2GZé",
            &"B".repeat(65),
        ] {
            assert_eq!(normalized(typed), None, "{typed}");
        }
    }
}
