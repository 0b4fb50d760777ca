//! A run of the canary, from the write to the verdict; and nothing of it is left.

use std::collections::BTreeMap;
use std::time::Duration;

use cwl2le_forwarder::config::Config;
use cwl2le_forwarder::route::Router;
use tokio::time::Instant;

use super::closer;
use super::direct::record;
use super::hop::{Hop, Leg, State};
use super::look::look;
use super::mark::{message, new_id};
use super::notes::{self, Function, functions};
use super::outcome::Outcome;
use super::place::{Place, Wanted};
use super::proof;
use super::report::{CanaryReport, why};
use super::rows::Rows;
use super::seen::Seen;
use super::via::Via;
use super::watch::{Caught, Watch, short};
use crate::aws::records::put_record;
use crate::aws::{Aws, Session};
use crate::error::{Code, Error, Result, did_you_mean_or};
use crate::events::Record;
use crate::output::quantity::span;
use crate::resources::{Unread, whole_config};
use crate::stack::StackName;
use crate::workflow::{Context, unknown_stack};

/// From which lag on a forwarder is behind, in seconds.
const BEHIND: f64 = 10.0;
/// How far back the newest line of counts is looked for, in milliseconds.
const NEWEST: i64 = 120_000;

/// What is asked for.
#[derive(Clone, Copy)]
pub(crate) struct Canary<'a> {
    pub(crate) context: Context<'a>,
    pub(crate) session: &'a Session,
    pub(crate) stack: &'a StackName,
    /// Where it is put in.
    pub(crate) via: Via,
    /// The log group of the user's to write it to, in place of one of its own.
    pub(crate) log_group: Option<&'a str>,
    /// The destinations that it must reach; empty for all.
    pub(crate) destinations: &'a [String],
    /// How long it is followed through the chain.
    pub(crate) timeout: Duration,
    /// Whether its own log group stays, for the next run.
    pub(crate) keep: bool,
}

/// A run in progress.
struct Run<'a> {
    canary: Canary<'a>,
    id: String,
    config: std::result::Result<Config, String>,
    functions: Vec<Function>,
    /// The destinations that it must reach; empty where they are not known.
    wanted: Vec<String>,
    rows: Rows<'a>,
    causes: Vec<String>,
    unread: Vec<String>,
    notes: Vec<String>,
    /// The verb that puts right what is broken.
    verb: Option<&'static str>,
}

impl<'a> Canary<'a> {
    /// Sends a canary and follows it. Whatever it made is removed again, however the run ends.
    ///
    /// # Errors
    /// [`Code::NotFound`] where there is no stack; [`Code::Usage`] for a destination that the stack does not have;
    /// [`Code::Interrupted`]; whatever the calls fail with without which there is no canary.
    pub(crate) async fn run(self) -> Result<CanaryReport> {
        // The futures are large: on the heap they do not add up on the stack.
        let seen = Box::pin(look(self.session, self.stack)).await?;
        if seen.observed.function.is_none() && seen.observed.stream.is_none() && seen.has_read(Unread::Stream)
        {
            let error = no_stack(self, &seen);
            return Err(unknown_stack::explained(self.context, self.session, self.stack, error).await);
        }
        let in_force = seen.observed.in_force();
        let whole = match whole_config(&in_force) {
            Ok(Some(whole)) => Ok(whole),
            Ok(None) => Err("the function has no configuration".to_owned()),
            Err(unreadable) => Err(unreadable.reason),
        };
        let arrives = (self.via != Via::Function).then(|| self.session.time());
        let functions = functions(&seen.stack.names, &in_force, whole.as_ref().ok(), arrives);
        let config = whole.map(|whole| whole.config);
        let wanted = wanted(self.destinations, config.as_ref().ok())?;
        let mut run = Run {
            canary: self,
            id: new_id(),
            functions,
            wanted,
            rows: Rows::new(self.context.progress, proofs(config.as_ref().ok())),
            causes: Vec::new(),
            unread: seen.unread(),
            notes: Vec::new(),
            verb: None,
            config,
        };
        run.rows.head(&format!("canary {} of stack `{}`", run.id, self.stack));
        let log_group = match self.via {
            Via::LogGroup => Some(Box::pin(run.through_log_group(seen)).await?),
            Via::Stream => run
                .unless_stopped(async |run| Box::pin(run.through_stream(seen)).await)
                .await
                .map(|()| None)?,
            Via::Function => {
                let all = run.all();
                run.unless_stopped(async |run| Box::pin(run.ask(&seen, &all)).await).await.map(|()| None)?
            }
        };
        Ok(run.report(log_group))
    }
}

