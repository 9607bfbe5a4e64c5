//! Metadata documents.

pub mod openid_configuration;
