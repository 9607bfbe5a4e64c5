//! `/v1/environments/{e}/notificationsPolicies` (`reference/platform.md` 4). Stored; nothing is
//! counted yet.

use countersign_domain::entity::Stored;
use countersign_domain::notification::DeliveryMethod;
use countersign_domain::notification::policy::{
    Cooldown, CountryLimitType, NotificationsPolicy, Quota, QuotaType, Wait, WaitUnit,
};
use countersign_domain::store::Batch;
use serde_json::{Value, json};

use crate::misfit::{Fit, Misfit};
use crate::refusal::{Failure, Outcome, Refusal, Refused};
use crate::v1::body::{Check, Object};
use crate::v1::call::Call;
use crate::v1::noun::{self, Change, Noun};
use crate::v1::route::{Endpoint, Resource};

const ALL: &str = "/environments/{environment}/notificationsPolicies";
const ONE: &str = "/environments/{environment}/notificationsPolicies/{notificationsPolicy}";
/// Most notifications for one user in a day. Source: Ping's Terraform provider.
const MOST_FOR_A_USER: u32 = 50;
/// Most entries of a list.
const MOST: usize = 300;

/// `/environments/{e}/notificationsPolicies`
pub const RESOURCE: Resource = Resource {
    name: "notificationsPolicies",
    endpoints: &[
        Endpoint::get(ALL, "notifications:read", noun::list::<NotificationsPolicy>),
        Endpoint::post(
            ALL,
            "notifications:create",
            noun::create::<NotificationsPolicy>,
        ),
        Endpoint::get(ONE, "notifications:read", noun::read::<NotificationsPolicy>),
        Endpoint::put(
            ONE,
            "notifications:update",
            noun::replace::<NotificationsPolicy>,
        ),
        Endpoint::delete(
            ONE,
            "notifications:delete",
            noun::remove::<NotificationsPolicy>,
        ),
    ],
};

impl Noun for NotificationsPolicy {
    const PLURAL: &'static str = "notificationsPolicies";
    const PARAMETER: &'static str = "notificationsPolicy";
    /// The others.
    type Facts = Vec<Stored<Self>>;

    fn prepare(_call: &Call<'_>, body: &mut Object, before: Option<&Self>) -> Result<(), Refused> {
        // The default is handed on, not switched off.
        if before.is_some_and(|it| it.default) {
            body.insert("default".into(), json!(true));
        }
        if !body.contains_key("quotas") {
            let misfit = Misfit::required("quotas");
            return Err(Refusal::Unfit(vec![misfit]).because("quotas is missing"));
        }
        Ok(())
    }

    async fn gather<'a>(call: &'a Call<'a>, change: Change<'a, Self>) -> Outcome<Self::Facts> {
        noun::others(call, &change).await
    }

    fn judge(
        call: &Call<'_>,
        change: Change<'_, Self>,
        others: Self::Facts,
    ) -> Result<Batch, Failure> {
        let Some(after) = change.after() else {
            return Ok(removed(change.before())?);
        };
        let mut check = Check::new();
        check.length("name", &after.name, 1, 256);
        check.expect(after.quotas.len() <= MOST, || too_many("quotas"));
        for quota in &after.quotas {
            of_quota(&mut check, quota);
        }
        // Each of what it counts is counted once.
        let mails = |it: &Quota| it.delivery_methods.contains(&DeliveryMethod::Email);
        let is_twice = after.quotas.iter().enumerate().any(|(at, one)| {
            let mut others = after.quotas.iter().take(at);
            others.any(|it| it.type_ == one.type_ && mails(it) == mails(one))
        });
        check.expect(!is_twice, || {
            Misfit::invalid("quotas", "must have one entry for each type and method")
        });
        countries(&mut check, after);
        let cooldowns = &after.cooldown_configuration;
        for (target, cooldown) in [
            ("cooldownConfiguration.email", &cooldowns.email),
            ("cooldownConfiguration.sms", &cooldowns.sms),
            ("cooldownConfiguration.voice", &cooldowns.voice),
            ("cooldownConfiguration.whatsApp", &cooldowns.whats_app),
        ] {
            of_cooldown(&mut check, target, cooldown);
        }
        if let Some(providers) = &after.provider_configuration {
            of_providers(&mut check, providers);
        }
        check.finish()?;
        if !after.default {
            return Ok(Batch::new());
        }
        Ok(noun::taken_from(call, &others, |it| {
            it.updated_at = call.now();
            std::mem::take(&mut it.default)
        })?)
    }
}

/// Source: Ping's Terraform provider, which looks for the words of the message.
fn removed(before: Option<&Stored<NotificationsPolicy>>) -> Result<Batch, Refused> {
    if before.is_some_and(|it| it.default) {
        let message = "Unable to remove default notifications policy";
        let misfit = Misfit::constraint("", message);
        return Err(Refusal::NotNow(None, vec![misfit]).because(message));
    }
    Ok(Batch::new())
}

