//! Two requests at the same moment, one of which takes away what the other rests on: one of them
//! comes too late, whichever it is, and nothing is left that rests on nothing.

use std::future::Future;
use std::time::Duration;

use countersign_domain::device::Device;
use countersign_domain::entity::{Entity, kinds};
use countersign_domain::group::GroupMembership;
use countersign_domain::ids::EnvId;
use countersign_domain::role::RoleAssignment;
use countersign_domain::store::{Entries, Key, Query};
use countersign_protocol::leftovers;
use countersign_testkit::{Answer, TestServer, on_every_adapter};
use futures_util::future::join_all;
use serde_json::{Value, json};

use super::{Api, admin, next, owner, refused, text};

/// How often each pair is tried.
const ROUNDS: usize = 20;

/// Sends both at the same time, the one first in every other round.
async fn together(
    round: usize,
    one: impl Future<Output = Answer>,
    other: impl Future<Output = Answer>,
) -> (Answer, Answer) {
    if round.is_multiple_of(2) {
        tokio::join!(one, other)
    } else {
        let (other, one) = tokio::join!(other, one);
        (one, other)
    }
}

/// Insists that one was done, and the other refused because of it.
#[track_caller]
fn one_of(one: &Answer, other: &Answer) {
    let done = |it: &Answer| (200..300).contains(&it.status);
    let told = |it: &Answer| format!("{} {}\n{}", it.status, it.url, it.body);
    assert!(done(one) != done(other), "{}\n{}", told(one), told(other));
    let late = if done(one) { other } else { one };
    // Device authentication policies that are used answer 409.
    assert!([400, 409].contains(&late.status), "{}", told(late));
}

/// Makes one and answers its id.
async fn make(api: &Api, all: &str, body: Value) -> String {
    text(&Api::created(api.post(all, body).await), "/id")
}

fn here(server: &TestServer) -> String {
    format!("/environments/{}", server.tenant.id)
}

fn name() -> String {
    format!("n{}", next())
}

async fn built_in(api: &Api, name: &str) -> Value {
    let roles = api.get("/roles").await.expect_status(200).json();
    let roles = roles["_embedded"]["roles"].as_array().unwrap().clone();
    roles.into_iter().find(|it| it["name"] == name).unwrap()["id"].clone()
}

