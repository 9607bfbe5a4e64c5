//! `/v1/environments/{e}/schemas` and custom attributes of users

use countersign_domain::entity::load;
use countersign_domain::ids::UserId;
use countersign_domain::store::Batch;
use countersign_domain::user::User;
use countersign_protocol::leftovers;
use countersign_testkit::{TestServer, on_every_adapter};
use serde_json::{Value, json};
use uuid::Uuid;

use super::super::{Api, admin, refused, text};
use super::users::{encoded, users};

async fn attributes(api: &Api, server: &TestServer) -> String {
    let all = format!("/environments/{}/schemas", server.tenant.id);
    let list = api.get(&all).await.expect_status(200).json();
    let schema = &list["_embedded"]["schemas"][0];
    assert_eq!(schema["name"], "User");
    let path = format!("{all}/{}", text(schema, "/id"));
    let _ = api.get(&path).await.expect_status(200);
    format!("{path}/attributes")
}

async fn attribute(api: &Api, all: &str, name: &str, more: Value) -> Value {
    let mut body = json!({ "name": name, "type": "STRING", "enabled": true });
    body.as_object_mut()
        .unwrap()
        .extend(more.as_object().unwrap().clone());
    Api::created(api.post(all, body).await)
}

on_every_adapter! {
    async fn an_attribute_is_read_as_it_was_written(server: TestServer) {
        let api = admin(&server).await;
        let all = attributes(&api, &server).await;
        let made = attribute(&api, &all, "shoeSize", json!({ "displayName": "Shoe size" })).await;
        assert_eq!((&made["schemaType"], &made["required"], &made["unique"], &made["multiValued"]),
            (&json!("CUSTOM"), &json!(false), &json!(false), &json!(false)));
        assert!(made["schema"]["id"].is_string());
        let path = format!("{all}/{}", text(&made, "/id"));
        let read = api.get(&path).await.expect_status(200).json();
        let again = api.put(&path, read.clone()).await.expect_status(200).json();
        assert_eq!(again, read);
        let patched = api.patch(&path, json!({ "displayName": null })).await.expect_status(200).json();
        assert_eq!(patched["displayName"], json!(null));
        let list = api.get(&all).await.expect_status(200).json();
        let list = list["_embedded"]["attributes"].as_array().unwrap().clone();
        let standard = list.iter().find(|it| it["name"] == "nickname").unwrap();
        assert_eq!(standard["schemaType"], "STANDARD");
        let path = format!("{all}/{}", text(standard, "/id"));
        assert_eq!(&api.get(&path).await.expect_status(200).json(), standard);
        refused(api.delete(&path).await, 400, "REQUEST_FAILED", Some(("CONSTRAINT_VIOLATION", "")));
    }

    async fn values_of_a_deleted_attribute_are_gone_for_good(server: TestServer) {
        let api = admin(&server).await;
        let all = attributes(&api, &server).await;
        let mut people = Vec::new();
        for name in ["ann", "ben"] {
            let made = Api::created(api.post(&users(&server), json!({ "username": name })).await);
            people.push(format!("{}/{}", users(&server), text(&made, "/id")));
        }
        let [ann, ben] = [&people[0], &people[1]];
        let gone = async |made: &Value| {
            let path = format!("{all}/{}", text(made, "/id"));
            let _ = api.delete(&path).await.expect_status(204);
        };
        let read = async |path: &str| api.get(path).await.expect_status(200).json();
        let found = async |filter: &str| {
            let list = read(&format!("{}?filter={}", users(&server), encoded(filter))).await;
            list["size"].clone()
        };
        let first = attribute(&api, &all, "foo", json!({ "unique": true })).await;
        let _ = api.patch(ann, json!({ "foo": "old" })).await.expect_status(200);
        gone(&first).await;
        // Another type: nobody has a value, and whoever had one can be changed.
        let second = attribute(&api, &all, "foo", json!({ "type": "BOOLEAN" })).await;
        assert_eq!(read(ann).await.get("foo"), None);
        let _ = api.patch(ann, json!({ "nickname": "n" })).await.expect_status(200);
        gone(&second).await;
        // What was unique holds nothing back, and what is unique now holds.
        let third = attribute(&api, &all, "foo", json!({ "unique": true })).await;
        assert_eq!(found(r#"foo eq "old""#).await, json!(0));
        let _ = api.patch(ben, json!({ "foo": "old" })).await.expect_status(200);
        refused(api.patch(ann, json!({ "foo": "old" })).await, 400, "INVALID_DATA", Some(("UNIQUENESS_VIOLATION", "foo")));
        gone(&third).await;
        // The job removes them where nobody makes another one, and an import file makes none before.
        let (store, now) = (&*server.ports.store, server.ports.clock.now());
        while leftovers::remove_any(store, now).await.unwrap() {}
        let env = server.tenant.id.parse().unwrap();
        let id = ben.rsplit('/').next().unwrap();
        let stored = load::<User>(store, env, id, now).await.unwrap().unwrap();
        assert_eq!((stored.custom.len(), stored.unique_custom.len()), (0, 0));
        let fourth = attribute(&api, &all, "foo", json!({})).await;
        let _ = api.patch(ben, json!({ "foo": "new" })).await.expect_status(200);
        gone(&fourth).await;
        let environment = json!({ "id": server.tenant.id, "name": "First", "schemaAttributes": [{ "name": "foo" }] });
        server.import(&json!({ "organization": { "name": "Tests" }, "environments": [environment] })).await;
        assert_eq!(read(ben).await.get("foo"), None);
        assert!(!leftovers::remove_any(store, now).await.unwrap());
        let _ = api.patch(ben, json!({ "foo": "newest" })).await.expect_status(200);
        assert_eq!(found(r#"foo sw "new""#).await, json!(1));
    }

    /// Whoever makes an attribute anew waits for the values of 10,000 users, and of no more.
    async fn an_attribute_of_very_many_users_is_made_anew_once_its_values_are_gone(server: TestServer) {
        let api = admin(&server).await;
        let all = attributes(&api, &server).await;
        let first = attribute(&api, &all, "foo", json!({})).await;
        let (store, now) = (&*server.ports.store, server.ports.clock.now());
        let env = server.tenant.id.parse().unwrap();
        let ben = api.get(&users(&server)).await.expect_status(200).json();
        let ben = load::<User>(store, env, text(&ben, "/_embedded/users/0/id"), now).await.unwrap().unwrap().value;
        // The last of them has a value.
        let ids: Vec<u128> = (0..10_000).chain([u128::MAX]).collect();
        for ids in ids.chunks(1_000) {
            let mut batch = Batch::new();
            for id in ids {
                let mut user = User { id: UserId::from_uuid(Uuid::from_u128(*id)), username: format!("u{id}"), ..ben.clone() };
                if *id == u128::MAX {
                    user.custom.insert("foo".to_owned(), json!("old"));
                }
                batch = batch.create(env, &user).unwrap();
            }
            let _ = store.commit(batch, now).await.unwrap();
        }
        let last = format!("{}/{}", users(&server), Uuid::from_u128(u128::MAX));
        assert_eq!(api.get(&last).await.expect_status(200).json()["foo"], "old");
        let _ = api.delete(&format!("{all}/{}", text(&first, "/id"))).await.expect_status(204);
        let again = json!({ "name": "foo", "type": "STRING", "enabled": true });
        refused(api.post(&all, again.clone()).await, 400, "REQUEST_FAILED", Some(("CONSTRAINT_VIOLATION", "name")));
        while leftovers::remove_any(store, now).await.unwrap() {}
        let _ = Api::created(api.post(&all, again).await);
        assert_eq!(api.get(&last).await.expect_status(200).json().get("foo"), None);
    }

    async fn a_standard_attribute_keeps_what_was_changed(server: TestServer) {
        let api = admin(&server).await;
        let all = attributes(&api, &server).await;
        let of = async |name: &str| {
            let list = api.get(&all).await.expect_status(200).json();
            let list = list["_embedded"]["attributes"].as_array().unwrap().clone();
            list.into_iter().find(|it| it["name"] == name).unwrap()
        };
        let before = of("email").await;
        let path = format!("{all}/{}", text(&before, "/id"));
        let looks = json!({ "pattern": "[^@]+@example[.]com", "requirements": "of ours" });
        let mut body = before.clone();
        body["enabled"] = json!(false);
        body["unique"] = json!(true);
        body["regexValidation"] = looks.clone();
        body["displayName"] = json!("not ours to say");
        let after = api.put(&path, body).await.expect_status(200).json();
        assert_eq!((&after["enabled"], &after["unique"]), (&json!(false), &json!(true)));
        assert_eq!((&after["regexValidation"], &after["displayName"]), (&looks, &before["displayName"]));
        assert_eq!(api.get(&path).await.expect_status(200).json(), after);
        assert_eq!(of("email").await, after);
        let patched = api.patch(&path, json!({ "regexValidation": null })).await.expect_status(200).json();
        assert_eq!((&patched["regexValidation"], &patched["unique"]), (&json!(null), &json!(true)));
        assert_eq!(api.put(&path, before.clone()).await.expect_status(200).json(), before);
        let address = of("address").await;
        let path = format!("{all}/{}", text(&address, "/id"));
        let mut body = address.clone();
        body["unique"] = json!(true);
        refused(api.put(&path, body).await, 400, "INVALID_DATA", Some(("CONSTRAINT_VIOLATION", "type")));
        let core = of("account").await;
        let path = format!("{all}/{}", text(&core, "/id"));
        refused(api.put(&path, core).await, 400, "REQUEST_FAILED", Some(("CONSTRAINT_VIOLATION", "")));
    }

    async fn values_that_may_be_chosen_always_tell_whether_they_are_archived(server: TestServer) {
        let api = admin(&server).await;
        let all = attributes(&api, &server).await;
        let values = json!([{ "value": "S" }, { "value": "XS", "archived": true }]);
        let made = attribute(&api, &all, "size", json!({ "enumeratedValues": values })).await;
        assert_eq!(made["enumeratedValues"],
            json!([{ "value": "S", "archived": false }, { "value": "XS", "archived": true }]));
    }

    async fn attributes_that_cannot_be_made_say_why(server: TestServer) {
        let api = admin(&server).await;
        let all = attributes(&api, &server).await;
        attribute(&api, &all, "size", json!({})).await;
        for (more, code, target) in [
            (json!({ "name": "SIZE" }), "UNIQUENESS_VIOLATION", "name"),
            (json!({ "name": "username" }), "UNIQUENESS_VIOLATION", "name"),
            (json!({ "name": "1st" }), "INVALID_VALUE", "name"),
            (json!({ "name": "a", "type": "COMPLEX" }), "INVALID_VALUE", "type"),
            (json!({ "name": "a", "type": "BOOLEAN", "unique": true }), "CONSTRAINT_VIOLATION", "unique"),
            (json!({ "name": "a", "required": true }), "CONSTRAINT_VIOLATION", "required"),
            (json!({ "name": "a", "enabled": null }), "REQUIRED_VALUE", "enabled"),
            (json!({ "name": "a", "regexValidation": { "pattern": "(", "requirements": "x" } }), "INVALID_VALUE", "regexValidation.pattern"),
            (json!({ "name": "a", "regexValidation": { "pattern": "[0-9]+", "requirements": "x", "valuesPatternShouldMatch": ["y"] } }), "INVALID_VALUE", "regexValidation.pattern"),
            (json!({ "name": "a", "enumeratedValues": (0..101).map(|it| json!({ "value": it.to_string() })).collect::<Vec<_>>() }),
                "INVALID_VALUE", "enumeratedValues"),
            (json!({ "name": "a", "enumeratedValues": [{ "value": "x" }, { "value": "X" }] }), "INVALID_VALUE", "enumeratedValues"),
        ] {
            let mut body = json!({ "type": "STRING", "enabled": true });
            body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            refused(api.post(&all, body).await, 400, "INVALID_DATA", Some((code, target)));
        }
    }

    async fn users_have_the_attributes_of_their_environment(server: TestServer) {
        let api = admin(&server).await;
        let all = attributes(&api, &server).await;
        attribute(&api, &all, "team", json!({ "enumeratedValues": [{ "value": "red" }, { "value": "blue" }] })).await;
        attribute(&api, &all, "badge", json!({ "unique": true,
            "regexValidation": { "pattern": "[A-Z][0-9]+", "requirements": "A letter and digits" } })).await;
        attribute(&api, &all, "tags", json!({ "multiValued": true })).await;
        attribute(&api, &all, "extra", json!({ "type": "JSON" })).await;
        let vip = attribute(&api, &all, "vip", json!({ "type": "BOOLEAN" })).await;
        let body = json!({ "username": "ida", "team": "red", "badge": "A1", "tags": ["x", "y"],
            "extra": { "deep": [1] }, "vip": true, "unknown": 1 });
        let made = Api::created(api.post(&users(&server), body).await);
        for (name, value) in [("team", json!("red")), ("badge", json!("A1")), ("tags", json!(["x", "y"])),
            ("extra", json!({ "deep": [1] })), ("vip", json!(true)), ("unknown", json!(null)), ("custom", json!(null))] {
            assert_eq!(made[name], value, "{name}");
        }
        let path = format!("{}/{}", users(&server), text(&made, "/id"));
        let read = api.get(&path).await.expect_status(200).json();
        let again = api.put(&path, read.clone()).await.expect_status(200).json();
        assert_eq!(again, read);
        for (body, code, target) in [
            (json!({ "team": "green" }), "INVALID_VALUE", "team"),
            (json!({ "badge": "1A" }), "INVALID_VALUE", "badge"),
            (json!({ "tags": [1] }), "INVALID_VALUE", "tags"),
            (json!({ "vip": "yes" }), "INVALID_VALUE", "vip"),
        ] {
            refused(api.patch(&path, body).await, 400, "INVALID_DATA", Some((code, target)));
        }
        let twin = json!({ "username": "eda", "badge": "A1" });
        refused(api.post(&users(&server), twin).await, 400, "INVALID_DATA", Some(("UNIQUENESS_VIOLATION", "badge")));
        for filter in [r#"team eq "RED""#, r#"badge sw "a""#, r#"tags eq "y""#, "vip eq true"] {
            let list = api.get(&format!("{}?filter={}", users(&server), encoded(filter))).await;
            assert_eq!(list.expect_status(200).json()["size"], json!(1), "{filter}");
        }
        let patched = api.patch(&path, json!({ "team": null, "badge": "B2" })).await.expect_status(200).json();
        assert_eq!((&patched["team"], &patched["badge"], &patched["vip"]), (&json!(null), &json!("B2"), &json!(true)));
        let put = api.put(&path, json!({ "username": "ida" })).await.expect_status(200).json();
        assert_eq!((&put["badge"], &put["vip"]), (&json!(null), &json!(null)));
        // A disabled attribute is neither read nor written.
        let _ = api.patch(&path, json!({ "vip": true })).await.expect_status(200);
        let off = api.patch(&format!("{all}/{}", text(&vip, "/id")), json!({ "enabled": false })).await;
        let _ = off.expect_status(200);
        assert_eq!(api.get(&path).await.expect_status(200).json()["vip"], json!(null));
    }
}
