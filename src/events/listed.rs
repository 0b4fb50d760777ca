//! Events that are saved one by one: as AWS lists them, and as CloudWatch Logs exports them.

use std::io::{self, BufRead, Read as _};
use std::time::UNIX_EPOCH;

use serde::Deserialize;

use super::record::{Origin, Record, SavedEvent};

/// Events and bytes of messages in one record, about as many as CloudWatch Logs puts there.
const EVENTS_A_RECORD: usize = 500;
const BYTES_A_RECORD: usize = 256 * 1024;
/// Maximum size of a message of an export, in bytes. CloudWatch Logs itself takes events of up to 1 MiB.
const MESSAGE: usize = 16 << 20;

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

/// Makes records of such events. Neighbours of one stream share a record.
#[derive(Default)]
pub(super) struct Grouping {
    /// The stream that the open events name; the origin's if they name none.
    stream: Option<String>,
    open: Vec<SavedEvent>,
    bytes: usize,
}

impl Grouping {
    /// Takes the next event; returns the record before it, once that is complete.
    pub(super) fn push(&mut self, origin: Origin<'_>, event: Listed) -> Option<Record> {
        let is_full = self.open.len() >= EVENTS_A_RECORD || self.bytes >= BYTES_A_RECORD;
        let ended = if is_full || event.log_stream_name != self.stream { self.finish(origin) } else { None };
        self.stream = event.log_stream_name;
        self.bytes += event.message.len();
        let id = event.event_id.unwrap_or_default();
        self.open.push(SavedEvent { id, timestamp: event.timestamp, message: event.message });
        ended
    }

    /// The record of the events that are left.
    pub(super) fn finish(&mut self, origin: Origin<'_>) -> Option<Record> {
        self.bytes = 0;
        let events = std::mem::take(&mut self.open);
        let log_stream = self.stream.as_deref().unwrap_or(origin.log_stream);
        (!events.is_empty()).then(|| Record::of(Origin { log_stream, ..origin }, &events))
    }
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
        // None means the end: a message may have more lines than fit into a record.
        while events.is_empty() || (events.len() < EVENTS_A_RECORD && bytes < BYTES_A_RECORD) {
            self.line.clear();
            let most = MESSAGE as u64 + 1;
            if self.reader.by_ref().take(most).read_until(b'\n', &mut self.line)? == 0 {
                events.extend(self.open.take());
                break;
            }
            let line = String::from_utf8_lossy(&self.line);
            match begin(&line) {
                _ if self.line.len() > MESSAGE => return Err(too_large()),
                Some(event) => events.extend(self.open.replace(event)),
                None => match &mut self.open {
                    Some(event) if event.message.len() + line.len() > MESSAGE => return Err(too_large()),
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

fn too_large() -> io::Error {
    let what = format!("a message of more than {} MiB, the limit of one message in an export", MESSAGE >> 20);
    io::Error::new(io::ErrorKind::InvalidData, what)
}

/// The event that begins with a line of an export.
fn begin(line: &str) -> Option<SavedEvent> {
    let (time, rest) = line.split_at_checked(TIME)?;
    let time = humantime::parse_rfc3339(time).ok()?;
    let message = rest.strip_prefix(' ')?.to_owned();
    let timestamp = i64::try_from(time.duration_since(UNIX_EPOCH).ok()?.as_millis()).ok();
    Some(SavedEvent { id: String::new(), timestamp, message })
}
