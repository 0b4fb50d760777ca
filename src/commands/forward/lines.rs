//! Writes lines to standard output, and counts those that it has accepted.

use std::collections::BTreeMap;
use std::io;

use cwl2le_forwarder::Outcome;

use crate::events::Framed;
use crate::workflow::Lines as Write;

/// The lines of a batch, event by event: an event that goes to several destinations has all of its lines in one place.
#[derive(Debug, Default)]
pub(super) struct Lines {
    bytes: Vec<u8>,
    /// Where the lines of each event end.
    ends: Vec<End>,
}

#[derive(Debug)]
struct End {
    offset: usize,
    /// The record, by its position in the batch.
    record: usize,
    /// The position of the event among those of the record that its route keeps.
    event: u32,
    /// Whether each of its destinations has a line of it. An event that the forwarder fails on has none.
    has_lines: bool,
}

/// What standard output accepted.
#[derive(Debug)]
pub(super) struct Written {
    /// Bytes that it accepted.
    pub(super) bytes: u64,
    /// Why it accepted no more.
    pub(super) failed: Option<io::Error>,
    /// Events whose lines it did not accept, or only in part.
    pub(super) unwritten: u64,
    /// Bytes of the first such event that it accepted.
    pub(super) cut: u64,
    /// The first event that is not written: its record, and its position among the events that the route keeps.
    pub(super) next: Option<(usize, u32)>,
}

impl Lines {
    /// Sorts the lines of all destinations into the order of the events.
    pub(super) fn new(framed: &BTreeMap<String, Framed>, outcome: &Outcome) -> Self {
        let mut lines = Self::default();
        let mut next = vec![0; outcome.lanes.len()];
        for (record, part) in outcome.account.parts.iter().enumerate() {
            let shares = outcome.account.shares(part);
            let most = shares.iter().map(|share| share.progress.done).max().unwrap_or(0);
            for event in 0..most {
                let mut has_lines = true;
                for share in shares.iter().filter(|share| event < share.progress.done) {
                    let (Some(lane), Some(at)) =
                        (outcome.lanes.get(share.destination), next.get_mut(share.destination))
                    else {
                        continue;
                    };
                    let bytes = framed.get(&lane.destination).map_or(&[][..], |framed| framed.event(*at));
                    lines.bytes.extend_from_slice(bytes);
                    has_lines &= !bytes.is_empty();
                    *at += 1;
                }
                lines.ends.push(End { offset: lines.bytes.len(), record, event, has_lines });
            }
        }
        lines
    }

    /// Writes them. Only bytes that a call to `write` reports as accepted count.
    pub(super) fn write(&self, write: &Write<'_>) -> Written {
        let (mut done, mut failed) = (0, None);
        while done < self.bytes.len() && failed.is_none() {
            match write(&self.bytes[done..]) {
                Ok(0) => failed = Some(io::ErrorKind::WriteZero.into()),
                Ok(count) => done += count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => failed = Some(error),
            }
        }
        let whole = self.ends.partition_point(|end| end.offset <= done);
        let (ends, missing) = self.ends.split_at(whole);
        Written {
            bytes: done as u64,
            failed,
            unwritten: missing.iter().filter(|end| end.has_lines).count() as u64,
            cut: (done - ends.last().map_or(0, |end| end.offset)) as u64,
            next: missing.first().map(|end| (end.record, end.event)),
        }
    }
}
