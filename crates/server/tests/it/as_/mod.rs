//! `/{envID}/as/*`

mod authorize;
mod client_assertion;
mod client_auth;
mod grants;
mod introspect;
mod jwks;
mod jwks_url;
mod par;
mod redirect_uri;
mod response_modes;
mod resume;
mod signoff;
mod token;
mod userinfo;
mod well_known;
