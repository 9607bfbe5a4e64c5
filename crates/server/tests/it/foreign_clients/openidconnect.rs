//! The crate `openidconnect`

use std::str::FromStr;

use countersign_testkit::{
    Adapter, App, Browser, REDIRECT_URI, Tenant, code_of, fragment, query, run_in_real_time, submit,
};
use openidconnect::core::{
    CoreAuthenticationFlow, CoreClient, CoreDeviceAuthorizationResponse, CoreIdToken,
    CoreProviderMetadata, CoreResponseType, CoreUserInfoClaims,
};
use openidconnect::{
    AccessToken, AccessTokenHash, AuthType, AuthorizationCode, AuthorizationCodeHash, ClientId,
    ClientSecret, CsrfToken, DeviceAuthorizationUrl, HttpRequest, HttpResponse, IntrospectionUrl,
    IssuerUrl, LogoutRequest, Nonce, OAuth2TokenResponse, PkceCodeChallenge, PostLogoutRedirectUrl,
    ProviderMetadataWithLogout, RedirectUrl, Scope, TokenIntrospectionResponse, TokenResponse,
};
use serde_json::json;

use super::{SIGNED_OFF, everything, set};

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

/// What the crate has beyond the plain code flow. (It revokes over https alone.)
async fn every_grant(tenant: &Tenant, app: &App, auth_type: AuthType) {
    let http = tenant.browser();
    let send = |request| carry(&http, request);
    let issuer = IssuerUrl::new(tenant.issuer()).unwrap();
    let metadata = ProviderMetadataWithLogout::discover_async(issuer, &send).await;
    let metadata = metadata.unwrap();
    let end_session = metadata.additional_metadata().end_session_endpoint.clone();
    let secret = Some(ClientSecret::new(app.secret.clone()));
    let client =
        CoreClient::from_provider_metadata(metadata, ClientId::new(app.id.clone()), secret)
            .set_redirect_uri(RedirectUrl::new(REDIRECT_URI.to_owned()).unwrap())
            .set_auth_type(auth_type)
            .set_introspection_url(IntrospectionUrl::new(tenant.endpoint("introspect")).unwrap())
            .set_device_authorization_url(
                DeviceAuthorizationUrl::new(tenant.endpoint("device_authorization")).unwrap(),
            );
    let judge = client.id_token_verifier();
    let browser = tenant.browser();
    let (code, id, token) = (
        CoreResponseType::Code,
        CoreResponseType::IdToken,
        CoreResponseType::Token,
    );
    let mut last = None;
    for flow in [
        CoreAuthenticationFlow::Implicit(false),
        CoreAuthenticationFlow::Implicit(true),
        CoreAuthenticationFlow::Hybrid(vec![code.clone(), id.clone()]),
        CoreAuthenticationFlow::Hybrid(vec![code, id, token]),
    ] {
        let (start, state, nonce) = client
            .authorize_url(flow, CsrfToken::new_random, Nonce::new_random)
            .url();
        let answer = browser.get(start).send().await;
        let mut answer = browser.follow(answer, &tenant.base).await;
        if answer.status == 200 {
            let person = &tenant.person;
            answer = submit(
                tenant,
                &browser,
                &answer,
                &person.username,
                &person.password,
            )
            .await;
        }
        let parameters = fragment(&answer.redirect());
        assert_eq!(&parameters["state"], state.secret());
        let id = CoreIdToken::from_str(&parameters["id_token"]).unwrap();
        let claims = id.claims(&judge, &nonce).unwrap();
        assert_eq!(claims.subject().as_str(), tenant.person.id);
        let (alg, key) = (id.signing_alg().unwrap(), id.signing_key(&judge).unwrap());
        let hash = parameters.get("access_token").map(|token| {
            let token = AccessToken::new(token.clone());
            AccessTokenHash::from_token(&token, alg, key).unwrap()
        });
        assert_eq!(claims.access_token_hash(), hash.as_ref());
        last = parameters
            .get("code")
            .map(|code| AuthorizationCode::new(code.clone()));
        let hash = last.as_ref();
        let hash = hash.map(|code| AuthorizationCodeHash::from_code(code, alg, key).unwrap());
        assert_eq!(claims.code_hash(), hash.as_ref());
    }
    let request = client.exchange_code(last.unwrap()).unwrap();
    let tokens = request.request_async(&send).await.unwrap();
    let request = client.exchange_refresh_token(tokens.refresh_token().unwrap());
    let tokens = request.unwrap().request_async(&send).await.unwrap();
    let request = client.introspect(tokens.access_token());
    let known = request.request_async(&send).await.unwrap();
    assert!(known.active());
    assert_eq!(known.sub(), Some(tenant.person.id.as_str()));
    assert_eq!(known.client_id().unwrap().as_str(), app.id);

    let scope = Scope::new("orders:read".to_owned());
    let request = client.exchange_client_credentials().unwrap();
    let own = request.add_scope(scope.clone()).request_async(&send).await;
    assert_eq!(own.unwrap().scopes(), Some(&vec![scope]));

    let request = client.exchange_device_code();
    let asking = request.add_scope(Scope::new("profile".to_owned()));
    let codes: CoreDeviceAuthorizationResponse = asking.request_async(&send).await.unwrap();
    let link = codes.verification_uri_complete().unwrap().secret();
    let _ = tenant.connect_device(&browser, link).await;
    let request = client.exchange_device_access_token(&codes).unwrap();
    let at_once = |_| std::future::ready(());
    let tokens = request.request_async(&send, at_once, None).await.unwrap();
    let id = tokens.id_token().unwrap();
    let any_nonce = |_: Option<&Nonce>| Ok(());
    let claims = id.claims(&judge, any_nonce).unwrap();
    assert_eq!(claims.subject().as_str(), tenant.person.id);

    let out = LogoutRequest::from(end_session.unwrap())
        .set_id_token_hint(id)
        .set_post_logout_redirect_uri(PostLogoutRedirectUrl::new(SIGNED_OFF.to_owned()).unwrap())
        .set_state(CsrfToken::new("bye".to_owned()))
        .http_get_url();
    let back = browser.get(out).send().await.redirect();
    assert_eq!(back.as_str(), format!("{SIGNED_OFF}?state=bye"));
}

#[test]
fn openidconnect_signs_a_person_on() {
    run_in_real_time(Adapter::Sqlite, |server| async move {
        for app in [&server.tenant.web, &server.tenant.post, &server.tenant.spa] {
            sign_on(&server.tenant, app).await;
        }
    });
}

#[test]
fn openidconnect_uses_every_grant_it_knows() {
    run_in_real_time(Adapter::Sqlite, |server| async move {
        let app = &server.tenant.web;
        for (method, auth_type) in [
            ("CLIENT_SECRET_BASIC", AuthType::BasicAuth),
            ("CLIENT_SECRET_POST", AuthType::RequestBody),
        ] {
            set(&server, everything(app, method), json!({})).await;
            every_grant(&server.tenant, app, auth_type).await;
        }
    });
}
