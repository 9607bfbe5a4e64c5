//! `GET /{envID}/rp/authenticate`: off to another provider (`reference/flows.md` 6.21).

use aws_lc_rs::hmac;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use countersign_domain::entity::{Entity, Stored};
use countersign_domain::identity_provider::LinkedAccount;
use countersign_domain::ids::IdentityProviderId;
use countersign_domain::policy::sign_on::ActionStep;
use countersign_domain::store::{Batch, Fault, Query};
use url::Url;

use crate::as_::checks::prompt::Prompt;
use crate::as_::params::Params;
use crate::audit::kinds;
use crate::browser::{self, BrowserToken};
use crate::configuration::{OpenidEndpoints, ProviderView};
use crate::cx::Cx;
use crate::flows::external::{self, Trip};
use crate::flows::{Flow, access};
use crate::refusal::{Outcome, Refusal};
use crate::rp::external_sign_on;
use crate::run::{Operation, Verdict, run};

/// Longest `loginHint` and `acrValues` that are passed on.
const MAX_LEN: usize = 1024;
/// Most linked accounts of a user that are looked at.
const MAX_LINKS: u32 = 50;

/// Sends the browser of a flow to a provider. Answers with the URL.
pub async fn authenticate(
    cx: &Cx,
    params: &Params,
    token: Option<&BrowserToken>,
) -> Outcome<String> {
    let missing = |name: &'static str| Refusal::ParameterMissing(name);
    let provider = params.get("providerId").ok_or(missing("providerId"))?;
    let provider = provider
        .parse()
        .map_err(|_| Refusal::ParameterInvalid("providerId").because("not a UUID"))?;
    let authenticate = Authenticate {
        flow: params.get("flowId").ok_or(missing("flowId"))?,
        provider,
        token,
        login_hint: short(params, "loginHint")?,
        acr_values: short(params, "acrValues")?,
    };
    run(cx, &authenticate).await
}

fn short(params: &Params, name: &'static str) -> Outcome<Option<String>> {
    match params.get(name) {
        Some(value) if value.len() > MAX_LEN => Err(Refusal::ParameterInvalid(name)
            .because("longer than 1 KiB")
            .into()),
        value => Ok(value.map(str::to_owned)),
    }
}

struct Authenticate<'a> {
    flow: &'a str,
    provider: IdentityProviderId,
    token: Option<&'a BrowserToken>,
    login_hint: Option<String>,
    acr_values: Option<String>,
}

struct Facts {
    flow: Stored<Flow>,
    /// Who the expected person is at the provider.
    external_id: Option<String>,
    /// The unguessable part of `state`.
    secret: String,
}

impl Operation for Authenticate<'_> {
    type Facts = Facts;
    type Reply = String;

    async fn gather(&self, cx: &Cx) -> Outcome<Facts> {
        let flow = access::find(cx, self.flow, self.token).await?;
        Ok(Facts {
            external_id: external_id(cx, &flow, self.provider).await?,
            secret: browser::secret(&*cx.ports.entropy),
            flow,
        })
    }

    fn decide(&self, cx: &Cx, facts: Facts) -> Result<Verdict<String>, Fault> {
        let Stored {
            value: mut flow,
            version,
        } = facts.flow;
        let offered = external::providers(&cx.env, &flow);
        let view = offered
            .iter()
            .find(|view| view.provider.id == self.provider);
        let Some((view, endpoints)) = view.and_then(|view| Some((view, view.openid.as_ref()?)))
        else {
            let why = "the flow does not lead to this provider, or it is disabled";
            return Ok(Verdict::refuse(Refusal::ActionNotOffered.because(why)));
        };
        let state = format!("{}.{}", flow.id, facts.secret);
        let to = self.url(cx, &flow, view, endpoints, &state, facts.external_id)?;
        flow.progress.trip = Some(Trip {
            state: browser::hash(&state),
            provider: self.provider,
            began_at: cx.now,
            answered: false,
        });
        flow.touch(cx.now);
        let env = cx.env_id();
        let told = external_sign_on(cx, &kinds::AUTHENTICATION_CREATED, &flow, self.provider);
        let writes = Batch::new().update(env, &flow, version)?;
        Ok(Verdict::reply(to).writing(writes.record(told.to_event(env)?)))
    }
}

