//! Lists of very many users: what an index finds costs the same whoever else is there.

use countersign_domain::entity::Entity;
use countersign_domain::ids::EnvId;
use countersign_domain::store::Batch;
use countersign_domain::user::User;
use countersign_testkit::{TestServer, on_every_adapter};
use serde_json::{Value, json};

use super::{encoded, names, users};
use crate::v1::{Api, admin, text};

/// Others. Looking at all of them takes eight reads of 500.
const CROWD: usize = 4_000;
/// Reads of the server's own jobs that may come in between.
const OTHER_READS: u64 = 4;

/// Puts very many others into the population of somebody.
async fn crowd(server: &TestServer, like: &Value) {
    let env: EnvId = server.tenant.id.parse().unwrap();
    let users = (0..CROWD).map(|number| {
        let user = json!({
            "id": format!("cccccccc-0000-4000-8000-{number:012}"),
            "username": format!("crowd-{number}"), "email": format!("crowd-{number}@test.com"),
            "population": like["population"],
            "createdAt": like["createdAt"], "updatedAt": like["createdAt"],
        });
        let user: User = serde_json::from_value(user).unwrap();
        user.to_doc(env).unwrap()
    });
    let batch = users.fold(Batch::new(), Batch::put);
    let committed = server.ports.store.commit(batch, server.ports.clock.now());
    committed.await.unwrap();
}

/// The answer to a filter, and how often the store was read for it.
async fn asked(server: &TestServer, api: &Api, filter: &str) -> (Vec<String>, u64) {
    let before = server.counts.reads();
    let path = format!("{}?filter={}", users(server), encoded(filter));
    let list = api.get(&path).await.expect_status(200).json();
    assert_eq!(list["_links"]["next"], Value::Null, "{filter}: {list}");
    (names(&list), server.counts.reads() - before)
}

on_every_adapter! {
    async fn what_an_index_finds_costs_the_same_among_many(server: TestServer) {
        let api = admin(&server).await;
        let all = users(&server);
        let mut ann = Value::Null;
        for name in ["ann", "anna", "ben"] {
            let body = json!({ "username": name, "email": format!("{name}@test.com"),
                "externalId": format!("x-{name}") });
            ann = Api::created(api.post(&all, body).await);
        }
        let group = Api::created(
            api.post(&format!("/environments/{}/groups", server.tenant.id), json!({ "name": "Few" })).await,
        );
        let group = text(&group, "/id");
        let membership = format!("{all}/{}/memberOfGroups", text(&ann, "/id"));
        let _ = api.post(&membership, json!({ "id": group })).await.expect_status(201);
        let population = text(&ann, "/population/id");
        let filters = [
            (r#"username eq "ann""#.to_owned(), vec!["ann"]),
            (r#"email eq "ben@test.com""#.to_owned(), vec!["ben"]),
            (r#"externalId eq "x-ben""#.to_owned(), vec!["ben"]),
            (r#"username sw "an""#.to_owned(), vec!["ann", "anna"]),
            (r#"username sw "an" or email sw "ann@""#.to_owned(), vec!["ann", "anna"]),
            (format!(r#"population.id eq "{population}" and username sw "an""#), vec!["ann", "anna"]),
            (format!(r#"memberOfGroups[id eq "{group}"]"#), vec!["ben"]),
            (format!(r#"memberOfGroups[id eq "{group}"] and population.id eq "{population}""#), vec!["ben"]),
        ];
        let mut costs = Vec::new();
        for (filter, found) in &filters {
            // The first time, the configuration may have to be read.
            let _ = asked(&server, &api, filter).await;
            let (names, reads) = asked(&server, &api, filter).await;
            assert_eq!(names, *found, "{filter}");
            costs.push(reads);
        }
        crowd(&server, &ann).await;
        for ((filter, found), cost) in filters.iter().zip(costs) {
            let (names, reads) = asked(&server, &api, filter).await;
            assert_eq!(names, *found, "{filter}");
            assert!(reads <= cost + OTHER_READS, "{filter}: {reads} reads, not {cost}");
        }
    }

    async fn pages_of_either_of_several_have_everybody_once(server: TestServer) {
        let api = admin(&server).await;
        let all = users(&server);
        for name in ["ann", "anna", "ben", "bert", "cleo"] {
            let body = json!({ "username": name, "email": format!("{name}@test.com") });
            Api::created(api.post(&all, body).await);
        }
        let filter = r#"username sw "an" or email sw "ann" or username sw "be" or email sw "a""#;
        let mut next = format!("{all}?limit=1&filter={}", encoded(filter));
        let mut found = Vec::new();
        while found.len() < 10 {
            let page = api.get(&next).await.expect_status(200).json();
            found.extend(names(&page));
            match page.pointer("/_links/next/href").and_then(Value::as_str) {
                Some(href) => href.clone_into(&mut next),
                None => break,
            }
        }
        found.sort();
        // Somebody whom the tenant had before fits, too.
        found.retain(|it| ["ann", "anna", "ben", "bert", "cleo"].contains(&it.as_str()));
        assert_eq!(found, ["ann", "anna", "ben", "bert"]);
    }
}
