//! `/{envID}/flows/{flowID}`

mod password_reset;
mod read;
mod session_reset;
mod table;
mod user_lookup;
mod user_update;
mod username_password_check;
