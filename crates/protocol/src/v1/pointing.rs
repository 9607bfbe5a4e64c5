//! What members of a resource point at by id: it must be there, unless it was pointed at already.
//!
//! Decision: groups, populations, themes, applications and the like can be removed while others
//! point at them, which keep the id and find nothing behind it. What was read can be written, so
//! an id that was there before is not asked about again. Pictures: `environments/images.rs`.

use countersign_domain::entity::Entity;

use super::call::Call;
use crate::refusal::Outcome;

/// Whether what a member points at is there, or was pointed at before.
pub async fn holds<E: Entity, N: Entity>(
    call: &Call<'_>,
    before: Option<&N>,
    id: impl ToString + Send,
) -> Outcome<bool> {
    let id = id.to_string();
    let is_there = call.load::<E>(&id).await?.is_some();
    Ok(is_there || before.is_some_and(|it| points_at(it, &id)))
}

/// Whether an id is somewhere in a resource, whatever it is of: no two things share one.
pub fn points_at<N: Entity>(resource: &N, id: &str) -> bool {
    let json = serde_json::to_string(resource);
    json.is_ok_and(|json| json.contains(&format!("\"{id}\"")))
}
