//! Runs the steps of a plan: a stage at a time, its steps side by side, the actions of a step in order.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use futures_util::{StreamExt, stream};
use tokio::time::Instant;

use super::outcome::{self, Applied, ApplyError, Creation, Done, Failed};
use crate::aws::{Notice, Session};
use crate::error::{Code, Error};
use crate::resources::{Plan, Step, Verb};

/// How many steps of a stage run at once; the pace of the calls is decided in `aws`.
const STEPS_AT_ONCE: usize = 16;

/// What happens to the step with this index in [`Plan::steps`], as it happens.
#[derive(Debug, Clone, Copy)]
pub struct Event<'a> {
    /// Its index in the plan.
    pub index: usize,
    /// The step.
    pub step: &'a Step,
    /// What happens to it.
    pub what: What<'a>,
}

/// What happens to a step.
#[derive(Debug, Clone, Copy)]
pub enum What<'a> {
    /// It begins.
    Started,
    /// It waits: for a propagation, for AWS to take more calls, for a resource to become ready.
    Waiting {
        /// What is waited for, as in "waiting for ...".
        why: &'a str,
        /// Since when.
        elapsed: Duration,
    },
    /// It is about to delete something that the new resource replaces.
    GivesWay {
        /// The command that restores it.
        restore: &'a str,
    },
    /// It is done.
    Done {
        /// How long it took.
        elapsed: Duration,
    },
    /// It failed, or was stopped.
    Failed {
        /// Why.
        error: &'a Error,
    },
}

/// Carries the plan out.
///
/// The first failure keeps later stages from beginning, while the steps that run beside it finish; of subscription
/// filters one log group's failure does not keep the others from being done. A stop that is asked for lets the calls
/// in flight finish and begins no further one. Nothing is undone: running the same command again goes on.
///
/// # Errors
///
/// What failed first, with what is done, what is not, and what was not begun; [`Code::Partial`] where some filters
/// failed and others are done; [`Code::Interrupted`].
pub async fn apply(
    session: &Session,
    plan: &Plan,
    events: &(dyn Fn(Event<'_>) + Sync),
) -> Result<Applied, Box<ApplyError>> {
    let mut applied = Applied::default();
    let mut rest: &[Step] = &plan.steps;
    let mut index = 0;
    while let Some(first) = rest.first() {
        let length = rest.iter().take_while(|step| step.stage == first.stage).count();
        let (stage, later) = rest.split_at(length);
        run_stage(session, stage, index, events, &mut applied).await;
        if !applied.failed.is_empty() || session.stop().requested() {
            applied.not_begun.extend(later.iter().map(|step| step.resource.clone()));
            break;
        }
        (rest, index) = (later, index + length);
    }
    outcome::judge(applied)
}

async fn run_stage(
    session: &Session,
    steps: &[Step],
    first: usize,
    events: &(dyn Fn(Event<'_>) + Sync),
    applied: &mut Applied,
) {
    let give_up = AtomicBool::new(false);
    let outcomes = stream::iter(steps.iter().enumerate()).map(|(offset, step)| {
        let give_up = &give_up;
        async move {
            if session.stop().requested() || give_up.load(Ordering::Relaxed) {
                return (step, None);
            }
            let outcome = run_step(session, step, first + offset, events).await;
            if let Err(failed) = &outcome {
                give_up.fetch_or(concerns_others(step, &failed.error), Ordering::Relaxed);
            }
            (step, Some(outcome))
        }
    });
    // In the order in which they end, so that one slow step holds none of the others back.
    let outcomes: Vec<_> = outcomes.buffer_unordered(STEPS_AT_ONCE).collect().await;
    for (step, outcome) in outcomes {
        match outcome {
            Some(Ok(done)) => applied.done.push(done),
            Some(Err(failed)) => applied.failed.push(failed),
            None => applied.not_begun.push(step.resource.clone()),
        }
    }
}

/// Whether a step's failure makes it pointless to begin others of its stage.
fn concerns_others(step: &Step, error: &Error) -> bool {
    // What stands for itself goes on, unless it is us who cannot.
    let is_ours = matches!(
        error.code,
        Code::Interrupted | Code::NoCredentials | Code::BadCredentials | Code::Unreachable | Code::Throttled
    );
    is_ours || !step.stage.is_each_for_itself()
}

async fn run_step(
    session: &Session,
    step: &Step,
    index: usize,
    events: &(dyn Fn(Event<'_>) + Sync),
) -> Result<Done, Failed> {
    let tell = |what: What<'_>| events(Event { index, step, what });
    let creation = Mutex::new(None);
    let became = |what| {
        if step.verb == Verb::Create {
            *creation.lock().unwrap_or_else(PoisonError::into_inner) = Some(what);
        }
    };
    let notice = |notice: Notice<'_>| match notice {
        Notice::Waiting { why, elapsed } => tell(What::Waiting { why, elapsed }),
        Notice::GivesWay { restore } => tell(What::GivesWay { restore }),
        Notice::Made => became(Creation::Made),
        Notice::Found => became(Creation::Found),
        Notice::Read { .. } => {}
    };
    let aws = session.telling(&notice);
    let begun = Instant::now();
    tell(What::Started);
    for (done, action) in step.actions.iter().enumerate() {
        if let Err(error) = Box::pin(action.act(aws)).await {
            tell(What::Failed { error: &error });
            let (stage, resource, verb) = (step.stage, step.resource.clone(), step.verb);
            let of = step.actions.len();
            let became = *creation.lock().unwrap_or_else(PoisonError::into_inner);
            let unclear = || (verb == Verb::Create && leaves_open(error.code)).then_some(Creation::Unclear);
            let creation = became.or_else(unclear);
            return Err(Failed { stage, resource, verb, actions_done: done, actions: of, creation, error });
        }
    }
    let elapsed = begun.elapsed();
    tell(What::Done { elapsed });
    let creation = *creation.lock().unwrap_or_else(PoisonError::into_inner);
    Ok(Done { resource: step.resource.clone(), verb: step.verb, seconds: elapsed.as_secs_f64(), creation })
}

/// Whether AWS may have carried out a call that failed like this.
fn leaves_open(code: Code) -> bool {
    matches!(code, Code::Unreachable | Code::Aws | Code::NotReady | Code::Interrupted)
}

#[cfg(test)]
mod tests;
