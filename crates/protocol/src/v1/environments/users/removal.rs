//! What goes with a user.

use countersign_domain::agreement::AgreementConsent;
use countersign_domain::consent::OauthConsent;
use countersign_domain::device::Device;
use countersign_domain::entity::{Entity, kinds};
use countersign_domain::group::{Group, GroupMembership};
use countersign_domain::identity_provider::LinkedAccount;
use countersign_domain::ids::UserId;
use countersign_domain::reference::Ref;
use countersign_domain::role::{RoleAssignment, RoleSubject};
use countersign_domain::session::Session;
use countersign_domain::store::{IndexName, Key, Kind, Query, Range};
use countersign_domain::user::{CodePurpose, User, UserCode};

use crate::refusal::Outcome;
use crate::v1::call::Call;

/// Documents of one kind that are looked for at once. Nobody has more; if somebody did, the rest
/// would belong to nobody and be reachable by nothing.
const MOST: u32 = 1_000;

/// Everything that is a user's, for deletion.
pub(super) async fn owned(call: &Call<'_>, user: UserId) -> Outcome<Vec<Key>> {
    let id = user.to_string();
    let mut keys = vec![
        Key::new(kinds::CREDENTIAL, call.env, &id),
        Key::new(kinds::ACCOUNT, call.env, &id),
    ];
    for purpose in [CodePurpose::Verification, CodePurpose::Recovery] {
        let code = UserCode::id_of(purpose, user);
        keys.push(Key::new(kinds::USER_CODE, call.env, code));
    }
    keys.extend(sessions(call, user).await?);
    let subject = RoleSubject::User(Ref::to(user)).index_value();
    for (kind, index, value) in [
        (RoleAssignment::KIND, RoleAssignment::BY_SUBJECT, subject),
        (GroupMembership::KIND, GroupMembership::BY_USER, id.clone()),
        (OauthConsent::KIND, OauthConsent::BY_USER, id.clone()),
        (
            AgreementConsent::KIND,
            AgreementConsent::BY_USER,
            id.clone(),
        ),
        (Device::KIND, Device::BY_USER, id.clone()),
        (LinkedAccount::KIND, LinkedAccount::BY_USER, id),
    ] {
        keys.extend(filed(call, kind, index, Range::Equal(value)).await?);
    }
    Ok(keys)
}

/// A user's sessions: they end when the user is disabled or goes, and their tokens with them
/// (`reference/rulings.md` 1).
pub(super) async fn sessions(call: &Call<'_>, user: UserId) -> Outcome<Vec<Key>> {
    let of_user = Range::Prefix(Session::of_user(user));
    filed(call, Session::KIND, Session::BY_USER, of_user).await
}

/// Memberships in the groups of the population that a user leaves.
pub(super) async fn population_groups(call: &Call<'_>, user: &User) -> Outcome<Vec<Key>> {
    let mine = Range::Equal(user.id.to_string());
    let kind = GroupMembership::KIND;
    let keys = filed(call, kind, GroupMembership::BY_USER, mine).await?;
    let mut left = Vec::new();
    for key in keys {
        let group = key.id.rsplit('/').next().unwrap_or_default();
        let group = call.load::<Group>(group).await?;
        if group.is_some_and(|it| it.population == Some(user.population)) {
            left.push(key);
        }
    }
    Ok(left)
}

async fn filed(call: &Call<'_>, kind: Kind, index: IndexName, range: Range) -> Outcome<Vec<Key>> {
    let query = Query {
        index: Some(index),
        range,
        ..Query::all(kind, call.env, MOST)
    };
    let page = call.store().list(&query, call.now()).await?;
    Ok(page.docs.into_iter().map(|doc| doc.key).collect())
}
