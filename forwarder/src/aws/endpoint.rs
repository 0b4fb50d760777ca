//! Where a service is.

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
}

impl Service {
    const ALL: [Self; 8] = [
        Self::Ssm,
        Self::SecretsManager,
        Self::S3,
        Self::CloudWatch,
        Self::Tagging,
        Self::Kms,
        Self::CloudTrail,
        Self::Sns,
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
        }
    }

    /// The name in IAM actions.
    pub fn iam_name(self) -> &'static str {
        match self {
            Self::CloudWatch => "cloudwatch",
            Self::Tagging => "tag",
            Self::Ssm | Self::SecretsManager | Self::S3 | Self::Kms | Self::CloudTrail | Self::Sns => {
                self.signing_name()
            }
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
        }
    }
}

/// The URLs that the environment gives instead of AWS's own.
#[derive(Clone, Debug, Default)]
pub struct Endpoints(Vec<(Service, String)>);

impl Endpoints {
    /// Reads `AWS_ENDPOINT_URL_<SERVICE>`, which win, and `AWS_ENDPOINT_URL`.
    pub fn new(variable: &dyn Fn(&str) -> Option<String>) -> Self {
        let given = |service: Service| variable(service.variable()).or_else(|| variable("AWS_ENDPOINT_URL"));
        let trimmed = |url: String| url.trim_end_matches('/').to_owned();
        Self(
            Service::ALL
                .into_iter()
                .filter_map(|service| Some((service, trimmed(given(service)?))))
                .collect(),
        )
    }

    /// The URL of a service in a region, without a slash at its end.
    ///
    /// # Errors
    /// A region of which no partition is known, and so no host name.
    pub fn url(&self, service: Service, region: &str) -> Result<String, String> {
        if let Some((_, url)) = self.0.iter().find(|(given, _)| *given == service) {
            return Ok(url.clone());
        }
        let partition = Partition::of_region(region)
            .ok_or_else(|| format!("`{region}` is not a region of any AWS partition that cwl2le knows"))?;
        Ok(format!("https://{}", partition.host(service.signing_name(), region)))
    }

    /// Whether the environment gives the URL of a service. S3 there takes the bucket in the path.
    pub fn is_given(&self, service: Service) -> bool {
        self.0.iter().any(|(given, _)| *given == service)
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
}
