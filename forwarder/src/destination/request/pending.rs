//! Events on their way into requests: filled to the limit of the service, in order.

use std::collections::HashMap;
use std::ops::Range;
use std::rc::Rc;

use crate::record::event::count;

/// Maximum number of events that wait, however short they are: each takes some 40 bytes besides those of the body, and
/// its id. A body of a megabyte has as many only if its events have less than 16 bytes.
const MOST_EVENTS: usize = 64 << 10;

/// What one request may hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Limits {
    /// Maximum bytes of a body before it is compressed; with [`Packing::Line`], of all the lines that wait. An event
    /// that is larger by itself goes alone.
    pub(crate) body: usize,
    /// Bytes of a body that a lot takes beside its events and what they have in common.
    pub(crate) lot: usize,
    /// Which events share a request.
    pub(crate) packing: Packing,
    /// Maximum number of requests in flight at the same time.
    pub(crate) in_flight: usize,
}

/// Which events share a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Packing {
    /// As many as fit, of all lots.
    Mixed,
    /// As many as fit, of one lot.
    Lot,
    /// None: every line is a request of its own. An event that is cut into several lines is several requests, one
    /// after the other.
    Line,
}

/// Events that wait for their requests, in lots of those that have something in common. Events of one log stream are in
/// one lot, in their order.
#[derive(Debug, Default)]
pub(crate) struct Pending {
    lots: Vec<Lot>,
    by_common: HashMap<Vec<u8>, usize>,
    bytes: usize,
    events: usize,
}

#[derive(Debug, Default)]
struct Lot {
    /// The log streams of its events; one may stand here more than once.
    streams: Vec<u64>,
    common: Vec<u8>,
    bytes: Vec<u8>,
    /// The ids of its events, one after the other.
    ids: String,
    events: Vec<Place>,
}

/// Where an event is in its lot.
#[derive(Debug)]
struct Place {
    number: u64,
    /// Where its bytes end.
    end: usize,
    id_end: usize,
    /// Whether it could be written at all.
    is_written: bool,
}

/// An event, by lot and position.
pub(crate) type Spot = (u32, u32);

/// The log streams that requests hold events of, in order, by a hash of their names. Two requests with one in common
/// are made one after the other.
pub(crate) type Streams = Rc<[u64]>;

/// Events of one lot as they stand in a body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Part<'p> {
    /// What they have in common.
    pub(crate) common: &'p [u8],
    /// Their bytes, one after the other.
    pub(crate) events: &'p [u8],
}

impl Pending {
    /// Adds an event if there is room for it, and always if there is nothing yet. What `write` cannot write, and says
    /// so, is remembered as such.
    pub(crate) fn add(
        &mut self,
        limits: Limits,
        (stream, common): (u64, &[u8]),
        (number, id): (u64, &str),
        write: impl FnOnce(&mut Vec<u8>) -> bool,
    ) -> bool {
        let known = self.by_common.get(common).copied();
        let at = known.unwrap_or(self.lots.len());
        if known.is_none() {
            self.lots.push(Lot { common: common.to_vec(), ..Lot::default() });
        }
        let is_first = self.events == 0;
        let lot = &mut self.lots[at];
        let start = lot.bytes.len();
        let is_written = write(&mut lot.bytes);
        if !is_written {
            lot.bytes.truncate(start);
        }
        let overhead = if known.is_none() { limits.lot + common.len() } else { 0 };
        let more = lot.bytes.len() - start + overhead;
        if !is_first && (self.bytes + more > limits.body || self.events >= MOST_EVENTS) {
            lot.bytes.truncate(start);
            if known.is_none() {
                self.lots.pop();
            }
            return false;
        }
        if known.is_none() {
            self.by_common.insert(common.to_vec(), at);
        }
        self.bytes += more;
        if lot.streams.last() != Some(&stream) {
            lot.streams.push(stream);
        }
        self.events += 1;
        lot.ids.push_str(id);
        lot.events.push(Place { number, end: lot.bytes.len(), id_end: lot.ids.len(), is_written });
        true
    }

