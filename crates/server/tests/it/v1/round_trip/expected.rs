//! What an answer says of what a body said.

use serde_json::Value;

use super::sample::{Absent, Member, Values};

/// Insists that `answered` has what `given` has, and for what it leaves out what the sample says.
/// `before` is the body before this one, if there was one.
pub fn expect(
    members: &[Member],
    given: &Value,
    answered: &Value,
    before: Option<&Value>,
    path: &str,
) {
    for member in members {
        let path = format!("{path}/{}", member.name);
        let name = member.name;
        let old = before.map(|it| it.get(name).filter(|it| !it.is_null()));
        let new = given.get(name).filter(|it| !it.is_null());
        let stays = member.is_fixed || matches!(member.absent, Absent::Kept(_)) && new.is_none();
        let given = match old {
            Some(old) if stays => old,
            _ => new,
        };
        let found = answered.get(name);
        match (given, &member.values) {
            _ if member.is_secret => assert_eq!(found, None, "{path} in {answered}"),
            (Some(given), Values::Parts(parts)) => {
                let found = found.unwrap_or(&Value::Null);
                expect(parts, given, found, None, &path);
            }
            (Some(given), Values::Ref(_)) => {
                let id = found.and_then(|it| it.get("id"));
                assert_eq!(id, given.get("id"), "{path} in {answered}");
            }
            (Some(given), _) if member.is_more => {
                let has_it = found.is_some_and(|found| has(found, given));
                assert!(has_it, "{path} = {given} in {answered}");
            }
            (Some(given), _) => assert_eq!(found, Some(given), "{path} in {answered}"),
            (None, _) => match &member.absent {
                Absent::Nothing | Absent::Kept(None) => {
                    assert_eq!(found, None, "{path} in {answered}");
                }
                Absent::Is(value) | Absent::Kept(Some(value)) => {
                    assert_eq!(found, Some(value), "{path} in {answered}");
                }
                Absent::Refused | Absent::Something => {}
            },
        }
    }
}

/// Whether `found` has all that `given` has.
pub fn has(found: &Value, given: &Value) -> bool {
    match (found, given) {
        (Value::Object(found), Value::Object(given)) => given
            .iter()
            .all(|(name, given)| found.get(name).is_some_and(|found| has(found, given))),
        (Value::Array(found), Value::Array(given)) => {
            found.len() == given.len() && found.iter().zip(given).all(|(it, given)| has(it, given))
        }
        (found, given) => found == given,
    }
}
