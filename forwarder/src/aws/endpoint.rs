//! Where a service is.

use serde::{Deserialize, Serialize};

use super::Partition;

/// The services that the function calls, and those that the command-line tool calls without a client of the SDK.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Service {
    /// Systems Manager, for its Parameter Store.
    Ssm,
    /// Secrets Manager.
    SecretsManager,
    /// S3.
    S3,
    /// CloudWatch.
    CloudWatch,
    /// The Resource Groups Tagging API.
    Tagging,
    /// Key Management Service.
    Kms,
    /// CloudTrail.
    CloudTrail,
    /// Simple Notification Service.
    Sns,
    /// EC2, for networks.
    Ec2,
}

impl Service {
    const ALL: [Self; 9] = [
        Self::Ssm,
        Self::SecretsManager,
        Self::S3,
        Self::CloudWatch,
        Self::Tagging,
        Self::Kms,
        Self::CloudTrail,
        Self::Sns,
        Self::Ec2,
    ];

    /// The name in signatures and host names.
    pub fn signing_name(self) -> &'static str {
        match self {
            Self::Ssm => "ssm",
            Self::SecretsManager => "secretsmanager",
            Self::S3 => "s3",
            Self::CloudWatch => "monitoring",
            Self::Tagging => "tagging",
            Self::Kms => "kms",
            Self::CloudTrail => "cloudtrail",
            Self::Sns => "sns",
            Self::Ec2 => "ec2",
        }
    }

    /// The name in IAM actions.
    pub fn iam_name(self) -> &'static str {
        match self {
            Self::CloudWatch => "cloudwatch",
            Self::Tagging => "tag",
            Self::Ssm
            | Self::SecretsManager
            | Self::S3
            | Self::Kms
            | Self::CloudTrail
            | Self::Sns
            | Self::Ec2 => self.signing_name(),
        }
    }

    /// The variable with another URL for this service, by the AWS SDKs' convention.
    fn variable(self) -> &'static str {
        match self {
            Self::Ssm => "AWS_ENDPOINT_URL_SSM",
            Self::SecretsManager => "AWS_ENDPOINT_URL_SECRETS_MANAGER",
            Self::S3 => "AWS_ENDPOINT_URL_S3",
            Self::CloudWatch => "AWS_ENDPOINT_URL_CLOUDWATCH",
            Self::Tagging => "AWS_ENDPOINT_URL_RESOURCE_GROUPS_TAGGING_API",
            Self::Kms => "AWS_ENDPOINT_URL_KMS",
            Self::CloudTrail => "AWS_ENDPOINT_URL_CLOUDTRAIL",
            Self::Sns => "AWS_ENDPOINT_URL_SNS",
            Self::Ec2 => "AWS_ENDPOINT_URL_EC2",
        }
    }
}

/// Which of the endpoints of AWS's services are called.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(inline))]
#[serde(rename_all = "kebab-case")]
pub enum EndpointKind {
    /// The usual ones.
    #[default]
    Standard,
    /// Those that are validated for FIPS 140. Not every region has them.
    Fips,
    /// Those with IPv6 addresses beside the IPv4 ones.
    DualStack,
    /// Both.
    FipsDualStack,
}

impl EndpointKind {
    /// The kind with these properties.
    pub fn new(is_fips: bool, is_dual_stack: bool) -> Self {
        match (is_fips, is_dual_stack) {
            (false, false) => Self::Standard,
            (true, false) => Self::Fips,
            (false, true) => Self::DualStack,
            (true, true) => Self::FipsDualStack,
        }
    }

    /// Whether it is the usual one.
    pub fn is_standard(&self) -> bool {
        *self == Self::Standard
    }

    /// Whether they are validated for FIPS 140.
    pub fn is_fips(self) -> bool {
        matches!(self, Self::Fips | Self::FipsDualStack)
    }

    /// Whether they have IPv6 addresses.
    pub fn is_dual_stack(self) -> bool {
        matches!(self, Self::DualStack | Self::FipsDualStack)
    }

