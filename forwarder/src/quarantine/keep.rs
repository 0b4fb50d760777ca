//! Records that no retry can help, kept in S3: what Kinesis holds of them, byte for byte, with the reason beside it.
//!
//! A record counts as quarantined when S3 has it. While S3 does not take it for a reason that may pass, the record has
//! failed and comes again; but not forever, because it blocks the rest of its shard. When S3 refuses
//! it for good, or has not taken anything for [`PATIENCE`], the record is named in the function's log instead, as
//! without a quarantine, and the log says that this happened.

use std::collections::HashSet;
use std::fmt::Write as _;
use std::time::{Duration, UNIX_EPOCH};

use futures_util::future::join_all;
use tokio::time::Instant;

use super::aside::{Refusals, SetAside};
use super::place::Place;
use crate::aws::{Aws, AwsError, Cause, Object};
use crate::record::event::Invocation;
use crate::record::payload::Poison;

/// Maximum time to retry records while S3 takes nothing at all.
pub const PATIENCE: Duration = Duration::from_secs(15 * 60);

/// Maximum age of a failed attempt that still counts. An older one says nothing about S3 now.
const STALE: Duration = Duration::from_secs(60 * 60);

/// Maximum time of an invocation to reserve for the quarantine. Without it, destinations could use up all the time of
/// every invocation.
const SHARE: Duration = Duration::from_secs(5);

/// Maximum number of records to put at the same time.
const AT_ONCE: usize = 8;

/// Maximum number of keys to remember: twice the largest batch.
const REMEMBERED: usize = 20_000;

/// Maximum length of a value of metadata, in bytes. S3 takes 2 KB of metadata in all.
const LONGEST_VALUE: usize = 400;

/// Where records are kept, and how that has been going.
#[derive(Debug)]
pub struct Quarantine {
    place: Place,
    owner: Option<String>,
    aws: Aws,
    patience: Duration,
    /// What is there already: records after a checkpoint come again, and are not put again.
    kept: HashSet<String>,
    failing: Option<Failing>,
}

/// What became of one record.
enum Put {
    Now,
    Before,
    NotTried,
}

/// Since when nothing could be put.
#[derive(Clone, Copy, Debug)]
struct Failing {
    first: Instant,
    last: Instant,
}

/// What became of the records that an invocation had to set aside, by their positions, in order.
#[derive(Debug)]
pub struct Report {
    /// Where they are.
    pub place: Place,
    /// Those that are in S3.
    pub kept: Vec<u32>,
    /// Those that are named in the log and nowhere else.
    pub named: Vec<u32>,
    /// Those that come again, because S3 may take them then.
    pub held: Vec<u32>,
    /// Why not all are kept.
    pub failure: Option<AwsError>,
}

impl Quarantine {
    /// A quarantine. Nothing is connected to before there is something to keep.
    pub fn new(place: Place, aws: Aws, patience: Duration) -> Self {
        Self { place, owner: None, aws, patience, kept: HashSet::new(), failing: None }
    }

    /// Names the account, 12 digits, that the bucket has to belong to. Without one it may be anybody's.
    pub fn expect_owner(&mut self, account: Option<&str>) {
        self.owner = account.map(ToOwned::to_owned);
    }

    /// How much of the time of an invocation is kept for it.
    pub fn share(time: Duration) -> Duration {
        SHARE.min(time / 4)
    }

