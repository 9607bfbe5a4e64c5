//! What several endpoints share on the wire.

pub mod peer;