impl Run<'_> {
    /// Ends the work when a stop is asked for. Nothing that changes the account is under way in it.
    async fn unless_stopped(&mut self, work: impl AsyncFnOnce(&mut Self) -> Result<()>) -> Result<()> {
        let stop = self.canary.session.stop().clone();
        tokio::select! {
            done = work(self) => done,
            () = stop.wait() => Err(Error::new(Code::Interrupted, "stopped before the canary had arrived")),
        }
    }

    /// Through the whole chain, from a log group.
    async fn through_log_group(&mut self, seen: Seen) -> Result<String> {
        let aws: Aws<'_> = self.canary.session.into();
        let own = seen.stack.name.canary_log_group();
        let log_group = self.canary.log_group.unwrap_or(&own).to_owned();
        let covered_by = seen.covered_by(&log_group);
        self.rows.wait_for(&format!("preparing {log_group}"));
        let place = if self.canary.log_group.is_some() {
            self.rows
                .head(&format!("this line shows up in the data of {log_group}: `{}`", message(&self.id)));
            Place::of_user(aws, &seen.stack, &log_group, covered_by).await?
        } else {
            let pin = self.pin(&log_group);
            let is_broken =
                super::causes::into_the_stream(&seen, &log_group, None).iter().any(|cause| cause.is_certain);
            let (stack, keep, id) = (&seen.stack, self.canary.keep, &self.id);
            Place::own(aws, Wanted { stack, covered_by, pin: pin.as_deref(), keep, id, is_broken }).await?
        };
        let done = self.unless_stopped(async |run| Box::pin(run.through(seen, &place)).await).await;
        let left = place.leave(aws).await;
        if let Err(error) = left {
            self.notes
                .push(format!("{} could not be removed, the next run tries again: {error}", place.log_group));
        } else if place.is_kept() {
            self.notes.push(format!("{} stays for the next run; `teardown` removes it", place.log_group));
        } else if place.is_of_user() {
            self.notes
                .push("its log stream is deleted again; the line may stay where it was delivered".to_owned());
        }
        done.map(|()| log_group)
    }

    /// The destination that a new filter pins: the first that was asked for, or any where no route leads the log group
    /// anywhere.
    fn pin(&self, log_group: &str) -> Option<String> {
        let first = self.wanted.first().cloned();
        if !self.canary.destinations.is_empty() {
            return first;
        }
        let config = self.config.as_ref().ok()?;
        first.filter(|_| config.routes_from.is_none() && routed(config, log_group, &[]).is_empty())
    }

    async fn through(&mut self, seen: Seen, place: &Place) -> Result<()> {
        if let Some(refused) = &place.refused {
            let found = format!("CloudWatch Logs cannot write to the stream: {}", refused.message);
            self.rows.add(Hop::new(Leg::Stream, State::Fault, 0.0, found));
            let causes = super::causes::into_the_stream(&seen, &place.log_group, None);
            self.blame(&causes);
            return self.ask(&seen, &self.all()).await;
        }
        let aws: Aws<'_> = self.canary.session.into();
        let began = Instant::now();
        let since = self.now();
        place.write(aws, since, &message(&self.id)).await?;
        let seconds = began.elapsed().as_secs_f64();
        self.rows.add(Hop::new(Leg::LogGroup, State::Ok, seconds, format!("written to {}", place.log_group)));
        let expected = match &self.config {
            Ok(config) if config.routes_from.is_none() => routed(config, &place.log_group, &place.ways),
            _ => Vec::new(),
        };
        self.follow(seen, since, began, Some(place), expected, Caught::default()).await
    }

    /// From the stream on: a record for each destination.
    async fn through_stream(&mut self, seen: Seen) -> Result<()> {
        let aws: Aws<'_> = self.canary.session.into();
        let (began, since) = (Instant::now(), self.now());
        for destination in self.all() {
            let Record::Data(data) = record(&seen.stack, destination.as_deref(), &self.id, since) else {
                continue;
            };
            let shard = put_record(aws, &seen.stack.names.stream, &self.id, data).await?;
            let (seconds, shard) = (began.elapsed().as_secs_f64(), short(&shard));
            let to = destination.map(|name| format!(", for {name}")).unwrap_or_default();
            self.rows.add(Hop::new(
                Leg::Stream,
                State::Ok,
                seconds,
                format!("put into the stream, shard {shard}{to}"),
            ));
        }
        let caught = Caught::in_stream(began.elapsed().as_secs_f64(), since);
        let expected = self.wanted.clone();
        self.follow(seen, since, began, None, expected, caught).await
    }

    /// Follows it through the chain, then asks the destinations that it did not reach.
    async fn follow(
        &mut self,
        seen: Seen,
        since: i64,
        began: Instant,
        place: Option<&Place>,
        led_to: Vec<String>,
        caught: Caught,
    ) -> Result<()> {
        let expected: Vec<String> =
            led_to.iter().filter(|name| self.wanted.contains(name)).cloned().collect();
        let serves = |function: &&Function| {
            led_to.is_empty() || function.destinations.iter().any(|name| led_to.contains(name))
        };
        let id = self.id.clone();
        let mut watch = Watch {
            session: self.canary.session,
            id: &id,
            seen,
            since,
            began,
            timeout: self.canary.timeout,
            functions: self.functions.iter().filter(serves).cloned().collect(),
            expected,
            place,
            caught,
        };
        Box::pin(watch.follow(&mut self.rows)).await?;
        let causes = std::mem::take(&mut watch.caught.causes);
        let causes = if watch.is_done() { Vec::new() } else { causes };
        let seconds = began.elapsed().as_secs_f64();
        if let Some((stage, late)) = watch.pending() {
            let state = if causes.iter().any(|cause| cause.is_certain) { State::Fault } else { State::Late };
            let behind = if stage == Leg::Forwarder { self.behind(&watch).await } else { None };
            let why = causes.first().map(|cause| cause.what.clone()).or(behind);
            let why = why.map(|why| format!(": {why}")).unwrap_or_default();
            self.rows.add(Hop::new(stage, state, seconds, format!("{late}{why}")));
        }
        self.blame(&causes);
        self.unread.append(&mut watch.caught.unread);
        let open = |name: &String| !watch.caught.outcomes.contains_key(name);
        let open: Vec<Option<String>> =
            self.wanted.iter().filter(|name| open(name)).cloned().map(Some).collect();
        let is_stuck = !watch.is_done();
        let asks = if self.wanted.is_empty() && is_stuck { vec![None] } else { open };
        if asks.is_empty() {
            return Ok(());
        }
        if is_stuck {
            self.rows.head("looking closer, past what waits in the stream");
        } else {
            self.rows.head(
                "the routes of this line reach only some destinations: the others are tested by invoking the function",
            );
        }
        let seen = watch.seen;
        self.ask(&seen, &asks).await
    }

    /// How far behind the forwarder is, in words.
    async fn behind(&self, watch: &Watch<'_>) -> Option<String> {
        let aws: Aws<'_> = self.canary.session.into();
        let mut worst = 0.0_f64;
        for function in &watch.functions {
            let lag = notes::lag(aws, function, self.now() - NEWEST).await.ok().flatten();
            worst = worst.max(lag.unwrap_or_default() / 1000.0);
        }
        let lag = span(worst);
        (worst >= BEHIND).then(|| format!("it is {lag} behind, and the canary waits its turn"))
    }

    /// Asks destinations directly.
    async fn ask(&mut self, seen: &Seen, destinations: &[Option<String>]) -> Result<()> {
        let session = self.canary.session;
        let found =
            closer::look(session, &seen.stack, &self.functions, destinations, &self.id, &mut self.rows).await;
        if let Some((_, Outcome::Broken(_))) =
            found.iter().find(|(_, outcome)| matches!(outcome, Outcome::Broken(_)))
        {
            // What `setup` would put right is among the causes.
            let mut causes = super::causes::into_the_function(seen, None);
            causes.retain(|cause| cause.is_certain);
            self.blame(&causes);
        }
        Ok(())
    }

    fn blame(&mut self, causes: &[super::causes::Cause]) {
        for cause in causes {
            if !self.causes.contains(&cause.what) {
                self.causes.push(cause.what.clone());
                self.verb = self.verb.or(Some(cause.verb).filter(|verb| !verb.is_empty()));
            }
        }
    }

    /// Every destination that it must reach; none for one that is not known.
    fn all(&self) -> Vec<Option<String>> {
        if self.wanted.is_empty() { vec![None] } else { self.wanted.iter().cloned().map(Some).collect() }
    }

    fn now(&self) -> i64 {
        i64::try_from(self.canary.session.time()).unwrap_or_default() * 1000
    }

    fn report(mut self, log_group: Option<String>) -> CanaryReport {
        let Canary { context, session, stack, via, .. } = self.canary;
        let (hops, is_shown) = self.rows.end();
        let settings =
            |name: &String| self.config.as_ref().ok().and_then(|config| config.destinations.get(name));
        let arrived = |name: &String| {
            let mut of = hops.iter().filter(|hop| hop.destination.as_ref() == Some(name));
            of.any(|hop| hop.state == State::Ok)
        };
        let has_arrived = !self.wanted.is_empty()
            && hops.iter().all(|hop| hop.state == State::Ok)
            && self.wanted.iter().all(arrived);
        if has_arrived {
            let silent: Vec<&str> = self
                .wanted
                .iter()
                .filter(|name| settings(name).is_some_and(proof::hides_a_wrong_token))
                .map(String::as_str)
                .collect();
            if !silent.is_empty() {
                self.notes.push(format!(
                    "a wrong token of {} would go unnoticed: look for `{}` there",
                    silent.join(", "),
                    message(&self.id)
                ));
            }
        }
        let why = if has_arrived { None } else { why(&hops, &self.causes) };
        let verb = self.verb.unwrap_or("doctor");
        let next = (!has_arrived).then(|| match (verb, &log_group) {
            ("subscribe", Some(log_group)) => {
                context.command_line.of_stack(verb).with(&["--log-group".to_owned(), log_group.clone()])
            }
            _ => context.command_line.of_stack(verb),
        });
        CanaryReport {
            id: self.id,
            stack: stack.to_string(),
            account: session.target.account.clone(),
            region: session.target.region.to_string(),
            via,
            log_group,
            arrived: has_arrived,
            why,
            causes: self.causes,
            seconds: hops.iter().map(|hop| hop.seconds).fold(0.0, f64::max),
            hops,
            unknown: self.unread,
            notes: self.notes,
            next,
            calls: session.calls(),
            is_shown,
        }
    }
}

