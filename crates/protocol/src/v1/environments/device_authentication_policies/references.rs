//! What a policy of second factors refers to (`reference/mfa.md` 8): it must be there, and here.

use countersign_domain::application::{Application, ApplicationType};
use countersign_domain::notification::policy::NotificationsPolicy;
use countersign_domain::policy::mfa::{DeviceAuthenticationPolicy, Fido2Policy};
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
    let applications = policy.mobile.applications.iter().flatten();
    for (at, application) in applications.enumerate() {
        if at >= MOST || !is_native(call, before, application.id).await? {
            let target = format!("mobile.applications[{at}].id");
            found.push(Misfit::invalid(target, "no native application has this id"));
        }
        if at >= MOST {
            break;
        }
    }
    if let Some(notifications) = policy.notifications_policy
        && !pointing::holds::<NotificationsPolicy, _>(call, before, notifications.id).await?
    {
        let why = "no notifications policy has this id";
        found.push(Misfit::invalid("notificationsPolicy.id", why));
    }
    if let Some(passkeys) = policy.fido2.as_ref().and_then(|it| it.fido2_policy_id)
        && !pointing::holds::<Fido2Policy, _>(call, before, passkeys).await?
    {
        let why = "no FIDO2 policy has this id";
        found.push(Misfit::invalid("fido2.fido2PolicyId", why));
    }
    Ok(found)
}

/// Whether an application is one that devices have, or was named before.
async fn is_native(
    call: &Call<'_>,
    before: Option<&DeviceAuthenticationPolicy>,
    id: Uuid,
) -> Outcome<bool> {
    let found = call.load::<Application>(id).await?;
    let is_native = found.is_some_and(|it| it.type_ == ApplicationType::NativeApp);
    Ok(is_native || before.is_some_and(|it| pointing::points_at(it, &id.to_string())))
}
