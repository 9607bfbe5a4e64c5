//! The wire of the `/as/*` endpoints; their rules are in the protocol crate under the same names.

pub mod authorize;
pub mod check_session;
pub mod device_authorization;
pub mod idp_signoff;
pub mod introspect;
pub mod jwks;
pub mod par;
pub mod resume;
pub mod revoke;
pub mod signoff;
pub mod token;
pub mod userinfo;
pub mod well_known;
