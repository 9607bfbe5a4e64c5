//! Answers about one piece of configuration that were made before. They are given again while the
//! configuration of the environment is at the same position: administrators' programs read the same
//! things over and over, and putting a resource and its links together costs more than all else.
//!
//! For answers that follow from the configuration alone, whoever asks and whenever
//! ([`Noun::IS_SHOWN_FROM_CONFIGURATION`](super::noun::Noun)). Permissions are looked at before, with
//! every call.

use std::sync::Arc;

use countersign_domain::store::Seq;

use super::call::{Call, Reply};
use super::route::Handler;
use crate::refusal::Outcome;

/// Most bytes of text that are kept.
const MOST: u64 = 8 * 1024 * 1024;
const JSON: &str = "application/json";

/// Answers of all environments of the process, by URL, each with the configuration that it is from.
pub struct KeptAnswers(moka::sync::Cache<String, (Seq, Arc<[u8]>)>);

impl Default for KeptAnswers {
    fn default() -> Self {
        let weigh = |url: &String, kept: &(Seq, Arc<[u8]>)| {
            let length = url.len() + kept.1.len() + 200;
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
    let (url, seq) = (call.url(&call.own_path()), call.cx.env.seq);
    let given = |text: &[u8]| Reply::raw(JSON, text.to_vec());
    if let Some((of, text)) = answers.0.get(&url)
        && of == seq
    {
        return Ok(given(&text));
    }
    let reply = make(call).await?;
    let Some(body) = &reply.body else {
        return Ok(reply);
    };
    let text: Arc<[u8]> = body.to_json().into();
    let reply = given(&text);
    answers.0.insert(url, (seq, text));
    Ok(reply)
}
