//! What every verb does that changes something: show the plan, refuse, ask, apply, report.

use super::applying::applying;
use super::change_report::ChangeReport;
use super::consent::{self, Consent};
use super::context::Context;
use super::events::Events;
use super::next_steps;
use super::old_versions;
use super::rollback::{self, Undone};
use super::show_plan::page;
use crate::apply::ApplyError;
use crate::aws::Session;
use crate::error::{Code, Error, Failure, Result};
use crate::flags::Change;
use crate::output::quantity::plural;
use crate::resources::{Extent, Plan, Refusal, ResourceId, Stack, Stage, Step, Verb};

/// Why a rollback keeps resources of this run.
const SHARED: &str = "; another run has set up the same stack at the same time, so the rest of what this one made stays for it";

/// One run of a verb that changes something.
pub(crate) struct Run<'a> {
    pub(crate) context: Context<'a>,
    pub(crate) session: &'a Session,
    pub(crate) stack: &'a Stack,
    pub(crate) change: &'a Change,
    pub(crate) command: &'static str,
    /// Delete what this run made, if it fails.
    pub(crate) rollback: bool,
    /// Apply the rest of a plan of which a part is refused, and report that part as failed.
    pub(crate) wide: bool,
    /// Carry out only the steps before this stage: what comes then is decided by what they lead to.
    pub(crate) until: Option<Stage>,
    /// The places of the file's sections that select no log group.
    pub(crate) empty_sections: Vec<String>,
}

impl<'a> Run<'a> {
    /// A run that does all or nothing and keeps what it made.
    pub(crate) fn new(
        context: Context<'a>,
        session: &'a Session,
        stack: &'a Stack,
        change: &'a Change,
        command: &'static str,
    ) -> Self {
        Self {
            context,
            session,
            stack,
            change,
            command,
            rollback: false,
            wide: false,
            until: None,
            empty_sections: Vec::new(),
        }
    }

    /// Shows a plan, asks, and applies exactly the plan that was shown. Minutes may pass until the answer, so `again`
    /// then makes a new plan from what exists. It makes it for the time of the plan that was shown, so that the two can
    /// be compared.
    pub(crate) async fn carry_out(
        &self,
        plan: Plan,
        again: impl AsyncFn(Option<u64>) -> Result<Plan>,
    ) -> Result<ChangeReport> {
        let mut plan = self.completed(plan);
        if is_shown(&plan, self.change.dry_run, self.wide) {
            // Nobody knows how much of it a pager has shown: what is asked about is above the question.
            let extent = match page(self.context, self.change.detail, &plan) {
                Extent::Total => Extent::Brief,
                extent => extent,
            };
            // The account of a plan without settings stands above it.
            let gap = if plan.head.is_empty() { "\n" } else { "" };
            self.context.note(&format!("{gap}{}", plan.shown(extent)));
        } else if !self.change.dry_run {
            plan.notes.iter().for_each(|note| self.context.note(note));
        }
        let left_out = if self.wide { std::mem::take(&mut plan.refused) } else { Vec::new() };
        if let Some(first) = plan.refused.first() {
            let error = refused(first, &plan.refused, self.context.progress.is_none());
            let plan = serde_json::to_value(&plan).ok().map(Box::new);
            return Err(Error { plan, ..error });
        }
        if !self.change.dry_run && !plan.is_empty() {
            Events::new(self.context.live).planned(&plan);
            let consent = self.confirm(&plan, &left_out).await?;
            if consent == Consent::Declined {
                return Ok(ChangeReport { cancelled: true, ..self.report(Plan::default()) });
            }
            if consent == Consent::Answer {
                let looking = self.context.progress.begin("looking again at what exists");
                let now = self.completed(again(plan.planned_at).await?);
                self.must_be_the_same(&plan, &left_out, &now)?;
                // The times in the plan count from when the question was asked: plan once more for now.
                if plan.planned_at.is_some() {
                    let later = self.completed(again(None).await?);
                    if !is_alike(&plan, &later) {
                        return Err(self.changed(&later));
                    }
                    let moved = later.notes.iter().filter(|note| !plan.notes.contains(note));
                    moved.for_each(|note| self.context.note(note));
                    plan = later;
                }
                drop(looking);
            }
            if consent == Consent::Flag {
                self.context.note("");
            }
            let part = self.until.map(|stage| plan.before(stage));
            let applied = applying(self.context, self.session, part.as_ref().unwrap_or(&plan)).await;
            self.context.note("");
            let failure = applied.as_ref().err();
            if let Some(note) = failure.and_then(|failure| old_versions::kept(failure, &mut plan.steps)) {
                self.context.note(&note);
                plan.notes.push(note);
            } else if let Err(failure) = applied {
                let error = self.failed(&plan, *failure).await;
                return Err(Error { failed: [error.failed, failures(&left_out)].concat().into(), ..error });
            }
        }
        match left_out.first() {
            Some(first) if !self.change.dry_run => Err(partial(first, &left_out, &plan)),
            _ => {
                plan.refused = left_out;
                Ok(self.report(plan))
            }
        }
    }

