//! The `/as/*` endpoints. One file per path; grants, checks, client authentication methods and
//! response modes in folders of their own.

pub mod access_control;
pub mod authorize;
pub mod check_session;
pub mod checks;
pub mod client_auth;
pub mod device_authorization;
pub mod error;
pub mod grants;
pub mod hint;
pub mod idp_signoff;
pub mod introspect;
pub mod jwks;
pub mod par;
pub mod params;
pub mod registered_keys;
pub mod request_object;
pub mod response;
pub mod response_modes;
pub mod resume;
pub mod revoke;
pub mod signoff;
pub mod token;
pub mod tokens;
pub mod userinfo;
pub mod well_known;
