//! How full each shard is and which log groups fill it. Without its paid shard-level metrics, AWS counts nothing of a
//! single shard, so this reads what arrived in the last minute.

use std::collections::BTreeMap;
use std::time::Duration;

use cwl2le_forwarder::record::payload::parse;
use futures_util::stream::{StreamExt as _, TryStreamExt as _, iter};

use crate::aws::error::Operation;
use crate::aws::records::{StoredRecord, get_records, shard_iterator, shards_since};
use crate::aws::{Aws, AwsError};
use crate::error::Result;
use crate::events::{Record, invocation};
use crate::health::{Load, Senders, ShardLoad, ShardLoads};

/// How far back a shard is read, in milliseconds.
const MINUTE: i64 = 60_000;
/// Maximum number of shards to look into. Each takes two calls.
const SHARDS: usize = 64;
/// Shards that are read at the same time.
const AT_ONCE: usize = 8;
/// Maximum number of records that a read asks for. The trigger shares the 2 MiB/s of a shard, so this stays small.
const RECORDS: i32 = 250;
/// Maximum number of reads of a shard. Some find nothing although records follow.
const READS: usize = 4;
/// Minimum time between two reads of a shard, which takes five a second for all of its readers.
const PAUSE: Duration = Duration::from_millis(500);

/// Looks into the shards that are open, or were within the last minute. `now` is in milliseconds since 1970.
pub(super) async fn shards(aws: Aws<'_>, stream: &str, now: i64) -> Result<ShardLoads> {
    let since = now - MINUTE;
    let mut ids = shards_since(aws, stream, since).await?;
    let left_out = ids.len().saturating_sub(SHARDS);
    ids.truncate(SHARDS);
    let read = ids.into_iter().map(|id| async move {
        let sample = read(aws, stream, &id, since).await?;
        let is_whole = sample.is_whole;
        let (load, events) = sample.load_of(id, since);
        Ok::<_, AwsError>((load, Senders { events, is_whole }))
    });
    let read: Vec<(ShardLoad, Senders)> = iter(read).buffer_unordered(AT_ONCE).try_collect().await?;
    let (mut shards, senders): (Vec<ShardLoad>, Vec<Senders>) = read.into_iter().unzip();
    let mut all = Senders { events: BTreeMap::new(), is_whole: left_out == 0 };
    for Senders { events, is_whole } in senders {
        all.is_whole &= is_whole;
        for (account, count) in events {
            *all.events.entry(account).or_default() += count;
        }
    }
    shards.sort_by(|one, other| {
        other.load.shards().total_cmp(&one.load.shards()).then_with(|| one.id.cmp(&other.id))
    });
    Ok(ShardLoads { shards, left_out, senders: all })
}

/// The first records since a time.
struct Sample {
    records: Vec<StoredRecord>,
    /// Whether these are all until now.
    is_whole: bool,
}

async fn read(aws: Aws<'_>, stream: &str, shard: &str, since: i64) -> Result<Sample, AwsError> {
    let mut sample = Sample { records: Vec::new(), is_whole: true };
    let mut next = shard_iterator(aws, stream, shard, since).await?;
    for reads in 1..=READS {
        let Some(iterator) = next else { return Ok(sample) };
        let page = get_records(aws, stream, &iterator, RECORDS).await?;
        sample.records.extend(page.records);
        sample.is_whole = page.behind == Some(0) || page.next.is_none();
        next = page.next;
        let is_enough = sample.records.len() >= RECORDS.unsigned_abs() as usize;
        if sample.is_whole || is_enough || reads == READS {
            break;
        }
        aws.rest(PAUSE).await.map_err(|_| {
            AwsError::interrupted(Operation { service: "kinesis", name: "GetRecords", resource: stream })
        })?;
    }
    Ok(sample)
}

impl Sample {
    /// What it says of its shard, and how many log events of each account are in it.
    #[expect(clippy::cast_precision_loss, reason = "bytes of a minute are exact in 53 bits")]
    fn load_of(self, id: String, since: i64) -> (ShardLoad, BTreeMap<String, u64>) {
        let seconds = self.seconds();
        // Kinesis counts the partition key, too.
        let size = |record: &StoredRecord| record.data.len() + record.partition_key.len();
        let bytes: usize = self.records.iter().map(size).sum();
        let load = Load {
            at: since,
            bytes: bytes as f64 / seconds,
            records: self.records.len() as f64 / seconds,
            refused: 0.0,
        };
        let mut groups: BTreeMap<String, usize> = BTreeMap::new();
        let mut accounts: BTreeMap<String, u64> = BTreeMap::new();
        for record in self.records {
            let size = size(&record);
            if let Some(Content { log_group, account, events }) = content(record.data) {
                *groups.entry(log_group).or_default() += size;
                *accounts.entry(account).or_default() += events;
            }
        }
        let mut groups: Vec<(String, f64)> =
            groups.into_iter().map(|(name, size)| (name, size as f64 / bytes.max(1) as f64)).collect();
        groups.sort_by(|(_, one), (_, other)| other.total_cmp(one));
        (ShardLoad { id, load, groups }, accounts)
    }

