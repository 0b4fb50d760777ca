//! One invocation: its order, its deadline, and what AWS is told at the end.
//!
//! The answer names the lowest sequence number that is not delivered. AWS sends everything from it on again.
//! A poison record is never named, because it would come back for ever.

use std::cell::{Cell, RefCell};
use std::collections::BTreeSet;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;
use std::time::Duration;

use futures_util::future::join_all;
use serde::Serialize;
use tokio::time::Instant;

use crate::config::Config;
use crate::delivery::lane::{Lane, LaneReport, Persistence};
use crate::delivery::ledger::{Account, Fate, Ledger};
use crate::delivery::options::Options;
use crate::delivery::pace::{Pace, Watch};
use crate::delivery::remembered::{Known, Remembered};
use crate::delivery::room::Room;
use crate::destination::{Outlet, Surroundings};
use crate::net::{Failure, FailureKind};
use crate::quarantine::{self, Quarantine};
use crate::record::event::{Invocation, compare_sequences};
use crate::record::parts::Parts;
use crate::record::payload::Poison;
use crate::route::Router;
use crate::secret::Held;

/// Why a lane stops where its code had too much to do.
const LATE: &str = "the time of the invocation is used up while reading";

/// The forwarder: destinations with their connections, kept from one invocation to the next.
pub struct Forwarder {
    router: Router,
    lanes: Vec<Lane>,
    options: Options,
    /// The log groups of the other functions of the stack, whose events are never forwarded either.
    siblings: BTreeSet<String>,
    remembered: Remembered,
    quarantine: Option<Quarantine>,
    /// The account of the quarantine's bucket, where it is not the function's own.
    bucket_owner: Option<String>,
    pace: Pace,
}

/// What AWS is told: `{"batchItemFailures":[{"itemIdentifier":"..."}]}`. Any other shape counts as success.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Response {
    /// Empty, or the checkpoint: everything from this record on comes again.
    pub batch_item_failures: Vec<ItemFailure>,
}

/// A record that is not delivered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ItemFailure {
    /// Its sequence number; never empty, because that fails the whole batch.
    pub item_identifier: String,
}

/// Records without a sequence number were not delivered, so there is no checkpoint to report: the invocation has to fail
/// as a whole. The payload of a direct subscription is such a record, also when it was set aside and S3 does not have it:
/// no stream keeps it, but Lambda retries the event and hands it to the function's on-failure destination.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0} records without a sequence number were not delivered; the whole invocation has to be retried")]
pub struct NoCheckpoint(pub usize);

/// What an invocation did.
#[derive(Debug)]
pub struct Outcome {
    /// The answer to AWS.
    pub response: Result<Response, NoCheckpoint>,
    /// What became of every record.
    pub account: Account,
    /// What each destination did.
    pub lanes: Vec<LaneReport>,
    /// What became of the records that had to be set aside, where there is a quarantine.
    pub quarantine: Option<quarantine::Report>,
    /// The number of parts that were left for another invocation, because they are more than [`Cap::parts`](crate::record::payload::Cap::parts).
    pub postponed: usize,
}

impl Forwarder {
    /// Makes a forwarder from a valid configuration, without connecting to anything.
    ///
    /// # Errors
    /// What is missing or wrong, with the name of its destination, in words for the operator.
    pub fn new(config: &Config, options: Options) -> Result<Self, String> {
        let key = config.hash_key.as_ref().map(|key| Held::new(key, &options.store)).transpose();
        let key = key.map_err(|problem| format!("hash_key: {problem}"))?;
        let router = Router::new(config, key.as_ref().map(Held::value)).map_err(|error| error.to_string())?;
        let lanes = config
            .destinations
            .iter()
            .map(|(name, destination)| {
                let outlet = options.sink.clone().map(|sink| Outlet { destination: name.clone(), sink });
                let surroundings = Surroundings {
                    patience: options.patience,
                    store: Rc::clone(&options.store),
                    region: options.region.clone(),
                    outlet,
                };
                let destination = destination
                    .build(config.style(name, destination), &surroundings)
                    .map_err(|problem| format!("destinations.{name}: {problem}"))?;
                Ok(Lane::new(name.clone(), destination))
            })
            .collect::<Result<_, String>>()?;
        let quarantine = match (&config.quarantine, &options.aws) {
            (None, _) => None,
            // Nothing is kept of what is only looked at.
            (Some(_), _) if options.sink.is_some() => None,
            (Some(place), Some(aws)) => {
                Some(Quarantine::new(place.clone(), aws.clone(), options.quarantine_patience))
            }
            (Some(_), None) => {
                return Err("quarantine: S3 cannot be reached without AWS's credentials".into());
            }
        };
        let own = options.own_log_group.as_deref();
        let siblings = own.map(|own| config.sibling_log_groups(own)).unwrap_or_default();
        let (remembered, pace) = (Remembered::default(), Pace::default());
        let bucket_owner = config.bucket_owner.clone();
        Ok(Self { router, lanes, options, siblings, remembered, quarantine, bucket_owner, pace })
    }

