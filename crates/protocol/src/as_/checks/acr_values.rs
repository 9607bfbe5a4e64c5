//! `acr_values`: which sign-on policies may run, in which order.

use countersign_domain::ids::SignOnPolicyId;

use crate::as_::params::Params;
use crate::configuration::{ApplicationView, PolicyView, Snapshot};
use crate::refusal::{Refusal, Refused};

/// The policies named, else those assigned by priority, else the environment's default. Spaces alone
/// name none.
///
/// Spec: `reference/oidc.md` 22.2; `flows.md` 9.2.
pub fn check(
    params: &Params,
    env: &Snapshot,
    view: &ApplicationView,
) -> Result<Vec<SignOnPolicyId>, Refused> {
    let assigned: Vec<&PolicyView> = if view.assignments.is_empty() {
        env.default_policy().into_iter().collect()
    } else {
        view.assignments
            .iter()
            .filter_map(|a| env.policy(a.sign_on_policy.id))
            .collect()
    };
    let lenient = env.environment.settings.unknown_acr_values_ignored;
    let known = |name: &str| assigned.iter().any(|view| view.policy.name == name);
    let named = params.get("acr_values").unwrap_or_default();
    let wanted: Vec<&str> = named
        .split(' ')
        .filter(|name| !name.is_empty() && (!lenient || known(name)))
        .collect();
    if wanted.is_empty() {
        if assigned.is_empty() {
            return Err(Refusal::PolicyNotAssigned.because("the environment has no policy"));
        }
        return Ok(assigned.iter().map(|view| view.policy.id).collect());
    }
    wanted
        .into_iter()
        .map(|name| {
            let found = assigned.iter().find(|view| view.policy.name == name);
            found.map(|view| view.policy.id).ok_or_else(|| {
                let choices: Vec<&str> = assigned.iter().map(|v| v.policy.name.as_str()).collect();
                Refusal::PolicyNotAssigned
                    .because(format!("assigned are {choices:?}"))
                    .expected(choices.join(" "))
                    .arrived(name)
            })
        })
        .collect()
}
