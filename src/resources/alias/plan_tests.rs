//! Versions and aliases in plans: what gets the records changes at once and never without having started.

use proptest::prelude::*;

use super::observed::{Before, LIVE};
use crate::error::Code;
use crate::output::unstyled;
use crate::output::width::test::at;
use crate::resources::function::isolation_tests::isolating;
use crate::resources::model::{apply, apply_some};
use crate::resources::tests::{empty_account, one_stack, run, stacks};
use crate::resources::*;

/// An account with the whole stack.
fn with(stack: &Stack) -> Observed {
    let mut account = empty_account(&[]);
    run(stack, &mut account, |is| setup(stack, is, false));
    account
}

/// The same as it was before there were versions: the trigger calls the function itself.
fn unversioned(stack: &Stack) -> Observed {
    let mut account = with(stack);
    let own = account.isolated.values_mut().map(|own| (&mut own.function, &mut own.triggers));
    for (function, triggers) in own.chain([(&mut account.function, &mut account.triggers)]) {
        let function = function.as_mut().expect("made");
        function.versions.clear();
        function.aliases.clear();
        triggers.iter_mut().for_each(|trigger| trigger.qualifier = None);
    }
    account
}

fn gets_records(account: &Observed) -> Snapshot {
    account.in_force().function.expect("made").snapshot()
}

fn alias(account: &mut Observed) -> &mut ObservedAlias {
    account.function.as_mut().and_then(|function| function.aliases.get_mut(LIVE)).expect("made")
}

fn version(account: &Observed) -> Option<u64> {
    account.function.as_ref()?.live()?.number()
}

fn memory(stack: &Stack, memory_mb: u32) -> Stack {
    let mut stack = stack.clone();
    stack.function.memory_mb = crate::stack::Setting::asked(memory_mb);
    stack
}

/// With another forwarder.
pub(super) fn newer(stack: &Stack) -> Stack {
    let mut stack = stack.clone();
    stack.function.release.source = "newer".to_owned();
    let bundle = stack.function.bundle.as_mut().expect("a forwarder");
    bundle.sha256 = "sha-newer".to_owned();
    stack
}

/// Whether any action of a plan, in the order of the plan, is like this; its position.
fn position(plan: &Plan, is: impl Fn(&super::Action) -> bool) -> Option<usize> {
    let mut actions = plan.steps.iter().flat_map(|step| &step.actions);
    actions.position(|action| matches!(action, Action::Alias(action) if is(action)))
}

