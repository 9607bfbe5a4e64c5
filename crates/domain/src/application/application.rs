//! An application.

use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};

use super::mobile::Mobile;
use super::partner::{Saml, WsFed};
use super::types::{
    AccessControl, ApplicationType, CorsSettings, GrantType, Kerberos, ParRequirement,
    PkceEnforcement, Protocol, RefreshTokenType, ResponseType, Signing, TokenEndpointAuthMethod,
};
use crate::branding::ImageRef;
use crate::entity::{Entity, kinds};
use crate::ids::{ApplicationId, ImageId};
use crate::reference::{fold, is_false, yes};
use crate::store::{IndexEntry, IndexName, Kind};
use crate::time::Time;

/// An application: an OAuth client.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a property of PingOne's resource"
)]
pub struct Application {
    /// Its id, and its client id.
    pub id: ApplicationId,
    /// Its name.
    pub name: String,
    /// For people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Whether it may do anything at all.
    #[serde(default)]
    pub enabled: bool,
    /// What kind of program it is.
    #[serde(rename = "type")]
    pub type_: ApplicationType,
    /// What it speaks.
    #[serde(default)]
    pub protocol: Protocol,
    /// Who may sign on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub access_control: Option<AccessControl>,
    /// Whether the portal does not show it.
    #[serde(default)]
    pub hidden_from_app_portal: bool,
    /// Picture.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub icon: Option<ImageRef>,
    /// Its own sign-on page, which speaks the flow API.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub login_page_url: Option<String>,
    /// Whether it got the roles of the one who made it.
    #[serde(default)]
    pub assign_actor_roles: bool,
    /// `PING_FED_CONNECTION_INTEGRATION`, workers only.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<String>,

    /// Grants it may use.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub grant_types: Vec<GrantType>,
    /// Response types it may ask for.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub response_types: Vec<ResponseType>,
    /// How it proves who it is.
    pub token_endpoint_auth_method: TokenEndpointAuthMethod,
    /// Whether PKCE is asked of it.
    #[serde(default)]
    pub pkce_enforcement: PkceEnforcement,
    /// Where answers may go; see [`redirect_uri`](crate::application::redirect_uri).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub redirect_uris: Vec<String>,
    /// Whether one `*` may stand in the path or query of a redirect URI.
    #[serde(default, skip_serializing_if = "is_false")]
    pub allow_wildcard_in_redirect_uris: bool,
    /// Where sign-off may lead.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub post_logout_redirect_uris: Vec<String>,
    /// Home page, for the portal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub home_page_url: Option<String>,
    /// EXTERNAL_LINK: what it is called elsewhere.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub external_id: Option<String>,
    /// Where third-party initiated login goes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub initiate_login_uri: Option<String>,
    /// `target_link_uri` of third-party initiated login.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target_link_uri: Option<String>,

    /// Life of a refresh token in seconds, at least 60; 30 days when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refresh_token_duration: Option<u32>,
    /// Life of a family of refresh tokens in seconds, at least 60; without end when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refresh_token_rolling_duration: Option<u32>,
    /// Seconds during which a used refresh token may be used again, at most 86400.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refresh_token_rolling_grace_period_duration: Option<u32>,
    /// Whether reuse of a refresh token ends its family.
    #[serde(default = "yes")]
    pub additional_refresh_token_replay_protection_enabled: bool,
    /// What refresh tokens look like; opaque when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refresh_token_type: Option<RefreshTokenType>,

    /// Whether requests must be pushed first.
    #[serde(default)]
    pub par_requirement: ParRequirement,
    /// Life of a pushed request in seconds, 1 to 600.
    #[serde(default = "default_par_timeout")]
    pub par_timeout: u32,
    /// Whether unsigned request objects are taken.
    #[serde(default, skip_serializing_if = "is_false")]
    pub support_unsigned_request_object: bool,
    /// Whether requests must come as signed request objects.
    #[serde(default, skip_serializing_if = "is_false")]
    pub require_signed_request_object: bool,
    /// Its public keys: JSON text of a JWK set.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub jwks: Option<String>,
    /// Where its public keys are, an https address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub jwks_url: Option<String>,

