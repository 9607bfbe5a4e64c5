//! What a policy of second factors refers to (`reference/mfa.md` 8): it must be there, and here.

use countersign_domain::application::{Application, ApplicationType};
use countersign_domain::entity::Entity;
use countersign_domain::notification::policy::NotificationsPolicy;
use countersign_domain::policy::mfa::{DeviceAuthenticationPolicy, Fido2Policy};
use serde_json::Value;
use uuid::Uuid;

use crate::misfit::Misfit;
use crate::refusal::Outcome;
use crate::v1::call::Call;
use crate::v1::pointing;

/// Most applications of a policy that are looked up.
const MOST: usize = 100;

/// What the policy refers to and is not there.
pub(super) async fn dangling(
    call: &Call<'_>,
    policy: &DeviceAuthenticationPolicy,
    before: Option<&DeviceAuthenticationPolicy>,
) -> Outcome<Vec<Misfit>> {
    let mut found = Vec::new();
    let applications = policy.mobile.get("applications").and_then(Value::as_array);
    let applications = applications.into_iter().flatten();
    for (at, application) in applications.enumerate() {
        if at >= MOST || !is_native(call, before, application.get("id")).await? {
            let target = format!("mobile.applications[{at}].id");
            found.push(Misfit::invalid(target, "no native application has this id"));
        }
        if at >= MOST {
            break;
        }
    }
    let notifications = policy.notifications_policy.as_ref();
    if let Some(notifications) = notifications
        && !holds::<NotificationsPolicy>(call, before, notifications.get("id")).await?
    {
        let why = "no notifications policy has this id";
        found.push(Misfit::invalid("notificationsPolicy.id", why));
    }
    let passkeys = policy.fido2.as_ref();
    let passkeys = passkeys.and_then(|it| it.get("fido2PolicyId"));
    if passkeys.is_some() && !holds::<Fido2Policy>(call, before, passkeys).await? {
        let why = "no FIDO2 policy has this id";
        found.push(Misfit::invalid("fido2.fido2PolicyId", why));
    }
    Ok(found)
}

/// Whether an application is one that devices have, or was named before.
async fn is_native(
    call: &Call<'_>,
    before: Option<&DeviceAuthenticationPolicy>,
    id: Option<&Value>,
) -> Outcome<bool> {
    let Some(id) = id.and_then(Value::as_str) else {
        return Ok(false);
    };
    let found = match id.parse::<Uuid>() {
        Ok(id) => call.load::<Application>(id).await?,
        Err(_) => None,
    };
    let is_native = found.is_some_and(|it| it.type_ == ApplicationType::NativeApp);
    Ok(is_native || before.is_some_and(|it| pointing::points_at(it, id)))
}

/// Whether the environment has one of an id. Those that every environment has are stored with it.
async fn holds<E: Entity>(
    call: &Call<'_>,
    before: Option<&DeviceAuthenticationPolicy>,
    id: Option<&Value>,
) -> Outcome<bool> {
    let id = id.and_then(Value::as_str).map(str::parse::<Uuid>);
    match id {
        Some(Ok(id)) => pointing::holds::<E, _>(call, before, id).await,
        Some(Err(_)) | None => Ok(false),
    }
}
