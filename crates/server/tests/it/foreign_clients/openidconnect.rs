//! The crate `openidconnect`

use countersign_testkit::{App, Browser, REDIRECT_URI, Tenant, code_of, query, submit};
use openidconnect::core::{
    CoreAuthenticationFlow, CoreClient, CoreProviderMetadata, CoreUserInfoClaims,
};
use openidconnect::{
    AccessTokenHash, AuthType, AuthorizationCode, ClientId, ClientSecret, CsrfToken, HttpRequest,
    HttpResponse, IssuerUrl, Nonce, OAuth2TokenResponse, PkceCodeChallenge, RedirectUrl, Scope,
    TokenResponse,
};

/// The crate brings no HTTP client of its own that fits; this one carries its requests.
async fn carry(browser: &Browser, request: HttpRequest) -> Result<HttpResponse, std::io::Error> {
    let (head, body) = request.into_parts();
    let mut carried = browser.request(head.method.as_str().parse().unwrap(), head.uri.to_string());
    let mut media = String::new();
    for (name, value) in &head.headers {
        let value = value.to_str().unwrap();
        if name == "content-type" {
            value.clone_into(&mut media);
        } else {
            carried = carried.header(name.as_str(), value);
        }
    }
    if !body.is_empty() {
        carried = carried.body(&media, String::from_utf8(body).unwrap());
    }
    let answer = carried.send().await;
    let mut response = http::Response::builder().status(answer.status);
    for (name, value) in &answer.headers {
        response = response.header(name, value);
    }
    Ok(response.body(answer.body.into_bytes()).unwrap())
}

async fn sign_on(tenant: &Tenant, app: &App) {
    let http = tenant.browser();
    let send = |request| carry(&http, request);
    let issuer = IssuerUrl::new(tenant.issuer()).unwrap();
    let metadata = CoreProviderMetadata::discover_async(issuer, &send)
        .await
        .unwrap();
    let secret = (app.auth_method != "NONE").then(|| ClientSecret::new(app.secret.clone()));
    let client =
        CoreClient::from_provider_metadata(metadata, ClientId::new(app.id.clone()), secret)
            .set_redirect_uri(RedirectUrl::new(REDIRECT_URI.to_owned()).unwrap())
            .set_auth_type(if app.auth_method == "CLIENT_SECRET_BASIC" {
                AuthType::BasicAuth
            } else {
                AuthType::RequestBody
            });
    let (challenge, verifier) = PkceCodeChallenge::new_random_sha256();
    let (start, state, nonce) = client
        .authorize_url(
            CoreAuthenticationFlow::AuthorizationCode,
            CsrfToken::new_random,
            Nonce::new_random,
        )
        .add_scope(Scope::new("profile".to_owned()))
        .add_scope(Scope::new("email".to_owned()))
        .set_pkce_challenge(challenge)
        .url();

    let browser = tenant.browser();
    let answer = browser.get(start).send().await;
    let page = browser
        .follow(answer, &tenant.base)
        .await
        .expect_status(200);
    let person = &tenant.person;
    let answer = submit(tenant, &browser, &page, &person.username, &person.password).await;
    let redirect = answer.redirect();
    assert_eq!(&query(&redirect)["state"], state.secret());

    let tokens = client
        .exchange_code(AuthorizationCode::new(code_of(&redirect)))
        .unwrap()
        .set_pkce_verifier(verifier)
        .request_async(&send)
        .await
        .unwrap();
    let id = tokens.id_token().unwrap();
    let judge = client.id_token_verifier();
    let claims = id.claims(&judge, &nonce).unwrap();
    assert_eq!(claims.subject().as_str(), person.id);
    let hash = AccessTokenHash::from_token(
        tokens.access_token(),
        id.signing_alg().unwrap(),
        id.signing_key(&judge).unwrap(),
    );
    assert_eq!(claims.access_token_hash(), Some(&hash.unwrap()));
    let subject = Some(claims.subject().clone());
    let info: CoreUserInfoClaims = client
        .user_info(tokens.access_token().clone(), subject)
        .unwrap()
        .request_async(&send)
        .await
        .unwrap();
    assert_eq!(info.preferred_username().unwrap().as_str(), person.username);
}

#[test]
fn openidconnect_signs_a_person_on() {
    countersign_testkit::run_in_real_time(
        countersign_testkit::Adapter::Sqlite,
        |server| async move {
            for app in [&server.tenant.web, &server.tenant.post, &server.tenant.spa] {
                sign_on(&server.tenant, app).await;
            }
        },
    );
}