    /// Path of its device page, unique in the environment.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub device_path_id: Option<String>,
    /// Its own device page.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub device_custom_verification_uri: Option<String>,
    /// Life of a device code in seconds, 1 to 3600.
    #[serde(default = "default_device_timeout")]
    pub device_timeout: u32,
    /// Seconds between polls, 1 to 60.
    #[serde(default = "default_polling_interval")]
    pub device_polling_interval: u32,

    /// Whether it may sign users off with the ID token alone.
    #[serde(default)]
    pub idp_signoff: bool,
    /// Whether answers carry `session_state`.
    #[serde(default, skip_serializing_if = "is_false")]
    pub op_session_check_enabled: bool,
    /// Whether one request may ask for scopes of several resources.
    #[serde(default)]
    pub request_scopes_for_multiple_resources_enabled: bool,
    /// Whether token headers carry `x5t`.
    #[serde(default, skip_serializing_if = "is_false")]
    pub include_x5t: bool,
    /// Which keys sign its tokens; the environment's default policy's when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signing: Option<Signing>,
    /// Which web origins may call; the rule of `oidc.md` 18.1 when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cors_settings: Option<CorsSettings>,

    /// Certificate login.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kerberos: Option<Kerberos>,
    /// The telephone application that belongs to it. Native applications only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mobile: Option<Mobile>,
    /// What a SAML service provider has.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub saml: Option<Saml>,
    /// What a WS-Federation relying party has.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ws_fed: Option<WsFed>,

    /// Whether the built-in pages use the default theme. Portal and self-service only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub apply_default_theme: Option<bool>,
    /// Whether the default theme's footer shows. Self-service only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub enable_default_theme_footer: Option<bool>,

    /// When it was made.
    pub created_at: Time,
    /// When it last changed.
    pub updated_at: Time,
}

const fn default_par_timeout() -> u32 {
    60
}
const fn default_device_timeout() -> u32 {
    600
}
const fn default_polling_interval() -> u32 {
    5
}

impl Application {
    /// Index: folded name.
    pub const BY_NAME: IndexName = "name";
    /// Index: [`Application::post_logout_entry`] of each `postLogoutRedirectUris`.
    pub const BY_POST_LOGOUT_REDIRECT_URI: IndexName = "postLogoutRedirectUri";
    /// Unique: path of the device page.
    pub const UNIQUE_DEVICE_PATH: IndexName = "devicePathId";
    /// Life of a refresh token in seconds when the application sets none.
    pub const DEFAULT_REFRESH_TOKEN_DURATION: u32 = 2_592_000;

    /// Its picture, if that is stored here: nothing is ever shown from elsewhere.
    pub fn picture(&self) -> Option<ImageId> {
        self.icon.as_ref()?.id
    }

    /// A new application with PingOne's defaults: enabled, nothing allowed yet.
    pub fn new(
        id: ApplicationId,
        name: impl Into<String>,
        type_: ApplicationType,
        token_endpoint_auth_method: TokenEndpointAuthMethod,
        now: Time,
    ) -> Self {
        Self {
            id,
            name: name.into(),
            description: None,
            enabled: true,
            type_,
            protocol: Protocol::OpenidConnect,
            access_control: None,
            hidden_from_app_portal: false,
            icon: None,
            login_page_url: None,
            assign_actor_roles: false,
            tags: Vec::new(),
            grant_types: Vec::new(),
            response_types: Vec::new(),
            token_endpoint_auth_method,
            pkce_enforcement: PkceEnforcement::default(),
            redirect_uris: Vec::new(),
            allow_wildcard_in_redirect_uris: false,
            post_logout_redirect_uris: Vec::new(),
            home_page_url: None,
            external_id: None,
            initiate_login_uri: None,
            target_link_uri: None,
            refresh_token_duration: None,
            refresh_token_rolling_duration: None,
            refresh_token_rolling_grace_period_duration: None,
            additional_refresh_token_replay_protection_enabled: true,
            refresh_token_type: None,
            par_requirement: ParRequirement::default(),
            par_timeout: default_par_timeout(),
            support_unsigned_request_object: false,
            require_signed_request_object: false,
            jwks: None,
            jwks_url: None,
            device_path_id: None,
            device_custom_verification_uri: None,
            device_timeout: default_device_timeout(),
            device_polling_interval: default_polling_interval(),
            idp_signoff: false,
            op_session_check_enabled: false,
            request_scopes_for_multiple_resources_enabled: false,
            include_x5t: false,
            signing: None,
            cors_settings: None,
            kerberos: None,
            mobile: None,
            saml: None,
            ws_fed: None,
            apply_default_theme: None,
            enable_default_theme_footer: None,
            created_at: now,
            updated_at: now,
        }
    }