    /// Applies only what was shown: if the plan differs by now, shows the new one and fails.
    fn must_be_the_same(&self, shown: &Plan, refused: &[Refusal], now: &Plan) -> Result<()> {
        if shown.steps == now.steps && refused == now.refused && kept(shown) == kept(now) {
            return Ok(());
        }
        Err(self.changed(now))
    }

    fn changed(&self, now: &Plan) -> Error {
        self.context.note(&now.shown(Extent::Brief).to_string());
        let error = Error::new(
            Code::Changed,
            "the account was changed by someone else since the plan was shown; this run changed nothing",
        );
        let again = self.context.command_line;
        let hint = match self.context.progress.is_none() {
            true => format!("run `{again}` again: it shows the new plan"),
            false => format!("the new plan is shown above; to make its changes, run `{again}` again"),
        };
        Error { plan: serde_json::to_value(now).ok().map(Box::new), ..error.hint(hint) }
    }

    /// The error to end with. With --rollback, first removes what this run made, unless it was stopped while it deleted
    /// old versions: then everything works.
    async fn failed(&self, plan: &Plan, failure: ApplyError) -> Error {
        if !self.rollback || failure.only_concerns(Stage::Prune) {
            return failure.into_error(self.command, self.context.command_line);
        }
        self.context.note("rolling back: deleting what this run created");
        match rollback::undo(self.context, self.stack, plan, &failure.applied).await {
            Ok(Undone { removed, shared }) => {
                let hint = failure.error.hint.as_ref().map(|hint| format!("; {hint}")).unwrap_or_default();
                let rest = if shared { SHARED } else { "" };
                failure.error.hint(format!(
                    "rolled back: {} of this run deleted{rest}{hint}",
                    plural(removed as u64, "resource")
                ))
            }
            Err(error) => {
                let so_far = failure.into_error(self.command, self.context.command_line);
                let hint = so_far.hint.clone().unwrap_or_default();
                so_far.hint(format!("the rollback failed, too: {error}; {hint}"))
            }
        }
    }

    /// The plan with the flags of this run in every command that it names.
    fn completed(&self, mut plan: Plan) -> Plan {
        let hints = plan.refused.iter_mut().map(|refused| &mut refused.hint);
        let reasons = plan.kept.iter_mut().map(|kept| &mut kept.reason);
        for text in hints.chain(reasons).chain(&mut plan.notes) {
            *text = self.context.command_line.completed(text);
        }
        plan
    }

    fn report(&self, plan: Plan) -> ChangeReport {
        let line = self.context.command_line;
        let shown =
            if self.change.dry_run { page(self.context, self.change.detail, &plan) } else { Extent::Brief };
        let next = match self.change.dry_run {
            true => next_steps::after_showing(self.command, line, &plan),
            false if self.stack.names.to_destination.is_some() => {
                next_steps::after_member(self.command, line, &plan)
            }
            false => next_steps::after(self.command, line, &plan),
        };
        ChangeReport {
            command: self.command,
            cancelled: false,
            stack: self.stack.name.to_string(),
            account: self.stack.target.account.clone(),
            region: self.stack.target.region.to_string(),
            dry_run: self.change.dry_run,
            changed: !plan.is_empty(),
            next,
            is_shown: !self.context.progress.is_none() && !plan.is_empty(),
            settings: plan.head,
            changes: plan.steps,
            unchanged: plan.unchanged,
            kept: plan.kept,
            refused: plan.refused,
            losses: plan.losses,
            notes: plan.notes,
            cost: plan.cost,
            shown,
            calls: self.session.calls(),
            seconds: self.context.stopwatch.seconds(),
        }
    }

