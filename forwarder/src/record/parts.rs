//! What the records of an invocation hold: one payload each, or several when a producer packed them into one.
//!
//! A part is what is decoded, routed, delivered and remembered. A record is what AWS counts and sends again.

use std::borrow::Cow;
use std::collections::HashMap;
use std::ops::Range;

use crate::record::aggregate::{self, Damage};
use crate::record::event::{Invocation, NoData, count};
use crate::record::payload::Poison;

/// One part. Small, because there may be some hundred thousand of them.
#[derive(Clone, Copy, Debug)]
struct Part {
    record: u32,
    /// Its number within its record, from 0.
    number: u32,
    start: u32,
    /// Beyond the end of the data where it is the whole.
    end: u32,
}

/// All parts of an invocation, in order. Every record has at least one.
#[derive(Debug)]
pub struct Parts<'a> {
    invocation: &'a Invocation,
    parts: Vec<Part>,
    /// The records that cannot be taken apart.
    damaged: HashMap<u32, Damage>,
    /// The first record that has to wait for another invocation.
    postponed: Option<u32>,
}

impl<'a> Parts<'a> {
    /// Takes the records apart that are packed; the others are one part each. Nothing is copied.
    pub fn of(invocation: &'a Invocation) -> Self {
        Self::within(invocation, usize::MAX)
    }

    /// The same, of as many records as have up to `most` parts together, and of the first one in any case. The others
    /// are one part each, and have to wait for another invocation: see [`Parts::postponed`].
    ///
    /// A record can be packed with 10,000 parts in 40 KB, and an invocation with over a hundred such records. What
    /// CloudWatch Logs writes is too large for that, so this postpones nothing real; it keeps the process alive.
    pub fn within(invocation: &'a Invocation, most: usize) -> Self {
        let mut parts = Vec::with_capacity(invocation.len());
        let (mut damaged, mut postponed) = (HashMap::new(), None);
        // An invocation is at most 6 MB, so 32 bits count everything in it.
        for (at, record) in (0..invocation.len()).zip(0_u32..) {
            let whole = Part { record, number: 0, start: 0, end: u32::MAX };
            match invocation.data(at).ok().filter(|_| postponed.is_none()).and_then(aggregate::parts) {
                Some(Ok(packed)) if record > 0 && parts.len() + packed.len() > most => {
                    postponed = Some(record);
                    parts.push(whole);
                }
                Some(Ok(packed)) => parts.extend((0..).zip(packed).map(|(number, range)| {
                    let [start, end] = [range.start, range.end].map(count);
                    Part { record, number, start, end }
                })),
                Some(Err(damage)) => {
                    damaged.insert(record, damage);
                    parts.push(whole);
                }
                None => parts.push(whole),
            }
        }
        Self { invocation, parts, damaged, postponed }
    }

    /// The positions of the parts that have to wait for another invocation, which AWS makes when their records are
    /// reported as failed.
    pub fn postponed(&self) -> Range<usize> {
        let first = self.postponed.map(|first| self.parts.partition_point(|part| part.record < first));
        first.unwrap_or(self.parts.len())..self.parts.len()
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.parts.len()
    }

    /// Whether there are none, which is when there are no records.
    pub fn is_empty(&self) -> bool {
        self.parts.is_empty()
    }

    /// Whether they came by a direct subscription, see [`Invocation::is_direct`]: no other function sees them.
    pub(crate) fn is_direct(&self) -> bool {
        self.invocation.is_direct()
    }

    /// The record that each part is of, in order.
    pub fn records(&self) -> impl Iterator<Item = u32> {
        self.parts.iter().map(|part| part.record)
    }

    /// What a part is remembered by: the `eventID` of its record, and from the second part on its number.
    pub fn id(&self, at: usize) -> Option<Cow<'a, str>> {
        let part = self.parts.get(at)?;
        let record = self.invocation.event_id(part.record as usize)?;
        Some(if part.number == 0 { record.into() } else { format!("{record}#{}", part.number).into() })
    }

    /// When the record of a part arrived in the stream, in seconds since 1970.
    pub fn arrived(&self, at: usize) -> Option<f64> {
        self.invocation.arrived(self.parts.get(at)?.record as usize)
    }

    /// How many bytes of data a part has.
    pub fn size(&self, at: usize) -> usize {
        self.parts.get(at).map_or(0, |part| match part.end {
            u32::MAX => self.invocation.data(part.record as usize).unwrap_or_default().len(),
            end => (end - part.start) as usize,
        })
    }

    /// Prefetches the data of a part that will be read soon.
    pub(crate) fn prefetch(&self, at: usize) {
        if let Some(part) = self.parts.get(at) {
            self.invocation.prefetch(part.record as usize);
        }
    }

    /// The data of a part: for CloudWatch Logs, gzip.
    ///
    /// # Errors
    /// When there is none.
    pub fn data(&self, at: usize) -> Result<&[u8], Poison> {
        let part = self.parts.get(at).ok_or(Poison::NoData)?;
        if let Some(damage) = self.damaged.get(&part.record) {
            return Err(Poison::BrokenAggregate(*damage));
        }
        let data = self.invocation.data(part.record as usize).map_err(|why| match why {
            NoData::Missing => Poison::NoData,
            NoData::NotBase64 => Poison::NotBase64,
        })?;
        data.get(part.start as usize..data.len().min(part.end as usize)).ok_or(Poison::NoData)
    }
}