proptest! {
    /// Whatever a run was interrupted after, records are handled as before or as wanted, and by nothing between.
    #[test]
    fn what_gets_the_records_is_the_old_one_or_the_new_one(
        before in stacks(), after in stacks(), count in 0usize..30, was_unversioned in any::<bool>(),
    ) {
        let mut account = if was_unversioned { unversioned(&before) } else { with(&before) };
        let old = gets_records(&account);
        let plan = setup(&after, &account, false);
        prop_assert!(plan.refused.is_empty(), "{plan}");
        apply_some(&after, &mut account, &plan, count);
        let now = gets_records(&account);
        run(&after, &mut account, |is| setup(&after, is, false));
        let new = gets_records(&account);
        prop_assert!(now == old || now == new, "{plan}");
        prop_assert_eq!(&new, &account.function.as_ref().expect("made").snapshot());
        let again = setup(&after, &account, false);
        prop_assert!(again.is_empty() && again.refused.is_empty(), "{again}");
    }

    /// All new versions have started before the first of them gets a record.
    #[test]
    fn functions_move_together_or_not_at_all(before in stacks(), after in stacks()) {
        let isolated = ["audit", "lake"];
        let (before, mut after) = (isolating(before, &isolated), isolating(after, &isolated));
        after.function.memory_mb = crate::stack::Setting::asked(before.function.memory_mb.value + 1);
        let account = with(&before);
        let plan = setup(&after, &account, false);
        let stages = |is: fn(&super::Action) -> bool| -> Vec<Stage> {
            let has = |step: &&Step| step.actions.iter().any(|action| matches!(action, Action::Alias(action) if is(action)));
            plan.steps.iter().filter(has).map(|step| step.stage).collect()
        };
        let starts = stages(|action| matches!(action, super::Action::Start { .. }));
        let moves = stages(|action| matches!(action, super::Action::Move { .. }));
        prop_assert_eq!((starts.len(), moves.len()), (3, 3), "{}", plan);
        prop_assert!(starts.iter().max() < moves.iter().min(), "{plan}");
    }

    /// Whatever was done how often, only a few versions stay: never the live one or the one before it goes. One run
    /// deletes all that are too many, after everything else.
    #[test]
    fn old_versions_go(
        changes in proptest::collection::vec((stacks(), proptest::option::of(0usize..5)), 2..8), count in 0usize..20,
    ) {
        let mut account = with(&changes[0].0);
        for (stack, back) in &changes[1..] {
            let plan = setup(stack, &account, false);
            let deletes = |step: &&Step| step.actions.iter().any(is_deletion);
            prop_assert!(plan.steps.iter().filter(deletes).all(|step| step.actions.iter().all(is_deletion)), "{plan}");
            prop_assert!(plan.steps.iter().rev().skip(1).all(|step| !deletes(&step)), "{plan}");
            apply_some(stack, &mut account, &plan, count);
            run(stack, &mut account, |is| setup(stack, is, false));
            let function = account.function.as_mut().expect("made");
            prop_assert!(function.versions.len() <= 5, "{:?}", function.versions);
            let before = function.live().and_then(|live| live.before);
            prop_assert!(before.is_none_or(|before| function.version(before.number()).is_some()));
            prop_assert!(setup(stack, &account, false).is_empty());
            // Then somebody goes back.
            let function = account.function.as_mut().expect("made");
            let newest = function.versions.last().expect("published").number;
            if let Some(old) = back.and_then(|at| function.versions.get(at)).filter(|old| old.number < newest) {
                let (version, before) = (old.number.to_string(), Some(Before::RolledBackFrom(newest)));
                let back = ObservedAlias { version, before, ..ObservedAlias::default() };
                function.aliases.insert(LIVE.to_owned(), back);
                run(stack, &mut account, |is| setup(stack, is, false));
            }
        }
    }
}

fn is_deletion(action: &Action) -> bool {
    matches!(action, Action::Alias(super::Action::DeleteVersion { .. }))
}

#[test]
fn what_the_alias_named_before_goes_with_the_change_that_replaces_it() {
    let mut stack = one_stack();
    let mut account = with(&stack);
    for _ in 0..6 {
        stack = memory(&stack, stack.function.memory_mb.value + 1);
        run(&stack, &mut account, |is| setup(&stack, is, false));
    }
    let numbers = |account: &Observed| -> Vec<u64> {
        account.function.as_ref().expect("made").versions.iter().map(|version| version.number).collect()
    };
    assert_eq!(numbers(&account), [4, 5, 6, 7]);
    alias(&mut account).before = Some(Before::Replaced(4));
    stack = memory(&stack, stack.function.memory_mb.value + 1);
    let plan = setup(&stack, &account, false);
    apply(&stack, &mut account, &plan);
    assert_eq!(numbers(&account), [5, 6, 7, 8]);
    let again = setup(&stack, &account, false);
    assert!(again.is_empty(), "{again}");
}

