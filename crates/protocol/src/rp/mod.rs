//! `/{envID}/rp/*`: other OpenID providers sign people on for us (`reference/flows.md` 6.21).

pub mod attributes;
pub mod authenticate;
pub mod callback;
mod exchange;
mod id_token;
pub(crate) mod outcome;
