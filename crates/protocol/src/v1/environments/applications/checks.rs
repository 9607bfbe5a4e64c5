//! What an application must be (`reference/platform.md` 3.2, `oidc.md` 20).

use countersign_domain::application::redirect_uri::{NotRegistrable, check_registration};
use countersign_domain::application::{
    Application, ApplicationType, CorsBehavior, GrantType, Protocol, TokenEndpointAuthMethod,
};
use countersign_domain::key::KeyUsageType;
use serde_json::Value;
use url::Url;

use super::Facts;
use crate::misfit::{Fit, Hint, Misfit};
use crate::refusal::{Refusal, Refused};
use crate::v1::body::{Check, Number};
use crate::v1::call::Call;

/// Most groups of an access control.
pub(super) const MOST_GROUPS: usize = 100;
/// Most URIs of one list.
const MOST_URIS: usize = 200;
/// Longest URI in bytes.
const LONGEST_URI: usize = 2_048;
/// Longest key set in bytes.
const LONGEST_JWKS: usize = 64 * 1_024;
/// Source: `reference/platform.md` 3.2.
const MOST_ORIGINS: usize = 20;

/// Judges an application that is made or changed.
pub(super) fn check(
    call: &Call<'_>,
    after: &Application,
    is_new: bool,
    facts: &Facts,
) -> Result<(), Refused> {
    wildcards(after)?;
    certificate_login(call, after, facts)?;
    let mut check = Check::new();
    check.length("name", &after.name, 1, 256);
    check.length_of("description", after.description.as_ref(), 0, 1_024);
    if is_new {
        type_(&mut check, after);
    }
    for (target, value) in [
        ("loginPageUrl", &after.login_page_url),
        ("homePageUrl", &after.home_page_url),
        ("initiateLoginUri", &after.initiate_login_uri),
    ] {
        check.expect(value.as_ref().is_none_or(|it| is_page(it)), || {
            Misfit::invalid(target, "must be an https URL, or http on localhost")
        });
    }
    access(&mut check, after, facts);
    cors(&mut check, after);
    match after.protocol {
        Protocol::OpenidConnect => openid(&mut check, after, facts),
        Protocol::Saml => saml(&mut check, after),
        Protocol::WsFed => ws_fed(&mut check, after),
        Protocol::ExternalLink => {}
    }
    for misfit in &facts.partner {
        check.note(misfit.clone());
    }
    check.finish()
}

/// Source: `reference/platform.md` 1.8: clients look for the text.
fn wildcards(after: &Application) -> Result<(), Refused> {
    let allowed = after.allow_wildcard_in_redirect_uris;
    let refused = after
        .redirect_uris
        .iter()
        .position(|it| check_registration(it, allowed) == Err(NotRegistrable::Wildcard));
    let Some(at) = refused else { return Ok(()) };
    let message = "Wildcards are not allowed in redirect URIs.";
    let misfit = Misfit::invalid(format!("redirectUris[{at}]"), message);
    let refusal = Refusal::NotNow(Some(message.into()), vec![misfit]);
    Err(refusal.because("a redirect URI has a wildcard"))
}

/// Source: `reference/platform.md` 1.8: clients look for the text.
fn certificate_login(call: &Call<'_>, after: &Application, facts: &Facts) -> Result<(), Refused> {
    let Some(kerberos) = &after.kerberos else {
        return Ok(());
    };
    if facts.issuing_key == Some(KeyUsageType::Issuance) {
        return Ok(());
    }
    let (key, env) = (kerberos.key.id, call.env);
    let message = match facts.issuing_key {
        None => format!("Key not found for id: {key} and environmentId: {env}"),
        Some(_) => format!(
            "Key with ID '{key}' in Environment '{env}' is not for ISSUANCE. Usage type should be \
             ISSUANCE."
        ),
    };
    let misfit = Misfit::invalid("kerberos.key.id", message.clone());
    let refusal = Refusal::NotNow(Some(message.into()), vec![misfit]);
    Err(refusal.because("not a key that issues certificates"))
}