    /// Puts what is set aside, as far as time allows. `refusals` tell why, by destination.
    pub async fn keep(
        &mut self,
        invocation: &Invocation,
        aside: &[SetAside],
        refusals: &[Refusals<'_>],
        until: Instant,
    ) -> Report {
        let mut report = Report {
            place: self.place.clone(),
            kept: Vec::new(),
            named: Vec::new(),
            held: Vec::new(),
            failure: None,
        };
        let (mut missing, mut takes_some) = (Vec::new(), false);
        for some in aside.chunks(AT_ONCE) {
            // What S3 refuses for good it refuses of each; and used-up time does not come back.
            let gave_up =
                report.failure.as_ref().is_some_and(|error| is_final(error) || Instant::now() >= until);
            let keys = some.iter().map(|aside| self.place.key(invocation, aside.record as usize));
            let keys: Vec<String> = keys.collect();
            let puts = some.iter().zip(&keys).map(|(aside, key)| async {
                match self.kept.contains(key) {
                    true => Ok(Put::Before),
                    false if gave_up => Ok(Put::NotTried),
                    false => self.put(invocation, aside, refusals, key, until).await.map(|()| Put::Now),
                }
            });
            let puts = join_all(puts).await;
            for ((aside, key), put) in some.iter().zip(keys).zip(puts) {
                takes_some |= matches!(put, Ok(Put::Now));
                if matches!(put, Ok(Put::Now | Put::Before)) {
                    report.kept.push(aside.record);
                    self.remember(key);
                } else {
                    missing.push(aside.record);
                }
                if let Err(error) = put
                    && report.failure.as_ref().is_none_or(|known| !is_final(known))
                {
                    report.failure = Some(error);
                }
            }
        }
        if takes_some {
            self.failing = None;
        }
        if self.gives_up(aside, report.failure.as_ref()) {
            report.named = missing
        } else {
            report.held = missing
        }
        report
    }

    fn remember(&mut self, key: String) {
        if self.kept.len() >= REMEMBERED {
            self.kept.clear();
        }
        self.kept.insert(key);
    }

    /// Whether what could not be put is to be named in the log, so that the shard moves on.
    fn gives_up(&mut self, aside: &[SetAside], failure: Option<&AwsError>) -> bool {
        let Some(error) = failure else {
            self.failing = self.failing.filter(|_| aside.is_empty());
            return false;
        };
        let now = Instant::now();
        let known = self.failing.filter(|failing| now - failing.last < STALE);
        let first = known.map_or(now, |failing| failing.first);
        self.failing = Some(Failing { first, last: now });
        is_final(error) || now - first >= self.patience
    }

    async fn put(
        &self,
        invocation: &Invocation,
        aside: &SetAside,
        refusals: &[Refusals<'_>],
        key: &str,
        until: Instant,
    ) -> Result<(), AwsError> {
        let object = Object {
            bucket: self.place.bucket(),
            owner: self.owner.as_deref(),
            key,
            metadata: &metadata(invocation, aside, refusals),
            body: invocation.raw(aside.record as usize).to_vec().into(),
        };
        self.aws.put_object(object, until).await
    }
}

/// Whether the same call will fail again until somebody changes something in the account.
fn is_final(error: &AwsError) -> bool {
    !error.may_pass() && !matches!(error.cause, Cause::Unreachable(_))
}

/// What to do about a failure; empty where nobody knows.
pub fn advice(error: &AwsError) -> &'static str {
    match error.code() {
        "NoSuchBucket" => {
            "make the bucket in the function's region, or name another with `cwl2le setup --quarantine`"
        }
        "PermanentRedirect" | "TemporaryRedirect" => {
            "the bucket has to be in the function's region; name another with `cwl2le setup --quarantine`"
        }
        code if code.contains("AccessDenied") || code.contains("KMS") => {
            "run `cwl2le setup`, which lets the function's role put objects there; check that the bucket still belongs to your \
             account, or name its account with `cwl2le setup --bucket-owner`; look for a bucket policy that denies it; a customer key of the bucket has to allow the role kms:GenerateDataKey"
        }
        _ if matches!(error.cause, Cause::Unreachable(_)) => {
            "a function in a VPC needs a gateway endpoint for S3, or a NAT gateway"
        }
        _ => "",
    }
}

/// What stands beside the bytes: everything that is needed to understand them and to put them into a stream again.
fn metadata(
    invocation: &Invocation,
    aside: &SetAside,
    refusals: &[Refusals<'_>],
) -> Vec<(&'static str, String)> {
    let at = aside.record as usize;
    let mut reasons: Vec<&str> = aside.poison.iter().map(Poison::name).collect();
    let mut details: Vec<String> = aside.poison.iter().map(ToString::to_string).collect();
    let mut refused = String::new();
    for part in &aside.refused {
        let Some(of) = refusals.get(part.destination) else { continue };
        reasons.push("refused");
        let why = of.rejections.iter().filter(|rejection| rejection.part == part.part);
        details.extend(why.map(|rejection| format!("{}: {}", of.destination, rejection.why)));
        let _ = write!(refused, " {}:", of.destination);
        for (n, event) in part.events.iter().enumerate() {
            let comma = if n == 0 { "" } else { "," };
            let _ = match part.number {
                0 => write!(refused, "{comma}{event}"),
                number => write!(refused, "{comma}{number}/{event}"),
            };
        }
    }
    reasons.dedup();
    details.dedup();
    let arrived = invocation.arrived(at).filter(|seconds| (0.0..1e11).contains(seconds));
    // What is written is cut off after the milliseconds.
    let arrived = arrived.map(|seconds| UNIX_EPOCH + Duration::from_secs_f64(seconds + 0.0005));
    let texts = [
        ("reason", Some(reasons.join(","))),
        ("detail", Some(details.join("; "))),
        ("refused", Some(refused)),
        ("stream", invocation.source().map(ToOwned::to_owned)),
        ("shard", invocation.shard(at).map(ToOwned::to_owned)),
        ("sequence-number", invocation.sequence(at).map(ToOwned::to_owned)),
        ("arrived", arrived.map(|time| humantime::format_rfc3339_millis(time).to_string())),
    ];
    let texts = texts.into_iter().filter_map(|(name, text)| Some((name, plain(&text?))));
    texts.filter(|(_, text)| !text.is_empty()).collect()
}

/// A text as a value of a header: printable ASCII, single spaces, not too long.
fn plain(text: &str) -> String {
    let ascii: String =
        text.chars().map(|c| if c.is_ascii_graphic() || c == ' ' { c } else { '?' }).collect();
    let mut words = ascii.split_whitespace().collect::<Vec<_>>().join(" ");
    if words.len() > LONGEST_VALUE {
        words.truncate(LONGEST_VALUE - 3);
        words.push_str("...");
    }
    words
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::quarantine::{Refused, Rejection};

    #[test]
    fn metadata_says_everything_in_plain_ascii_and_fits() {
        let record = json!({
            "kinesis": {"sequenceNumber": "4956", "data": "AAAA", "approximateArrivalTimestamp": 1_474_108_130.452},
            "eventID": "shardId-000000000007:4956", "eventSourceARN": "arn:aws:kinesis:r:1:stream/logs",
        });
        let invocation: Invocation = serde_json::from_value(json!({ "Records": [record] })).unwrap();
        let rejections = [
            Rejection { part: 8, events: 1, event_id: None, why: "of another record".into() },
            Rejection { part: 9, events: 2, event_id: None, why: "too  large,\n日本".into() },
        ];
        let refused =
            |part, number, events: &[u32]| Refused { destination: 1, part, number, events: events.to_vec() };
        let mut aside = SetAside {
            record: 0,
            poison: vec![Poison::NotUtf8, Poison::NotUtf8],
            refused: vec![refused(9, 0, &[3, 4]), refused(10, 1, &[0])],
        };
        let refusals = [
            Refusals { destination: "default", rejections: &[] },
            Refusals { destination: "audit", rejections: &rejections },
        ];
        let expected = [
            ("reason", "not_utf8,refused"),
            ("detail", "the decompressed data is not UTF-8; audit: too large,???"),
            ("refused", "audit:3,4 audit:1/0"),
            ("stream", "arn:aws:kinesis:r:1:stream/logs"),
            ("shard", "shardId-000000000007"),
            ("sequence-number", "4956"),
            ("arrived", "2016-09-17T10:28:50.452Z"),
        ];
        assert_eq!(
            metadata(&invocation, &aside, &refusals),
            expected.map(|(name, text)| (name, text.to_owned()))
        );

        aside.refused = vec![refused(9, 0, &(0..5000).collect::<Vec<_>>())];
        let long = metadata(&invocation, &aside, &refusals);
        assert!(long.iter().map(|(name, text)| name.len() + text.len()).sum::<usize>() < 2048);
    }
}
