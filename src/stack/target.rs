//! Where a stack lives: partition, region and account.

use std::fmt;
use std::str::FromStr;

use serde::Serialize;

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

    /// An IAM ARN: IAM is global, so it has no region.
    pub fn iam_arn(&self, resource: impl fmt::Display) -> String {
        format!("arn:{}:iam::{}:{resource}", self.region.partition(), self.account)
    }
}

/// A region name such as `ap-northeast-1`, checked for its form only: new regions appear every year.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct Region(String);

impl Region {
    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// `aws`, `aws-cn` or `aws-us-gov`, from the region's prefix.
    pub fn partition(&self) -> &'static str {
        if self.0.starts_with("cn-") {
            "aws-cn"
        } else if self.0.starts_with("us-gov-") {
            "aws-us-gov"
        } else {
            "aws"
        }
    }
}

impl fmt::Display for Region {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for Region {
    type Err = String;

    /// Accepts `xx-word-N` and `xx-word-word-N`.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let parts: Vec<&str> = text.split('-').collect();
        let words = parts.len().checked_sub(1).map_or(&parts[..0], |last| &parts[..last]);
        let ok = (3..=4).contains(&parts.len())
            && words.iter().all(|w| !w.is_empty() && w.bytes().all(|b| b.is_ascii_lowercase()))
            && parts.last().is_some_and(|n| !n.is_empty() && n.bytes().all(|b| b.is_ascii_digit()));
        if ok {
            Ok(Self(text.to_owned()))
        } else {
            Err(format!("`{text}` is not a region name such as ap-northeast-1"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn regions_have_the_form_of_a_region() {
        for good in ["ap-northeast-1", "us-gov-west-1", "cn-north-1", "eu-central-2", "us-iso-east-1"] {
            assert!(good.parse::<Region>().is_ok(), "{good}");
        }
        for bad in ["", "tokyo", "ap_northeast_1", "us-east", "us-east-1a", "AP-northeast-1", "us--1", "-"] {
            assert!(bad.parse::<Region>().is_err(), "{bad}");
        }
    }

    #[test]
    fn the_partition_follows_the_region() {
        let partition = |r: &str| r.parse::<Region>().map(|r| r.partition());
        assert_eq!(partition("eu-west-1"), Ok("aws"));
        assert_eq!(partition("cn-northwest-1"), Ok("aws-cn"));
        assert_eq!(partition("us-gov-east-1"), Ok("aws-us-gov"));
    }
}
