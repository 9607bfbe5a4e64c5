//! Attributes that an environment adds to its users, as a provider says them.

use countersign_domain::schema::SchemaAttribute;
use countersign_testkit::{TestServer, on_every_adapter};
use serde_json::{Value, json};

use super::{CAROL, PROVIDER, come_back, provider, provider_first, read, user};
use crate::v1::{Api, admin, refused};

/// Adds an attribute to the users of an environment; where it is.
async fn attribute(api: &Api, env: &str, mut body: Value) -> String {
    let schema = SchemaAttribute::schema_id(env.parse().unwrap());
    let all = format!("/environments/{env}/schemas/{schema}/attributes");
    body["enabled"] = json!(true);
    let made = api.post(&all, body).await.expect_status(201);
    format!("{all}/{}", made.text("/id"))
}

/// What carol's provider says of her: one claim with all of it.
async fn says(server: &TestServer, api: &Api, said: &Value) {
    let carol = format!(
        "/environments/{}/users/{}",
        server.other.id, server.other.person.id
    );
    let _ = api
        .patch(&carol, json!({ "said": said }))
        .await
        .expect_status(200);
}

async fn sign_on(server: &TestServer) {
    let tenant = &server.tenant;
    let browser = tenant.browser();
    let flow = tenant.authorize(&tenant.native).start_flow(&browser).await;
    let _ = come_back(server, &browser, &flow).await;
    assert_eq!(read(server, &browser, &flow).await["status"], "COMPLETED");
}

/// A provider that makes people, and tells what it says under `said`.
async fn talkative(server: &TestServer) -> Api {
    let api = admin(server).await;
    let (tenant, other) = (&server.tenant, &server.other);
    attribute(&api, &other.id, json!({ "name": "said", "type": "JSON" })).await;
    let there = json!({ "id": other.web.id, "name": "Web",
        "attributes": [{ "name": "said", "value": "${user.said}" }] });
    let here = json!({ "name": "Federated people" });
    server
        .import(&json!({ "environments": [
            { "id": tenant.id, "name": "First", "populations": [here] },
            { "id": other.id, "name": "Second", "applications": [there] },
        ] }))
        .await;
    let registration = json!({ "registration": { "population": "Federated people" } });
    provider(server, &registration).await;
    provider_first(server, Value::Null).await;
    api
}

on_every_adapter! {
    async fn what_a_provider_says_arrives_in_the_form_of_the_attribute(server: TestServer) {
        let api = talkative(&server).await;
        let tenant = &server.tenant;
        let mappings = format!("/environments/{}/identityProviders/{PROVIDER}/attributes", tenant.id);
        let levels = json!([{ "value": "gold" }, { "value": "silver" }]);
        for (own, value) in [
            (json!({ "name": "level", "type": "STRING", "enumeratedValues": levels }), "said.level"),
            (json!({ "name": "tags", "type": "STRING", "multiValued": true }), "said.tags"),
            (json!({ "name": "first", "type": "STRING" }), "said.tags"),
            (json!({ "name": "alone", "type": "STRING", "multiValued": true }), "said.level"),
            (json!({ "name": "member", "type": "BOOLEAN" }), "said.member"),
            (json!({ "name": "extra", "type": "JSON" }), "said"),
            (json!({ "name": "badge", "type": "STRING", "unique": true }), "said.badge"),
        ] {
            let name = own["name"].clone();
            attribute(&api, &tenant.id, own).await;
            let mapping = json!({ "name": name, "update": "ALWAYS",
                "value": format!("${{providerAttributes.{value}}}") });
            Api::created(api.post(&mappings, mapping).await);
        }
        let alice = format!("/environments/{}/users/{}", tenant.id, tenant.person.id);
        let _ = api.patch(&alice, json!({ "badge": "B-1" })).await.expect_status(200);
        let said = json!({ "level": "gold", "tags": ["a", "b"], "member": "true", "badge": "b-1" });
        says(&server, &api, &said).await;
        sign_on(&server).await;
        let carol = user(&server, CAROL).await.unwrap();
        let path = format!("/environments/{}/users/{}", tenant.id, carol.id);
        let seen = api.get(&path).await.expect_status(200).json();
        for (name, value) in [
            ("level", json!("gold")), ("tags", json!(["a", "b"])), ("first", json!("a")),
            ("alone", json!(["gold"])), ("member", json!(true)), ("extra", said),
            ("badge", Value::Null),
        ] {
            assert_eq!(seen[name], value, "{name}");
        }
        // What the attribute cannot have leaves it as it is, and hinders nobody.
        says(&server, &api, &json!({ "level": "lead", "tags": "c", "member": "maybe", "badge": "B-2" })).await;
        sign_on(&server).await;
        let seen = api.get(&path).await.expect_status(200).json();
        for (name, value) in [
            ("level", json!("gold")), ("tags", json!(["c"])), ("first", json!("c")),
            ("member", json!(true)), ("badge", json!("B-2")),
        ] {
            assert_eq!(seen[name], value, "{name}");
        }
        refused(api.patch(&alice, json!({ "badge": "B-2" })).await, 400, "INVALID_DATA",
            Some(("UNIQUENESS_VIOLATION", "badge")));
    }

    async fn a_mapping_is_to_an_attribute_that_is_there_and_goes_with_it(server: TestServer) {
        let api = talkative(&server).await;
        let tenant = &server.tenant;
        let mappings = format!("/environments/{}/identityProviders/{PROVIDER}/attributes", tenant.id);
        let mapping = json!({ "name": "tier", "value": "${providerAttributes.said.tier}", "update": "EMPTY_ONLY" });
        refused(api.post(&mappings, mapping.clone()).await, 400, "INVALID_DATA", Some(("INVALID_VALUE", "name")));
        let tier = attribute(&api, &tenant.id, json!({ "name": "tier", "type": "STRING" })).await;
        let made = Api::created(api.post(&mappings, mapping).await);
        let own = made["_links"]["self"]["href"].as_str().unwrap();
        assert_eq!(api.put(own, made.clone()).await.expect_status(200).json()["name"], "tier");
        let _ = api.delete(&tier).await.expect_status(204);
        refused(api.get(own).await, 404, "NOT_FOUND", None);
    }
}