    /// The seconds in which these records arrived: all of the minute, or until the last of them.
    fn seconds(&self) -> f64 {
        let times = || self.records.iter().filter_map(|record| record.arrived);
        let (first, last) = (times().fold(f64::MAX, f64::min), times().fold(f64::MIN, f64::max));
        #[expect(clippy::cast_precision_loss, reason = "a minute is exact")]
        let minute = MINUTE as f64 / 1000.0;
        if self.is_whole { minute } else { (last - first).clamp(1.0, minute) }
    }
}

/// What is in a record.
struct Content {
    log_group: String,
    /// The account that owns the log group.
    account: String,
    /// Number of log events.
    events: u64,
}

/// What a record holds; none of one that CloudWatch Logs did not write, or that is a control message.
fn content(data: Vec<u8>) -> Option<Content> {
    let record = match Record::Data(data) {
        Record::Data(data) if !data.starts_with(&[0x1f, 0x8b]) => {
            Record::all_of(&invocation(&[Record::Data(data)], 0).ok()?).into_iter().next()?
        }
        gzip => gzip,
    };
    let mut payload = Vec::new();
    record.payload(&mut payload).ok()?;
    let read = parse(&payload).ok()?;
    let content = Content {
        log_group: read.log_group.to_string(),
        account: read.owner.to_string(),
        events: read.events.len() as u64,
    };
    Some(content).filter(|content| !content.log_group.is_empty())
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use base64::Engine;
    use base64::engine::general_purpose::STANDARD;
    use serde_json::json;

    use super::*;
    use crate::aws::testing::{Answer, FakeAws};
    use crate::events::{Origin, SavedEvent};

    fn record(group: &str, arrived: f64) -> serde_json::Value {
        let owner = if group == "/a" { "111111111111" } else { "2" };
        let origin = Origin { log_group: group, owner, ..Origin::default() };
        let Record::Data(data) = Record::of(origin, &[SavedEvent::default()]) else { unreachable!("data") };
        json!({"Data": STANDARD.encode(data), "PartitionKey": "p", "SequenceNumber": "1",
               "ApproximateArrivalTimestamp": arrived})
    }

    fn page(records: Vec<serde_json::Value>, behind: i64) -> Answer {
        Answer::Json(json!({"Records": records, "NextShardIterator": "i", "MillisBehindLatest": behind}))
    }

    /// A stream of one shard that answers its reads with these pages.
    fn stream(read: impl Fn(usize) -> Answer + Send + Sync + 'static) -> FakeAws {
        let reads = AtomicUsize::new(0);
        FakeAws::new(move |request| match request.operation.as_str() {
            "ListShards" => Answer::Json(json!({"Shards": [{
                "ShardId": "shardId-000000000000",
                "HashKeyRange": {"StartingHashKey": "0", "EndingHashKey": "1"},
                "SequenceNumberRange": {"StartingSequenceNumber": "0"},
            }]})),
            "GetShardIterator" => Answer::Json(json!({"ShardIterator": "i"})),
            "GetRecords" => read(reads.fetch_add(1, Ordering::Relaxed)),
            other => panic!("{other}"),
        })
    }

    #[tokio::test(start_paused = true)]
    async fn an_empty_page_is_read_past_and_bytes_are_counted_by_log_group() {
        let aws = stream(|read| match read {
            0 => page(Vec::new(), 30_000),
            _ => page(
                [
                    vec![record("/a", 1.0); 3],
                    vec![record("/b", 2.0)],
                    vec![json!({
                "Data": STANDARD.encode("no log events"), "PartitionKey": "p", "SequenceNumber": "2"})],
                ]
                .concat(),
                0,
            ),
        });
        let session = aws.session();
        let found = shards((&session).into(), "s", 120_000).await.expect("a shard");
        let shard = &found.shards[0];
        assert_eq!((found.shards.len(), found.left_out, shard.load.records), (1, 0, 5.0 / 60.0));
        let names: Vec<&str> = shard.groups.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, ["/a", "/b"]);
        assert_eq!(
            found.senders.events,
            BTreeMap::from([("111111111111".to_owned(), 3), ("2".to_owned(), 1)])
        );
        assert!(found.senders.is_whole);
        let sum: f64 = shard.groups.iter().map(|(_, part)| part).sum();
        assert!(sum < 1.0, "the record that is no log counts, too: {sum}");
    }

    #[tokio::test(start_paused = true)]
    async fn the_rate_of_a_shard_that_is_not_read_to_its_end_is_that_of_what_was_read() {
        let aws = stream(|_| page((0..250).map(|at| record("/a", f64::from(at) / 62.25)).collect(), 50_000));
        let session = aws.session();
        let found = shards((&session).into(), "s", 120_000).await.expect("a shard");
        let records = found.shards[0].load.records;
        assert!((records - 62.5).abs() < 0.01, "{records}");
        assert_eq!(aws.requests().iter().filter(|request| request.operation == "GetRecords").count(), 1);
    }

    #[tokio::test(start_paused = true)]
    async fn a_shard_that_never_comes_to_its_end_is_read_a_few_times() {
        let aws = stream(|_| page(Vec::new(), 50_000));
        let session = aws.session();
        let found = shards((&session).into(), "s", 120_000).await.expect("a shard");
        assert!(found.shards[0].groups.is_empty());
        assert_eq!(aws.requests().iter().filter(|request| request.operation == "GetRecords").count(), READS);
    }
}
