//! Ids that are good in one environment name nothing in another, at any parameter of any route.

use countersign_protocol::v1::route;
use countersign_testkit::{TestServer, on_every_adapter};

use super::super::ground::Ground;
use super::super::{fresh, owner, refused};
use super::{call, state_of};

on_every_adapter! {
    async fn threat_42_ids_of_one_environment_name_nothing_in_another(server: TestServer) {
        // The worst case: somebody who may do everything in both.
        let api = owner(&server).await;
        let (here, there) = (fresh(&api).await, fresh(&api).await);
        let homes = [here.id("environment").to_owned(), there.id("environment").to_owned()];
        let before = state_of(&server, &homes).await;
        let mut wrong = Vec::new();
        for endpoint in route::endpoints().filter(|it| it.is_in_environment()) {
            for foreign in parameters(endpoint.path) {
                let Some(path) = with_foreign(&here, &there, endpoint.path, &foreign) else {
                    continue;
                };
                let answer = call(&api, endpoint, &path).await;
                // A body may be found wrong before anything is looked up.
                let is_refused = answer.status == 404 || answer.status == 400 && endpoint.method.has_body();
                if !is_refused {
                    wrong.push(format!("{} {} {foreign} {}", endpoint.method.name(), endpoint.path, answer.status));
                }
            }
        }
        assert!(wrong.is_empty(), "{wrong:#?}");
        assert_eq!(state_of(&server, &homes).await, before);
        // And the ground is good: with its own ids everything that can be read is there.
        for endpoint in route::endpoints().filter(|it| it.is_in_environment() && it.method.name() == "GET") {
            let path = here.path(endpoint.path);
            if path.contains(super::super::ground::NOBODY) || endpoint.path.ends_with("/me") {
                continue;
            }
            let _ = call(&api, endpoint, &path).await.expect_status(200);
        }
        let unknown = here.path_with("/environments/{environment}/users", |_, _| there.id("user").to_owned());
        refused(api.get(&unknown).await, 404, "NOT_FOUND", None);
    }
}

/// Paths that end in each parameter but the environment.
fn parameters(template: &str) -> Vec<String> {
    let steps: Vec<&str> = template.split('/').collect();
    let at = steps
        .iter()
        .enumerate()
        .filter(|(_, it)| it.starts_with('{'));
    at.map(|(at, _)| steps[..=at].join("/"))
        .filter(|it| !it.ends_with("{environment}"))
        .collect()
}

/// A path of one environment with one id of the other in it.
fn with_foreign(here: &Ground, there: &Ground, template: &str, foreign: &str) -> Option<String> {
    let other = there.at(foreign)?;
    let path = here.path_with(template, |place, id| {
        if place == foreign {
            other.to_owned()
        } else {
            id.unwrap_or(super::super::ground::NOBODY).to_owned()
        }
    });
    // What is everywhere the same, such as built-in roles, is not foreign.
    (path != here.path(template)).then_some(path)
}
