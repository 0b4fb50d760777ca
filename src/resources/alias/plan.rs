//! What must change on the versions of the functions and on their aliases.
//!
//! `$LATEST` gets no records. A change of code or configuration is made there and published as a version, which is
//! started once. Only when the new versions of all functions have started do the aliases move.

use serde_json::{Value, json};

use super::action::{Action, Alias, From, Version};
use super::differences;
use super::freeze::{freeze, only_moves_the_alias};
use super::goal::{Change, Goal, rolled_back_settings};
use super::observed::ObservedAlias;
use super::prune::prune;
use super::start::{in_step_of, start_others};
use crate::error::Code;
use crate::resources::function::forwarders::Forwarder;
use crate::resources::kind::{Planned, Setup};
use crate::resources::{self, Draft, Kind, ObservedFunction, Plan, ResourceId, Stage, Verb, function};

impl Planned for Alias {
    type Action = Action;

    fn setup(setup: &Setup<'_>, plan: &mut Plan) {
        for (at, forwarder) in setup.forwarders.wanted.iter().enumerate() {
            let let_go = if at == 0 { Stage::LetGo } else { Stage::LetGoOfOwn };
            alias(forwarder, let_go, setup.stack.function.ignores_rollback, plan);
        }
    }

    fn finish_setup(&Setup { stack, forwarders, .. }: &Setup<'_>, plan: &mut Plan) {
        start_others(stack, &forwarders.wanted, plan);
        forwarders.wanted.iter().for_each(|forwarder| prune(forwarder, plan));
    }
}

fn alias(forwarder: &Forwarder, let_go: Stage, ignores_rollback: bool, plan: &mut Plan) {
    let (stack, observed) = (&forwarder.stack, &forwarder.observed);
    let function = ResourceId::new(Kind::FUNCTION, &stack.names.function);
    if plan.refused.iter().any(|refusal| refusal.resource == function) {
        return;
    }
    let change = Change::of(plan, &function);
    let is_as_before = matches!(change, Change::Nothing);
    let is = observed.function.as_ref().filter(|_| !matches!(change, Change::Create(..)));
    let frozen = is.and_then(|_| freeze(stack, observed));
    let goal = match is {
        None => match change {
            Change::Create(code_sha256, settings) => Goal::Publish(code_sha256, settings),
            // Its function is not planned.
            _ => return,
        },
        Some(is) => Goal::of(is, observed, change, frozen.is_some(), ignores_rollback),
    };
    let live = is.and_then(ObservedFunction::live).map_or("", |live| live.version.as_str());
    // An upgrade leaves the settings as they are, and shows none.
    let returns = is.filter(|_| ignores_rollback && goal.version().is_some()).and_then(rolled_back_settings);
    let has_no_other_code = is_as_before && is.is_some_and(has_live_code);
    let goal = returns.filter(|_| has_no_other_code).map_or(goal, Goal::Held);
    if let Goal::Held(rolled_back) = goal {
        let again = match has_no_other_code {
            true => format!("`cwl2le rollback --to {rolled_back}` makes it live again"),
            false => "`cwl2le upgrade` tries it again".to_owned(),
        };
        plan.notes.push(format!(
            "{function} stays at version {live}: version {rolled_back} was rolled back, and nothing else changes; {again}"
        ));
    } else if let Some(number) = returns {
        plan.refuse(
            function,
            Code::Immutable,
            format!(
                "version {number} was rolled back, and a new version would bring back its settings, which differ from those \
                 of version {live}, which is live"
            ),
            format!(
                "give the right settings to `cwl2le setup`, by flags or in cwl2le.toml; or make version {number} live with \
                 `cwl2le rollback --to {number}`; then upgrade"
            ),
        );
        return;
    }
    plan.notes.extend(is.and_then(|is| returning(is, &goal)));
    publish_and_start(plan, function, &stack.names.function, &goal);
    let now = Now { forwarder, is, frozen: frozen.as_deref() };
    let (freeze, step) = (now.freeze(), now.step(&goal, let_go));
    match freeze {
        Some(freeze) => {
            freeze.finish(plan);
            plan.steps.extend(Some(step.into_step()).filter(|step| !step.actions.is_empty()));
        }
        None => step.finish(plan),
    }
}

