//! Who takes what would be sent.

use std::cell::RefCell;
use std::collections::{BTreeMap, VecDeque};

use cwl2le_forwarder::destination::Sink;
use cwl2le_forwarder::payload::LogEvent;

/// What would be sent of one event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Sent {
    /// The message after the rules of the route, as a JSON string without its quotes.
    pub(crate) message: String,
    /// As it would go over the wire.
    pub(crate) bytes: Vec<u8>,
}

/// Remembers what would be sent, by destination and in order.
#[derive(Debug, Default)]
pub(crate) struct Watch(RefCell<BTreeMap<String, VecDeque<Sent>>>);

impl Watch {
    /// What would be sent next to a destination.
    pub(crate) fn next(&self, destination: &str) -> Option<Sent> {
        self.0.borrow_mut().get_mut(destination)?.pop_front()
    }
}

impl Sink for Watch {
    fn sent(&self, destination: &str, event: &LogEvent<'_>, bytes: &[u8]) {
        let sent = Sent { message: event.message.to_owned(), bytes: bytes.to_vec() };
        self.0.borrow_mut().entry(destination.to_owned()).or_default().push_back(sent);
    }
}

/// Collects the bytes, whoever they are for.
#[derive(Debug, Default)]
pub(crate) struct ToBuffer(RefCell<Vec<u8>>);

impl ToBuffer {
    /// The bytes since this was last asked.
    pub(crate) fn take(&self) -> Vec<u8> {
        self.0.take()
    }
}

impl Sink for ToBuffer {
    fn sent(&self, _: &str, _: &LogEvent<'_>, bytes: &[u8]) {
        self.0.borrow_mut().extend_from_slice(bytes);
    }
}

/// Forgets it: the forwarder's own counts are all that is wanted.
#[derive(Debug)]
pub(crate) struct Nowhere;

impl Sink for Nowhere {
    fn sent(&self, _: &str, _: &LogEvent<'_>, _: &[u8]) {}
}
