//! Nouns, rules and port traits. Depends on no runtime, no HTTP, no SQL and no OAuth names.
#![deny(missing_docs)]

pub mod admin_config;
pub mod agreement;
pub mod application;
pub mod branding;
pub mod consent;
pub mod custom_domain;
pub mod device;
pub mod entity;
pub mod environment;
pub mod filter;
pub mod gateway;
pub mod group;
pub mod identity_provider;
pub mod ids;
pub mod key;
pub mod language;
pub mod notice;
pub mod notification;
pub mod organization;
pub mod password;
pub mod policy;
pub mod population;
pub mod ports;
pub mod reference;
pub mod resource;
pub mod role;
pub mod schema;
pub mod session;
pub mod store;
pub mod subscription;
pub mod time;
pub mod translation;
pub mod trusted_email;
pub mod user;
pub mod vault;
