//! web

pub mod wire;
