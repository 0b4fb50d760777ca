//! One JSON document of the input: which of the accepted forms it has, and the records it holds.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use cwl2le_forwarder::record::event::Invocation;
use serde::de::{Deserializer, IgnoredAny, SeqAccess, Visitor};
use serde::{Deserialize, Serialize};
use serde_json::json;
use serde_json::value::RawValue;

use super::hints::Hints;
use super::listed::{Grouping, Listed};
use super::record::Record;
use super::unusable::{broken, unknown};
use crate::error::{Code, Error, Result};

/// Maximum depth of forms within forms, such as an invocation in an invocation record in a message of SQS in a list.
const DEPTH: usize = 5;

/// What an object is, by its keys.
#[derive(Deserialize)]
struct Keys<'a> {
    #[serde(rename = "messageType")]
    message_type: Option<IgnoredAny>,
    /// Of an invocation, and of `aws kinesis get-records`.
    #[serde(rename = "Records", borrow)]
    records: Option<&'a RawValue>,
    /// Of `aws logs filter-log-events` and `get-log-events`.
    #[serde(borrow)]
    events: Option<&'a RawValue>,
    /// Of an invocation by a subscription that leads straight to a function.
    #[serde(borrow)]
    awslogs: Option<&'a RawValue>,
    /// Of an invocation record: what Lambda sends to an on-failure destination.
    #[serde(rename = "KinesisBatchInfo", borrow)]
    batch: Option<&'a RawValue>,
    /// The invocation in such a record; S3 gets it, SQS and SNS do not.
    #[serde(borrow)]
    payload: Option<&'a RawValue>,
    /// The same where the function was invoked asynchronously, as by a subscription.
    #[serde(rename = "requestPayload", borrow)]
    request_payload: Option<&'a RawValue>,
    /// Of `aws sqs receive-message`.
    #[serde(rename = "Messages", borrow)]
    messages: Option<&'a RawValue>,
    /// Of a message in it, and of a notification of SNS.
    #[serde(rename = "Body", alias = "Message", borrow)]
    body: Option<&'a RawValue>,
    /// Of one record of `aws kinesis get-records`.
    #[serde(rename = "Data")]
    data: Option<IgnoredAny>,
}

/// One record of `aws kinesis get-records`.
#[derive(Deserialize, Serialize)]
struct StreamRecord {
    #[serde(rename(deserialize = "Data", serialize = "data"))]
    data: String,
    #[serde(default, rename(deserialize = "SequenceNumber", serialize = "sequenceNumber"))]
    sequence: Option<String>,
}

/// What an invocation record without an invocation tells about the records that it stands for.
#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct Batch {
    shard_id: String,
    start_sequence_number: String,
    end_sequence_number: String,
    stream_arn: String,
    batch_size: u64,
}

/// Collects the records of one document.
pub(super) struct Reader<'h> {
    hints: &'h Hints,
    records: Vec<Record>,
    /// Events that are listed one by one, and not yet a record.
    listed: Grouping,
}

impl<'h> Reader<'h> {
    /// The records of one document.
    ///
    /// # Errors
    /// [`Code::Usage`]: it has none of the accepted forms, or says too little.
    pub(super) fn read(json: &str, hints: &'h Hints) -> Result<Vec<Record>> {
        let mut reader = Self { hints, records: Vec::new(), listed: Grouping::default() };
        reader.any(json, DEPTH)?;
        reader.finish_listed();
        Ok(reader.records)
    }

    fn any(&mut self, json: &str, depth: usize) -> Result<()> {
        let Some(depth) = depth.checked_sub(1) else { return Err(unknown("it is nested too deeply")) };
        if json.starts_with('[') {
            each(json, |one| self.any(one.get(), depth))
        } else if json.starts_with('{') {
            self.object(json, depth)
        } else {
            Err(unknown("a list holds something that is no object"))
        }
    }

