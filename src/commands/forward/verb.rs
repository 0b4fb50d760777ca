//! `cwl2le forward`: the forwarder's pipeline over saved events, here instead of in Lambda.

use std::io;
use std::path::Path;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use cwl2le_forwarder::config::{Config, Destination, Names as Destinations};
use cwl2le_forwarder::record::event::Invocation;
use cwl2le_forwarder::{Forwarder, Options, Outcome};
use tokio::time::Instant;

use super::args::Forward;
use super::lines::Lines;
use super::position::{before, settled};
use super::report::{ForwardReport, Refused};
use crate::aws::object::{At, TOO_LARGE, get_object};
use crate::aws::{Session, configured_region, texts};
use crate::commands::manual::Manual;
use crate::commands::verb::{Facts, Reads, Verb};
use crate::error::{Code, Error, Exit, Result};
use crate::events::{Hints, Input, Record, ToBuffer, cap, invocation};
use crate::resources::Observed;
use crate::settings::destinations::{self, Secrets};
use crate::stack::arn::split_log_group;
use crate::workflow::Context;
use crate::workflow::deployed::{fill_routes, observe_function, shared};

/// Maximum number of records that the forwarder gets at once.
const RECORDS: usize = 500;
/// Maximum size of those records, in compressed bytes.
const BYTES: usize = 1 << 20;
/// The same when lines go to standard output, because the lines of a batch are held in memory. Deflate shrinks data to
/// a thousandth at best, so this much becomes at most 64 MiB.
const BYTES_IN_MEMORY: usize = 64 << 10;
/// Maximum time of one attempt. A slower service gets further with every attempt, because events with a receipt are not
/// sent again: see [`Options::comes_whole`].
const ATTEMPT: Duration = Duration::from_secs(60);
/// Maximum size of an object in S3, in bytes: that of one document.
const OBJECT: u64 = 128 << 20;
/// Deadline of a dry run, which waits for nothing.
const LONG: Duration = Duration::from_secs(3600);

impl Verb for Forward {
    type Report = ForwardReport;

    const MANUAL: Manual = Manual {
        examples: &[
            ("Send what expired in the stream again", "cwl2le forward --input expired.json --to default"),
            ("See what would be sent", "cwl2le forward --input events.json --to default --dry-run"),
            ("Read events from another command", "gunzip -c events.gz | cwl2le forward --input - -g /app"),
        ],
        page: Some("replay.md"),
    };

    fn facts(&self) -> Facts<'_> {
        Facts {
            stack: Some(&self.stack),
            reads: Reads::Everything,
            shows_token: self.service.token.is_some(),
            writes_lines: self.writes_lines(),
            alone: Some("its events are those of one stack"),
            ..Facts::default()
        }
    }

    async fn run(&self, context: Context<'_>) -> Result<Self::Report> {
        let log_group = self.log_group.as_deref().map(split_log_group).transpose();
        let log_group =
            log_group.map_err(|problem| Error::usage(problem, "give the name of the log group"))?;
        let log_group = log_group.map(|(_, name)| name.to_owned());
        let hints = Hints { log_group, log_stream: self.log_stream.clone() };
        let mut session = None;
        let mut input = match stored(&self.input) {
            Some(at) => {
                let body = read(session_of(context, &mut session).await?, at).await?;
                Input::new(io::Cursor::new(body), hints)
                    .map_err(|error| error.on(self.input.display().to_string()))?
            }
            None => Input::open(&self.input, hints)?,
        };
        let lines = self.writes_lines().then(|| Rc::new(ToBuffer::default()));
        let mut forwarder = forwarder(context, self, lines.clone(), session).await?;
        let mut report = ForwardReport::new(self);
        let mut next = skip(&mut input, self.skip)?;
        let working = context.progress.begin("forwarding");
        let mut failed = None;
        loop {
            let (records, unreadable) = batch(&mut input, next.take(), lines.is_some());
            if !records.is_empty() {
                match pass(context, &mut forwarder, &records, &mut report, lines.as_deref()).await {
                    Ok(true) => {}
                    Ok(false) => break,
                    Err(error) => {
                        failed = Some(error);
                        break;
                    }
                }
                working.waiting(format_args!("{} events so far", report.position));
            }
            if let Some(error) = unreadable {
                // Nothing has been done: it is as if the input had not opened.
                if report.records == 0 {
                    return Err(error);
                }
                failed = Some(error);
                break;
            }
            if records.is_empty() {
                break;
            }
        }
        drop(working);
        report.end(failed);
        Ok(report)
    }

    fn exit(&self, report: &Self::Report) -> Exit {
        report.exit()
    }
}

/// The object that an input names, where it is one in S3.
fn stored(input: &Path) -> Option<At<'_>> {
    let (bucket, key) = input.to_str()?.strip_prefix("s3://")?.split_once('/')?;
    Some(At { bucket, key, owner: None }).filter(|at| !at.bucket.is_empty() && !at.key.is_empty())
}

