//! What was asked of the database, read from the store's own counters at each scrape.

use std::fmt;
use std::sync::Arc;

use countersign_store::Counting;
use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric};
use prometheus_client::metrics::counter::ConstCounter;

/// The counters of a store.
pub struct Storage(pub Arc<Counting>);

impl fmt::Debug for Storage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Storage")
    }
}

impl Collector for Storage {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), fmt::Error> {
        let mut counter = |name: &str, help: &str, value: u64| {
            let counter = ConstCounter::new(value);
            let metric = encoder.encode_descriptor(name, help, None, counter.metric_type())?;
            counter.encode(metric)
        };
        counter("countersign_store_reads", "Reads", self.0.reads())?;
        counter(
            "countersign_store_commits",
            "Batches that became durable",
            self.0.commits(),
        )?;
        counter(
            "countersign_store_appends",
            "Appends of events that became durable",
            self.0.appends(),
        )
    }
}
