//! A random stream: records that hold events, poison or nothing, and what has to become of each.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use cwl2le_forwarder::config::Route;
use cwl2le_forwarder::delivery::fate::Fate;
use fastrand::Rng;
use serde_json::Value;

use super::sink::Sink;
use super::{aggregate, control, gzip, payload, record, sequence};

/// A message with this text is refused for good by services that answer.
const UNWANTED: &str = "unwanted";

/// The route to the first destination drops messages with this text.
const DROPPED: &str = "debug";

/// The route to the first destination redacts this address.
const ADDRESS: &str = "bob@example.com";

/// The filters that lead to the first and to the second destination, named `default` and `second`.
const FILTERS: [&str; 2] = ["f", "f@second"];

/// The route to the first destination.
pub fn route() -> Route {
    let rules = r#"{"exclude":[{"message":" debug "}],"redact":[{"find":["email"]}]}"#;
    Route {
        log_group: "*".into(),
        destination: "default".into(),
        shape: Some(serde_json::from_str(rules).unwrap()),
    }
}

/// Whether a destination takes a message. Services that do not answer take all.
pub fn is_wanted(sink: &Sink, message: &str) -> bool {
    !sink.is_http() || !is_unwanted(message)
}

/// Whether a service that answers refuses a text for good.
pub fn is_unwanted(text: &str) -> bool {
    text.contains(UNWANTED)
}

/// What a part of a record is.
pub enum Kind {
    /// Events for one destination, as they are to arrive: at least one.
    Events { destination: usize, messages: Vec<String> },
    /// Events that the route drops.
    Filtered,
    /// What no retry makes readable.
    Poison,
    /// A control message, or no events.
    Nothing,
}

pub struct StreamRecord {
    /// One, or several that the Kinesis Producer Library packed together.
    pub parts: Vec<Kind>,
    /// As it stands in an invocation.
    pub json: Value,
}

impl StreamRecord {
    /// The record of this number: mostly one part, sometimes up to five.
    pub fn random(rng: &mut Rng, number: usize) -> Self {
        let sequence = sequence(number);
        if rng.u8(0..8) > 0 {
            let (kind, data) = random_part(rng, &format!("record {number}"));
            return Self { parts: vec![kind], json: record(&sequence, &data) };
        }
        let packed =
            (0..rng.usize(1..6)).map(|part| random_part(rng, &format!("record {number} part {part}")));
        let (parts, data): (Vec<_>, Vec<_>) = packed.unzip();
        Self { parts, json: record(&sequence, &aggregate(&data)) }
    }

    /// What Kinesis holds of it.
    pub fn data(&self) -> Vec<u8> {
        STANDARD.decode(self.json["kinesis"]["data"].as_str().unwrap()).unwrap()
    }

    pub fn has_poison(&self) -> bool {
        self.parts.iter().any(|part| matches!(part, Kind::Poison))
    }

    fn has_events(&self) -> bool {
        self.parts.iter().any(|part| matches!(part, Kind::Events { .. }))
    }

    fn has_filtered(&self) -> bool {
        self.parts.iter().any(|part| matches!(part, Kind::Filtered))
    }

    /// Whether the record may end like this.
    pub fn may_end_as(&self, fate: &Fate) -> bool {
        match fate {
            Fate::Quarantined(_) => self.has_poison(),
            Fate::Delivered | Fate::DeliveredBefore => self.has_events() && !self.has_poison(),
            Fate::Filtered => self.has_filtered() && !self.has_events() && !self.has_poison(),
            Fate::Skipped(_) => !self.has_events() && !self.has_poison() && !self.has_filtered(),
            Fate::Rejected => self.has_events() && !self.has_poison(),
            Fate::Failed => false,
        }
    }

    /// The messages that a destination takes.
    pub fn messages<'r>(&'r self, to: usize, sink: &Sink) -> impl Iterator<Item = &'r String> {
        let of = move |part| match part {
            &Kind::Events { destination, ref messages } if destination == to => Some(messages),
            _ => None,
        };
        self.parts.iter().filter_map(of).flatten().filter(|message| is_wanted(sink, message))
    }
}

/// A part, and its data.
fn random_part(rng: &mut Rng, name: &str) -> (Kind, Vec<u8>) {
    match rng.u8(0..20) {
        0 | 1 => (Kind::Poison, random_poison(rng)),
        2 => (Kind::Nothing, gzip(control().to_string().as_bytes())),
        3 => (Kind::Nothing, gzip(payload("/app", FILTERS[0], &[]).to_string().as_bytes())),
        _ => random_events(rng, name),
    }
}

fn random_events(rng: &mut Rng, name: &str) -> (Kind, Vec<u8>) {
    let destination = rng.usize(0..2);
    // Some are larger than what is framed at once, so that they can be left half done.
    let most = if rng.u8(0..10) == 0 { 400 } else { 20 };
    let messages: Vec<String> = (0..rng.usize(1..most))
        .map(|event| {
            let mark = [DROPPED, ADDRESS, "plain", "plain", UNWANTED][rng.usize(0..5)];
            format!("{name} event {event} {mark} {}", "x".repeat(rng.usize(0..1500)))
        })
        .collect();
    let json = payload("/app", FILTERS[destination], &messages).to_string();
    // Sometimes in two gzip members.
    let cut = if rng.u8(0..4) == 0 { rng.usize(0..json.len()) } else { json.len() };
    let data = [gzip(&json.as_bytes()[..cut]), gzip(&json.as_bytes()[cut..])].concat();
    let shaped = |message: String| match destination {
        0 if message.contains(DROPPED) => None,
        0 => Some(message.replace(ADDRESS, "[email]")),
        _ => Some(message),
    };
    let messages: Vec<_> = messages.into_iter().filter_map(shaped).collect();
    let kind = if messages.is_empty() { Kind::Filtered } else { Kind::Events { destination, messages } };
    (kind, data)
}

fn random_poison(rng: &mut Rng) -> Vec<u8> {
    let good = gzip(payload("/app", FILTERS[0], &["never seen".into()]).to_string().as_bytes());
    match rng.u8(0..9) {
        0 => b"plain text".to_vec(),
        1 => good[..rng.usize(3..good.len())].to_vec(),
        2 => [&good[..], b"trailing"].concat(),
        3 => gzip(b"{\"messageType\":\"DATA_MESSAGE\",\"logEvents\":[{\"id\":1}]}"),
        4 => gzip(b"\xff\xfe not UTF-8"),
        5 => gzip(b"{\"messageType\":\"OTHER\"}"),
        6 => gzip(&vec![b' '; 9 << 20]),
        7 => b"\xf3\x89\x9a\xc2 looks aggregated, and is not".to_vec(),
        _ => Vec::new(),
    }
}