#[test]
fn a_chain_without_versions_moves_to_the_alias_before_anything_changes_and_keeps_its_trigger() {
    let stack = one_stack();
    let mut account = unversioned(&stack);
    let (old, uuid) = (gets_records(&account), account.triggers[0].uuid.clone());
    let changed = memory(&stack, old.memory_mb + 1);
    let plan = setup(&changed, &account, false);
    let updates = |step: &&Step| step.resource.kind == Kind::FUNCTION;
    let frozen = plan.steps.iter().position(|step| step.stage == Stage::Freeze).expect("a step");
    let updated = plan.steps.iter().position(|step| updates(&step)).expect("a step");
    assert!(frozen < updated, "{plan}");
    assert!(plan.to_string().contains("calls: $LATEST -> live"), "{plan}");
    apply(&changed, &mut account, &plan);
    assert_eq!((account.triggers[0].uuid.as_str(), version(&account)), (uuid.as_str(), Some(2)));
    let function = account.function.as_ref().expect("made");
    assert_eq!(function.versions[0].snapshot, old, "the way back");
    assert_eq!(function.live().and_then(|live| live.before), Some(Before::Replaced(1)));

    // The same where nothing else changes, and where a version or another alias is called.
    for qualifier in [None, Some("1"), Some("prod")] {
        let mut account = with(&stack);
        let function = account.function.as_mut().expect("made");
        let live = function.aliases.remove(LIVE).expect("made");
        function.aliases.insert("prod".to_owned(), live);
        account.triggers[0].qualifier = qualifier.map(ToOwned::to_owned);
        let plan = setup(&stack, &account, false);
        assert!(
            position(&plan, |action| matches!(action, super::Action::Publish { .. })).is_none(),
            "{plan}"
        );
        apply(&stack, &mut account, &plan);
        assert_eq!((account.triggers[0].uuid.as_str(), version(&account)), (uuid.as_str(), Some(1)));
        assert!(setup(&stack, &account, false).is_empty());
    }

    // One that is going is not taken over, and nothing is made while it is there.
    account.triggers[0].state = TriggerState::Deleting;
    let plan = setup(&changed, &account, false);
    let trigger = plan.steps.iter().find(|step| step.resource.kind == Kind::TRIGGER).expect("a step");
    let [Action::Trigger(first), Action::Trigger(second)] = &trigger.actions[..] else { panic!("{plan}") };
    assert!(matches!(first, trigger::Action::AwaitGone { .. }), "{plan}");
    assert!(matches!(second, trigger::Action::Create { .. }), "{plan}");
}

#[test]
fn an_alias_that_somebody_moved_or_shared_is_put_back() {
    let stack = one_stack();
    let changed = memory(&stack, stack.function.memory_mb.value + 1);
    let mut account = with(&stack);
    run(&changed, &mut account, |is| setup(&changed, is, false));
    assert_eq!(version(&account), Some(2));
    type Change = fn(&mut ObservedAlias);
    let changes: [Change; 3] = [
        |alias| *alias = ObservedAlias { version: "1".to_owned(), ..ObservedAlias::default() },
        |alias| alias.version = "$LATEST".to_owned(),
        |alias| alias.shares = vec![1],
    ];
    for change in changes {
        let mut account = account.clone();
        change(alias(&mut account));
        let plan = setup(&changed, &account, false);
        assert!(plan.steps.iter().any(|step| step.resource.name == "cwl-to-logentries:live"), "{plan}");
        apply(&changed, &mut account, &plan);
        let live = alias(&mut account);
        assert_eq!((live.version.as_str(), live.shares.len()), ("2", 0));
        assert!(setup(&changed, &account, false).is_empty());
    }
}

#[test]
fn an_alias_that_somebody_pointed_at_latest_names_a_version_before_anything_changes() {
    let stack = one_stack();
    let other = |more| memory(&stack, stack.function.memory_mb.value + more);
    // What runs then may be published already, or be what somebody made of the function since.
    for (by_hand, frozen) in [(0, "1"), (1, "2")] {
        let mut account = with(&stack);
        account.function.as_mut().expect("made").memory_mb += by_hand;
        *alias(&mut account) = ObservedAlias { version: "$LATEST".to_owned(), ..ObservedAlias::default() };
        let old = gets_records(&account);
        let changed = other(2);
        let plan = setup(&changed, &account, false);
        let stages: Vec<Stage> = plan.steps.iter().map(|step| step.stage).collect();
        assert_eq!(stages, [Stage::Freeze, Stage::Function, Stage::Live], "{plan}");
        assert!(plan.to_string().contains("version: $LATEST -> "), "{plan}");
        let actions = plan.steps[0].actions.len();
        let mut half = account.clone();
        apply_some(&changed, &mut half, &plan, actions);
        assert_eq!(gets_records(&half), old);
        assert_eq!(alias(&mut half).version, frozen);
        apply(&changed, &mut account, &plan);
        let live = account.function.as_ref().and_then(ObservedFunction::live).expect("made");
        assert_eq!(
            live.before.map(|before| before.number().to_string()).as_deref(),
            Some(frozen),
            "the way back"
        );
        assert!(setup(&changed, &account, false).is_empty());

        // The same where nothing else changes.
        let same = other(by_hand);
        let mut account = half;
        *alias(&mut account) = ObservedAlias { version: "$LATEST".to_owned(), ..ObservedAlias::default() };
        let plan = setup(&same, &account, false);
        let of_alias = plan.steps.iter().filter(|step| step.resource.kind == Kind::ALIAS);
        assert_eq!(of_alias.map(|step| step.stage).collect::<Vec<_>>(), [Stage::Freeze], "{plan}");
        assert!(plan.unchanged.iter().all(|unchanged| unchanged.kind != Kind::ALIAS));
        apply(&same, &mut account, &plan);
        assert_eq!(alias(&mut account).version, frozen);
        assert!(setup(&same, &account, false).is_empty());
    }
}

