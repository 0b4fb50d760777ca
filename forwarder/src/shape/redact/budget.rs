//! How much work expressions of the user's own may do.
//!
//! One search takes time in proportion to the text that it reads, and all matches of a text need one search each. An
//! expression like `a.*z|a` reads on to the end of the line for every `a`, so all its matches take quadratic time.
//! Whoever writes such a line would hold up a shard. So the bytes that searches read are counted, which gives the same
//! result on every attempt and on every machine.

use std::cell::Cell;

/// Maximum number of bytes that searches read of one message beyond its first pass: about a quarter of a second of a
/// whole processor.
const OF_MESSAGE: usize = 128 << 20;

/// The same for all messages of one record. What is left for a message then is [`AT_LEAST`].
const OF_RECORD: usize = 512 << 20;

/// What every message may take, for each of its bytes: enough for an expression whose searches end where their matches
/// end.
const AT_LEAST: usize = 32;

/// Bytes of one record that searches may read without being measured. To measure takes longer than to search, and
/// ordinary messages are short.
const UNMEASURED: usize = 16 << 20;

/// What is left for the messages of one record.
#[derive(Debug)]
pub struct Budget {
    of_message: usize,
    record: Cell<usize>,
    message: Cell<usize>,
    unmeasured: Cell<usize>,
    spent: Cell<usize>,
    is_cut_short: Cell<bool>,
}

impl Default for Budget {
    fn default() -> Self {
        Self::new(OF_MESSAGE, OF_RECORD, UNMEASURED)
    }
}

impl Budget {
    pub(super) fn new(of_message: usize, of_record: usize, unmeasured: usize) -> Self {
        Self {
            of_message,
            record: Cell::new(of_record),
            message: Cell::new(0),
            unmeasured: Cell::new(unmeasured),
            spent: Cell::new(0),
            is_cut_short: Cell::new(false),
        }
    }

    /// Begins a message of this many bytes.
    pub(in crate::shape) fn begin(&self, bytes: usize) {
        self.message.set(self.of_message.min(self.record.get()).max(AT_LEAST * bytes));
        self.is_cut_short.set(false);
    }

    /// Whether the budget of the message did not suffice.
    pub(in crate::shape) fn is_cut_short(&self) -> bool {
        self.is_cut_short.get()
    }

    /// How many bytes have been read of the record's messages.
    pub(in crate::shape) fn spent(&self) -> usize {
        self.spent.get()
    }

    /// Allows a search that reads at most `most` bytes; `measure` tells how many it reads, where that matters.
    pub(super) fn allows(&self, most: usize, measure: impl FnOnce(usize) -> usize) -> bool {
        if let Some(left) = self.unmeasured.get().checked_sub(most) {
            self.unmeasured.set(left);
            self.spent.set(self.spent.get() + most);
            return true;
        }
        let left = self.message.get();
        let reads = measure(left);
        self.spent.set(self.spent.get() + reads.min(left));
        self.record.set(self.record.get().saturating_sub(reads));
        match left.checked_sub(reads) {
            Some(left) => {
                self.message.set(left);
                true
            }
            None => {
                self.message.set(0);
                self.is_cut_short.set(true);
                false
            }
        }
    }
}
