//! `/v1/environments/{e}/notificationsSettings/phoneDeliverySettings`: who would send text messages
//! and calls. Stored, the secrets sealed; none are sent.

use countersign_domain::entity::Entity;
use countersign_domain::notification::settings::{PhoneDeliverySettings, PhoneProvider};
use countersign_domain::store::{Batch, Key};
use serde_json::{Value, json};

use super::{authentication, named, requests, taken};
use crate::misfit::{Fit, Misfit};
use crate::refusal::{Failure, Outcome, Refusal, Refused};
use crate::v1::body::{Check, Object};
use crate::v1::call::Call;
use crate::v1::noun::{self, Change, Noun};
use crate::v1::route::{Endpoint, Resource};

const ALL: &str = "/environments/{environment}/notificationsSettings/phoneDeliverySettings";
const ONE: &str = "/environments/{environment}/notificationsSettings/phoneDeliverySettings/{phoneDeliverySettings}";

/// `/environments/{e}/notificationsSettings/phoneDeliverySettings`
pub const RESOURCE: Resource = Resource {
    name: "phoneDeliverySettings",
    endpoints: &[
        Endpoint::get(
            ALL,
            "notifications:read",
            noun::list::<PhoneDeliverySettings>,
        ),
        Endpoint::post(
            ALL,
            "notifications:create",
            noun::create::<PhoneDeliverySettings>,
        ),
        Endpoint::get(
            ONE,
            "notifications:read",
            noun::read::<PhoneDeliverySettings>,
        ),
        Endpoint::put(
            ONE,
            "notifications:update",
            noun::replace::<PhoneDeliverySettings>,
        ),
        Endpoint::delete(
            ONE,
            "notifications:delete",
            noun::remove::<PhoneDeliverySettings>,
        ),
    ],
};

impl Noun for PhoneDeliverySettings {
    const PLURAL: &'static str = "phoneDeliverySettings";
    const PARAMETER: &'static str = "phoneDeliverySettings";
    const READ_ONLY: &'static [&'static str] = &["secret"];
    const FIXED: &'static [&'static str] = &["provider"];
    // Nothing is sent through them.
    const IS_CONFIGURATION: bool = false;
    type Facts = ();

    /// The password or token is sealed before anything sees it. Without a new one the former stays,
    /// as long as it goes where it went before.
    fn prepare(call: &Call<'_>, body: &mut Object, before: Option<&Self>) -> Result<(), Refused> {
        let Some(given) = taken(body, "authToken")? else {
            if before.is_some_and(|it| !is_same_place(it, body)) {
                body.remove("secret");
            }
            return Ok(());
        };
        let id = body.get("id").and_then(Value::as_str).unwrap_or_default();
        let owner = Key::new(Self::KIND, call.env, id);
        let ports = &call.cx.ports;
        let sealed = ports.vault.seal(&owner, given.as_bytes(), &*ports.entropy);
        let sealed = sealed.map_err(|_| {
            let misfit = Misfit::invalid("authToken", "cannot be sealed");
            Refusal::Unfit(vec![misfit]).because("authToken cannot be sealed")
        })?;
        body.insert("secret".into(), json!(sealed));
        Ok(())
    }

    async fn gather<'a>(_call: &'a Call<'a>, _change: Change<'a, Self>) -> Outcome<()> {
        Ok(())
    }

    fn judge(_call: &Call<'_>, change: Change<'_, Self>, (): ()) -> Result<Batch, Failure> {
        let Some(after) = change.after() else {
            return Ok(Batch::new());
        };
        let mut check = Check::new();
        let has_secret = after.secret.is_some();
        check.expect(after.numbers.len() <= 1_000, || {
            Misfit::new(Fit::TooLong, "numbers", "must have at most 1000 entries")
        });
        match after.provider {
            PhoneProvider::CustomTwilio | PhoneProvider::CustomSyniverse => {
                let is_twilio = after.provider == PhoneProvider::CustomTwilio;
                check.expect(!is_twilio || after.sid.is_some(), || {
                    Misfit::required("sid")
                });
                check.length_of("sid", after.sid.as_ref(), 1, 256);
                check.expect(has_secret, || Misfit::required("authToken"));
            }
            PhoneProvider::CustomProvider => {
                named(&mut check, after.name.as_ref());
                requests(&mut check, &after.requests, &["SMS", "VOICE"]);
                authentication(&mut check, after.authentication.as_ref(), has_secret);
            }
        }
        check.finish()?;
        Ok(Batch::new())
    }

    async fn show<'a>(&'a self, _call: &'a Call<'a>) -> Outcome<Object> {
        let mut object = noun::object_of(self)?;
        object.remove("secret");
        Ok(object)
    }
}

/// Whether a body sends the secret where the former settings did.
fn is_same_place(before: &PhoneDeliverySettings, body: &Object) -> bool {
    let same = |name: &str, was: Value| body.get(name).unwrap_or(&Value::Null) == &was;
    let requests = if before.requests.is_empty() {
        Value::Null
    } else {
        json!(before.requests)
    };
    same("sid", json!(before.sid))
        && same("authentication", json!(before.authentication))
        && same("requests", requests)
}
