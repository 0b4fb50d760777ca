//! The stream as a sink: records go the way of live ones.

use std::time::Duration;

use futures_util::future::LocalBoxFuture;
use md5::{Digest, Md5};
use tokio::time::Instant;

use super::pace::{Pace, most};
use super::{Fate, Sink, Target};
use crate::aws::Aws;
use crate::aws::error::INTERRUPTED;
use crate::aws::records::{NewRecord, open_shards, put_records};
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
}

impl ToStream {
    /// Reads the shards of a stream. `rate` is the maximum records a second that somebody asked for.
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
        Ok(Self { target, pace: Pace::new(shards, records), next: Instant::now(), patience })
    }

    async fn put(&self, aws: Aws<'_>, parcels: &[&Parcel]) -> Vec<Fate> {
        let mut fates = vec![Fate::NotTried; parcels.len()];
        let mut open: Vec<usize> = (0..parcels.len()).collect();
        let (mut pause, mut until) = (FIRST_PAUSE, Instant::now() + self.patience);
        while !open.is_empty() {
            let records: Vec<NewRecord<'_>> = open
                .iter()
                .map(|at| NewRecord { key: &parcels[*at].key, data: &parcels[*at].data })
                .collect();
            let answers = match put_records(aws.at_most(self.patience), &self.target.name, &records).await {
                Ok(answers) => answers,
                Err(error) if error.is(&[INTERRUPTED]) => return fates,
                Err(error) => {
                    open.iter().for_each(|at| {
                        fates[*at] = Fate::Failed(format!("{}: {}", error.code, error.message))
                    });
                    return fates;
                }
            };
            let (mut left, mut why) = (Vec::new(), String::new());
            for (at, answer) in open.iter().zip(answers) {
                match answer {
                    Ok(()) => fates[*at] = Fate::Sent,
                    Err(not_put) => {
                        why = format!("{}: {}", not_put.code, not_put.message);
                        left.push(*at);
                    }
                }
            }
            if left.len() < open.len() {
                (pause, until) = (FIRST_PAUSE, Instant::now() + self.patience);
            } else if Instant::now() >= until {
                left.iter().for_each(|at| fates[*at] = Fate::Failed(why.clone()));
                return fates;
            }
            open = left;
            if !open.is_empty() && aws.rest(pause).await.is_err() {
                return fates;
            }
            pause = (2 * pause).min(LONGEST_PAUSE);
        }
        fates
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
}
