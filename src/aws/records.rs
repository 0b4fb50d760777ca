//! Kinesis as a reader and a writer of records uses it.

use std::fmt;

use aws_sdk_kinesis::operation::get_shard_iterator::builders::GetShardIteratorFluentBuilder;
use aws_sdk_kinesis::primitives::{Blob, DateTime};
use aws_sdk_kinesis::types::builders::ShardFilterBuilder;
use aws_sdk_kinesis::types::{
    PutRecordsRequestEntry, Shard, ShardFilter, ShardFilterType, ShardIteratorType,
};

use super::call::Failed;
use super::error::{INVALID_RESPONSE, Operation};
use super::{Aws, AwsError};

const SERVICE: &str = "kinesis";

/// A record of a stream.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct StoredRecord {
    /// Its sequence number: it grows within a shard.
    pub(crate) sequence: String,
    /// What decided on its shard.
    pub(crate) partition_key: String,
    /// When it arrived, in seconds since 1970 by AWS's clock, where Kinesis says so.
    pub(crate) arrived: Option<f64>,
    /// Its data, as its producer wrote it.
    pub(crate) data: Vec<u8>,
}

/// What one read of a shard found.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Page {
    /// The records, in their order. There may be none although more come.
    pub(crate) records: Vec<StoredRecord>,
    /// Where to read on; nowhere after the end of a closed shard.
    pub(crate) next: Option<String>,
    /// How far this read is behind the newest record of the shard, in milliseconds; 0 if it has read everything. None
    /// where the answer does not say.
    pub(crate) behind: Option<i64>,
}

/// The ids of the shards that have been open since a time, in milliseconds since 1970.
pub(crate) async fn shards_since(aws: Aws<'_>, stream: &str, since: i64) -> Result<Vec<String>, AwsError> {
    Ok(shards_of_time(aws, stream, since).await?.into_iter().map(|shard| shard.id).collect())
}

/// A shard that had records at some time.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct ShardOfTime {
    /// Its id.
    pub(crate) id: String,
    /// The shards that it was split or merged from, if they had any, too.
    pub(crate) parents: Vec<String>,
}

/// The shards that have been open since a time, in milliseconds since 1970, with what they came from.
///
/// # Errors
///
/// Whatever `kinesis:ListShards` fails with.
pub(crate) async fn shards_of_time(
    aws: Aws<'_>,
    stream: &str,
    since: i64,
) -> Result<Vec<ShardOfTime>, AwsError> {
    let filter = ShardFilter::builder().r#type(ShardFilterType::FromTimestamp);
    let shards = shards(aws, stream, filter.timestamp(DateTime::from_millis(since))).await?;
    let shards = shards.into_iter().map(|shard| ShardOfTime {
        id: shard.shard_id,
        parents: shard.parent_shard_id.into_iter().chain(shard.adjacent_parent_shard_id).collect(),
    });
    Ok(shards.collect())
}

/// The shards of a stream that a filter lets through.
async fn shards(aws: Aws<'_>, stream: &str, filter: ShardFilterBuilder) -> Result<Vec<Shard>, AwsError> {
    let kinesis = aws.session.kinesis();
    // The builder only misses a type.
    let filter = filter.build().ok();
    aws.pages(
        SERVICE,
        "ListShards",
        stream,
        |next| {
            let request = kinesis.list_shards();
            // A token stands for the stream and the filter.
            match next {
                None => request.stream_name(stream).set_shard_filter(filter.clone()),
                Some(token) => request.next_token(token),
            }
            .send()
        },
        |page| (page.shards.unwrap_or_default(), page.next_token),
    )
    .await
}

/// Where to read a shard from a time on, in milliseconds since 1970. It is good for five minutes.
pub(crate) async fn shard_iterator(
    aws: Aws<'_>,
    stream: &str,
    shard: &str,
    since: i64,
) -> Result<Option<String>, AwsError> {
    let at = DateTime::from_millis(since);
    let begins = |request: GetShardIteratorFluentBuilder| {
        request.shard_iterator_type(ShardIteratorType::AtTimestamp).timestamp(at)
    };
    iterator(aws, stream, shard, begins).await
}

/// Where to read a shard behind the record with this sequence number. It is good for five minutes.
pub(crate) async fn iterator_behind(
    aws: Aws<'_>,
    stream: &str,
    shard: &str,
    sequence: &str,
) -> Result<Option<String>, AwsError> {
    let begins = |request: GetShardIteratorFluentBuilder| {
        request.shard_iterator_type(ShardIteratorType::AfterSequenceNumber).starting_sequence_number(sequence)
    };
    iterator(aws, stream, shard, begins).await
}

async fn iterator(
    aws: Aws<'_>,
    stream: &str,
    shard: &str,
    begins: impl Fn(GetShardIteratorFluentBuilder) -> GetShardIteratorFluentBuilder,
) -> Result<Option<String>, AwsError> {
    let kinesis = aws.session.kinesis();
    let answer = aws.call(SERVICE, "GetShardIterator", stream, || {
        begins(kinesis.get_shard_iterator().stream_name(stream).shard_id(shard)).send()
    });
    Ok(answer.await?.shard_iterator)
}

