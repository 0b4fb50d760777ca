//! The forwarder: one invocation after the other, each with its order, its deadline and its answer to AWS.
//!
//! The answer names the lowest sequence number that is not delivered. AWS sends everything from it on again.
//! A poison record is never named, because it would be retried until it expires.

use std::cell::{Cell, RefCell};
use std::collections::BTreeSet;
use std::rc::Rc;
use std::time::Duration;

use futures_util::future::join_all;
use tokio::time::Instant;

use super::account::Account;
use super::batch::Batch;
use super::fate::Fate;
use super::lane::Lane;
use super::ledger::Ledger;
use super::options::Options;
use super::outcome::{NoCheckpoint, Outcome, Response, respond};
use super::pace::Pace;
use super::remembered::{Known, Remembered};
use super::room::Room;
use crate::config::Config;
use crate::destination::{Outlet, Surroundings};
use crate::quarantine::{Quarantine, Refusals};
use crate::record::event::{Invocation, compare_sequences};
use crate::record::parts::Parts;
use crate::route::Router;
use crate::secret::Held;

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
                    timeouts: options.timeouts,
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
        let mut siblings = own.map(|own| config.sibling_log_groups(own)).unwrap_or_default();
        siblings.extend(options.other_log_groups.iter().cloned());
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
            retries: self.options.retries,
            until: end - share,
            lanes: self.lanes.len(),
            ledger: RefCell::new(Ledger::new(parts.records())),
            canaries: RefCell::default(),
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
        let canaries = batch.canaries.into_inner();
        let mut ledger = batch.ledger.into_inner();
        let aside = match (&self.quarantine, invocation.is_direct()) {
            (None, false) => Vec::new(),
            _ => ledger.set_aside(),
        };
        let quarantine = match &mut self.quarantine {
            Some(quarantine) => {
                let refusals: Vec<_> = lanes
                    .iter()
                    .map(|lane| Refusals { destination: &lane.destination, rejections: &lane.rejections })
                    .collect();
                let report = quarantine.keep(invocation, &aside, &refusals, end).await;
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
        Outcome { response, account, lanes, quarantine, postponed: postponed.len(), canaries }
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
