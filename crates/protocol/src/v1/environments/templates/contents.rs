//! `/v1/environments/{e}/templates/{t}/contents` (`reference/platform.md` 4): an environment's own
//! words for a template, and ours for those by which this server writes. Mails use the
//! environment's own at once.

use countersign_domain::entity::{Stored, kinds};
use countersign_domain::ids::{ContentId, derived_uuid};
use countersign_domain::language::Language;
use countersign_domain::notification::template::Template;
use countersign_domain::notification::{
    DeliveryMethod, NotAContent, NotificationContent, TemplateName,
};
use countersign_domain::ports::BoxFuture;
use countersign_domain::reference::fold;
use countersign_domain::store::Batch;
use serde_json::{Value, json};

use super::{lengths, named};
use crate::misfit::{Fit, Misfit};
use crate::notices::words;
use crate::refusal::{Failure, Outcome, Refusal, Refused};
use crate::v1::body::{Check, Object};
use crate::v1::call::{Call, Reply};
use crate::v1::environments::notifications_settings::mailboxes;
use crate::v1::hal::{self, Body, List};
use crate::v1::noun::{self, Change, Noun};
use crate::v1::privilege;
use crate::v1::route::{Endpoint, Resource};
use crate::v1::upload::unfit;

const ALL: &str = "/environments/{environment}/templates/{template}/contents";
const ONE: &str = "/environments/{environment}/templates/{template}/contents/{content}";

/// `/environments/{e}/templates/{t}/contents`
pub const RESOURCE: Resource = Resource {
    name: "contents",
    endpoints: &[
        Endpoint::get(ALL, "notifications:read", list),
        Endpoint::post(
            ALL,
            "notifications:create",
            noun::create::<NotificationContent>,
        ),
        Endpoint::get(ONE, "notifications:read", read),
        Endpoint::put(ONE, "notifications:update", replace),
        Endpoint::delete(ONE, "notifications:delete", remove),
    ],
};

/// What else a change concerns.
pub struct Facts {
    /// Whether the environment has the language.
    has_language: bool,
    /// Whether another content differs in the case of its variant alone.
    has_twin: bool,
}

impl Noun for NotificationContent {
    const PLURAL: &'static str = "contents";
    const PARAMETER: &'static str = "content";
    const READ_ONLY: &'static [&'static str] = &["template", "default"];
    const FIXED: &'static [&'static str] = &["locale", "deliveryMethod"];
    type Facts = Facts;

    async fn enter(call: &Call<'_>) -> Outcome<()> {
        named(call)?;
        Ok(())
    }

    fn is_visible(&self, call: &Call<'_>) -> bool {
        self.template.id == call.text("template")
    }

    fn prepare(call: &Call<'_>, body: &mut Object, _before: Option<&Self>) -> Result<(), Refused> {
        body.insert("template".into(), json!({ "id": call.text("template") }));
        let Some(method) = body.get("deliveryMethod") else {
            return Err(unfit(Misfit::required("deliveryMethod")));
        };
        // What is no text is told when the body is read.
        let method = method.as_str().unwrap_or_default();
        // Source: the acceptance tests of Ping's Terraform provider.
        let (name, default) = match method {
            "Email" => ("charset", "UTF-8"),
            "Push" => ("pushCategory", "BANNER_BUTTONS"),
            "Voice" => ("voice", "Alice"),
            _ => return Ok(()),
        };
        body.entry(name).or_insert(json!(default));
        Ok(())
    }

    async fn gather<'a>(call: &'a Call<'a>, change: Change<'a, Self>) -> Outcome<Facts> {
        let Some(after) = change.after() else {
            return Ok(Facts {
                has_language: true,
                has_twin: false,
            });
        };
        if after.template.id == TemplateName::RecoveryCode.id() {
            // Whoever writes it can have the code told elsewhere, by where a picture is.
            privilege::over_everybody(call).await?;
        }
        let languages = noun::all::<Language>(call).await?;
        let mut locales = languages.iter().map(|it| fold(&it.locale));
        Ok(Facts {
            has_language: locales.any(|it| it == fold(&after.locale)),
            has_twin: has_twin(call, after, change.before()).await?,
        })
    }

    fn arrive(_call: &Call<'_>, body: &mut Object) {
        // Compat: PingOne takes underscores, too; languages of an environment have hyphens.
        if let Some(Value::String(locale)) = body.get_mut("locale") {
            *locale = locale.replace('_', "-");
        }
    }

    fn judge(_call: &Call<'_>, change: Change<'_, Self>, facts: Facts) -> Result<Batch, Failure> {
        let Some(after) = change.after() else {
            return Ok(Batch::new());
        };
        let mut check = Check::new();
        // Source: Ping's Terraform provider, which tells what is wrong by these targets.
        check.expect(facts.has_language, || {
            Misfit::invalid("language", "the environment has no such language")
        });
        check.length_of("variant", after.variant.as_ref(), 1, 100);
        check.expect(!facts.has_twin, || Misfit::taken("locale"));
        lengths::check(&mut check, after, change.before().map(|it| &it.value));
        check.length_of("voice", after.voice.as_ref(), 0, 100);
        check.length_of("charset", after.charset.as_ref(), 0, 100);
        mailboxes(&mut check, after.from.as_ref(), after.reply_to.as_ref());
        match after.check() {
            // Told of above, with which of the two it is.
            Ok(()) | Err(NotAContent::Address(_)) => {}
            Err(why) => check.note(misfit(&why)),
        }
        check.finish()?;
        Ok(Batch::new())
    }

    async fn show<'a>(&'a self, _call: &'a Call<'a>) -> Outcome<Object> {
        Ok(as_shown(
            noun::object_of(self)?,
            self.delivery_method,
            false,
        ))
    }

    fn unique_member(_: &'static str, _: &str) -> String {
        "locale".to_owned()
    }
}