    fn object(&mut self, json: &str, depth: usize) -> Result<()> {
        let keys: Keys<'_> = serde_json::from_str(json).map_err(|error| broken(&error))?;
        if let Some(events) = keys.events {
            return each(events.get(), |event| {
                self.event(event.get(), "an event in it has no text `message`")
            });
        }
        if keys.message_type.is_some() {
            self.push([Record::compress(json.as_bytes())]);
        } else if let Some(records) = keys.records {
            let invocation = match serde_json::from_str::<Vec<StreamRecord>>(records.get()) {
                Ok(records) => invocation_of(&records),
                Err(_) => serde_json::from_str(json),
            };
            self.push(Record::all_of(&invocation.map_err(|error| broken(&error))?));
        } else if let Some(logs) = keys.awslogs {
            self.push([subscribed(logs)]);
        } else if let Some(payload) = keys.payload.or(keys.request_payload) {
            self.text(payload, depth)?;
        } else if let Some(batch) = keys.batch {
            return Err(serde_json::from_str::<Batch>(batch.get()).unwrap_or_default().not_here());
        } else if let Some(messages) = keys.messages {
            self.any(messages.get(), depth)?;
        } else if let Some(body) = keys.body {
            self.text(body, depth)?;
        } else if keys.data.is_some() {
            let record = serde_json::from_str::<StreamRecord>(json).map_err(|error| broken(&error))?;
            let invocation = invocation_of(&[record]).map_err(|error| broken(&error))?;
            self.push(Record::all_of(&invocation));
        } else {
            self.event(json, "it has none of their keys")?;
        }
        Ok(())
    }

    /// A document that another one holds as text, or as it is.
    fn text(&mut self, json: &RawValue, depth: usize) -> Result<()> {
        if !json.get().starts_with('"') {
            return self.any(json.get(), depth);
        }
        let text: String = serde_json::from_str(json.get()).map_err(|error| broken(&error))?;
        // Checks that all of it is JSON.
        let inner: &RawValue = serde_json::from_str(&text).map_err(|error| broken(&error))?;
        self.any(inner.get(), depth)
    }

    /// An event of `aws logs`; `otherwise` says what the input is if it is none.
    fn event(&mut self, json: &str, otherwise: &str) -> Result<()> {
        let event: Listed = serde_json::from_str(json).map_err(|_| unknown(otherwise))?;
        self.records.extend(self.listed.push(self.hints.origin()?, event));
        Ok(())
    }

    fn push(&mut self, records: impl IntoIterator<Item = Record>) {
        self.finish_listed();
        self.records.extend(records);
    }

    fn finish_listed(&mut self) {
        if let Ok(origin) = self.hints.origin() {
            self.records.extend(self.listed.finish(origin));
        }
    }
}

/// The invocation that the records of a stream make.
fn invocation_of(records: &[StreamRecord]) -> serde_json::Result<Invocation> {
    let records: Vec<_> = records.iter().map(|record| json!({ "kinesis": record })).collect();
    serde_json::from_value(json!({ "Records": records }))
}

/// The record in the event of a subscription that leads straight to a function: `{"data": BASE64}`.
fn subscribed(logs: &RawValue) -> Record {
    #[derive(Deserialize)]
    struct Logs {
        data: String,
    }
    match serde_json::from_str::<Logs>(logs.get()) {
        Ok(logs) => STANDARD.decode(logs.data).map_or(Record::NotBase64, Record::Data),
        Err(_) => Record::NoData,
    }
}

impl Batch {
    /// The records are not in the input, but perhaps still in the stream.
    fn not_here(&self) -> Error {
        let Self { shard_id, start_sequence_number: first, end_sequence_number: last, stream_arn, .. } = self;
        let message = format!(
            "this invocation record holds no records: it only names {} records, {first} to {last} of {shard_id} of {stream_arn}",
            self.batch_size
        );
        Error::new(Code::Usage, message).hint(format!(
            "SQS and SNS get no records, only S3 does. While the stream retains them, read them with `aws kinesis \
             get-shard-iterator --stream-arn {stream_arn} --shard-id {shard_id} --shard-iterator-type \
             AT_SEQUENCE_NUMBER --starting-sequence-number {first}` and `aws kinesis get-records --shard-iterator \
             ITERATOR`, and forward the output"
        ))
    }
}

/// Calls `take` with each element of a JSON list, one at a time.
fn each(json: &str, take: impl FnMut(&RawValue) -> Result<()>) -> Result<()> {
    let mut elements = Elements { take, failed: None };
    let read = serde_json::Deserializer::from_str(json).deserialize_seq(&mut elements);
    match elements.failed {
        Some(error) => Err(error),
        None => read.map_err(|error| broken(&error)),
    }
}

struct Elements<F> {
    take: F,
    /// What `take` refused; the parser's own errors cannot hold it.
    failed: Option<Error>,
}

impl<'de, F: FnMut(&'de RawValue) -> Result<()>> Visitor<'de> for &mut Elements<F> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<(), A::Error> {
        while let Some(element) = list.next_element()? {
            if let Err(error) = (self.take)(element) {
                self.failed = Some(error);
                return Err(serde::de::Error::custom("refused"));
            }
        }
        Ok(())
    }
}
