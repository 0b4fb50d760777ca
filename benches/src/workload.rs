//! The loads, made from a fixed seed and so the same on every machine, and the lines that each must become.

use std::fmt::Write as _;
use std::io::Write as _;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use flate2::Compression;
use flate2::write::GzEncoder;

/// The token that begins every line.
pub const TOKEN: &str = "01234567-89ab-cdef-0123-456789abcdef";

/// The kind of messages in a load.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Messages {
    /// A line of bunyan: JSON, so nearly every sixth byte of it is escaped in the JSON around it.
    Bunyan,
    /// Text and stack traces of 50 bytes to 10 KB, some of it not ASCII.
    Mixed,
    /// A few words.
    Tiny,
}

/// One load: a number of records with a number of events each.
#[derive(Clone, Debug)]
pub struct Load {
    /// Its name in the tables.
    pub name: String,
    /// Its description in the tables.
    pub what: &'static str,
    records: usize,
    /// The last record may have fewer.
    events_a_record: usize,
    events: usize,
    messages: Messages,
}

/// The bytes of a load: the event that Lambda hands over, and what must arrive.
pub struct Made {
    /// The event as JSON.
    pub event: Vec<u8>,
    /// The gzip data of each record.
    pub members: Vec<Vec<u8>>,
    /// The bytes that the log service must receive.
    pub wire: Vec<u8>,
    /// The bytes of JSON in all records.
    pub json: usize,
    /// How many events.
    pub events: usize,
}

impl Load {
    fn new(
        name: &str,
        what: &'static str,
        events: usize,
        events_a_record: usize,
        messages: Messages,
    ) -> Self {
        let records = events.div_ceil(events_a_record);
        Self { name: name.to_owned(), what, records, events_a_record, events, messages }
    }

    /// W1: an ordinary batch.
    pub fn w1() -> Self {
        Self::new("W1", "100 records of 40 bunyan events", 4_000, 40, Messages::Bunyan)
    }

    /// W2: a full event of large and small messages.
    pub fn w2() -> Self {
        Self::new("W2", "a full event, messages of 50 B to 10 KB", 11_663, 500, Messages::Mixed)
    }

    /// W2s: a full event of small messages.
    pub fn w2s() -> Self {
        Self::new("W2s", "a full event of small bunyan messages", 136_459, 3_500, Messages::Bunyan)
    }

    /// W3: the smallest event.
    pub fn w3() -> Self {
        Self::new("W3", "one event", 1, 1, Messages::Bunyan)
    }

    /// W4: as many records as a trigger can be told to batch.
    pub fn w4() -> Self {
        Self::new("W4", "10,000 records of one tiny event", 10_000, 1, Messages::Tiny)
    }

    /// The five loads of the table.
    pub fn all() -> [Self; 5] {
        [Self::w1(), Self::w2(), Self::w2s(), Self::w4(), Self::w3()]
    }

    /// For a plot: events in records of 1,000.
    pub fn of_events(events: usize) -> Self {
        Self::new(&format!("{events} events"), "", events, 1_000, Messages::Bunyan)
    }

    /// For a plot: records of one tiny event each.
    pub fn of_records(records: usize) -> Self {
        Self::new(&format!("{records} records"), "", records, 1, Messages::Tiny)
    }

    /// Makes the load. The messages depend only on their kind and number.
    pub fn make(&self) -> Made {
        let mut made = Made {
            event: b"{\"Records\":[".to_vec(),
            members: Vec::new(),
            wire: Vec::new(),
            json: 0,
            events: self.events,
        };
        let mut random = Random(0x9e37_79b9_7f4a_7c15);
        let mut message = String::new();
        for record in 0..self.records {
            let mut json = head(self.messages);
            let first = record * self.events_a_record;
            for number in first..self.events.min(first + self.events_a_record) {
                if number > first {
                    json.push(',');
                }
                message.clear();
                write_message(self.messages, number, &mut random, &mut message);
                write_event(number, &message, &mut json);
                write_line(&message, &mut made.wire);
            }
            json.push_str("]}");
            let member = gzip(json.as_bytes());
            if record > 0 {
                made.event.push(b',');
            }
            write_record(record, &member, &mut made.event);
            made.json += json.len();
            made.members.push(member);
        }
        made.event.extend_from_slice(b"]}");
        made
    }
}

/// The beginning of a payload, without spaces and in the order in which CloudWatch Logs writes it.
fn head(messages: Messages) -> String {
    let (group, stream) = match messages {
        Messages::Tiny => ("/f", "s"),
        _ => (
            "/aws/lambda/lambda-logentries_generator",
            "2016/09/17/[$LATEST]c5f9cf0ffb4c4a8f8e0b0c3f3c1f4f77",
        ),
    };
    format!(
        "{{\"messageType\":\"DATA_MESSAGE\",\"owner\":\"123456789012\",\"logGroup\":\"{group}\",\
         \"logStream\":\"{stream}\",\
         \"subscriptionFilters\":[\"cloudwatchLogsFilter\"],\"logEvents\":["
    )
}

