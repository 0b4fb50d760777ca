//! Where a stack lives: partition, region and account.

use std::fmt;
use std::str::FromStr;

use cwl2le_forwarder::aws::Partition;
use serde::{Serialize, Serializer};

/// The account and region that a command works on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Target {
    /// The 12-digit account id.
    pub account: String,
    /// The region.
    pub region: Region,
}

impl Target {
    /// An ARN in this account and region.
    pub fn arn(&self, service: &str, resource: impl fmt::Display) -> String {
        format!("arn:{}:{service}:{}:{}:{resource}", self.region.partition(), self.region, self.account)
    }

    /// The same region in another account.
    #[must_use]
    pub fn of_account(&self, account: &str) -> Self {
        Self { account: account.to_owned(), region: self.region.clone() }
    }

    /// The ARN of a CloudWatch dashboard: dashboards are global, so it has no region.
    pub fn dashboard_arn(&self, name: &str) -> String {
        format!("arn:{}:cloudwatch::{}:dashboard/{name}", self.region.partition(), self.account)
    }

    /// An IAM ARN: IAM is global, so it has no region.
    pub fn iam_arn(&self, resource: impl fmt::Display) -> String {
        format!("arn:{}:iam::{}:{resource}", self.region.partition(), self.account)
    }
}

/// A region, and the partition that it is in.
///
/// New regions appear every year, so only the form of a name is checked, against botocore's table of partitions.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Region {
    name: String,
    partition: &'static Partition,
}

impl Region {
    /// The name.
    pub fn as_str(&self) -> &str {
        &self.name
    }

    /// The partition's part of ARNs, such as `aws-cn`.
    pub fn partition(&self) -> &'static str {
        self.partition.id
    }

    /// The host of a service in this region.
    pub fn host(&self, service: &str) -> String {
        self.partition.host(service, &self.name)
    }

    /// The same region in the partition of a caller's ARN, which knows it better than any table. An ARN that names no
    /// known partition changes nothing.
    #[must_use]
    pub fn seen_by(self, caller_arn: &str) -> Self {
        let partition = Partition::of_arn(caller_arn).unwrap_or(self.partition);
        Self { partition, ..self }
    }
}

impl fmt::Display for Region {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)
    }
}

impl Serialize for Region {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.name)
    }
}

impl FromStr for Region {
    type Err = String;

    /// Accepts the names of regions of known partitions. Of another one neither ARNs nor host names are known.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let partition = Partition::of_region(text)
            .ok_or_else(|| format!("`{text}` is not a region name in any AWS partition that cwl2le knows"))?;
        Ok(Self { name: text.to_owned(), partition })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn target(region: &str) -> Target {
        Target { account: "123456789012".to_owned(), region: region.parse().expect("a region") }
    }

    #[test]
    fn a_region_of_no_known_partition_is_refused() {
        for good in ["ap-northeast-1", "us-gov-west-1", "cn-north-1", "eu-central-2", "us-iso-east-1"] {
            assert!(good.parse::<Region>().is_ok(), "{good}");
        }
        for bad in
            ["", "tokyo", "ap_northeast_1", "us-east", "us-east-1a", "AP-northeast-1", "-", "mars-north-1"]
        {
            assert!(bad.parse::<Region>().is_err(), "{bad}");
        }
    }

    #[test]
    fn arns_have_the_partition_of_the_region_or_of_the_caller() {
        for (region, arn) in [
            ("eu-west-1", "arn:aws:kinesis:eu-west-1:123456789012:stream/s"),
            ("cn-northwest-1", "arn:aws-cn:kinesis:cn-northwest-1:123456789012:stream/s"),
            ("us-gov-east-1", "arn:aws-us-gov:kinesis:us-gov-east-1:123456789012:stream/s"),
            ("eusc-de-east-1", "arn:aws-eusc:kinesis:eusc-de-east-1:123456789012:stream/s"),
            ("us-isob-east-1", "arn:aws-iso-b:kinesis:us-isob-east-1:123456789012:stream/s"),
        ] {
            assert_eq!(target(region).arn("kinesis", "stream/s"), arn);
        }
        let mut moved = target("cn-north-1");
        moved.region = moved.region.seen_by("arn:aws:sts::123456789012:assumed-role/a/b");
        assert_eq!(moved.iam_arn("role/r"), "arn:aws:iam::123456789012:role/r");
        moved.region = moved.region.seen_by("nobody");
        assert_eq!(moved.region.partition(), "aws");
    }
}
