//! A run of `cwl2le upgrade`: publish, canary, move, watch, and back where the new version fails.

use std::collections::BTreeMap;
use std::time::Duration;

use super::back::go_back;
use super::live;
use super::moved::{Moved, moved, versions};
use super::report::{Outcome, UpgradeReport, Watched};
use super::watch::{Seen, Watch};
use crate::aws::Session;
use crate::error::{Code, Error, Result};
use crate::flags::Change;
use crate::output::Next;
use crate::resources::alias;
use crate::resources::{Action, Field, Head, Kind, NO_TOKEN, Plan, Stack, Stage, Step, Verb};
use crate::settings::Wanted;
use crate::workflow::apply_plan::Run;
use crate::workflow::applying::applying;
use crate::workflow::canary::{VersionCanary, ask_versions};
use crate::workflow::events::Events;
use crate::workflow::old_versions;
use crate::workflow::plan_stack::plan_stack;
use crate::workflow::{ChangeReport, Context, unknown_stack};

/// What is asked for.
pub(crate) struct Upgrade<'a> {
    pub(crate) context: Context<'a>,
    pub(crate) session: &'a Session,
    pub(crate) change: &'a Change,
    /// The stack, and the forwarder where it is not the bundled one. Everything else stays as it is.
    pub(crate) wanted: &'a Wanted,
    /// Whether each destination must accept a line of the new version before it gets any record.
    pub(crate) canary: bool,
    /// How long the new version is watched.
    pub(crate) watch: Duration,
}

