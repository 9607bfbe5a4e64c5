//! `/{envID}/as/.well-known/*` and `/.well-known/*/{envID}/as`

mod openid_configuration;
