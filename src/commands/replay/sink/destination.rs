//! A log service as a sink: the forwarder runs here, by the routes and rules of the stack, and a record is done when the
//! log service has confirmed its events.

use std::collections::BTreeSet;
use std::time::Duration;

use cwl2le_forwarder::delivery::account::{Account, Part};
use cwl2le_forwarder::delivery::fate::{self, Progress};
use cwl2le_forwarder::{Forwarder, Options, Outcome};
use futures_util::future::LocalBoxFuture;
use tokio::time::Instant;

use super::destined::invalid;
use super::{Delivery, Destined, Fate, Sink, Target};
use crate::aws::Aws;
use crate::commands::replay::source::Parcel;
use crate::error::Result;
use crate::events::{Record, cap, invocation};
use crate::workflow::deployed::shared;

/// Maximum number of records of a batch.
const RECORDS: usize = 500;
/// Maximum size of those records, in bytes as they are in the stream.
const BYTES: usize = 1 << 20;
/// Maximum time of one attempt. A slower service gets further with every attempt, because events with a receipt are not
/// sent again: see [`Options::comes_whole`].
const ATTEMPT: Duration = Duration::from_secs(60);

/// A destination.
pub(in super::super) struct ToDestination {
    target: Target,
    forwarder: Forwarder,
    /// What the batch in hand has.
    records: usize,
    bytes: usize,
    /// Records that were sent before it.
    number: u64,
    /// When the next batch may be sent.
    next: Instant,
    delivery: Delivery,
}

/// How the attempts at a batch ended.
pub(super) struct Attempts {
    /// The last that came to its end.
    pub(super) outcome: Option<Outcome>,
    /// Whether the user has cut a later one short.
    pub(super) is_cut_short: bool,
}

impl ToDestination {
    /// A forwarder that delivers to a destination. `rate` is the maximum records a second that the user asked for, and
    /// `own` the log groups of the functions of the stack, which are never forwarded. Connects to nothing.
    ///
    /// # Errors
    /// [`crate::error::Code::Config`] for a secret or a route that cannot be used.
    pub(in super::super) fn open(
        aws: Aws<'_>,
        destined: Destined,
        own: BTreeSet<String>,
        rate: Option<u32>,
        notes: Vec<String>,
    ) -> Result<Self> {
        let Destined { name, config, store } = destined;
        let options = Options {
            other_log_groups: own,
            own_account: Some(aws.session.target.account.clone()),
            cap: cap(),
            store: shared(store),
            region: aws.session.target.region.to_string(),
            // Every attempt gets the whole batch, and its account is of all attempts.
            comes_whole: true,
            ..Options::default()
        };
        let forwarder = Forwarder::new(&config, options).map_err(|problem| invalid(&problem))?;
        let into = "destination".to_owned();
        let target = Target { into, name, records_a_second: rate, has_receipts: true, notes };
        Ok(Self::of(forwarder, target))
    }

    pub(super) fn of(forwarder: Forwarder, target: Target) -> Self {
        let (next, delivery) = (Instant::now(), Delivery::default());
        Self { target, forwarder, records: 0, bytes: 0, number: 0, next, delivery }
    }

    /// Hands records to the forwarder until they are done, an attempt makes no progress, or the user asks to stop.
    pub(super) async fn attempts(&mut self, aws: Aws<'_>, records: &[Record]) -> Attempts {
        let Ok(invocation) = invocation(records, self.number) else {
            return Attempts { outcome: None, is_cut_short: false };
        };
        let (mut done, mut last) = (0, None);
        loop {
            let attempt = self.forwarder.handle(&invocation, Instant::now() + ATTEMPT);
            let outcome = tokio::select! {
                biased;
                () = aws.session.stop().wait() => return Attempts { outcome: last, is_cut_short: true },
                outcome = attempt => outcome,
            };
            self.delivery.possible_duplicates +=
                outcome.lanes.iter().map(|lane| lane.possible_duplicates).sum::<u64>();
            self.delivery.note_refused(&outcome);
            let counts = &outcome.account.events;
            let now = counts.received - counts.failed;
            let is_last = outcome.account.records.failed == 0 || now <= done;
            (done, last) = (now, Some(outcome));
            if is_last {
                return Attempts { outcome: last, is_cut_short: false };
            }
        }
    }

