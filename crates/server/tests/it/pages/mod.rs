//! Pages that people see

mod sign_on;
