//! What points at something that was deleted is exported as it is, and imported where it came from
//! and elsewhere.

use std::sync::{Arc, Mutex};

use countersign_domain::agreement::AgreementLanguage;
use countersign_domain::entity::Entity;
use countersign_domain::store::{Batch, Key};
use countersign_testkit::{Adapter, TestServer, run};
use image::{ImageBuffer, ImageFormat, Rgb};
use serde_json::{Value, json};

use super::super::{Api, owner, text};
use super::export::exported_from;

async fn made(api: &Api, all: &str, body: Value) -> (String, String) {
    let id = text(&Api::created(api.post(all, body).await), "/id");
    (format!("{all}/{id}"), id)
}

async fn delete(api: &Api, path: &str) {
    let _ = api.delete(path).await.expect_status(204);
}

/// A picture, as `/images` tells of it.
async fn picture(api: &Api, env: &str) -> (String, Value) {
    let mut png = std::io::Cursor::new(Vec::new());
    let pixels = ImageBuffer::from_pixel(4, 4, Rgb([200_u8, 30, 90]));
    pixels.write_to(&mut png, ImageFormat::Png).unwrap();
    let all = format!("{env}/images");
    let made = api
        .upload("POST", &all, "image/png", png.into_inner())
        .await;
    let made = Api::created(made);
    let id = text(&made, "/id");
    let logo = json!({ "id": id, "href": made["targets"]["original"]["href"] });
    (format!("{all}/{id}"), logo)
}

fn theme(name: &str, logo: &Value) -> Value {
    let mut theme = json!({ "configuration": { "name": name, "logoType": "IMAGE", "logo": logo } });
    for color in [
        "bodyTextColor",
        "cardColor",
        "headingTextColor",
        "linkTextColor",
        "buttonColor",
        "buttonTextColor",
    ] {
        theme["configuration"][color] = json!("#112233");
    }
    theme
}

async fn environment(api: &Api) -> (String, String) {
    let body = json!({ "name": "Lossy", "type": "SANDBOX", "region": "NA" });
    made(api, "/environments", body).await
}

#[test]
fn a_picture_keeps_the_address_that_it_was_given_with() {
    run(Adapter::Memory, |server| async move {
        let api = owner(&server).await;
        let (env, id) = environment(&api).await;
        let (_, logo) = picture(&api, &env).await;
        let looks = json!({ "companyName": "Acme", "logo": logo });
        let _ = api
            .put(&format!("{env}/brandingSettings"), looks)
            .await
            .expect_status(200);
        made(&api, &format!("{env}/themes"), theme("Dressed", &logo)).await;
        let first = exported_from(&server, &id).await;
        assert_eq!(first.matches("_original.png").count(), 2, "{first}");
        server.import(&serde_json::from_str(&first).unwrap()).await;
        assert_eq!(exported_from(&server, &id).await, first);
    });
}

#[test]
fn what_points_at_something_gone_is_imported_as_it_is() {
    let exported = Arc::new(Mutex::new((String::new(), String::new())));
    let here = Arc::clone(&exported);
    run(Adapter::Memory, |server| async move {
        let (id, gone) = lossy(&server).await;
        let first = exported_from(&server, &id).await;
        let file: Value = serde_json::from_str(&first).unwrap();
        let mut listed = file["environments"][0]["gone"].as_array().unwrap().clone();
        listed.sort_by_key(Value::to_string);
        assert_eq!(listed, gone);
        server.import(&file).await;
        assert_eq!(
            exported_from(&server, &id).await,
            first,
            "where it came from"
        );
        *here.lock().unwrap() = (id, first);
    });
    let (id, first) = exported.lock().unwrap().clone();
    run(Adapter::Memory, |server| async move {
        let file: Value = serde_json::from_str(&first).unwrap();
        server.import(&file).await;
        let second: Value = serde_json::from_str(&exported_from(&server, &id).await).unwrap();
        assert_eq!(second["environments"], file["environments"], "elsewhere");
    });
}