    /// Which destinations events go to, and by which rules.
    pub fn router(&self) -> &Router {
        &self.router
    }

    /// Notes the account that the function runs in: another account may have a log group of the same name.
    pub fn set_account(&mut self, account: Option<&str>) {
        self.options.own_account = account.map(ToOwned::to_owned);
        if let Some(quarantine) = &mut self.quarantine {
            quarantine.expect_owner(self.bucket_owner.as_deref().or(account));
        }
    }

    /// Delivers an invocation, and answers before `deadline` with time to spare.
    pub async fn handle(&mut self, invocation: &Invocation, deadline: Instant) -> Outcome {
        let time = deadline.saturating_duration_since(Instant::now());
        let end = deadline - self.pace.reserve().min(time / 2);
        let share = self.quarantine.as_ref().map_or(Duration::ZERO, |_| Quarantine::share(time));
        let parts = Parts::within(invocation, self.options.cap.parts);
        let batch = Batch {
            parts: &parts,
            router: &self.router,
            options: &self.options,
            siblings: &self.siblings,
            persistence: self.options.persistence,
            until: end - share,
            lanes: self.lanes.len(),
            ledger: RefCell::new(Ledger::new(parts.records())),
            data: RefCell::default(),
            room: Room::new(self.options.cap.memory()),
            busiest: Cell::new(Duration::ZERO),
            late: Cell::new(false),
        };
        self.remembered.forget_old();
        self.recall(&batch);
        let postponed = parts.postponed();
        postponed.clone().for_each(|at| batch.settle(at, Fate::Failed));
        let running = self.lanes.iter_mut().enumerate().map(|(me, lane)| lane.run(me, &batch));
        let lanes = join_all(running).await;
        self.pace.learn(batch.busiest.get(), lanes.iter().filter_map(|lane| lane.receipt).max());
        let mut ledger = batch.ledger.into_inner();
        let aside = match (&self.quarantine, invocation.is_direct()) {
            (None, false) => Vec::new(),
            _ => ledger.set_aside(),
        };
        let quarantine = match &mut self.quarantine {
            Some(quarantine) => {
                let report = quarantine.keep(invocation, &aside, &lanes, end).await;
                report.held.iter().for_each(|record| ledger.hold(*record));
                Some(report)
            }
            None => None,
        };
        let account = ledger.close(self.lanes.len());
        let kept = quarantine.as_ref().map_or(0, |report| report.kept.len());
        let response = match respond(invocation, &account) {
            Ok(_) if invocation.is_direct() && kept < aside.len() => Err(NoCheckpoint(aside.len() - kept)),
            response => response,
        };
        self.remember(invocation, &parts, &account, &response);
        Outcome { response, account, lanes, quarantine, postponed: postponed.len() }
    }

    #[cfg(test)]
    pub(crate) fn replace_destinations(
        &mut self,
        with: impl Fn() -> Box<dyn crate::destination::Destination>,
    ) {
        self.lanes = self.lanes.iter().map(|lane| Lane::new(lane.name().to_owned(), with())).collect();
    }

    #[cfg(test)]
    pub(crate) fn replace_quarantine(&mut self, with: Quarantine) {
        self.quarantine = Some(with);
    }

    /// Settles what earlier invocations have delivered.
    fn recall(&self, batch: &Batch<'_>) {
        if self.remembered.is_empty() {
            return;
        }
        for at in 0..batch.len() {
            if let Some(known) = batch.parts.id(at).and_then(|id| self.remembered.recall(&id)) {
                batch.ledger.borrow_mut().recall(at, known.events, known.filtered, &known.shares);
            }
        }
    }

