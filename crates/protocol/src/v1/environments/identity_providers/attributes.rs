//! `/v1/environments/{e}/identityProviders/{i}/attributes` (`reference/platform.md` 4).

use countersign_domain::entity::Stored;
use countersign_domain::identity_provider::{
    IdentityProvider, IdentityProviderAttribute, ProviderMappingType,
};
use countersign_domain::schema::SchemaAttribute;
use countersign_domain::store::Batch;

use crate::misfit::Misfit;
use crate::refusal::{Failure, Outcome, Refusal};
use crate::rp::attributes;
use crate::v1::body::Check;
use crate::v1::call::Call;
use crate::v1::noun::{self, Change, Noun, Parent};
use crate::v1::privilege;
use crate::v1::route::{Endpoint, Resource};

const ALL: &str = "/environments/{environment}/identityProviders/{identityProvider}/attributes";
const ONE: &str =
    "/environments/{environment}/identityProviders/{identityProvider}/attributes/{attribute}";
const READ: &str = "identityProviders:read";
const UPDATE: &str = "identityProviders:update";

/// `/environments/{e}/identityProviders/{i}/attributes`
pub const RESOURCE: Resource = Resource {
    name: "identityProviderAttributes",
    endpoints: &[
        Endpoint::get(ALL, READ, noun::list::<IdentityProviderAttribute>),
        Endpoint::post(ALL, UPDATE, noun::create::<IdentityProviderAttribute>),
        Endpoint::get(ONE, READ, noun::read::<IdentityProviderAttribute>),
        Endpoint::put(ONE, UPDATE, noun::replace::<IdentityProviderAttribute>),
        Endpoint::delete(ONE, UPDATE, noun::remove::<IdentityProviderAttribute>),
    ],
};

/// Attributes by which a provider says who somebody is: whom it is linked with, and where the codes
/// go with which passwords are recovered.
const DECIDES_WHO: [&str; 2] = ["username", "email"];

impl Noun for IdentityProviderAttribute {
    const PLURAL: &'static str = "attributes";
    const PARAMETER: &'static str = "attribute";
    const READ_ONLY: &'static [&'static str] = &["mappingType"];
    const PARENT: Option<Parent> = Some(Parent {
        parameter: "identityProvider",
        member: "identityProvider",
        index: Self::BY_PROVIDER,
    });
    /// The environment's own attributes of users.
    type Facts = Vec<Stored<SchemaAttribute>>;

    async fn enter(call: &Call<'_>) -> Outcome<()> {
        noun::named::<IdentityProvider>(call).await.map(|_| ())
    }

    async fn gather<'a>(call: &'a Call<'a>, change: Change<'a, Self>) -> Outcome<Self::Facts> {
        let before = change.before().map(|it| &it.value);
        let values = [before, change.after()].map(|it| it.map(|it| (&it.name, &it.value)));
        let [before, after] = values;
        let decides = |it: (&String, _)| DECIDES_WHO.contains(&it.0.as_str());
        if before != after && before.into_iter().chain(after).any(decides) {
            privilege::over_everybody(call).await?;
        }
        noun::all::<SchemaAttribute>(call).await
    }

    fn judge(_: &Call<'_>, change: Change<'_, Self>, own: Self::Facts) -> Result<Batch, Failure> {
        let before = change.before().map(|it| &it.value);
        let is_core = before.is_some_and(|it| it.mapping_type == ProviderMappingType::Core);
        let Some(after) = change.after() else {
            if is_core {
                let why = "a core attribute cannot be deleted";
                let misfit = Misfit::constraint("", why);
                return Err(Refusal::NotNow(None, vec![misfit]).because(why).into());
            }
            return Ok(Batch::new());
        };
        let mut check = Check::new();
        check.length("value", &after.value, 1, 1_024);
        let own: Vec<SchemaAttribute> = own.into_iter().map(|it| it.value).collect();
        check.expect(attributes::may_be_mapped(&after.name, &own), || {
            Misfit::invalid("name", "is no attribute that a provider can set")
        });
        check.expect(!is_core || after.name == "username", || {
            Misfit::constraint("name", "the name of a core attribute cannot be changed")
        });
        check.expect(attributes::is_readable(&after.value), || {
            let why = "must be a text with ${providerAttributes.<name>} in it";
            Misfit::invalid("value", why)
        });
        check.finish()?;
        Ok(Batch::new())
    }
}