/// Reads an object.
async fn read(session: &Session, at: At<'_>) -> Result<Vec<u8>> {
    match get_object(session.into(), at, OBJECT).await {
        Ok(object) => Ok(object.body),
        Err(error) if error.is(&[TOO_LARGE]) => {
            let url = format!("s3://{}/{}", at.bucket, at.key);
            let hint = format!("save it with `aws s3 cp {url} FILE`, and give the file with --input");
            Err(Error::new(Code::Usage, format!("the object is too large: {}", error.message))
                .on(url)
                .hint(hint))
        }
        Err(error) => Err(error.into()),
    }
}

/// The records of one invocation, and what keeps further ones from being read.
fn batch(input: &mut Input, first: Option<Record>, in_memory: bool) -> (Vec<Record>, Option<Error>) {
    let most = if in_memory { BYTES_IN_MEMORY } else { BYTES };
    let mut bytes = first.as_ref().map_or(0, Record::len);
    let mut records: Vec<Record> = first.into_iter().collect();
    while records.len() < RECORDS && bytes < most {
        match input.next() {
            Ok(Some(record)) => {
                bytes += record.len();
                records.push(record);
            }
            Ok(None) => break,
            Err(error) => return (records, Some(error)),
        }
    }
    (records, None)
}

/// Skips the first events. Returns the rest of the record in which they end.
pub(super) fn skip(input: &mut Input, mut events: u64) -> Result<Option<Record>> {
    while events > 0 {
        let Some(record) = input.next()? else {
            return Err(Error::usage(
                format!("the input ends {events} events before those of --skip"),
                "give the number that the run before has named, with the same input",
            ));
        };
        let holds = record.events();
        if holds as u64 > events {
            return Ok(Some(record.without(usize::try_from(events).unwrap_or(holds))));
        }
        events -= holds as u64;
    }
    Ok(None)
}

/// Hands records to the forwarder until they are done or an attempt makes no progress. Returns whether to go on.
async fn pass(
    context: Context<'_>,
    forwarder: &mut Forwarder,
    records: &[Record],
    report: &mut ForwardReport,
    lines: Option<&ToBuffer>,
) -> Result<bool> {
    let invocation = invocation(records, report.records)
        .map_err(|error| Error::new(Code::Internal, format!("the records make no invocation: {error}")))?;
    let attempt = if lines.is_some() { LONG } else { ATTEMPT };
    let (mut done, mut last) = (0, None);
    let outcome = loop {
        let Some(outcome) = attempt_once(context, forwarder, &invocation, attempt).await else {
            // What the attempts before have receipts for is done. The one that was cut short may have sent the rest.
            let position = last.as_ref().map(|outcome: &Outcome| {
                let position = settled(forwarder.router(), records, &outcome.account);
                report.note(outcome, position, records.len());
                position
            });
            let events: u64 = records.iter().map(|record| record.events() as u64).sum();
            let sent =
                if lines.is_some() { 0 } else { events - position.unwrap_or_default().events.min(events) };
            report.interrupted(sent);
            return Ok(false);
        };
        report.note_attempt(&outcome);
        let counts = &outcome.account.events;
        let now = counts.received - counts.failed;
        if outcome.account.records.failed == 0 || now <= done {
            break outcome;
        }
        done = now;
        last = Some(outcome);
    };
    let mut position = settled(forwarder.router(), records, &outcome.account);
    let written = lines.map(|lines| Lines::new(&lines.take(), &outcome).write(context.lines));
    if let Some(next) = written.as_ref().and_then(|written| written.next) {
        let before = before(forwarder.router(), records, &outcome.account, next);
        position.events = position.events.min(before);
    }
    report.note(&outcome, position, records.len());
    if let Some(written) = written {
        report.note_written(&written);
        match written.failed {
            Some(error) if is_reader_gone(&error) => {
                report.reader_gone();
                return Ok(false);
            }
            Some(error) => return Err(unwritable(&error)),
            None => {}
        }
    }
    Ok(outcome.account.records.failed == 0)
}

/// Whether the reader of standard output has closed it.
fn is_reader_gone(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::BrokenPipe | io::ErrorKind::ConnectionReset)
}

/// One attempt; none if the user asked to stop meanwhile.
async fn attempt_once(
    context: Context<'_>,
    forwarder: &mut Forwarder,
    invocation: &Invocation,
    time: Duration,
) -> Option<Outcome> {
    tokio::select! {
        biased;
        () = context.stop.wait() => None,
        outcome = forwarder.handle(invocation, Instant::now() + time) => Some(outcome),
    }
}

fn unwritable(error: &io::Error) -> Error {
    Error::new(Code::Environment, format!("standard output took no more lines: {error}"))
        .hint("make room where standard output leads to; nothing was sent to a log service")
}

