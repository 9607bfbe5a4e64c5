//! What goes with a user.

use countersign_domain::agreement::AgreementConsent;
use countersign_domain::consent::OauthConsent;
use countersign_domain::device::Device;
use countersign_domain::entity::{Entity, kinds};
use countersign_domain::group::GroupMembership;
use countersign_domain::identity_provider::LinkedAccount;
use countersign_domain::ids::UserId;
use countersign_domain::reference::Ref;
use countersign_domain::role::{RoleAssignment, RoleSubject};
use countersign_domain::session::Session;
use countersign_domain::store::{Entries, IndexName, Key, Kind, Query, Range};
use countersign_domain::user::{CodePurpose, User, UserCode};

use crate::refusal::Outcome;
use crate::v1::belongings::Belongings;
use crate::v1::call::Call;

/// Sessions that are looked for at once. Nobody has more.
const MOST: u32 = 1_000;

/// Everything that is a user's, for deletion. A session that begins at the same moment ends by
/// itself; nothing believes it.
pub(super) async fn owned(call: &Call<'_>, user: UserId) -> Outcome<Belongings> {
    let id = user.to_string();
    let mut owned = Belongings::default();
    owned.add([kinds::CREDENTIAL, kinds::ACCOUNT].map(|kind| Key::new(kind, call.env, &id)));
    let codes = [CodePurpose::Verification, CodePurpose::Recovery];
    let codes = codes.map(|purpose| UserCode::id_of(purpose, user));
    owned.add(codes.map(|code| Key::new(kinds::USER_CODE, call.env, code)));
    owned.add(sessions(call, user).await?);
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
        let entries = Entries::equal(kind, call.env, index, value);
        owned.take(call, entries, u32::MAX).await?;
    }
    Ok(owned)
}

/// A user's sessions: they end when the user is disabled or goes, and their tokens with them
/// (`reference/rulings.md` 1).
pub(super) async fn sessions(call: &Call<'_>, user: UserId) -> Outcome<Vec<Key>> {
    let of_user = Range::Prefix(Session::of_user(user));
    filed(call, Session::KIND, Session::BY_USER, of_user).await
}

/// Adds the memberships in the groups of the population that a user leaves.
pub(super) async fn leave_groups(
    call: &Call<'_>,
    user: &User,
    owned: &mut Belongings,
) -> Outcome<()> {
    let (kind, index) = (GroupMembership::KIND, GroupMembership::BY_USER_WITHIN);
    let value = GroupMembership::within(user.id, user.population.id);
    let entries = Entries::equal(kind, call.env, index, value);
    owned.take(call, entries, u32::MAX).await?;
    Ok(())
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