    /// What became of each record.
    pub(super) fn fates(
        &mut self,
        parcels: &[&Parcel],
        Attempts { outcome, is_cut_short }: Attempts,
    ) -> Vec<Fate> {
        let Some(outcome) = outcome else {
            if is_cut_short {
                self.delivery.possible_duplicates += parcels.iter().map(|parcel| parcel.events).sum::<u64>();
            }
            let why = || Fate::Failed("the records make no invocation".to_owned());
            return vec![if is_cut_short { Fate::NotTried } else { why() }; parcels.len()];
        };
        self.delivery.take(&outcome);
        let why = why(&outcome);
        let mut fates = Vec::with_capacity(parcels.len());
        let standings = standings(&outcome.account);
        for ((parcel, standing), (fate, _)) in parcels.iter().zip(standings).zip(outcome.account.fates()) {
            let is_open = *fate == fate::Fate::Failed;
            if is_open {
                self.delivery.to_repeat += standing.confirmed;
            }
            if is_open && is_cut_short {
                // The attempt that was cut short may have sent all that was left, and its answers are not known.
                self.delivery.possible_duplicates += parcel.events.saturating_sub(standing.settled);
            }
            fates.push(match fate {
                fate::Fate::Failed if is_cut_short => Fate::NotTried,
                fate::Fate::Failed => Fate::Failed(why.clone()),
                fate::Fate::Quarantined(_) | fate::Fate::Rejected if standing.confirmed == 0 => Fate::Refused,
                _ => Fate::Sent,
            });
        }
        fates.resize(parcels.len(), Fate::Failed(why));
        fates
    }
}

impl Sink for ToDestination {
    fn target(&self) -> &Target {
        &self.target
    }

    fn admits(&mut self, parcel: &Parcel) -> bool {
        let most = self.target.records_a_second.map_or(RECORDS, |rate| RECORDS.min(rate as usize));
        let fits = self.records < most && self.bytes + parcel.data.len() <= BYTES;
        if !fits && self.records > 0 {
            return false;
        }
        self.records += 1;
        self.bytes += parcel.data.len();
        true
    }

    fn send<'a>(&'a mut self, aws: Aws<'a>, parcels: &'a [&'a Parcel]) -> LocalBoxFuture<'a, Vec<Fate>> {
        Box::pin(async move {
            (self.records, self.bytes) = (0, 0);
            if aws.rest(self.next.saturating_duration_since(Instant::now())).await.is_err() {
                return vec![Fate::NotTried; parcels.len()];
            }
            let begun = Instant::now();
            let records: Vec<Record> =
                parcels.iter().map(|parcel| Record::Data(parcel.data.clone())).collect();
            let attempts = self.attempts(aws, &records).await;
            self.number += records.len() as u64;
            if let Some(rate) = self.target.records_a_second {
                #[expect(clippy::cast_precision_loss, reason = "a batch is small")]
                let seconds = records.len() as f64 / f64::from(rate);
                self.next = begun + Duration::from_secs_f64(seconds);
            }
            self.fates(parcels, attempts)
        })
    }

    fn delivery(&self) -> Option<&Delivery> {
        Some(&self.delivery)
    }
}

/// How far the events of a record have come.
#[derive(Debug, Clone, Copy, Default)]
struct Standing {
    /// Those with a receipt.
    confirmed: u64,
    /// These, and those that are refused, dropped or never sent.
    settled: u64,
}

/// The same for each record.
fn standings(account: &Account) -> Vec<Standing> {
    let of_part = |mut standing: Standing, part: &Part| {
        let shares = account.shares(part);
        let sum =
            |of: fn(&Progress) -> u32| shares.iter().map(|share| u64::from(of(&share.progress))).sum::<u64>();
        standing.confirmed += sum(Progress::delivered);
        standing.settled += u64::from(part.filtered)
            + if part.fate == fate::Fate::Failed {
                sum(|progress| progress.done)
            } else {
                part.events.into()
            };
        standing
    };
    let records = account.parts.chunk_by(|a, b| a.record == b.record);
    records.map(|parts| parts.iter().fold(Standing::default(), of_part)).collect()
}

/// Why something was not delivered.
fn why(outcome: &Outcome) -> String {
    let failures = outcome.lanes.iter().filter_map(|lane| lane.failure.as_ref());
    let failures: Vec<String> = failures.map(ToString::to_string).collect();
    if failures.is_empty() { "it was not confirmed".to_owned() } else { failures.join("; ") }
}
