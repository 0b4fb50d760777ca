//! Where in S3 quarantined records go, and under which names.

use std::fmt;
use std::str::FromStr;

use ring::digest::{SHA256, digest};
use serde::{Deserialize, Serialize};

use crate::record::event::Invocation;

/// S3's own limit on a key is 1,024 bytes; stream, shard and sequence number take some 220.
const LONGEST_PREFIX: usize = 512;

/// A name that is longer stands in a key as its checksum. Stream, shard and sequence number have at most 128.
const LONGEST_NAME: usize = 128;

/// A place in S3, in the region of the function: `s3://BUCKET` or `s3://BUCKET/PREFIX`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Place {
    bucket: String,
    prefix: String,
}

impl Place {
    /// The bucket.
    pub fn bucket(&self) -> &str {
        &self.bucket
    }

    /// Checks the name of the bucket by what S3 rules out beside characters: from its rules for the names of general
    /// purpose buckets. Whoever writes a configuration is told; a forwarder that is given one starts all the same.
    ///
    /// # Errors
    /// What S3 rules out.
    pub fn check_bucket(&self) -> Result<(), String> {
        let reserved =
            |ends: &[&'static str], has: &dyn Fn(&str) -> bool| ends.iter().find(|end| has(end)).copied();
        let problem = if let Some(pair) = reserved(&["..", ".-", "-."], &|pair| self.bucket.contains(pair)) {
            format!("it must not contain `{pair}`")
        } else if self.bucket.parse::<std::net::Ipv4Addr>().is_ok() {
            "it must not look like an IP address".to_owned()
        } else if let Some(start) =
            reserved(&["xn--", "sthree-", "amzn-s3-demo-"], &|start| self.bucket.starts_with(start))
        {
            format!("`{start}` at its start is reserved")
        } else if let Some(end) =
            reserved(&["-s3alias", "--ol-s3", ".mrap", "--x-s3"], &|end| self.bucket.ends_with(end))
        {
            format!("`{end}` at its end is reserved")
        } else {
            return Ok(());
        };
        Err(format!("`{}` is not a bucket name: {problem}", self.bucket))
    }

    /// `BUCKET` or `BUCKET/PREFIX`, as ARNs of objects begin.
    pub fn path(&self) -> String {
        format!("{}/{}", self.bucket, self.prefix).trim_end_matches('/').to_owned()
    }

    /// The place below this one with this name.
    #[must_use]
    pub fn below(&self, name: &str) -> Self {
        let prefix = format!("{}/{name}", self.prefix).trim_start_matches('/').to_owned();
        Self { bucket: self.bucket.clone(), prefix }
    }

    /// The key of a record: `PREFIX/STREAM/SHARD/SEQUENCE-NUMBER`. It depends on the record alone, so one that comes
    /// again is put where it is already.
    pub fn key(&self, invocation: &Invocation, at: usize) -> String {
        let stream = invocation.source().and_then(|arn| arn.rsplit_once('/')).map(|(_, name)| name);
        let own = invocation.sequence(at).map_or_else(|| checksum(invocation.raw(at)), name);
        let names = [stream.map(name), invocation.shard(at).map(name), Some(own)];
        let prefix = Some(self.prefix.clone()).filter(|prefix| !prefix.is_empty());
        [prefix].into_iter().chain(names).flatten().collect::<Vec<_>>().join("/")
    }
}

/// A name as a part of a key: as it is, where it is like those of AWS.
fn name(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
    let is_plain = text.bytes().all(plain) && text.bytes().any(|byte| byte.is_ascii_alphanumeric());
    if is_plain && text.len() <= LONGEST_NAME { text.to_owned() } else { checksum(text.as_bytes()) }
}

fn checksum(data: &[u8]) -> String {
    let digest = digest(&SHA256, data);
    let hex: String = digest.as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
    format!("sha256-{hex}")
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "s3://{}", self.path())
    }
}

impl FromStr for Place {
    type Err = String;

