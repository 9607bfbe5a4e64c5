//! `/v1/environments/{e}/gateways/{g}/credentials` (`reference/platform.md` 4): made, told once,
//! listed. Nothing here accepts one.

use countersign_domain::gateway::{Gateway, GatewayCredential};
use countersign_domain::ids::GatewayId;
use countersign_domain::reference::Ref;
use countersign_domain::role::RoleSubject;
use countersign_domain::store::Batch;
use serde_json::json;

use crate::jose::sign::{HeaderOptions, sign};
use crate::misfit::Misfit;
use crate::refusal::{Failure, Outcome};
use crate::v1::body::{Check, Object};
use crate::v1::call::{Call, Reply};
use crate::v1::noun::{self, Change, Noun, Parent};
use crate::v1::privilege;
use crate::v1::route::{Endpoint, Resource};

const ALL: &str = "/environments/{environment}/gateways/{gateway}/credentials";
const ONE: &str = "/environments/{environment}/gateways/{gateway}/credentials/{credential}";
const READ: &str = "gateways:read";
const UPDATE: &str = "gateways:update";
/// Most of one gateway.
///
/// Source: PingOne, "Create Gateway Credentials".
const MOST: usize = 5;
/// Keeps a credential from passing for any other token that is signed with the same key.
const TYP: &str = "gateway+jwt";

/// `/environments/{e}/gateways/{g}/credentials`
pub const RESOURCE: Resource = Resource {
    name: "gatewayCredentials",
    endpoints: &[
        Endpoint::get(ALL, READ, noun::list::<GatewayCredential>),
        Endpoint::post(ALL, UPDATE, create),
        Endpoint::get(ONE, READ, noun::read::<GatewayCredential>),
        Endpoint::delete(ONE, UPDATE, noun::remove::<GatewayCredential>),
    ],
};

/// Those of a gateway.
pub(super) async fn of(call: &Call<'_>, gateway: GatewayId) -> Outcome<Vec<GatewayCredential>> {
    let index = GatewayCredential::BY_GATEWAY;
    let found = noun::all_by::<GatewayCredential>(call, index, gateway.to_string()).await?;
    Ok(found.into_iter().map(|it| it.value).collect())
}

impl Noun for GatewayCredential {
    const PLURAL: &'static str = "credentials";
    const PARAMETER: &'static str = "credential";
    const READ_ONLY: &'static [&'static str] = &["credential", "lastUsedAt"];
    const PARENT: Option<Parent> = Some(Parent {
        parameter: "gateway",
        member: "gateway",
        index: Self::BY_GATEWAY,
    });
    const IS_CONFIGURATION: bool = false;
    /// How many there are.
    type Facts = usize;

    async fn enter(call: &Call<'_>) -> Outcome<()> {
        noun::named::<Gateway>(call).await.map(|_| ())
    }

    async fn gather<'a>(call: &'a Call<'a>, change: Change<'a, Self>) -> Outcome<usize> {
        match change.after() {
            Some(after) => Ok(of(call, after.gateway.id).await?.len()),
            None => Ok(0),
        }
    }

    fn judge(_: &Call<'_>, change: Change<'_, Self>, count: usize) -> Result<Batch, Failure> {
        let mut check = Check::new();
        check.expect(change.after().is_none() || count < MOST, || {
            Misfit::constraint("gateway", "has 5 credentials")
        });
        check.finish()?;
        Ok(Batch::new())
    }
}

/// `POST`, without a body: the credential is in this answer and in no other.
fn create<'a>(call: &'a Call<'a>) -> countersign_domain::ports::BoxFuture<'a, Outcome<Reply>> {
    Box::pin(async move {
        let gateway = noun::named::<Gateway>(call).await?;
        // Whoever holds it is the gateway: nobody gets more by it than they have.
        privilege::over(call, RoleSubject::Gateway(Ref::to(gateway.id))).await?;
        let made = noun::create_from::<GatewayCredential>(call, Object::new()).await?;
        let cx = call.cx;
        let urls = &cx.env.urls;
        // Source: PingOne, "Gateway credentials token claims".
        let claims = json!({
            "iss": cx.env.issuer, "aud": urls.api(), "jti": made.id, "iat": call.now().seconds(),
            "authUrl": urls.auth(), "consoleUrl": urls.apps(), "environmentId": call.env,
            "environmentName": cx.env.environment.name, "gatewayId": gateway.id,
            "gatewayName": gateway.name, "gatewayType": gateway.type_,
        });
        let header = HeaderOptions {
            typ: Some(TYP),
            x5t: false,
        };
        let key = cx.env.key_of(None)?;
        let credential = sign(key, &cx.ports.vault, header, &claims)?;
        let mut shown = noun::shown(call, &made).await?;
        shown.members.insert("credential".into(), json!(credential));
        Ok(Reply::created(shown))
    })
}