/// Says which settings of a version that was rolled back come back with the one that is to be live.
fn returning(is: &ObservedFunction, goal: &Goal) -> Option<String> {
    let (live, rolled_back) = (is.live_version()?, rolled_back_settings(is)?);
    let mut then = is.snapshot();
    match goal {
        Goal::Publish(_, settings) => {
            then.memory_mb = settings.memory_mb.unwrap_or(then.memory_mb);
            then.timeout_seconds = settings.timeout_seconds.unwrap_or(then.timeout_seconds);
            then.environment = settings.environment.clone().unwrap_or(then.environment);
            then.network = settings.network.clone().unwrap_or(then.network);
        }
        Goal::Number(_) => {}
        Goal::Keep | Goal::Held(_) | Goal::Again(_) => return None,
    }
    let changes: Vec<String> =
        differences::settings(&live.snapshot, &then).iter().map(ToString::to_string).collect();
    (!changes.is_empty()).then(|| {
        format!(
            "warning: version {rolled_back} was rolled back, and the new version differs from version {}, which is live, in \
             more than its code: {}",
            live.number,
            changes.join(", ")
        )
    })
}

/// Whether the version that is live has the code of the function, so that there is nothing to upgrade.
fn has_live_code(is: &ObservedFunction) -> bool {
    is.live_version().is_some_and(|version| version.snapshot.code_sha256 == is.code_sha256)
}

/// Has a new version published and started in the step of its function.
fn publish_and_start(plan: &mut Plan, function: ResourceId, name: &str, goal: &Goal) {
    let Some(version) = goal.version().filter(|_| !matches!(goal, Goal::Again(_))) else { return };
    let mut actions: Vec<resources::Action> = Vec::new();
    if let Goal::Publish(code_sha256, settings) = goal {
        let (function, code_sha256, settings) = (name.to_owned(), code_sha256.clone(), settings.clone());
        actions.push(Action::Publish { function, code_sha256, settings }.into());
    }
    actions.push(Action::Start { function: name.to_owned(), version }.into());
    in_step_of(plan, function, actions);
}

/// The alias of a function as it is.
struct Now<'a> {
    forwarder: &'a Forwarder,
    /// The function, where it is there and stays.
    is: Option<&'a ObservedFunction>,
    /// What has the alias name what runs now, before anything changes: see [`freeze`].
    frozen: Option<&'a [Action]>,
}

impl Now<'_> {
    fn live(&self) -> Option<&ObservedAlias> {
        self.is.and_then(ObservedFunction::live)
    }

    /// What the alias is before it moves.
    fn from(&self) -> From {
        match (self.frozen, self.live()) {
            (Some([_, ..]), _) => From::Earlier,
            (_, Some(live)) => From::Alias(live.clone()),
            (_, None) => From::Nothing,
        }
    }

    /// The step that has the alias name a version instead of `$LATEST`. Where the trigger has to change as well, that is
    /// done in its step.
    fn freeze(&self) -> Option<Draft> {
        let (stack, observed) = (&self.forwarder.stack, &self.forwarder.observed);
        let actions = self.frozen.filter(|_| only_moves_the_alias(stack, observed))?;
        let mut draft = Draft::of(Stage::Freeze, ResourceId::alias(&stack.names), Verb::Update);
        let number = actions.iter().find_map(|action| match action {
            Action::Move { version: Version::Number(number), .. } => Some(*number),
            _ => None,
        });
        let old = self.live().map_or("", |live| live.version.as_str());
        draft.change("version", old, number.map_or_else(|| json!("new"), Value::from));
        actions.iter().for_each(|action| draft.act(action.clone()));
        Some(draft)
    }

    fn step(&self, goal: &Goal, let_go: Stage) -> Draft {
        let (names, from) = (&self.forwarder.stack.names, self.from());
        let is_new = from == From::Nothing;
        let verb = if is_new { Verb::Create } else { Verb::Update };
        let mut draft = Draft::of(Stage::Live, ResourceId::alias(names), verb);
        if let Some(version) = goal.version() {
            // A version that waits to get its first record has a number only after a run that was interrupted.
            let old = self.live().and_then(ObservedAlias::number).unwrap_or_default();
            let back = goal.number().filter(|number| *number <= old);
            let new = back.map_or_else(|| json!("new"), Value::from);
            match &from {
                From::Alias(live) => {
                    let old = live.number().map_or_else(|| json!(live.version), Value::from);
                    draft.change("version", old, new);
                    if !live.shares.is_empty() {
                        draft.change("weighted_versions", live.shares.clone(), Value::Null);
                    }
                }
                From::Earlier => draft.change("version", "present", new),
                From::Nothing => draft.set("version", new),
            }
            let function = names.function.clone();
            draft.act(Action::Move { function, version, from, before: None });
            // A trigger cannot be made before its alias.
            if self.forwarder.lets_go && !is_new {
                draft.stage(let_go);
                if let Some(at) = self.forwarder.before {
                    draft.act_before(|_| true, function::Action::BeforeHandover { at });
                }
            }
        }
        draft
    }
}
