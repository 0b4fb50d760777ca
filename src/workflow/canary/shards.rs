//! Looks for a canary in the shards of a stream.
//!
//! A shard takes five reads a second, which the trigger shares: this reads each at most twice a second. Which shard a
//! log stream goes to is CloudWatch Logs' to decide, so all are read in turn, a few at a time.

use std::time::Duration;

use tokio::time::Instant;

use super::mark;
use crate::aws::records::{get_records, shard_iterator, shards_since};
use crate::aws::{Aws, AwsError};

/// Minimum time between two reads of one shard.
const PAUSE: Duration = Duration::from_millis(500);
/// Maximum number of shards to read in one look.
const AT_ONCE: usize = 8;
/// Maximum number of records of one read: twice a second this is all that a shard can take.
const RECORDS: i32 = 500;
/// Maximum time to repeat a read that is throttled, before the next look.
const RETRY: Duration = Duration::from_secs(2);

/// The shards of a stream, each read up to some point.
pub(super) struct Shards<'a> {
    stream: &'a str,
    /// In milliseconds since 1970.
    since: i64,
    shards: Vec<Shard>,
    next: usize,
}

struct Shard {
    id: String,
    iterator: Option<String>,
    is_at_end: bool,
    read: Option<Instant>,
}

/// Where a canary was found.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Arrival {
    /// The shard.
    pub(super) shard: String,
    /// When it arrived, in seconds since 1970, where Kinesis says so.
    pub(super) at: Option<f64>,
}

impl<'a> Shards<'a> {
    /// The shards that have been open since a time.
    pub(super) async fn open(aws: Aws<'_>, stream: &'a str, since: i64) -> Result<Self, AwsError> {
        let ids = shards_since(aws.at_most(RETRY), stream, since).await?;
        let shards = ids.into_iter().map(|id| Shard { id, iterator: None, is_at_end: false, read: None });
        Ok(Self { stream, since, shards: shards.collect(), next: 0 })
    }

    /// Reads the next few shards that were not read just now. Throttling is no error: the next look comes.
    ///
    /// # Errors
    /// Whatever else the reads fail with.
    pub(super) async fn look(&mut self, aws: Aws<'_>, id: &str) -> Result<Option<Arrival>, AwsError> {
        let aws = aws.at_most(RETRY);
        for _ in 0..self.shards.len().min(AT_ONCE) {
            let at = self.next % self.shards.len();
            self.next = at + 1;
            let shard = &mut self.shards[at];
            if shard.is_at_end || shard.read.is_some_and(|read| read.elapsed() < PAUSE) {
                continue;
            }
            shard.read = Some(Instant::now());
            match shard.read(aws, self.stream, self.since, id).await {
                Ok(None) => {}
                Err(error) if is_passing(&error) => {}
                found => return found,
            }
        }
        Ok(None)
    }
}

