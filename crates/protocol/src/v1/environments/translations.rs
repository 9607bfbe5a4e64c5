//! `/v1/environments/{e}/translations/{locale}` (`reference/platform.md` 4): texts of pages in a
//! language. Stored; our pages have texts of their own.

use countersign_domain::entity::Stored;
use countersign_domain::notification::is_language_tag;
use countersign_domain::ports::BoxFuture;
use countersign_domain::reference::fold;
use countersign_domain::store::{Batch, Fault};
use countersign_domain::translation::Translations;
use serde::Deserialize;
use serde_json::json;

use crate::cx::Cx;
use crate::misfit::{Fit, Misfit};
use crate::refusal::{Outcome, Refusal, Refused};
use crate::run::{Operation, Verdict, run};
use crate::v1::body::{Check, Object};
use crate::v1::call::{Call, Reply};
use crate::v1::hal::{self, List};
use crate::v1::route::{Endpoint, Resource};

const ALL: &str = "/environments/{environment}/translations/{locale}";

/// `/environments/{e}/translations/{locale}`
pub const RESOURCE: Resource = Resource {
    name: "translations",
    endpoints: &[
        Endpoint::get(ALL, "languages:read", list),
        Endpoint::put(ALL, "languages:update", change),
    ],
};

/// One text of a body. Without a text the key goes back to what it was.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Sent {
    key: String,
    #[serde(default)]
    translated_text: Option<String>,
}

/// The folded locale of the path.
///
/// Source: Ping's Terraform provider: the environment need not have the language.
fn locale(call: &Call<'_>) -> Result<String, Refused> {
    let locale = call.text("locale");
    if !is_language_tag(locale) {
        return Err(Refusal::NotFound.because("no tag of a language"));
    }
    Ok(fold(locale))
}

fn list<'a>(call: &'a Call<'a>) -> BoxFuture<'a, Outcome<Reply>> {
    Box::pin(async move {
        let id = locale(call)?;
        let found = call.load::<Translations>(id).await?;
        let texts = found.map(|it| it.value.texts).unwrap_or_default();
        let items = texts.iter().map(|(key, text)| shown(key, text).into());
        let items = items.collect();
        let list = List::whole(RESOURCE.name, items);
        Ok(Reply::ok(hal::list(call, list)?))
    })
}

/// `shortKey` is the key without the name of the service that has it.
fn shown(key: &str, text: &str) -> Object {
    let short = key.split_once('.').map_or(key, |(_, short)| short);
    let mut object = Object::new();
    object.insert("id".into(), json!(key));
    object.insert("key".into(), json!(key));
    object.insert("shortKey".into(), json!(short));
    object.insert("translatedText".into(), json!(text));
    object
}

/// `PUT` of a list: changes what it names, and nothing else.
fn change<'a>(call: &'a Call<'a>) -> BoxFuture<'a, Outcome<Reply>> {
    Box::pin(async move {
        let id = locale(call)?;
        let sent: Vec<Sent> = serde_json::from_slice(call.body)
            .map_err(|error| Refusal::MalformedBody.because(format!("{:?}", error.classify())))?;
        check(&sent)?;
        run(call.cx, &Change { call, id, sent }).await?;
        Ok(Reply::gone())
    })
}

fn check(sent: &[Sent]) -> Result<(), Refused> {
    let mut check = Check::new();
    check.expect(sent.len() <= Translations::MOST, || {
        Misfit::new(Fit::TooLong, "", "must have at most 5000 entries")
    });
    for one in sent {
        check.length("key", &one.key, 1, Translations::MAX_KEY);
        let text = one.translated_text.as_ref();
        check.length_of("translatedText", text, 0, Translations::MAX_TEXT);
    }
    check.finish()
}

struct Change<'a> {
    call: &'a Call<'a>,
    id: String,
    sent: Vec<Sent>,
}

impl Operation for Change<'_> {
    type Facts = Option<Stored<Translations>>;
    type Reply = ();

    async fn gather(&self, _cx: &Cx) -> Outcome<Self::Facts> {
        self.call.load(&self.id).await
    }

    fn decide(&self, _cx: &Cx, before: Self::Facts) -> Result<Verdict<()>, Fault> {
        let mut after = match &before {
            Some(before) => before.value.clone(),
            None => Translations::default(),
        };
        after.id.clone_from(&self.id);
        for one in &self.sent {
            match one.translated_text.as_deref().unwrap_or_default() {
                "" => after.texts.remove(&one.key),
                text => after.texts.insert(one.key.clone(), text.to_owned()),
            };
        }
        if after.texts.len() > Translations::MOST {
            let message = "a language has at most 5000 texts";
            let misfit = Misfit::new(Fit::TooLong, "", message);
            return Ok(Verdict::refuse(
                Refusal::Unfit(vec![misfit]).because(message),
            ));
        }
        let env = self.call.env;
        let batch = match before {
            Some(before) => Batch::new().update(env, &after, before.version)?,
            None => Batch::new().create(env, &after)?,
        };
        Ok(Verdict::reply(()).writing(batch))
    }
}
