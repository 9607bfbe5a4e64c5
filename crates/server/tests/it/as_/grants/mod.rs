//! `grant_type=...` at `POST /{envID}/as/token`

mod authorization_code;
mod client_credentials;
mod device_code;
mod refresh_token;
mod table;
mod token_exchange;
