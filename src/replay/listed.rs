//! Events that are saved one by one: as AWS lists them, and as CloudWatch Logs exports them.

use std::io::{self, BufRead};
use std::time::UNIX_EPOCH;

use serde::Deserialize;

use super::record::{Origin, Record, SavedEvent};

/// Events and bytes of messages in one record, about as many as CloudWatch Logs puts there.
const EVENTS_A_RECORD: usize = 500;
const BYTES_A_RECORD: usize = 256 * 1024;

/// The length of `2016-09-17T10:28:49.663Z`.
const TIME: usize = 24;

/// An event of `aws logs filter-log-events` or `get-log-events`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Listed {
    pub(super) log_stream_name: Option<String>,
    pub(super) timestamp: Option<i64>,
    pub(super) message: String,
    pub(super) event_id: Option<String>,
}

/// The records of such events. Neighbours of one stream share a record.
pub(super) fn records(origin: Origin<'_>, events: impl IntoIterator<Item = Listed>) -> Vec<Record> {
    let mut records = Vec::new();
    let (mut stream, mut open, mut bytes) = (String::new(), Vec::new(), 0);
    for event in events {
        let of = event.log_stream_name.unwrap_or_else(|| origin.log_stream.to_owned());
        if !open.is_empty() && (of != stream || open.len() >= EVENTS_A_RECORD || bytes >= BYTES_A_RECORD) {
            records.push(Record::of(Origin { log_stream: &stream, ..origin }, &open));
            open.clear();
            bytes = 0;
        }
        stream = of;
        bytes += event.message.len();
        let id = event.event_id.unwrap_or_default();
        open.push(SavedEvent { id, timestamp: event.timestamp, message: event.message });
    }
    if !open.is_empty() {
        records.push(Record::of(Origin { log_stream: &stream, ..origin }, &open));
    }
    records
}

/// Reads the lines of an export, `TIME MESSAGE`. A line without a time belongs to the message before it.
pub(super) struct Export<R> {
    reader: R,
    line: Vec<u8>,
    /// The event whose end has not been seen.
    open: Option<SavedEvent>,
}

impl<R: BufRead> Export<R> {
    pub(super) fn new(reader: R) -> Self {
        Self { reader, line: Vec::new(), open: None }
    }

    /// The events of the next record; none at the end.
    pub(super) fn next(&mut self) -> io::Result<Vec<SavedEvent>> {
        let (mut events, mut bytes) = (Vec::new(), 0);
        while events.len() < EVENTS_A_RECORD && bytes < BYTES_A_RECORD {
            self.line.clear();
            if self.reader.read_until(b'\n', &mut self.line)? == 0 {
                events.extend(self.open.take());
                break;
            }
            let line = String::from_utf8_lossy(&self.line);
            match begin(&line) {
                Some(event) => events.extend(self.open.replace(event)),
                None => match &mut self.open {
                    Some(event) => event.message.push_str(&line),
                    None => {
                        let what = "a line of an export begins with a time like 2016-09-17T10:28:49.663Z";
                        return Err(io::Error::new(io::ErrorKind::InvalidData, what));
                    }
                },
            }
            bytes += line.len();
        }
        Ok(events)
    }
}

/// The event that begins with a line of an export.
fn begin(line: &str) -> Option<SavedEvent> {
    let (time, rest) = line.split_at_checked(TIME)?;
    let time = humantime::parse_rfc3339(time).ok()?;
    let message = rest.strip_prefix(' ')?.to_owned();
    let timestamp = i64::try_from(time.duration_since(UNIX_EPOCH).ok()?.as_millis()).ok();
    Some(SavedEvent { id: String::new(), timestamp, message })
}