impl Upgrade<'_> {
    /// Publishes the new version, tries it, makes it live, and watches it.
    ///
    /// # Errors
    /// [`Code::NotFound`] where there is no stack; [`Code::Changed`] where another run changes it meanwhile; whatever
    /// the calls fail with. The functions of a stack have all the new version by then, or none has it; the message says
    /// so where that could not be done.
    pub(crate) async fn run(self) -> Result<UpgradeReport> {
        let (stack, plan) = self.plan(self.context).await?;
        self.must_exist(&stack, &plan).await?;
        let run = Run {
            until: Some(Stage::Live),
            ..Run::new(self.context, self.session, &stack, self.change, "upgrade")
        };
        let again = async |_| Ok(self.plan(self.context.silent()).await?.1);
        let change = run.carry_out(plan, again).await?;
        if change.dry_run || change.cancelled || !change.changed {
            return Ok(UpgradeReport { change, ..UpgradeReport::default() });
        }
        // Old versions are deleted at the end, if all goes well.
        let mut change = change;
        let was_to_move = moves_alias(&change.changes);
        change.changes.retain(|step| step.stage < Stage::Prune);
        let (stack, rest) = self.plan(self.context.silent()).await?;
        let moved = moved(&stack, &rest);
        self.must_only_move(&rest, &moved)?;
        if was_to_move && !moves_alias(&rest.steps) {
            return Err(live::moved_by_another(self.session, &stack).await?);
        }
        let canary = if self.canary { Some(self.ask(&stack, &moved).await?) } else { None };
        let mut report = UpgradeReport { change, versions: moved, ..UpgradeReport::default() };
        if let Some(VersionCanary { hops, fault }) = canary {
            report.canary = Some(hops);
            self.context.note("");
            if let Some(why) = fault {
                return self.refuse(&stack, report, why).await;
            }
        }
        self.go_live(&stack, &rest, report).await
    }

    /// What differs from the stack with this forwarder, and settings as they are; nothing where no version changes.
    async fn plan(&self, context: Context<'_>) -> Result<(Stack, Plan)> {
        // Settings of the file are the business of `setup`.
        let context = Context { file: None, ..context };
        let planned = plan_stack(context, self.session, self.wanted, None).await?;
        let mut plan = Plan { head: Head::default(), ..planned.plan };
        let is_new = |plan: &Plan| {
            // That an alias names a version at all is the business of `setup`, too.
            let mut before =
                plan.steps.iter().filter(|step| step.stage > Stage::Freeze && step.stage < Stage::Prune);
            before.any(|step| step.resource.kind == Kind::ALIAS)
        };
        if !is_new(&plan) && plan.refused.is_empty() {
            plan = Plan { notes: plan.notes, ..Plan::default() };
        }
        // What it is all about, of which the brief plan only says that it changes.
        let code = plan.steps.iter().flat_map(|step| &step.fields).find(|field| field.name == "code");
        plan.notes.splice(..0, code.map(Field::to_string));
        Ok((planned.stack, plan))
    }

    async fn must_exist(&self, stack: &Stack, plan: &Plan) -> Result<()> {
        let creates = |step: &Step| step.resource.kind == Kind::FUNCTION && step.verb == Verb::Create;
        let lacks_token = plan.refused.iter().any(|refused| refused.reason == NO_TOKEN);
        match lacks_token || plan.steps.iter().any(creates) {
            true => Err(unknown_stack::no_function(self.context, self.session, stack).await),
            false => Ok(()),
        }
    }

    /// What is left must only make versions live that are published: anything else was not there when the plan was
    /// shown. A version that is published only now could not be tried, and one that another run has published since is
    /// not what was shown.
    fn must_only_move(&self, rest: &Plan, moved: &[Moved]) -> Result<()> {
        let publishes = |action: &Action| matches!(action, Action::Alias(alias::Action::Publish { .. }));
        let is_late = |step: &Step| {
            (step.stage >= Stage::Live || step.verb == Verb::Check) && !step.actions.iter().any(publishes)
        };
        let is_own = |moved: &Moved| {
            self.session.published(&moved.function).is_none_or(|published| published == moved.to)
        };
        if rest.refused.is_empty() && rest.steps.iter().all(is_late) && moved.iter().all(is_own) {
            return Ok(());
        }
        let message = "someone else changed the stack while the new version was being published; the version before is \
                       still live";
        Err(Error::new(Code::Changed, message).hint(format!("run `{}` again", self.context.command_line)))
    }

    /// Sends a line to each destination by the new versions.
    async fn ask(&self, stack: &Stack, moved: &[Moved]) -> Result<VersionCanary> {
        let new = versions(moved.iter().map(|moved| (moved, Some(moved.to))));
        self.context.note(&format!("canary on {new}, before any record of the stream"));
        let asked: BTreeMap<String, u64> =
            moved.iter().map(|moved| (moved.function.clone(), moved.to)).collect();
        ask_versions(self.context, self.session, &stack.name, &asked).await
    }

    /// Leaves the version before live, and has `setup` leave it, too.
    async fn refuse(&self, stack: &Stack, mut report: UpgradeReport, why: String) -> Result<UpgradeReport> {
        if let Err(error) = go_back(self.context, self.session, stack, &report.versions).await {
            let setup = self.context.command_line.of_stack("setup");
            report
                .change
                .notes
                .push(format!("`{setup}` would make it live, since that could not be noted: {error}"));
        }
        report.outcome = Outcome::Refused;
        report.why = Some(why);
        let line = self.context.command_line;
        report.change.next = Next::new()
            .then(line.of_stack("doctor"), "find out why")
            .then(line.clone().with(&["--no-canary".to_owned()]), "upgrade without the canary");
        Ok(self.ended(report))
    }

    /// Makes the new versions live and watches them.
    async fn go_live(&self, stack: &Stack, rest: &Plan, mut report: UpgradeReport) -> Result<UpgradeReport> {
        let mut watch = match self.watch.is_zero() {
            true => None,
            false => Some(Watch::prepare(self.session, &report.versions).await?),
        };
        let moves = rest.before(Stage::Prune);
        Events::new(self.context.live).planned(&moves);
        if let Err(failure) = applying(self.context, self.session, &moves).await {
            return Err(self
                .half_way(stack, &report.versions, failure.into_error("upgrade", self.context.command_line))
                .await);
        }
        self.context.note("");
        report.outcome = Outcome::Live;
        let line = self.context.command_line;
        let back = versions(report.versions.iter().map(|moved| (moved, moved.from)));
        let next = Next::new()
            .then(line.of_stack("rollback"), format!("go back to {back}"))
            .then(line.of_stack("status"), "see whether the stack is healthy");
        let Some(watch) = &mut watch else {
            report.change.next = next;
            self.prune(rest, &mut report).await?;
            return Ok(self.ended(report));
        };
        let Seen { trial, .. } = {
            let step = self.context.progress.begin("watching the new version");
            let seen = watch.watch(self.watch, &step).await.map_err(|error| {
                let new = versions(report.versions.iter().map(|moved| (moved, Some(moved.to))));
                let rollback = line.of_stack("rollback");
                error.hint(format!("{new} is live; `{rollback}` goes back to {back}"))
            })?;
            report.watch = Some(Watched::from(&seen));
            seen
        };
        report.change.next = next;
        if let Some(why) = trial.fault {
            if let Err(error) = go_back(self.context, self.session, stack, &report.versions).await {
                let message = format!("{why}; going back failed, too: {}", error.message);
                let hint = format!("the new version is live: run `{}`", line.of_stack("rollback"));
                return Err(Error { message, ..error }.hint(hint));
            }
            report.outcome = Outcome::RolledBack;
            report.why = Some(why);
            report.change.next = Next::new()
                .then(line.of_stack("logs"), "read what the new version said")
                .then(line.of_stack("versions"), "see which versions there are");
        } else {
            live::must_be_live(self.session, &report.versions).await?;
            self.prune(rest, &mut report).await?;
        }
        Ok(self.ended(report))
    }

    /// Deletes the versions that nothing needs any more. Whether that can be done says nothing about the new version.
    async fn prune(&self, rest: &Plan, report: &mut UpgradeReport) -> Result<()> {
        let mut prune = rest.since(Stage::Prune);
        Events::new(self.context.live).planned(&prune);
        if let Err(failure) = applying(self.context, self.session, &prune).await {
            let Some(note) = old_versions::kept(&failure, &mut prune.steps) else {
                let new = versions(report.versions.iter().map(|moved| (moved, Some(moved.to))));
                let hint = format!("{new} is live; the next `upgrade` deletes old versions");
                return Err(failure.error.hint(hint));
            };
            report.change.notes.push(note);
        }
        report.change.changes.extend(prune.steps);
        Ok(())
    }

    /// The error for new versions of which some are live and some are not. Those that are go back first.
    async fn half_way(&self, stack: &Stack, moved: &[Moved], error: Error) -> Error {
        if self.session.stop().requested() {
            return error;
        }
        match go_back(self.context, self.session, stack, moved).await {
            Ok(()) => {
                let back = versions(moved.iter().map(|moved| (moved, moved.from)));
                Error { message: format!("{}; {back} stays live", error.message), ..error }
            }
            Err(back) => {
                Error { message: format!("{}; going back failed, too: {back}", error.message), ..error }
            }
        }
    }

    fn ended(&self, mut report: UpgradeReport) -> UpgradeReport {
        report.change = ChangeReport {
            calls: self.session.calls(),
            seconds: self.context.stopwatch.seconds(),
            ..report.change
        };
        report
    }
}

/// Whether an alias is to name what has started by then.
fn moves_alias(steps: &[Step]) -> bool {
    let is_late = |step: &Step| (Stage::Live..Stage::Prune).contains(&step.stage);
    steps.iter().any(|step| is_late(step) && step.resource.kind == Kind::ALIAS)
}
