//! Answers about one thing that were made before. They are given again while the configuration and
//! every document that they were made from are the same: administrators' programs read the same
//! things over and over, and putting a resource and its links together costs more than all else.
//!
//! For answers that follow from these alone, whoever asks and whenever
//! ([`Noun::IS_SHOWN_FROM_DOCUMENTS`](super::noun::Noun)). Permissions are looked at before, with every
//! call. Where a store does not keep documents in memory, answers are made anew.

mod recording;

use std::sync::Arc;

use countersign_domain::ports::Ports;
use countersign_domain::store::{Doc, Key, Reading, Seq};

use super::call::{Call, Reply};
use super::route::Handler;
use crate::cx::Cx;
use crate::refusal::Outcome;
use recording::Recording;

/// Most bytes of text that are kept.
const MOST: u64 = 8 * 1024 * 1024;
const JSON: &str = "application/json";

/// Answers of all environments of the process, by URL.
pub struct KeptAnswers(moka::sync::Cache<String, Arc<Made>>);

/// An answer and what it was made from.
struct Made {
    configuration: Seq,
    from: Vec<Key>,
    readings: Vec<Option<Reading>>,
    text: String,
}

impl Default for KeptAnswers {
    fn default() -> Self {
        let weigh = |url: &String, made: &Arc<Made>| {
            let length = url.len() + made.text.len() + 200;
            u32::try_from(length).unwrap_or(u32::MAX)
        };
        let cache = moka::sync::Cache::builder().weigher(weigh);
        Self(cache.max_capacity(MOST).build())
    }
}

/// The answer of `make`, which only reads.
pub async fn reply(call: &Call<'_>, make: Handler) -> Outcome<Reply> {
    // Somebody who sees a part of the environment may see less of the thing.
    let is_for_all = call.reach.everywhere && !call.own && call.query.is_empty();
    if !is_for_all || call.env != call.cx.env_id() {
        return make(call).await;
    }
    let answers = &call.cx.env.kept_answers;
    let url = call.url(&call.own_path());
    if let Some(kept) = answers.0.get(&url)
        && kept.is_still(call).await?
    {
        return Ok(Reply::raw(JSON, kept.text.clone().into_bytes()));
    }
    let recording = Arc::new(Recording::of(Arc::clone(&call.cx.ports.store)));
    let cx = Cx {
        ports: Ports {
            store: Arc::clone(&recording) as Arc<_>,
            ..call.cx.ports.clone()
        },
        ..call.cx.clone()
    };
    let watched = Call {
        cx: &cx,
        reach: call.reach.clone(),
        ..*call
    };
    let reply = make(&watched).await?;
    let (Some((from, readings)), Some(body)) = (recording.end(), &reply.body) else {
        return Ok(reply);
    };
    let kept = Made {
        configuration: call.cx.env.seq,
        from,
        readings,
        text: body.to_string(),
    };
    let again = Reply::raw(JSON, kept.text.clone().into_bytes());
    answers.0.insert(url, Arc::new(kept));
    Ok(again)
}

impl Made {
    /// Whether it would be made from the same again.
    async fn is_still(&self, call: &Call<'_>) -> Outcome<bool> {
        if self.configuration != call.cx.env.seq {
            return Ok(false);
        }
        let docs = call.store().get_all(&self.from, call.now()).await?;
        let mut pairs = docs.iter().zip(&self.readings);
        Ok(pairs.all(|(doc, before)| is_same(doc.as_ref(), before.as_ref())))
    }
}

/// Whether a document is the very one in memory that was read before, or is still not there.
fn is_same(doc: Option<&Doc>, before: Option<&Reading>) -> bool {
    match (doc, before) {
        (None, None) => true,
        (Some(doc), Some(before)) => doc.reading.is(before),
        _ => false,
    }
}
