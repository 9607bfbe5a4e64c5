//! `/v1/environments/{e}/users/{u}/devices` (`reference/platform.md` 1.7, 3.16).

mod order;
mod totp;

use countersign_domain::device::{Device, DeviceStatus, DeviceType};
use countersign_domain::entity::{Entity, Stored};
use countersign_domain::filter::{Filterable, Operator};
use countersign_domain::policy::mfa::{DeviceAuthenticationPolicy, MfaSettings};
use countersign_domain::ports::BoxFuture;
use countersign_domain::store::{Batch, Entries, Postcondition, Precondition, Query};
use countersign_domain::user::User;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::misfit::{Fit, Hint, Misfit};
use crate::refusal::{Failure, Outcome, Refusal, Refused};
use crate::v1::body::{self, Check, Object};
use crate::v1::call::{Call, Reply};
use crate::v1::hal::{self, Body, Links, List};
use crate::v1::noun::{self, Change, Noun, Parent};
use crate::v1::page::{self, Listing, PageSize};
use crate::v1::route::{Endpoint, Narrow, Resource};
use crate::v1::upload::unfit;

const ALL: &str = "/environments/{environment}/users/{user}/devices";
const ONE: &str = "/environments/{environment}/users/{user}/devices/{device}";
const NICKNAME: &str = "/environments/{environment}/users/{user}/devices/{device}/nickname";
/// Devices that a user may use unless the environment says otherwise.
const MOST: usize = 5;
/// Devices of a user that wait to be activated, at most.
const MOST_WAITING: usize = 50;
const MAX_NICKNAME: usize = 100;

/// `/environments/{e}/users/{u}/devices`
pub const RESOURCE: Resource = Resource {
    name: "devices",
    endpoints: &[
        Endpoint::get(ALL, "devices:read", list)
            .narrow(Narrow::Population)
            .own("p1:read:device"),
        Endpoint::post(ALL, "devices:create", create)
            .narrow(Narrow::Population)
            .own("p1:create:device"),
        Endpoint::post(ALL, "devices:update", order::reorder)
            .media("devices.reorder")
            .narrow(Narrow::Population)
            .own("p1:update:device"),
        Endpoint::post(ALL, "devices:update", order::remove)
            .media("devices.order.remove")
            .narrow(Narrow::Population)
            .own("p1:update:device"),
        // Source: `reference/mfa.md` 4.4: documented both ways.
        Endpoint::delete(ALL, "devices:update", order::remove)
            .media("devices.order.remove")
            .narrow(Narrow::Population)
            .own("p1:update:device"),
        Endpoint::get(ONE, "devices:read", noun::read::<Device>)
            .narrow(Narrow::Population)
            .own("p1:read:device"),
        Endpoint::delete(ONE, "devices:delete", noun::remove::<Device>)
            .narrow(Narrow::Population)
            .own("p1:delete:device"),
        Endpoint::put(NICKNAME, "devices:update", rename)
            .told("device.rename")
            .narrow(Narrow::Population)
            .own("p1:update:device"),
    ],
};

/// What else a change concerns.
pub struct Facts {
    /// Whose it is.
    user: Stored<User>,
    others: Vec<Stored<Device>>,
    most: usize,
    has_policy: bool,
}

