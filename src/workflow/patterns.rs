//! Filter patterns are checked before anything is changed.

use std::collections::{BTreeMap, BTreeSet};

use crate::aws::{BAD_PATTERN_HINT, Session};
use crate::error::{Code, Error, Result};
use crate::resources::{Plan, test_patterns, wanted_pattern};

/// Asks AWS about the patterns that a plan gives to filters and to the account policy, a call for each. Of one that it
/// cannot be asked about, a note of the plan says so.
///
/// # Errors
///
/// [`Code::BadPattern`] for each that AWS rejects.
pub(crate) async fn check(session: &Session, plan: &mut Plan) -> Result<()> {
    let wanted = wanted(plan);
    if wanted.is_empty() {
        return Ok(());
    }
    let tested = test_patterns(session.into(), wanted.keys().copied().collect()).await?;
    let rejected = tested.rejected.iter();
    let mut errors = rejected.map(|(pattern, why)| rejected_as(pattern, why, &wanted[pattern.as_str()]));
    if let Some(first) = errors.next() {
        return Err(first.and(errors));
    }
    plan.notes.extend(tested.untested.iter().map(|pattern| {
        format!(
            "the filter pattern `{pattern}` is not checked (logs:TestMetricFilter gave no answer): if it is wrong, AWS \
             rejects it when the filter is put"
        )
    }));
    Ok(())
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

    /// How many of two patterns count as rejected and as not tested where AWS answers like this.
    async fn tested(answer: Answer) -> (usize, usize) {
        let aws = FakeAws::new(move |_| answer.clone());
        let session = aws.session();
        let patterns = ["{ $.a > }", "ERROR"].into();
        let tested = test_patterns((&session).into(), patterns).await.expect("nobody stops it");
        (tested.rejected.len(), tested.untested.len())
    }

    #[tokio::test(start_paused = true)]
    async fn only_what_aws_rejects_counts_as_rejected_and_no_answer_is_no_yes() {
        let invalid = Answer::Error(400, "InvalidParameterException", "Invalid filter pattern");
        assert_eq!(tested(invalid).await, (2, 0));
        assert_eq!(tested(Answer::Json(serde_json::json!({"matches": []}))).await, (0, 0));
        for answer in [
            Answer::Error(400, "AccessDeniedException", "no identity-based policy allows it"),
            Answer::Error(400, "ThrottlingException", "Rate exceeded"),
            Answer::Error(501, "NotImplemented", "no such operation here"),
            // Not about the pattern.
            Answer::Error(400, "InvalidParameterException", "logEventMessages has too many entries"),
            Answer::Garbage(200),
            Answer::Refused,
            Answer::Silent,
        ] {
            assert_eq!(tested(answer.clone()).await, (0, 2), "{answer:?}");
        }
    }
}
