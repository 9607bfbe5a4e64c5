//! Many groups whose members a `userFilter` decides

use countersign_domain::entity::load;
use countersign_domain::group::Group;
use countersign_domain::ids::GroupId;
use countersign_domain::store::Batch;
use countersign_testkit::{TestServer, on_every_adapter};
use serde_json::{Value, json};
use uuid::Uuid;

use super::super::{Api, admin, refused, text};
use super::users::{encoded, users};

/// So many more groups as one that is there.
async fn more(server: &TestServer, of: &Value, count: u128) {
    let (store, now) = (&*server.ports.store, server.ports.clock.now());
    let env = server.tenant.id.parse().unwrap();
    let of = load::<Group>(store, env, text(of, "/id"), now).await;
    let of = of.unwrap().unwrap().value;
    let mut batch = Batch::new();
    for number in 1..=count {
        let id = GroupId::from_uuid(Uuid::from_u128(number));
        let name = format!("{} {number}", of.name);
        batch = batch
            .create(
                env,
                &Group {
                    id,
                    name,
                    ..of.clone()
                },
            )
            .unwrap();
    }
    let _ = store.commit(batch, now).await.unwrap();
}

on_every_adapter! {
    async fn threat_33_those_of_one_population_push_no_others_out(server: TestServer) {
        let api = admin(&server).await;
        let here = format!("/environments/{}", server.tenant.id);
        let groups = format!("{here}/groups");
        let population = Api::created(api.post(&format!("{here}/populations"), json!({ "name": "Other" })).await);
        let population = json!({ "id": population["id"] });
        let all = Api::created(api.post(&groups, json!({ "name": "All", "userFilter": "enabled eq true" })).await);
        let body = json!({ "name": "Own", "population": population, "userFilter": "enabled eq true" });
        let own = Api::created(api.post(&groups, body.clone()).await);
        more(&server, &own, 999).await;
        let mut body = body;
        body["name"] = json!("One more");
        refused(api.post(&groups, body.clone()).await, 400, "REQUEST_FAILED", Some(("CONSTRAINT_VIOLATION", "userFilter")));
        // One without a filter can be made, and gets none.
        body.as_object_mut().unwrap().remove("userFilter");
        let plain = Api::created(api.post(&groups, body.clone()).await);
        body["userFilter"] = json!("enabled eq true");
        let path = format!("{groups}/{}", text(&plain, "/id"));
        refused(api.put(&path, body).await, 400, "REQUEST_FAILED", Some(("CONSTRAINT_VIOLATION", "userFilter")));
        // Those that are there can be changed, and elsewhere there is room.
        let path = format!("{groups}/{}", text(&own, "/id"));
        let body = json!({ "name": "Own", "population": population, "userFilter": "enabled eq false" });
        let _ = api.put(&path, body).await.expect_status(200);
        let _ = Api::created(api.post(&groups, json!({ "name": "More", "userFilter": "enabled eq true" })).await);
        let user = Api::created(api.post(&users(&server), json!({ "username": "u" })).await);
        let path = format!("{}/{}/memberOfGroups/{}", users(&server), text(&user, "/id"), text(&all, "/id"));
        let _ = api.get(&path).await.expect_status(200);
    }

    async fn threat_33_a_page_compares_so_much_and_no_more(server: TestServer) {
        let api = admin(&server).await;
        let groups = format!("/environments/{}/groups", server.tenant.id);
        let none = vec![r#"nickname eq "n""#; 400].join(" or ");
        let costly = json!({ "name": "Costly", "userFilter": format!(r#"{none} or username sw "fit""#) });
        let costly = Api::created(api.post(&groups, costly).await);
        more(&server, &costly, 99).await;
        for number in 0..12 {
            let _ = Api::created(api.post(&users(&server), json!({ "username": format!("fit {number}") })).await);
            let _ = Api::created(api.post(&users(&server), json!({ "username": format!("not {number}") })).await);
        }
        let filter = encoded(&format!(r#"memberOfGroups[id eq "{}"]"#, text(&costly, "/id")));
        let mut next = Some(format!("{}?filter={filter}", users(&server)));
        let (mut names, mut pages) = (Vec::new(), 0);
        while let Some(path) = next {
            let page = api.get(&path).await.expect_status(200).json();
            let found = page["_embedded"]["users"].as_array().unwrap();
            names.extend(found.iter().map(|it| text(it, "/username")));
            pages += 1;
            let href = page["_links"]["next"]["href"].as_str();
            next = href.map(|it| it.split_once("/v1").unwrap().1.to_owned());
        }
        names.sort();
        names.dedup();
        assert_eq!(names.len(), 12, "{names:?}");
        assert!(pages > 1, "all in one page");
    }
}
