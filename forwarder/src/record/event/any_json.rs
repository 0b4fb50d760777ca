//! Any JSON value as an invocation: what is not in the form that Lambda writes.

use std::fmt;

use serde::Deserialize;
use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

use ring::digest::{SHA256, digest};

use super::foreign::{Clues, RecordClues};
use super::{Data, Invocation, Record};

impl<'de> Deserialize<'de> for Invocation {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let (mut invocation, mut clues) = (Self::default(), Clues::default());
        deserializer.deserialize_any(Top(&mut invocation, &mut clues))?;
        invocation.is_direct = clues.awslogs && !clues.records;
        invocation.foreign = clues.verdict();
        Ok(invocation)
    }
}

#[derive(Deserialize)]
#[serde(field_identifier)]
enum Key {
    Records,
    #[serde(rename = "kinesis")]
    Kinesis,
    #[serde(rename = "eventID")]
    EventId,
    #[serde(rename = "sequenceNumber")]
    SequenceNumber,
    #[serde(rename = "data")]
    Data,
    #[serde(rename = "approximateArrivalTimestamp")]
    Arrived,
    #[serde(rename = "eventSourceARN")]
    Stream,
    #[serde(rename = "eventSource", alias = "EventSource")]
    Source,
    /// EventBridge names its source so.
    #[serde(rename = "source")]
    BusSource,
    /// Only Data Firehose has it.
    #[serde(rename = "deliveryStreamArn")]
    Firehose,
    #[serde(rename = "awslogs")]
    AwsLogs,
    #[serde(other)]
    Other,
}

/// Implements the methods of a `Visitor` for what is none of its business: it is read and dropped.
macro_rules! ignore {
    ($($kind:ident)*) => { $(ignore!(@$kind);)* };
    (@scalars) => {
        fn visit_unit<E>(self) -> Result<Self::Value, E> {
            Ok(Default::default())
        }
        fn visit_bool<E>(self, _: bool) -> Result<Self::Value, E> {
            Ok(Default::default())
        }
    };
    (@numbers) => {
        fn visit_i64<E>(self, _: i64) -> Result<Self::Value, E> {
            Ok(Default::default())
        }
        fn visit_u64<E>(self, _: u64) -> Result<Self::Value, E> {
            Ok(Default::default())
        }
        fn visit_f64<E>(self, _: f64) -> Result<Self::Value, E> {
            Ok(Default::default())
        }
    };
    (@text) => {
        fn visit_str<E>(self, _: &str) -> Result<Self::Value, E> {
            Ok(Default::default())
        }
    };
    (@list) => {
        fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
            while seq.next_element::<IgnoredAny>()?.is_some() {}
            Ok(Default::default())
        }
    };
    (@map) => {
        fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
            while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
            Ok(Default::default())
        }
    };
}

macro_rules! seed {
    ($name:ident, $value:ty) => {
        impl<'de> DeserializeSeed<'de> for $name<'_> {
            type Value = $value;
            fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<$value, D::Error> {
                deserializer.deserialize_any(self)
            }
        }
    };
}

/// The whole event.
struct Top<'a>(&'a mut Invocation, &'a mut Clues);

impl<'de> Visitor<'de> for Top<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an event")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let Self(invocation, clues) = self;
        while let Some(key) = map.next_key()? {
            match key {
                Key::Records => map.next_value_seed(Records(invocation, clues))?,
                Key::AwsLogs => {
                    clues.awslogs = true;
                    map.next_value_seed(Direct(invocation))?;
                }
                Key::Source | Key::BusSource if clues.named.is_none() => {
                    clues.named = map.next_value_seed(Text(invocation, |_, text| text.to_owned()))?;
                }
                Key::Firehose => {
                    clues.named = Some("aws:firehose".to_owned());
                    map.next_value::<IgnoredAny>()?;
                }
                _ => {
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        Ok(())
    }

    ignore!(scalars numbers text list);
}

/// The payload of a direct subscription. It is a record even without data, so that it is counted and named.
struct Direct<'a>(&'a mut Invocation);

impl<'de> DeserializeSeed<'de> for Direct<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        let (mut record, mut clues) = (Record::default(), RecordClues::default());
        let parts = RecordParts::new(self.0, &mut record, &mut clues);
        RecordParts { nested: true, ..parts }.deserialize(deserializer)?;
        let record = Record { data: record.data, ..Record::default() };
        self.0.push_direct(record);
        Ok(())
    }
}