impl Noun for Device {
    const PLURAL: &'static str = "devices";
    const PARAMETER: &'static str = "device";
    const READ_ONLY: &'static [&'static str] = &["secret", "position"];
    const IS_CONFIGURATION: bool = false;
    const PARENT: Option<Parent> = Some(Parent {
        parameter: "user",
        member: "user",
        index: Self::BY_USER,
    });
    type Facts = Facts;

    fn filterable(_call: &Call<'_>) -> Vec<Filterable> {
        vec![
            Filterable::new("status", &[Operator::Eq]),
            Filterable::new("type", &[Operator::Eq]),
        ]
    }

    async fn enter(call: &Call<'_>) -> Outcome<()> {
        noun::named::<User>(call).await.map(|_| ())
    }

    fn prepare(call: &Call<'_>, body: &mut Object, before: Option<&Self>) -> Result<(), Refused> {
        // Nobody proves a device to themselves by saying so, nor does anybody an application that has
        // not seen its secret yet.
        let is_active = body.get("status") == Some(&json!(DeviceStatus::Active));
        let is_unseen = is_active && body.get("type") == Some(&json!(DeviceType::Totp));
        if before.is_none() && (call.own || is_unseen) {
            body.insert("status".into(), json!(DeviceStatus::ActivationRequired));
        }
        let known = ["EMAIL", "SMS", "VOICE", "WHATSAPP", "TOTP"];
        match body.get("type").and_then(Value::as_str) {
            Some("TOTP") if before.is_none() => totp::give(call, body)
                .map_err(|fault| Refusal::NotNow(None, Vec::new()).because(fault.to_string())),
            Some(type_) if !known.contains(&type_) => {
                let message = format!("must be one of: {}", known.join(", "));
                let allowed = known.iter().map(ToString::to_string).collect();
                let misfit = Misfit::invalid("type", message);
                Err(unfit(misfit.hinting(Hint::Values(allowed))))
            }
            _ => Ok(()),
        }
    }

    async fn gather<'a>(call: &'a Call<'a>, change: Change<'a, Self>) -> Outcome<Facts> {
        let user = noun::named::<User>(call).await?;
        let id = change.before().map(|it| it.id);
        let mut others = noun::all_by::<Self>(call, Self::BY_USER, user.id.to_string()).await?;
        others.retain(|it| Some(it.id) != id);
        let settings = call.load::<MfaSettings>(MfaSettings::ID).await?;
        let most = settings.map(|it| it.pairing.max_allowed_devices);
        let has_policy = match change.after().and_then(|it| it.policy) {
            Some(policy) => {
                let found = call.load::<DeviceAuthenticationPolicy>(policy.id).await?;
                found.is_some()
            }
            None => true,
        };
        Ok(Facts {
            user,
            others,
            most: most.and_then(|it| usize::try_from(it).ok()).unwrap_or(MOST),
            has_policy,
        })
    }

    fn judge(call: &Call<'_>, change: Change<'_, Self>, facts: Facts) -> Result<Batch, Failure> {
        let Some(after) = change.after() else {
            return Ok(Batch::new());
        };
        let mut check = Check::new();
        check.length_of("nickname", after.nickname.as_ref(), 1, MAX_NICKNAME);
        check.expect(facts.has_policy, || {
            Misfit::invalid("policy.id", "no device authentication policy has this id")
        });
        target(&mut check, after);
        check.finish()?;
        if !matches!(change, Change::Create(_)) {
            return Ok(Batch::new());
        }
        room(after, &facts)?;
        // Of several at one time one passes, and the next finds one more.
        let user = &facts.user;
        let mine = user.id.to_string();
        let mine = Entries::equal(Self::KIND, call.env, Self::BY_USER, mine);
        let most = u32::try_from(facts.others.len() + 1).unwrap_or(u32::MAX);
        Ok(Batch::new()
            .require(Precondition::Version(user.key(call.env), user.version))
            .ensure(Postcondition::AtMost(mine, most)))
    }

    async fn show<'a>(&'a self, call: &'a Call<'a>) -> Outcome<Object> {
        let mut object = noun::object_of(self)?;
        for hidden in Self::READ_ONLY {
            object.remove(*hidden);
        }
        object.insert("environment".into(), json!({ "id": call.env }));
        Ok(object)
    }

    fn link(&self, call: &Call<'_>, _own: &str, links: &mut Links) {
        let user = call.fill("/environments/{environment}/users/{user}");
        links.add("user", call.url(&user));
    }
}

/// Source: `reference/mfa.md` 4.3.
fn room(device: &Device, facts: &Facts) -> Result<(), Refused> {
    let of = |status| facts.others.iter().filter(move |it| it.status == status);
    let message = if of(DeviceStatus::Active).count() >= facts.most {
        format!("a user may have {} devices", facts.most)
    } else if device.status == DeviceStatus::ActivationRequired
        && of(device.status).count() >= MOST_WAITING
    {
        format!("a user may have {MOST_WAITING} devices that wait to be activated")
    } else {
        return Ok(());
    };
    let misfit = Misfit::new(Fit::Constraint, "", message.clone());
    Err(Refusal::NotNow(None, vec![misfit]).because(message))
}

