//! Log groups that a person gives, by name or ARN.

pub use cwl2le_forwarder::aws::Arn;

use super::Target;

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
        "`{text}` is in region {} of account {}, and this stack is in {} of {}; a log group can only be subscribed to a stream \
         in its own region and account",
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
}
