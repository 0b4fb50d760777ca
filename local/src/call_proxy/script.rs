//! What happens to the calls of one operation, one after the other.

use std::collections::VecDeque;

use super::fault::Fault;
use super::injection::When;

/// What happens to the next calls of an operation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// Number of calls that it happens to.
    pub times: usize,
    /// What happens, and whether AWS carries the call out; `None` lets the call pass.
    pub outcome: Option<(When, Fault)>,
}

impl Step {
    /// AWS answers.
    pub fn pass(times: usize) -> Self {
        Self { times, outcome: None }
    }

    /// The call fails and never reaches AWS.
    pub fn before(times: usize, fault: Fault) -> Self {
        Self { times, outcome: Some((When::Before, fault)) }
    }

    /// AWS carries the call out, and its answer is lost.
    pub fn after(times: usize, fault: Fault) -> Self {
        Self { times, outcome: Some((When::After, fault)) }
    }
}

/// The steps that are left for an operation.
#[derive(Debug)]
pub(super) struct Script {
    pub(super) operation: String,
    steps: VecDeque<Step>,
}

impl Script {
    pub(super) fn new(operation: &str, steps: impl IntoIterator<Item = Step>) -> Self {
        let steps = steps.into_iter().filter(|step| step.times > 0).collect();
        Self { operation: operation.to_owned(), steps }
    }

    /// What happens to the next call.
    pub(super) fn next(&mut self) -> Option<(When, Fault)> {
        let step = self.steps.front_mut()?;
        step.times -= 1;
        let outcome = step.outcome.clone();
        if step.times == 0 {
            self.steps.pop_front();
        }
        outcome
    }

    /// Number of calls that the script still waits for.
    pub(super) fn left(&self) -> usize {
        self.steps.iter().map(|step| step.times).sum()
    }
}
