//! `GET /environments/{envID}/images/{envID}_{id}_original.png`: uploaded pictures, at the address
//! that `/v1` tells. Our own pages have them as `/{envID}/images/{id}`.

use std::hash::{DefaultHasher, Hash, Hasher};

use axum::extract::{Path, State};
use axum::http::{HeaderValue, header};
use axum::response::Response;
use countersign_domain::branding::Image;
use countersign_domain::entity;
use countersign_domain::ids::ImageId;
use countersign_protocol::refusal::{Outcome, Refusal};

use crate::App;
use crate::wire::answer::{self, JSON};
use crate::wire::incoming::Incoming;
use crate::wire::p1_error;

/// Answers a picture.
pub async fn get(
    State(app): State<App>,
    Path((env, file)): Path<(String, String)>,
    incoming: Incoming,
) -> Response {
    let found = async {
        let env = app.recent(&env, &incoming).await?;
        let missing = || Refusal::NotFound.because("no such picture");
        let id = id_of(&file).ok_or_else(missing)?;
        let store = &*app.configuration.ports().store;
        let image = entity::load::<Image>(store, env.id, id.to_string(), app.now()).await?;
        let image = image.ok_or_else(missing)?;
        let content = image.content().ok_or_else(missing)?;
        Outcome::Ok((image.name.is_none(), content))
    };
    match found.await {
        Ok((is_forever, content)) => {
            // The import file may put another picture under a name.
            let how_long = if is_forever {
                answer::FOREVER
            } else {
                answer::AN_HOUR
            };
            let mut hasher = DefaultHasher::new();
            content.hash(&mut hasher);
            let tag = format!("\"{:016x}\"", hasher.finish());
            let mut response = answer::kept(&incoming, &tag, how_long, content);
            let headers = response.headers_mut();
            // Should a picture ever be taken for something else, it may do nothing.
            let policy = HeaderValue::from_static("default-src 'none'; sandbox");
            headers.insert(header::CONTENT_SECURITY_POLICY, policy);
            response
        }
        Err(failure) => p1_error::render(&failure, incoming.correlation, JSON),
    }
}

/// The picture that a file's name means.
fn id_of(file: &str) -> Option<ImageId> {
    let of_upload = file.strip_suffix("_original.png");
    let id = of_upload.and_then(|it| Some(it.split_once('_')?.1));
    id.unwrap_or(file).parse().ok()
}
