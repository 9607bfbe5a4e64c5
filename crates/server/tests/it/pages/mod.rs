//! Pages that people see

mod codes;
mod must_change_password;
mod sign_on;
