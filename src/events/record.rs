//! Records as a Kinesis trigger hands them to the function.

use std::collections::BTreeMap;
use std::io::Write;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use cwl2le_forwarder::record::event::{Invocation, NoData};
use cwl2le_forwarder::record::parts::Parts;
use cwl2le_forwarder::record::payload::{Cap, Poison, gunzip, parse};
use flate2::Compression;
use flate2::write::GzEncoder;
use serde::{Deserialize, Serialize};
use serde_json::json;
use serde_json::value::RawValue;

/// Maximum size of a decompressed record: that of the largest function.
pub(crate) fn cap() -> Cap {
    Cap::for_memory(10_240)
}

/// Where events come from, as the payload of a subscription says it.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Origin<'a> {
    /// The account.
    pub(crate) owner: &'a str,
    /// The log group.
    pub(crate) log_group: &'a str,
    /// The log stream.
    pub(crate) log_stream: &'a str,
    /// The subscription filter.
    pub(crate) filter: &'a str,
}

/// An event as the payload of a subscription holds it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct SavedEvent {
    /// Its id; empty where it is not known.
    #[serde(default)]
    pub(crate) id: String,
    /// Milliseconds since 1970.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) timestamp: Option<i64>,
    /// The message.
    pub(crate) message: String,
}

/// The data of one record, valid or not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Record {
    /// Bytes: gzip, if they are of CloudWatch Logs.
    Data(Vec<u8>),
    /// Text that is not Base64.
    NotBase64,
    /// No data field.
    NoData,
}

impl Record {
    /// The record that a subscription makes of events.
    pub(crate) fn of(origin: Origin<'_>, events: &[SavedEvent]) -> Self {
        let payload = json!({
            "messageType": "DATA_MESSAGE",
            "owner": origin.owner,
            "logGroup": origin.log_group,
            "logStream": origin.log_stream,
            "subscriptionFilters": [origin.filter],
            "logEvents": events,
        });
        Self::compress(payload.to_string().as_bytes())
    }

    /// The record of a payload that is not compressed yet.
    pub(crate) fn compress(payload: &[u8]) -> Self {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        // Bytes are written into memory: this cannot fail.
        let _ = encoder.write_all(payload);
        Self::Data(encoder.finish().unwrap_or_default())
    }

    /// The records of an invocation of the function. What a producer has packed into one becomes several.
    pub(crate) fn all_of(invocation: &Invocation) -> Vec<Self> {
        let parts = Parts::of(invocation);
        let records = parts.records().enumerate();
        records
            .map(|(at, record)| match parts.data(at) {
                Ok(data) => Self::Data(data.to_vec()),
                Err(_) => match invocation.data(record as usize) {
                    Ok(data) => Self::Data(data.to_vec()),
                    Err(NoData::NotBase64) => Self::NotBase64,
                    Err(NoData::Missing) => Self::NoData,
                },
            })
            .collect()
    }

    /// How many events it has; none if it cannot be parsed.
    pub(crate) fn events(&self) -> usize {
        let mut payload = Vec::new();
        self.payload(&mut payload).ok().and_then(|()| Some(parse(&payload).ok()?.events.len())).unwrap_or(0)
    }

    /// The record without its first events. A record that cannot be parsed stays as it is.
    pub(crate) fn without(self, first: usize) -> Self {
        let mut payload = Vec::new();
        let rest = self.payload(&mut payload).ok().and_then(|()| without(&payload, first));
        rest.map_or(self, |rest| Self::compress(&rest))
    }

    /// The payload, decompressed.
    pub(crate) fn payload(&self, out: &mut Vec<u8>) -> Result<(), Poison> {
        match self {
            Self::Data(data) => gunzip(data, cap(), out),
            Self::NotBase64 => Err(Poison::NotBase64),
            Self::NoData => Err(Poison::NoData),
        }
    }

    /// How many bytes it has.
    pub(crate) fn len(&self) -> usize {
        if let Self::Data(data) = self { data.len() } else { 0 }
    }
}

/// A payload without its first events.
fn without(payload: &[u8], first: usize) -> Option<Vec<u8>> {
    let mut fields: BTreeMap<String, &RawValue> = serde_json::from_slice(payload).ok()?;
    let events: Vec<&RawValue> = serde_json::from_str(fields.get("logEvents")?.get()).ok()?;
    let rest = serde_json::value::to_raw_value(events.get(first..).unwrap_or_default()).ok()?;
    fields.insert("logEvents".to_owned(), &rest);
    serde_json::to_vec(&fields).ok()
}

/// The invocation that hands records to the function; the first has the number `first`.
pub(crate) fn invocation(records: &[Record], first: u64) -> Result<Invocation, serde_json::Error> {
    let records = records.iter().zip(first..).map(|(record, number)| {
        let sequence = format!("{:056}", number + 1);
        let mut kinesis = json!({ "sequenceNumber": sequence });
        match record {
            Record::Data(data) => kinesis["data"] = STANDARD.encode(data).into(),
            Record::NotBase64 => kinesis["data"] = "!".into(),
            Record::NoData => {}
        }
        json!({ "kinesis": kinesis, "eventID": format!("shardId-000000000000:{sequence}") })
    });
    serde_json::from_value(json!({ "Records": records.collect::<Vec<_>>() }))
}
