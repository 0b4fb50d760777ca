//! What an object of a bucket holds.

/// What an object holds.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(in super::super) struct Contents {
    /// Why it was kept.
    pub(in super::super) reasons: Vec<String>,
    /// The records, in the order of their shard.
    pub(in super::super) records: Vec<Kept>,
}

/// A record that was kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in super::super) struct Kept {
    /// Its data; what is wrong with it where it has none, by the forwarder's name for that.
    pub(in super::super) data: Result<Vec<u8>, &'static str>,
    /// Its partition key, where that was kept.
    pub(in super::super) key: Option<String>,
    /// Its sequence number in its shard, where that was kept.
    pub(in super::super) sequence: Option<String>,
}