    /// Refuses what looks like a misspelled glob, unless a person answers: pipelines always give `--yes`. Then asks;
    /// `left_out` is what the plan was asked to do and cannot.
    pub(crate) async fn confirm(&self, plan: &Plan, left_out: &[Refusal]) -> Result<Consent> {
        let nobody_looks = self.change.yes || !consent::can_ask();
        if let Some(unread) = self.slip(plan).or_else(|| dear(plan)).filter(|_| nobody_looks) {
            return Err(unread);
        }
        let question = match self.command {
            "teardown" => match plan.steps.len() {
                1 => format!("Delete this resource of stack `{}`?", self.stack.name),
                many => format!("Delete these {many} resources of stack `{}`?", self.stack.name),
            },
            _ => "Make these changes?".to_owned(),
        };
        consent::ask(self.context, self.change, (plan, left_out), &question).await
    }

    /// The error for a section of the file that selects no log group while subscriptions are deleted.
    fn slip(&self, plan: &Plan) -> Option<Error> {
        let place = self.empty_sections.first()?;
        let is_gone = |step: &&Step| step.verb == Verb::Delete && step.resource.kind.is_subscription();
        let gone = plan.steps.iter().filter(is_gone).count();
        let message = format!(
            "{place}: this section selects no log group, and {} would be deleted; --yes does not confirm that",
            plural(gone as u64, "subscription")
        );
        (gone > 0).then(|| {
            Error::new(Code::NotConfirmed, message).hint(
                "fix the pattern; or, to delete its subscriptions, delete the section (`subscriptions = []` when it is the only \
                 one); or run the command on a terminal, \
                 without --yes, and answer the question",
            )
        })
    }
}

/// The error for changes that make a stack cost more than it may unless someone looks.
fn dear(plan: &Plan) -> Option<Error> {
    let cost = plan.cost.as_ref()?;
    let limit = cost.exceeds()?;
    let message = format!(
        "with these changes the stack costs {:.2} USD a month, over `confirm_above`, {limit} USD; --yes does not confirm that",
        cost.planned
    );
    let hint =
        "run the command on a terminal, without --yes, and answer the question; or raise `confirm_above`";
    Some(Error::new(Code::NotConfirmed, message).hint(hint))
}

/// The resources that a plan keeps, whatever the reasons.
fn kept(plan: &Plan) -> Vec<&ResourceId> {
    plan.kept.iter().map(|kept| &kept.resource).collect()
}

/// Whether a plan is shown before the question. A dry run reports it on standard output; an error says everything about
/// a single refusal, unless the rest of the plan is carried out.
fn is_shown(plan: &Plan, dry_run: bool, wide: bool) -> bool {
    let is_one_error = plan.refused.len() == 1 && !wide;
    (!plan.is_empty() && !dry_run && !is_one_error) || plan.refused.len() > 1
}

/// Whether two plans make the same changes, apart from the times in their settings.
pub(crate) fn is_alike(shown: &Plan, later: &Plan) -> bool {
    let steps = |plan: &Plan| {
        let steps = plan.steps.iter();
        steps.map(|step| (step.stage, step.verb, step.resource.clone())).collect::<Vec<_>>()
    };
    let refused = |plan: &Plan| {
        plan.refused.iter().map(|refused| (refused.resource.clone(), refused.code)).collect::<Vec<_>>()
    };
    steps(shown) == steps(later)
        && kept(shown) == kept(later)
        && refused(shown) == refused(later)
        && shown.losses == later.losses
}

fn failures(refused: &[Refusal]) -> Box<[Failure]> {
    let failure = |r: &Refusal| Failure {
        resource: (&r.resource).into(),
        code: r.code,
        message: r.reason.clone(),
        hint: Some(r.hint.clone()),
    };
    refused.iter().map(failure).collect()
}

/// The error for a plan of which a part was refused and the rest is done.
fn partial(first: &Refusal, all: &[Refusal], plan: &Plan) -> Error {
    let right = plan.steps.iter().map(|step| &step.resource).chain(&plan.unchanged);
    let right = right.filter(|resource| resource.kind.is_many()).count();
    let message = format!("{} of {} log groups cannot be done", all.len(), all.len() + right);
    let error = Error::new(Code::Partial, message).hint(&first.hint);
    Error { failed: failures(all), ..error }
}

