//! `/{envID}/flows/{flowID}`

mod conditions;
mod failures_remaining;
mod own_attributes;
mod own_sign_on_page;
mod password_recover;
mod password_reset;
mod races;
mod read;
mod session_reset;
mod table;
mod user_consent;
mod user_lookup;
mod user_register;
mod user_update;
mod user_verify;
mod username_password_check;
