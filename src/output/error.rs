//! How an error looks.

use std::fmt;

use serde::Serialize;

use super::prose::prose;
use super::style::{BAD, BOLD, DIM, ERROR, HINT, TYPED};
use super::{visible, width};
use crate::error::{Error, Failure};

/// Columns of `error: `. The texts of all parts begin behind it.
const INDENT: usize = 7;
/// Maximum number of failures of one kind that are shown one by one.
const SHOWN: usize = 3;

/// An error as the JSON document of a failed command.
#[derive(Serialize)]
pub(super) struct Document<'a> {
    pub(super) error: &'a Error,
    /// The plan that was refused.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) plan: Option<&'a serde_json::Value>,
}

impl<'a> From<&'a Error> for Document<'a> {
    fn from(error: &'a Error) -> Self {
        Self { error, plan: error.plan.as_deref() }
    }
}

/// An error for people: what failed and why, the place in a file, the resource where the sentence does not name it, the
/// AWS call behind it, each of several failures, and what to do next. Each part is wrapped behind its label; line ends
/// in a value come from outside and are escaped.
pub(super) struct Text<'a>(pub(super) &'a Error);

impl Text<'_> {
    /// The error in lines of at most `width` columns, as far as its words allow.
    pub(super) fn in_columns(&self, width: usize) -> String {
        let Error { message, resource, hint, aws, failed, more, .. } = self.0;
        let mut parts = Parts { lines: Vec::new(), width };
        parts.add(format_args!("{ERROR}error:{ERROR:#}"), &prose(message, width - INDENT, BOLD));
        let more = more.as_deref();
        let snippet = more.and_then(|more| more.snippet.as_deref()).unwrap_or_default();
        parts.lines.extend(snippet.lines().map(visible));
        let aws = aws.as_deref();
        let named = resource.as_deref().or(aws.map(|aws| aws.resource.as_str()));
        if let Some(resource) = named.filter(|resource| !message.contains(resource)) {
            parts.add(format_args!("   {DIM}on:{DIM:#}"), &prose(resource, width - INDENT, BOLD));
        }
        if let Some(aws) = aws {
            let mut said = format!("{}:{} {}", aws.service, aws.operation, aws.code);
            if !message.contains(&aws.message) && !aws.message.is_empty() {
                said += &format!(": {}", aws.message);
            }
            if let Some(id) = &aws.request_id {
                said += &format!(" (request {id})");
            }
            let said =
                prose(&said, width - INDENT, DIM).into_iter().map(|line| format!("{DIM}{line}{DIM:#}"));
            parts.add(format_args!("  {DIM}aws:{DIM:#}"), &said.collect::<Vec<_>>());
        }
        parts.failures(failed);
        if let Some(hint) = hint {
            parts.add(format_args!(" {HINT}hint:{HINT:#}"), &prose(hint, width - INDENT, TYPED));
        }
        for also in more.iter().flat_map(|more| &more.also) {
            parts.lines.push(String::new());
            parts.lines.push(Text(also).in_columns(width));
        }
        parts.lines.join("\n")
    }
}

impl fmt::Display for Text<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.in_columns(width()))
    }
}

/// An error as a part of a report, in lines that fit [`width`].
pub(crate) fn error_lines(error: &Error) -> String {
    Text(error).to_string()
}

/// The lines of an error as they come together.
struct Parts {
    lines: Vec<String>,
    width: usize,
}

impl Parts {
    /// Adds a text behind its label.
    fn add(&mut self, label: fmt::Arguments<'_>, text: &[String]) {
        for (at, line) in text.iter().enumerate() {
            let line = if at == 0 { format!("{label} {line}") } else { format!("{:INDENT$}{line}", "") };
            self.lines.push(line.trim_end().to_owned());
        }
    }

    /// Adds the failures: some of each kind, and how many more there are. The JSON document holds them all.
    fn failures(&mut self, failed: &[Failure]) {
        let mut kinds: Vec<(String, usize)> = Vec::new();
        for failure in failed {
            let kind = kind(failure);
            let at = kinds.iter().position(|(known, _)| *known == kind).unwrap_or_else(|| {
                kinds.push((kind, 0));
                kinds.len() - 1
            });
            kinds[at].1 += 1;
            if kinds[at].1 <= SHOWN {
                let text = format!("{}: {}", failure.resource, failure.message);
                self.add(format_args!("     {BAD}✗{BAD:#}"), &prose(&text, self.width - INDENT, BOLD));
            }
        }
        let more: usize = kinds.iter().map(|(_, count)| count.saturating_sub(SHOWN)).sum();
        if more > 0 {
            let text = format!("and {more} more for the same reasons; `--output json` names each");
            self.add(format_args!("      "), &prose(&text, self.width - INDENT, TYPED));
        }
    }
}

/// What is the same of failures that differ in their log group only.
fn kind(failure: &Failure) -> String {
    let place = failure.resource.to_string();
    let log_group = failure.resource.log_group.as_ref().unwrap_or(&place);
    failure.message.replace(&place, "").replace(log_group, "")
}

#[cfg(test)]
mod tests {
    use super::super::visible::shown;
    use super::*;
    use crate::error::{Code, Subject};

    fn text(error: &Error, width: usize) -> String {
        shown(&Text(error).in_columns(width), false)
    }

    #[test]
    fn each_part_hangs_behind_its_label_and_a_command_can_be_copied() {
        let error = Error::new(
            Code::NotFound,
            "the stack `blue` is not set up in eu-west-1: its stream blue-cloudwatch-logs-stream is missing",
        )
        .on("blue-cloudwatch-logs-stream")
        .hint(
            "run `cwl2le setup --stack blue --config 'my file.toml' --region eu-west-1 --profile production` first, or \
             check --region and --stack",
        );
        insta::assert_snapshot!([100, 60].map(|width| text(&error, width)).join("\n\n"));
    }

    #[test]
    fn many_failures_for_the_same_reason_are_a_few_examples() {
        let failure = |at: usize| Failure {
            resource: Subject {
                kind: "subscription-filter".to_owned(),
                log_group: Some(format!("/app/{at}")),
                name: "f".to_owned(),
            },
            code: Code::FilterLimit,
            message: format!("`/app/{at}` has its two filters already"),
            hint: None,
        };
        let other = Failure { message: "it is gone".to_owned(), ..failure(999) };
        let failed: Vec<Failure> = (0..200).map(failure).chain([other]).collect();
        let error = Error { failed: failed.into(), ..Error::new(Code::Partial, "201 of 300 filters failed") };
        let text = text(&error, 80);
        assert_eq!(text.lines().count(), 6, "{text}");
        assert!(
            text.contains("✗ /app/2 -> f: `/app/2` has") && text.contains("✗ /app/999 -> f: it is gone"),
            "{text}"
        );
        assert!(
            text.ends_with("       and 197 more for the same reasons; `--output json` names each"),
            "{text}"
        );
    }
}
