//! `/v1/environments/{e}/applications/{a}/pushCredentials` (`reference/platform.md` 4).

use countersign_domain::application::push_credential::{PushCredential, PushService};
use countersign_domain::application::{Application, ApplicationType};
use countersign_domain::store::Batch;
use serde_json::Value;

use crate::misfit::{Fit, Misfit};
use crate::refusal::{Failure, Outcome, Refused};
use crate::v1::body::{Check, Object};
use crate::v1::call::Call;
use crate::v1::noun::{self, Change, Noun, Parent};
use crate::v1::route::{Endpoint, Narrow, Resource};

const ALL: &str = "/environments/{environment}/applications/{application}/pushCredentials";
const ONE: &str =
    "/environments/{environment}/applications/{application}/pushCredentials/{pushCredential}";
const READ: &str = "applications:read";
const UPDATE: &str = "applications:update";
/// Most of one application.
const MOST: usize = 20;
/// Most bytes of a secret: a service account of Google's has about 2,400.
const MAX_SECRET: usize = 16 * 1024;

/// `/environments/{e}/applications/{a}/pushCredentials`
pub const RESOURCE: Resource = Resource {
    name: "pushCredentials",
    endpoints: &[
        Endpoint::get(ALL, READ, noun::list::<PushCredential>).narrow(Narrow::Application),
        Endpoint::post(ALL, UPDATE, noun::create::<PushCredential>).narrow(Narrow::Application),
        Endpoint::get(ONE, READ, noun::read::<PushCredential>).narrow(Narrow::Application),
        Endpoint::put(ONE, UPDATE, noun::replace::<PushCredential>).narrow(Narrow::Application),
        Endpoint::delete(ONE, UPDATE, noun::remove::<PushCredential>).narrow(Narrow::Application),
    ],
};

/// What else a change concerns.
pub struct Facts {
    is_native: bool,
    count: usize,
}

impl Noun for PushCredential {
    const PLURAL: &'static str = "pushCredentials";
    const PARAMETER: &'static str = "pushCredential";
    const PARENT: Option<Parent> = Some(Parent {
        parameter: "application",
        member: "application",
        index: Self::BY_APPLICATION,
    });
    const IS_CONFIGURATION: bool = false;
    type Facts = Facts;

    async fn enter(call: &Call<'_>) -> Outcome<()> {
        noun::named::<Application>(call).await.map(|_| ())
    }

    /// The secrets must be there; they are looked at here and kept nowhere.
    fn prepare(_: &Call<'_>, body: &mut Object, _before: Option<&Self>) -> Result<(), Refused> {
        let type_ = body.get("type").cloned().unwrap_or_default();
        let Ok(type_) = serde_json::from_value::<PushService>(type_) else {
            // Told when the body is read.
            return Ok(());
        };
        let mut check = Check::new();
        for name in type_.needs() {
            match body.remove(*name) {
                None => check.note(Misfit::required(*name)),
                Some(Value::String(secret)) => check.expect(secret.len() <= MAX_SECRET, || {
                    Misfit::new(Fit::TooLong, *name, "must have at most 16384 characters")
                }),
                Some(_) => check.note(Misfit::invalid(*name, "must be a text")),
            }
        }
        check.finish()
    }

    async fn gather<'a>(call: &'a Call<'a>, change: Change<'a, Self>) -> Outcome<Facts> {
        let Some(after) = change.after() else {
            return Ok(Facts {
                is_native: true,
                count: 0,
            });
        };
        let id = after.application.id;
        let application = call.load::<Application>(id).await?;
        let all = noun::all_by::<Self>(call, Self::BY_APPLICATION, id.to_string()).await?;
        Ok(Facts {
            is_native: application.is_some_and(|it| it.type_ == ApplicationType::NativeApp),
            count: all.len(),
        })
    }

    fn judge(_: &Call<'_>, change: Change<'_, Self>, facts: Facts) -> Result<Batch, Failure> {
        let mut check = Check::new();
        check.expect(facts.is_native, || {
            Misfit::constraint("application", "is no NATIVE_APP")
        });
        check.expect(change.before().is_some() || facts.count < MOST, || {
            Misfit::constraint("application", "has 20 push credentials")
        });
        check.finish()?;
        Ok(Batch::new())
    }
}
