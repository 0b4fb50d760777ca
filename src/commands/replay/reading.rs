//! What a kept record holds, as the forwarder would find it today.

use cwl2le_forwarder::record::payload::{Cap, MessageType, Payload, Poison, gunzip, parse, repair};
use cwl2le_forwarder::route::Router;
use md5::{Digest, Md5};

use crate::events::{Record, cap, invocation};

/// Why a record is left out that the routes lead to other destinations than the one that records are sent to.
pub(super) const ELSEWHERE: &str = "elsewhere";
/// How gzip begins. What is gzip is not packed by a producer.
const GZIP: [u8; 2] = [0x1f, 0x8b];

/// What a record holds.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Held {
    /// The log groups of its payloads, without repetition; usually one.
    pub(super) log_groups: Vec<String>,
    /// The log stream of the first of them.
    pub(super) log_stream: String,
    /// How many events it has, apart from those of control messages.
    pub(super) events: u64,
    /// Why it is not to be sent: the forwarder would set it aside, by [`Poison::name`], or it is [`ELSEWHERE`].
    pub(super) left: Option<&'static str>,
    /// Whether a part of it is for the destination that records are sent to.
    is_wanted: bool,
}

impl Held {
    /// A partition key that keeps the events of a log stream in one shard, in their order.
    pub(super) fn key(&self) -> String {
        let group = self.log_groups.first().map(String::as_str).unwrap_or_default();
        key_of(group, &self.log_stream)
    }
}

