//! `POST /v1/environments`: an environment and all it starts with (`reference/platform.md` 2).

use countersign_domain::entity::Entity;
use countersign_domain::environment::{BillOfMaterials, Environment};
use countersign_domain::ids::{EnvId, LicenseId, RoleAssignmentId, random_uuid};
use countersign_domain::organization::License;
use countersign_domain::ports::BoxFuture;
use countersign_domain::reference::Ref;
use countersign_domain::role::{self, RoleAssignment, RoleScope, RoleScopeType, RoleSubject};
use countersign_domain::store::{Batch, Fault, Query};
use serde_json::{Value, json};

use super::{bill_of_materials, check, shown};
use crate::cx::Cx;
use crate::defaults::key_pair::KeyPair;
use crate::defaults::{self, Maker};
use crate::misfit::Misfit;
use crate::refusal::{Outcome, Refusal, Refused};
use crate::run::{Operation, Verdict, run};
use crate::v1::actor::Who;
use crate::v1::body::{self, Object};
use crate::v1::call::{Call, Reply};
use crate::v1::noun;
use crate::v1::upload::unfit;

/// Roles that whoever makes an environment gets in it.
/// Source: `reference/platform.md` 1.2.
const GIVEN: [&str; 2] = ["Identity Data Admin", "Client Application Developer"];
const ADMIN: &str = "Environment Admin";

/// `POST`
pub(super) fn create<'a>(call: &'a Call<'a>) -> BoxFuture<'a, Outcome<Reply>> {
    Box::pin(async move {
        let actor = call.actor;
        if !actor.may_in("environments:create", actor.organization) {
            let why = "no role for the organization";
            return Err(Refusal::Forbidden.because(why).into());
        }
        let body = body::object(call.body)?;
        let keys = key_pairs(call).await?;
        let id = EnvId::random(&*call.cx.ports.entropy);
        let operation = Create {
            call,
            body,
            id,
            keys: &keys,
        };
        let (environment, bill) = run(call.cx, &operation).await?;
        let mut object = shown(call, &environment).await?;
        object.members.insert("billOfMaterials".into(), json!(bill));
        Ok(Reply::created(object))
    })
}

/// Made before anything is read and once only: it is the slow part.
async fn key_pairs(call: &Call<'_>) -> Outcome<[KeyPair; 2]> {
    let generate = || KeyPair::generate().and_then(|one| Ok([one, KeyPair::generate()?]));
    Ok(call.cx.work(generate).await??)
}

struct Create<'a> {
    call: &'a Call<'a>,
    body: Object,
    id: EnvId,
    keys: &'a [KeyPair; 2],
}

struct Facts {
    licenses: Vec<LicenseId>,
    taken: Vec<Misfit>,
    environment: Environment,
    bill: BillOfMaterials,
    assignments: Vec<RoleAssignment>,
}

