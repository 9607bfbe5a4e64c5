//! What every adapter promises: one function per promise, each on an empty store.
//!
//! `tests/conformance.rs` runs all of them on all adapters; [`for_each_promise`](crate::for_each_promise)
//! is the list.

pub mod atomicity;
pub mod changes;
pub mod events;
pub mod expiry;
pub mod lists;
pub mod resting;
pub mod single_use;
pub mod tenants;
pub mod uniques;
pub mod versions;

use countersign_domain::entity::kinds;
use countersign_domain::ids::EnvId;
use countersign_domain::ports::Store;
use countersign_domain::store::{
    Batch, Conflict, Doc, Fault, IndexEntry, IndexName, Key, Kind, Query, Unique,
};
use countersign_domain::time::Time;

/// Hands the whole list of promises to a macro: `module::function` one after the other.
#[macro_export]
macro_rules! for_each_promise {
    ($each:ident) => {
        $each! {
            versions: a_document_is_read_as_it_was_written;
            versions: documents_read_together_are_those_read_alone;
            versions: versions_count_up_from_one;
            versions: a_deleted_document_starts_again_at_version_one;
            versions: a_put_replaces_body_and_entries;
            versions: preconditions_hold_or_nothing_is_written;
            versions: preconditions_see_the_state_before_the_batch;
            versions: writes_apply_in_order;
            versions: deleting_nothing_is_no_error;
            atomicity: a_conflict_writes_nothing;
            atomicity: what_cannot_be_filed_is_refused_whole;
            atomicity: a_large_batch_is_written_whole;
            atomicity: what_was_committed_is_read_at_once;
            single_use: a_consumed_key_cannot_be_consumed_twice;
            single_use: a_key_is_created_once;
            single_use: a_counter_loses_no_increment;
            single_use: a_unique_value_is_claimed_once;
            single_use: an_expired_key_is_taken_over_once;
            single_use: absence_holds_until_the_commit;
            single_use: presence_holds_until_the_commit;
            resting: postconditions_see_the_state_behind_the_batch;
            resting: documents_that_are_filed_are_counted_once_and_while_they_live;
            resting: a_broken_postcondition_writes_nothing;
            resting: nothing_rests_on_what_goes;
            resting: what_belongs_to_another_goes_with_it;
            resting: many_rest_on_one_at_the_same_time;
            resting: no_more_are_filed_than_may_be;
            uniques: a_value_is_unique_per_environment_kind_and_rule;
            uniques: the_holder_keeps_its_value;
            uniques: a_value_is_freed_by_delete_change_and_expiry;
            uniques: a_value_moves_within_a_batch_in_order;
            uniques: a_new_holder_survives_the_sweep_of_the_old_one;
            uniques: a_document_is_found_by_each_of_its_values;
            lists: pages_cover_every_range_in_both_directions;
            lists: pages_by_id_cover_every_range_in_both_directions;
            lists: a_list_is_stable_under_insert;
            lists: a_query_is_counted_as_far_as_its_limit;
            lists: a_cursor_outlives_its_document;
            lists: a_document_is_listed_for_each_of_its_values;
            lists: values_are_compared_bytewise;
            expiry: what_has_expired_is_invisible_before_it_is_swept;
            expiry: what_has_expired_does_not_count_in_preconditions;
            expiry: an_expired_key_is_free;
            expiry: a_sweep_is_bounded_and_takes_only_what_has_expired;
            expiry: a_page_is_full_although_expired_documents_lie_between;
            expiry: an_extended_document_stays;
            tenants: environment_a_never_sees_b;
            tenants: a_write_in_a_leaves_b_alone;
            tenants: deleting_an_environment_is_complete;
            tenants: an_environment_may_be_filled_again_in_the_same_batch;
            changes: positions_are_ordered_like_commits;
            changes: an_environment_appears_once_with_its_newest_position;
            changes: a_conflict_announces_nothing;
            changes: concurrent_changes_have_positions_of_their_own;
            changes: the_deletion_of_an_environment_is_announced;
            events: events_come_oldest_first_within_their_range;
            events: events_are_paged_without_gap_or_repetition;
            events: an_event_appended_twice_is_there_once;
            events: events_of_a_batch_are_there_if_the_batch_is;
            events: old_events_are_forgotten_in_slices;
            events: the_store_says_what_it_is;
        }
    };
}

/// What a promise answers with when the store could not be asked.
type Outcome = Result<(), Fault>;

/// The present of all promises.
const NOW: Time = Time::from_millis(1_700_000_000_000);
const INDEX: IndexName = "name";
const RULE: IndexName = "username";

fn at(millis: i64) -> Time {
    Time::from_millis(NOW.millis().saturating_add(millis))
}

fn env(number: u128) -> EnvId {
    EnvId::from_uuid(uuid::Uuid::from_u128(number))
}

const KIND: Kind = kinds::USER;

fn key(id: &str) -> Key {
    Key::new(KIND, env(1), id)
}

fn doc(key: Key) -> Doc {
    Doc::new(key, "{}".to_owned())
}

fn user(id: &str) -> Doc {
    doc(key(id))
}

/// Shorthands for documents under test.
trait With {
    fn body(self, body: &str) -> Doc;
    fn index(self, value: &str) -> Doc;
    fn unique(self, value: &str) -> Doc;
    fn expires(self, at: Time) -> Doc;
}

impl With for Doc {
    fn body(mut self, body: &str) -> Doc {
        body.clone_into(&mut self.body);
        self
    }
    fn index(mut self, value: &str) -> Doc {
        self.indexes.push(IndexEntry {
            name: INDEX,
            value: value.to_owned(),
        });
        self
    }
    fn unique(mut self, value: &str) -> Doc {
        self.uniques.push((RULE, value.to_owned()));
        self
    }
    fn expires(mut self, at: Time) -> Doc {
        self.expires_at = Some(at);
        self
    }
}

async fn put(store: &dyn Store, docs: impl IntoIterator<Item = Doc>) -> Outcome {
    let batch = docs.into_iter().fold(Batch::new(), Batch::put);
    store.commit(batch, NOW).await.map(drop)
}

fn named(value: &str) -> Unique {
    Unique::new(KIND, env(1), RULE, value)
}

/// The id of the live document that holds a unique value.
async fn holder(store: &dyn Store, value: &str, now: Time) -> Result<Option<String>, Fault> {
    let doc = store.get_by(&named(value), now).await?;
    Ok(doc.map(|doc| doc.key.id))
}

/// Ids of the first page of a query.
async fn ids(store: &dyn Store, query: &Query, now: Time) -> Result<Vec<String>, Fault> {
    let page = store.list(query, now).await?;
    Ok(page.docs.into_iter().map(|doc| doc.key.id).collect())
}

/// The conflict that a commit must have met.
async fn conflict(store: &dyn Store, batch: Batch, now: Time) -> Result<Conflict, Fault> {
    match store.commit(batch, now).await {
        Err(Fault::Conflict(conflict)) => Ok(conflict),
        Err(fault) => Err(fault),
        Ok(_) => Err(Fault::Storage("no conflict was found".to_owned())),
    }
}

/// Whether the commit won; a conflict means that another did.
async fn wins(store: &dyn Store, batch: Batch, now: Time) -> Result<bool, Fault> {
    match store.commit(batch, now).await {
        Ok(_) => Ok(true),
        Err(Fault::Conflict(_)) => Ok(false),
        Err(fault) => Err(fault),
    }
}
