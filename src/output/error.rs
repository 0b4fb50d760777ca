//! How an error looks.

use std::fmt;

use serde::Serialize;

use super::style::{DIM, ERROR, HINT};
use super::visible;
use crate::error::Error;

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

/// An error for people: what and why, on which resource, behind which AWS call, and what to do next. Each is one line;
/// line ends in a value come from outside and are escaped. A part of a file is shown below what is
/// wrong with it.
pub(super) struct Text<'a>(pub(super) &'a Error);

impl fmt::Display for Text<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Error { message, resource, hint, aws, failed, more, .. } = self.0;
        write!(f, "{ERROR}error:{ERROR:#} {}", visible(message))?;
        let more = more.as_deref();
        for line in more.and_then(|file| file.snippet.as_deref()).iter().flat_map(|snippet| snippet.lines()) {
            write!(f, "\n{}", visible(line))?;
        }
        let aws = aws.as_deref();
        if let Some(resource) = resource.as_deref().or(aws.map(|aws| aws.resource.as_str())) {
            write!(f, "\n  {DIM}resource:{DIM:#} {}", visible(resource))?;
        }
        if let Some(aws) = aws {
            write!(f, "\n  {DIM}aws:{DIM:#} {}:{} {}", aws.service, aws.operation, visible(&aws.code))?;
            if !message.contains(&aws.message) && !aws.message.is_empty() {
                write!(f, ": {}", visible(&aws.message))?;
            }
            if let Some(id) = &aws.request_id {
                write!(f, " {DIM}(request {}){DIM:#}", visible(id))?;
            }
        }
        for failure in failed {
            write!(
                f,
                "\n  {DIM}failed:{DIM:#} {}: {}",
                visible(&failure.resource),
                visible(&failure.message)
            )?;
        }
        if let Some(hint) = hint {
            write!(f, "\n{HINT}hint:{HINT:#} {}", visible(hint))?;
        }
        more.iter().flat_map(|file| &file.also).try_for_each(|error| write!(f, "\n\n{}", Text(error)))
    }
}