impl Create<'_> {
    fn environment(&self, licenses: &[LicenseId]) -> Result<Environment, Refused> {
        let call = self.call;
        let mut made = body::writable(body::without_nulls(self.body.clone()), &["status"]);
        let now = json!(call.now());
        made.insert("id".into(), json!(self.id));
        made.insert("createdAt".into(), now.clone());
        made.insert("updatedAt".into(), now);
        let organization = json!({ "id": call.actor.organization });
        made.insert("organization".into(), organization);
        for name in ["softDeletedAt", "hardDeletedAllowedAt"] {
            made.remove(name);
        }
        let missing = ["name", "type", "region"]
            .into_iter()
            .filter(|name| !made.contains_key(*name));
        let mut missing: Vec<Misfit> = missing.map(Misfit::required).collect();
        match (made.contains_key("license"), licenses) {
            // Source: `reference/platform.md` 3.1: required if there are several.
            (false, [one]) => {
                made.insert("license".into(), json!({ "id": one }));
            }
            (false, [_, _, ..]) => missing.push(Misfit::required("license")),
            (false, []) | (true, _) => {}
        }
        if !missing.is_empty() {
            return Err(Refusal::Unfit(missing).because("required members are missing"));
        }
        body::read(made).map_err(|misfit| {
            let why = format!("{}: {}", misfit.target, misfit.message);
            Refusal::Unfit(vec![misfit]).because(why)
        })
    }

    /// What the environment is made for; the base, unless the caller says so.
    fn bill(&self, cx: &Cx) -> Result<BillOfMaterials, Misfit> {
        const NAME: &str = "billOfMaterials";
        let base = || json!({ "products": [{ "type": "PING_ONE_BASE" }] });
        let given = self.body.get(NAME).filter(|it| !it.is_null()).cloned();
        let Value::Object(given) = given.unwrap_or_else(base) else {
            return Err(Misfit::invalid(NAME, "must be an object"));
        };
        let made = bill_of_materials::parse(given, None, &*cx.ports.entropy, cx.now);
        made.map_err(|misfit| Misfit {
            target: format!("{NAME}.{}", misfit.target).into(),
            ..misfit
        })
    }

    /// The roles that the caller gets in the new environment.
    fn assignments(&self) -> Vec<RoleAssignment> {
        let actor = self.call.actor;
        let subject = match actor.who {
            Who::Worker => RoleSubject::Application(Ref::to(actor.client)),
            Who::User(user, _) => RoleSubject::User(Ref::to(user)),
        };
        let is_admin = role::built_in(ADMIN).is_some_and(|admin| {
            let organization = actor.organization.uuid();
            let mut held = actor.roles.iter();
            held.any(|it| it.role == admin.id && it.scope.id == organization)
        });
        let more = (!is_admin).then_some(ADMIN);
        GIVEN
            .into_iter()
            .chain(more)
            .filter_map(role::built_in)
            .map(|role| RoleAssignment {
                id: RoleAssignmentId::from_uuid(random_uuid(&*self.call.cx.ports.entropy)),
                role: Ref::to(role.id),
                scope: RoleScope {
                    id: self.id.uuid(),
                    type_: RoleScopeType::Environment,
                },
                subject,
                read_only: false,
                created_at: self.call.now(),
            })
            .collect()
    }
}

impl Operation for Create<'_> {
    type Facts = Facts;
    type Reply = (Environment, BillOfMaterials);

    async fn gather(&self, cx: &Cx) -> Outcome<Facts> {
        let organization = self.call.actor.organization.to_string();
        let index = License::BY_ORGANIZATION;
        let query = Query::equal(License::KIND, EnvId::PLATFORM, index, organization, 100);
        let docs = cx.ports.store.list(&query, cx.now).await?.docs;
        let licenses: Result<Vec<LicenseId>, Fault> = docs
            .iter()
            .map(|doc| Ok(License::from_doc(doc)?.id))
            .collect();
        let licenses = licenses?;
        let environment = self.environment(&licenses)?;
        let taken = noun::taken(self.call, &environment).await?;
        let bill = self.bill(cx).map_err(unfit)?;
        Ok(Facts {
            licenses,
            taken,
            environment,
            bill,
            assignments: self.assignments(),
        })
    }

    fn decide(&self, cx: &Cx, facts: Facts) -> Result<Verdict<Self::Reply>, Fault> {
        let Facts {
            licenses,
            taken,
            environment,
            bill,
            assignments,
        } = facts;
        let license = environment.license.as_ref();
        let has_license = license.is_none_or(|it| licenses.contains(&it.id));
        if let Err(refused) = check(&environment, has_license) {
            return Ok(Verdict::refuse(refused));
        }
        if !taken.is_empty() {
            let why = "the name is taken, or too long";
            return Ok(Verdict::refuse(Refusal::Unfit(taken).because(why)));
        }
        let maker = Maker {
            api_url: cx.env.urls.api(),
            vault: &cx.ports.vault,
            entropy: &*cx.ports.entropy,
            now: cx.now,
        };
        let [current, next] = self.keys;
        let documents = defaults::new_environment(maker, &environment, current, next)?;
        let mut batch = defaults::creation(environment.id, documents)
            .create(environment.id, &bill)?
            .changed(self.call.actor.home);
        for assignment in &assignments {
            batch = batch.and(Batch::new().create(self.call.actor.home, assignment)?);
        }
        Ok(Verdict::reply((environment, bill)).writing(batch))
    }
}