#[test]
fn settings_that_come_back_with_newer_code_are_shown() {
    let stack = one_stack();
    let is = stack.function.memory_mb.value;
    let changed = memory(&stack, is + 1);
    let mut account = with(&stack);
    run(&changed, &mut account, |is| setup(&changed, is, false));
    let live = alias(&mut account);
    (live.version, live.before) = ("1".to_owned(), Some(Before::RolledBackFrom(2)));
    let warned = |stack: &Stack| -> Vec<String> {
        let plan = setup(stack, &account, false);
        assert!(plan.refused.is_empty() && !plan.is_empty(), "{plan}");
        plan.notes.into_iter().filter(|note| note.contains("rolled back")).collect()
    };
    let warning = |memory: u32| {
        let ending = format!("in more than its code: memory: {is} MB -> {memory} MB");
        move |notes: Vec<String>| notes.len() == 1 && notes[0].ends_with(&ending)
    };
    assert!(warning(is + 1)(warned(&newer(&changed))), "{:?}", warned(&newer(&changed)));
    // Of what the change itself sets, only that counts.
    assert!(warning(is + 2)(warned(&newer(&memory(&stack, is + 2)))));
    assert_eq!(warned(&newer(&stack)), Vec::<String>::new());
}

#[test]
fn settings_that_would_come_back_are_told_at_any_width() {
    let stack = one_stack();
    let mut changed = memory(&stack, stack.function.memory_mb.value + 1);
    let mut account = with(&stack);
    run(&changed, &mut account, |is| setup(&changed, is, false));
    let live = alias(&mut account);
    (live.version, live.before) = ("1".to_owned(), Some(Before::RolledBackFrom(2)));
    let setup_of = setup(&newer(&changed), &account, false);
    changed.function.ignores_rollback = true;
    let upgrade = setup(&newer(&changed), &account, false);
    let texts = [60, 100].map(|columns| {
        at(columns, || {
            let text = |plan: &Plan| unstyled(&plan.shown(Extent::Brief).to_string()).to_string();
            format!("{columns} columns: upgrade\n{}\n\nsetup\n{}", text(&upgrade), text(&setup_of))
        })
    });
    insta::assert_snapshot!(texts.join("\n\n----\n\n"));
}

#[test]
fn what_was_rolled_back_stays_so_until_something_changes() {
    let stack = one_stack();
    let changed = memory(&stack, stack.function.memory_mb.value + 1);
    let mut account = with(&stack);
    run(&changed, &mut account, |is| setup(&changed, is, false));
    let live = alias(&mut account);
    (live.version, live.before) = ("1".to_owned(), Some(Before::RolledBackFrom(2)));
    let held = setup(&changed, &account, false);
    assert!(held.is_empty() && held.notes.iter().any(|note| note.contains("stays at version 1")), "{held}");

    // An upgrade without other code has nothing to do, every night again.
    let mut nightly = changed.clone();
    nightly.function.ignores_rollback = true;
    let held = setup(&nightly, &account, false);
    assert!(held.is_empty() && held.refused.is_empty(), "{held}");
    assert!(held.notes.iter().any(|note| note.contains("cwl2le rollback --to 2")), "{held}");

    // With newer code, it does not bring the settings back, and says how to.
    {
        let mut upgrade = newer(&changed);
        upgrade.function.ignores_rollback = true;
        let refused = setup(&upgrade, &account, false).refused;
        assert_eq!(refused.iter().map(|refusal| refusal.code).collect::<Vec<_>>(), [Code::Immutable]);
        assert!(refused[0].hint.contains("cwl2le rollback --to 2"), "{refused:?}");
        let mut right = memory(&upgrade, stack.function.memory_mb.value);
        right.function.ignores_rollback = false;
        let mut account = account.clone();
        run(&right, &mut account, |is| setup(&right, is, false));
        right.function.ignores_rollback = true;
        assert!(setup(&right, &account, false).refused.is_empty());
        assert_eq!(gets_records(&account).memory_mb, stack.function.memory_mb.value);
    }

    let other = memory(&stack, stack.function.memory_mb.value + 2);
    run(&other, &mut account, |is| setup(&other, is, false));
    assert_eq!((version(&account), alias(&mut account).before), (Some(3), Some(Before::Replaced(1))));
}