on_every_adapter! {
    async fn a_population_goes_or_somebody_comes_into_it(server: TestServer) {
        let api = admin(&server).await;
        let here = here(&server);
        let (users, populations) = (format!("{here}/users"), format!("{here}/populations"));
        let groups = format!("{here}/groups");
        for round in 0..ROUNDS {
            let population = async || make(&api, &populations, json!({ "name": name() })).await;
            let id = population().await;
            let path = format!("{populations}/{id}");
            let user = json!({ "username": name(), "population": { "id": id } });
            let (gone, made) = together(round, api.delete(&path), api.post(&users, user)).await;
            one_of(&gone, &made);

            let id = population().await;
            let path = format!("{populations}/{id}");
            let user = make(&api, &users, json!({ "username": name() })).await;
            let moves = format!("{users}/{user}/population");
            let moved = api.put(&moves, json!({ "id": id }));
            let (gone, moved) = together(round, api.delete(&path), moved).await;
            one_of(&gone, &moved);
            let _ = api.patch(&format!("{users}/{user}"), json!({ "nickname": "x" })).await.expect_status(200);

            let id = population().await;
            let path = format!("{populations}/{id}");
            let group = json!({ "name": name(), "population": { "id": id } });
            let (gone, made) = together(round, api.delete(&path), api.post(&groups, group)).await;
            one_of(&gone, &made);
        }
    }

    async fn nothing_of_somebody_outlives_them(server: TestServer) {
        let api = admin(&server).await;
        let here = here(&server);
        let users = format!("{here}/users");
        let env: EnvId = server.tenant.id.parse().unwrap();
        let group = make(&api, &format!("{here}/groups"), json!({ "name": "All" })).await;
        let role = built_in(&api, "Identity Data Read Only").await;
        let given = json!({ "role": { "id": role }, "scope": { "id": server.tenant.id, "type": "ENVIRONMENT" } });
        let device = json!({ "type": "EMAIL", "email": "somebody@example.com" });
        for round in 0..ROUNDS {
            let user = make(&api, &users, json!({ "username": name() })).await;
            let path = format!("{users}/{user}");
            let joins = format!("{path}/memberOfGroups");
            let (devices, roles) = (format!("{path}/devices"), format!("{path}/roleAssignments"));
            let below = async {
                tokio::join!(
                    api.post(&joins, json!({ "id": group })),
                    api.post(&devices, device.clone()),
                    api.act("POST", &path, "account.lock", Value::Null),
                    api.post(&roles, given.clone()),
                )
            };
            let (gone, below) = if round.is_multiple_of(2) {
                tokio::join!(api.delete(&path), below)
            } else {
                let (below, gone) = tokio::join!(below, api.delete(&path));
                (gone, below)
            };
            let _ = gone.expect_status(204);
            for answer in <[Answer; 4]>::from(below) {
                assert!([200, 201, 404].contains(&answer.status), "{}\n{}", answer.status, answer.body);
            }
            let (store, now) = (&*server.ports.store, server.ports.clock.now());
            for entries in [
                Entries::equal(GroupMembership::KIND, env, GroupMembership::BY_USER, &user),
                Entries::equal(Device::KIND, env, Device::BY_USER, &user),
                Entries::equal(RoleAssignment::KIND, env, RoleAssignment::BY_SUBJECT, format!("user/{user}")),
            ] {
                let left = store.list(&entries.query(9), now).await.unwrap().docs;
                assert!(left.is_empty(), "{left:?}");
            }
            let account = Key::new(kinds::ACCOUNT, env, &user);
            assert!(store.get(&account, now).await.unwrap().is_none(), "round {round}");
        }
    }

    async fn nobody_takes_a_group_along_into_another_population(server: TestServer) {
        let api = admin(&server).await;
        let here = here(&server);
        let users = format!("{here}/users");
        let population = async |name: &str| {
            make(&api, &format!("{here}/populations"), json!({ "name": name })).await
        };
        let (old, new) = (population("Old").await, population("New").await);
        let group = json!({ "name": "Olds", "population": { "id": old } });
        let group = make(&api, &format!("{here}/groups"), group).await;
        for round in 0..ROUNDS {
            let user = json!({ "username": name(), "population": { "id": old } });
            let path = format!("{users}/{}", make(&api, &users, user).await);
            let (joins, moves) = (format!("{path}/memberOfGroups"), format!("{path}/population"));
            let joined = api.post(&joins, json!({ "id": group }));
            let (joined, moved) = together(round, joined, api.put(&moves, json!({ "id": new }))).await;
            assert!([201, 400].contains(&joined.status), "{}", joined.body);
            let _ = moved.expect_status(200);
            let left = api.get(&joins).await.expect_status(200).json();
            assert_eq!(left["size"], json!(0), "round {round}");
        }
    }

    async fn a_role_goes_or_is_given(server: TestServer) {
        let api = owner(&server).await;
        let here = here(&server);
        let roles = format!("{here}/roles");
        let given = format!("{here}/users/{}/roleAssignments", server.tenant.person.id);
        for round in 0..ROUNDS {
            let role = json!({ "name": name(), "applicableTo": ["ENVIRONMENT"], "permissions": [{ "id": "users:read" }] });
            let role = make(&api, &roles, role).await;
            let body = json!({ "role": { "id": role }, "scope": { "id": server.tenant.id, "type": "ENVIRONMENT" } });
            let path = format!("{roles}/{role}");
            let (gone, made) = together(round, api.delete(&path), api.post(&given, body)).await;
            one_of(&gone, &made);
            if gone.status != 204 {
                let _ = api.delete(&format!("{given}/{}", text(&made.json(), "/id"))).await.expect_status(204);
            }
        }
    }

    async fn a_role_ends_with_the_population_that_it_is_for(server: TestServer) {
        let api = admin(&server).await;
        let here = here(&server);
        let populations = format!("{here}/populations");
        let given = format!("{here}/users/{}/roleAssignments", server.tenant.person.id);
        let role = built_in(&api, "Identity Data Read Only").await;
        for round in 0..ROUNDS {
            let id = make(&api, &populations, json!({ "name": name() })).await;
            let body = json!({ "role": { "id": role }, "scope": { "id": id, "type": "POPULATION" } });
            let path = format!("{populations}/{id}");
            let (gone, made) = together(round, api.delete(&path), api.post(&given, body)).await;
            let _ = gone.expect_status(204);
            assert!([201, 400].contains(&made.status), "{}", made.body);
            let left = api.get(&given).await.expect_status(200).json();
            assert_eq!(left["size"], json!(0), "round {round}");
        }
    }

    async fn a_policy_goes_or_is_taken(server: TestServer) {
        let api = admin(&server).await;
        let here = here(&server);
        let policies = format!("{here}/passwordPolicies");
        let populations = format!("{here}/populations");
        let population = make(&api, &populations, json!({ "name": "Strict" })).await;
        let devices = format!("{here}/deviceAuthenticationPolicies");
        let sign_on = make(&api, &format!("{here}/signOnPolicies"), json!({ "name": "Two" })).await;
        let actions = format!("{here}/signOnPolicies/{sign_on}/actions");
        let off = json!({ "enabled": false });
        for round in 0..ROUNDS {
            let policy = json!({ "name": name(), "excludesCommonlyUsed": true,
                "excludesProfileData": false, "notSimilarToCurrent": false });
            let policy = make(&api, &policies, policy).await;
            let path = format!("{policies}/{policy}");
            let new = json!({ "name": name(), "passwordPolicy": { "id": policy } });
            let old = json!({ "name": "Strict", "passwordPolicy": { "id": policy } });
            let strict = format!("{populations}/{population}");
            let (gone, taken) = if round % 4 < 2 {
                together(round, api.delete(&path), api.post(&populations, new)).await
            } else {
                together(round, api.delete(&path), api.put(&strict, old)).await
            };
            one_of(&gone, &taken);

            let policy = json!({ "name": name(), "default": false, "sms": off, "voice": off,
                "email": { "enabled": true }, "totp": off, "mobile": off });
            let policy = make(&api, &devices, policy).await;
            let path = format!("{devices}/{policy}");
            let action = json!({ "type": "MULTI_FACTOR_AUTHENTICATION", "priority": 1,
                "deviceAuthenticationPolicy": { "id": policy } });
            let (gone, taken) = together(round, api.delete(&path), api.post(&actions, action)).await;
            one_of(&gone, &taken);
        }
    }

    async fn a_sign_on_policy_goes_or_is_assigned(server: TestServer) {
        let api = admin(&server).await;
        let policies = format!("{}/signOnPolicies", here(&server));
        let web = &server.tenant.web.id;
        let assigned = format!("{}/applications/{web}/signOnPolicyAssignments", here(&server));
        let before = api.get(&assigned).await.expect_status(200).json()["size"].clone();
        for round in 0..ROUNDS {
            let policy = make(&api, &policies, json!({ "name": name() })).await;
            let body = json!({ "signOnPolicy": { "id": policy }, "priority": 50 + round });
            let path = format!("{policies}/{policy}");
            let (gone, made) = together(round, api.delete(&path), api.post(&assigned, body)).await;
            // What is assigned goes with it.
            let _ = gone.expect_status(204);
            assert!([201, 400, 404].contains(&made.status), "{}", made.body);
            let left = api.get(&assigned).await.expect_status(200).json();
            assert_eq!(left["size"], before, "round {round}");
        }
    }

    async fn no_two_grants_have_a_scope_of_the_same_name(server: TestServer) {
        let api = admin(&server).await;
        let here = here(&server);
        let mut scopes = Vec::new();
        for number in 0..4 {
            let resource = make(&api, &format!("{here}/resources"), json!({ "name": format!("R{number}") })).await;
            let scope = make(&api, &format!("{here}/resources/{resource}/scopes"), json!({ "name": "same" })).await;
            scopes.push((resource, scope));
        }
        let grants = format!("{here}/applications/{}/grants", server.tenant.web.id);
        for _ in 0..ROUNDS {
            let rivals = scopes.iter().map(|(resource, scope)| {
                let grant = json!({ "resource": { "id": resource }, "scopes": [{ "id": scope }] });
                api.post(&grants, grant)
            });
            let mut made = Vec::new();
            for answer in join_all(rivals).await {
                if answer.status == 201 {
                    made.push(text(&answer.json(), "/id"));
                } else {
                    refused(answer, 400, "INVALID_DATA", Some(("CONSTRAINT_VIOLATION", "scopes[0].id")));
                }
            }
            assert_eq!(made.len(), 1);
            let _ = api.delete(&format!("{grants}/{}", made[0])).await.expect_status(204);
        }
    }

    async fn groups_that_may_not_be_together_are_not(server: TestServer) {
        let api = admin(&server).await;
        let here = here(&server);
        let groups = format!("{here}/groups");
        let population = make(&api, &format!("{here}/populations"), json!({ "name": "P" })).await;
        let role = built_in(&api, "Identity Data Read Only").await;
        let given = json!({ "role": { "id": role }, "scope": { "id": server.tenant.id, "type": "ENVIRONMENT" } });
        for round in 0..ROUNDS {
            // A name of the environment is none of a population.
            let name_ = name();
            let inner = json!({ "name": name_, "population": { "id": population } });
            let (one, other) = (api.post(&groups, json!({ "name": name_ })), api.post(&groups, inner));
            let (one, other) = together(round, one, other).await;
            one_of(&one, &other);

            // No group is in itself, however far around.
            let mut ring = Vec::new();
            for _ in 0..3 {
                let name = name();
                ring.push((make(&api, &groups, json!({ "name": name })).await, name));
            }
            let nest = async |child: usize, parent: usize| {
                let path = format!("{groups}/{}/memberOfGroups", ring[child].0);
                api.post(&path, json!({ "id": ring[parent].0 })).await
            };
            if round % 4 < 2 {
                let (one, other) = together(round, nest(0, 1), nest(1, 0)).await;
                one_of(&one, &other);
            } else {
                let _ = nest(0, 1).await.expect_status(201);
                let (one, other) = together(round, nest(1, 2), nest(2, 0)).await;
                one_of(&one, &other);
            }

            // Roles or a filter, never both.
            let (group, name) = &ring[0];
            let filter = json!({ "name": name, "userFilter": "username sw \"a\"" });
            let path = format!("{groups}/{group}");
            let roles = format!("{path}/roleAssignments");
            let (one, other) = together(round, api.put(&path, filter), api.post(&roles, given.clone())).await;
            one_of(&one, &other);
        }
    }

    async fn nobody_has_more_devices_than_they_may(server: TestServer) {
        let api = admin(&server).await;
        let users = format!("{}/users", here(&server));
        for _ in 0..3 {
            let user = make(&api, &users, json!({ "username": name() })).await;
            let devices = format!("{users}/{user}/devices");
            let rivals = (0..12).map(|number| {
                let device = json!({ "type": "EMAIL", "status": "ACTIVE", "email": format!("d{number}@example.com") });
                api.post(&devices, device)
            });
            let mut made = 0;
            for answer in join_all(rivals).await {
                if answer.status == 201 {
                    made += 1;
                } else {
                    refused(answer, 400, "REQUEST_FAILED", Some(("CONSTRAINT_VIOLATION", "")));
                }
            }
            assert_eq!(made, 5);
            assert_eq!(api.get(&devices).await.expect_status(200).json()["size"], json!(5));
        }
    }

    async fn nothing_is_left_of_an_environment_that_was_written_to(server: TestServer) {
        let api = admin(&server).await;
        for round in 0..3 {
            let body = json!({ "name": name(), "type": "SANDBOX", "region": "NA" });
            let id = make(&api, "/environments", body).await;
            let env: EnvId = id.parse().unwrap();
            let path = format!("/environments/{id}");
            let users = format!("{path}/users");
            let rivals = (0..10).map(|_| api.post(&users, json!({ "username": name() })));
            let (gone, _) = if round % 2 == 0 {
                tokio::join!(api.delete(&path), join_all(rivals))
            } else {
                let (made, gone) = tokio::join!(join_all(rivals), api.delete(&path));
                (gone, made)
            };
            let _ = gone.expect_status(204);
            refused(api.get(&path).await, 404, "NOT_FOUND", None);
            server.clock.advance(Duration::from_mins(6));
            let (store, now) = (&*server.ports.store, server.ports.clock.now());
            while leftovers::remove_any(store, now).await.unwrap() {}
            for kind in kinds::ALL {
                let left = store.list(&Query::all(*kind, env, 1), now).await.unwrap().docs;
                assert!(left.is_empty(), "{left:?}");
            }
        }
    }
}
