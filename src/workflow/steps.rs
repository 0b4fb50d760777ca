//! Shows the steps of a plan as they run.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use super::change_report::past;
use crate::apply::{Event, What};
use crate::output::{Progress, Step};
use crate::resources::Plan;

/// Minimum number of subscription filters that are counted instead of shown one by one.
const MANY: usize = 20;

/// The steps that are running.
pub(crate) struct Steps<'a> {
    progress: &'a Progress,
    running: Mutex<HashMap<usize, Step>>,
    /// The filters, where there are many.
    filters: Option<Mutex<Count>>,
}

/// The progress of many subscription filters.
struct Count {
    total: usize,
    done: usize,
    failed: usize,
    /// The line that shows it, from the first of them on.
    shown: Option<(Instant, Step)>,
}

impl<'a> Steps<'a> {
    pub(crate) fn new(progress: &'a Progress, plan: &Plan) -> Self {
        let total = plan.steps.iter().filter(|step| step.resource.kind.is_many()).count();
        let count = Count { total, done: 0, failed: 0, shown: None };
        Self { progress, running: Mutex::default(), filters: (total >= MANY).then(|| Mutex::new(count)) }
    }

    /// One line for all filters: how many, how fast, and how long it will still take.
    fn count(&self, count: &Mutex<Count>, what: What<'_>) {
        let mut count = count.lock().unwrap_or_else(PoisonError::into_inner);
        match what {
            What::Started | What::Waiting { .. } | What::GivesWay { .. } => {}
            What::Done { .. } => count.done += 1,
            What::Failed { .. } => count.failed += 1,
        }
        let total = count.total;
        let (began, step) = count.shown.take().unwrap_or_else(|| {
            (Instant::now(), self.progress.begin(format!("{total} subscription filters")))
        });
        let ended = count.done + count.failed;
        if ended == total {
            step.done(format_args!(
                "{} of {total} subscription filters, {} failed",
                count.done, count.failed
            ));
            return;
        }
        let rate = ended as f64 / began.elapsed().as_secs_f64().max(0.001);
        if ended > 0 {
            let left = (total - ended) as f64 / rate;
            step.waiting(format_args!(
                "{ended} done, {rate:.1}/s, {left:.0} s to go, {} failed",
                count.failed
            ));
        }
        count.shown = Some((began, step));
    }

    pub(crate) fn show(&self, event: Event<'_>) {
        if let Some(count) = self.filters.as_ref().filter(|_| event.step.resource.kind.is_many()) {
            return self.count(count, event.what);
        }
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
            What::GivesWay { restore } => self.progress.line(format_args!(
                "{resource} replaces another one, which is restored if this fails; if this run is killed meanwhile, restore \
                 it with: {restore}"
            )),
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