impl Authenticate<'_> {
    /// The authentication request.
    ///
    /// Spec: OIDC Core 3.1.2.1 (as a client).
    fn url(
        &self,
        cx: &Cx,
        flow: &Flow,
        view: &ProviderView,
        endpoints: &OpenidEndpoints,
        state: &str,
        external_id: Option<String>,
    ) -> Result<String, Fault> {
        let mut url: Url = endpoints.authorization.clone();
        let mut query = url.query_pairs_mut();
        query
            .append_pair("response_type", "code")
            .append_pair("client_id", &endpoints.client_id)
            .append_pair("redirect_uri", &cx.env.urls.rp_callback(cx.env_id()))
            .append_pair("scope", &scope(view))
            .append_pair("state", state)
            .append_pair("nonce", &nonce(cx, state)?);
        if let Some(verifier) = verifier(cx, view, state)? {
            query
                .append_pair("code_challenge", &browser::hash(&verifier))
                .append_pair("code_challenge_method", "S256");
        }
        let (acr_values, passes_user) = match external::asking(&cx.env, flow).map(|it| &it.step) {
            Some(ActionStep::IdentityProvider {
                acr_values,
                pass_user_context,
                ..
            }) => (acr_values.clone(), *pass_user_context),
            _ => (None, false),
        };
        if let Some(values) = self.acr_values.clone().or(acr_values) {
            query.append_pair("acr_values", &values);
        }
        let hint = self.login_hint.clone().or_else(|| {
            passes_user
                .then(|| external_id.or_else(|| flow.request.login_hint.clone()))
                .flatten()
        });
        if let Some(hint) = hint.or_else(|| identifier(flow)) {
            query.append_pair("login_hint", &hint);
        }
        // Decision: whoever must sign on anew here must do so there, too.
        if flow.request.prompt == Prompt::Login || flow.request.max_age.is_some() {
            query.append_pair("prompt", "login");
        }
        drop(query);
        Ok(url.into())
    }
}

/// Decision: an identifier that leads to a provider is told to it, so that nobody types it twice.
fn identifier(flow: &Flow) -> Option<String> {
    let leads = flow.progress.identified.is_some()
        && matches!(
            flow.state,
            crate::flows::State::ExternalAuthenticationRequired(_)
        );
    flow.progress.identifier.clone().filter(|_| leads)
}

fn scope(view: &ProviderView) -> String {
    let mut scopes = vec!["openid"];
    let configured = view.provider.scopes.as_deref().unwrap_or_default();
    scopes.extend(
        configured
            .iter()
            .map(String::as_str)
            .filter(|it| *it != "openid"),
    );
    scopes.join(" ")
}

/// Who the person that the flow expects is at a provider.
async fn external_id(
    cx: &Cx,
    flow: &Flow,
    provider: IdentityProviderId,
) -> Outcome<Option<String>> {
    let Some(user) = external::expected(flow) else {
        return Ok(None);
    };
    let query = Query::equal(
        LinkedAccount::KIND,
        cx.env_id(),
        LinkedAccount::BY_USER,
        user.id.to_string(),
        MAX_LINKS,
    );
    let page = cx.ports.store.list(&query, cx.now).await?;
    for doc in &page.docs {
        let link = LinkedAccount::from_doc(doc)?;
        if link.identity_provider.id == provider {
            return Ok(Some(link.external_id));
        }
    }
    Ok(None)
}

/// The nonce and the verifier follow from `state`, of which the store knows only the hash: what is
/// stolen there is of no use at the provider.
pub(super) fn nonce(cx: &Cx, state: &str) -> Result<String, Fault> {
    derived(cx, "external sign-on: nonce", state)
}

/// With PKCE, unless the provider is set to do without.
pub(super) fn verifier(cx: &Cx, view: &ProviderView, state: &str) -> Result<Option<String>, Fault> {
    use countersign_domain::identity_provider::PkceMethod;
    match view.provider.pkce_method {
        Some(PkceMethod::None) => Ok(None),
        Some(PkceMethod::S256) | None => derived(cx, "external sign-on: PKCE", state).map(Some),
    }
}

fn derived(cx: &Cx, purpose: &'static str, state: &str) -> Result<String, Fault> {
    let key = cx.ports.vault.mac_key(purpose, cx.env_id())?;
    Ok(URL_SAFE_NO_PAD.encode(hmac::sign(&key, state.as_bytes())))
}
