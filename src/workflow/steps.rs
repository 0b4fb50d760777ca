//! Shows the steps of a plan as they run: a row for what is done to the resources of one kind, with its time.

use std::sync::{Mutex, MutexGuard, PoisonError};

use super::words::{counted, kinds, past};
use crate::apply::{Event, What};
use crate::output::{Progress, Step};
use crate::resources::{Kind, Plan, Stage, Verb};

/// Minimum number of resources in one row that are shown as a bar.
const MANY: usize = 20;

/// The rows of a plan.
pub(crate) struct Steps<'a> {
    progress: &'a Progress,
    rows: Vec<Row>,
    /// The row of each step of the plan.
    row_of: Vec<usize>,
    /// Columns before the times.
    column: usize,
}

/// What is done to the resources of one kind in one stage of the plan.
struct Row {
    stage: Stage,
    verb: Verb,
    kind: Kind,
    total: usize,
    state: Mutex<State>,
}

/// How far it is.
#[derive(Default)]
struct State {
    done: usize,
    failed: usize,
    /// Its line, from the first resource on until the last.
    shown: Option<Step>,
}

impl Row {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Begins its line, where that is not done yet.
    fn begin(&self, progress: &Progress, state: &mut State) {
        let Self { verb, kind, total, .. } = self;
        state.shown.get_or_insert_with(|| match *total < MANY {
            true => progress.begin(format!("{verb} {}", counted(*total, *kind))),
            // The verb stands in the plan above and in the row at the end, and the bar needs the room.
            false => progress.begin_many(kinds(*kind), *total),
        });
    }

    /// What is done of it, such as `2 roles created` or `46 of 48 subscription filters created, 2 failed`.
    fn result(&self, done: usize, failed: usize) -> String {
        let (what, past) = (counted(self.total, self.kind), past(self.verb));
        match (self.total, done) {
            (total, done) if total == done => format!("{what} {past}"),
            // The call may have been carried out, even if nobody saw its answer.
            (1, _) => format!("{what}: {} did not finish", self.verb),
            _ if failed > 0 => format!("{done} of {what} {past}, {failed} failed"),
            _ => format!("{done} of {what} {past}"),
        }
    }

    fn end(&self, state: &mut State, column: usize) {
        if let Some(step) = state.shown.take() {
            step.row(state.done == self.total, self.result(state.done, state.failed), column);
        }
    }
}

impl<'a> Steps<'a> {
    pub(crate) fn new(progress: &'a Progress, plan: &Plan) -> Self {
        let mut rows: Vec<Row> = Vec::new();
        let row_of = plan.steps.iter().map(|step| {
            let (stage, verb, kind) = (step.stage, step.verb, step.resource.kind);
            let same = |row: &Row| (row.stage, row.verb, row.kind) == (stage, verb, kind);
            let at = rows.iter().position(same).unwrap_or_else(|| {
                rows.push(Row { stage, verb, kind, total: 0, state: Mutex::default() });
                rows.len() - 1
            });
            rows[at].total += 1;
            at
        });
        let row_of = row_of.collect();
        let column = rows.iter().map(|row| row.result(row.total, 0).len()).max().unwrap_or_default();
        Self { progress, rows, row_of, column }
    }

    /// Shows what happens to a step.
    pub(crate) fn show(&self, event: Event<'_>) {
        let row = &self.rows[self.row_of[event.index]];
        let mut state = row.state();
        match event.what {
            What::Started => row.begin(self.progress, &mut state),
            // What a few of many wait for says nothing of the others.
            What::Waiting { why, .. } => {
                if let Some(step) = state.shown.as_ref().filter(|_| row.total < MANY) {
                    step.waiting(format_args!("waiting for {why}"));
                }
            }
            What::GivesWay { restore } => self.progress.line(format_args!(
                "{} replaces another one, which is restored if this fails; if this run is killed meanwhile, restore it \
                 with: {restore}",
                event.step.resource
            )),
            What::Done { .. } | What::Failed { .. } => {
                match event.what {
                    What::Done { .. } => state.done += 1,
                    _ => state.failed += 1,
                }
                if let Some(step) = state.shown.as_ref().filter(|_| row.total >= MANY) {
                    step.count(state.done + state.failed, row.total);
                }
                if state.done + state.failed == row.total {
                    row.end(&mut state, self.column);
                }
            }
        }
    }
}

impl Drop for Steps<'_> {
    /// What a failure or a stop kept from its end still says how far it came.
    fn drop(&mut self) {
        for row in &self.rows {
            row.end(&mut row.state(), self.column);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::sync::Arc;
    use std::time::Duration;

    use super::*;
    use crate::error::{Code, Error};
    use crate::resources::{ResourceId, Step as PlanStep};

    /// A log to look at afterwards.
    #[derive(Clone, Default)]
    struct Log(Arc<Mutex<Vec<u8>>>);

    impl Write for Log {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().expect("the bytes").write(bytes)
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    /// The lines of a run in which the steps at these places fail and the last ones are not begun, without the times.
    fn lines(plan: &Plan, failing: &[usize], begun: usize) -> Vec<String> {
        let log = Log::default();
        let progress = Progress::plain(log.clone());
        let steps = Steps::new(&progress, plan);
        let tell = |index: usize, what: What<'_>| steps.show(Event { index, step: &plan.steps[index], what });
        let error = Error::new(Code::Aws, "no");
        (0..begun).for_each(|index| tell(index, What::Started));
        for index in 0..begun {
            let failed = What::Failed { error: &error };
            let done = What::Done { elapsed: Duration::ZERO };
            tell(index, if failing.contains(&index) { failed } else { done });
        }
        drop(steps);
        let text = String::from_utf8(log.0.lock().expect("the bytes").clone()).expect("UTF-8");
        let what = |line: &str| line.rsplit_once("  ").map_or("", |(what, _)| what.trim_end()).to_owned();
        assert!(text.lines().all(|line| line.ends_with(" s")), "{text}");
        text.lines().map(what).collect()
    }

    fn plan() -> Plan {
        let step = |stage, verb, kind, name: String| PlanStep {
            stage,
            resource: ResourceId::new(kind, name),
            verb,
            fields: Vec::new(),
            actions: Vec::new(),
        };
        let mut steps = vec![
            step(Stage::Foundations, Verb::Create, Kind::STREAM, "s".to_owned()),
            step(Stage::Foundations, Verb::Create, Kind::ROLE, "a".to_owned()),
            step(Stage::Foundations, Verb::Create, Kind::ROLE, "b".to_owned()),
            step(Stage::Function, Verb::Update, Kind::FUNCTION, "f".to_owned()),
        ];
        let filter =
            |at| step(Stage::Filters, Verb::Create, Kind::SUBSCRIPTION_FILTER, format!("/{at} -> f"));
        steps.extend((0..48).map(filter));
        Plan { steps, ..Plan::default() }
    }

    #[test]
    fn what_is_done_to_resources_of_a_kind_is_one_row() {
        let all =
            ["stream created", "2 roles created", "function updated", "48 subscription filters created"];
        assert_eq!(lines(&plan(), &[], 52), all);
    }

    #[test]
    fn a_row_that_does_not_come_to_its_end_says_how_far_it_came() {
        assert_eq!(
            lines(&plan(), &[3, 5, 9], 14),
            [
                "stream created",
                "2 roles created",
                "function: update did not finish",
                "8 of 48 subscription filters created, 2 failed"
            ]
        );
    }
}