    /// The entry of a URI in [`Application::BY_POST_LOGOUT_REDIRECT_URI`]: its SHA-256 in base64url,
    /// since URIs may be longer than an index value.
    pub fn post_logout_entry(uri: &str) -> String {
        URL_SAFE_NO_PAD.encode(digest(&SHA256, uri.as_bytes()))
    }

    /// Whether it may use a grant.
    pub fn allows_grant(&self, grant: GrantType) -> bool {
        self.grant_types.contains(&grant)
    }

    /// Whether it may ask for a response type.
    pub fn allows_response(&self, response: ResponseType) -> bool {
        self.response_types.contains(&response)
    }

    /// Whether it is a public client: it proves nothing at the token endpoint (ruling 6).
    pub fn is_public(&self) -> bool {
        self.token_endpoint_auth_method == TokenEndpointAuthMethod::None
    }

    /// Life of a refresh token in seconds.
    pub fn refresh_token_duration(&self) -> u32 {
        self.refresh_token_duration
            .unwrap_or(Self::DEFAULT_REFRESH_TOKEN_DURATION)
    }
}

impl Entity for Application {
    const KIND: Kind = kinds::APPLICATION;
    fn id(&self) -> String {
        self.id.to_string()
    }
    fn indexes(&self) -> Vec<IndexEntry> {
        let name = IndexEntry {
            name: Self::BY_NAME,
            value: fold(&self.name),
        };
        let after_sign_off = self.post_logout_redirect_uris.iter();
        let after_sign_off = after_sign_off.map(|uri| IndexEntry {
            name: Self::BY_POST_LOGOUT_REDIRECT_URI,
            value: Self::post_logout_entry(uri),
        });
        let mut entries: Vec<IndexEntry> = after_sign_off.chain([name]).collect();
        entries.sort();
        entries.dedup();
        entries
    }
    fn uniques(&self) -> Vec<(IndexName, String)> {
        self.device_path_id
            .iter()
            .map(|path| (Self::UNIQUE_DEVICE_PATH, path.clone()))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_minimal_application_gets_the_defaults_of_pingone() {
        let json = r#"{"id":"00000000-0000-0000-0000-000000000001","name":"a","enabled":true,
            "type":"WEB_APP","tokenEndpointAuthMethod":"CLIENT_SECRET_BASIC",
            "createdAt":"1970-01-01T00:00:00.000Z","updatedAt":"1970-01-01T00:00:00.000Z"}"#;
        let read: Application = serde_json::from_str(json).unwrap();
        let made = Application::new(
            read.id,
            "a",
            ApplicationType::WebApp,
            TokenEndpointAuthMethod::ClientSecretBasic,
            Time::EPOCH,
        );
        assert_eq!(read, made);
        assert_eq!(read.refresh_token_duration(), 2_592_000);
    }

    #[test]
    fn the_words_are_those_of_the_wire() {
        let word = |value: serde_json::Result<String>| value.unwrap();
        assert_eq!(
            word(serde_json::to_string(&PkceEnforcement::S256Required)),
            "\"S256_REQUIRED\""
        );
        assert_eq!(
            word(serde_json::to_string(&ApplicationType::PingOneAdminConsole)),
            "\"PING_ONE_ADMIN_CONSOLE\""
        );
        assert_eq!(
            word(serde_json::to_string(&Protocol::OpenidConnect)),
            "\"OPENID_CONNECT\""
        );
        let mut app = Application::new(
            ApplicationId::from_uuid(uuid::Uuid::nil()),
            "a",
            ApplicationType::WebApp,
            TokenEndpointAuthMethod::None,
            Time::EPOCH,
        );
        app.include_x5t = true;
        let json = serde_json::to_value(&app).unwrap();
        assert_eq!(json["includeX5t"], true);
    }
}
