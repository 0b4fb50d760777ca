//! Observers of what the forwarder would send.

use std::cell::RefCell;
use std::collections::{BTreeMap, VecDeque};

use cwl2le_forwarder::destination::Sink;
use cwl2le_forwarder::record::payload::LogEvent;

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

/// Collects what would be sent, by destination.
#[derive(Debug, Default)]
pub(crate) struct ToBuffer(RefCell<BTreeMap<String, Framed>>);

/// What would be sent to one destination: its events, framed, in order.
#[derive(Debug, Default)]
pub(crate) struct Framed {
    bytes: Vec<u8>,
    /// Where each event ends.
    ends: Vec<usize>,
}

impl Framed {
    /// The bytes of an event, counted from 0.
    pub(crate) fn event(&self, at: usize) -> &[u8] {
        let end = |at: usize| self.ends.get(at).copied().unwrap_or(self.bytes.len());
        let start = at.checked_sub(1).map_or(0, end);
        &self.bytes[start..end(at)]
    }
}

impl ToBuffer {
    /// What was collected since the last call, by destination.
    pub(crate) fn take(&self) -> BTreeMap<String, Framed> {
        self.0.take()
    }
}

impl Sink for ToBuffer {
    fn sent(&self, destination: &str, _: &LogEvent<'_>, bytes: &[u8]) {
        let mut all = self.0.borrow_mut();
        if !all.contains_key(destination) {
            all.insert(destination.to_owned(), Framed::default());
        }
        if let Some(framed) = all.get_mut(destination) {
            framed.bytes.extend_from_slice(bytes);
            framed.ends.push(framed.bytes.len());
        }
    }
}

/// Drops it: only the forwarder's counts are used.
#[derive(Debug)]
pub(crate) struct Nowhere;

impl Sink for Nowhere {
    fn sent(&self, _: &str, _: &LogEvent<'_>, _: &[u8]) {}
}
