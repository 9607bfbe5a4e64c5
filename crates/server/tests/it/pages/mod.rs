//! Pages that people see

mod must_change_password;
mod sign_on;
