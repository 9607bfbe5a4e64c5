//! The one list of URLs.

use axum::Router;
use axum::routing::{get, post};

use crate::wire::{cors, layers};
use crate::{App, as_, device, flows, images, pages, rp, v1};

/// Everything that is served, from one listener: paths tell the three public hosts apart. Requests to
/// a custom domain come here with the paths of the server's own host (`custom_domain.rs`).
pub fn router(app: App) -> Router {
    Router::new()
        .route(
            "/{env}/as/authorize",
            get(as_::authorize::any)
                .post(as_::authorize::any)
                .options(cors::preflight),
        )
        .route(
            "/{env}/as/resume",
            get(as_::resume::get).options(cors::preflight),
        )
        .route(
            "/{env}/as/token",
            post(as_::token::post).options(cors::preflight),
        )
        .route(
            "/{env}/as/userinfo",
            get(as_::userinfo::any)
                .post(as_::userinfo::any)
                .options(cors::preflight),
        )
        .route(
            "/{env}/as/par",
            post(as_::par::post).options(cors::preflight),
        )
        .route("/{env}/as/introspect", post(as_::introspect::post))
        .route(
            "/{env}/as/revoke",
            post(as_::revoke::post).options(cors::preflight),
        )
        .route(
            "/{env}/as/signoff",
            get(as_::signoff::any)
                .post(as_::signoff::any)
                .options(cors::preflight),
        )
        .route(
            "/{env}/as/device_authorization",
            post(as_::device_authorization::post).options(cors::preflight),
        )
        .route("/{env}/device", get(device::get))
        .route("/{env}/device/{identifier}", get(device::get_for))
        .route(
            "/{env}/as/idpSignoff",
            get(as_::idp_signoff::get).options(cors::preflight),
        )
        .route(
            "/{env}/as/idp-signoff",
            get(as_::idp_signoff::get).options(cors::preflight),
        )
        .route("/{env}/as/signon", get(as_::idp_signoff::signed_off))
        .route("/{env}/as/checksession", get(as_::check_session::get))
        .route(
            "/{env}/as/jwks",
            get(as_::jwks::get).options(cors::preflight),
        )
        .route(
            "/{env}/as/.well-known/openid-configuration",
            get(as_::well_known::openid_configuration).options(cors::preflight),
        )
        .route(
            "/.well-known/oauth-authorization-server/{env}/as",
            get(as_::well_known::openid_configuration).options(cors::preflight),
        )
        .route(
            "/{env}/flows/{flow}",
            get(flows::get).post(flows::post).options(cors::preflight),
        )
        .route("/{env}/rp/authenticate", get(rp::authenticate))
        .route("/{env}/rp/callback/{type}", get(rp::callback))
        .route(
            "/{env}/signon/",
            get(pages::sign_on::get).post(pages::sign_on::post),
        )
        .route(
            "/{env}/signon",
            get(pages::sign_on::get).post(pages::sign_on::post),
        )
        .route("/{env}/theme.css", get(pages::theme::stylesheet_of))
        .route("/{env}/images/{file}", get(images::get))
        .route("/environments/{env}/images/{file}", get(images::get))
        .route("/assets/{file}", get(pages::assets::get))
        .merge(v1::routes())
        .fallback(layers::not_found)
        .method_not_allowed_fallback(layers::method_not_allowed)
        .layer(layers::EveryRequest::of(app.clone()))
        .with_state(app)
}
