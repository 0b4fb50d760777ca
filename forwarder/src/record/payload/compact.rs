//! A payload as CloudWatch Logs writes it, read without a general parser.
//!
//! It is JSON without spaces, of this form. Anything else is `None`, and serde_json decides; what is read is what
//! serde_json would have read. The members of a payload come in any order, each at most once; those of an event in this
//! order. PLAIN, TEXT and DIGITS are those of [`cursor`](crate::record::json::cursor).
//!
//! ```text
//! payload = { MEMBER , ... }
//! MEMBER  = "messageType":PLAIN | "owner":PLAIN | "logGroup":PLAIN | "logStream":PLAIN | "policyLevel":PLAIN
//!         | "subscriptionFilters":[PLAIN,...] | "logEvents":[EVENT,...]
//! EVENT   = {"id":PLAIN,"timestamp":DIGITS,"message":TEXT}
//!         | {"id":PLAIN,"timestamp":DIGITS,"message":TEXT,"extractedFields":{TEXT:TEXT,...}}
//! ```

use std::ops::Range;

use super::decoded::{Labels, LogEvent, MessageType, Payload};
use crate::record::json::cursor::{Cursor, once};

/// The payload that a text is, of up to `most` events.
pub(crate) fn payload(json: &str, most: usize) -> Option<Payload<'_>> {
    let mut cursor = Cursor { text: json.as_bytes(), at: 0 };
    let (mut message_type, mut owner, mut log_group, mut log_stream) = (None, None, None, None);
    let (mut filters, mut events) = (None, None);
    cursor.expect(b"{")?;
    loop {
        cursor.expect(b"\"")?;
        let key = cursor.plain()?;
        cursor.expect(b":")?;
        match &json.as_bytes()[key] {
            b"messageType" => once(&mut message_type, cursor.text(json)?)?,
            b"owner" => once(&mut owner, cursor.text(json)?)?,
            b"logGroup" => once(&mut log_group, cursor.text(json)?)?,
            b"logStream" => once(&mut log_stream, cursor.text(json)?)?,
            b"policyLevel" => {
                cursor.text(json)?;
            }
            b"subscriptionFilters" => {
                once(&mut filters, cursor.list(1, usize::MAX, |cursor| cursor.text(json).map(Into::into))?)?;
            }
            b"logEvents" => {
                // What an event takes at least, and a short message.
                let room = (json.len() / 128 + 1).min(most);
                once(&mut events, cursor.list(room, most, |cursor| cursor.event(json))?)?;
            }
            _ => return None,
        }
        match cursor.next()? {
            b',' => {}
            b'}' if cursor.at == json.len() => break,
            _ => return None,
        }
    }
    Some(Payload {
        message_type: match message_type? {
            "DATA_MESSAGE" => MessageType::Data,
            "CONTROL_MESSAGE" => MessageType::Control,
            _ => return None,
        },
        owner: owner.unwrap_or_default().into(),
        log_group: log_group.unwrap_or_default().into(),
        log_stream: log_stream.unwrap_or_default().into(),
        filters: filters.unwrap_or_default(),
        events: events.unwrap_or_default(),
        is_of_other_account: false,
        labels: Labels::new(),
        format: None,
    })
}

impl Cursor<'_> {
    fn event<'j>(&mut self, json: &'j str) -> Option<LogEvent<'j>> {
        self.expect(b"{\"id\":\"")?;
        let id = json.get(self.plain()?)?;
        self.expect(b",\"timestamp\":")?;
        let timestamp = i64::try_from(self.digits()?.0).ok();
        self.expect(b",\"message\":\"")?;
        let message = json.get(self.string()?)?;
        let mut extracted = None;
        if self.expect(b",\"extractedFields\":").is_some() {
            extracted = json.get(self.object_of_texts()?);
        }
        self.expect(b"}")?;
        Some(LogEvent { id, timestamp, message, extracted })
    }

    fn object_of_texts(&mut self) -> Option<Range<usize>> {
        let start = self.at;
        self.expect(b"{")?;
        if self.expect(b"}").is_some() {
            return Some(start..self.at);
        }
        loop {
            self.expect(b"\"")?;
            self.string()?;
            self.expect(b":\"")?;
            self.string()?;
            match self.next()? {
                b',' => {}
                b'}' => return Some(start..self.at),
                _ => return None,
            }
        }
    }
}

#[cfg(test)]
mod tests;