/// An environment in which much points at what was deleted: its id, and what is gone.
async fn lossy(server: &TestServer) -> (String, Vec<Value>) {
    let api = owner(server).await;
    let (env, id) = environment(&api).await;
    let all = |name: &str| format!("{env}/{name}");
    let (image, logo) = picture(&api, &env).await;
    made(&api, &all("themes"), theme("Dressed", &logo)).await;
    let looks = json!({ "companyName": "Acme", "logo": logo });
    let _ = api
        .put(&all("brandingSettings"), looks)
        .await
        .expect_status(200);
    let other = theme("Other", &logo);
    let (theme, theme_id) = made(&api, &all("themes"), other).await;
    let home = json!({ "name": "Home", "theme": { "id": theme_id } });
    let (home, home_id) = made(&api, &all("populations"), home).await;
    let google = |name: &str| {
        json!({ "name": name, "type": "GOOGLE", "enabled": true, "clientId": "x",
        "clientSecret": "y" })
    };
    let (provider, provider_id) = made(&api, &all("identityProviders"), google("There")).await;
    let default = json!({ "id": provider_id });
    let _ = api
        .put(&format!("{home}/defaultIdentityProvider"), default)
        .await
        .expect_status(200);
    let ada = json!({ "username": "ada", "email": "ada@a.example", "population": { "id": home_id },
        "identityProvider": { "id": provider_id, "type": "GOOGLE" } });
    let media = "application/vnd.pingidentity.user.import+json";
    let _ = api
        .send("POST", &all("users"), media, &ada)
        .await
        .expect_status(201);
    let short = json!({ "name": "Short" });
    let (population, population_id) = made(&api, &all("populations"), short).await;
    let mut into = google("Into");
    into["registration"] = json!({ "population": { "id": population_id } });
    made(&api, &all("identityProviders"), into).await;
    let (policy, _) = made(&api, &all("signOnPolicies"), json!({ "name": "Here" })).await;
    let into = json!({ "enabled": true, "population": { "id": population_id } });
    let login = json!({ "type": "LOGIN", "priority": 1, "registration": into });
    made(&api, &format!("{policy}/actions"), login).await;
    let (group, group_id) = made(&api, &all("groups"), json!({ "name": "Few" })).await;
    let closed = json!({ "name": "Closed", "type": "WEB_APP", "enabled": true,
        "protocol": "OPENID_CONNECT", "grantTypes": ["AUTHORIZATION_CODE"], "responseTypes": ["CODE"],
        "redirectUris": ["https://client.example/callback"],
        "tokenEndpointAuthMethod": "CLIENT_SECRET_BASIC",
        "accessControl": { "group": { "type": "ANY_GROUP", "groups": [{ "id": group_id }] } } });
    made(&api, &all("applications"), closed).await;
    let terms = json!({ "name": "Terms", "enabled": false });
    let (terms, _) = made(&api, &all("agreements"), terms).await;
    let english = json!({ "locale": "en", "displayName": "Terms", "enabled": true });
    let (english, _) = made(&api, &format!("{terms}/languages"), english).await;
    let text = json!({ "contentType": "text/plain", "effectiveAt": "2020-01-01T00:00:00.000Z",
        "requireReconsent": false, "text": "Be good" });
    Api::created(api.post(&format!("{english}/revisions"), text).await);
    let on = json!({ "name": "Terms", "enabled": true });
    let _ = api.put(&terms, on).await.expect_status(200);
    for path in [&image, &theme, &provider, &population, &group] {
        delete(&api, path).await;
    }
    // As older versions left an agreement that is on.
    let language = english.rsplit('/').next().unwrap();
    let language = Key::new(AgreementLanguage::KIND, id.parse().unwrap(), language);
    let batch = Batch::new().delete(language);
    let now = server.ports.clock.now();
    server.ports.store.commit(batch, now).await.unwrap();
    let picture = logo["id"].clone();
    let mut gone = vec![picture];
    gone.extend([theme_id, provider_id, population_id, group_id].map(Value::from));
    gone.sort_by_key(Value::to_string);
    (id, gone)
}