/// Whether another content of its use has a variant of the same name, in any case. Stored ones may
/// differ in it.
async fn has_twin(
    call: &Call<'_>,
    after: &NotificationContent,
    before: Option<&Stored<NotificationContent>>,
) -> Outcome<bool> {
    let Some(variant) = after.variant.as_deref() else {
        return Ok(false);
    };
    if before.is_some_and(|it| it.variant.as_deref() == Some(variant)) {
        return Ok(false);
    }
    let is_twin = |it: &NotificationContent| {
        let other = it.variant.as_deref().unwrap_or_default();
        it.id != after.id
            && it.template.id == after.template.id
            && it.delivery_method == after.delivery_method
            && fold(&it.locale) == fold(&after.locale)
            && fold(other) == fold(variant)
    };
    let all = noun::all::<NotificationContent>(call).await?;
    Ok(all.iter().any(|it| is_twin(it)))
}

/// Without what other methods have.
fn as_shown(mut object: Object, method: DeliveryMethod, default: bool) -> Object {
    object.remove("template");
    if method != DeliveryMethod::Email {
        object.remove("emailContentType");
    }
    object.insert("default".into(), json!(default));
    object
}

fn misfit(why: &NotAContent) -> Misfit {
    let target = match why {
        NotAContent::Subject => "subject",
        NotAContent::NoCode => {
            return Misfit::new(Fit::Required, "body", why.to_string());
        }
        NotAContent::Body | NotAContent::Variable(_) => "body",
        NotAContent::Locale(_) => "locale",
        NotAContent::Method(_) => "deliveryMethod",
        NotAContent::Text(name) => name,
        NotAContent::Address(_) => "from.address",
    };
    Misfit::invalid(target, why.to_string())
}

/// Our own words for a template, in every language that we have them in.
fn built_in(call: &Call<'_>, template: &Template) -> Vec<NotificationContent> {
    let name = TemplateName::ALL
        .into_iter()
        .find(|it| it.id() == template.id);
    let all = name.map(words::all).unwrap_or_default();
    let made = call.cx.env.environment.created_at;
    all.into_iter()
        .map(|mut content| {
            let label = format!("built in/{}/{}", template.id, content.locale);
            let id = derived_uuid(call.env, kinds::NOTIFICATION_CONTENT, &label);
            content.id = ContentId::from_uuid(id);
            content.created_at = made;
            content.updated_at = made;
            content
        })
        .collect()
}

/// One of ours, as it is answered.
fn shown(call: &Call<'_>, content: &NotificationContent) -> Outcome<Body> {
    let own = format!("{}/{}", call.url(&call.fill(ALL)), content.id);
    let object = as_shown(noun::object_of(content)?, content.delivery_method, true);
    let mut object = hal::resource(hal::Links::to(call, &own), object);
    object
        .members
        .insert("environment".into(), json!({ "id": call.env }));
    Ok(object)
}

/// The one of ours that the path names, if it names one.
fn named_built_in(call: &Call<'_>) -> Outcome<Option<NotificationContent>> {
    let id = call.text("content");
    let mut all = built_in(call, named(call)?).into_iter();
    Ok(all.find(|it| it.id.to_string() == id))
}

fn list<'a>(call: &'a Call<'a>) -> BoxFuture<'a, Outcome<Reply>> {
    Box::pin(async move {
        let template = named(call)?;
        let mut items = Vec::new();
        for content in built_in(call, template) {
            items.push(shown(call, &content)?);
        }
        for content in noun::all::<NotificationContent>(call).await? {
            if content.is_visible(call) {
                items.push(noun::shown(call, &content.value).await?);
            }
        }
        let list = List::whole(RESOURCE.name, items);
        Ok(Reply::ok(hal::list(call, list)?))
    })
}

fn read<'a>(call: &'a Call<'a>) -> BoxFuture<'a, Outcome<Reply>> {
    Box::pin(async move {
        match named_built_in(call)? {
            Some(content) => Ok(Reply::ok(shown(call, &content)?)),
            None => noun::read::<NotificationContent>(call).await,
        }
    })
}

/// Decision: our own words are not changed: another content for the language takes their place.
fn refuse_built_in(call: &Call<'_>) -> Outcome<()> {
    if named_built_in(call)?.is_none() {
        return Ok(());
    }
    let message = "The default content cannot be changed or removed";
    let misfit = Misfit::constraint("", message);
    Err(Refusal::NotNow(None, vec![misfit]).because(message).into())
}

fn replace<'a>(call: &'a Call<'a>) -> BoxFuture<'a, Outcome<Reply>> {
    Box::pin(async move {
        refuse_built_in(call)?;
        noun::replace::<NotificationContent>(call).await
    })
}

fn remove<'a>(call: &'a Call<'a>) -> BoxFuture<'a, Outcome<Reply>> {
    Box::pin(async move {
        refuse_built_in(call)?;
        noun::remove::<NotificationContent>(call).await
    })
}
