//! Runs the forwarder over events, once with the rules of the routes and once without, and looks at what it does.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;
use std::time::Duration;

use cwl2le_forwarder::config::Config;
use cwl2le_forwarder::delivery::account::Part;
use cwl2le_forwarder::delivery::fate::Fate;
use cwl2le_forwarder::record::json::text::{escape, unescape};
use cwl2le_forwarder::record::payload::{LogEvent, Poison, parse};
use cwl2le_forwarder::shape::{Budget, Rule};
use cwl2le_forwarder::{Forwarder, Options, Outcome};
use serde_json::{Value, json};
use tokio::time::Instant;

use super::args::Preview;
use super::report::{Dropped, End, Flow, Line, Month, Place, PreviewReport, Seen, Window, time};
use crate::aws::Event;
use crate::error::{Code, Error, Result};
use crate::events::{Nowhere, Origin, Record, SavedEvent, Watch, invocation};
use crate::prices::Prices;

/// Deadline of a dry run, which waits for nothing.
const LONG: Duration = Duration::from_secs(3600);
/// Maximum number of events that are examined at once.
const AT_ONCE: usize = 1000;

/// What the forwarder does with the events of one log group.
pub(super) struct Examiner {
    pub(super) config: Config,
    pub(super) place: Place,
    forwarder: Forwarder,
    /// The same without the rules of the routes.
    bare: Forwarder,
    watch: Rc<Watch>,
    /// Every event, in order.
    pub(super) seen: Vec<Seen>,
    /// By rule, in the order of the rules.
    pub(super) dropped: BTreeMap<Rule, Dropped>,
    /// By the name of the destination.
    pub(super) flows: BTreeMap<String, Flow>,
    /// Bytes of the messages as they are kept.
    pub(super) message_bytes: u64,
    /// The time of the last event.
    pub(super) last: Option<i64>,
}

impl Examiner {
    pub(super) fn new(config: Config, place: Place) -> Result<Self> {
        let invalid = |problem: String| {
            Error::new(Code::Config, problem).hint("`cwl2le plan` rejects it as well: fix it there first")
        };
        let watch = Rc::new(Watch::default());
        let own_log_group = Some(place.own_log_group.clone());
        let region = place.region.clone();
        let options = Options { own_log_group, region, ..Options::dry(watch.clone()) };
        let without = Options { sink: Some(Rc::new(Nowhere)), ..options.clone() };
        let mut bare = config.clone();
        bare.routes.iter_mut().for_each(|route| route.shape = None);
        Ok(Self {
            forwarder: Forwarder::new(&config, options).map_err(invalid)?,
            bare: Forwarder::new(&bare, without).map_err(invalid)?,
            config,
            place,
            watch,
            seen: Vec::new(),
            dropped: BTreeMap::new(),
            flows: BTreeMap::new(),
            message_bytes: 0,
            last: None,
        })
    }

    /// How many events there have been.
    pub(super) fn read(&self) -> usize {
        self.seen.len()
    }

    /// Runs both forwarders over events.
    pub(super) async fn examine(&mut self, events: &[Event]) -> Result<()> {
        for events in events.chunks(AT_ONCE) {
            // One event a record: so what becomes of a record is what becomes of the event.
            let records: Vec<Record> = events.iter().map(|event| self.record(event)).collect();
            let invocation = invocation(&records, 0)
                .map_err(|error| Error::new(Code::Internal, format!("events make no invocation: {error}")))?;
            let deadline = Instant::now() + LONG;
            let outcome = self.forwarder.handle(&invocation, deadline).await;
            let bare = self.bare.handle(&invocation, deadline).await;
            self.count(&outcome, &bare);
            for ((event, record), part) in events.iter().zip(&records).zip(&outcome.account.parts) {
                let seen = self.see(event, record, part, &outcome);
                self.message_bytes += event.message.len() as u64;
                self.last = self.last.max(Some(event.timestamp));
                self.seen.push(seen);
            }
        }
        Ok(())
    }

    fn record(&self, event: &Event) -> Record {
        let origin = Origin {
            owner: &self.place.account,
            log_group: &self.place.log_group,
            log_stream: &event.log_stream,
            filter: &self.place.filter,
        };
        let message = event.message.clone();
        Record::of(origin, &[SavedEvent { id: event.id.clone(), timestamp: Some(event.timestamp), message }])
    }

    fn count(&mut self, outcome: &Outcome, bare: &Outcome) {
        for (lane, before) in outcome.lanes.iter().zip(&bare.lanes) {
            let flow = self.flows.entry(lane.destination.clone()).or_default();
            flow.events_before += before.events;
            flow.events_after += lane.events;
            flow.bytes_before += before.bytes;
            flow.bytes_after += lane.bytes;
        }
    }