fn type_(check: &mut Check, after: &Application) {
    use ApplicationType::{
        CustomApp, NativeApp, PortalLinkApp, Service, SinglePageApp, TemplateApp, WebApp, Worker,
    };
    let allowed: &[ApplicationType] = match after.protocol {
        Protocol::OpenidConnect => &[WebApp, NativeApp, SinglePageApp, Worker, Service, CustomApp],
        Protocol::Saml => &[WebApp, CustomApp, TemplateApp],
        Protocol::WsFed => &[WebApp],
        Protocol::ExternalLink => &[PortalLinkApp, TemplateApp],
    };
    check.expect(allowed.contains(&after.type_), || {
        let words = allowed.iter().filter_map(|it| {
            let word = serde_json::to_value(it).ok()?;
            word.as_str().map(str::to_owned)
        });
        let why = "cannot be made with this protocol";
        Misfit::invalid("type", why).hinting(Hint::Values(words.collect()))
    });
}

fn access(check: &mut Check, after: &Application, facts: &Facts) {
    let icon = after.icon.as_ref().and_then(|it| it.href.as_deref());
    check.expect(
        icon.is_none_or(|it| it.len() <= LONGEST_URI && is_web(it)),
        || Misfit::invalid("icon.href", "must be an https URL"),
    );
    if let Some(misfit) = &facts.missing_icon {
        check.note(misfit.clone());
    }
    let access = after.access_control.as_ref();
    if let Some(group) = access.and_then(|it| it.group.as_ref()) {
        let target = "accessControl.group.groups";
        check.expect(!group.groups.is_empty(), || {
            Misfit::new(Fit::Empty, target, "must not be empty")
        });
        check.expect(group.groups.len() <= MOST_GROUPS, || {
            Misfit::new(Fit::TooLong, target, "must have at most 100 entries")
        });
        check.expect(facts.lost_groups == 0, || {
            Misfit::invalid(target, "names a group that does not exist")
        });
    }
}

fn cors(check: &mut Check, after: &Application) {
    let Some(cors) = &after.cors_settings else {
        return;
    };
    let target = "corsSettings.origins";
    match cors.behavior {
        CorsBehavior::AllowNoOrigins => check.expect(cors.origins.is_empty(), || {
            Misfit::constraint(target, "must be absent when no origin is allowed")
        }),
        CorsBehavior::AllowSpecificOrigins => {
            check.expect(!cors.origins.is_empty(), || Misfit::required(target));
        }
    }
    check.expect(cors.origins.len() <= MOST_ORIGINS, || {
        Misfit::new(Fit::TooLong, target, "must have at most 20 entries")
    });
    for (at, origin) in cors.origins.iter().enumerate() {
        check.expect(is_origin(origin), || {
            let why = "must be http or https with a host, and nothing after it";
            Misfit::invalid(format!("{target}[{at}]"), why)
        });
    }
}

fn openid(check: &mut Check, after: &Application, facts: &Facts) {
    uris(check, after);
    keys(check, after);
    lifetimes(check, after);
    check.expect(!facts.lost_policy, || {
        let why = "no key rotation policy has this id";
        Misfit::invalid("signing.keyRotationPolicy.id", why)
    });
    check.expect(
        !(after.support_unsigned_request_object && after.require_signed_request_object),
        || {
            let why = "cannot be combined with supportUnsignedRequestObject";
            Misfit::constraint("requireSignedRequestObject", why)
        },
    );
    public(check, after);
    let is_worker = after.type_ == ApplicationType::Worker;
    let is_tag = |it: &String| it == "PING_FED_CONNECTION_INTEGRATION";
    let tags = &after.tags;
    check.expect(
        tags.is_empty() || is_worker && tags.len() == 1 && tags.iter().all(is_tag),
        || {
            let known = vec!["PING_FED_CONNECTION_INTEGRATION".to_owned()];
            Misfit::invalid("tags", "are for workers, and there is one")
                .hinting(Hint::Values(known))
        },
    );
    mobile(check, after);
}

