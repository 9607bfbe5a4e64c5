//! `/v1/environments/{e}/billOfMaterials`.

use std::collections::BTreeSet;

use countersign_domain::entity;
use countersign_domain::environment::{BillOfMaterials, Bookmark, Environment, Product};
use countersign_domain::ids::{EnvId, random_uuid};
use countersign_domain::ports::{BoxFuture, Entropy};
use countersign_domain::store::{Batch, Fault};
use countersign_domain::time::Time;
use serde::Deserialize;
use serde_json::{Value, json};
use url::Url;

use crate::cx::Cx;
use crate::misfit::{Fit, Hint, Misfit};
use crate::refusal::Outcome;
use crate::run::{Operation, Verdict, run};
use crate::v1::body::{self, Object};
use crate::v1::call::{Call, Reply};
use crate::v1::hal::{self, Body, Links};
use crate::v1::noun;
use crate::v1::upload::unfit;

/// Services in PingOne's words (`reference/platform.md` 3.1).
pub(in crate::v1) const PRODUCTS: &[&str] = &[
    "PING_ONE_BASE",
    "PING_ONE_MFA",
    "PING_ONE_RISK",
    "PING_ONE_VERIFY",
    "PING_ONE_CREDENTIALS",
    "PING_INTELLIGENCE",
    "PING_ONE_AUTHORIZE",
    "PING_ONE_AUTHENTICATION",
    "PING_ONE_FOR_ENTERPRISE",
    "PING_ONE_DAVINCI",
    "PING_ONE_ID",
    "PING_ONE_PROVISIONING",
    "PING_ONE_FRAUD",
    "PING_ONE_INTELLIGENCE",
    "PING_ONE_NEO",
    "PING_ONE_PRIVILEGE",
    "PING_ONE_ADVANCED_IDENTITY_CLOUD",
    "PING_ONE_FOR_SAAS",
    "PING_ONE_ORCHESTRATE",
    "PING_ID",
    "PING_ID_SDK",
    "PING_FEDERATE",
    "PING_ACCESS",
    "PING_DIRECTORY",
    "PING_AUTHORIZE",
    "PING_CENTRAL",
    "PING_DATA_GOVERNANCE",
    "PING_DATA_SYNC",
    "IDENTITY_CLOUD",
    "IDENTITY_GOVERNANCE",
];
/// Says that nothing is expected of DaVinci.
const DAVINCI_MINIMAL: &str = "DAVINCI_MINIMAL";
/// Tags of products.
const TAGS: [&str; 1] = [DAVINCI_MINIMAL];
/// What an environment can be made for (`reference/platform.md` 3.1).
pub(in crate::v1) const SOLUTIONS: [&str; 4] = ["CUSTOMER", "WORKFORCE", "CIAM_TRIAL", "WF_TRIAL"];
/// Most products of one bill.
const MAX_PRODUCTS: usize = 50;
/// Most bookmarks of one product.
const MAX_BOOKMARKS: usize = 5;

/// The bill that a body describes. The products get ids: those they had, by their type.
pub(super) fn parse(
    given: Object,
    before: Option<&BillOfMaterials>,
    entropy: &dyn Entropy,
    now: Time,
) -> Result<BillOfMaterials, Misfit> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Given {
        products: Vec<Product>,
        solution_type: Option<Value>,
    }
    let mut given: Given = body::read(body::without_nulls(given))?;
    if given.products.len() > MAX_PRODUCTS {
        let message = format!("must be a list of at most {MAX_PRODUCTS} products");
        return Err(Misfit::invalid("products", message));
    }
    let mut former: Vec<&Product> = before.iter().flat_map(|it| &it.products).collect();
    for (at, product) in given.products.iter_mut().enumerate() {
        check_product(&format!("products[{at}]"), product)?;
        let place = former.iter().position(|it| it.type_ == product.type_);
        let id = place.and_then(|it| former.remove(it).id);
        product.id = Some(id.unwrap_or_else(|| random_uuid(entropy)));
    }
    let kind = given.solution_type.as_ref();
    let kind = kind.map(|it| it.as_str().filter(|it| SOLUTIONS.contains(it)));
    // Source: `reference/platform.md` 3.1: ignored on PUT.
    if let (None, Some(None)) = (before, kind) {
        let message = format!("must be one of: {}", SOLUTIONS.join(", "));
        let words = SOLUTIONS.iter().map(|it| (*it).to_owned()).collect();
        return Err(Misfit::invalid("solutionType", message).hinting(Hint::Values(words)));
    }
    Ok(BillOfMaterials {
        solution_type: match before {
            Some(before) => before.solution_type.clone(),
            None => kind.flatten().map(str::to_owned),
        },
        products: given.products,
        created_at: before.map_or(now, |it| it.created_at),
        updated_at: now,
    })
}

/// Consoles show it as a link.
fn is_page(href: &str) -> bool {
    Url::parse(href).is_ok_and(|it| matches!(it.scheme(), "https" | "http"))
}

