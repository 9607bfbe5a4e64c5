//! `/v1/environments/{e}/groups` and memberships

use countersign_domain::entity::{Entity, kinds};
use countersign_domain::group::GroupMembership;
use countersign_domain::ids::{EnvId, UserId};
use countersign_domain::reference::Ref;
use countersign_domain::store::{Batch, Query};
use countersign_protocol::leftovers;
use countersign_testkit::{Adapter, TestServer, on_every_adapter, run};
use serde_json::{Value, json};
use uuid::Uuid;

use super::super::{Api, admin, refused, text, worker};
use super::crowd;
use super::users::{encoded, users};

fn groups(server: &TestServer) -> String {
    format!("/environments/{}/groups", server.tenant.id)
}

async fn group(api: &Api, server: &TestServer, body: Value) -> String {
    text(&Api::created(api.post(&groups(server), body).await), "/id")
}

/// Name and type of each group that somebody is in.
async fn memberships(api: &Api, path: &str) -> Vec<(String, String)> {
    let list = api.get(path).await.expect_status(200).json();
    let items = list["_embedded"]["groupMemberships"].as_array().unwrap();
    let pair = |it: &Value| (text(it, "/name"), text(it, "/type"));
    let mut pairs: Vec<_> = items.iter().map(pair).collect();
    pairs.sort();
    pairs
}

fn pairs(expected: &[(&str, &str)]) -> Vec<(String, String)> {
    let owned = |(a, b): &(&str, &str)| ((*a).to_owned(), (*b).to_owned());
    expected.iter().map(owned).collect()
}

/// On one adapter: that all of them count alike is a promise of stores.
#[test]
fn there_are_so_many_groups_and_no_more() {
    run(Adapter::Memory, |server| async move {
        let api = admin(&server).await;
        crowd(
            &server,
            server.tenant.id.parse().unwrap(),
            kinds::GROUP,
            99_999,
        )
        .await;
        let last = group(&api, &server, json!({ "name": "Last" })).await;
        let all = groups(&server);
        let body = json!({ "name": "One more" });
        let full = api.post(&all, body.clone()).await;
        refused(
            full,
            400,
            "REQUEST_FAILED",
            Some(("CONSTRAINT_VIOLATION", "")),
        );
        // What is wrong with it is told first, and what is there can be changed.
        refused(
            api.post(&all, json!({ "name": "last" })).await,
            400,
            "INVALID_DATA",
            Some(("UNIQUENESS_VIOLATION", "name")),
        );
        let path = format!("{all}/{last}");
        let _ = api
            .put(&path, json!({ "name": "Final" }))
            .await
            .expect_status(200);
        let _ = api.delete(&path).await.expect_status(204);
        Api::created(api.post(&all, body).await);
    });
}

