//! `/v1/environments/{e}/billOfMaterials`.

use countersign_domain::entity;
use countersign_domain::environment::{BillOfMaterials, Environment};
use countersign_domain::ids::{EnvId, random_uuid};
use countersign_domain::ports::{BoxFuture, Entropy};
use countersign_domain::store::{Batch, Fault};
use countersign_domain::time::Time;
use serde_json::{Value, json};
use url::Url;

use crate::cx::Cx;
use crate::misfit::{Fit, Hint, Misfit};
use crate::refusal::{Outcome, Refusal, Refused};
use crate::run::{Operation, Verdict, run};
use crate::v1::body::{self, Object};
use crate::v1::call::{Call, Reply};
use crate::v1::hal::{self, Body, Links};
use crate::v1::noun;

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
    given: &Value,
    before: Option<&BillOfMaterials>,
    entropy: &dyn Entropy,
    now: Time,
) -> Result<BillOfMaterials, Refused> {
    let refuse = |misfit: Misfit| {
        let why = misfit.message.clone();
        Refusal::Unfit(vec![misfit]).because(why)
    };
    let products = match given.get("products") {
        None | Some(Value::Null) => {
            return Err(refuse(Misfit::required("billOfMaterials.products")));
        }
        Some(Value::Array(products)) if products.len() <= MAX_PRODUCTS => products.clone(),
        Some(_) => {
            let message = format!("must be a list of at most {MAX_PRODUCTS} products");
            return Err(refuse(Misfit::invalid("billOfMaterials.products", message)));
        }
    };
    let mut made = Vec::new();
    for product in products {
        let Value::Object(mut product) = product else {
            let target = "billOfMaterials.products";
            return Err(refuse(Misfit::invalid(target, "must hold objects")));
        };
        let type_ = product.get("type").and_then(Value::as_str);
        let type_ = type_.unwrap_or_default().to_owned();
        check_product(&type_, &product).map_err(refuse)?;
        let of_type = before.iter().flat_map(|it| &it.products);
        let mut of_type = of_type.filter(|it| it.get("type") == Some(&json!(type_)));
        let id = of_type.find_map(|it| it.get("id").cloned());
        let id = id.unwrap_or_else(|| json!(random_uuid(entropy)));
        product.remove("description");
        product.insert("id".into(), id);
        made.push(Value::Object(body::without_nulls(product)));
    }
    let kind = given.get("solutionType").filter(|it| !it.is_null());
    let kind = kind.map(|it| it.as_str().filter(|it| SOLUTIONS.contains(it)));
    // Source: `reference/platform.md` 3.1: ignored on PUT.
    if let (None, Some(None)) = (before, kind) {
        let message = format!("must be one of: {}", SOLUTIONS.join(", "));
        let words = SOLUTIONS.iter().map(|it| (*it).to_owned()).collect();
        let misfit = Misfit::invalid("billOfMaterials.solutionType", message);
        return Err(refuse(misfit.hinting(Hint::Values(words))));
    }
    Ok(BillOfMaterials {
        solution_type: match before {
            Some(before) => before.solution_type.clone(),
            None => kind.flatten().map(str::to_owned),
        },
        products: made,
        created_at: before.map_or(now, |it| it.created_at),
        updated_at: now,
    })
}

fn is_tagged(product: &Object, tag: &str) -> bool {
    let tags = product.get("tags").and_then(Value::as_array);
    tags.is_some_and(|tags| tags.contains(&json!(tag)))
}

/// Consoles show it as a link.
fn is_page(href: &str) -> bool {
    Url::parse(href).is_ok_and(|it| matches!(it.scheme(), "https" | "http"))
}

fn check_product(type_: &str, product: &Object) -> Result<(), Misfit> {
    // Decision: there are no flows of DaVinci here. `DAVINCI_MINIMAL` says that none is expected,
    // which Ping's Terraform provider does; without it a new environment would lack what it promises.
    if type_ == "PING_ONE_DAVINCI" && !is_tagged(product, DAVINCI_MINIMAL) {
        let message = "Organization does not have Ping One DaVinci FF enabled";
        return Err(Misfit::constraint("billOfMaterials.products.type", message));
    }
    if !PRODUCTS.contains(&type_) {
        let allowed = PRODUCTS.iter().map(|it| (*it).to_owned()).collect();
        let misfit = Misfit::invalid("billOfMaterials.products.type", "is no product");
        return Err(misfit.hinting(Hint::Values(allowed)));
    }
    let tags = product.get("tags").filter(|it| !it.is_null());
    let is_tag = |it: &Value| it.as_str().is_some_and(|it| TAGS.contains(&it));
    if tags.is_some_and(|it| !it.as_array().is_some_and(|it| it.iter().all(is_tag))) {
        let target = "billOfMaterials.products.tags";
        let misfit = Misfit::invalid(target, "must be a list of known tags");
        let allowed = TAGS.iter().map(|it| (*it).to_owned()).collect();
        return Err(misfit.hinting(Hint::Values(allowed)));
    }
    let console = product.get("console").filter(|it| !it.is_null());
    if let Some(console) = console {
        let target = "billOfMaterials.products.console.href";
        let Some(href) = console.get("href").and_then(Value::as_str) else {
            return Err(Misfit::required(target));
        };
        if !is_page(href) {
            return Err(Misfit::invalid(target, "must be the address of a page"));
        }
    }
    let bookmarks = product.get("bookmarks").and_then(Value::as_array);
    let Some(bookmarks) = bookmarks else {
        return Ok(());
    };
    let target = "billOfMaterials.products.bookmarks";
    if bookmarks.len() > MAX_BOOKMARKS {
        let message = format!("must have at most {MAX_BOOKMARKS} entries");
        return Err(Misfit::new(Fit::TooLong, target, message));
    }
    let mut names = std::collections::BTreeSet::new();
    for bookmark in bookmarks {
        let name = bookmark.get("name").and_then(Value::as_str);
        let name = name.unwrap_or_default();
        let href = bookmark.get("href").and_then(Value::as_str);
        let has_href = href.is_some_and(is_page);
        if name.is_empty() || name.chars().count() > 50 || !has_href || !names.insert(name) {
            let message = "must have names of 1 to 50 characters, each once, and an address of a \
                           page as href";
            return Err(Misfit::invalid(target, message));
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
        let given = Value::Object(body::object(call.body)?);
        let bill = run(call.cx, &Replace { call, given }).await?;
        Ok(Reply::ok(shown(call, noun::object_of(&bill)?)))
    })
}

struct Replace<'a> {
    call: &'a Call<'a>,
    given: Value,
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
        let bill = match parse(&self.given, old, entropy, cx.now) {
            Ok(bill) => bill,
            Err(refused) => return Ok(Verdict::refuse(refused)),
        };
        let batch = match &before {
            Some(before) => Batch::new().update(env, &bill, before.version)?,
            None => Batch::new().create(env, &bill)?,
        };
        Ok(Verdict::reply(bill).writing(batch))
    }
}