/// What the receipt of each destination proves.
pub(super) fn proofs(config: Option<&Config>) -> BTreeMap<String, &'static str> {
    let all = config.iter().flat_map(|config| &config.destinations);
    all.map(|(name, settings)| (name.clone(), proof::of_receipt(settings))).collect()
}

/// The destinations that must be reached: those that are named, else all.
fn wanted(named: &[String], config: Option<&Config>) -> Result<Vec<String>> {
    let Some(config) = config else { return Ok(named.to_vec()) };
    if let Some(unknown) = named.iter().find(|name| !config.has(name)) {
        let known: Vec<&str> = config.names().collect();
        let hint = did_you_mean_or(unknown, "the destinations are", known);
        return Err(Error::usage(format!("this stack has no destination `{unknown}`"), hint));
    }
    if named.is_empty() {
        return Ok(config.names().map(ToOwned::to_owned).collect());
    }
    let mut wanted: Vec<String> = Vec::new();
    for name in named {
        if !wanted.contains(name) {
            wanted.push(name.clone());
        }
    }
    Ok(wanted)
}

/// The destinations that a line of a log group is led to, by any of the filters of these names, or by the routes.
fn routed(config: &Config, log_group: &str, filters: &[String]) -> Vec<String> {
    let Ok(router) = Router::without_secrets(config) else { return Vec::new() };
    let mut led_to: Vec<String> = Vec::new();
    let choose = |filters: Option<&str>| router.choose(log_group, filters).map(<[usize]>::to_vec);
    let by_filter = filters.iter().map(|filter| choose(Some(filter)));
    let by_route = filters.is_empty().then(|| choose(None));
    for at in by_filter.chain(by_route).flatten().flatten() {
        let name = &router.names()[at];
        if !led_to.contains(name) {
            led_to.push(name.clone());
        }
    }
    led_to
}

fn no_stack(canary: Canary<'_>, seen: &Seen) -> Error {
    let message = format!("there is no stack `{}` in {}", canary.stack, canary.session.target.region);
    let setup = canary.context.command_line.of_stack("setup");
    Error::new(Code::NotFound, message).on(&seen.stack.names.stream).hint(format!(
        "set it up with `{setup}`, or name the stack with --stack and its region with --region"
    ))
}