/// Who proves nothing gets nothing by these grants, and a service is nobody else's program.
///
/// Source: `reference/oidc.md` 6.1, 20.1.
fn public(check: &mut Check, after: &Application) {
    const NEED_PROOF: [(GrantType, &str); 3] = [
        (GrantType::ClientCredentials, "with CLIENT_CREDENTIALS"),
        (GrantType::TokenExchange, "with TOKEN_EXCHANGE"),
        (GrantType::Ciba, "with CIBA"),
    ];
    if !after.is_public() {
        return;
    }
    let is_service = after.type_ == ApplicationType::Service;
    let granted = NEED_PROOF.iter();
    let granted = granted.filter(|(grant, _)| after.grant_types.contains(grant));
    let why = granted.map(|(_, why)| *why);
    for why in why.chain(is_service.then_some("for SERVICE")) {
        let why = format!("must not be NONE {why}");
        check.note(Misfit::constraint("tokenEndpointAuthMethod", why));
    }
}

fn uris(check: &mut Check, after: &Application) {
    for (at, uri) in after.redirect_uris.iter().enumerate().take(MOST_URIS) {
        if let Err(error) = check_registration(uri, after.allow_wildcard_in_redirect_uris) {
            check.note(Misfit::invalid(
                format!("redirectUris[{at}]"),
                error.to_string(),
            ));
        }
    }
    let after_sign_off = &after.post_logout_redirect_uris;
    for (at, uri) in after_sign_off.iter().enumerate().take(MOST_URIS) {
        check.expect(is_target(uri), || {
            let why =
                "must be an absolute URI without a fragment, of http, https or a private scheme";
            Misfit::invalid(format!("postLogoutRedirectUris[{at}]"), why)
        });
    }
    for (target, count) in [
        ("redirectUris", after.redirect_uris.len()),
        ("postLogoutRedirectUris", after_sign_off.len()),
    ] {
        check.expect(count <= MOST_URIS, || {
            Misfit::new(Fit::TooLong, target, "must have at most 200 entries")
        });
    }
    check.expect(
        after
            .target_link_uri
            .as_ref()
            .is_none_or(|it| is_target(it)),
        || Misfit::invalid("targetLinkUri", "must be an absolute URI"),
    );
    let device = after.device_custom_verification_uri.as_ref();
    check.expect(
        device.is_none_or(|it| it.len() <= LONGEST_URI && is_web(it)),
        || {
            Misfit::invalid(
                "deviceCustomVerificationUri",
                "must be an http or https URL",
            )
        },
    );
    check.expect(
        after
            .device_path_id
            .as_ref()
            .is_none_or(|it| is_path_id(it)),
        || {
            let why = "must be 1 to 50 letters, digits, '_' or '-'";
            Misfit::invalid("devicePathId", why)
        },
    );
}

fn keys(check: &mut Check, after: &Application) {
    check.expect(
        after.jwks_url.as_ref().is_none_or(|it| is_https(it)),
        || Misfit::invalid("jwksUrl", "must be an https URL"),
    );
    if let Some(jwks) = &after.jwks {
        check.expect(jwks.len() <= LONGEST_JWKS && is_public_set(jwks), || {
            Misfit::invalid("jwks", "must be the JSON of a set of public keys")
        });
    }
    // Source: `reference/oidc.md` 4.3.
    check.expect(after.jwks.is_none() || after.jwks_url.is_none(), || {
        Misfit::constraint("jwksUrl", "must not be given beside jwks")
    });
    let is_needed = after.token_endpoint_auth_method == TokenEndpointAuthMethod::PrivateKeyJwt;
    check.expect(
        !is_needed || after.jwks.is_some() || after.jwks_url.is_some(),
        || Misfit::required("jwksUrl"),
    );
}

/// Source: `reference/platform.md` 3.2.
pub(super) const NUMBERS: &[Number] = &[
    ("refreshTokenDuration", 60..=2_147_483_647),
    ("refreshTokenRollingDuration", 60..=2_147_483_647),
    ("refreshTokenRollingGracePeriodDuration", 0..=86_400),
    ("parTimeout", 1..=600),
    ("deviceTimeout", 1..=3_600),
    ("devicePollingInterval", 1..=60),
    ("mobile.passcodeRefreshDuration.duration", 30..=60),
    ("mobile.passcodeGracePeriod", 1..=10),
];

