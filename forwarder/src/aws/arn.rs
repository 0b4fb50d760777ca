//! ARNs, taken apart.

/// The parts of an ARN.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Arn<'a> {
    /// `aws`, `aws-cn` and the like.
    pub partition: &'a str,
    /// The service, such as `kms`.
    pub service: &'a str,
    /// The region; empty for what has none.
    pub region: &'a str,
    /// The account; empty for what has none.
    pub account: &'a str,
    /// The rest, colons included.
    pub resource: &'a str,
}

impl<'a> Arn<'a> {
    /// Parses an ARN; `None` for any other text.
    pub fn parse(text: &'a str) -> Option<Self> {
        let mut parts = text.strip_prefix("arn:")?.splitn(5, ':');
        let mut next = || parts.next();
        let (partition, service) = (next()?, next()?);
        let (region, account, resource) = (next()?, next()?, next()?);
        let is_word = |text: &str| text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
        let is_arn = [partition, service, region, account].into_iter().all(is_word)
            && !partition.is_empty()
            && !service.is_empty()
            && !resource.is_empty();
        is_arn.then_some(Self { partition, service, region, account, resource })
    }

    /// The name of the resource, which stands behind its type: of `function:NAME:QUALIFIER`, `log-group:NAME`,
    /// `stream/NAME` and `role/PATH/NAME`.
    pub fn name(&self) -> &'a str {
        match self.resource.split_once([':', '/']) {
            None => self.resource,
            Some((_, rest)) if self.resource.contains(':') => rest.split(':').next().unwrap_or(rest),
            Some((_, rest)) => rest.rsplit('/').next().unwrap_or(rest),
        }
    }

    /// The alias or version that the ARN of a function names.
    pub fn qualifier(&self) -> Option<&'a str> {
        self.resource.strip_prefix("function:")?.split(':').nth(1)
    }

    /// The region that a name names where it is an ARN.
    pub fn region_of(name: &'a str) -> Option<&'a str> {
        Self::parse(name).map(|arn| arn.region).filter(|region| !region.is_empty())
    }

    /// Whether it names a region, and an account by its id.
    pub fn is_regional(&self) -> bool {
        !self.region.is_empty() && is_account_id(self.account)
    }
}

/// Whether a text is the id of an account: 12 digits.
pub fn is_account_id(text: &str) -> bool {
    text.len() == 12 && text.bytes().all(|b| b.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn resources_are_named_by_their_arns() {
        for (arn, name, qualifier) in [
            ("arn:aws:lambda:eu-west-1:123456789012:function:f", "f", None),
            ("arn:aws:lambda:eu-west-1:123456789012:function:f:live", "f", Some("live")),
            ("arn:aws:logs:eu-west-1:123456789012:log-group:/aws/lambda/f", "/aws/lambda/f", None),
            ("arn:aws:kinesis:eu-west-1:123456789012:stream/s", "s", None),
            ("arn:aws:iam::123456789012:role/a/path/r", "r", None),
            ("arn:aws:s3:::bucket", "bucket", None),
        ] {
            let arn = Arn::parse(arn).expect("an ARN");
            assert_eq!((arn.name(), arn.qualifier()), (name, qualifier));
        }
    }

    #[test]
    fn arns_are_taken_apart() {
        let arn = Arn::parse("arn:aws-cn:secretsmanager:cn-north-1:123456789012:secret:a:b").expect("an ARN");
        assert_eq!((arn.partition, arn.service, arn.resource), ("aws-cn", "secretsmanager", "secret:a:b"));
        assert!(arn.is_regional() && !Arn::parse("arn:aws:s3:::bucket").expect("an ARN").is_regional());
        for text in
            ["", "arn:", "arn:aws:s3::", "arn:aws:s3:::", "aws:s3:::b", "arn:a b:s3:::b", "arn::s3:::b"]
        {
            assert_eq!(Arn::parse(text), None, "{text}");
        }
    }
}
