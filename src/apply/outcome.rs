//! What applying a plan came to.

use std::fmt;

use serde::Serialize;

use crate::error::{Code, Error, Failure};
use crate::flags::CommandLine;
use crate::resources::{ResourceId, Stage, Verb};

/// What was done of a plan.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Applied {
    /// The steps that are done, in the order in which they ended within their stage.
    pub done: Vec<Done>,
    /// The steps that failed or were stopped on the way.
    pub failed: Vec<Failed>,
    /// What was not begun.
    pub not_begun: Vec<ResourceId>,
}

/// What became of a resource that a step was to create.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Creation {
    /// This run made it.
    Made,
    /// It was there already: another run of the same stack made it since it was read.
    Found,
    /// Its call failed in a way that leaves open whether AWS carried it out.
    Unclear,
}

/// A step that is done.
#[derive(Debug, Clone, Serialize)]
pub struct Done {
    /// What was changed.
    pub resource: ResourceId,
    /// How.
    pub verb: Verb,
    /// How long it took.
    pub seconds: f64,
    /// What became of the resource, where it was to be created.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub creation: Option<Creation>,
}

/// A step that failed or was stopped on the way.
#[derive(Debug, Clone, Serialize)]
pub struct Failed {
    /// When: all stages before it are done.
    #[serde(skip)]
    pub stage: Stage,
    /// What was to be changed.
    pub resource: ResourceId,
    /// How.
    pub verb: Verb,
    /// How many of its actions are done.
    pub actions_done: usize,
    /// How many there are.
    pub actions: usize,
    /// What became of the resource, where it was to be created; none where AWS refused.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub creation: Option<Creation>,
    /// Why.
    pub error: Error,
}

impl Failed {
    /// Whether the change may be made all the same: AWS gave no answer to its last call.
    fn is_unclear(&self) -> bool {
        self.creation == Some(Creation::Unclear) || self.error.code == Code::Unreachable
    }
}

impl Applied {
    /// What was to be created, with what became of it.
    pub fn creations(&self) -> impl Iterator<Item = (&ResourceId, Creation)> {
        let done = self.done.iter().map(|done| (&done.resource, done.creation));
        let failed = self.failed.iter().map(|failed| (&failed.resource, failed.creation));
        done.chain(failed).filter_map(|(resource, creation)| Some((resource, creation?)))
    }
}

/// A plan that was not carried out to its end: the error to show, and how far it went.
#[derive(Debug, Clone, Serialize)]
pub struct ApplyError {
    /// The failure that ended it.
    pub error: Error,
    /// How far it went.
    pub applied: Applied,
}

impl ApplyError {
    /// Whether all that failed is of this stage.
    pub(crate) fn only_concerns(&self, stage: Stage) -> bool {
        let failed = &self.applied.failed;
        !failed.is_empty() && failed.iter().all(|failed| failed.stage == stage)
    }

    /// The error to end `command` with, which says what exists now and how to go on from there.
    pub fn into_error(self, command: &str, again: &CommandLine) -> Error {
        let Applied { done, failed, not_begun } = &self.applied;
        let unclear = failed.iter().filter(|failed| failed.is_unclear()).count();
        let open = failed.len() + not_begun.len() - unclear;
        // Whoever stopped a setup may not want it any more.
        let stopped = command == "setup" && self.error.code == Code::Interrupted;
        let back = if stopped {
            format!(", or `{}` to remove the stack", again.of_stack("teardown"))
        } else {
            String::new()
        };
        let next = if failed.iter().all(|failed| passes(failed.error.code)) {
            format!("run `{again}` again to go on{back}")
        } else {
            "fix the cause, then run the command again".to_owned()
        };
        let unclear = if unclear > 0 { format!("{unclear} perhaps, ") } else { String::new() };
        let so_far = format!("{} done, {unclear}{open} not; {next}", done.len());
        let hint = match &self.error.hint {
            // The table's own advice to run it again says the same.
            Some(hint) if !hint.contains("run the same command again") => format!("{hint} ({so_far})"),
            _ => so_far,
        };
        let failed = if self.error.code == Code::Partial { failures(&self.applied) } else { Box::default() };
        Error { failed, ..self.error.hint(hint) }
    }
}

/// Whether the same command may succeed later though nobody has changed anything.
const fn passes(code: Code) -> bool {
    matches!(
        code,
        Code::Throttled | Code::Unreachable | Code::NotReady | Code::Changed | Code::Aws | Code::Interrupted
    )
}

fn failures(applied: &Applied) -> Box<[Failure]> {
    let failure = |failed: &Failed| Failure {
        resource: (&failed.resource).into(),
        code: failed.error.code,
        message: failed.error.message.clone(),
        hint: failed.error.hint.clone(),
    };
    applied.failed.iter().map(failure).collect()
}

impl fmt::Display for ApplyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.error.fmt(f)
    }
}

impl std::error::Error for ApplyError {}

/// Whether a plan was carried out, and if not, which error says it best.
pub(super) fn judge(applied: Applied) -> Result<Applied, Box<ApplyError>> {
    let open = applied.failed.len() + applied.not_begun.len();
    if open == 0 {
        return Ok(applied);
    }
    let error = match first_cause(&applied) {
        // The first failure says it all, unless some of many failed and others are done.
        Some(first) if !is_partial(&applied) => first.error.clone(),
        Some(first) => {
            let not_begun = applied.not_begun.iter().filter(|id| id.kind.is_many()).count();
            let failed = applied.failed.len() + not_begun;
            let all = failed + many_done(&applied);
            let what = format!("{failed} of {all} {}s failed", first.resource.kind);
            Error { hint: first.error.hint.clone(), ..Error::new(Code::Partial, what) }
        }
        None => Error::new(Code::Interrupted, "stopped before everything was done"),
    };
    Err(Box::new(ApplyError { error, applied }))
}

/// The failure that was not only a consequence of a stop.
fn first_cause(applied: &Applied) -> Option<&Failed> {
    let interrupted = |failed: &&Failed| failed.error.code == Code::Interrupted;
    applied.failed.iter().find(|failed| !interrupted(failed)).or_else(|| applied.failed.first())
}

fn is_partial(applied: &Applied) -> bool {
    let many = applied.failed.iter().all(|failed| failed.resource.kind.is_many());
    let stopped = applied.failed.iter().any(|f| f.error.code == Code::Interrupted);
    many && !stopped && many_done(applied) > 0
}

fn many_done(applied: &Applied) -> usize {
    applied.done.iter().filter(|done| done.resource.kind.is_many()).count()
}