fn lifetimes(check: &mut Check, after: &Application) {
    let duration = after.refresh_token_duration();
    let rolling = after.refresh_token_rolling_duration;
    check.expect(rolling.is_none_or(|it| duration <= it), || {
        let why = "must not exceed refreshTokenRollingDuration";
        Misfit::constraint("refreshTokenDuration", why)
    });
}

fn mobile(check: &mut Check, after: &Application) {
    let Some(mobile) = &after.mobile else { return };
    check.expect(after.type_ == ApplicationType::NativeApp, || {
        Misfit::constraint("mobile", "is for native applications")
    });
    for (target, value) in [
        ("mobile.bundleId", &mobile.bundle_id),
        ("mobile.packageName", &mobile.package_name),
        ("mobile.huaweiAppId", &mobile.huawei_app_id),
        ("mobile.huaweiPackageName", &mobile.huawei_package_name),
        ("mobile.uriPrefix", &mobile.uri_prefix),
    ] {
        check.length_of(target, value.as_ref(), 1, 1_024);
    }
    // Source: Ping's schemas: where it is off on both, it is off.
    let excluded = &mobile.integrity_detection.excluded_platforms;
    check.expect(excluded.len() <= 1, || {
        let target = "mobile.integrityDetection.excludedPlatforms";
        Misfit::new(Fit::TooLong, target, "must have at most 1 entry")
    });
}

fn saml(check: &mut Check, after: &Application) {
    let Some(saml) = &after.saml else { return };
    check.length("spEntityId", &saml.sp_entity_id, 1, 1_024);
    check.expect(!saml.acs_urls.is_empty(), || {
        Misfit::new(Fit::Empty, "acsUrls", "must not be empty")
    });
    let is_good = |it: &String| it.len() <= LONGEST_URI && is_web(it);
    check.expect(
        saml.acs_urls.len() <= MOST_URIS && saml.acs_urls.iter().all(is_good),
        || Misfit::invalid("acsUrls", "must be http or https URLs"),
    );
    for (target, url) in [
        ("sloEndpoint", &saml.slo_endpoint),
        ("sloResponseEndpoint", &saml.slo_response_endpoint),
    ] {
        check.expect(url.as_ref().is_none_or(is_good), || {
            Misfit::invalid(target, "must be an http or https URL")
        });
    }
    check.expect(saml.assertion_duration > 0, || {
        Misfit::new(Fit::OutOfRange, "assertionDuration", "must be at least 1")
    });
    let settings = saml.virtual_server_id_settings.as_ref();
    if let Some(ids) = settings.map(|it| &it.virtual_server_ids) {
        let target = "virtualServerIdSettings.virtualServerIds";
        let defaults = ids.iter().filter(|it| it.default).count();
        check.expect(ids.len() <= 100 && defaults <= 1, || {
            Misfit::invalid(target, "must have at most 100 entries and one default")
        });
    }
}

fn ws_fed(check: &mut Check, after: &Application) {
    let Some(ws_fed) = &after.ws_fed else { return };
    check.length("domainName", &ws_fed.domain_name, 1, 256);
    let slo = ws_fed.slo_endpoint.as_ref();
    for (target, url) in [("replyUrl", Some(&ws_fed.reply_url)), ("sloEndpoint", slo)] {
        let is_good = |it: &String| it.len() <= LONGEST_URI && is_web(it);
        check.expect(url.is_none_or(is_good), || {
            Misfit::invalid(target, "must be an http or https URL")
        });
    }
}

fn is_web(text: &str) -> bool {
    let is_web = |it: &Url| matches!(it.scheme(), "http" | "https") && it.has_host();
    Url::parse(text).is_ok_and(|it| is_web(&it) && has_no_user(&it))
}

fn is_https(text: &str) -> bool {
    text.len() <= LONGEST_URI && text.starts_with("https://") && is_web(text)
}

/// Source: `reference/platform.md` 3.2.
fn is_page(text: &str) -> bool {
    let is_local = |it: &Url| matches!(it.host_str(), Some("localhost" | "127.0.0.1"));
    is_https(text)
        || text.len() <= LONGEST_URI
            && is_web(text)
            && Url::parse(text).is_ok_and(|it| is_local(&it))
}