/// What a product may say beyond what its type does; `path` leads to it.
fn check_product(path: &str, product: &Product) -> Result<(), Misfit> {
    let tags = product.tags.iter().flatten().map(String::as_str);
    // Decision: there are no flows of DaVinci here. `DAVINCI_MINIMAL` says that none is expected,
    // which Ping's Terraform provider does; without it a new environment would lack what it promises.
    if product.type_ == "PING_ONE_DAVINCI" && !tags.clone().any(|it| it == DAVINCI_MINIMAL) {
        let message = "Organization does not have Ping One DaVinci FF enabled";
        return Err(Misfit::constraint(format!("{path}.type"), message));
    }
    if !PRODUCTS.contains(&product.type_.as_str()) {
        let allowed = PRODUCTS.iter().map(|it| (*it).to_owned()).collect();
        let misfit = Misfit::invalid(format!("{path}.type"), "is no product");
        return Err(misfit.hinting(Hint::Values(allowed)));
    }
    if tags.into_iter().any(|it| !TAGS.contains(&it)) {
        let misfit = Misfit::invalid(format!("{path}.tags"), "must be a list of known tags");
        let allowed = TAGS.iter().map(|it| (*it).to_owned()).collect();
        return Err(misfit.hinting(Hint::Values(allowed)));
    }
    if product
        .console
        .as_ref()
        .is_some_and(|it| !is_page(&it.href))
    {
        let target = format!("{path}.console.href");
        return Err(Misfit::invalid(target, "must be the address of a page"));
    }
    let bookmarks = product.bookmarks.as_deref().unwrap_or_default();
    if bookmarks.len() > MAX_BOOKMARKS {
        let message = format!("must have at most {MAX_BOOKMARKS} entries");
        return Err(Misfit::new(
            Fit::TooLong,
            format!("{path}.bookmarks"),
            message,
        ));
    }
    let mut names = BTreeSet::new();
    for Bookmark { name, href } in bookmarks {
        let has_name = (1..=50).contains(&name.chars().count());
        if !has_name || !is_page(href) || !names.insert(name) {
            let message = "must have names of 1 to 50 characters, each once, and an address of a \
                           page as href";
            return Err(Misfit::invalid(format!("{path}.bookmarks"), message));
        }
    }
    Ok(())
}

/// The bill of an environment; one that was never written is that of an import file.
pub(super) async fn of(call: &Call<'_>, env: EnvId) -> Outcome<Object> {
    let found = entity::load::<BillOfMaterials>(call.store(), env, BillOfMaterials::ID, call.now());
    if let Some(bill) = found.await? {
        return noun::object_of(&bill.value);
    }
    let mut object = Object::new();
    object.insert("products".into(), json!([{ "type": "PING_ONE_BASE" }]));
    Ok(object)
}

fn shown(call: &Call<'_>, bill: Object) -> Body {
    let own = call.url(&call.fill("/environments/{environment}/billOfMaterials"));
    hal::resource(Links::to(call, &own), bill)
}

/// `GET`
pub(super) fn read<'a>(call: &'a Call<'a>) -> BoxFuture<'a, Outcome<Reply>> {
    Box::pin(async move {
        let environment = noun::named::<Environment>(call).await?;
        let bill = of(call, environment.id).await?;
        Ok(Reply::ok(shown(call, bill)))
    })
}

/// `PUT`
pub(super) fn replace<'a>(call: &'a Call<'a>) -> BoxFuture<'a, Outcome<Reply>> {
    Box::pin(async move {
        let given = body::object(call.body)?;
        let bill = run(call.cx, &Replace { call, given }).await?;
        Ok(Reply::ok(shown(call, noun::object_of(&bill)?)))
    })
}

struct Replace<'a> {
    call: &'a Call<'a>,
    given: Object,
}

impl Operation for Replace<'_> {
    type Facts = (EnvId, Option<entity::Stored<BillOfMaterials>>);
    type Reply = BillOfMaterials;

    async fn gather(&self, _cx: &Cx) -> Outcome<Self::Facts> {
        let env = noun::named::<Environment>(self.call).await?.id;
        let (store, now) = (self.call.store(), self.call.now());
        Ok((
            env,
            entity::load(store, env, BillOfMaterials::ID, now).await?,
        ))
    }

    fn decide(&self, cx: &Cx, facts: Self::Facts) -> Result<Verdict<BillOfMaterials>, Fault> {
        let (env, before) = facts;
        let entropy = &*cx.ports.entropy;
        let old = before.as_ref().map(|it| &it.value);
        let bill = match parse(self.given.clone(), old, entropy, cx.now) {
            Ok(bill) => bill,
            Err(misfit) => return Ok(Verdict::refuse(unfit(misfit))),
        };
        let batch = match &before {
            Some(before) => Batch::new().update(env, &bill, before.version)?,
            None => Batch::new().create(env, &bill)?,
        };
        Ok(Verdict::reply(bill).writing(batch))
    }
}