/// The forwarder with its configuration. If lines go to standard output, it connects to no log service.
async fn forwarder(
    context: Context<'_>,
    args: &Forward,
    lines: Option<Rc<ToBuffer>>,
    mut session: Option<Arc<Session>>,
) -> Result<Forwarder> {
    let mut config = configuration(context, args, &mut session).await?;
    // Rejected events are reported, and are still in the input.
    config.quarantine = None;
    let deliver = lines.is_none();
    let needed: Vec<_> = config
        .references()
        .filter(|(place, _)| match (place.strip_prefix("destinations."), &args.to) {
            (Some(place), Some(to)) => deliver && place.split('.').next() == Some(to),
            _ => deliver || place == "routes_from",
        })
        .map(|(_, reference)| reference.clone())
        .collect();
    let store = if needed.is_empty() {
        None
    } else {
        let session = session_of(context, &mut session).await?;
        Some(texts::store(session, &needed).await?)
    };
    if let Some(store) = &store {
        fill_routes(&mut config, store)?;
    }
    if let Some(name) = &args.to {
        only(&mut config, name)?;
    }
    let options = match lines {
        Some(lines) => Options::dry(lines),
        None => Options { store: shared(store), ..Options::default() },
    };
    // The function knows its region from Lambda; here it is the one that the stack is or would be in.
    let region = match &session {
        Some(session) => Some(session.target.region.clone()),
        None => configured_region(context.aws).await?,
    };
    let sends_region = |destination: &Destination| matches!(destination, Destination::Otlp(_));
    if deliver && region.is_none() && config.destinations.values().any(sends_region) {
        context
            .note("no AWS region is configured: events go out without `cloud.region`; set it with --region");
    }
    let region = region.map(|region| region.to_string()).unwrap_or_default();
    // Every attempt gets the whole batch, and its account is of all attempts.
    let options = Options { cap: cap(), region, comes_whole: true, ..options };
    Forwarder::new(&config, options).map_err(|problem| {
        Error::new(Code::Config, problem).hint("fix the configuration, then run the command again")
    })
}

/// The file's configuration, with flags in the place of parts of it; that of flags alone; else the function's.
async fn configuration(
    context: Context<'_>,
    args: &Forward,
    session: &mut Option<Arc<Session>>,
) -> Result<Config> {
    let outline = context.file.map(destinations::outline).transpose()?.flatten();
    if let Some(config) = outline.filter(|_| args.writes_lines()) {
        return Ok(config);
    }
    let file = context.file.filter(|file| file.has_destinations());
    let by_flags = args.service.has_token();
    let observed = if file.is_some() || by_flags {
        Observed::default()
    } else {
        let stack = context.stack(&args.stack);
        observe_function(session_of(context, session).await?, &stack).await?
    };
    let secrets = args.to.as_deref().map_or(Secrets::Read, Secrets::ReadOf);
    destinations::wanted(&args.service, file, &observed, secrets)?.ok_or_else(|| {
        Error::usage(
            "there is nothing to forward to: no destination in a configuration file, by flag, or of a function",
            "write one with `cwl2le init`, or give --token and --logentries-region",
        )
    })
}

async fn session_of<'s>(
    context: Context<'_>,
    session: &'s mut Option<Arc<Session>>,
) -> Result<&'s Arc<Session>> {
    match session {
        Some(session) => Ok(session),
        None => Ok(session.insert(Arc::new(context.session().await?))),
    }
}

/// Leaves one destination, which gets everything, by the rules of the first route that leads to it.
pub(super) fn only(config: &mut Config, name: &str) -> Result<()> {
    if !config.destinations.contains_key(name) {
        let known: Vec<&str> = config.destinations.keys().map(String::as_str).collect();
        return Err(Error::usage(
            format!("there is no destination `{name}`; there are: {}", known.join(", ")),
            "give one of those with --to",
        ));
    }
    config.destinations.retain(|other, _| other == name);
    config.lines.retain(|other, _| other == name);
    config.routes.retain(|route| route.destination.names().any(|other| other == name));
    config.routes.iter_mut().for_each(|route| route.destination = Destinations::One(name.to_owned()));
    config.default = Some(name.to_owned());
    Ok(())
}

impl Refused {
    /// What a record is refused for by the forwarder: found again by every attempt.
    pub(super) fn records(outcome: &Outcome) -> impl Iterator<Item = (String, u64)> {
        use cwl2le_forwarder::delivery::fate::Fate;
        outcome.account.parts.iter().filter_map(|part| match &part.fate {
            Fate::Quarantined(poison) => Some((poison.to_string(), u64::from(part.events))),
            _ => None,
        })
    }

    /// What events are refused for by the log service: by one attempt only, because they are not sent again.
    pub(super) fn events(outcome: &Outcome) -> impl Iterator<Item = (String, u64)> {
        let rejections = outcome.lanes.iter().flat_map(|lane| &lane.rejections);
        rejections.map(|rejection| (rejection.why.clone(), rejection.events))
    }
}