    /// The host of a service, as botocore's endpoint rule sets have it.
    fn host(self, service: Service, partition: &Partition, region: &str) -> String {
        let (name, is_gov) = (service.signing_name(), partition.id == "aws-us-gov");
        // In GovCloud, the usual endpoint of these is the validated one.
        let fips = match service {
            Service::CloudWatch if is_gov => "",
            Service::Ssm | Service::CloudTrail | Service::Sns | Service::Ec2
                if is_gov && !self.is_dual_stack() =>
            {
                ""
            }
            _ if self.is_fips() => "-fips",
            _ => "",
        };
        // The usual endpoint of Secrets Manager has both kinds of addresses in the older partitions.
        let is_both =
            service == Service::SecretsManager && ["aws", "aws-cn", "aws-us-gov"].contains(&partition.id);
        let (middle, suffix) = match self.is_dual_stack() {
            true if service == Service::S3 => (".dualstack", partition.dns_suffix),
            true if !is_both => ("", partition.dual_stack_suffix),
            _ => ("", partition.dns_suffix),
        };
        format!("{name}{fips}{middle}.{region}.{suffix}")
    }
}

/// Which endpoints are called: the URLs that the environment gives, else AWS's own of one kind.
#[derive(Clone, Debug, Default)]
pub struct Endpoints {
    given: Vec<(Service, String)>,
    kind: EndpointKind,
}

impl Endpoints {
    /// Reads `AWS_ENDPOINT_URL_<SERVICE>`, which win, `AWS_ENDPOINT_URL`, `AWS_USE_FIPS_ENDPOINT` and
    /// `AWS_USE_DUALSTACK_ENDPOINT`.
    pub fn new(variable: &dyn Fn(&str) -> Option<String>) -> Self {
        let url = |service: Service| variable(service.variable()).or_else(|| variable("AWS_ENDPOINT_URL"));
        let trimmed = |url: String| url.trim_end_matches('/').to_owned();
        let is_on = |name: &str| variable(name).is_some_and(|value| value.eq_ignore_ascii_case("true"));
        Self {
            given: Service::ALL
                .into_iter()
                .filter_map(|service| Some((service, trimmed(url(service)?))))
                .collect(),
            kind: EndpointKind::new(is_on("AWS_USE_FIPS_ENDPOINT"), is_on("AWS_USE_DUALSTACK_ENDPOINT")),
        }
    }

    /// The same with AWS's own endpoints of this kind, if it is not the usual one.
    #[must_use]
    pub fn of_kind(self, kind: EndpointKind) -> Self {
        Self { kind: if kind.is_standard() { self.kind } else { kind }, ..self }
    }

    /// The URL of a service in a region, without a slash at its end.
    ///
    /// # Errors
    /// A region of which no partition is known, and so no host name.
    pub fn url(&self, service: Service, region: &str) -> Result<String, String> {
        if let Some((_, url)) = self.given.iter().find(|(given, _)| *given == service) {
            return Ok(url.clone());
        }
        let partition = Partition::of_region(region)
            .ok_or_else(|| format!("`{region}` is not a region of any AWS partition that cwl2le knows"))?;
        Ok(format!("https://{}", self.kind.host(service, partition, region)))
    }

