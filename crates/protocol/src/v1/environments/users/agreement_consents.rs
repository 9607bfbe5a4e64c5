//! `/v1/environments/{e}/users/{u}/agreementConsents`: to which terms a person said yes, and to
//! which text of them (`reference/flows.md` 6.14).

use countersign_domain::agreement::{AgreementConsent, ConsentStatus, LastConsent};
use countersign_domain::entity::{Entity, Stored};
use countersign_domain::ids::{AgreementId, AgreementLanguageId, AgreementRevisionId, UserId};
use countersign_domain::ports::BoxFuture;
use countersign_domain::reference::Ref;
use countersign_domain::store::{Batch, Fault, Query};
use countersign_domain::time::Time;
use countersign_domain::user::User;
use serde::Deserialize;
use serde_json::json;

use super::wrong;
use crate::cx::Cx;
use crate::misfit::Misfit;
use crate::refusal::{Outcome, Refusal, Refused};
use crate::run::{Operation, Verdict, run};
use crate::v1::body;
use crate::v1::call::{Call, Reply};
use crate::v1::hal::{self, Body, Links, List};
use crate::v1::noun;
use crate::v1::route::{Endpoint, Narrow, Resource};

const ALL: &str = "/environments/{environment}/users/{user}/agreementConsents";
const ONE: &str = "/environments/{environment}/users/{user}/agreementConsents/{agreement}";
const READ: &str = "p1:read:userConsent";
/// Most consents of one person that are listed; there are fewer agreements.
const MOST: u32 = 1_000;

/// `/environments/{e}/users/{u}/agreementConsents`
pub const RESOURCE: Resource = Resource {
    name: "agreementConsents",
    endpoints: &[
        Endpoint::get(ALL, "consents:read", list)
            .narrow(Narrow::Population)
            .own(READ),
        Endpoint::get(ONE, "consents:read", read)
            .narrow(Narrow::Population)
            .own(READ),
        Endpoint::post(ONE, "consents:update", accept)
            .media("consent.accept")
            .narrow(Narrow::Population),
        Endpoint::post(ONE, "consents:update", revoke)
            .media("consent.revoke")
            .narrow(Narrow::Population),
    ],
};

fn shown(call: &Call<'_>, consent: &AgreementConsent) -> Outcome<Body> {
    let environment = call.fill("/environments/{environment}");
    let user = format!("{environment}/users/{}", consent.user.id);
    let agreement = format!("{environment}/agreements/{}", consent.agreement.id);
    let own = format!("{user}/agreementConsents/{}", consent.agreement.id);
    let mut links = Links::to(call, &call.url(&own));
    links.add("user", call.url(&user));
    links.add("agreement", call.url(&agreement));
    let mut object = noun::object_of(consent)?;
    object.insert("environment".into(), json!({ "id": call.env }));
    Ok(hal::resource(links, object))
}

fn absent() -> Refused {
    Refusal::NotFound.because("no such consent of this user")
}

/// `GET` of all of a person's.
fn list<'a>(call: &'a Call<'a>) -> BoxFuture<'a, Outcome<Reply>> {
    Box::pin(async move {
        let user = noun::named::<User>(call).await?.id.to_string();
        let (kind, index) = (AgreementConsent::KIND, AgreementConsent::BY_USER);
        let query = Query::equal(kind, call.env, index, user, MOST);
        let docs = call.store().list(&query, call.now()).await?.docs;
        let items = docs.iter().map(|doc| {
            let consent = AgreementConsent::from_doc(doc)?;
            shown(call, &consent)
        });
        let items = items.collect::<Outcome<Vec<_>>>()?;
        let list = List::whole(RESOURCE.name, items);
        Ok(Reply::ok(hal::list(call, list)?))
    })
}

