//! What a verb is, and what comes of one.

use std::fmt;

use serde_json::Value;

use super::manual::Manual;
use crate::error::{Exit, Result};
use crate::flags::StackArg;
use crate::settings::{Member, Wanted};
use crate::workflow::Context;

/// A verb. The type holds its flags, the documentation of the type is its help, and the rest of the tool knows it by
/// these items only.
pub(crate) trait Verb {
    /// Examples, and where it is documented.
    const MANUAL: Manual;

    /// What a run reports.
    type Report: Report + 'static;

    /// What the tool has to know before it runs the verb.
    fn facts(&self) -> Facts<'_> {
        Facts::default()
    }

    /// Does the work. Reports instead of printing.
    async fn run(&self, context: Context<'_>) -> Result<Self::Report>;

    /// What a report says in one sentence, for a run in several environments; none where its whole text is shown.
    fn brief(&self, _: &Self::Report) -> Option<String> {
        None
    }

    /// The exit code of a run that did not fail.
    fn exit(&self, _: &Self::Report) -> Exit {
        Exit::Success
    }
}

/// What the tool has to know of a verb before it runs it. By default it works on no stack and reads no file.
#[derive(Default)]
pub(crate) struct Facts<'a> {
    /// The stack that it works on.
    pub(crate) stack: Option<&'a StackArg>,
    /// What it takes from the configuration file.
    pub(crate) reads: Reads,
    /// Whether it removes resources: then a file that may mean another stack ends the run instead of warning.
    pub(crate) removes: bool,
    /// Whether a token stands on the command line itself.
    pub(crate) shows_token: bool,
    /// Whether it writes lines to standard output. Its report then goes to standard error.
    pub(crate) writes_lines: bool,
    /// Whether these lines are events with `--output jsonl`. The report is then the last of them.
    pub(crate) writes_events: bool,
    /// Why it runs in one environment of the file at a time; none where it can run in several side by side.
    pub(crate) alone: Option<&'static str>,
    /// The policy that allows what it does; none where no policy is made for it.
    pub(crate) policy: Option<Policy<'a>>,
}

impl<'a> Facts<'a> {
    /// Those of a verb that works on a stack as it is. Of the file it takes where that is.
    pub(crate) fn of_stack(stack: &'a StackArg, policy: Policy<'a>) -> Self {
        Facts { stack: Some(stack), reads: Reads::Place, policy: Some(policy), ..Facts::default() }
    }

    /// Those of a verb that plans a whole stack from flags and file.
    pub(crate) fn of_settings(settings: &'a Wanted, policy: Policy<'a>) -> Self {
        Facts {
            stack: Some(&settings.stack),
            reads: Reads::Everything,
            shows_token: settings.destination.token.is_some(),
            policy: Some(Policy { settings: Some(settings), ..policy }),
            ..Facts::default()
        }
    }
}

/// What a verb takes from the configuration file.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Reads {
    /// Nothing: the file is not looked for.
    #[default]
    Nothing,
    /// Every setting. A mistake in the file ends the run.
    Everything,
    /// Stack, region and profile. Any other mistake in the file is a warning.
    Place,
    /// Only secrets, for the redactor: AWS may quote one that the file refers to.
    Secrets,
}

/// The document of `cwl2le policies` that allows what a verb does.
pub(crate) struct Policy<'a> {
    /// Its name, as `cwl2le policies` takes it.
    pub(crate) document: &'static str,
    /// The flags that the document depends on.
    pub(crate) settings: Option<&'a Wanted>,
    /// Whether an account policy is written or deleted.
    pub(crate) all: bool,
    /// The flags of a member account, of a verb that takes no other settings.
    pub(crate) member: Option<&'a Member>,
}

impl<'a> Policy<'a> {
    /// What every verb needs that changes more than subscriptions.
    pub(crate) fn operator() -> Self {
        Self { document: "operator", settings: None, all: false, member: None }
    }

    /// What is enough to look, and to change subscriptions.
    pub(crate) fn everyday() -> Self {
        Self { document: "everyday", settings: None, all: false, member: None }
    }

    /// The same for these flags of a member account.
    pub(crate) fn of_member(self, member: &'a Member) -> Self {
        Self { member: Some(member), ..self }
    }

    /// What is enough to look and to send a canary, without changing anything of the chain.
    pub(crate) fn on_call() -> Self {
        Self { document: "on-call", settings: None, all: false, member: None }
    }
}

/// What a verb found or did: text for people, JSON for programs, from one value.
pub trait Report: fmt::Display {
    /// The JSON form.
    fn to_json(&self) -> Value;
}

impl<T: fmt::Display + serde::Serialize> Report for T {
    fn to_json(&self) -> Value {
        serde_json::to_value(self).unwrap_or_default()
    }
}

/// A report as one value with both renderings, as the printer takes it.
pub struct Shown<'a>(pub &'a dyn Report);

impl fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl serde::Serialize for Shown<'_> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.to_json().serialize(serializer)
    }
}

/// How a verb ended that did not fail.
pub struct Outcome {
    /// What to print.
    pub report: Box<dyn Report>,
    /// Mostly success.
    pub exit: Exit,
    /// What the report says in one sentence, where it can be shown in the place of it.
    pub brief: Option<String>,
}

impl Outcome {
    /// Runs a verb.
    pub(super) async fn of(verb: &impl Verb, context: Context<'_>) -> Result<Self> {
        let report = verb.run(context).await?;
        let exit = verb.exit(&report);
        let brief = verb.brief(&report);
        Ok(Self { report: Box::new(report), exit, brief })
    }
}