/// A partition key for the events of a log stream.
pub(super) fn key_of(log_group: &str, log_stream: &str) -> String {
    digest(&[log_group, log_stream]).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The MD5 of some texts.
pub(super) fn digest(texts: &[&str]) -> [u8; 16] {
    let mut digest = Md5::new();
    for text in texts {
        digest.update(text.as_bytes());
        digest.update([0]);
    }
    digest.finalize().into()
}

/// Reads records as the forwarder does.
pub(super) struct Reading {
    cap: Cap,
    /// None where the routes are not known.
    router: Option<Router>,
    /// The destination that records are sent to; none where they go into the stream.
    into: Option<String>,
    payload: Vec<u8>,
}

impl Reading {
    /// As a function with so many MB of memory and these routes.
    pub(super) fn new(memory_mb: u32, router: Option<Router>) -> Self {
        Self { cap: Cap::for_memory(memory_mb as usize), router, into: None, payload: Vec::new() }
    }

    /// As this tool does, which has memory for every record, for one destination by these routes.
    pub(super) fn for_destination(name: &str, router: Router) -> Self {
        Self { cap: cap(), router: Some(router), into: Some(name.to_owned()), payload: Vec::new() }
    }

    /// Looks at the data of a record: one payload, or several that a producer has packed.
    pub(super) fn look(&mut self, data: &[u8]) -> Held {
        let mut held = Held::default();
        let looked =
            if data.starts_with(&GZIP) { self.part(data, &mut held) } else { self.packed(data, &mut held) };
        let fault = looked.err().map(|poison| poison.name());
        held.left = match self.into {
            // What is wrong with another part of it is for the forwarder to report.
            Some(_) if held.is_wanted => None,
            Some(_) => fault.or(Some(ELSEWHERE)),
            None => fault,
        };
        held
    }

    /// Looks at every part, and returns the first fault.
    fn packed(&mut self, data: &[u8], held: &mut Held) -> Result<(), Poison> {
        let packed = invocation(&[Record::Data(data.to_vec())], 0).map_err(|_| Poison::NotGzip)?;
        let mut fault = Ok(());
        for part in Record::all_of(&packed) {
            let looked = match &part {
                Record::Data(data) => self.part(data, held),
                Record::NotBase64 | Record::NoData => Err(Poison::NoData),
            };
            fault = fault.and(looked);
        }
        fault
    }

    fn part(&mut self, data: &[u8], held: &mut Held) -> Result<(), Poison> {
        gunzip(data, self.cap, &mut self.payload)?;
        if matches!(parse(&self.payload), Err(Poison::NotUtf8)) {
            let most = self.payload.len() * 3;
            repair(&mut self.payload, most)?;
        }
        let payload = parse(&self.payload)?;
        note(&payload, held);
        if payload.message_type == MessageType::Control {
            held.is_wanted = true;
            return Ok(());
        }
        held.events += payload.events.len() as u64;
        let Some(router) = &self.router else { return Ok(()) };
        let filters = payload.filters.iter().map(AsRef::as_ref);
        let chosen = router.choose(&payload.log_group, filters).map_err(Poison::Unrouted)?;
        held.is_wanted |= chosen.iter().any(|at| router.names().get(*at) == self.into.as_ref());
        Ok(())
    }
}

/// Notes where a payload is from.
fn note(payload: &Payload<'_>, held: &mut Held) {
    if !held.log_groups.iter().any(|group| *group == payload.log_group) {
        held.log_groups.push(payload.log_group.clone().into_owned());
    }
    if held.log_stream.is_empty() {
        held.log_stream = payload.log_stream.clone().into_owned();
    }
}

#[cfg(test)]
mod tests {
    use cwl2le_forwarder::config::Config;
    use serde_json::json;

    use super::*;
    use crate::events::{Origin, SavedEvent};

    fn record(log_group: &str, messages: &[&str]) -> Vec<u8> {
        let events: Vec<_> = messages
            .iter()
            .map(|message| SavedEvent { message: (*message).to_owned(), ..SavedEvent::default() })
            .collect();
        match Record::of(Origin { log_group, log_stream: "s", ..Origin::default() }, &events) {
            Record::Data(data) => data,
            other => panic!("{other:?}"),
        }
    }

    fn router() -> Router {
        let destination = json!({"type": "logentries", "region": "eu", "token": {"ssm": "/token"}});
        let config: Config = serde_json::from_value(json!({
            // Of two, none is the default.
            "destinations": {"a": destination, "b": destination},
            "routes": [{"log_group": "/app/*", "destination": "a"}],
        }))
        .expect("a configuration");
        Router::without_secrets(&config).expect("a router")
    }

    #[test]
    fn a_record_is_read_as_the_forwarder_would() {
        let mut reading = Reading::new(256, None);
        let held = reading.look(&record("/app/a", &["one", "two"]));
        assert_eq!(
            (held.log_groups.as_slice(), held.events, held.left),
            (&["/app/a".to_owned()][..], 2, None)
        );
        assert_eq!(reading.look(b"no gzip").left, Some("not_gzip"));
        assert_eq!(reading.look(&record("/app/a", &["one"])[..20]).left, Some("broken_gzip"));
        let Record::Data(foreign) = Record::compress(b"[]") else { panic!("data") };
        assert_eq!(reading.look(&foreign).left, Some("not_cloudwatch_logs"));
        let control =
            r#"{"messageType": "CONTROL_MESSAGE", "logGroup": "", "logEvents": [{"message": "x"}]}"#;
        let Record::Data(control) = Record::compress(control.as_bytes()) else { panic!("data") };
        let held = Reading::new(256, Some(router())).look(&control);
        assert_eq!((held.events, held.left), (0, None));
    }

    #[test]
    fn what_no_route_takes_would_be_set_aside_again() {
        let mut reading = Reading::new(256, Some(router()));
        assert_eq!(reading.look(&record("/app/a", &["one"])).left, None);
        assert_eq!(reading.look(&record("/other", &["one"])).left, Some("unrouted"));
    }

    #[test]
    fn what_is_for_other_destinations_is_left_out() {
        let mut reading = Reading::for_destination("a", router());
        assert_eq!(reading.look(&record("/app/a", &["one"])).left, None);
        assert_eq!(reading.look(&record("/other", &["one"])).left, Some("unrouted"));
        let mut reading = Reading::for_destination("b", router());
        assert_eq!(reading.look(&record("/app/a", &["one"])).left, Some(ELSEWHERE));
        assert_eq!(reading.look(b"no gzip").left, Some("not_gzip"));
    }

    #[test]
    fn events_of_a_log_stream_stay_in_one_shard() {
        let mut reading = Reading::new(256, None);
        let key = |reading: &mut Reading, group: &str| reading.look(&record(group, &["m"])).key();
        let (a, b) = (key(&mut reading, "/app/a"), key(&mut reading, "/app/b"));
        assert_eq!((a.len(), &key(&mut reading, "/app/a")), (32, &a));
        assert_ne!(a, b);
    }
}
