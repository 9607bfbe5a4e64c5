//! Pages that people see

mod again;
mod codes;
mod ends;
mod languages;
mod must_change_password;
mod sign_on;
mod themes;
