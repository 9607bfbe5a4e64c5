//! `/v1/environments/{e}/notificationsSettings/phoneDeliverySettings`: who would send text messages
//! and calls. Stored, the secrets sealed; none are sent.

use countersign_domain::entity::Entity;
use countersign_domain::notification::settings::{PhoneDeliverySettings, PhoneProvider};
use countersign_domain::store::{Batch, Key};
use serde_json::{Value, json};

use super::{authentication, named, requests, taken, without_headers};
use crate::misfit::{Fit, Misfit};
use crate::refusal::{Failure, Outcome, Refusal, Refused};
use crate::v1::body::{self, Check, Object};
use crate::v1::call::Call;
use crate::v1::noun::{self, Change, Noun};
use crate::v1::part::Part;
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

    /// A null says what absence says, in lists as well.
    fn arrive(_call: &Call<'_>, body: &mut Object) {
        for name in ["numbers", "requests"] {
            let list = body.get_mut(name).and_then(Value::as_array_mut);
            for item in list.into_iter().flatten() {
                if let Value::Object(item) = item {
                    *item = body::without_nulls(std::mem::take(item));
                }
            }
        }
    }

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
        numbers(&mut check, after);
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
                messages(&mut check, &after.requests);
                authentication(&mut check, after.authentication.as_ref(), has_secret);
            }
        }
        check.finish()?;
        Ok(Batch::new())
    }

    async fn show<'a>(&'a self, call: &'a Call<'a>) -> Outcome<Object> {
        let mut object = noun::object_of(self)?;
        object.remove("secret");
        without_headers(call, &mut object);
        Ok(object)
    }
}

/// Source: PingOne's Go SDK, NotificationsSettingsPhoneDeliverySettingsCustomNumbers.
fn numbers(check: &mut Check, after: &PhoneDeliverySettings) {
    for (at, number) in after.numbers.iter().enumerate() {
        let part = Part::member(format!("numbers[{at}]"), number);
        match part.get("number") {
            None => check.note(Misfit::required(part.path_of("number"))),
            Some(Value::String(_)) => {}
            Some(_) => check.note(Misfit::invalid(part.path_of("number"), "must be a text")),
        }
        part.choice(check, "type", &["SHORT_CODE", "TOLL_FREE", "PHONE_NUMBER"]);
        for name in ["selected", "available"] {
            part.may_switch(check, name);
        }
        let can = |it: &Value| matches!(it.as_str(), Some("SMS" | "VOICE"));
        let is_good = part.get("capabilities").is_none_or(|it| {
            let list = it.as_array();
            list.is_some_and(|it| it.iter().all(can))
        });
        check.expect(is_good, || {
            Misfit::invalid(part.path_of("capabilities"), "must be SMS, VOICE or both")
        });
    }
}

/// A body says to whom a message is, and what.
///
/// Source: PingOne's Go SDK, NotificationsSettingsPhoneDeliverySettingsCustomRequest.
/// Compat: Ping's Terraform provider writes requests without a body, and URLs without either.
fn messages(check: &mut Check, requests: &[Object]) {
    for (at, request) in requests.iter().enumerate() {
        let part = Part::member(format!("requests[{at}]"), request);
        part.may_choice(check, "phoneNumberFormat", &["FULL", "NUMBER_ONLY"]);
        let body = part.get("body").and_then(Value::as_str);
        let is_whole = |body: &str| ["${to}", "${message}"].iter().all(|it| body.contains(it));
        check.expect(body.is_none_or(is_whole), || {
            let message = "must have the variables ${to} and ${message}";
            Misfit::invalid(part.path_of("body"), message)
        });
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
