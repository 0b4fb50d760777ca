//! The one error a command can end with.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::aws::AwsError;
use super::code::Code;

/// What failed, why, on which resource, and what to do next.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Error {
    /// Which of the expected failures it is.
    pub code: Code,
    /// What failed and why, in one sentence without a full stop.
    pub message: String,
    /// Name or ARN of the resource, where there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resource: Option<String>,
    /// What to do next.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
    /// The AWS call behind it, with its request id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub aws: Option<Box<AwsError>>,
    /// Each thing that failed, where several were to be done.
    #[serde(skip_serializing_if = "<[Failure]>::is_empty")]
    pub failed: Box<[Failure]>,
    /// The line of a file that it is about, and what else is wrong.
    #[serde(flatten)]
    pub more: Option<Box<More>>,
    /// The plan that is refused, as JSON; it stands beside the error.
    #[serde(skip)]
    pub plan: Option<Box<serde_json::Value>>,
}

/// What few errors have.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct More {
    /// The line of a file that it is about, as it is shown.
    #[serde(skip)]
    pub snippet: Option<String>,
    /// What else is wrong and would be the next error: in the same file, or missing as well.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub also: Vec<Error>,
}

/// One of several things that failed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Failure {
    /// The resource.
    pub resource: Subject,
    /// Which of the expected failures it is.
    pub code: Code,
    /// Why.
    pub message: String,
    /// What to do next.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
}

/// The resource that failed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Subject {
    /// Its kind, such as `subscription-filter`.
    pub kind: String,
    /// The log group of a subscription filter.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub log_group: Option<String>,
    /// Its name.
    pub name: String,
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.log_group {
            Some(log_group) => write!(f, "{log_group} -> {}", self.name),
            None => f.write_str(&self.name),
        }
    }
}

/// The result of anything a command does.
pub type Result<T, E = Error> = std::result::Result<T, E>;

impl Error {
    /// An error with neither resource nor hint yet.
    pub fn new(code: Code, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
            resource: None,
            hint: None,
            aws: None,
            failed: Box::default(),
            more: None,
            plan: None,
        }
    }

    /// An error of flags that cannot be used.
    pub(crate) fn usage(message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self::new(Code::Usage, message).hint(hint)
    }

    /// Names the resource.
    #[must_use]
    pub fn on(mut self, resource: impl Into<String>) -> Self {
        self.resource = Some(resource.into());
        self
    }

    /// Says what to do next.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// Adds what else is wrong and would only be the next error.
    #[must_use]
    pub fn and(mut self, other: impl IntoIterator<Item = Self>) -> Self {
        let mut others = other.into_iter().peekable();
        if others.peek().is_some() {
            self.more.get_or_insert_default().also.extend(others);
        }
        self
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Error {}
