//! One sample for each resource that is made or replaced by a body (`reference/platform.md` 3,
//! `openapi/*.yaml`).

mod applications;
mod environments;
mod gateways;
mod keys;
mod looks;
mod notifications;
mod partners;
mod people;
mod policies;
mod resources;

use super::sample::Sample;

/// All of them.
pub fn all() -> Vec<Sample> {
    let all = [
        // Before anybody says how many devices somebody may have.
        people::samples(),
        environments::samples(),
        resources::samples(),
        applications::samples(),
        policies::samples(),
        keys::samples(),
        looks::samples(),
        partners::samples(),
        gateways::samples(),
        notifications::samples(),
    ];
    all.into_iter().flatten().collect()
}