/// Another run may change a function between the new code and its version: settings that nobody was shown go live by
/// nobody.
#[test]
fn a_version_of_new_code_must_have_the_settings_that_were_planned_from() {
    let stack = one_stack();
    let account = with(&stack);
    let is = account.function.clone().expect("made");
    let settings = |stack: &Stack| {
        let plan = setup(stack, &account, false);
        let mut actions = plan.steps.into_iter().flat_map(|step| step.actions);
        actions.find_map(|action| match action {
            Action::Alias(super::Action::Publish { settings, .. }) => Some(settings),
            _ => None,
        })
    };
    let as_it_is = super::Settings {
        network: Some(is.network.clone()),
        memory_mb: Some(is.memory_mb),
        timeout_seconds: Some(is.timeout_seconds),
        environment: Some(is.environment.clone()),
    };
    assert_eq!(settings(&newer(&stack)).as_ref(), Some(&as_it_is));
    let more = memory(&newer(&stack), is.memory_mb + 1);
    let expected = super::Settings { memory_mb: Some(is.memory_mb + 1), ..as_it_is };
    assert_eq!(settings(&more), Some(expected));
}

#[test]
fn an_upgrade_tries_code_again_that_was_rolled_back() {
    let stack = one_stack();
    let mut upgrade = newer(&stack);
    upgrade.function.ignores_rollback = true;
    let mut account = with(&stack);
    run(&upgrade, &mut account, |is| setup(&upgrade, is, false));
    let live = alias(&mut account);
    (live.version, live.before) = ("1".to_owned(), Some(Before::RolledBackFrom(2)));
    run(&upgrade, &mut account, |is| setup(&upgrade, is, false));
    assert_eq!(version(&account), Some(2));
}

#[test]
fn a_new_version_that_did_not_start_is_started_again_before_it_gets_records() {
    let stack = one_stack();
    let changed = memory(&stack, stack.function.memory_mb.value + 1);
    let mut account = with(&stack);
    let plan = setup(&changed, &account, false);
    let start = position(&plan, |action| matches!(action, super::Action::Start { .. })).expect("a start");
    apply_some(&changed, &mut account, &plan, start);
    assert_eq!(version(&account), Some(1), "the old one gets the records");
    let plan = setup(&changed, &account, false);
    let is = |number| move |version: &super::Version| *version == super::Version::Number(number);
    let starts =
        position(&plan, |action| matches!(action, super::Action::Start { version, .. } if is(2)(version)));
    let moves =
        position(&plan, |action| matches!(action, super::Action::Move { version, .. } if is(2)(version)));
    assert!(starts.is_some() && starts < moves, "{plan}");
}

#[test]
fn versions_of_others_stay() {
    let mut stack = one_stack();
    let mut account = with(&stack);
    account
        .function
        .as_mut()
        .expect("made")
        .aliases
        .insert("prod".to_owned(), ObservedAlias { version: "1".to_owned(), ..ObservedAlias::default() });
    for _ in 0..8 {
        stack = memory(&stack, stack.function.memory_mb.value + 1);
        run(&stack, &mut account, |is| setup(&stack, is, false));
    }
    let function = account.function.as_ref().expect("made");
    assert_eq!(function.versions.iter().map(|version| version.number).collect::<Vec<_>>(), [1, 6, 7, 8, 9]);
}

#[test]
fn a_function_of_others_gets_no_versions() {
    let stack = one_stack();
    let mut account = unversioned(&stack);
    account.function.as_mut().expect("made").tags.clear();
    let plan = setup(&stack, &account, false);
    assert_eq!(plan.refused.iter().map(|refusal| refusal.code).collect::<Vec<_>>(), [Code::NotOurs]);
}
