//! `grant_type=...` at `POST /{envID}/as/token`

mod authorization_code;
