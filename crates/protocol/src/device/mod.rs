//! The page on which a person connects a device (`reference/oidc.md` 15.2).

pub mod user_page;
