//! `response_mode=...` at `/{envID}/as/authorize`

mod form_post;
mod fragment;
mod pi_flow;
mod query;
