//! Bodies that are odd but for which there is a rule (`reference/platform.md` 1.6).

use countersign_testkit::{TestServer, on_every_adapter};
use serde_json::{Value, json};

use super::{Api, admin, refused, text};

/// Lists in lists, so many of them.
fn deep(levels: usize) -> Value {
    (1..levels).fold(json!([]), |inner, _| json!([inner]))
}

on_every_adapter! {
    /// Types that are read by the order of their members would take it, and what looks at a body by
    /// name before (seals, bounds) would see nothing.
    async fn threat_41_a_list_is_no_object(server: TestServer) {
        let api = admin(&server).await;
        let here = format!("/environments/{}", server.tenant.id);
        let gateway = |more: Value| {
            let mut body = json!({ "name": "G", "enabled": false });
            body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            body
        };
        let id = "a".repeat(32);
        let radius = json!({ "type": "RADIUS", "davinci": { "policy": { "id": id } },
            "defaultSharedSecret": "x", "radiusClients": [["10.0.0.1", "c2VjcmV0c2VjcmV0"]] });
        let ldap = json!({ "type": "LDAP", "vendor": "OpenLDAP", "bindDN": "cn=a", "bindPassword": "b",
            "serversHostAndPort": ["ldap.example.com:636"], "kerberos": ["upn@x", "Sup3rSecret"] });
        let hook = json!({ "name": "H", "enabled": false, "protocol": "HTTPS", "format": "ACTIVITY",
            "httpEndpoint": ["https://hook.example/x", { "Authorization": "Bearer clear" }],
            "filterOptions": { "includedActionTypes": ["USER.CREATED"] } });
        for (list, body, target) in [
            ("gateways", gateway(radius), "radiusClients[0]"),
            ("gateways", gateway(ldap), "kerberos"),
            ("subscriptions", hook, "httpEndpoint"),
            ("passwordPolicies", json!({ "name": "P", "length": [1, 3] }), "length"),
            ("passwordPolicies", json!({ "name": "P", "lockout": [0, 0] }), "lockout"),
            ("users", json!({ "username": "u", "name": ["A", "B", "C"] }), "name"),
        ] {
            let all = format!("{here}/{list}");
            let before = api.get(&all).await.expect_status(200).json();
            let body = refused(api.post(&all, body).await, 400, "INVALID_DATA", Some(("INVALID_VALUE", target)));
            assert_eq!(body["details"][0]["message"], "must be an object");
            assert_eq!(api.get(&all).await.expect_status(200).json(), before);
        }
    }

    async fn null_is_absence_in_lists_too(server: TestServer) {
        let api = admin(&server).await;
        let schemas = format!("/environments/{}/schemas", server.tenant.id);
        let list = api.get(&schemas).await.expect_status(200).json();
        let all = format!("{schemas}/{}/attributes", text(&list, "/_embedded/schemas/0/id"));
        let body = json!({ "name": "size", "type": "STRING", "enabled": true,
            "enumeratedValues": [{ "value": "S", "archived": null, "description": null }] });
        let made = Api::created(api.post(&all, body).await);
        assert_eq!(made["enumeratedValues"], json!([{ "value": "S", "archived": false }]));
    }

    async fn threat_41_what_is_too_deep_is_told_before_it_is_stored(server: TestServer) {
        let api = admin(&server).await;
        let schemas = format!("/environments/{}/schemas", server.tenant.id);
        let list = api.get(&schemas).await.expect_status(200).json();
        let all = format!("{schemas}/{}/attributes", text(&list, "/_embedded/schemas/0/id"));
        let _ = Api::created(api.post(&all, json!({ "name": "deep", "type": "JSON", "enabled": true })).await);
        let users = format!("/environments/{}/users", server.tenant.id);
        let made = Api::created(api.post(&users, json!({ "username": "deep", "deep": deep(99) })).await);
        let path = format!("{users}/{}", text(&made, "/id"));
        assert_eq!(api.get(&path).await.expect_status(200).json()["deep"], deep(99));
        for levels in [100, 126, 127, 128, 200] {
            refused(api.patch(&path, json!({ "deep": deep(levels) })).await, 400, "INVALID_REQUEST", None);
        }
        assert_eq!(api.get(&path).await.expect_status(200).json()["deep"], deep(99));
    }

    async fn ids_in_capitals_are_the_same_ids(server: TestServer) {
        let api = admin(&server).await;
        let here = format!("/environments/{}", server.tenant.id);
        let users = format!("{here}/users");
        let made = Api::created(api.post(&users, json!({ "username": "capital" })).await);
        let path = format!("{users}/{}", text(&made, "/id"));
        let loud = format!("/environments/{}/users/{}", server.tenant.id.to_uppercase(), text(&made, "/id").to_uppercase());
        assert_eq!(api.get(&loud).await.expect_status(200).json(), api.get(&path).await.expect_status(200).json());
        let loud = format!("/environments/{}", server.tenant.id.to_uppercase());
        assert_eq!(api.get(&loud).await.expect_status(200).json(), api.get(&here).await.expect_status(200).json());
        let population = text(&made, "/population/id").to_uppercase();
        let count = async |filter: String| {
            let filter = filter.replace(' ', "%20").replace('"', "%22");
            let list = api.get(&format!("{users}?filter={filter}")).await.expect_status(200).json();
            list["_embedded"]["users"].as_array().unwrap().len()
        };
        let all = count(format!("population.id eq \"{population}\" or nickname eq \"none\"")).await;
        assert!(all > 1);
        assert_eq!(count(format!("population.id eq \"{population}\"")).await, all);
        assert_eq!(count(format!("id eq \"{}\"", text(&made, "/id").to_uppercase())).await, 1);
        assert_eq!(count(format!("id eq \"{}\" and username eq \"other\"", text(&made, "/id"))).await, 0);
    }
}
