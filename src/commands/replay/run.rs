//! The loop between a source and a sink.

use std::collections::VecDeque;

use super::sink::{Fate, Sink};
use super::source::{Parcel, Source};
use super::tally::Tally;
use crate::aws::Aws;
use crate::error::{Code, Error, Result};

/// How a run went.
#[derive(Debug, Default)]
pub(super) struct Run {
    /// What was read and sent.
    pub(super) tally: Tally,
    /// Whether everything was read and sent, or `--limit` was reached.
    pub(super) is_complete: bool,
    /// Whether `--limit` ended it.
    pub(super) is_limited: bool,
    /// Whether the user has stopped it.
    pub(super) is_interrupted: bool,
    /// Why the sink did not take a record.
    pub(super) failure: Option<String>,
    /// What kept the rest from being read, or from being written down.
    pub(super) stopped: Option<Error>,
    /// Records that were sent and could not be written down: another run sends them again.
    pub(super) not_noted: u64,
    /// Events that may arrive twice, because the answer to sending them was lost.
    pub(super) possible_duplicates: u64,
}

/// What is read and not sent yet.
#[derive(Default)]
struct Queue {
    /// Each with the number of its portion.
    parcels: VecDeque<(usize, Parcel)>,
    /// Records that were read and are no copies, to end at `--limit`.
    taken: u64,
}

/// Sends everything, or `limit` records. `heard` hears of the counts after each batch.
pub(super) async fn run(
    aws: Aws<'_>,
    source: &mut dyn Source,
    sink: &mut dyn Sink,
    limit: Option<u64>,
    heard: impl Fn(&Tally),
) -> Run {
    let mut run = Run::default();
    let mut queue = Queue::default();
    loop {
        if aws.session.stop().requested() {
            run.is_interrupted = true;
            break;
        }
        let batch = match run.fill(aws, source, sink, &mut queue, limit).await {
            Ok(batch) if batch.is_empty() => {
                run.is_complete = true;
                break;
            }
            Ok(batch) => batch,
            Err(error) => {
                run.end_by(error);
                break;
            }
        };
        let is_whole = run.send(aws, source, sink, batch).await;
        heard(&run.tally);
        if !is_whole {
            break;
        }
    }
    run
}

impl Run {
    /// Ends it by an error, or because the user has asked to stop.
    fn end_by(&mut self, error: Error) {
        if error.code == Code::Interrupted {
            self.is_interrupted = true;
        } else {
            self.stopped = Some(error);
        }
    }

    /// Takes how the notes of the run were ended.
    pub(super) fn take_end(&mut self, ended: Result<()>) {
        match ended {
            // That has written down what could not be written down before.
            Ok(()) => self.not_noted = 0,
            Err(error) => {
                self.stopped.get_or_insert(error);
                self.is_complete = false;
            }
        }
    }

    /// The next batch; nothing at the end.
    async fn fill(
        &mut self,
        aws: Aws<'_>,
        source: &mut dyn Source,
        sink: &mut dyn Sink,
        queue: &mut Queue,
        limit: Option<u64>,
    ) -> Result<Vec<(usize, Parcel)>> {
        let mut batch = Vec::new();
        loop {
            while let Some((_, parcel)) = queue.parcels.front() {
                if !parcel.is_copy {
                    if limit.is_some_and(|limit| queue.taken >= limit) {
                        self.is_limited = true;
                        queue.parcels.clear();
                        return Ok(batch);
                    }
                    if !sink.admits(parcel) {
                        return Ok(batch);
                    }
                    queue.taken += 1;
                }
                batch.extend(queue.parcels.pop_front());
            }
            if self.is_limited {
                return Ok(batch);
            }
            let Some(portion) = source.next(aws).await? else { return Ok(batch) };
            self.tally.read(&portion);
            queue.parcels.extend(portion.parcels.into_iter().map(|parcel| (portion.id, parcel)));
        }
    }

    /// Sends a batch and writes down what was sent. Returns whether that was all of it.
    async fn send(
        &mut self,
        aws: Aws<'_>,
        source: &mut dyn Source,
        sink: &mut dyn Sink,
        batch: Vec<(usize, Parcel)>,
    ) -> bool {
        let parcels: Vec<&Parcel> =
            batch.iter().map(|(_, parcel)| parcel).filter(|parcel| !parcel.is_copy).collect();
        let mut fates = Vec::new();
        if !parcels.is_empty() {
            if let Err(error) = source.check(aws).await {
                self.end_by(error);
                return false;
            }
            let sending = async { fates = sink.send(aws, &parcels).await };
            source.while_sending(aws, Box::pin(sending)).await;
            self.possible_duplicates = sink.possible_duplicates();
        }
        let is_whole = fates.iter().all(|fate| matches!(fate, Fate::Sent | Fate::Refused));
        let mut fates = fates.into_iter();
        let (mut done, mut sent) = (Vec::new(), 0);
        for (portion, parcel) in &batch {
            // What a copy is of was sent with this batch or before it.
            let fate = if parcel.is_copy { None } else { fates.next() };
            match fate {
                None if is_whole => done.push((*portion, parcel.at)),
                Some(Fate::Sent) => {
                    sent += 1;
                    self.tally.sent(parcel);
                    done.push((*portion, parcel.at));
                }
                Some(Fate::Refused) => done.push((*portion, parcel.at)),
                Some(Fate::Failed(why)) => drop(self.failure.get_or_insert(why)),
                None | Some(Fate::NotTried) => {}
            }
        }
        if !is_whole && self.failure.is_none() {
            self.is_interrupted = true;
        }
        if done.is_empty() {
            return is_whole;
        }
        if let Err(error) = source.settle(aws, &done).await {
            self.not_noted = sent;
            self.stopped = Some(error);
            return false;
        }
        is_whole
    }
}
