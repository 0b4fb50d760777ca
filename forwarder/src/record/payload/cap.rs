//! How much memory records may take.

use super::decoded::LogEvent;

/// How large a record may become when it is decompressed, and how much an invocation may hold.
///
/// Sizes and numbers protect memory. The ratio protects time: an invocation of many small bombs would pass any size.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cap {
    /// Maximum size of a decompressed record, in bytes.
    pub size: usize,
    /// Maximum of the decompressed size divided by the compressed size,
    pub ratio: usize,
    /// except that this many bytes are always allowed: a single event may be a megabyte of one character.
    pub always: usize,
    /// Maximum number of events in a record.
    pub events: usize,
    /// Maximum number of parts in an invocation, see [`crate::record::parts::Parts`].
    pub parts: usize,
}

impl Cap {
    /// The cap for a function with this many megabytes of memory. A decompressed record may take a quarter of it (16 to
    /// 256 MiB), and the list of its events as much again; the parts of an invocation take an eighth at most.
    ///
    /// CloudWatch Logs stays far below. It compresses a batch to at most 1 MB, and real logs shrink to a tenth or a
    /// twentieth. What it writes around a message has more than 100 bytes, and the list takes 64 bytes an event. A
    /// payload has more than 150 bytes when it is compressed, so that the 6 MB of an invocation hold some 30,000.
    pub fn for_memory(megabytes: usize) -> Self {
        let size = (megabytes / 4).clamp(16, 256) << 20;
        let events = size / size_of::<LogEvent<'_>>();
        Self { size, ratio: 200, always: 8 << 20, events, parts: size / 512 }
    }

    /// Maximum memory for one decoded record with the list of its events, in bytes.
    pub(crate) fn memory(self) -> usize {
        self.size.saturating_add(self.events.saturating_mul(size_of::<LogEvent<'_>>()))
    }

    pub(super) fn limit(self, compressed: usize) -> usize {
        compressed.saturating_mul(self.ratio).max(self.always).min(self.size)
    }
}