/// A refused plan as an error: the first refusal, and how many more there are. A quiet run has not shown them.
pub(super) fn refused(first: &Refusal, all: &[Refusal], is_quiet: bool) -> Error {
    let more = match all.len() {
        1 => String::new(),
        n if is_quiet => format!(" (and {} more, shown without --quiet)", n - 1),
        n => format!(" (and {} more, shown above)", n - 1),
    };
    // What is missing of the flags, or does not exist at all, says itself what it is about.
    let says_all = matches!(first.code, Code::Usage | Code::UnknownLogGroup | Code::NotFound)
        && !first.reason.starts_with("it ");
    let message = match says_all {
        true => format!("{}{more}", first.reason),
        false => format!("{} is refused: {}{more}", first.resource, first.reason),
    };
    let error = Error::new(first.code, message).hint(&first.hint);
    if says_all && first.code == Code::Usage { error } else { error.on(first.resource.place()) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::resources::{Field, Kind, ResourceId, Step};

    #[test]
    fn a_later_plan_may_differ_in_its_times_only() {
        let stream = ResourceId::new(Kind::STREAM, "s");
        let step = |verb, at: &str| Step {
            stage: Stage::Function,
            resource: stream.clone(),
            verb,
            fields: vec![Field::set("handover", at)],
            actions: Vec::new(),
        };
        let plan = |steps| Plan { steps, ..Plan::default() };
        let shown = plan(vec![step(Verb::Update, "1")]);
        assert!(is_alike(&shown, &plan(vec![step(Verb::Update, "2")])));
        for other in
            [vec![], vec![step(Verb::Delete, "1")], vec![step(Verb::Update, "1"), step(Verb::Create, "1")]]
        {
            assert!(!is_alike(&shown, &plan(other)));
        }
        let reason = "full".to_owned();
        let refusal =
            Refusal { resource: stream.clone(), code: Code::Immutable, reason, hint: String::new() };
        assert!(!is_alike(&shown, &Plan { refused: vec![refusal], ..shown.clone() }));
    }

    #[test]
    fn nobody_is_asked_about_a_plan_that_was_not_shown() {
        let filter = |at: usize| ResourceId::new(Kind::SUBSCRIPTION_FILTER, "f").reading(format!("/{at}"));
        let step = Step {
            stage: Stage::Filters,
            resource: filter(1),
            verb: Verb::Delete,
            fields: Vec::new(),
            actions: Vec::new(),
        };
        let refusal = |at: usize| Refusal {
            resource: filter(at),
            code: Code::FilterLimit,
            reason: "full".to_owned(),
            hint: String::new(),
        };
        for count in 0..3 {
            let refused = (0..count).map(refusal).collect();
            let plan = Plan { steps: vec![step.clone()], refused, ..Plan::default() };
            assert!(is_shown(&plan, false, true), "the rest of {count} refusals is carried out");
            assert_eq!(is_shown(&plan, false, false), count != 1, "{count} refusals end the run");
            assert_eq!(is_shown(&plan, true, true), count > 1, "a dry run");
        }
    }

    #[test]
    fn a_quiet_run_does_not_claim_to_have_shown_anything() {
        let refusal = |at: usize| Refusal {
            resource: ResourceId::filter(&format!("/{at}"), "f"),
            code: Code::FilterLimit,
            reason: "full".to_owned(),
            hint: String::new(),
        };
        let all = [refusal(1), refusal(2), refusal(3)];
        assert!(refused(&all[0], &all, false).message.ends_with("(and 2 more, shown above)"));
        assert!(refused(&all[0], &all, true).message.ends_with("(and 2 more, shown without --quiet)"));
        assert!(refused(&all[0], &all[..1], true).message.ends_with("full"));
    }

    #[test]
    fn what_was_right_already_counts_among_the_log_groups() {
        let refusal = Refusal {
            resource: ResourceId::filter("/full", "f"),
            code: Code::FilterLimit,
            reason: "full".to_owned(),
            hint: "--replace".to_owned(),
        };
        let filter = |at: usize| ResourceId::filter(&format!("/{at}"), "f");
        let stream = ResourceId::new(Kind::STREAM, "s");
        let plan = Plan { unchanged: (0..305).map(filter).chain([stream]).collect(), ..Plan::default() };
        let error = partial(&refusal, std::slice::from_ref(&refusal), &plan);
        assert_eq!(error.message, "1 of 306 log groups cannot be done");
    }
}