    /// Remembers what was delivered and will come again all the same, and forgets what will not.
    fn remember(
        &mut self,
        invocation: &Invocation,
        parts: &Parts<'_>,
        account: &Account,
        response: &Result<Response, NoCheckpoint>,
    ) {
        let checkpoint = match response {
            Ok(response) => response.batch_item_failures.first(),
            Err(NoCheckpoint(_)) => None,
        };
        if checkpoint.is_none() && response.is_ok() && self.remembered.is_empty() {
            return;
        }
        let comes_again = |record: usize| match checkpoint {
            Some(_) if self.options.comes_whole => true,
            Some(first) => {
                let sequence = invocation.sequence(record).unwrap_or_default();
                compare_sequences(sequence, &first.item_identifier).is_ge()
            }
            None => response.is_err(),
        };
        for (at, part) in account.parts.iter().enumerate() {
            let Some(id) = parts.id(at) else { continue };
            let shares = account.shares(part);
            if shares.iter().any(|share| share.progress.done > 0) && comes_again(part.record as usize) {
                let known = Known { events: part.events, filtered: part.filtered, shares: shares.to_vec() };
                self.remembered.remember(&id, known);
            } else {
                self.remembered.forget(&id);
            }
        }
    }
}

/// The lowest sequence number that failed.
fn respond(invocation: &Invocation, account: &Account) -> Result<Response, NoCheckpoint> {
    let failed = || account.fates().enumerate().filter(|(_, fate)| *fate.0 == Fate::Failed).map(|(at, _)| at);
    let nameless = failed().filter(|at| invocation.sequence(*at).is_none()).count();
    if nameless > 0 {
        return Err(NoCheckpoint(nameless));
    }
    let lowest = failed().filter_map(|at| invocation.sequence(at)).min_by(|a, b| compare_sequences(a, b));
    let failures = lowest.map(|sequence| ItemFailure { item_identifier: sequence.to_owned() });
    Ok(Response { batch_item_failures: failures.into_iter().collect() })
}

/// What the lanes of one invocation share.
pub(crate) struct Batch<'a> {
    pub(super) parts: &'a Parts<'a>,
    pub(super) router: &'a Router,
    pub(super) options: &'a Options,
    pub(super) siblings: &'a BTreeSet<String>,
    pub(crate) persistence: Persistence,
    /// When lanes stop, so that there is time to answer.
    pub(crate) until: Instant,
    pub(super) lanes: usize,
    pub(super) ledger: RefCell<Ledger>,
    /// For the data of the part that a lane decompresses, which no lane needs while another runs.
    pub(super) data: RefCell<Vec<u8>>,
    /// For the large parts that lanes decode.
    pub(super) room: Room,
    pub(super) busiest: Cell<Duration>,
    /// Whether the time was used up before all events of a part were looked at.
    pub(super) late: Cell<bool>,
}

impl Batch<'_> {
    pub(crate) fn len(&self) -> usize {
        self.parts.len()
    }

    /// Whether a lane has to look at a part: it is not done with it, and it is not known to be others'.
    pub(crate) fn concerns(&self, at: usize, lane: usize) -> bool {
        self.ledger.borrow().concerns(at, lane)
    }

    /// How many of a part's first events a lane is done with.
    pub(crate) fn done(&self, at: usize, lane: usize) -> usize {
        self.ledger.borrow().done(at, lane) as usize
    }

    /// Notes that a lane is done with the next events of a part: delivered, or rejected for good.
    pub(crate) fn advance(&self, at: usize, lane: usize, events: u32, rejected: bool) {
        self.ledger.borrow_mut().advance(at, lane, events, rejected);
    }

    pub(super) fn settle(&self, at: usize, fate: Fate) {
        self.ledger.borrow_mut().settle(at, fate);
    }

    /// How many bytes a part has before it is decompressed.
    pub(crate) fn size(&self, at: usize) -> usize {
        self.parts.size(at)
    }

    /// Looks at the clock, and notes how long the code ran since it did so last.
    pub(crate) fn look(&self, watch: &mut Watch) -> Instant {
        let (now, busy) = watch.look();
        self.busiest.set(self.busiest.get().max(busy));
        now
    }

    /// The same, and whether there is time to go on.
    pub(crate) fn in_time(&self, watch: &mut Watch) -> Result<(), Failure> {
        if self.look(watch) < self.until {
            return Ok(());
        }
        Err(Failure::new(FailureKind::Deadline, LATE))
    }

    /// Whether the time was used up while a part was read, which is then not settled.
    pub(crate) fn unless_late(&self) -> Result<(), Failure> {
        if self.late.get() { Err(Failure::new(FailureKind::Deadline, LATE)) } else { Ok(()) }
    }
}

/// Runs code on foreign data; a panic in it is a fault of that data.
pub(super) fn uncaught<T>(code: impl FnOnce() -> Result<T, Poison>) -> Result<T, Poison> {
    catch_unwind(AssertUnwindSafe(code)).unwrap_or(Err(Poison::Panicked))
}
