//! `/quickstart/callback`: where the printed sign-on link ends. Plain text, so that nothing in the
//! query can be markup.

use axum::Router;
use axum::extract::RawQuery;
use axum::routing::get;
use http::header;

use super::facts::Facts;
use super::summary::shell;

/// The page. It plays a public client: whoever may connect may see it, so it shows no secret.
pub fn router(facts: &Facts) -> anyhow::Result<Router> {
    let client = facts.application("NATIVE_APP")?.client_id.to_string();
    let token = format!("{}/token", facts.issuer);
    let redirect = super::summary::callback(&facts.auth_url);
    let page = move |RawQuery(query): RawQuery| {
        let query = query.unwrap_or_default();
        let text = text(&query, &token, &client, &redirect);
        async move {
            let headers = [
                (header::CONTENT_TYPE, "text/plain; charset=utf-8"),
                (header::CACHE_CONTROL, "no-store"),
                (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
                (header::REFERRER_POLICY, "no-referrer"),
            ];
            (headers, text)
        }
    };
    Ok(Router::new().route(super::summary::CALLBACK_PATH, get(page)))
}

fn text(query: &str, token: &str, client: &str, redirect: &str) -> String {
    let pairs: Vec<(String, String)> = url::form_urlencoded::parse(query.as_bytes())
        .into_owned()
        .collect();
    let value = |name: &str| {
        let found = pairs.iter().find(|(key, _)| key == name);
        found.map(|(_, value)| value.as_str())
    };
    if let Some(code) = value("code") {
        return format!(
            "You are signed on. This page plays the application that sent you there.\n\n\
             Exchange the code for tokens within a minute (it works once):\n\n\
             curl -s {token} -d grant_type=authorization_code -d client_id={client} \\\n  \
             -d redirect_uri={} -d code={}\n",
            shell(redirect),
            shell(code),
        );
    }
    let error = value("error").unwrap_or("no code and no error");
    let description = value("error_description").unwrap_or_default();
    format!("The sign-on ended with an error.\n\n{error}\n{description}\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hostile_code_stays_inside_its_quotes() {
        let text = text("code=%27%3B+rm+-rf+%2F%3B%27", "t", "u", "r");
        assert!(text.contains(r"-d code=''\''; rm -rf /;'\'''"), "{text}");
    }

    #[test]
    fn an_error_is_shown() {
        assert!(text("error=access_denied", "t", "u", "r").contains("access_denied"));
    }
}
