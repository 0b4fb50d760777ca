//! Where a rollback goes, and where it does not go.

use proptest::prelude::*;

use super::plan_tests::newer;
use super::{LIVE, must_see_pins_of, rollback};
use crate::error::Code;
use crate::resources::function::isolation_tests::isolating;
use crate::resources::model::{apply, apply_some};
use crate::resources::tests::{empty_account, foreign_filter, one_stack, run, stacks};
use crate::resources::*;
use crate::stack::Setting;

/// Sets a stack up, and notes at the aliases that this moves which run moved them.
fn set_up(stack: &Stack, account: &mut Observed, stamp: &str) {
    let before = account.clone();
    run(stack, account, |is| setup(stack, is, false));
    note(&before, account, stamp);
}

fn note(before: &Observed, account: &mut Observed, stamp: &str) {
    let note = |was: Option<&ObservedFunction>, is: &mut Option<ObservedFunction>| {
        let alias = is.as_mut().and_then(|is| is.aliases.get_mut(LIVE));
        let Some(alias) = alias else { return };
        let was = was.and_then(|was| was.live());
        alias.run = match was {
            Some(was) if was.version == alias.version => was.run.clone(),
            _ => Some(stamp.to_owned()),
        };
    };
    note(before.function.as_ref(), &mut account.function);
    for (name, own) in &mut account.isolated {
        note(before.isolated.get(name).and_then(|own| own.function.as_ref()), &mut own.function);
    }
}

/// A rollback keeps the run that brought what is taken back, as the edge does.
fn roll_back(stack: &Stack, account: &mut Observed, plan: &Plan, count: usize) {
    let before = account.clone();
    apply_some(stack, account, plan, count);
    let keep = |was: Option<&ObservedFunction>, is: &mut Option<ObservedFunction>| {
        let run = was.and_then(|was| was.live()).and_then(|live| live.run.clone());
        if let Some(alias) = is.as_mut().and_then(|is| is.aliases.get_mut(LIVE)) {
            alias.run = run;
        }
    };
    keep(before.function.as_ref(), &mut account.function);
    for (name, own) in &mut account.isolated {
        keep(before.isolated.get(name).and_then(|own| own.function.as_ref()), &mut own.function);
    }
}

fn memory(stack: &Stack, more: u32) -> Stack {
    let mut stack = stack.clone();
    stack.function.memory_mb = Setting::asked(stack.function.memory_mb.value + more);
    stack
}

/// The live versions, by function.
fn live(account: &Observed) -> Vec<u64> {
    account.functions().map(|is| is.live().and_then(ObservedAlias::number).expect("published")).collect()
}

fn refusal(plan: &Plan) -> &Refusal {
    assert!(plan.is_empty() || !plan.refused.is_empty(), "{plan}");
    plan.refused.first().unwrap_or_else(|| panic!("{plan}"))
}

proptest! {
    /// Wherever it is interrupted, the next one completes it, one more changes nothing, and neither does a setup.
    #[test]
    fn a_rollback_brings_back_what_the_last_change_replaced(before in stacks(), count in 0usize..8) {
        let isolated = ["audit", "lake"];
        let before = isolating(before, &isolated);
        let after = newer(&before);
        let mut account = empty_account(&[]);
        set_up(&before, &mut account, "1");
        let old = live(&account);
        set_up(&after, &mut account, "2");
        let new = live(&account);
        prop_assert!(old.iter().zip(&new).all(|(old, new)| old < new), "{old:?} {new:?}");

        let plan = rollback(&after, &account, None);
        prop_assert!(plan.refused.is_empty(), "{plan}");
        roll_back(&after, &mut account, &plan, count);
        let rest = rollback(&after, &account, None);
        roll_back(&after, &mut account, &rest, usize::MAX);
        prop_assert_eq!(live(&account), old.clone(), "{}", rest);
        let again = rollback(&after, &account, None);
        prop_assert!(again.is_empty() && again.refused.is_empty(), "{again}");
        prop_assert!(again.notes[0].starts_with("already rolled back: "), "{again}");
        let held = setup(&after, &account, false);
        prop_assert!(held.is_empty(), "{held}");
        // Whoever insists gets the new one, and can go back again.
        let mut insists = after.clone();
        insists.function.ignores_rollback = true;
        set_up(&insists, &mut account, "3");
        prop_assert_eq!(live(&account), new);
        let plan = rollback(&after, &account, None);
        apply(&after, &mut account, &plan);
        prop_assert_eq!(live(&account), old);
    }

    /// Nothing moves before every version that is to become live has started.
    #[test]
    fn what_becomes_live_has_started(stack in stacks()) {
        let stack = isolating(stack, &["audit"]);
        let mut account = empty_account(&[]);
        set_up(&stack, &mut account, "1");
        set_up(&memory(&stack, 1), &mut account, "2");
        let plan = rollback(&stack, &account, None);
        let stages = |kind: Kind| plan.steps.iter().filter(move |step| step.resource.kind == kind).map(|step| step.stage);
        prop_assert_eq!((stages(Kind::FUNCTION).count(), stages(Kind::ALIAS).count()), (2, 2), "{}", plan);
        prop_assert!(stages(Kind::FUNCTION).max() < stages(Kind::ALIAS).min(), "{plan}");
    }
}

