//! What every adapter refuses alike, so that a document which one database takes is not the one
//! that another chokes on.

use countersign_domain::store::{Batch, Doc, Event, Fault, IndexEntry, Key, Write};

/// Checks that every document of the batch can be filed.
pub(crate) fn check(batch: &Batch) -> Result<(), Fault> {
    for write in &batch.writes {
        if let Write::Put(doc) = write {
            check_doc(doc).map_err(|reason| Fault::Corrupt {
                key: doc.key.clone(),
                reason: reason.to_owned(),
            })?;
        }
    }
    check_events(&batch.events)
}

fn check_doc(doc: &Doc) -> Result<(), &'static str> {
    if doc.key.id.is_empty() {
        return Err("the id is empty");
    }
    if doc.key.id.len() > Key::MAX_ID {
        return Err("the id is longer than 128 bytes");
    }
    let values = doc.indexes.iter().map(|entry| &entry.value);
    let values = values.chain(doc.uniques.iter().map(|(_, value)| value));
    for value in values {
        if value.len() > IndexEntry::MAX_VALUE {
            return Err("an index value is longer than 1024 bytes");
        }
    }
    if doc.body.contains('\0') {
        // PostgreSQL cannot store it as text, and JSON never contains it unescaped.
        return Err("the body contains a NUL character");
    }
    Ok(())
}

/// Checks that every event can be stored.
pub(crate) fn check_events(events: &[Event]) -> Result<(), Fault> {
    for event in events {
        if event.id.is_empty() || event.id.len() > Key::MAX_ID || event.body.contains('\0') {
            return Err(Fault::Storage(
                "an event has no fit id, or a NUL character in its body".to_owned(),
            ));
        }
    }
    Ok(())
}