on_every_adapter! {
    async fn a_group_is_read_as_it_was_written(server: TestServer) {
        let api = admin(&server).await;
        let body = json!({ "name": "Staff", "description": "People", "externalId": "x1",
            "userFilter": r#"email ew "@test.com""#, "customData": { "a": [1, { "b": null }] },
            "displayName": "ignored" });
        let made = Api::created(api.post(&groups(&server), body).await);
        assert_eq!((&made["displayName"], &made["userFilter"]), (&json!("Staff"), &json!(r#"email ew "@test.com""#)));
        let path = format!("{}/{}", groups(&server), text(&made, "/id"));
        let read = api.get(&path).await.expect_status(200).json();
        assert_eq!(read["directMemberCounts"], json!({ "users": 0 }));
        let again = api.put(&path, read.clone()).await.expect_status(200).json();
        assert_eq!(again, read);
        let less = api.put(&path, json!({ "name": "Staff" })).await.expect_status(200).json();
        assert_eq!((&less["userFilter"], &less["customData"]), (&json!(null), &json!(null)));
        for filter in [r#"name eq "staff""#.to_owned(), format!(r#"id eq "{}""#, text(&made, "/id"))] {
            let list = api.get(&format!("{}?filter={}", groups(&server), encoded(&filter))).await;
            assert_eq!(list.expect_status(200).json()["size"], json!(1), "{filter}");
        }
        let _ = api.delete(&path).await.expect_status(204);
        refused(api.get(&path).await, 404, "NOT_FOUND", None);
    }

    async fn groups_that_cannot_be_made_say_why(server: TestServer) {
        let api = admin(&server).await;
        let all = groups(&server);
        group(&api, &server, json!({ "name": "One" })).await;
        let populations = format!("/environments/{}/populations", server.tenant.id);
        let population = Api::created(api.post(&populations, json!({ "name": "P" })).await);
        let within = json!({ "id": population["id"] });
        for (body, code, target) in [
            (json!({}), "REQUIRED_VALUE", "name"),
            (json!({ "name": "ONE" }), "UNIQUENESS_VIOLATION", "name"),
            // Groups of populations may not clash with those of the environment.
            (json!({ "name": "one", "population": within }), "UNIQUENESS_VIOLATION", "name"),
            (json!({ "name": "x", "userFilter": "email" }), "INVALID_FILTER", "userFilter"),
            (json!({ "name": "x", "userFilter": r#"shoes eq "1""# }), "INVALID_FILTER", "userFilter"),
            (json!({ "name": "x", "customData": 7 }), "INVALID_VALUE", "customData"),
            (json!({ "name": "x", "customData": { "a": "x".repeat(20_000) } }), "SIZE_LIMIT_EXCEEDED", "customData"),
            (json!({ "name": "x", "population": { "id": "00000000-0000-4000-8000-000000000001" } }), "INVALID_VALUE", "population.id"),
        ] {
            refused(api.post(&all, body).await, 400, "INVALID_DATA", Some((code, target)));
        }
    }

    async fn somebody_is_a_member_directly_by_filter_and_by_nesting(server: TestServer) {
        let api = admin(&server).await;
        let direct = group(&api, &server, json!({ "name": "Direct" })).await;
        let parent = group(&api, &server, json!({ "name": "Parent" })).await;
        let top = group(&api, &server, json!({ "name": "Top" })).await;
        group(&api, &server, json!({ "name": "Dynamic", "userFilter": r#"name.given eq "alice""# })).await;
        group(&api, &server, json!({ "name": "Others", "userFilter": r#"name.given eq "bob""# })).await;
        let nest = |child: &str| format!("{}/{child}/memberOfGroups", groups(&server));
        Api::created(api.post(&nest(&direct), json!({ "id": parent })).await);
        Api::created(api.post(&nest(&parent), json!({ "id": top })).await);
        let mine = format!("{}/{}/memberOfGroups", users(&server), server.tenant.person.id);
        assert_eq!(memberships(&api, &mine).await, pairs(&[("Dynamic", "INDIRECT")]));
        let made = Api::created(api.post(&mine, json!({ "id": direct })).await);
        assert_eq!((&made["type"], &made["id"]), (&json!("DIRECT"), &json!(direct)));
        refused(api.post(&mine, json!({ "id": direct })).await, 400, "INVALID_DATA", Some(("UNIQUENESS_VIOLATION", "id")));
        let expected = [("Direct", "DIRECT"), ("Dynamic", "INDIRECT"), ("Parent", "INDIRECT"), ("Top", "INDIRECT")];
        assert_eq!(memberships(&api, &mine).await, pairs(&expected));
        let of_group = memberships(&api, &nest(&direct)).await;
        assert_eq!(of_group, pairs(&[("Parent", "DIRECT"), ("Top", "INDIRECT")]));
        let expanded = api.get(&format!("{mine}/{direct}?expand=group")).await.expect_status(200).json();
        assert_eq!(expanded["_embedded"]["group"]["name"], "Direct");
        // Users are found by the groups they are in.
        let filter = encoded(&format!(r#"memberOfGroups[id eq "{top}"]"#));
        let list = api.get(&format!("{}?filter={filter}", users(&server))).await.expect_status(200).json();
        assert_eq!(list["_embedded"]["users"][0]["id"], json!(server.tenant.person.id));
        assert_eq!(list["size"], json!(1));
        // No circles; nothing indirect is removed.
        refused(api.post(&nest(&top), json!({ "id": direct })).await, 400, "INVALID_DATA", Some(("CONSTRAINT_VIOLATION", "id")));
        refused(api.post(&nest(&top), json!({ "id": top })).await, 400, "INVALID_DATA", Some(("CONSTRAINT_VIOLATION", "id")));
        refused(api.delete(&format!("{mine}/{top}")).await, 400, "REQUEST_FAILED", Some(("CONSTRAINT_VIOLATION", "")));
        let _ = api.delete(&format!("{mine}/{direct}")).await.expect_status(204);
        assert_eq!(memberships(&api, &mine).await, pairs(&[("Dynamic", "INDIRECT")]));
        refused(api.get(&format!("{mine}/{direct}")).await, 404, "NOT_FOUND", None);
        let _ = api.delete(&format!("{}/{parent}", groups(&server))).await.expect_status(204);
        assert_eq!(memberships(&api, &nest(&direct)).await, pairs(&[]));
    }

    async fn somebody_is_read_with_their_groups_when_asked(server: TestServer) {
        let api = admin(&server).await;
        let direct = group(&api, &server, json!({ "name": "Direct" })).await;
        let parent = group(&api, &server, json!({ "name": "Parent" })).await;
        let dynamic = group(&api, &server, json!({ "name": "Dynamic", "userFilter": r#"name.given eq "alice""# })).await;
        let nest = format!("{}/{direct}/memberOfGroups", groups(&server));
        Api::created(api.post(&nest, json!({ "id": parent })).await);
        let person = format!("{}/{}", users(&server), server.tenant.person.id);
        Api::created(api.post(&format!("{person}/memberOfGroups"), json!({ "id": direct })).await);
        let read = async |query: &str| api.get(&format!("{person}{query}")).await.expect_status(200).json();
        let plain = read("").await;
        let (ids, names) = ("memberOfGroupIDs", "memberOfGroupNames");
        assert_eq!((plain.get(ids), plain.get(names)), (None, None), "{plain}");
        let both = read("?include=memberOfGroupIDs,memberOfGroupNames").await;
        assert_eq!(both[names], json!(["Direct", "Dynamic", "Parent"]));
        assert_eq!(both[ids], json!([direct, dynamic, parent]));
        let some = read("?include=memberOfGroupNames").await;
        assert_eq!((some.get(ids), &some[names]), (None, &both[names]), "{some}");
        // What was read can be written.
        let mut written = api.put(&person, both).await.expect_status(200).json();
        written["updatedAt"] = plain["updatedAt"].clone();
        assert_eq!(written, plain);
        // Of one person alone; a list has the population of each instead.
        let list = api.get(&format!("{}?include=memberOfGroupIDs&expand=population", users(&server))).await;
        let list = list.expect_status(200).json();
        for user in list["_embedded"]["users"].as_array().unwrap() {
            assert_eq!(user.get(ids), None, "{user}");
            let population = &user["_embedded"]["population"];
            assert_eq!(population["id"], user["population"]["id"], "{user}");
            assert!(population["name"].is_string(), "{user}");
        }
        assert_eq!(plain.get("_embedded"), None);
    }

    async fn members_of_groups_within_groups_count_once(server: TestServer) {
        let api = admin(&server).await;
        let parent = group(&api, &server, json!({ "name": "Parent" })).await;
        let child = group(&api, &server, json!({ "name": "Child" })).await;
        let nest = |child: &str| format!("{}/{child}/memberOfGroups", groups(&server));
        Api::created(api.post(&nest(&child), json!({ "id": parent })).await);
        for (name, of) in [("ann", vec![&parent, &child]), ("ben", vec![&child]), ("cleo", vec![&parent])] {
            let made = Api::created(api.post(&users(&server), json!({ "username": name })).await);
            let path = format!("{}/{}/memberOfGroups", users(&server), text(&made, "/id"));
            for group in of {
                Api::created(api.post(&path, json!({ "id": group })).await);
            }
        }
        let path = format!("{}/{parent}", groups(&server));
        let plain = api.get(&path).await.expect_status(200).json();
        assert_eq!((&plain["directMemberCounts"], plain.get("totalMemberCounts")), (&json!({ "users": 2 }), None));
        let asked = format!("{path}?include=totalMemberCounts");
        let counted = api.get(&asked).await.expect_status(200).json();
        assert_eq!(counted["directMemberCounts"], json!({ "users": 2 }));
        assert_eq!(counted["totalMemberCounts"], json!({ "users": 3 }));
        // Who passes a filter is not counted: everybody would have to be looked at.
        let dynamic = group(&api, &server, json!({ "name": "Dynamic", "userFilter": r#"title eq "Boss""# })).await;
        Api::created(api.post(&nest(&dynamic), json!({ "id": child })).await);
        let counted = api.get(&asked).await.expect_status(200).json();
        assert_eq!((&counted["directMemberCounts"], counted.get("totalMemberCounts")), (&json!({ "users": 2 }), None));
    }

    async fn memberships_go_on_where_they_stopped(server: TestServer) {
        let api = admin(&server).await;
        let mine = format!("{}/{}/memberOfGroups", users(&server), server.tenant.person.id);
        for number in 0..5 {
            let id = group(&api, &server, json!({ "name": format!("Group {number}") })).await;
            Api::created(api.post(&mine, json!({ "id": id })).await);
        }
        let whole = api.get(&mine).await.expect_status(200).json();
        assert_eq!((&whole["count"], &whole["size"]), (&json!(5), &json!(5)));
        let mut next = Some(format!("{mine}?limit=2"));
        let (mut sizes, mut seen) = (Vec::new(), Vec::new());
        while let Some(url) = next {
            let page = api.get(&url).await.expect_status(200).json();
            let items = page["_embedded"]["groupMemberships"].as_array().unwrap();
            sizes.push(items.len());
            seen.extend(items.iter().map(|it| text(it, "/name")));
            assert_eq!(page.get("count"), None, "{page}");
            next = page["_links"]["next"]["href"].as_str().map(str::to_owned);
        }
        seen.sort();
        let expected: Vec<String> = (0..5).map(|number| format!("Group {number}")).collect();
        assert_eq!((sizes, seen), (vec![2, 2, 1], expected));
        let filter = encoded(r#"name eq "group 3""#);
        let found = api.get(&format!("{mine}?limit=1&filter={filter}")).await.expect_status(200).json();
        assert_eq!((&found["count"], found["_links"].get("next")), (&json!(1), None), "{found}");
        for bad in ["limit=0", "cursor=x"] {
            let answer = api.get(&format!("{mine}?{bad}")).await;
            let body = refused(answer, 400, "INVALID_DATA", None);
            assert_eq!(body["details"][0]["code"], "INVALID_PARAMETER", "{bad}");
        }
    }

    async fn threat_39_a_group_with_roles_is_closed_to_who_has_less(server: TestServer) {
        let api = admin(&server).await;
        let admins = group(&api, &server, json!({ "name": "Admins" })).await;
        let mine = format!("{}/{}/memberOfGroups", users(&server), server.tenant.person.id);
        let roles = api.get("/roles").await.json();
        let roles = roles["_embedded"]["roles"].as_array().unwrap().clone();
        let role = roles.iter().find(|it| it["name"] == "Environment Admin").unwrap();
        let given = json!({ "role": { "id": role["id"] }, "scope": { "id": server.tenant.id, "type": "ENVIRONMENT" } });
        let path = format!("{}/{admins}", groups(&server));
        Api::created(api.post(&format!("{path}/roleAssignments"), given).await);
        let less = worker(&server, 960, json!(["Identity Data Admin"])).await;
        let join = json!({ "id": admins });
        refused(less.post(&mine, join.clone()).await, 403, "ACCESS_FAILED", None);
        let filter = json!({ "name": "Admins", "userFilter": r#"username sw "a""# });
        refused(less.put(&path, filter).await, 403, "ACCESS_FAILED", None);
        let stepping_stone = group(&less, &server, json!({ "name": "Stone" })).await;
        let nest = format!("{}/{stepping_stone}/memberOfGroups", groups(&server));
        refused(less.post(&nest, join.clone()).await, 403, "ACCESS_FAILED", None);
        // Nor are its members taken over.
        Api::created(api.post(&mine, join).await);
        let person = format!("{}/{}", users(&server), server.tenant.person.id);
        let set = json!({ "value": "Taken-Over-123!" });
        refused(less.act("PUT", &format!("{person}/password"), "password.set", set).await, 403, "ACCESS_FAILED", None);
        refused(less.patch(&person, json!({ "email": "evil@client.example" })).await, 403, "ACCESS_FAILED", None);
        let _ = less.patch(&person, json!({ "nickname": "Al" })).await.expect_status(200);
    }

    async fn threat_39_nobody_gets_roles_by_what_a_filter_looks_at(server: TestServer) {
        let tenant = &server.tenant;
        let staff = "61616161-0000-4000-8000-000000000001";
        let above = "61616161-0000-4000-8000-000000000002";
        let dynamic = "61616161-0000-4000-8000-000000000003";
        let filter = r#"title eq "Chief""#;
        let environment = json!({ "id": tenant.id, "name": "First",
            "applications": [{ "id": tenant.web.id, "name": "Web", "type": "WORKER" }],
            "groups": [
                { "id": staff, "name": "Staff", "userFilter": filter, "roleAssignments": ["Environment Admin"] },
                { "id": above, "name": "Above", "roleAssignments": ["Environment Admin"] },
                { "id": dynamic, "name": "Dynamic", "userFilter": filter },
            ] });
        server.import(&json!({ "organization": { "name": "Tests" }, "environments": [environment] })).await;
        let api = admin(&server).await;
        let nest = format!("{}/{dynamic}/memberOfGroups", groups(&server));
        Api::created(api.post(&nest, json!({ "id": above })).await);
        let tokens = tenant.tokens(&tenant.web).await;
        let me = Api::with(&server, tokens["access_token"].as_str().unwrap().to_owned());
        let populations = format!("/environments/{}/populations", tenant.id);
        refused(me.get(&populations).await, 403, "ACCESS_FAILED", None);
        let person = format!("{}/{}", users(&server), tenant.person.id);
        let less = worker(&server, 961, json!(["Identity Data Admin"])).await;
        let _ = less.patch(&person, json!({ "title": "Chief" })).await.expect_status(200);
        let mine = format!("{person}/memberOfGroups");
        let expected = [("Above", "INDIRECT"), ("Dynamic", "INDIRECT"), ("Staff", "INDIRECT")];
        assert_eq!(memberships(&api, &mine).await, pairs(&expected));
        refused(me.get(&populations).await, 403, "ACCESS_FAILED", None);
        // Whom somebody with the roles put there has them.
        refused(less.post(&mine, json!({ "id": staff })).await, 403, "ACCESS_FAILED", None);
        Api::created(api.post(&mine, json!({ "id": staff })).await);
        let _ = me.get(&populations).await.expect_status(200);
    }

    async fn a_group_has_roles_or_a_filter(server: TestServer) {
        let api = admin(&server).await;
        let roles = api.get("/roles").await.json();
        let roles = roles["_embedded"]["roles"].as_array().unwrap().clone();
        let role = roles.iter().find(|it| it["name"] == "Environment Admin").unwrap();
        let given = json!({ "role": { "id": role["id"] }, "scope": { "id": server.tenant.id, "type": "ENVIRONMENT" } });
        let filter = r#"title eq "Chief""#;
        let dynamic = group(&api, &server, json!({ "name": "Dynamic", "userFilter": filter })).await;
        let path = format!("{}/{dynamic}/roleAssignments", groups(&server));
        refused(api.post(&path, given.clone()).await, 400, "INVALID_DATA", Some(("CONSTRAINT_VIOLATION", "")));
        let fixed = group(&api, &server, json!({ "name": "Fixed" })).await;
        let path = format!("{}/{fixed}", groups(&server));
        Api::created(api.post(&format!("{path}/roleAssignments"), given).await);
        let body = json!({ "name": "Fixed", "userFilter": filter });
        refused(api.put(&path, body).await, 400, "INVALID_DATA", Some(("CONSTRAINT_VIOLATION", "userFilter")));
    }

    async fn nesting_is_followed_however_deep_it_is(server: TestServer) {
        let api = admin(&server).await;
        let nest = |child: &str| format!("{}/{child}/memberOfGroups", groups(&server));
        let lowest = group(&api, &server, json!({ "name": "n0" })).await;
        let mut highest = lowest.clone();
        for level in 1..=14 {
            let next = group(&api, &server, json!({ "name": format!("n{level}") })).await;
            Api::created(api.post(&nest(&highest), json!({ "id": next })).await);
            highest = next;
        }
        let mine = format!("{}/{}/memberOfGroups", users(&server), server.tenant.person.id);
        Api::created(api.post(&mine, json!({ "id": lowest })).await);
        let read = api.get(&format!("{mine}/{highest}")).await.expect_status(200).json();
        assert_eq!(read["type"], "INDIRECT");
        let filter = encoded(&format!(r#"memberOfGroups[id eq "{highest}"]"#));
        let list = api.get(&format!("{}?filter={filter}", users(&server))).await.expect_status(200).json();
        assert_eq!(list["size"], json!(1));
        let circle = api.post(&nest(&highest), json!({ "id": lowest })).await;
        refused(circle, 400, "INVALID_DATA", Some(("CONSTRAINT_VIOLATION", "id")));
    }

    async fn a_group_of_very_many_is_gone_at_once_and_its_members_slice_by_slice(server: TestServer) {
        let api = admin(&server).await;
        let here = format!("/environments/{}", server.tenant.id);
        let env: EnvId = server.tenant.id.parse().unwrap();
        let id = "21212121-3434-4565-8787-909090909090";
        let group = json!({ "id": id, "name": "Everybody" });
        let environment = json!({ "id": server.tenant.id, "name": "First", "groups": [group] });
        let file = json!({ "organization": { "name": "Tests" }, "environments": [environment] });
        server.import(&file).await;
        let of_person = format!("{here}/users/{}/memberOfGroups", server.tenant.person.id);
        Api::created(api.post(&of_person, json!({ "id": id })).await);
        let (store, now) = (&*server.ports.store, server.ports.clock.now());
        let crowd = async || {
            let mut batch = Batch::new();
            for number in 0..2 * leftovers::SLICE {
                let membership = GroupMembership {
                    user: Ref::to(UserId::from_uuid(Uuid::from_u128(number.into()))),
                    group: Ref::to(id.parse().unwrap()),
                    population: None,
                };
                batch = batch.put(membership.to_doc(env).unwrap());
            }
            store.commit(batch, now).await.unwrap();
        };
        let left = async || {
            let by_group = GroupMembership::BY_GROUP;
            store.count(&Query::equal(GroupMembership::KIND, env, by_group, id, 10_000)).await.unwrap()
        };
        crowd().await;
        let path = format!("{here}/groups/{id}");
        let _ = api.delete(&path).await.expect_status(204);
        refused(api.get(&path).await, 404, "NOT_FOUND", None);
        assert_eq!(left().await, 2 * leftovers::SLICE + 1);
        // What is left of it counts nowhere.
        let all = api.get(&of_person).await.expect_status(200).json();
        assert_eq!(all["_embedded"]["groupMemberships"], json!([]));
        refused(api.get(&format!("{of_person}/{id}")).await, 404, "NOT_FOUND", None);
        refused(api.delete(&format!("{of_person}/{id}")).await, 404, "NOT_FOUND", None);
        let filter = format!("{here}/users?filter=memberOfGroups%5Bid%20eq%20%22{id}%22%5D");
        assert_eq!(api.get(&filter).await.expect_status(200).json()["_embedded"]["users"], json!([]));
        let mut slices = 1;
        while leftovers::remove_any(store, now).await.unwrap() {
            slices += 1;
        }
        assert_eq!((slices, left().await), (3, 0));
        // One that comes back with its id has nobody of those who were in it.
        server.import(&file).await;
        crowd().await;
        let _ = api.delete(&path).await.expect_status(204);
        server.import(&file).await;
        assert_eq!(left().await, 0);
        assert_eq!(api.get(&path).await.expect_status(200).json()["directMemberCounts"]["users"], 0);
        assert!(!leftovers::remove_any(store, now).await.unwrap());
    }
}
