//! A CloudWatch Logs destination: what leads log groups into a stream of another account.

use std::fmt;
use std::str::FromStr;

use serde::Serialize;

use super::arn::Arn;
use super::target::Target;

/// Maximum length of a destination's name, from the API model of CloudWatch Logs.
const NAME_LENGTH: usize = 512;

/// The ARN of a CloudWatch Logs destination.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct DestinationArn(String);

impl DestinationArn {
    /// The ARN.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The account that owns it.
    pub fn account(&self) -> &str {
        self.parts().account
    }

    /// Its name.
    pub fn name(&self) -> &str {
        self.0.splitn(7, ':').nth(6).unwrap_or_default()
    }

    fn parts(&self) -> Arn<'_> {
        let nothing = Arn { partition: "", service: "", region: "", account: "", resource: "" };
        Arn::parse(&self.0).unwrap_or(nothing)
    }

    /// Checks that log groups of an account and region can send to it.
    ///
    /// # Errors
    /// What is in the way, and what to do.
    pub fn check(&self, target: &Target) -> Result<(), (String, String)> {
        let Arn { partition, region, account, .. } = self.parts();
        if partition != target.region.partition() {
            return Err((
                format!(
                    "the destination `{self}` is in the AWS partition `{partition}`, and {} is in `{}`; log groups cannot send \
                     to another partition",
                    target.region,
                    target.region.partition()
                ),
                "give a destination of the same partition".to_owned(),
            ));
        }
        if region != target.region.as_str() {
            return Err((
                format!(
                    "the destination `{self}` is in {region}, and these log groups are in {}; AWS sends to a destination in the \
                     same region only",
                    target.region
                ),
                format!(
                    "give the destination of {0}: account {account} creates it with `cwl2le setup --region {0}`; or add \
                     --region {region}",
                    target.region
                ),
            ));
        }
        if account == target.account {
            return Err((
                format!("the destination `{self}` is in this account, {account}"),
                "leave out --to-destination: log groups of the account that has the stream send to the stream itself; a \
                 destination is for other accounts, so check --profile if you meant one of these"
                    .to_owned(),
            ));
        }
        Ok(())
    }
}

impl fmt::Display for DestinationArn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for DestinationArn {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let refused = || {
            format!(
                "`{text}` is not the ARN of a CloudWatch Logs destination: arn:aws:logs:REGION:ACCOUNT:destination:NAME"
            )
        };
        let arn = Arn::parse(text).filter(|arn| arn.service == "logs").ok_or_else(refused)?;
        let name = arn.resource.strip_prefix("destination:").ok_or_else(refused)?;
        let is_account = arn.account.len() == 12 && arn.account.bytes().all(|byte| byte.is_ascii_digit());
        let is_name = !name.contains([':', '*']) && (1..=NAME_LENGTH).contains(&name.chars().count());
        if is_account && is_name && arn.region.parse::<super::Region>().is_ok() {
            Ok(Self(text.to_owned()))
        } else {
            Err(refused())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CENTRAL: &str = "arn:aws:logs:eu-west-1:111111111111:destination:cwl2le";

    fn target(account: &str, region: &str) -> Target {
        Target { account: account.to_owned(), region: region.parse().expect("a region") }
    }

    #[test]
    fn only_the_arn_of_a_destination_is_one() {
        let arn: DestinationArn = CENTRAL.parse().expect("an ARN");
        assert_eq!(
            (arn.account(), arn.name(), arn.to_string().as_str()),
            ("111111111111", "cwl2le", CENTRAL)
        );
        for wrong in [
            "",
            "cwl2le",
            "arn:aws:logs:eu-west-1:111111111111:destination:",
            "arn:aws:logs:eu-west-1:111111111111:destination:a:b",
            "arn:aws:logs:eu-west-1:111111111111:destination:*",
            "arn:aws:logs:eu-west-1:11111111111:destination:a",
            "arn:aws:logs:eu-west-1::destination:a",
            "arn:aws:logs::111111111111:destination:a",
            "arn:aws:logs:europe:111111111111:destination:a",
            "arn:aws:logs:eu-west-1:111111111111:log-group:/a",
            "arn:aws:kinesis:eu-west-1:111111111111:stream/s",
        ] {
            let refused = wrong.parse::<DestinationArn>().expect_err(wrong);
            assert!(refused.contains("arn:aws:logs:REGION:ACCOUNT:destination:NAME"), "{refused}");
        }
    }

    #[test]
    fn a_destination_elsewhere_or_at_home_is_refused() {
        let arn: DestinationArn = CENTRAL.parse().expect("an ARN");
        assert_eq!(arn.check(&target("222222222222", "eu-west-1")), Ok(()));
        for (account, region, said) in [
            ("222222222222", "us-east-1", "is in eu-west-1, and these log groups are in us-east-1"),
            ("222222222222", "cn-north-1", "the AWS partition `aws`, and cn-north-1 is in `aws-cn`"),
            ("111111111111", "eu-west-1", "is in this account, 111111111111"),
        ] {
            let (refused, hint) = arn.check(&target(account, region)).expect_err(said);
            assert!(refused.contains(said) && !hint.is_empty(), "{refused}");
        }
    }
}