impl Shard {
    async fn read(
        &mut self,
        aws: Aws<'_>,
        stream: &str,
        since: i64,
        id: &str,
    ) -> Result<Option<Arrival>, AwsError> {
        let iterator = match &self.iterator {
            Some(iterator) => iterator.clone(),
            None => {
                let Some(iterator) = shard_iterator(aws, stream, &self.id, since).await? else {
                    return Ok(None);
                };
                self.iterator.insert(iterator).clone()
            }
        };
        match get_records(aws, stream, &iterator, RECORDS).await {
            Ok(page) => {
                self.is_at_end = page.next.is_none();
                self.iterator = page.next;
                let found = page.records.into_iter().find_map(|record| {
                    mark::holds(record.data, id)
                        .then(|| Arrival { shard: self.id.clone(), at: record.arrived })
                });
                Ok(found)
            }
            Err(error) if error.is(&["ExpiredIteratorException"]) => {
                self.iterator = None;
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }
}

/// Whether the next look may do better: AWS throttles, or has a fault of its own.
fn is_passing(error: &AwsError) -> bool {
    crate::aws::error_table::retry(error, None).is_some()
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use base64::Engine;
    use base64::engine::general_purpose::STANDARD;
    use serde_json::json;

    use super::*;
    use crate::aws::testing::{Answer, FakeAws};
    use crate::events::{Origin, Record, SavedEvent};

    fn data(id: &str) -> String {
        let event = SavedEvent { message: mark::message(id), ..SavedEvent::default() };
        let Record::Data(data) = Record::of(Origin::default(), &[event]) else { unreachable!("data") };
        STANDARD.encode(data)
    }

    /// A stream with so many shards; the canary is in the last one, and every other read is throttled.
    fn stream(shards: usize, id: &'static str) -> FakeAws {
        let reads = AtomicUsize::new(0);
        FakeAws::new(move |request| {
            let last = format!("shard-{}", shards - 1);
            match request.operation.as_str() {
                "ListShards" => {
                    let shards: Vec<_> = (0..shards)
                        .map(|at| {
                            json!({
                                "ShardId": format!("shard-{at}"),
                                "HashKeyRange": {"StartingHashKey": "0", "EndingHashKey": "1"},
                                "SequenceNumberRange": {"StartingSequenceNumber": "0"},
                            })
                        })
                        .collect();
                    Answer::Json(json!({ "Shards": shards }))
                }
                "GetShardIterator" => Answer::Json(json!({"ShardIterator": request.text("ShardId")})),
                "GetRecords" if reads.fetch_add(1, Ordering::Relaxed).is_multiple_of(2) => {
                    Answer::Error(400, "ProvisionedThroughputExceededException", "Rate exceeded")
                }
                "GetRecords" => {
                    let iterator = request.text("ShardIterator").to_owned();
                    let record = json!({
                        "Data": data(id), "SequenceNumber": "1", "PartitionKey": "p",
                        "ApproximateArrivalTimestamp": 1_790_000_000.5,
                    });
                    let records = if iterator == last { vec![record] } else { Vec::new() };
                    Answer::Json(json!({"Records": records, "NextShardIterator": iterator}))
                }
                other => panic!("{other}"),
            }
        })
    }

    #[tokio::test(start_paused = true)]
    async fn every_shard_is_read_in_turn_whatever_is_throttled() {
        let aws = stream(20, "0123456789ab");
        let session = aws.session();
        let mut shards = Shards::open((&session).into(), "s", 0).await.expect("shards");
        let mut looks = 0;
        let found = loop {
            looks += 1;
            assert!(looks < 100, "the canary was not found");
            if let Some(found) = shards.look((&session).into(), "0123456789ab").await.expect("a look") {
                break found;
            }
            // Without waiting: the pause is the shards' own.
            tokio::time::sleep(Duration::from_millis(10)).await;
        };
        assert_eq!(found, Arrival { shard: "shard-19".to_owned(), at: Some(1_790_000_000.5) });
        let reads = |shard: &str| {
            let requests = aws.requests();
            requests
                .iter()
                .filter(|r| r.operation == "GetRecords" && r.text("ShardIterator") == shard)
                .count()
        };
        assert!((0..20).all(|at| reads(&format!("shard-{at}")) > 0));
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_denied_is_an_error_at_once() {
        let aws = FakeAws::new(|request| match request.operation.as_str() {
            "GetRecords" => Answer::Error(400, "AccessDeniedException", "no"),
            "GetShardIterator" => Answer::Json(json!({"ShardIterator": "i"})),
            _ => Answer::Json(json!({"Shards": [{
                "ShardId": "s",
                "HashKeyRange": {"StartingHashKey": "0", "EndingHashKey": "1"},
                "SequenceNumberRange": {"StartingSequenceNumber": "0"},
            }]})),
        });
        let session = aws.session();
        let mut shards = Shards::open((&session).into(), "s", 0).await.expect("shards");
        assert!(shards.look((&session).into(), "x").await.is_err());
    }
}
