//! What several endpoints share on the wire.

pub mod answer;
pub mod cookies;
pub mod cors;
pub mod form;
pub mod incoming;
pub mod layers;
pub mod oauth_error;
pub mod p1_error;
pub mod peer;
