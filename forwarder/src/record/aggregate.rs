//! Records that a producer packed into one: the aggregation format of the Kinesis Producer Library.
//!
//! CloudWatch Logs does not write it, but relays that copy its records from stream to stream do. The format
//! is documented by AWS (`aggregation-format.md` of `awslabs/amazon-kinesis-producer`): a magic number, the
//! protobuf message `AggregatedRecord`, and the MD5 sum of that message. Of its fields only `records` and in
//! those only `data` matter here; the rest is checked for form and passed over.

use std::fmt;
use std::ops::Range;

use md5::{Digest, Md5};

/// The first bytes of an aggregated record. Gzip begins otherwise.
pub const MAGIC: [u8; 4] = [0xf3, 0x89, 0x9a, 0xc2];

/// How many records one may hold. The library itself packs 50 KB; at this number a part has a hundred bytes
/// of the largest Kinesis record of 1 MiB, less than the smallest payload of CloudWatch Logs.
pub const MOST_PARTS: usize = 10_000;

/// The bytes of the MD5 sum at the end.
const SUM: usize = 16;

/// Why an aggregated record cannot be taken apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Damage {
    /// It ends before its checksum.
    Truncated,
    /// The checksum is another one.
    WrongSum,
    /// It is no protobuf message of this kind.
    Malformed,
    /// It holds no records.
    Empty,
    /// It holds more than [`MOST_PARTS`].
    TooMany,
}

impl fmt::Display for Damage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Truncated => f.write_str("it ends before its checksum"),
            Self::WrongSum => f.write_str("its checksum is wrong"),
            Self::Malformed => f.write_str("it is not the message that the library writes"),
            Self::Empty => f.write_str("it holds no records"),
            Self::TooMany => write!(f, "it holds more than {MOST_PARTS} records"),
        }
    }
}

/// Where in an aggregated record the data of each of its records is, in order. `None` when `data` is not
/// aggregated.
pub fn parts(data: &[u8]) -> Option<Result<Vec<Range<usize>>, Damage>> {
    data.starts_with(&MAGIC).then(|| unpack(data))
}

fn unpack(data: &[u8]) -> Result<Vec<Range<usize>>, Damage> {
    let end = data.len().checked_sub(SUM).filter(|end| *end >= MAGIC.len()).ok_or(Damage::Truncated)?;
    if Md5::digest(&data[MAGIC.len()..end])[..] != data[end..] {
        return Err(Damage::WrongSum);
    }
    let mut message = Message { data, at: MAGIC.len(), end };
    let mut parts = Vec::new();
    while let Some(field) = message.next()? {
        match field {
            (3, Value::Bytes(record)) if parts.len() < MOST_PARTS => parts.push(user_data(data, record)?),
            (3, Value::Bytes(_)) => return Err(Damage::TooMany),
            (1..=3, Value::Number) => return Err(Damage::Malformed),
            _ => {}
        }
    }
    if parts.is_empty() { Err(Damage::Empty) } else { Ok(parts) }
}

/// The `data` of one `Record`, which is a required field; the last one counts, as protobuf has it.
fn user_data(data: &[u8], record: Range<usize>) -> Result<Range<usize>, Damage> {
    let mut message = Message { data, at: record.start, end: record.end };
    let mut found = None;
    while let Some(field) = message.next()? {
        if let (3, Value::Bytes(range)) = field {
            found = Some(range);
        }
    }
    found.ok_or(Damage::Malformed)
}

/// A protobuf message between two places of `data`, read field by field.
struct Message<'a> {
    data: &'a [u8],
    at: usize,
    end: usize,
}

/// The value of a field, as far as its place goes.
enum Value {
    Number,
    Bytes(Range<usize>),
}

impl Message<'_> {
    /// The next field's number and value.
    fn next(&mut self) -> Result<Option<(u64, Value)>, Damage> {
        if self.at == self.end {
            return Ok(None);
        }
        let tag = self.varint()?;
        let value = match tag & 7 {
            0 => self.varint().map(|_| Value::Number)?,
            1 => self.skip(8).map(|_| Value::Number)?,
            2 => {
                let length = usize::try_from(self.varint()?).map_err(|_| Damage::Malformed)?;
                Value::Bytes(self.skip(length)?)
            }
            5 => self.skip(4).map(|_| Value::Number)?,
            // Groups are not part of the format.
            _ => return Err(Damage::Malformed),
        };
        Ok(Some((tag >> 3, value)))
    }

    fn skip(&mut self, length: usize) -> Result<Range<usize>, Damage> {
        let start = self.at;
        self.at = start.checked_add(length).filter(|at| *at <= self.end).ok_or(Damage::Malformed)?;
        Ok(start..self.at)
    }

    /// Seven bits a byte, the least first, ten bytes at most.
    fn varint(&mut self) -> Result<u64, Damage> {
        let mut value = 0_u64;
        for shift in (0..64).step_by(7) {
            let byte = self.data[self.skip(1)?.start];
            value |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Ok(value);
            }
        }
        Err(Damage::Malformed)
    }
}

#[cfg(test)]
mod tests;
