//! What points at something that was deleted: it is written as it was read, and nothing new points
//! there.

use countersign_domain::entity::Entity;
use countersign_domain::role::RoleAssignment;
use countersign_domain::store::{Batch, Query};
use countersign_testkit::{TestServer, on_every_adapter};
use serde_json::{Value, json};

use super::super::{Api, admin, refused, text};
use super::applications::web;

/// Makes one and says where it is.
async fn make(api: &Api, all: &str, body: Value) -> (String, String) {
    let id = text(&Api::created(api.post(all, body).await), "/id");
    (format!("{all}/{id}"), id)
}

async fn delete(api: &Api, path: &str) {
    let _ = api.delete(path).await.expect_status(204);
    refused(api.get(path).await, 404, "NOT_FOUND", None);
}

/// Writes what is read, and reads it again.
async fn is_written_as_it_is_read(api: &Api, path: &str) {
    let read = api.get(path).await.expect_status(200).json();
    let written = api.put(path, read.clone()).await.expect_status(200).json();
    assert_eq!(written, read);
    assert_eq!(api.get(path).await.expect_status(200).json(), read);
}

on_every_adapter! {
    async fn what_points_at_a_group_or_a_population_outlives_it(server: TestServer) {
        let api = admin(&server).await;
        let env = format!("/environments/{}", server.tenant.id);
        let (group, id) = make(&api, &format!("{env}/groups"), json!({ "name": "Few" })).await;
        let with_group = |name: &str| {
            let mut body = web(name);
            body["accessControl"] = json!({ "group": { "type": "ANY_GROUP", "groups": [{ "id": id }] } });
            body
        };
        let applications = format!("{env}/applications");
        let (application, _) = make(&api, &applications, with_group("Closed")).await;
        delete(&api, &group).await;
        is_written_as_it_is_read(&api, &application).await;
        refused(api.post(&applications, with_group("Other")).await, 400, "INVALID_DATA", None);

        let (population, id) = make(&api, &format!("{env}/populations"), json!({ "name": "Short" })).await;
        let (policy, _) = make(&api, &format!("{env}/signOnPolicies"), json!({ "name": "Here" })).await;
        let into = json!({ "enabled": true, "population": { "id": id }, "confirmIdentityProviderAttributes": false });
        let login = json!({ "type": "LOGIN", "priority": 1, "registration": into });
        let (action, _) = make(&api, &format!("{policy}/actions"), login.clone()).await;
        let provider = |name: &str| json!({ "name": name, "type": "GOOGLE", "enabled": true, "clientId": "x",
            "clientSecret": "y", "registration": { "population": { "id": id } } });
        let providers = format!("{env}/identityProviders");
        let (there, _) = make(&api, &providers, provider("There")).await;
        delete(&api, &population).await;
        is_written_as_it_is_read(&api, &action).await;
        is_written_as_it_is_read(&api, &there).await;
        refused(api.post(&format!("{policy}/actions"), login).await, 400, "INVALID_DATA",
            Some(("INVALID_VALUE", "registration.population.id")));
        refused(api.post(&providers, provider("New")).await, 400, "INVALID_DATA",
            Some(("INVALID_VALUE", "registration.population.id")));
    }

    async fn what_points_at_a_theme_a_gateway_or_a_grant_outlives_it(server: TestServer) {
        let api = admin(&server).await;
        let env = format!("/environments/{}", server.tenant.id);
        let colors = ["bodyTextColor", "cardColor", "headingTextColor", "linkTextColor", "buttonColor",
            "buttonTextColor"].into_iter().map(|it| (it.to_owned(), json!("#112233")));
        let theme = json!({ "configuration": Value::Object(colors.collect()) });
        let (theme, id) = make(&api, &format!("{env}/themes"), theme).await;
        let dressed = json!({ "name": "Dressed", "theme": { "id": id } });
        let (population, _) = make(&api, &format!("{env}/populations"), dressed).await;
        delete(&api, &theme).await;
        is_written_as_it_is_read(&api, &population).await;
        let also = json!({ "name": "Also", "theme": { "id": id } });
        refused(api.post(&format!("{env}/populations"), also).await, 400, "INVALID_DATA",
            Some(("INVALID_VALUE", "theme.id")));

        let populations = api.get(&format!("{env}/populations")).await.expect_status(200).json();
        let home = &populations["_embedded"]["populations"][0]["id"];
        let directory = json!({ "name": "Directory", "type": "LDAP", "enabled": true, "bindDN": "cn=admin",
            "bindPassword": "very secret", "serversHostAndPort": ["ds1.example.com:636"],
            "vendor": "PingDirectory", "userTypes": [
                { "name": "New", "searchBaseDn": "dc=example", "passwordAuthority": "LDAP",
                    "orderedCorrelationAttributes": ["dn"], "newUserLookup": {
                        "ldapFilterPattern": "(uid=${identifier})", "population": { "id": home },
                        "attributeMappings": [{ "name": "username", "value": "${ldapAttributes.uid}" },
                            { "name": "email", "value": "${ldapAttributes.mail}" }] } }] });
        let directory = Api::created(api.post(&format!("{env}/gateways"), directory).await);
        let lookup = json!({ "gateways": [{ "id": directory["id"], "type": "LDAP",
            "userType": { "id": directory["userTypes"][0]["id"] } }] });
        let (policy, _) = make(&api, &format!("{env}/signOnPolicies"), json!({ "name": "Lookup" })).await;
        let login = json!({ "type": "LOGIN", "priority": 1, "newUserProvisioning": lookup });
        let (action, _) = make(&api, &format!("{policy}/actions"), login.clone()).await;
        delete(&api, &format!("{env}/gateways/{}", text(&directory, "/id"))).await;
        is_written_as_it_is_read(&api, &action).await;
        refused(api.post(&format!("{policy}/actions"), login).await, 400, "INVALID_DATA",
            Some(("INVALID_VALUE", "newUserProvisioning.gateways.id")));

        let resources = api.get(&format!("{env}/resources")).await.expect_status(200).json();
        let resources = resources["_embedded"]["resources"].as_array().unwrap().clone();
        let openid = resources.iter().find(|it| it["type"] == "OPENID_CONNECT").unwrap()["id"].clone();
        let scopes = format!("{env}/resources/{}/scopes", openid.as_str().unwrap());
        let scopes = api.get(&scopes).await.expect_status(200).json();
        let scopes = scopes["_embedded"]["scopes"].as_array().unwrap().clone();
        let email = scopes.iter().find(|it| it["name"] == "email").unwrap()["id"].clone();
        let (application, _) = make(&api, &format!("{env}/applications"), web("Mapped")).await;
        let grant = json!({ "resource": { "id": openid }, "scopes": [{ "id": email }] });
        let (grant, _) = make(&api, &format!("{application}/grants"), grant).await;
        let mapping = json!({ "name": "mail", "value": "${user.email}", "required": false, "oidcScopes": [email] });
        let (mapping, _) = make(&api, &format!("{application}/attributes"), mapping).await;
        delete(&api, &grant).await;
        is_written_as_it_is_read(&api, &mapping).await;
        // Also without the last of its scopes.
        let scopes = format!("{env}/resources/{}/scopes", openid.as_str().unwrap());
        let (own, id) = make(&api, &scopes, json!({ "name": "own" })).await;
        let grant = json!({ "resource": { "id": openid }, "scopes": [{ "id": id }] });
        let _ = make(&api, &format!("{application}/grants"), grant).await;
        let body = json!({ "name": "other", "value": "${user.email}", "required": false, "oidcScopes": [id] });
        let (mapping, _) = make(&api, &format!("{application}/attributes"), body).await;
        delete(&api, &own).await;
        is_written_as_it_is_read(&api, &mapping).await;
    }

    async fn a_filter_on_an_attribute_outlives_it(server: TestServer) {
        let api = admin(&server).await;
        let env = format!("/environments/{}", server.tenant.id);
        let schemas = api.get(&format!("{env}/schemas")).await.expect_status(200).json();
        let schema = text(&schemas, "/_embedded/schemas/0/id");
        let shoe = json!({ "name": "shoe", "type": "STRING", "enabled": true });
        let (attribute, _) = make(&api, &format!("{env}/schemas/{schema}/attributes"), shoe).await;
        let with = |name: &str| json!({ "name": name, "userFilter": "shoe eq \"42\"" });
        let groups = format!("{env}/groups");
        let (group, _) = make(&api, &groups, with("Large")).await;
        delete(&api, &attribute).await;
        is_written_as_it_is_read(&api, &group).await;
        refused(api.post(&groups, with("Other")).await, 400, "INVALID_DATA", Some(("INVALID_FILTER", "userFilter")));
        let changed = json!({ "name": "Large", "userFilter": "shoe eq \"43\"" });
        refused(api.put(&group, changed).await, 400, "INVALID_DATA", Some(("INVALID_FILTER", "userFilter")));
    }

    async fn what_points_at_something_of_second_factors_outlives_it(server: TestServer) {
        let api = admin(&server).await;
        let env = format!("/environments/{}", server.tenant.id);
        let mut native = web("Telephone");
        native["type"] = json!("NATIVE_APP");
        let (application, id) = make(&api, &format!("{env}/applications"), native).await;
        let quiet = json!({ "name": "Quiet", "quotas": [] });
        let (notifications, other) = make(&api, &format!("{env}/notificationsPolicies"), quiet).await;
        let off = json!({ "enabled": false });
        let with = |name: &str| json!({ "name": name, "default": false, "sms": off, "voice": off, "email": off,
            "totp": off, "mobile": { "enabled": true, "applications": [{ "id": id }] },
            "notificationsPolicy": { "id": other } });
        let policies = format!("{env}/deviceAuthenticationPolicies");
        let (policy, _) = make(&api, &policies, with("Mine")).await;
        delete(&api, &application).await;
        is_written_as_it_is_read(&api, &policy).await;
        delete(&api, &notifications).await;
        is_written_as_it_is_read(&api, &policy).await;
        refused(api.post(&policies, with("Other")).await, 400, "INVALID_DATA",
            Some(("INVALID_VALUE", "mobile.applications[0].id")));
    }

    async fn roles_end_with_what_they_are_for(server: TestServer) {
        let api = admin(&server).await;
        let env = format!("/environments/{}", server.tenant.id);
        let roles = api.get("/roles").await.json();
        let roles = roles["_embedded"]["roles"].as_array().unwrap().clone();
        let (_, group) = make(&api, &format!("{env}/groups"), json!({ "name": "Staff" })).await;
        let given = format!("{env}/groups/{group}/roleAssignments");
        let count = async || api.get(&given).await.expect_status(200).json()["size"].clone();
        for (plural, type_, role, body) in [
            ("populations", "POPULATION", "Identity Data Admin", json!({ "name": "Short" })),
            ("applications", "APPLICATION", "Application Owner", web("Short")),
        ] {
            let (path, id) = make(&api, &format!("{env}/{plural}"), body).await;
            let role = roles.iter().find(|it| it["name"] == role).unwrap();
            let body = json!({ "role": { "id": role["id"] }, "scope": { "id": id, "type": type_ } });
            make(&api, &given, body).await;
            assert_eq!(count().await, json!(1), "{plural}");
            delete(&api, &path).await;
            assert_eq!(count().await, json!(0), "{plural}");
        }
    }

    async fn roles_for_an_environment_end_with_it_wherever_they_are(server: TestServer) {
        let api = admin(&server).await;
        let env = format!("/environments/{}", server.tenant.id);
        let short = json!({ "name": "Short", "type": "SANDBOX", "region": "NA" });
        let (gone, id) = make(&api, "/environments", short).await;
        let roles = api.get("/roles").await.json();
        let roles = roles["_embedded"]["roles"].as_array().unwrap().clone();
        let role = roles.iter().find(|it| it["name"] == "Identity Data Admin").unwrap();
        let body = json!({ "role": { "id": role["id"] }, "scope": { "id": id, "type": "ENVIRONMENT" } });
        let (group, _) = make(&api, &format!("{env}/groups"), json!({ "name": "Staff" })).await;
        let worker = json!({ "name": "Worker", "type": "WORKER", "enabled": true, "protocol": "OPENID_CONNECT",
            "grantTypes": ["CLIENT_CREDENTIALS"], "tokenEndpointAuthMethod": "CLIENT_SECRET_BASIC" });
        let (worker, _) = make(&api, &format!("{env}/applications"), worker).await;
        let user = format!("{env}/users/{}", server.tenant.person.id);
        let holders = [&group, &worker, &user].map(|it| format!("{it}/roleAssignments"));
        for given in &holders {
            make(&api, given, body.clone()).await;
        }
        let given = format!("{user}/roleAssignments");
        let (store, now) = (&*server.ports.store, server.ports.clock.now());
        let here = server.tenant.id.parse().unwrap();
        let all = Query::equal(RoleAssignment::KIND, here, RoleAssignment::BY_SCOPE, id, 10);
        let kept = store.list(&all, now).await.unwrap().docs;
        // Whoever made it has roles for it, too.
        assert!(kept.len() > holders.len());
        delete(&api, &gone).await;
        assert!(store.list(&all, now).await.unwrap().docs.is_empty());
        for given in &holders {
            assert_eq!(api.get(given).await.expect_status(200).json()["size"], 0, "{given}");
        }
        // One that is left all the same stands in nobody's way.
        let left = kept.iter().map(|doc| RoleAssignment::from_doc(doc).unwrap().to_doc(here).unwrap());
        let left = left.fold(Batch::new(), Batch::put).changed(here);
        store.commit(left, now).await.unwrap();
        assert_eq!(api.get(&given).await.expect_status(200).json()["size"], 1);
        let _ = api.patch(&user, json!({ "nickname": "Ada" })).await.expect_status(200);
        let password = json!({ "value": "Quite-Another-1!" });
        let _ = api.act("PUT", &format!("{user}/password"), "password.set", password).await.expect_status(200);
        let _ = api.get(&format!("{worker}/secret")).await.expect_status(200);
        is_written_as_it_is_read(&api, &group).await;
        for given in &holders {
            let list = api.get(given).await.expect_status(200).json();
            let left = text(&list, "/_embedded/roleAssignments/0/id");
            let _ = api.delete(&format!("{given}/{left}")).await.expect_status(204);
        }
        // And nobody is given a role for it.
        refused(api.post(&given, body).await, 400, "INVALID_DATA", Some(("INVALID_VALUE", "scope")));
    }
}
