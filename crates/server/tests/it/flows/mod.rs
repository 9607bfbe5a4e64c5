//! `/{envID}/flows/{flowID}`

mod read;
mod session_reset;
mod username_password_check;