fn too_many(target: &'static str) -> Misfit {
    Misfit::new(Fit::TooLong, target, "must have at most 300 entries")
}

/// Source: the descriptions of Ping's Terraform provider.
fn of_quota(check: &mut Check, quota: &Quota) {
    use DeliveryMethod::{Email, Sms, Voice};
    let methods = &quota.delivery_methods;
    let is_mail = methods.as_slice() == [Email];
    let is_phone = !methods.is_empty() && methods.iter().all(|it| matches!(it, Sms | Voice));
    check.expect(is_mail || is_phone, || {
        let message = "must be SMS and Voice, or Email alone";
        Misfit::invalid("quotas.deliveryMethods", message)
    });
    let is_whole = quota.total.is_some() && quota.claimed.is_none() && quota.unclaimed.is_none();
    let is_split = quota.total.is_none() && quota.claimed.is_some() && quota.unclaimed.is_some();
    check.expect(is_whole || is_split, || {
        Misfit::invalid("quotas", "must have total, or claimed and unclaimed")
    });
    if quota.type_ == QuotaType::User {
        let numbers = [quota.total, quota.claimed, quota.unclaimed];
        for number in numbers.into_iter().flatten() {
            check.range("quotas", number, 0..=i64::from(MOST_FOR_A_USER));
        }
    }
}

fn is_country(text: &str) -> bool {
    text.len() == 2 && text.bytes().all(|it| it.is_ascii_uppercase())
}

fn countries(check: &mut Check, after: &NotificationsPolicy) {
    let limit = &after.country_limit;
    let target = "countryLimit.countries";
    check.expect(limit.countries.len() <= MOST, || too_many(target));
    check.expect(limit.countries.iter().all(|it| is_country(it)), || {
        Misfit::invalid(target, "must be codes of two capital letters")
    });
    let is_limit = limit.type_ != CountryLimitType::None;
    check.expect(is_limit != limit.countries.is_empty(), || {
        Misfit::invalid(target, "must be there, unless the type is NONE")
    });
    let mut methods = limit.delivery_methods.iter();
    let is_phone = |it| matches!(it, &DeliveryMethod::Sms | &DeliveryMethod::Voice);
    check.expect(methods.all(is_phone), || {
        Misfit::invalid("countryLimit.deliveryMethods", "must be SMS or Voice")
    });
}

fn of_cooldown(check: &mut Check, target: &'static str, cooldown: &Cooldown) {
    check.expect(!cooldown.enabled || cooldown.periods.len() == 3, || {
        Misfit::invalid(target, "must have three periods")
    });
    check.expect(cooldown.periods.len() <= 3, || {
        Misfit::invalid(target, "must have three periods")
    });
    let seconds = |it: &Wait| match it.time_unit {
        WaitUnit::Seconds => u64::from(it.duration),
        WaitUnit::Minutes => u64::from(it.duration) * 60,
    };
    // Source: PingOne's Go SDK, NotificationsPolicyCooldownConfigurationMethod.
    let mut waits = cooldown.periods.iter().map(seconds);
    check.expect(waits.all(|it| (10..=600).contains(&it)), || {
        let message = "periods must be of 10 seconds to 10 minutes";
        Misfit::new(Fit::OutOfRange, format!("{target}.periods"), message)
    });
    let group = cooldown.group_by.as_deref().unwrap_or_default();
    check.expect(group.len() <= 256, || {
        Misfit::new(Fit::TooLong, target, "groupBy is too long")
    });
}

/// Conditions with the providers to try for them; the last one is for everything else.
fn of_providers(check: &mut Check, providers: &Object) {
    let target = "providerConfiguration.conditions";
    let conditions = providers.get("conditions").and_then(Value::as_array);
    let conditions = conditions.map(Vec::as_slice).unwrap_or_default();
    check.expect(conditions.len() <= MOST, || too_many(target));
    for condition in conditions {
        let texts = |name: &str| {
            let list = condition.get(name).and_then(Value::as_array);
            let list = list.map(Vec::as_slice).unwrap_or_default();
            list.iter().map(|it| it.as_str().unwrap_or_default())
        };
        let is_method = |it: &str| matches!(it, "VOICE" | "SMS");
        check.expect(texts("deliveryMethods").all(is_method), || {
            Misfit::invalid(target, "deliveryMethods must be VOICE or SMS")
        });
        check.expect(texts("countries").all(is_country), || {
            Misfit::invalid(target, "countries must be codes of two capital letters")
        });
        let chain = condition.get("fallbackChain").and_then(Value::as_array);
        let chain = chain.map(Vec::as_slice).unwrap_or_default();
        let is_named = |it: &Value| it.get("id").is_some_and(Value::is_string);
        check.expect(!chain.is_empty() && chain.iter().all(is_named), || {
            Misfit::invalid(target, "fallbackChain must name providers by id")
        });
    }
}
