//! Filter patterns are checked before anything is changed.

use std::collections::{BTreeMap, BTreeSet};

use crate::aws::{BAD_PATTERN_HINT, Session};
use crate::error::{Code, Error, Result};
use crate::resources::{Plan, rejected_patterns, wanted_pattern};

/// Asks AWS about the patterns that a plan gives to filters and to the account policy, a call for each.
///
/// # Errors
///
/// [`Code::BadPattern`] for each that AWS rejects. One that it cannot be asked about is found when the filter is put.
pub(crate) async fn check(session: &Session, plan: &Plan) -> Result<()> {
    let wanted = wanted(plan);
    if wanted.is_empty() {
        return Ok(());
    }
    let rejected = rejected_patterns(session.into(), wanted.keys().copied().collect()).await?;
    let mut errors =
        rejected.iter().map(|(pattern, why)| rejected_as(pattern, why, &wanted[pattern.as_str()]));
    errors.next().map_or(Ok(()), |first| Err(first.and(errors)))
}

/// The patterns that are asked for, each with the resources that get it.
fn wanted(plan: &Plan) -> BTreeMap<&str, BTreeSet<String>> {
    let mut wanted: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
    for step in &plan.steps {
        for pattern in step.actions.iter().filter_map(wanted_pattern) {
            wanted.entry(pattern).or_default().insert(step.resource.place());
        }
    }
    wanted
}

fn rejected_as(pattern: &str, why: &str, resources: &BTreeSet<String>) -> Error {
    // AWS begins with the same words, and may say no more than these.
    let why = why.trim_end_matches('.');
    let reason = why.strip_prefix("Invalid filter pattern").unwrap_or(why).trim_start_matches(':').trim();
    let reason = if reason.is_empty() { String::new() } else { format!(": {reason}") };
    let first = resources.first().map(String::as_str).unwrap_or_default();
    let more = resources.len().saturating_sub(1);
    let resource = if more > 0 { format!("{first} and {more} more") } else { first.to_owned() };
    Error::new(Code::BadPattern, format!("AWS rejects the filter pattern `{pattern}`{reason}"))
        .on(resource)
        .hint(BAD_PATTERN_HINT)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aws::testing::{Answer, FakeAws};

    #[test]
    fn the_error_quotes_the_pattern_and_what_aws_says() {
        let of =
            |why: &str| rejected_as("{ $.a > }", why, &["/a -> f", "/b -> f"].map(ToOwned::to_owned).into());
        let error = of("Invalid filter pattern: '$.a >' ends too early");
        assert_eq!(error.message, "AWS rejects the filter pattern `{ $.a > }`: '$.a >' ends too early");
        assert_eq!(error.resource.as_deref(), Some("/a -> f and 1 more"));
        assert_eq!(of("Invalid filter pattern").message, "AWS rejects the filter pattern `{ $.a > }`");
    }

    /// Which of two patterns count as rejected where AWS answers like this.
    async fn rejected(answer: Answer) -> Vec<String> {
        let aws = FakeAws::new(move |_| answer.clone());
        let session = aws.session();
        let patterns = ["{ $.a > }", "ERROR"].into();
        let rejected = rejected_patterns((&session).into(), patterns).await.expect("nobody stops it");
        rejected.into_keys().collect()
    }

    #[tokio::test(start_paused = true)]
    async fn only_what_aws_rejects_counts_as_rejected() {
        let invalid = Answer::Error(400, "InvalidParameterException", "Invalid filter pattern");
        assert_eq!(rejected(invalid).await.len(), 2);
        for answer in [
            Answer::Json(serde_json::json!({"matches": []})),
            Answer::Error(400, "AccessDeniedException", "no identity-based policy allows it"),
            Answer::Error(400, "ThrottlingException", "Rate exceeded"),
            Answer::Error(501, "NotImplemented", "no such operation here"),
            // Not about the pattern.
            Answer::Error(400, "InvalidParameterException", "logEventMessages has too many entries"),
            Answer::Garbage(200),
            Answer::Refused,
            Answer::Silent,
        ] {
            assert!(rejected(answer.clone()).await.is_empty(), "{answer:?}");
        }
    }
}
