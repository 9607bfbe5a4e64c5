//! The way from a page that leads nowhere back to the application.

use countersign_domain::application::Application;
use countersign_domain::ids::{ApplicationId, FlowId};
use countersign_protocol::configuration::Snapshot;
use countersign_protocol::flows::{Flow, access};
use url::Url;

use crate::App;
use crate::wire::form;
use crate::wire::incoming::Incoming;

/// An application, and where people begin there.
pub struct WayBack {
    /// Its name.
    pub application: String,
    /// An address of the application's own, from configuration; none where it has none.
    pub href: Option<String>,
}

impl WayBack {
    /// To the application that a request is about: the one that its parameters name, else that of
    /// the browser's own flow. Whoever makes up a link can choose among registered applications and
    /// nothing more (`threats.md` 3).
    pub async fn find(app: &App, env: &Snapshot, incoming: &Incoming) -> Option<Self> {
        let params = form::query(incoming).ok()?;
        let named = params
            .get("client_id")
            .and_then(|id| id.parse::<ApplicationId>().ok());
        let client = match (named, params.get("flowId")) {
            (Some(client), _) => client,
            (None, Some(flow)) => of_flow(app, env, incoming, flow).await?,
            (None, None) => return None,
        };
        let ports = app.configuration.ports();
        let view = env.application(ports, client, app.now()).await.ok()??;
        let application = &view.application;
        application.enabled.then(|| Self {
            application: application.name.clone(),
            href: href(env, application),
        })
    }
}

async fn of_flow(
    app: &App,
    env: &Snapshot,
    incoming: &Incoming,
    flow: &str,
) -> Option<ApplicationId> {
    flow.parse::<FlowId>().ok()?;
    let cx = app.cx(&env.id.to_string(), incoming).await.ok()?;
    let token = incoming.browser_token();
    let flow = access::find(&cx, flow, token.as_ref()).await.ok()?;
    let Flow { request, .. } = flow.value;
    Some(request.client)
}

/// Where the application begins a sign-on (OpenID Connect Core 4), else its home page.
fn href(env: &Snapshot, application: &Application) -> Option<String> {
    let initiate = application.initiate_login_uri.as_deref().and_then(web_page);
    let initiate = initiate.map(|mut url| {
        let mut pairs = url.query_pairs_mut();
        pairs.append_pair("iss", &env.issuer);
        if let Some(target) = &application.target_link_uri {
            pairs.append_pair("target_link_uri", target);
        }
        drop(pairs);
        url
    });
    let home = || application.home_page_url.as_deref().and_then(web_page);
    initiate.or_else(home).map(String::from)
}

/// Only what a browser opens as a page: `javascript:` is an address, too.
fn web_page(text: &str) -> Option<Url> {
    let url = Url::parse(text).ok()?;
    matches!(url.scheme(), "https" | "http").then_some(url)
}

#[cfg(test)]
mod tests {
    use super::web_page;

    #[test]
    fn threat_3_only_pages_are_linked_to() {
        assert!(web_page("https://app.example/start").is_some());
        for wrong in [
            "javascript:alert(1)",
            "JavaScript:alert(1)",
            "//evil",
            "data:text/html,x",
        ] {
            assert!(web_page(wrong).is_none(), "{wrong}");
        }
    }
}