fn write_event(number: usize, message: &str, json: &mut String) {
    let time = 1_474_108_129_663_u64 + number as u64;
    // Event ids of CloudWatch Logs are numbers of 56 digits.
    let _ = write!(json, "{{\"id\":\"3287386{number:049}\",\"timestamp\":{time},\"message\":");
    json.push_str(&serde_json::to_string(message).unwrap_or_default());
    json.push('}');
}

/// A line as it must arrive: token, space, message, line feed. A line end at the end of the message is dropped; others
/// become U+2028.
fn write_line(message: &str, wire: &mut Vec<u8>) {
    wire.extend_from_slice(TOKEN.as_bytes());
    wire.push(b' ');
    let text = message.strip_suffix('\n').unwrap_or(message).replace('\n', "\u{2028}");
    wire.extend_from_slice(text.as_bytes());
    wire.push(b'\n');
}

fn write_record(number: usize, member: &[u8], event: &mut Vec<u8>) {
    let sequence = format!("495658355723425459142617689770644116017679827068{number:08}");
    let data = STANDARD.encode(member);
    let time = 1_474_108_130.452 + number as f64 / 1e3;
    // The members and their order are those of the example event in AWS's documentation.
    let _ = write!(
        event,
        "{{\"kinesis\":{{\"kinesisSchemaVersion\":\"1.0\",\"partitionKey\":\"{number}\",\
         \"sequenceNumber\":\"{sequence}\",\"data\":\"{data}\",\"approximateArrivalTimestamp\":{time:.3}}},\
         \"eventSource\":\"aws:kinesis\",\"eventVersion\":\"1.0\",\"eventID\":\"shardId-000000000000:{sequence}\",\
         \"eventName\":\"aws:kinesis:record\",\"invokeIdentityArn\":\"arn:aws:iam::123456789012:role/f\",\
         \"awsRegion\":\"us-east-1\",\"eventSourceARN\":\"arn:aws:kinesis:us-east-1:123456789012:stream/s\"}}"
    );
}

fn gzip(data: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    // Writing to memory cannot fail.
    let _ = encoder.write_all(data);
    encoder.finish().unwrap_or_default()
}

const WORDS: [&str; 16] = [
    "request",
    "sample",
    "user",
    "cart",
    "timeout",
    "retry",
    "connection",
    "upstream",
    "cache",
    "miss",
    "payment",
    "accepted",
    "queue",
    "depth",
    "worker",
    "finished",
];

fn write_message(kind: Messages, number: usize, random: &mut Random, out: &mut String) {
    let millis = number % 1000;
    let second = number / 1000 % 60;
    match kind {
        Messages::Bunyan => {
            let (lv, level) = [("debug", 20), ("info", 30), ("warn", 40)][random.below(3)];
            let _ = write!(
                out,
                "{{\"name\":\"myapp\",\"id\":\"{:016x}\",\"pid\":{},\"level\":{level},\"user\":{},\
                 \"data\":{{\"lv\":\"{lv}\",\"value\":{}}},\"msg\":\"{} {} {}\",\
                 \"time\":\"2016-09-17T10:{:02}:{second:02}.{millis:03}Z\",\"v\":0}}",
                random.next(),
                random.below(4) + 10,
                random.below(1_000_000),
                random.below(1_000),
                WORDS[random.below(16)],
                WORDS[random.below(16)],
                WORDS[random.below(16)],
                number / 60_000 % 60,
            );
            out.push('\n');
        }
        Messages::Mixed => {
            let length = random.length();
            let _ = write!(out, "2016-09-17T10:28:{second:02}.{millis:03}Z\t{:08x}\t", random.next() as u32);
            while out.len() < length {
                match random.below(48) {
                    0 => out.push_str("\n    at Object.<anonymous> (/var/task/index.js:"),
                    1 => out.push_str("{\"lv\":\"warn\",\"value\":"),
                    2 => out.push_str("ログの例 "),
                    3..=9 => {
                        let _ = write!(out, "{:x} ", random.next() & 0xff_ffff);
                    }
                    _ => {
                        out.push_str(WORDS[random.below(16)]);
                        out.push(' ');
                    }
                }
            }
            out.push('\n');
        }
        Messages::Tiny => {
            let _ = write!(out, "tick {number}");
        }
    }
}

/// SplitMix64, a small generator whose numbers depend only on its seed.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ z >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ z >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ z >> 31
    }

    fn below(&mut self, limit: u64) -> usize {
        (self.next() % limit) as usize
    }

    /// A length of 50 to 10,000 bytes; half of them are below 707.
    fn length(&mut self) -> usize {
        let share = self.below(1_000_001) as f64 / 1e6;
        (50.0 * 200_f64.powf(share)) as usize
    }
}
