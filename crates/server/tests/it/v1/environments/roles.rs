//! Roles and their assignments

use countersign_testkit::{TestServer, on_every_adapter};
use serde_json::{Value, json};

use super::super::{Api, admin, make_worker, refused, text, worker};
use super::users::users;

async fn role(api: &Api, name: &str) -> Value {
    let roles = api.get("/roles").await.expect_status(200).json();
    let roles = roles["_embedded"]["roles"].as_array().unwrap().clone();
    roles.into_iter().find(|it| it["name"] == name).unwrap()["id"].clone()
}

on_every_adapter! {
    async fn a_worker_gets_a_role_and_loses_it(server: TestServer) {
        let api = admin(&server).await;
        let (id, secret) = make_worker(&server, 970, json!([])).await;
        let here = format!("/environments/{}", server.tenant.id);
        let of_worker = format!("{here}/applications/{id}/roleAssignments");
        let given = json!({ "role": { "id": role(&api, "Identity Data Admin").await },
            "scope": { "id": server.tenant.id, "type": "ENVIRONMENT" } });
        let made = Api::created(api.post(&of_worker, given.clone()).await);
        assert_eq!((&made["readOnly"], &made["scope"]), (&json!(false), &given["scope"]));
        let path = format!("{of_worker}/{}", text(&made, "/id"));
        assert_eq!(api.get(&path).await.expect_status(200).json(), made);
        refused(api.post(&of_worker, given).await, 400, "INVALID_DATA", Some(("UNIQUENESS_VIOLATION", "role")));
        let list = api.get(&of_worker).await.expect_status(200).json();
        assert_eq!(list["_embedded"]["roleAssignments"], json!([made]));
        let browser = server.tenant.browser();
        let request = browser.post(server.tenant.endpoint("token")).basic(&id, &secret);
        let token = request.form([("grant_type", "client_credentials")]).send().await;
        let mine = Api::with(&server, token.expect_status(200).text("/access_token"));
        let _ = mine.get(&users(&server)).await.expect_status(200);
        // What a token may do follows the roles, not the moment it was issued.
        let _ = api.delete(&path).await.expect_status(204);
        refused(mine.get(&users(&server)).await, 403, "ACCESS_FAILED", None);
        refused(api.get(&path).await, 404, "NOT_FOUND", None);
    }

    async fn assignments_that_cannot_be_made_say_why(server: TestServer) {
        let api = admin(&server).await;
        let of_user = format!("{}/{}/roleAssignments", users(&server), server.tenant.person.id);
        let admin_role = role(&api, "Environment Admin").await;
        let here = json!({ "id": server.tenant.id, "type": "ENVIRONMENT" });
        for (body, code, target) in [
            (json!({ "scope": here }), "REQUIRED_VALUE", "role"),
            (json!({ "role": { "id": admin_role } }), "REQUIRED_VALUE", "scope"),
            (json!({ "role": { "id": "00000000-0000-4000-8000-000000000001" }, "scope": here }), "INVALID_VALUE", "role.id"),
            (json!({ "role": { "id": admin_role }, "scope": { "id": server.tenant.id, "type": "POPULATION" } }), "INVALID_VALUE", "scope"),
            (json!({ "role": { "id": admin_role }, "scope": { "id": "00000000-0000-4000-8000-000000000001", "type": "ENVIRONMENT" } }), "INVALID_VALUE", "scope"),
        ] {
            refused(api.post(&of_user, body).await, 400, "INVALID_DATA", Some((code, target)));
        }
        let nobody = of_user.replace(&server.tenant.person.id, "00000000-0000-4000-8000-000000000001");
        refused(api.get(&nobody).await, 404, "NOT_FOUND", None);
    }

    async fn threat_39_nobody_gives_more_than_they_have(server: TestServer) {
        let all = admin(&server).await;
        let api = worker(&server, 971, json!(["Identity Data Admin"])).await;
        let of_user = format!("{}/{}/roleAssignments", users(&server), server.tenant.person.id);
        let environment = |id: &str| json!({ "id": id, "type": "ENVIRONMENT" });
        let give = async |name: &str, scope: Value| {
            let body = json!({ "role": { "id": role(&all, name).await }, "scope": scope });
            api.post(&of_user, body).await
        };
        let organization = all.get("/organizations").await.json();
        let organization = &organization["_embedded"]["organizations"][0]["id"];
        for (name, scope) in [
            ("Environment Admin", environment(&server.tenant.id)),
            ("Identity Data Admin", environment(&server.other.id)),
            ("Configuration Read Only", json!({ "id": organization, "type": "ORGANIZATION" })),
            ("Organization Admin", json!({ "id": organization, "type": "ORGANIZATION" })),
        ] {
            let body = refused(give(name, scope).await, 400, "INVALID_DATA", Some(("INVALID_VALUE", "scope")));
            let message = text(&body, "/details/0/message");
            assert!(message.contains("Must have role at the same or broader scope"), "{message}");
        }
        let populations = format!("/environments/{}/populations", server.tenant.id);
        let list = all.get(&populations).await.json();
        let population = json!({ "id": list["_embedded"]["populations"][0]["id"], "type": "POPULATION" });
        Api::created(give("Identity Data Read Only", environment(&server.tenant.id)).await);
        Api::created(give("Identity Data Admin", population).await);
    }

    async fn a_role_tells_which_roles_it_may_give(server: TestServer) {
        let api = worker(&server, 973, json!(["Environment Admin", "Custom Roles Admin"])).await;
        let all = format!("/environments/{}/roles", server.tenant.id);
        let body = |name: &str, by: Value| json!({ "name": name, "applicableTo": ["ENVIRONMENT"],
            "permissions": [{ "id": "populations:read" }], "canBeAssignedBy": [{ "id": by }] });
        let giver = role(&api, "Environment Admin").await;
        let giver = Api::created(api.post(&all, body("Giver", giver)).await);
        assert_eq!(giver["canAssign"], json!([]));
        let given = Api::created(api.post(&all, body("Given", giver["id"].clone())).await);
        let path = format!("{all}/{}", text(&giver, "/id"));
        let read = api.get(&path).await.expect_status(200).json();
        assert_eq!(read["canAssign"], json!([{ "id": given["id"] }]));
        let list = api.get(&all).await.expect_status(200).json();
        assert!(list["_embedded"]["roles"].as_array().unwrap().contains(&read), "{list}");
        // One that is gone is named no more by others, and stays where it was named.
        let _ = api.delete(&path).await.expect_status(204);
        let path = format!("{all}/{}", text(&given, "/id"));
        let read = api.get(&path).await.expect_status(200).json();
        assert_eq!(api.put(&path, read.clone()).await.expect_status(200).json(), read);
        refused(api.post(&all, body("Late", giver["id"].clone())).await, 400, "INVALID_DATA",
            Some(("INVALID_VALUE", "canBeAssignedBy.id")));
    }

    async fn a_custom_role_is_given_by_those_whom_it_names(server: TestServer) {
        let roles = ["Custom Roles Admin", "Identity Data Admin", "Environment Admin"];
        let maker = worker(&server, 975, json!(roles)).await;
        let api = worker(&server, 976, json!(["Identity Data Admin"])).await;
        let here = format!("/environments/{}", server.tenant.id);
        let make = async |name: &str, by: Value| {
            let body = json!({ "name": name, "applicableTo": ["ENVIRONMENT", "POPULATION"], "canBeAssignedBy": by,
                "permissions": [{ "id": "users:read" }, { "id": "roleAssignments:create" }] });
            Api::created(maker.post(&format!("{here}/roles"), body).await)["id"].clone()
        };
        let of = async |name: &str| json!([{ "id": role(&maker, name).await }]);
        let nobody = make("Nobody's", json!([])).await;
        let another = make("Another's", of("Environment Admin").await).await;
        let mine = make("Mine", of("Identity Data Admin").await).await;
        let of_user = format!("{}/{}/roleAssignments", users(&server), server.tenant.person.id);
        let give = async |giver: &Api, role: &Value, of: &str| {
            let scope = json!({ "id": server.tenant.id, "type": "ENVIRONMENT" });
            giver.post(of, json!({ "role": { "id": role }, "scope": scope })).await
        };
        for (giver, role) in [(&api, &nobody), (&maker, &nobody), (&api, &another)] {
            refused(give(giver, role, &of_user).await, 400, "INVALID_DATA", Some(("INVALID_VALUE", "scope")));
        }
        Api::created(give(&maker, &another, &of_user).await);
        Api::created(give(&api, &mine, &of_user).await);
        // Whoever has it gives it.
        let (id, secret) = make_worker(&server, 977, json!([])).await;
        Api::created(give(&maker, &mine, &format!("{here}/applications/{id}/roleAssignments")).await);
        let browser = server.tenant.browser();
        let request = browser.post(server.tenant.endpoint("token")).basic(&id, &secret);
        let token = request.form([("grant_type", "client_credentials")]).send().await;
        let holder = Api::with(&server, token.expect_status(200).text("/access_token"));
        let of_other = of_user.replace(&server.tenant.person.id, &server.tenant.other_person.id);
        Api::created(give(&holder, &mine, &of_other).await);
        refused(give(&holder, &another, &of_other).await, 400, "INVALID_DATA", Some(("INVALID_VALUE", "scope")));
    }

    async fn a_custom_role_opens_what_it_lists(server: TestServer) {
        let api = admin(&server).await;
        let here = format!("/environments/{}/roles", server.tenant.id);
        let body = json!({ "name": "Greeter", "description": "Says hello",
            "applicableTo": ["ENVIRONMENT"], "canBeAssignedBy": [{ "id": role(&api, "Environment Admin").await }],
            "permissions": [{ "id": "users:read" }, { "id": "doors:open" }] });
        // Who makes it needs the permission to.
        refused(api.post(&here, body.clone()).await, 403, "ACCESS_FAILED", None);
        let maker = worker(&server, 972, json!(["Custom Roles Admin"])).await;
        let excess = refused(maker.post(&here, body.clone()).await, 400, "INVALID_DATA", Some(("INVALID_VALUE", "permissions")));
        assert!(text(&excess, "/details/0/message").contains("same or broader"));
        let maker = worker(&server, 973, json!(["Custom Roles Admin", "Identity Data Admin", "Environment Admin"])).await;
        let made = Api::created(maker.post(&here, body).await);
        assert_eq!(made["type"], "CUSTOM");
        let path = format!("{here}/{}", text(&made, "/id"));
        let read = maker.get(&path).await.expect_status(200).json();
        let again = maker.put(&path, read.clone()).await.expect_status(200).json();
        assert_eq!(again, read);
        let customs = maker.get(&format!("{here}?filter=type%20eq%20%22CUSTOM%22")).await.expect_status(200).json();
        assert_eq!(customs["_embedded"]["roles"].as_array().unwrap().len(), 1);
        let (id, secret) = make_worker(&server, 974, json!([])).await;
        let given = json!({ "role": { "id": made["id"] }, "scope": { "id": server.tenant.id, "type": "ENVIRONMENT" } });
        let of_worker = format!("/environments/{}/applications/{id}/roleAssignments", server.tenant.id);
        Api::created(maker.post(&of_worker, given).await);
        let browser = server.tenant.browser();
        let request = browser.post(server.tenant.endpoint("token")).basic(&id, &secret);
        let token = request.form([("grant_type", "client_credentials")]).send().await;
        let greeter = Api::with(&server, token.expect_status(200).text("/access_token"));
        let _ = greeter.get(&users(&server)).await.expect_status(200);
        refused(greeter.post(&users(&server), json!({ "username": "x" })).await, 403, "ACCESS_FAILED", None);
        refused(maker.delete(&path).await, 400, "REQUEST_FAILED", Some(("CONSTRAINT_VIOLATION", "")));
    }
}