/// `GET` of one: the latest consent to an agreement.
fn read<'a>(call: &'a Call<'a>) -> BoxFuture<'a, Outcome<Reply>> {
    Box::pin(async move {
        let user = noun::named::<User>(call).await?.id;
        let id = AgreementConsent::id_of(user, call.id("agreement")?);
        let found = call.load::<AgreementConsent>(id).await?;
        let found = found.ok_or_else(absent)?;
        Ok(Reply::ok(shown(call, &found)?))
    })
}

/// What changes a consent.
enum Act {
    Accept(LastConsent),
    Revoke,
}

struct Set<'a> {
    call: &'a Call<'a>,
    user: UserId,
    agreement: AgreementId,
    act: Act,
}

impl Operation for Set<'_> {
    type Facts = Option<Stored<AgreementConsent>>;
    type Reply = AgreementConsent;

    async fn gather(&self, _cx: &Cx) -> Outcome<Self::Facts> {
        let id = AgreementConsent::id_of(self.user, self.agreement);
        self.call.load(id).await
    }

    fn decide(&self, cx: &Cx, before: Self::Facts) -> Result<Verdict<AgreementConsent>, Fault> {
        let last_consent = match (&self.act, &before) {
            (Act::Accept(given), _) => given.clone(),
            (Act::Revoke, None) => return Ok(Verdict::refuse(absent())),
            (Act::Revoke, Some(before)) => LastConsent {
                status: ConsentStatus::Revoked,
                ..before.last_consent.clone()
            },
        };
        let after = AgreementConsent {
            user: Ref::to(self.user),
            agreement: Ref::to(self.agreement),
            last_consent,
        };
        let env = cx.env_id();
        let writes = match &before {
            Some(before) if before.value == after => Batch::new(),
            Some(before) => Batch::new().update(env, &after, before.version)?,
            None => Batch::new().create(env, &after)?,
        };
        Ok(Verdict::reply(after).writing(writes))
    }
}

async fn set(call: &Call<'_>, act: Act) -> Outcome<Reply> {
    let set = Set {
        call,
        user: noun::named::<User>(call).await?.id,
        agreement: call.id("agreement")?,
        act,
    };
    let after = run(call.cx, &set).await?;
    Ok(Reply::ok(shown(call, &after)?))
}

/// The body of an acceptance.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Given {
    language: Ref<AgreementLanguageId>,
    revision: Ref<AgreementRevisionId>,
    consented_at: Option<Time>,
}

/// `POST` `consent.accept`: `{language: {id}, revision: {id}, consentedAt?}`.
fn accept<'a>(call: &'a Call<'a>) -> BoxFuture<'a, Outcome<Reply>> {
    Box::pin(async move {
        noun::named::<User>(call).await?;
        let agreement: AgreementId = call.id("agreement")?;
        let texts = call.cx.env.agreement(agreement);
        let texts = texts.ok_or_else(|| Refusal::NotFound.because("no such agreement"))?;
        let body = body::without_nulls(body::object(call.body)?);
        let given: Given = body::read(body).map_err(wrong)?;
        let language = texts.language(given.language.id).ok_or_else(|| {
            let message = "the agreement has no such language";
            wrong(Misfit::invalid("language.id", message))
        })?;
        let mut revisions = language.revisions.iter();
        if !revisions.any(|it| it.id == given.revision.id) {
            let message = "the language of the agreement has no such revision";
            return Err(wrong(Misfit::invalid("revision.id", message)).into());
        }
        let at = given.consented_at.unwrap_or_else(|| call.now());
        if at > call.now() {
            let message = "must not be in the future";
            return Err(wrong(Misfit::invalid("consentedAt", message)).into());
        }
        let last = LastConsent {
            status: ConsentStatus::Accepted,
            consented_at: at,
            language: given.language,
            revision: given.revision,
        };
        set(call, Act::Accept(last)).await
    })
}

/// `POST` `consent.revoke`, without a body: the person is asked again.
fn revoke<'a>(call: &'a Call<'a>) -> BoxFuture<'a, Outcome<Reply>> {
    Box::pin(set(call, Act::Revoke))
}
