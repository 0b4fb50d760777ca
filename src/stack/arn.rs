//! ARNs that a person gives.

use super::Target;

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
    /// Takes a text apart; none where it is no ARN.
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

    /// The name of the resource, which stands behind its type: of `function:NAME:QUALIFIER`, `log-group:NAME`, `stream/NAME`
    /// and `role/PATH/NAME`.
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

    /// Whether it names a region, and an account by its 12 digits.
    pub fn is_regional(&self) -> bool {
        !self.region.is_empty()
            && self.account.len() == 12
            && self.account.bytes().all(|b| b.is_ascii_digit())
    }
}

/// A log group as it is given: its ARN, where it is one, and its name, without the `:*` that policies and consoles add.
///
/// # Errors
/// An ARN of something else.
pub fn split_log_group(text: &str) -> Result<(Option<Arn<'_>>, &str), String> {
    if !text.starts_with("arn:") {
        return Ok((None, text.strip_suffix(":*").unwrap_or(text)));
    }
    let arn = Arn::parse(text).filter(|arn| arn.service == "logs");
    let rest = arn.and_then(|arn| arn.resource.strip_prefix("log-group:"));
    match (arn, rest) {
        (Some(_), Some(rest)) => Ok((arn, rest.strip_suffix(":*").unwrap_or(rest))),
        _ => {
            Err(format!("`{text}` is not the ARN of a log group: arn:aws:logs:REGION:ACCOUNT:log-group:NAME"))
        }
    }
}

/// The name of a log group, or a glob for names, that is given as it is, with `:*` behind it, or as an ARN.
///
/// # Errors
/// An ARN of something else, or of a log group in another region or account.
pub fn log_group_name<'a>(text: &'a str, target: &Target) -> Result<&'a str, String> {
    let (arn, name) = split_log_group(text)?;
    let Some(arn) = arn else { return Ok(name) };
    let here = [target.region.partition(), target.region.as_str(), &target.account];
    let is_here = [arn.partition, arn.region, arn.account].into_iter().zip(here).all(|(is, here)| is == here);
    if is_here {
        return Ok(name);
    }
    Err(format!(
        "`{text}` is in region {} of account {}, and this stack is in {} of {}; a log group can be subscribed only to a stream \
         of its own region and account",
        arn.region, arn.account, target.region, target.account
    ))
}

/// The names of log groups, or globs for them, as [`log_group_name`] understands each.
///
/// # Errors
/// As of [`log_group_name`].
pub fn log_group_names(texts: &[String], target: &Target) -> Result<Vec<String>, String> {
    texts.iter().map(|text| log_group_name(text, target).map(ToOwned::to_owned)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn target() -> Target {
        Target { account: "123456789012".to_owned(), region: "eu-west-1".parse().expect("a region") }
    }

    #[test]
    fn a_log_group_is_understood_however_it_is_given() {
        for text in [
            "/aws/x",
            "/aws/x:*",
            "arn:aws:logs:eu-west-1:123456789012:log-group:/aws/x",
            "arn:aws:logs:eu-west-1:123456789012:log-group:/aws/x:*",
        ] {
            assert_eq!(log_group_name(text, &target()), Ok("/aws/x"), "{text}");
        }
        for glob in ["/aws/*", "*", "{/a,/b}/*"] {
            assert_eq!(log_group_name(glob, &target()), Ok(glob));
        }
    }

    #[test]
    fn a_log_group_of_elsewhere_is_refused_by_name() {
        for (text, said) in [
            ("arn:aws:logs:us-east-1:123456789012:log-group:/aws/x", "us-east-1"),
            ("arn:aws:logs:eu-west-1:210987654321:log-group:/aws/x", "210987654321"),
            ("arn:aws-cn:logs:eu-west-1:123456789012:log-group:/aws/x", "arn:aws-cn"),
            ("arn:aws:lambda:eu-west-1:123456789012:function:x", "log-group:NAME"),
            ("arn:aws:logs", "log-group:NAME"),
        ] {
            let refused = log_group_name(text, &target()).expect_err(text);
            assert!(refused.contains(text) && refused.contains(said), "{refused}");
        }
    }

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
