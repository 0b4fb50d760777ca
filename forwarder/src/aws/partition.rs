//! The partitions of AWS: groups of regions that share accounts, an ARN namespace and a DNS suffix.

/// A partition, as botocore's `partitions.json` describes it.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Partition {
    /// The second part of every ARN in it, such as `aws-cn`.
    pub id: &'static str,
    /// What the host name of a service ends in, behind its region.
    pub dns_suffix: &'static str,
    /// The same for the hosts that have IPv6 addresses, too.
    pub dual_stack_suffix: &'static str,
    /// What the names of its regions begin with, before `-WORD-NUMBER`.
    areas: &'static [&'static str],
}

/// Every partition that botocore 1.44 knows.
static PARTITIONS: [Partition; 8] = [
    Partition {
        id: "aws",
        dns_suffix: "amazonaws.com",
        dual_stack_suffix: "api.aws",
        areas: &["us", "eu", "ap", "sa", "ca", "me", "af", "il", "mx"],
    },
    Partition {
        id: "aws-cn",
        dns_suffix: "amazonaws.com.cn",
        dual_stack_suffix: "api.amazonwebservices.com.cn",
        areas: &["cn"],
    },
    Partition {
        id: "aws-eusc",
        dns_suffix: "amazonaws.eu",
        dual_stack_suffix: "api.amazonwebservices.eu",
        areas: &["eusc-de"],
    },
    Partition {
        id: "aws-iso",
        dns_suffix: "c2s.ic.gov",
        dual_stack_suffix: "api.aws.ic.gov",
        areas: &["us-iso"],
    },
    Partition {
        id: "aws-iso-b",
        dns_suffix: "sc2s.sgov.gov",
        dual_stack_suffix: "api.aws.scloud",
        areas: &["us-isob"],
    },
    Partition {
        id: "aws-iso-e",
        dns_suffix: "cloud.adc-e.uk",
        dual_stack_suffix: "api.cloud-aws.adc-e.uk",
        areas: &["eu-isoe"],
    },
    Partition {
        id: "aws-iso-f",
        dns_suffix: "csp.hci.ic.gov",
        dual_stack_suffix: "api.aws.hci.ic.gov",
        areas: &["us-isof"],
    },
    Partition {
        id: "aws-us-gov",
        dns_suffix: "amazonaws.com",
        dual_stack_suffix: "api.aws",
        areas: &["us-gov"],
    },
];

impl Partition {
    /// The partition of a region, by the form of its name: `AREA-WORD-NUMBER`. None for an area that is not known.
    pub fn of_region(region: &str) -> Option<&'static Self> {
        let (rest, number) = region.rsplit_once('-')?;
        let (area, word) = rest.rsplit_once('-')?;
        let is_form = !word.is_empty()
            && word.bytes().all(|byte| byte.is_ascii_lowercase())
            && !number.is_empty()
            && number.bytes().all(|byte| byte.is_ascii_digit());
        PARTITIONS.iter().find(|partition| is_form && partition.areas.contains(&area))
    }

    /// The partition that an ARN names.
    pub fn of_arn(arn: &str) -> Option<&'static Self> {
        let (id, _) = arn.strip_prefix("arn:")?.split_once(':')?;
        PARTITIONS.iter().find(|partition| partition.id == id)
    }

    /// The host of a service in one of its regions.
    pub fn host(&self, service: &str, region: &str) -> String {
        format!("{service}.{region}.{}", self.dns_suffix)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(region: &str) -> Option<&'static str> {
        Partition::of_region(region).map(|partition| partition.id)
    }

    #[test]
    fn a_region_has_the_partition_of_its_area() {
        for (region, partition) in [
            ("ap-northeast-1", "aws"),
            // Not open yet when this was written.
            ("sa-west-1", "aws"),
            ("cn-northwest-1", "aws-cn"),
            ("eusc-de-east-1", "aws-eusc"),
            ("us-gov-east-1", "aws-us-gov"),
            ("us-iso-west-1", "aws-iso"),
            ("us-isob-east-1", "aws-iso-b"),
            ("eu-isoe-west-1", "aws-iso-e"),
            ("us-isof-south-1", "aws-iso-f"),
        ] {
            assert_eq!(id(region), Some(partition), "{region}");
        }
        for unknown in
            ["", "-", "tokyo", "us-east", "us-east-1a", "us--1", "US-east-1", "us-east-", "mars-north-1"]
        {
            assert_eq!(id(unknown), None, "{unknown}");
        }
        // A known area, with more before or between.
        for unknown in ["x-us-east-1", "us-east-west-1", "eusc-east-1", "us-isog-east-1"] {
            assert_eq!(id(unknown), None, "{unknown}");
        }
    }

    #[test]
    fn an_arn_names_its_partition() {
        let of = |arn: &str| Partition::of_arn(arn).map(|partition| partition.id);
        assert_eq!(of("arn:aws:sts::123456789012:assumed-role/a/b"), Some("aws"));
        assert_eq!(of("arn:aws-eusc:iam::123456789012:user/x"), Some("aws-eusc"));
        for other in ["", "arn:", "arn:aws", "aws:iam", "arn:aws-mars:iam::1:user/x"] {
            assert_eq!(of(other), None, "{other}");
        }
    }
}