/// Where codes go must fit the type, and nothing else may be given.
fn target(check: &mut Check, device: &Device) {
    let is_email = device.type_ == DeviceType::Email;
    match &device.email {
        None if is_email => check.note(Misfit::required("email")),
        Some(_) if !is_email => {
            check.note(Misfit::constraint("email", "is of devices of type EMAIL"));
        }
        Some(email) if !is_address(email) => {
            check.note(Misfit::invalid("email", "must be an e-mail address"));
        }
        _ => {}
    }
    let has_phone = device.type_.has_phone();
    match &device.phone {
        None if has_phone => check.note(Misfit::required("phone")),
        Some(_) if !has_phone => {
            let why = "is of devices of type SMS, VOICE and WHATSAPP";
            check.note(Misfit::constraint("phone", why));
        }
        Some(phone) if !phone.is_number() => {
            check.note(Misfit::invalid("phone", "must be a telephone number"));
        }
        _ => {}
    }
    match &device.extension {
        Some(_) if device.type_ != DeviceType::Voice => {
            check.note(Misfit::constraint(
                "extension",
                "is of devices of type VOICE",
            ));
        }
        Some(extension) if !is_extension(extension) => {
            check.note(Misfit::invalid("extension", "must be what is dialled"));
        }
        _ => {}
    }
}

/// Decision: what an extension looks like is not documented; what is dialled, with pauses.
fn is_extension(text: &str) -> bool {
    let is_dialled = |it: u8| it.is_ascii_digit() || b",*#".contains(&it);
    (1..=20).contains(&text.len()) && text.bytes().all(is_dialled)
}

/// Decision: what is stored is not judged further than that a mail could be sent.
fn is_address(text: &str) -> bool {
    let is_plain = |it: char| !it.is_whitespace() && !it.is_control();
    let parts = text.split_once('@');
    text.len() <= 256
        && text.chars().all(is_plain)
        && parts.is_some_and(|(local, host)| {
            !local.is_empty() && !host.is_empty() && !host.contains('@')
        })
}

/// `POST`
fn create<'a>(call: &'a Call<'a>) -> BoxFuture<'a, Outcome<Reply>> {
    Box::pin(async move {
        let user = noun::named::<User>(call).await?;
        let body = body::object(call.body)?;
        let device = noun::create_from::<Device>(call, body).await?;
        let mut answer = noun::shown(call, &device).await?;
        totp::tell(call, &device, &user, &mut answer.members)?;
        Ok(Reply::created(answer))
    })
}

/// `GET` of all of a person's, in their order; with `expand=order`, their ids in order, too
/// (`reference/mfa.md` 4.2).
fn list<'a>(call: &'a Call<'a>) -> BoxFuture<'a, Outcome<Reply>> {
    Box::pin(async move {
        Device::enter(call).await?;
        let user = call.text("user");
        let listing = Listing {
            base: Query::equal(Device::KIND, call.env, Device::BY_USER, user, 1),
            filter: page::filter_of(call, &Device::filterable(call))?,
            indexed: &[],
            size: PageSize::ALL,
        };
        let mut found = page::page::<Device>(call, listing, |_, _| true)
            .await?
            .items;
        found.sort_by_key(Device::rank);
        let mut items = Vec::new();
        for device in &found {
            items.push(noun::shown(call, device).await?);
        }
        let list = List::whole(Device::PLURAL, items).filtered();
        let mut body = hal::list(call, list)?;
        if call.asks_for("expand", "order") {
            let order = found.iter().map(|it| {
                let mut place = Object::new();
                place.insert("id".into(), json!(it.id));
                Body::from(place)
            });
            body = body.embedding("order", order.collect());
        }
        Ok(Reply::ok(body))
    })
}

/// `PUT /devices/{d}/nickname`; an empty one takes it away (`reference/mfa.md` 4.4).
fn rename<'a>(call: &'a Call<'a>) -> BoxFuture<'a, Outcome<Reply>> {
    #[derive(Deserialize)]
    struct Input {
        nickname: String,
    }
    Box::pin(async move {
        Device::enter(call).await?;
        let body = body::without_nulls(body::object(call.body)?);
        let input: Input = body::read(body).map_err(unfit)?;
        let device = noun::edit::<Device>(call, |device| {
            device.nickname = Some(input.nickname.clone()).filter(|it| !it.is_empty());
            device.updated_at = call.now();
            Ok(())
        });
        let device = device.await?;
        let links = Links::to(call, &call.url(&call.own_path()));
        let mut object = Map::new();
        object.insert(
            "nickname".into(),
            json!(device.nickname.as_deref().unwrap_or_default()),
        );
        Ok(Reply::ok(hal::resource(links, object)))
    })
}