#[test]
fn functions_that_the_last_change_left_alone_stay() {
    let stack = isolating(one_stack(), &["audit"]);
    let mut account = empty_account(&[]);
    set_up(&stack, &mut account, "1");
    set_up(&memory(&stack, 1), &mut account, "2");
    let both = live(&account);
    // Of the next change only the main function knows.
    let before = account.clone();
    let main = account.function.as_mut().expect("made");
    main.versions.push(ObservedVersion { number: 9, ..main.versions[0].clone() });
    let alias = main.aliases.get_mut(LIVE).expect("made");
    (alias.version, alias.before) = ("9".to_owned(), Some(Before::Replaced(both[0])));
    note(&before, &mut account, "3");
    let plan = rollback(&stack, &account, None);
    let aliases = plan.steps.iter().filter(|step| step.resource.kind == Kind::ALIAS);
    let names: Vec<&str> = aliases.map(|step| step.resource.name.as_str()).collect();
    assert_eq!(names, [format!("{}:{LIVE}", stack.names.function)], "{plan}");
    roll_back(&stack, &mut account, &plan, usize::MAX);
    assert_eq!(live(&account), both);
    // What was rolled back is not a reason to undo the change before as well.
    assert!(rollback(&stack, &account, None).is_empty());
}

#[test]
fn a_version_of_choice_is_found_or_missed_by_name() {
    let stack = one_stack();
    let mut account = empty_account(&[]);
    for more in 0..3 {
        set_up(&memory(&stack, more), &mut account, &more.to_string());
    }
    let plan = rollback(&stack, &account, Some(1));
    let (text, is) = (plan.to_string(), stack.function.memory_mb.value);
    assert!(text.contains("version: 3 -> 1"), "{text}");
    assert!(text.contains(&format!("memory: {} MB -> {is} MB", is + 2)), "{text}");
    apply(&stack, &mut account, &plan);
    assert_eq!(live(&account), [1]);
    let plan = rollback(&stack, &account, Some(1));
    assert!(plan.is_empty() && plan.notes == ["version 1 is live already"], "{plan}");
    let plan = rollback(&stack, &account, Some(7));
    let missing = refusal(&plan);
    assert_eq!(missing.code, Code::NotFound);
    assert!(missing.reason.ends_with("has no version 7; it has 1, 2, 3"), "{}", missing.reason);

    // Whichever version is chosen after it, what was rolled back does not come back by `setup`.
    let plan = rollback(&stack, &account, Some(2));
    apply(&stack, &mut account, &plan);
    let newest = memory(&stack, 2);
    run(&newest, &mut account, |is| setup(&newest, is, false));
    assert_eq!(live(&account), [2]);

    // Whoever chooses that very version has gone forward, and can go back again.
    let plan = rollback(&stack, &account, Some(3));
    apply(&stack, &mut account, &plan);
    let before = account.function.as_ref().and_then(|is| is.live()?.before);
    assert_eq!((live(&account), before), (vec![3], Some(Before::Replaced(2))));
    assert!(rollback(&stack, &account, None).to_string().contains("version: 3 -> 2"));
}

#[test]
fn without_a_version_before_there_is_nothing_to_go_back_to() {
    let stack = one_stack();
    let mut account = empty_account(&[]);
    set_up(&stack, &mut account, "1");
    assert_eq!(refusal(&rollback(&stack, &account, None)).code, Code::NotFound);
    // Somebody deleted what it replaced: the newest one below it is next.
    for more in [1, 2] {
        set_up(&memory(&stack, more), &mut account, &more.to_string());
    }
    account.function.as_mut().expect("made").versions.retain(|version| version.number != 2);
    let plan = rollback(&stack, &account, None);
    assert!(plan.to_string().contains("version: 3 -> 1"), "{plan}");
    account.function.as_mut().expect("made").aliases.clear();
    let plan = rollback(&stack, &account, None);
    let unpublished = refusal(&plan);
    assert!(unpublished.code == Code::NotFound && unpublished.hint.contains("cwl2le setup"), "{plan}");
    account.function.as_mut().expect("made").tags.clear();
    assert_eq!(refusal(&rollback(&stack, &account, None)).code, Code::NotOurs);
}

