//! `/v1/environments/{e}/images` (`reference/platform.md` 4): pictures that come as they are, with
//! their own `Content-Type`, and what points at them: `{id, href}`.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use countersign_domain::branding::{Image, ImageRef};
use countersign_domain::ids::ImageId;
use countersign_domain::ports::BoxFuture;
use countersign_domain::store::Batch;
use serde_json::{Value, json};

use crate::misfit::{Fit, Misfit};
use crate::pictures::{self, NotAPicture};
use crate::refusal::{Failure, Outcome};
use crate::v1::body::Object;
use crate::v1::call::{Call, Reply};
use crate::v1::noun::{self, Change, Noun};
use crate::v1::route::{Endpoint, Resource};
use crate::v1::upload::unfit;

/// Where pictures are sent.
pub const ALL: &str = "/environments/{environment}/images";
const ONE: &str = "/environments/{environment}/images/{image}";
/// What pictures may say they are. What they are is seen when they are decoded.
const TYPES: &[&str] = &[
    "image/png",
    "image/jpeg",
    "image/jpg",
    "image/gif",
    // Ping's Go SDK says so when it is not told the type.
    "image/*",
];
/// Id and key of the one size there is.
const ORIGINAL: &str = "original";

/// `/environments/{e}/images`
pub const RESOURCE: Resource = Resource {
    name: "images",
    endpoints: &[
        Endpoint::post(ALL, "images:create", upload).any_of(TYPES),
        Endpoint::get(ONE, "images:read", noun::read::<Image>),
        Endpoint::delete(ONE, "images:delete", noun::remove::<Image>),
    ],
};

impl Noun for Image {
    const PLURAL: &'static str = "images";
    const PARAMETER: &'static str = "image";
    // Read from the store when somebody asks for them.
    const IS_CONFIGURATION: bool = false;
    type Facts = ();

    async fn gather<'a>(_call: &'a Call<'a>, _change: Change<'a, Self>) -> Outcome<()> {
        Ok(())
    }

    /// Decision: one that is pointed at can be removed: Terraform removes a picture before what
    /// points at it learns of the next one.
    fn judge(_call: &Call<'_>, _change: Change<'_, Self>, (): ()) -> Result<Batch, Failure> {
        Ok(Batch::new())
    }

    async fn show<'a>(&'a self, call: &'a Call<'a>) -> Outcome<Object> {
        let mut object = noun::object_of(self)?;
        for stored in ["data", "name"] {
            object.remove(stored);
        }
        let mut target = Object::new();
        target.insert("id".into(), json!(ORIGINAL));
        target.insert("href".into(), json!(href(call, self.id)));
        if let Some((media, bytes)) = self.content() {
            let kind = match media {
                "image/jpeg" => "jpg",
                "image/gif" => "gif",
                _ => "png",
            };
            target.insert("type".into(), json!(kind));
            if let Some((width, height)) = pictures::dimensions(&bytes) {
                target.insert("width".into(), json!(width));
                target.insert("height".into(), json!(height));
            }
        }
        object.insert("targets".into(), json!({ ORIGINAL: target }));
        Ok(object)
    }
}

/// `POST`. Compat: the file's name in `Content-Disposition` is not looked at; nothing shows it.
fn upload<'a>(call: &'a Call<'a>) -> BoxFuture<'a, Outcome<Reply>> {
    Box::pin(async move {
        let bytes = call.body.to_vec();
        let png = call.cx.work(move || pictures::normalized(&bytes)).await?;
        let png = png.map_err(|why| unfit(misfit(why)))?;
        let mut body = Object::new();
        body.insert("data".into(), json!(STANDARD.encode(png)));
        let made = noun::create_from::<Image>(call, body).await?;
        Ok(Reply::created(noun::shown(call, &made).await?))
    })
}

fn misfit(why: NotAPicture) -> Misfit {
    let fit = match why {
        NotAPicture::Format | NotAPicture::Damaged => Fit::Invalid,
        NotAPicture::TooManyPixels | NotAPicture::TooLarge => Fit::TooLong,
    };
    Misfit::new(fit, "file", why.to_string())
}

fn href(call: &Call<'_>, image: ImageId) -> String {
    call.cx.env.urls.image(call.env, image)
}

/// The pictures that are pointed at and are not there, by the member that names them. One that was
/// named there before is not asked about: it may have been removed since, and what was read can be
/// written.
pub(super) async fn missing<const N: usize>(
    call: &Call<'_>,
    after: Option<[(&'static str, Option<&ImageRef>); N]>,
    before: Option<[(&'static str, Option<&ImageRef>); N]>,
) -> Outcome<Vec<Misfit>> {
    let id = |it: Option<&ImageRef>| it.and_then(|it| it.id);
    let mut missing = Vec::new();
    for (target, image) in after.into_iter().flatten() {
        let was = before.iter().flatten().find(|it| it.0 == target);
        let was = was.and_then(|(_, image)| id(*image));
        let Some(new) = id(image).filter(|it| Some(*it) != was) else {
            continue;
        };
        if call.load::<Image>(new).await?.is_none() {
            missing.push(Misfit::invalid(target, "no image has this id"));
        }
    }
    Ok(missing)
}

/// Writes where the pictures are that these members point at. From configuration: what was sent
/// counts only where no picture of ours is named (`threats.md` 36).
pub(super) fn locate(call: &Call<'_>, object: &mut Object, members: &[&str]) {
    for member in members {
        let Some(image) = object.get_mut(*member).and_then(Value::as_object_mut) else {
            continue;
        };
        let id = image.get("id").and_then(Value::as_str);
        if let Some(id) = id.and_then(|it| it.parse().ok()) {
            image.insert("href".into(), json!(href(call, id)));
        }
    }
}