    /// How many bytes wait here.
    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }

    /// The events of each request to make, and the log streams whose order it keeps: none where requests hold a line.
    pub(crate) fn requests(&self, packing: Packing) -> Vec<(Vec<Spot>, Streams)> {
        let spots = |(at, lot): (usize, &Lot)| {
            (0..lot.events.len()).map(move |event| (count(at), count(event))).collect::<Vec<Spot>>()
        };
        let streams = |lots: &[Lot]| {
            let mut streams: Vec<u64> = lots.iter().flat_map(|lot| lot.streams.iter().copied()).collect();
            streams.sort_unstable();
            streams.dedup();
            Streams::from(streams)
        };
        let lots = self.lots.iter().enumerate();
        match packing {
            Packing::Mixed => {
                let all = lots.flat_map(spots).collect::<Vec<_>>();
                Some((all, streams(&self.lots))).into_iter().filter(|all| !all.0.is_empty()).collect()
            }
            Packing::Lot => lots.map(|lot| (spots(lot), streams(std::slice::from_ref(lot.1)))).collect(),
            Packing::Line => lots.flat_map(spots).map(|spot| (vec![spot], Streams::from([]))).collect(),
        }
    }

    /// One of the events for itself, at `(0, 0)`.
    pub(crate) fn only(&self, spot: Spot) -> Self {
        let (number, id, is_written) = self.event(spot);
        let lot = &self.lots[spot.0 as usize];
        let bytes = self.parts(&[spot]).first().map(|part| part.events.to_vec()).unwrap_or_default();
        let event = Place { number, end: bytes.len(), id_end: id.len(), is_written };
        let (streams, common, ids) = (lot.streams.clone(), lot.common.clone(), id.to_owned());
        let by_common = HashMap::new();
        let held = bytes.len();
        Self {
            lots: vec![Lot { streams, common, bytes, ids, events: vec![event] }],
            by_common,
            bytes: held,
            events: 1,
        }
    }

    /// The events of a request as they stand in its body. `spots` are one after the other.
    pub(crate) fn parts(&self, spots: &[Spot]) -> Vec<Part<'_>> {
        let runs = spots.chunk_by(|a, b| a.0 == b.0);
        let part = |run: &[Spot]| {
            let lot = &self.lots[run[0].0 as usize];
            let (first, last) = (run[0].1 as usize, run[run.len() - 1].1 as usize);
            let start = first.checked_sub(1).map_or(0, |before| lot.events[before].end);
            Part { common: &lot.common, events: &lot.bytes[start..lot.events[last].end] }
        };
        runs.map(part).filter(|part| !part.events.is_empty()).collect()
    }

    /// The number of an event, its id, and whether it could be written.
    pub(crate) fn event(&self, (lot, at): Spot) -> (u64, &str, bool) {
        let lot = &self.lots[lot as usize];
        let (at, place) = (at as usize, &lot.events[at as usize]);
        let start = at.checked_sub(1).map_or(0, |before| lot.events[before].id_end);
        let id: Range<usize> = start..place.id_end;
        (place.number, &lot.ids[id], place.is_written)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Bytes alone do not bound memory: a megabyte of empty lines is a million events.
    #[test]
    fn many_short_events_are_a_full_batch() {
        let limits = Limits { body: 1 << 20, lot: 0, packing: Packing::Mixed, in_flight: 1 };
        let mut pending = Pending::default();
        let mut add = |number: usize| {
            pending.add(limits, (0, b""), (number as u64, ""), |out| {
                out.push(b'\n');
                true
            })
        };
        assert_eq!((0..1 << 20).take_while(|number| add(*number)).count(), MOST_EVENTS);
        assert_eq!(pending.requests(Packing::Mixed)[0].0.len(), MOST_EVENTS);
    }

    proptest! {
        /// No batch is over the limit unless one event is; order is kept; all batches together are everything.
        #[test]
        fn batches_keep_limit_and_order(
            events in proptest::collection::vec((0u8..4, 0usize..60, any::<bool>()), 0..120),
            body in 20usize..200,
            packing in prop_oneof![Just(Packing::Mixed), Just(Packing::Lot), Just(Packing::Line)],
        ) {
            let limits = Limits { body, lot: 3, packing, in_flight: 1 };
            let mut pending = Pending::default();
            let mut seen: Vec<Vec<u64>> = vec![Vec::new(); 4];
            let mut drain = |pending: &mut Pending| {
                for (request, streams) in pending.requests(packing) {
                    let parts = pending.parts(&request);
                    let size: usize = parts.iter().map(|part| part.common.len() + 3 + part.events.len()).sum();
                    let written = request.iter().filter(|spot| pending.event(**spot).2).count();
                    prop_assert!(size <= body || written == 1, "{size} bytes of {written} events");
                    prop_assert!(packing == Packing::Mixed || parts.len() <= 1);
                    prop_assert!(packing != Packing::Line || request.len() == 1);
                    let bytes: Vec<u8> = parts.iter().flat_map(|part| part.events.to_vec()).collect();
                    let mut expected = Vec::new();
                    for spot in &request {
                        let (number, id, is_written) = pending.event(*spot);
                        prop_assert_eq!(id, number.to_string());
                        let (stream, length, _) = events[usize::try_from(number).unwrap()];
                        prop_assert_eq!(streams.contains(&stream.into()), packing != Packing::Line);
                        let only = pending.only(*spot);
                        prop_assert_eq!(only.event((0, 0)), pending.event(*spot));
                        prop_assert_eq!(only.parts(&[(0, 0)]), pending.parts(&[*spot]));
                        if is_written {
                            expected.extend(std::iter::repeat_n(stream, length));
                        }
                        seen[stream as usize].push(number);
                    }
                    prop_assert_eq!(bytes, expected);
                }
                *pending = Pending::default();
                Ok(())
            };
            for (number, (stream, length, is_written)) in events.iter().enumerate() {
                let id = number.to_string();
                let add = |pending: &mut Pending| {
                    pending.add(limits, ((*stream).into(), &[*stream]), (number as u64, &id), |out| {
                        out.extend(std::iter::repeat_n(*stream, *length));
                        *is_written
                    })
                };
                if !add(&mut pending) {
                    drain(&mut pending)?;
                    prop_assert!(add(&mut pending), "there is always room for the first");
                }
            }
            drain(&mut pending)?;
            for (stream, seen) in seen.iter().enumerate() {
                let all = events.iter().enumerate().filter(|(_, event)| event.0 as usize == stream);
                prop_assert_eq!(seen, &all.map(|(number, _)| number as u64).collect::<Vec<_>>());
            }
        }
    }
}