    /// Takes prefixes of letters, digits, `-`, `_`, `.`, `=` and `/`: others are wildcards in policies, or have to be
    /// escaped somewhere.
    fn from_str(text: &str) -> Result<Self, String> {
        let refuse = |why: &str| Err(format!("a place in S3 is s3://BUCKET/PREFIX; {why}"));
        let Some(path) = text.strip_prefix("s3://") else { return refuse("this does not begin with s3://") };
        let (bucket, prefix) = path.split_once('/').unwrap_or((path, ""));
        let prefix = prefix.strip_suffix('/').unwrap_or(prefix);
        let is_end = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_alphanumeric);
        let is_bucket = (3..=63).contains(&bucket.len())
            && bucket.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b"-.".contains(&b))
            && is_end(bucket.as_bytes().first())
            && is_end(bucket.as_bytes().last());
        if !is_bucket {
            return refuse("a bucket's name is 3 to 63 lower-case letters, digits, `-` or `.`");
        }
        let is_plain = |b: u8| b.is_ascii_alphanumeric() || b"-_.=".contains(&b);
        let is_part = |part: &str| !matches!(part, "" | "." | "..") && part.bytes().all(is_plain);
        if !prefix.is_empty() && !prefix.split('/').all(is_part) {
            return refuse(
                "its prefix is letters, digits, `-`, `_`, `.` and `=`, in parts with `/` between them",
            );
        }
        if prefix.len() > LONGEST_PREFIX {
            return refuse("its prefix has at most 512 characters");
        }
        Ok(Self { bucket: bucket.to_owned(), prefix: prefix.to_owned() })
    }
}

impl TryFrom<String> for Place {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl From<Place> for String {
    fn from(place: Place) -> Self {
        place.to_string()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn key(place: &str, record: serde_json::Value) -> String {
        let invocation = serde_json::from_value(json!({ "Records": [record] })).unwrap();
        place.parse::<Place>().unwrap().key(&invocation, 0)
    }

    #[test]
    fn places_are_read_and_written_alike() {
        for (text, written) in [
            ("s3://bucket", "s3://bucket"),
            ("s3://bucket/", "s3://bucket"),
            ("s3://my.bucket-1/a/b=c/", "s3://my.bucket-1/a/b=c"),
        ] {
            let place: Place = text.parse().unwrap();
            assert_eq!(place.to_string(), written);
            assert_eq!(serde_json::from_value::<Place>(json!(written)).unwrap(), place);
            assert_eq!(serde_json::to_value(&place).unwrap(), json!(written));
        }
        for bad in [
            "",
            "bucket",
            "s3://",
            "s3:///x",
            "s3://ab",
            "s3://Bucket",
            "s3://-bucket",
            "s3://bucket/*",
            "s3://bucket/a//b",
            "s3://bucket/../x",
            "s3://bucket/ä",
            "s3://bucket/${aws:username}",
            "https://bucket",
        ] {
            assert!(bad.parse::<Place>().unwrap_err().starts_with("a place in S3 is"), "{bad}");
        }
    }

    #[test]
    fn a_key_is_of_the_record_alone() {
        let record = json!({
            "kinesis": {"sequenceNumber": "4956", "data": "AAAA"}, "eventID": "shardId-000000000007:4956",
            "eventSourceARN": "arn:aws:kinesis:ap-northeast-1:1:stream/logs",
        });
        assert_eq!(key("s3://bucket/a/b", record.clone()), "a/b/logs/shardId-000000000007/4956");
        assert_eq!(key("s3://bucket", record), "logs/shardId-000000000007/4956");
    }

    #[test]
    fn odd_names_cannot_leave_the_prefix() {
        let record = json!({"kinesis": {"sequenceNumber": "../../x", "data": "AAAA"}, "eventID": "..:1"});
        let key = key("s3://bucket/a", record);
        let parts: Vec<&str> = key.split('/').collect();
        assert!(parts.len() == 3 && parts[1..].iter().all(|part| part.starts_with("sha256-")), "{key}");
        // Without a number its contents name it.
        let nameless = |data: &str| self::key("s3://bucket", json!({"kinesis": {"data": data}}));
        assert!(nameless("AAAA") == nameless("AAAA") && nameless("AAAA") != nameless("AAAB"));
    }
}