#[test]
fn a_token_that_comes_back_is_warned_of_and_not_shown() {
    let stack = isolating(one_stack(), &[]);
    let mut account = empty_account(&[]);
    set_up(&stack, &mut account, "1");
    let mut rotated = stack.clone();
    let json = rotated.function.config.as_ref().expect("a configuration").to_json();
    let token =
        serde_json::from_str::<serde_json::Value>(&json).expect("JSON")["destinations"]["app"]["token"]
            .clone();
    let token = token.as_str().expect("a token").to_owned();
    let other = "11111111-2222-3333-4444-555555555555";
    rotated.function.config =
        Some(cwl2le_forwarder::config::Config::from_json(&json.replace(&token, other)).expect("valid"));
    set_up(&rotated, &mut account, "2");
    let plan = rollback(&rotated, &account, None);
    assert!(plan.notes.iter().any(|note| note.starts_with("warning: version 1 ")), "{plan}");
    let text = plan.to_string();
    assert!(!text.contains(&token) && !text.contains(other), "{text}");
}

#[test]
fn lines_that_would_be_lost_keep_a_version_away() {
    // Another function serves a destination now.
    let isolated = isolating(one_stack(), &["audit"]);
    let mut account = empty_account(&[]);
    set_up(&isolating(one_stack(), &[]), &mut account, "1");
    set_up(&isolated, &mut account, "2");
    let plan = rollback(&isolated, &account, Some(1));
    assert_eq!(refusal(&plan).code, Code::Immutable, "{plan}");

    // The last change of routes reached both functions, and only one would go back.
    let routed = |to: &str| {
        let mut stack = isolated.clone();
        stack.function.config.as_mut().expect("a configuration").default = Some(to.to_owned());
        stack
    };
    let mut account = empty_account(&[]);
    set_up(&routed("app"), &mut account, "1");
    set_up(&routed("audit"), &mut account, "2");
    let plan = rollback(&isolated, &account, Some(1));
    assert_eq!(refusal(&plan).code, Code::Immutable, "{plan}");
    assert!(refusal(&plan).reason.contains("other routes"), "{plan}");
    assert!(rollback(&isolated, &account, None).refused.is_empty(), "both go back");

    // Nobody knows what a configuration says that AWS does not show.
    let mut hidden = account.clone();
    let function = hidden.function.as_mut().expect("a function");
    function.versions[0].snapshot.environment.clear();
    function.versions[0].snapshot.hidden_environment = Some("AccessDeniedException: no".to_owned());
    assert_eq!(refusal(&rollback(&isolated, &hidden, None)).code, Code::Unreadable);

    // A filter pins a destination that the old version does not have.
    let more = isolating(one_stack(), &[]);
    let mut less = more.clone();
    less.function.config.as_mut().expect("a configuration").destinations.remove("audit");
    let mut account = empty_account(&[]);
    set_up(&less, &mut account, "1");
    set_up(&more, &mut account, "2");
    let plan = rollback(&more, &account, None);
    assert!(plan.refused.is_empty() && must_see_pins_of(&plan, &more, &account, None), "{plan}");
    let pin = ObservedFilter {
        name: cwl2le_forwarder::config::filter_name(&more.names.filter, "audit"),
        destination_arn: more.names.stream_arn(&more.target),
        ..foreign_filter()
    };
    let group = ObservedGroup { class: "STANDARD".to_owned(), filters: vec![pin] };
    account.groups.insert("/app/a".to_owned(), group);
    let plan = rollback(&more, &account, None);
    assert_eq!(refusal(&plan).code, Code::InUse, "{plan}");
}

#[test]
fn what_is_over_or_was_never_made_keeps_no_version_away() {
    const BEGIN: u64 = 1_790_000_000;
    let isolated = isolating(one_stack(), &["audit"]);
    let mut account = Observed { time: Some(BEGIN), ..empty_account(&[]) };
    set_up(&isolating(one_stack(), &[]), &mut account, "1");
    account.time = Some(BEGIN + 1000);
    set_up(&isolated, &mut account, "2");
    let handed_over = live(&account)[0];
    // No record is left from before `audit` was handed over, so the setup forgets that it was.
    let later = Some(BEGIN + 400 * 24 * 3600);
    account.time = later;
    set_up(&isolated, &mut account, "3");
    assert!(live(&account)[0] > handed_over, "{:?}", live(&account));
    let code = |account: &Observed, to| rollback(&isolated, account, to).refused.first().map(|one| one.code);
    assert_eq!(code(&account, None), None);
    assert_eq!(code(&account, Some(1)), Some(Code::Immutable), "version 1 serves `audit` as well");
    account.time = Some(BEGIN + 2000);
    assert_eq!(code(&account, None), Some(Code::Immutable), "there may be records from before");
    account.time = None;
    assert_eq!(code(&account, None), Some(Code::Immutable), "nobody knows whether there are any");

    // A run that was to isolate `lake` ended after it made a log group for it.
    account.time = later;
    let own = account.isolated["audit"].clone();
    account
        .isolated
        .insert("lake".to_owned(), ObservedForwarder { function: None, triggers: Vec::new(), ..own });
    assert_eq!(code(&account, None), None);
}