impl Invocation {
    fn push_direct(&mut self, mut record: Record) {
        let data = match record.data {
            Data::Missing => &[],
            Data::Decoded(place) | Data::NotBase64(place) => &self.bytes[place.range()],
        };
        let sum = digest(&SHA256, data);
        let sum: String = sum.as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
        record.event_id = Some(self.push_text(&format!("awslogs:{sum}")));
        self.records.push(record);
    }
}

/// The list of records.
struct Records<'a>(&'a mut Invocation, &'a mut Clues);
seed!(Records, ());

impl<'de> Visitor<'de> for Records<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of records")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<(), A::Error> {
        self.1.records = true;
        let (mut record, mut clues) = (Record::default(), RecordClues::default());
        while seq.next_element_seed(RecordParts::new(self.0, &mut record, &mut clues))?.is_some() {
            self.1.note(std::mem::take(&mut clues), !matches!(record.data, Data::Missing));
            // An empty sequence number names nothing, and reporting one fails the whole batch.
            record.sequence = record.sequence.filter(|place| !place.range().is_empty());
            self.0.records.push(std::mem::take(&mut record));
        }
        Ok(())
    }

    ignore!(scalars numbers text map);
}

/// A record, or the object inside it that holds its data: their keys do not collide.
struct RecordParts<'a> {
    invocation: &'a mut Invocation,
    record: &'a mut Record,
    clues: &'a mut RecordClues,
    /// Whether this is the object inside. Data stands only there.
    nested: bool,
}
seed!(RecordParts, ());

impl<'a> RecordParts<'a> {
    fn new(invocation: &'a mut Invocation, record: &'a mut Record, clues: &'a mut RecordClues) -> Self {
        Self { invocation, record, clues, nested: false }
    }
}

impl<'de> Visitor<'de> for RecordParts<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a record")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let Self { invocation, record, clues, nested } = self;
        while let Some(key) = map.next_key()? {
            match key {
                Key::Kinesis => {
                    clues.kinesis = true;
                    map.next_value_seed(RecordParts { invocation, record, clues, nested: true })?;
                }
                Key::Source => {
                    clues.source = map.next_value_seed(Text(invocation, |_, text| text.to_owned()))?
                }
                Key::EventId => {
                    record.event_id = map.next_value_seed(Text(invocation, Invocation::push_text))?
                }
                Key::SequenceNumber => {
                    record.sequence = map.next_value_seed(Text(invocation, Invocation::push_text))?;
                }
                Key::Data if nested => {
                    let data = map.next_value_seed(Text(invocation, Invocation::push_data))?;
                    record.data = data.unwrap_or_default();
                }
                Key::Arrived => record.arrived = map.next_value_seed(Number(()))?.unwrap_or(f64::NAN),
                Key::Stream if invocation.source.is_none() => {
                    invocation.source = map.next_value_seed(Text(invocation, Invocation::push_text))?;
                }
                _ => {
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        Ok(())
    }

    ignore!(scalars numbers text list);
}

/// A text, handed to a function of the invocation without being copied first; anything else is none.
struct Text<'a, T>(&'a mut Invocation, fn(&mut Invocation, &str) -> T);

impl<'de, T> DeserializeSeed<'de> for Text<'_, T> {
    type Value = Option<T>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Option<T>, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de, T> Visitor<'de> for Text<'_, T> {
    type Value = Option<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a text")
    }

    fn visit_str<E>(self, text: &str) -> Result<Option<T>, E> {
        Ok(Some(self.1(self.0, text)))
    }

    ignore!(scalars numbers list map);
}

/// A number; anything else is none.
struct Number<T>(T);

impl<'de> DeserializeSeed<'de> for Number<()> {
    type Value = Option<f64>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Option<f64>, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Number<()> {
    type Value = Option<f64>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a number")
    }

    fn visit_f64<E>(self, number: f64) -> Result<Option<f64>, E> {
        Ok(Some(number))
    }

    #[allow(clippy::cast_precision_loss, reason = "seconds of our time are exact in 53 bits")]
    fn visit_u64<E>(self, number: u64) -> Result<Option<f64>, E> {
        Ok(Some(number as f64))
    }

    fn visit_i64<E>(self, _: i64) -> Result<Option<f64>, E> {
        Ok(None)
    }

    ignore!(scalars text list map);
}
