//! `/v1/environments/{e}/themes` (`reference/platform.md` 4).

use countersign_domain::branding::Theme;
use countersign_domain::entity::Stored;
use countersign_domain::ports::BoxFuture;
use countersign_domain::store::Batch;
use serde_json::{Value, json};

use super::images;
use crate::misfit::Misfit;
use crate::refusal::{Failure, Outcome, Refusal};
use crate::v1::body::{self, Check, Object};
use crate::v1::call::{Call, Reply};
use crate::v1::hal::{self, Links};
use crate::v1::noun::{self, Change, Noun};
use crate::v1::route::{Endpoint, Resource};
use crate::v1::upload::unfit;

const ALL: &str = "/environments/{environment}/themes";
const ONE: &str = "/environments/{environment}/themes/{theme}";
const DEFAULT: &str = "/environments/{environment}/themes/{theme}/default";

/// `/environments/{e}/themes`
pub const RESOURCE: Resource = Resource {
    name: "themes",
    endpoints: &[
        Endpoint::get(ALL, "themes:read", noun::list::<Theme>),
        Endpoint::post(ALL, "themes:create", noun::create::<Theme>),
        Endpoint::get(ONE, "themes:read", noun::read::<Theme>),
        Endpoint::put(ONE, "themes:update", noun::replace::<Theme>),
        Endpoint::delete(ONE, "themes:delete", noun::remove::<Theme>),
        Endpoint::get(DEFAULT, "themes:read", is_default),
        Endpoint::put(DEFAULT, "themes:update", make_default),
    ],
};

/// What else a change concerns.
pub struct Facts {
    others: Vec<Stored<Theme>>,
    missing: Vec<Misfit>,
}

impl Noun for Theme {
    const PLURAL: &'static str = "themes";
    const PARAMETER: &'static str = "theme";
    /// `default` is set at a place of its own.
    const READ_ONLY: &'static [&'static str] = &["default"];
    const KEPT: &'static [&'static str] = &["countersign"];
    type Facts = Facts;

    async fn gather<'a>(call: &'a Call<'a>, change: Change<'a, Self>) -> Outcome<Facts> {
        let others = noun::others(call, &change).await?;
        let of = |it: &'a Self| {
            let it = &it.configuration;
            [
                ("configuration.logo.id", it.logo.as_ref()),
                (
                    "configuration.backgroundImage.id",
                    it.background_image.as_ref(),
                ),
            ]
        };
        let before = change.before().map(|it| &it.value).map(of);
        let missing = images::missing(call, change.after().map(of), before).await?;
        Ok(Facts { others, missing })
    }

    fn judge(call: &Call<'_>, change: Change<'_, Self>, facts: Facts) -> Result<Batch, Failure> {
        let Some(after) = change.after() else {
            if change.before().is_some_and(|it| it.default) {
                let message = "The default theme can not be deleted";
                let misfit = Misfit::constraint("", message);
                return Err(Refusal::NotNow(None, vec![misfit]).because(message).into());
            }
            return Ok(Batch::new());
        };
        let mut check = Check::new();
        check.length_of(
            "configuration.name",
            after.configuration.name.as_ref(),
            1,
            256,
        );
        if let Some((member, why)) = after.fault() {
            check.note(Misfit::invalid(format!("configuration.{member}"), why));
        }
        for misfit in facts.missing {
            check.note(misfit);
        }
        check.finish()?;
        if !after.default {
            return Ok(Batch::new());
        }
        Ok(noun::taken_from(call, &facts.others, |it| {
            std::mem::take(&mut it.default)
        })?)
    }

    async fn show<'a>(&'a self, call: &'a Call<'a>) -> Outcome<Object> {
        let mut object = noun::object_of(self)?;
        let configuration = object.get_mut("configuration");
        if let Some(configuration) = configuration.and_then(Value::as_object_mut) {
            images::locate(call, configuration, &["logo", "backgroundImage"]);
        }
        Ok(object)
    }

    fn link(&self, _call: &Call<'_>, own: &str, links: &mut Links) {
        links.add("default", format!("{own}/default"));
    }

    fn unique_member(_: &'static str, _: &str) -> String {
        "configuration.name".to_owned()
    }
}

fn shown(call: &Call<'_>, theme: &Theme) -> Reply {
    let mut object = Object::new();
    object.insert("default".into(), json!(theme.default));
    let links = Links::to(call, &call.url(&call.own_path()));
    Reply::ok(hal::resource(links, object))
}

fn is_default<'a>(call: &'a Call<'a>) -> BoxFuture<'a, Outcome<Reply>> {
    Box::pin(async move { Ok(shown(call, &noun::named::<Theme>(call).await?.value)) })
}

/// Decision: there is one default at any time: it is handed on, not switched off.
fn make_default<'a>(call: &'a Call<'a>) -> BoxFuture<'a, Outcome<Reply>> {
    Box::pin(async move {
        let given = body::object(call.body)?;
        let Some(wanted) = given.get("default").and_then(Value::as_bool) else {
            return Err(unfit(Misfit::required("default")).into());
        };
        let changed = noun::edit::<Theme>(call, |theme| {
            if theme.default && !wanted {
                let why = "make another theme the default instead";
                return Err(unfit(Misfit::constraint("default", why)));
            }
            theme.default = wanted;
            Ok(())
        });
        Ok(shown(call, &changed.await?))
    })
}
