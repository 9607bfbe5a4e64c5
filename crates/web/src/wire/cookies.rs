//! The `ST` cookie and its twin (`reference/flows.md` 8.1, `rulings.md` 15).

use axum::http::{HeaderMap, HeaderValue, header};
use cookie::{Cookie, SameSite};
use countersign_domain::ids::EnvId;
use countersign_protocol::browser::BrowserToken;
use countersign_protocol::cx::Cx;
use countersign_protocol::urls::Urls;

const NAME: &str = "ST";
/// The twin without `SameSite`, for user agents that mishandle `SameSite=None`.
const TWIN: &str = "ST-NO-SS";
/// What scripts may see of the session: only the page at `/as/checksession` has any, and it tells
/// clients whether this is what it was (`reference/oidc.md` 14.5).
const STATE: &str = "ST-STATE";

/// The token that the browser sent, `ST` before its twin.
pub fn browser_token(headers: &HeaderMap) -> Option<BrowserToken> {
    let mut twin = None;
    for value in headers.get_all(header::COOKIE) {
        let Ok(text) = value.to_str() else { continue };
        for cookie in Cookie::split_parse(text).flatten() {
            match cookie.name() {
                NAME => return BrowserToken::from_cookie(cookie.value()),
                TWIN => twin = BrowserToken::from_cookie(cookie.value()),
                _ => {}
            }
        }
    }
    twin
}

/// The value of the `ST` cookie, whoever made it: a session that an administrator's program made may
/// have a token of any form.
pub fn session_cookie(headers: &HeaderMap) -> Option<String> {
    let texts = headers.get_all(header::COOKIE).into_iter();
    let texts = texts.filter_map(|value| value.to_str().ok());
    let mut cookies = texts.flat_map(|text| Cookie::split_parse(text).flatten());
    let cookie = cookies.find(|cookie| cookie.name() == NAME)?;
    (cookie.value().len() <= MAX_LEN).then(|| cookie.value().to_owned())
}

/// Longest value that is looked at.
const MAX_LEN: usize = 256;

/// Adds the cookies for a token. That of a session lives as long as the session can, or as long as
/// the browser is open, where the environment says so; that of nobody never longer.
pub fn set(headers: &mut HeaderMap, cx: &Cx, token: &BrowserToken) {
    let (env, settings) = (cx.env_id(), &cx.env.environment.settings);
    let value = token.expose().to_owned();
    let urls = &cx.env.urls;
    let (plain, path) = (urls.is_plain_loopback(), path(urls, env));
    let is_kept = token.is_session() && !settings.non_persistent_session_cookie;
    let seconds = i64::try_from(settings.session_lifetime().as_secs()).unwrap_or(i64::MAX);
    let ends = cx.now.plus(settings.session_lifetime()).millis() / 1000;
    let ends = cookie::time::OffsetDateTime::from_unix_timestamp(ends);
    let base = |name: &'static str| {
        let mut cookie = Cookie::build((name, value.clone()))
            .path(path.clone())
            .http_only(true)
            .secure(!plain);
        if is_kept {
            cookie = cookie.max_age(cookie::time::Duration::seconds(seconds));
            if let Ok(ends) = ends {
                cookie = cookie.expires(ends);
            }
        }
        cookie
    };
    let same_site = if plain { SameSite::Lax } else { SameSite::None };
    append(headers, &base(NAME).same_site(same_site).build());
    if !plain {
        append(headers, &base(TWIN).build());
    }
    if token.is_session() {
        let mut state = base(STATE).http_only(false).same_site(same_site).build();
        state.set_value(token.browser_state());
        append(headers, &state);
    }
}

/// An environment's cookies are its own: one host serves many. On a custom domain it is alone.
fn path(urls: &Urls, env: EnvId) -> String {
    Some(urls.path(env))
        .filter(|path| !path.is_empty())
        .unwrap_or_else(|| "/".to_owned())
}

/// Takes the cookies away.
pub fn clear(headers: &mut HeaderMap, urls: &Urls, env: EnvId) {
    let (plain, path) = (urls.is_plain_loopback(), path(urls, env));
    let base = |name: &'static str| {
        Cookie::build((name, ""))
            .path(path.clone())
            .http_only(true)
            .secure(!plain)
            .max_age(cookie::time::Duration::ZERO)
            .expires(cookie::time::OffsetDateTime::UNIX_EPOCH)
    };
    let same_site = if plain { SameSite::Lax } else { SameSite::None };
    append(headers, &base(NAME).same_site(same_site).build());
    if !plain {
        append(headers, &base(TWIN).build());
    }
    let state = base(STATE).http_only(false).same_site(same_site);
    append(headers, &state.build());
}

fn append(headers: &mut HeaderMap, cookie: &Cookie<'_>) {
    // Names and values are ours and of visible ASCII, so this cannot fail.
    if let Ok(value) = HeaderValue::from_str(&cookie.to_string()) {
        headers.append(header::SET_COOKIE, value);
    }
}
