//! What is told beside a user when somebody asks for it (`reference/platform.md` 3.7).

use countersign_domain::user::User;
use serde_json::json;

use super::{ALL, ONE};
use crate::groups;
use crate::refusal::Outcome;
use crate::v1::body::Object;
use crate::v1::call::Call;
use crate::v1::noun;

const IDS: &str = "memberOfGroupIDs";
const NAMES: &str = "memberOfGroupNames";

/// Adds the groups of one person (`include`), or the population of each on a list (`expand`).
///
/// Decision: groups by filter and by nesting are among them, as in mappings.
pub(super) async fn add(call: &Call<'_>, user: &User, object: &mut Object) -> Outcome<()> {
    let is_one = call.endpoint.path == ONE;
    let (ids, names) = (
        call.asks_for("include", IDS),
        call.asks_for("include", NAMES),
    );
    let of_user = groups::named(call.cx, is_one && (ids || names), Some(user.id)).await?;
    if let Some(of_user) = of_user {
        let (all_ids, all_names): (Vec<_>, Vec<_>) = of_user.0.into_iter().unzip();
        if ids {
            object.insert(IDS.into(), json!(all_ids));
        }
        if names {
            object.insert(NAMES.into(), json!(all_names));
        }
    }
    if call.endpoint.path == ALL && call.asks_for("expand", "population") {
        let (store, id) = (call.store(), user.population.id);
        let population = call.cx.env.population(store, id, call.now()).await?;
        if let Some(population) = population {
            let mut shown = noun::object_of(&*population)?;
            // Has a path of its own.
            shown.remove("defaultIdentityProvider");
            object.insert("_embedded".into(), json!({ "population": shown }));
        }
    }
    Ok(())
}
