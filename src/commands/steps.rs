//! The steps of a plan on the display, as they run.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use super::report::past;
use crate::apply::{Event, What};
use crate::output::{Progress, Step};

/// The steps that are running.
pub(super) struct Steps<'a> {
    progress: &'a Progress,
    running: Mutex<HashMap<usize, Step>>,
}

impl<'a> Steps<'a> {
    pub(super) fn new(progress: &'a Progress) -> Self {
        Self { progress, running: Mutex::default() }
    }

    pub(super) fn show(&self, event: Event<'_>) {
        let mut running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        let (verb, resource) = (event.step.verb, &event.step.resource);
        match event.what {
            What::Started => {
                running.insert(event.index, self.progress.begin(format!("{verb} {resource}")));
            }
            What::Waiting { why, .. } => {
                if let Some(step) = running.get(&event.index) {
                    step.waiting(format_args!("waiting for {why}"));
                }
            }
            What::Done { .. } => {
                if let Some(step) = running.remove(&event.index) {
                    step.done(format_args!("{} {resource}", past(verb)));
                }
            }
            What::Failed { .. } => {
                if let Some(step) = running.remove(&event.index) {
                    step.failed();
                }
            }
        }
    }
}
