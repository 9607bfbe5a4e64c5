//! `/v1/environments/{e}/applications/{a}/signOnPolicyAssignments` (`reference/platform.md` 3.2,
//! `oidc.md` 22.2).

use countersign_domain::application::{Application, Protocol, SignOnPolicyAssignment};
use countersign_domain::entity::Entity;
use countersign_domain::policy::sign_on::SignOnPolicy;
use countersign_domain::store::{Batch, Query};

use crate::misfit::Misfit;
use crate::refusal::{Failure, Outcome};
use crate::v1::body::{Check, Number};
use crate::v1::call::Call;
use crate::v1::noun::{self, Change, Noun, Parent};
use crate::v1::route::{Endpoint, Narrow, Resource};

const ALL: &str = "/environments/{environment}/applications/{application}/signOnPolicyAssignments";
const ONE: &str =
    "/environments/{environment}/applications/{application}/signOnPolicyAssignments/{assignment}";
const READ: &str = "applications:read";
const UPDATE: &str = "applications:update";
/// Source: `reference/oidc.md` 22.2.
const MOST: usize = 20;

/// `/environments/{e}/applications/{a}/signOnPolicyAssignments`
pub const RESOURCE: Resource = Resource {
    name: "signOnPolicyAssignments",
    endpoints: &[
        Endpoint::get(ALL, READ, noun::list::<SignOnPolicyAssignment>).narrow(Narrow::Application),
        Endpoint::post(ALL, UPDATE, noun::create::<SignOnPolicyAssignment>)
            .narrow(Narrow::Application),
        Endpoint::get(ONE, READ, noun::read::<SignOnPolicyAssignment>).narrow(Narrow::Application),
        Endpoint::put(ONE, UPDATE, noun::replace::<SignOnPolicyAssignment>)
            .narrow(Narrow::Application),
        Endpoint::delete(ONE, UPDATE, noun::remove::<SignOnPolicyAssignment>)
            .narrow(Narrow::Application),
    ],
};

/// What else a change concerns.
pub struct Facts {
    has_policy: bool,
    speaks_openid: bool,
    /// How many the application has.
    count: usize,
}

impl Noun for SignOnPolicyAssignment {
    const PLURAL: &'static str = "signOnPolicyAssignments";
    const PARAMETER: &'static str = "assignment";
    const IS_SHOWN_FROM_CONFIGURATION: bool = true;
    const PARENT: Option<Parent> = Some(Parent {
        parameter: "application",
        member: "application",
        index: Self::BY_APPLICATION,
    });
    const NUMBERS: &'static [Number] = &[("priority", 1..=2_147_483_647)];
    type Facts = Facts;

    async fn enter(call: &Call<'_>) -> Outcome<()> {
        noun::named::<Application>(call).await.map(|_| ())
    }

    /// Compat: a policy without actions is taken, although `reference/platform.md` 3.10 says that it needs
    /// one: Ping's Terraform tests assign such policies.
    async fn gather<'a>(call: &'a Call<'a>, change: Change<'a, Self>) -> Outcome<Facts> {
        let mut facts = Facts {
            has_policy: true,
            speaks_openid: true,
            count: 0,
        };
        if let Some(after) = change.after() {
            let policy = call.load::<SignOnPolicy>(after.sign_on_policy.id).await?;
            facts.has_policy = policy.is_some();
            let id = after.application.id.to_string();
            let application = call.load::<Application>(&id).await?;
            facts.speaks_openid = application.is_some_and(|it| {
                matches!(
                    it.protocol,
                    Protocol::OpenidConnect | Protocol::Saml | Protocol::WsFed
                )
            });
            let query = Query::equal(Self::KIND, call.env, Self::BY_APPLICATION, id, 100);
            facts.count = call.store().list(&query, call.now()).await?.docs.len();
        }
        Ok(facts)
    }

    fn judge(_: &Call<'_>, change: Change<'_, Self>, facts: Facts) -> Result<Batch, Failure> {
        if change.after().is_none() {
            return Ok(Batch::new());
        }
        let mut check = Check::new();
        check.expect(facts.has_policy, || {
            Misfit::invalid("signOnPolicy.id", "no sign-on policy has this id")
        });
        check.expect(facts.speaks_openid, || {
            Misfit::constraint("application", "nobody signs on to the application")
        });
        check.expect(change.before().is_some() || facts.count < MOST, || {
            Misfit::constraint("signOnPolicy", "an application has at most 20 policies")
        });
        check.finish()?;
        Ok(Batch::new())
    }

    fn unique_member(_: countersign_domain::store::IndexName, _: &str) -> String {
        "signOnPolicy".to_owned()
    }
}
