//! The stream as a sink: records go the way of live ones.

use std::time::Duration;

use futures_util::future::LocalBoxFuture;
use md5::{Digest, Md5};
use tokio::time::Instant;

use super::pace::{Pace, most};
use super::{Fate, Sink, Target};
use crate::aws::call::Failed;
use crate::aws::error::{INTERRUPTED, INVALID_RESPONSE};
use crate::aws::records::{NewRecord, NotPut, open_shards, put_records};
use crate::aws::{Aws, Notice};
use crate::commands::replay::source::Parcel;
use crate::error::{Error, Result};
use crate::output::quantity::{count, plural};

/// Maximum time in which the stream takes none of the records that are put.
const PATIENCE: Duration = Duration::from_secs(60);
/// The first pause after records were throttled; it doubles each time.
const FIRST_PAUSE: Duration = Duration::from_millis(250);
/// The longest pause.
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// A stream.
pub(in super::super) struct ToStream {
    target: Target,
    pace: Pace,
    /// When the next batch may be put.
    next: Instant,
    patience: Duration,
    /// Events of records that were put by a call whose answer was lost.
    possible_duplicates: u64,
}

impl ToStream {
    /// Reads the shards of a stream. `rate` is the maximum records a second that the user asked for.
    ///
    /// # Errors
    /// [`crate::error::Code::Usage`] for a rate that leaves live logs too little room; what the call fails with.
    pub(in super::super) async fn open(
        aws: Aws<'_>,
        stream: &str,
        rate: Option<u32>,
        notes: Vec<String>,
    ) -> Result<Self> {
        let shards = open_shards(aws, stream).await?;
        let limit = most(shards.len());
        if let Some(rate) = rate.filter(|rate| *rate > limit) {
            let shards = plural(shards.len() as u64, "shard");
            let message = format!(
                "--records-per-second {rate} is more than {}, a quarter of what {shards} of the stream take",
                count(limit.into())
            );
            return Err(Error::usage(
                message,
                format!("live logs need the rest: give at most --records-per-second {limit}"),
            ));
        }
        let records = rate.unwrap_or(limit);
        let target = Target {
            into: "stream".to_owned(),
            name: stream.to_owned(),
            records_a_second: Some(records),
            has_receipts: false,
            notes,
        };
        let patience = aws.session.attempt(PATIENCE);
        Ok(Self {
            target,
            pace: Pace::new(shards, records),
            next: Instant::now(),
            patience,
            possible_duplicates: 0,
        })
    }

    async fn put(&mut self, aws: Aws<'_>, parcels: &[&Parcel]) -> Vec<Fate> {
        let mut lost = vec![false; parcels.len()];
        let fates = self.put_until_taken(aws, parcels, &mut lost).await;
        let lost = parcels.iter().zip(lost).filter(|(_, is_lost)| *is_lost);
        self.possible_duplicates += lost.map(|(parcel, _)| parcel.events).sum::<u64>();
        fates
    }

    /// Puts what the stream does not take again. Marks in `lost` the records of a call whose answer was lost.
    async fn put_until_taken(&self, aws: Aws<'_>, parcels: &[&Parcel], lost: &mut [bool]) -> Vec<Fate> {
        let mut fates = vec![Fate::NotTried; parcels.len()];
        let mut open: Vec<usize> = (0..parcels.len()).collect();
        let (mut pause, mut since) = (FIRST_PAUSE, Instant::now());
        loop {
            let records: Vec<NewRecord<'_>> = open
                .iter()
                .map(|at| NewRecord { key: &parcels[*at].key, data: &parcels[*at].data })
                .collect();
            let put = put_records(aws.at_most(self.patience), &self.target.name, &records).await;
            let answers = match put {
                Ok(answers) => answers,
                Err(Failed { error, is_open }) => {
                    open.iter().for_each(|at| lost[*at] |= is_open);
                    if error.is(&[INTERRUPTED]) {
                        return fates;
                    }
                    let again = is_open && !error.is(&[INVALID_RESPONSE]);
                    let why = NotPut { code: error.code, message: error.message };
                    if !again {
                        open.iter().for_each(|at| fates[*at] = Fate::Failed(why.to_string()));
                        return fates;
                    }
                    vec![Err(why); open.len()]
                }
            };
            let (mut left, mut why) = (Vec::new(), String::new());
            for (at, answer) in open.iter().zip(answers) {
                match answer {
                    Ok(()) => fates[*at] = Fate::Sent,
                    Err(not_put) => {
                        why = not_put.to_string();
                        left.push(*at);
                    }
                }
            }
            if left.is_empty() {
                return fates;
            }
            if left.len() < open.len() {
                (pause, since) = (FIRST_PAUSE, Instant::now());
            } else if since.elapsed() >= self.patience {
                left.iter().for_each(|at| fates[*at] = Fate::Failed(why.clone()));
                return fates;
            }
            open = left;
            (aws.notice)(Notice::Waiting { why: "the stream to take records", elapsed: since.elapsed() });
            if aws.rest(pause).await.is_err() {
                return fates;
            }
            pause = (2 * pause).min(LONGEST_PAUSE);
        }
    }
}

impl Sink for ToStream {
    fn target(&self) -> &Target {
        &self.target
    }

    fn admits(&mut self, parcel: &Parcel) -> bool {
        let hash = u128::from_be_bytes(Md5::digest(parcel.key.as_bytes()).into());
        self.pace.admits(hash, parcel.data.len() + parcel.key.len())
    }

    fn send<'a>(&'a mut self, aws: Aws<'a>, parcels: &'a [&'a Parcel]) -> LocalBoxFuture<'a, Vec<Fate>> {
        Box::pin(async move {
            let takes = self.pace.end();
            if aws.rest(self.next.saturating_duration_since(Instant::now())).await.is_err() {
                return vec![Fate::NotTried; parcels.len()];
            }
            let begun = Instant::now();
            let fates = self.put(aws, parcels).await;
            self.next = begun + takes;
            fates
        })
    }

    fn possible_duplicates(&self) -> u64 {
        self.possible_duplicates
    }
}