    /// Whether the environment gives the URL of a service. S3 there takes the bucket in the path.
    pub fn is_given(&self, service: Service) -> bool {
        self.given.iter().any(|(given, _)| *given == service)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_partition_has_its_host_and_the_environment_wins() {
        let aws = Endpoints::new(&|_| None);
        for (service, region, url) in [
            (Service::Ssm, "eu-west-1", "https://ssm.eu-west-1.amazonaws.com"),
            (Service::SecretsManager, "cn-north-1", "https://secretsmanager.cn-north-1.amazonaws.com.cn"),
            (Service::S3, "us-gov-west-1", "https://s3.us-gov-west-1.amazonaws.com"),
            (Service::S3, "eusc-de-east-1", "https://s3.eusc-de-east-1.amazonaws.eu"),
            (Service::Ssm, "us-iso-east-1", "https://ssm.us-iso-east-1.c2s.ic.gov"),
            (Service::CloudWatch, "eu-west-1", "https://monitoring.eu-west-1.amazonaws.com"),
        ] {
            assert_eq!(aws.url(service, region).as_deref(), Ok(url));
            assert!(!aws.is_given(service));
        }
        assert!(aws.url(Service::S3, "mars-north-1").is_err_and(|why| why.contains("mars-north-1")));
        let given = Endpoints::new(&|name| match name {
            "AWS_ENDPOINT_URL" => Some("http://127.0.0.1:1/".to_owned()),
            "AWS_ENDPOINT_URL_SECRETS_MANAGER" => Some("http://127.0.0.1:2".to_owned()),
            _ => None,
        });
        assert_eq!(given.url(Service::Ssm, "x").as_deref(), Ok("http://127.0.0.1:1"));
        assert_eq!(given.url(Service::SecretsManager, "x").as_deref(), Ok("http://127.0.0.1:2"));
        assert!(given.is_given(Service::S3));
    }

    /// The URLs are those that botocore 1.44.8 makes of its endpoint rule sets.
    #[test]
    fn fips_and_dual_stack_endpoints_have_the_hosts_of_the_rule_sets() {
        use EndpointKind::{DualStack, Fips, FipsDualStack};
        for (kind, service, region, host) in [
            (Fips, Service::Ssm, "us-east-1", "ssm-fips.us-east-1.amazonaws.com"),
            (
                Fips,
                Service::SecretsManager,
                "us-gov-west-1",
                "secretsmanager-fips.us-gov-west-1.amazonaws.com",
            ),
            (Fips, Service::Ssm, "us-gov-west-1", "ssm.us-gov-west-1.amazonaws.com"),
            (Fips, Service::Ec2, "us-gov-west-1", "ec2.us-gov-west-1.amazonaws.com"),
            (Fips, Service::Kms, "us-gov-east-1", "kms-fips.us-gov-east-1.amazonaws.com"),
            (Fips, Service::CloudWatch, "us-west-2", "monitoring-fips.us-west-2.amazonaws.com"),
            (Fips, Service::S3, "ca-central-1", "s3-fips.ca-central-1.amazonaws.com"),
            (DualStack, Service::S3, "eu-west-1", "s3.dualstack.eu-west-1.amazonaws.com"),
            (DualStack, Service::S3, "cn-north-1", "s3.dualstack.cn-north-1.amazonaws.com.cn"),
            (DualStack, Service::Ssm, "eu-west-1", "ssm.eu-west-1.api.aws"),
            (DualStack, Service::Ssm, "cn-north-1", "ssm.cn-north-1.api.amazonwebservices.com.cn"),
            (DualStack, Service::SecretsManager, "eu-west-1", "secretsmanager.eu-west-1.amazonaws.com"),
            (
                DualStack,
                Service::SecretsManager,
                "eusc-de-east-1",
                "secretsmanager.eusc-de-east-1.api.amazonwebservices.eu",
            ),
            (FipsDualStack, Service::Ssm, "us-gov-west-1", "ssm-fips.us-gov-west-1.api.aws"),
            (FipsDualStack, Service::CloudWatch, "us-gov-west-1", "monitoring.us-gov-west-1.api.aws"),
            (FipsDualStack, Service::S3, "us-east-1", "s3-fips.dualstack.us-east-1.amazonaws.com"),
            (FipsDualStack, Service::Tagging, "us-iso-east-1", "tagging-fips.us-iso-east-1.api.aws.ic.gov"),
        ] {
            let endpoints = Endpoints::new(&|_| None).of_kind(kind);
            assert_eq!(endpoints.url(service, region), Ok(format!("https://{host}")), "{kind:?}");
        }
    }

    #[test]
    fn the_environment_chooses_the_kind_unless_a_setting_does_and_a_url_wins() {
        let environment = |name: &str| match name {
            "AWS_USE_FIPS_ENDPOINT" => Some("TRUE".to_owned()),
            "AWS_USE_DUALSTACK_ENDPOINT" => Some("false".to_owned()),
            "AWS_ENDPOINT_URL_S3" => Some("http://127.0.0.1:1".to_owned()),
            _ => None,
        };
        let of = |kind| Endpoints::new(&environment).of_kind(kind);
        let ssm = |kind| of(kind).url(Service::Ssm, "us-east-1").unwrap_or_default();
        assert_eq!(ssm(EndpointKind::Standard), "https://ssm-fips.us-east-1.amazonaws.com");
        assert_eq!(ssm(EndpointKind::DualStack), "https://ssm.us-east-1.api.aws");
        assert_eq!(of(EndpointKind::Fips).url(Service::S3, "x").as_deref(), Ok("http://127.0.0.1:1"));
    }
}