fn has_no_user(url: &Url) -> bool {
    url.username().is_empty() && url.password().is_none()
}

/// Where a browser may be sent that does not go back to us: any scheme but those that run or read
/// something.
fn is_target(text: &str) -> bool {
    const REFUSED: [&str; 8] = [
        "javascript",
        "data",
        "vbscript",
        "file",
        "blob",
        "about",
        "filesystem",
        "view-source",
    ];
    let is_good = |it: &Url| !REFUSED.contains(&it.scheme()) && it.fragment().is_none();
    let printable = text.bytes().all(|byte| byte.is_ascii_graphic());
    printable
        && text.len() <= LONGEST_URI
        && Url::parse(text).is_ok_and(|it| is_good(&it) && has_no_user(&it))
}

/// A domain name, `localhost` or an IPv4 address, with nothing after it but a port.
///
/// Source: `reference/oidc.md` 18.1.
fn is_origin(text: &str) -> bool {
    let rest = text
        .strip_prefix("https://")
        .or(text.strip_prefix("http://"));
    let is_host = |it: &str| {
        let host = it.split(':').next().unwrap_or(it);
        let domain = host.strip_prefix("*.").unwrap_or(host);
        !domain.is_empty() && !domain.contains('*') && !it.contains(['/', '?', '#', '@', '\\', '['])
    };
    text.len() <= LONGEST_URI && rest.is_some_and(is_host) && is_web(text)
}

fn is_path_id(text: &str) -> bool {
    let is_allowed = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-';
    (1..=50).contains(&text.len()) && text.bytes().all(is_allowed)
}

/// A key set whose keys are public: a private or a symmetric one would be told to everybody who
/// may read applications.
fn is_public_set(text: &str) -> bool {
    let Ok(set) = serde_json::from_str::<Value>(text) else {
        return false;
    };
    let is_public = |key: &Value| {
        let needed: &[&str] = match key.get("kty").and_then(Value::as_str) {
            Some("RSA") => &["n", "e"],
            Some("EC") => &["crv", "x", "y"],
            Some("OKP") => &["crv", "x"],
            _ => return false,
        };
        let private = ["d", "k", "p", "q", "dp", "dq", "qi", "oth"];
        needed
            .iter()
            .all(|it| key.get(it).is_some_and(Value::is_string))
            && private.iter().all(|it| key.get(it).is_none())
    };
    let keys = set.get("keys").and_then(Value::as_array);
    keys.is_some_and(|keys| !keys.is_empty() && keys.iter().all(is_public))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn origins_have_nothing_after_the_host() {
        for good in [
            "https://localhost",
            "http://localhost:3000",
            "https://*.pingidentity.com",
            "http://192.168.1.1",
        ] {
            assert!(is_origin(good), "{good}");
        }
        for bad in [
            "https://a.example/",
            "https://a.example/x",
            "ftp://a.example",
            "https://*",
            "https://a.*.example",
            "https://u@a.example",
            "https://[::1]",
            "https://[::1]:8443",
            "a.example",
        ] {
            assert!(!is_origin(bad), "{bad}");
        }
    }

    #[test]
    fn threat_4_targets_run_nothing() {
        for good in [
            "com.myapp.app://target",
            "http://a.example/x",
            "https://a.example",
        ] {
            assert!(is_target(good), "{good}");
        }
        for bad in [
            "javascript:alert(1)",
            "data:text/html,x",
            "/relative",
            "https://a/#x",
            "",
        ] {
            assert!(!is_target(bad), "{bad}");
        }
    }

    #[test]
    fn key_sets_are_public() {
        assert!(is_public_set(
            r#"{"keys":[{"kty":"RSA","n":"x","e":"AQAB"}]}"#
        ));
        assert!(!is_public_set(
            r#"{"keys":[{"kty":"RSA","n":"x","e":"AQAB","d":"x"}]}"#
        ));
        assert!(!is_public_set(r#"{"keys":[{"kty":"oct","k":"x"}]}"#));
        assert!(!is_public_set(r#"{"keys":[]}"#));
        assert!(!is_public_set("[]"));
    }
}