/// The next records of a shard, at most `limit`.
pub(crate) async fn get_records(
    aws: Aws<'_>,
    stream: &str,
    iterator: &str,
    limit: i32,
) -> Result<Page, AwsError> {
    let kinesis = aws.session.kinesis();
    // An iterator is opaque: the ARN says which stream has to be allowed.
    let arn = aws.session.target.arn(SERVICE, format_args!("stream/{stream}"));
    let answer = aws.call(SERVICE, "GetRecords", stream, || {
        kinesis.get_records().stream_arn(&arn).shard_iterator(iterator).limit(limit).send()
    });
    let answer = answer.await?;
    let records = answer.records.into_iter().map(|record| StoredRecord {
        sequence: record.sequence_number,
        partition_key: record.partition_key.unwrap_or_default(),
        arrived: record.approximate_arrival_timestamp.map(|time| time.as_secs_f64()),
        data: record.data.into_inner(),
    });
    let behind = answer.millis_behind_latest;
    Ok(Page { records: records.collect(), next: answer.next_shard_iterator, behind })
}

/// Puts a record, and says which shard took it.
pub(crate) async fn put_record(
    aws: Aws<'_>,
    stream: &str,
    key: &str,
    data: Vec<u8>,
) -> Result<String, AwsError> {
    let kinesis = aws.session.kinesis();
    let data = Blob::new(data);
    let put = aws.call(SERVICE, "PutRecord", stream, || {
        kinesis.put_record().stream_name(stream).partition_key(key).data(data.clone()).send()
    });
    Ok(put.await?.shard_id)
}

/// A record to put.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct NewRecord<'a> {
    /// Decides on the shard. At most 256 characters.
    pub(crate) key: &'a str,
    /// Its data.
    pub(crate) data: &'a [u8],
}

/// Why the stream did not take a record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct NotPut {
    /// `ProvisionedThroughputExceededException`, `InternalFailure`.
    pub(crate) code: String,
    /// What AWS says.
    pub(crate) message: String,
}

impl fmt::Display for NotPut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.code, self.message)
    }
}

/// Puts up to 500 records, of 5 MiB with their keys. Answers for each whether the stream has it: any of them may be
/// throttled while the others are taken. Where the answer is lost, nothing is repeated: the stream may have them.
///
/// # Errors
///
/// Whatever `kinesis:PutRecords` fails with as a whole; [`INVALID_RESPONSE`] for an answer that cannot be read or is about
/// other records.
pub(crate) async fn put_records(
    aws: Aws<'_>,
    stream: &str,
    records: &[NewRecord<'_>],
) -> Result<Vec<Result<(), NotPut>>, Failed> {
    const OPERATION: &str = "PutRecords";
    let kinesis = aws.session.kinesis();
    // The builder only misses a field.
    let entry = |record: &NewRecord<'_>| {
        PutRecordsRequestEntry::builder().partition_key(record.key).data(Blob::new(record.data)).build().ok()
    };
    let entries: Vec<PutRecordsRequestEntry> = records.iter().filter_map(entry).collect();
    let put = aws.call_once(SERVICE, OPERATION, stream, || {
        kinesis.put_records().stream_name(stream).set_records(Some(entries.clone())).send()
    });
    let answers = match put.await {
        Ok(answer) => answer.records,
        // Something answered, and not as Kinesis does: the records may have gone through to it.
        Err(failed) if failed.error.is(&[INVALID_RESPONSE]) => {
            return Err(Failed { is_open: true, ..failed });
        }
        Err(failed) => return Err(failed),
    };
    if answers.len() != records.len() {
        let operation = Operation { service: SERVICE, name: OPERATION, resource: stream };
        let why = format!("the answer is about {} of {} records", answers.len(), records.len());
        return Err(Failed { error: AwsError::new(operation, INVALID_RESPONSE, why), is_open: true });
    }
    // What has a number is in the stream.
    let answers = answers.into_iter().map(|answer| match (answer.sequence_number, answer.error_code) {
        (Some(_), None) => Ok(()),
        (_, code) => Err(NotPut {
            code: code.unwrap_or_else(|| INVALID_RESPONSE.to_owned()),
            message: answer.error_message.unwrap_or_default(),
        }),
    });
    Ok(answers.collect())
}

/// The hash keys of an open shard: a record is put into the one whose range holds the MD5 of its partition key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct HashRange {
    /// The first.
    pub(crate) first: u128,
    /// The last.
    pub(crate) last: u128,
}

/// The ranges of the open shards of a stream.
///
/// # Errors
///
/// Whatever `kinesis:ListShards` fails with.
pub(crate) async fn open_shards(aws: Aws<'_>, stream: &str) -> Result<Vec<HashRange>, AwsError> {
    let filter = ShardFilter::builder().r#type(ShardFilterType::AtLatest);
    let shards = shards(aws, stream, filter).await?.into_iter();
    // The filter leaves them out; a service that does not know it does not.
    let open = shards.filter(|shard| {
        let range = shard.sequence_number_range.as_ref();
        range.is_none_or(|range| range.ending_sequence_number.is_none())
    });
    let ranges = open.filter_map(|shard| {
        let range = shard.hash_key_range?;
        let [first, last] = [range.starting_hash_key, range.ending_hash_key].map(|key| key.parse().ok());
        Some(HashRange { first: first?, last: last? })
    });
    Ok(ranges.collect())
}
