//! What each endpoint, grant and flow action does. Knows no HTTP framework and no SQL.
#![deny(missing_docs)]

pub mod as_;
pub mod audit;
pub mod browser;
pub mod configuration;
pub mod consents;
pub mod cx;
pub mod defaults;
pub mod device;
pub mod error;
pub mod explain;
pub mod expression;
pub mod flows;
pub mod groups;
pub mod import;
pub mod in_use;
pub mod jose;
pub mod leftovers;
pub mod misfit;
pub mod notices;
pub mod own_attributes;
pub mod pictures;
pub mod refusal;
pub mod rotation;
pub mod rp;
pub mod run;
pub mod secrets;
pub mod sweep;
pub mod urls;
pub mod user_agent;
pub mod v1;
pub mod webhooks;
