//! `/v1/environments/{e}/agreements/{a}/languages/{l}/revisions` (`reference/platform.md` 4). A
//! revision never changes.

use countersign_domain::agreement::{Agreement, AgreementLanguage, AgreementRevision};
use countersign_domain::ports::BoxFuture;
use countersign_domain::store::Batch;
use serde_json::json;

use super::readable::{self, Readable};
use crate::misfit::Misfit;
use crate::refusal::{Failure, Outcome, Refusal};
use crate::v1::body::{Check, Object};
use crate::v1::call::{Call, Reply};
use crate::v1::hal::{self, Links};
use crate::v1::noun::{self, Change, Noun, Parent};
use crate::v1::route::{Endpoint, Resource};

const ALL: &str =
    "/environments/{environment}/agreements/{agreement}/languages/{agreementLanguage}/revisions";
const ONE: &str = "/environments/{environment}/agreements/{agreement}/languages/{agreementLanguage}/revisions/{revision}";
const TEXT: &str = "/environments/{environment}/agreements/{agreement}/languages/{agreementLanguage}/revisions/{revision}/text";
const UPDATE: &str = "agreements:update";

/// `/environments/{e}/agreements/{a}/languages/{l}/revisions`
pub const RESOURCE: Resource = Resource {
    name: "revisions",
    endpoints: &[
        Endpoint::get(ALL, "agreements:read", noun::list::<AgreementRevision>),
        Endpoint::post(ALL, UPDATE, noun::create::<AgreementRevision>),
        Endpoint::get(ONE, "agreements:read", noun::read::<AgreementRevision>),
        Endpoint::get(TEXT, "agreements:read", text),
        Endpoint::delete(ONE, UPDATE, noun::remove::<AgreementRevision>),
    ],
};

impl Noun for AgreementRevision {
    const PLURAL: &'static str = "revisions";
    const PARAMETER: &'static str = "revision";
    const READ_ONLY: &'static [&'static str] = &["agreement", "notValidAfter"];
    const PARENT: Option<Parent> = Some(Parent {
        parameter: "agreementLanguage",
        member: "language",
        index: Self::BY_LANGUAGE,
    });
    /// Why it cannot go.
    type Facts = Option<Misfit>;

    async fn enter(call: &Call<'_>) -> Outcome<()> {
        noun::named::<Agreement>(call).await?;
        noun::named::<AgreementLanguage>(call).await.map(|_| ())
    }

    async fn gather<'a>(call: &'a Call<'a>, change: Change<'a, Self>) -> Outcome<Self::Facts> {
        let Change::Remove(before) = change else {
            return Ok(None);
        };
        let id = before.id;
        let changed = move |texts: &mut Readable| {
            for (_, texts) in &mut texts.languages {
                texts.retain(|it| it.id != id);
            }
        };
        readable::lost(call, call.id("agreement")?, changed).await
    }

    fn judge(_: &Call<'_>, change: Change<'_, Self>, lost: Self::Facts) -> Result<Batch, Failure> {
        if let Some(after) = change.after() {
            let mut check = Check::new();
            check.length("text", &after.text, 1, Self::MAX_TEXT);
            check.finish()?;
        }
        if let Some(misfit) = lost {
            let why = "the agreement is enabled and has no other text";
            return Err(Refusal::NotNow(None, vec![misfit]).because(why).into());
        }
        Ok(Batch::new())
    }

    async fn show<'a>(&'a self, call: &'a Call<'a>) -> Outcome<Object> {
        let mut object = noun::object_of(self)?;
        // Source: `reference/flows.md` 11. Its link leads to the text, where Ping's Terraform provider
        // reads it.
        object.remove("text");
        object.insert("requireReconsent".into(), json!(self.require_reconsent));
        let (index, id) = (Self::BY_LANGUAGE, self.language.id.to_string());
        let all = noun::all_by::<Self>(call, index, id).await?;
        let all = all.iter().map(|it| &it.value);
        if let Some(at) = self.not_valid_after(all, call.now()) {
            object.insert("notValidAfter".into(), json!(at));
        }
        object.insert("agreement".into(), json!({ "id": call.text("agreement") }));
        Ok(object)
    }

    fn link(&self, _call: &Call<'_>, own: &str, links: &mut Links) {
        links.add("text", format!("{own}/text"));
    }
}

/// `GET .../revisions/{revision}/text`: the text as a document of its own, which the link `text` of a
/// revision leads to.
///
/// Source: PingOne's Go SDK, AgreementRevisionText. Where PingOne has it is not documented.
fn text<'a>(call: &'a Call<'a>) -> BoxFuture<'a, Outcome<Reply>> {
    Box::pin(async move {
        AgreementRevision::enter(call).await?;
        let revision = noun::named::<AgreementRevision>(call).await?;
        let path = call.fill(TEXT);
        let mut body = Object::new();
        body.insert("data".into(), json!(revision.text));
        body.insert("dataType".into(), json!(revision.content_type));
        body.insert("resourcePath".into(), json!(path));
        let links = Links::to(call, &call.url(&path));
        Ok(Reply::ok(hal::resource(links, body)))
    })
}