    fn see(&mut self, event: &Event, record: &Record, part: &Part, outcome: &Outcome) -> Seen {
        let mut seen = Seen {
            time: event.timestamp,
            log_stream: event.log_stream.clone(),
            id: event.id.clone(),
            end: End::Sent,
            redacted: false,
            lines: Vec::new(),
            labels: BTreeSet::new(),
            before: Some(event.message.clone()),
        };
        match &part.fate {
            Fate::Filtered => {
                let mut payload = Vec::new();
                let ruled = record.payload(&mut payload).ok().and_then(|()| self.ruled(&payload));
                seen.end = End::Refused { why: Poison::Panicked.to_string() };
                if let Some((rule, message)) = ruled {
                    let dropped = self.dropped.entry(rule).or_default();
                    dropped.events += 1;
                    dropped.message_bytes += event.message.len() as u64;
                    seen.redacted = message != event.message;
                    seen.end = End::Dropped { rule: rule.to_string(), message };
                }
            }
            Fate::Skipped(_) => {
                seen.end = End::Refused {
                    why: "it is of the forwarder's own log group: forwarding it would create a log loop"
                        .to_owned(),
                };
            }
            Fate::Quarantined(poison) => seen.end = End::Refused { why: poison.to_string() },
            _ => {
                let plain = escape(&event.message);
                for share in outcome.account.shares(part) {
                    let Some(lane) = outcome.lanes.get(share.destination) else { continue };
                    let Some(sent) = self.watch.next(&lane.destination) else { continue };
                    seen.redacted |= sent.message != plain;
                    seen.lines.push(Line::new(lane.destination.clone(), &sent.bytes));
                }
                if seen.lines.iter().all(|line| line.bytes == 0) {
                    seen.end = End::Refused { why: Poison::Panicked.to_string() };
                }
            }
        }
        if seen.redacted {
            let parts = seen.lines.iter().flat_map(|line| &line.parts);
            seen.labels = parts.flat_map(|part| labels(part, &event.message)).collect();
        }
        seen
    }

    /// The rule that drops the only event of a payload, and its message as the rules would have left it.
    fn ruled(&self, payload: &[u8]) -> Option<(Rule, String)> {
        let payload = parse(payload).ok()?;
        let router = self.forwarder.router();
        let filters = payload.filters.iter().map(AsRef::as_ref);
        let destinations = router.choose(&payload.log_group, filters).ok()?;
        let shape = router.shape(&payload.log_group, destinations)?;
        let event: &LogEvent<'_> = payload.events.first()?;
        let rule = shape.filter(&payload).drops(event)?;
        let clean = shape.redact(event, &Budget::default());
        Some((rule, unescape(clean.event(event).message).into_owned()))
    }

    /// The log group's route, by its position in the configuration.
    pub(super) fn route(&self) -> Option<usize> {
        let router = self.forwarder.router();
        let destinations = router.choose(&self.place.log_group, [self.place.filter.as_str()]).ok()?;
        router.route(&self.place.log_group, destinations)
    }

    /// What was found, as one value. `configuration` says where the configuration comes from.
    pub(super) fn report(self, window: Window, configuration: String, args: &Preview) -> PreviewReport {
        let route = self.route().and_then(|at| self.config.routes.get(at));
        let rules = route.and_then(|route| route.shape.as_ref());
        let dropped = self.dropped.iter().map(|(rule, dropped)| {
            let says = rules.map_or(Value::Null, |rules| match rule {
                Rule::Include => json!(rules.include),
                Rule::Exclude(at) => json!(rules.exclude.get(*at)),
                Rule::Sample => json!(rules.sample),
            });
            Dropped { rule: rule.to_string(), says, ..dropped.clone() }
        });
        let dropped = dropped.collect();
        let flows = self.flows.iter();
        let destinations: Vec<Flow> = flows
            .filter(|(_, flow)| flow.events_before > 0)
            .map(|(name, flow)| Flow { destination: name.clone(), ..flow.clone() })
            .collect();
        let covered_seconds = window.covered(self.last);
        let prices = Prices::of_region(&self.place.region);
        let month = (!self.seen.is_empty())
            .then(|| Month::new(&destinations, covered_seconds, &prices, args.price_per_gb));
        let count = |holds: fn(&Seen) -> bool| self.seen.iter().filter(|seen| holds(seen)).count() as u64;
        PreviewReport {
            subscription_filter: self.place.filter.clone(),
            configuration,
            route: route.map(|route| route.log_group.clone()),
            from: time(window.from),
            until: time(window.until),
            filter_pattern: args.filter_pattern.clone(),
            complete: window.complete,
            covered_seconds,
            events_read: count(|_| true),
            message_bytes: self.message_bytes,
            events_sent: count(|seen| seen.end == End::Sent),
            events_redacted: count(|seen| seen.end == End::Sent && seen.redacted),
            events_dropped: count(|seen| matches!(seen.end, End::Dropped { .. })),
            events_refused: count(|seen| matches!(seen.end, End::Refused { .. })),
            dropped,
            destinations,
            month,
            events: self
                .seen
                .into_iter()
                .map(|seen| Seen { before: seen.before.filter(|_| args.before), ..seen })
                .collect(),
            log_group: self.place.log_group,
            samples: args.samples,
        }
    }
}

/// Maximum number of characters between the brackets of a label.
const LABEL: usize = 64;

/// The words in brackets that a text has and the message that it was made of has not: what rules put in the place of
/// what they take out.
fn labels<'a>(text: &'a str, message: &'a str) -> impl Iterator<Item = String> + 'a {
    text.match_indices('[').filter_map(move |(at, _)| {
        let end = text[at..].find(']')? + at + 1;
        let label = &text[at..end];
        let is_word = !label[1..].contains(|c: char| c == '[' || c.is_whitespace());
        (is_word && label.len() <= LABEL && !message.contains(label)).then(|| label.to_owned())
    })
}
