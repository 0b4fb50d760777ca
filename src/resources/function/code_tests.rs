//! Whose code a function has, whatever version, build or person put it there, and whatever was interrupted.

use proptest::prelude::*;
use semver::Version;

use crate::error::Code;
use crate::resources::function::isolation_tests::isolating;
use crate::resources::model::{apply, apply_some};
use crate::resources::tests::{empty_account, one_stack, run};
use crate::resources::*;
use crate::resources::{Bundle, Recorded, Release, Stack};
use crate::stack::Setting;
use crate::stack::names::{CODE_TAG, SOURCE_TAG, VERSION_TAG};

/// A stack as the cwl2le of a version wants it, built from a source into these bytes.
fn by(version: &str, source: &str, sha256: &str) -> Stack {
    let mut stack = one_stack();
    let bundle = stack.function.bundle.clone().expect("a bundle");
    stack.function.bundle = Some(Bundle { sha256: sha256.to_owned(), ..bundle });
    stack.function.release =
        Release { version: version.parse::<Version>().expect("a version"), source: source.to_owned() };
    stack.function.allow_downgrade = false;
    stack
}

/// The same, with a zip that `--forwarder-zip` gives.
fn with_zip(version: &str, sha256: &str) -> Stack {
    let mut stack = by(version, &format!("zip-{sha256}"), sha256);
    stack.function.is_own_zip = true;
    stack
}

fn allowing(stack: &Stack) -> Stack {
    let mut stack = stack.clone();
    stack.function.allow_downgrade = true;
    stack
}

fn account(stack: &Stack) -> Observed {
    let mut account = empty_account(&[]);
    run(stack, &mut account, |is| setup(stack, is, false));
    assert!(setup(stack, &account, false).is_empty());
    account
}

fn uploads(plan: &Plan) -> usize {
    let actions = plan.steps.iter().flat_map(|step| &step.actions);
    actions.filter(|action| matches!(action, Action::Function(function::Action::UpdateCode { .. }))).count()
}

fn edit(account: &mut Observed) {
    account.function.as_mut().expect("made").code_sha256 = "by hand".to_owned();
}

/// Everything that names the release of the function is that of this stack.
fn assert_is(stack: &Stack, account: &Observed) {
    let function = account.function.as_ref().expect("made");
    let recorded = Recorded::read(&function.tags);
    assert_eq!(recorded.release().as_ref(), Some(&stack.function.release));
    assert_eq!(recorded.code_sha256.as_ref(), Some(&function.code_sha256));
    assert_eq!(function.description, stack.function.release.description());
    let again = setup(stack, account, false);
    assert!(again.is_empty() && again.refused.is_empty(), "{again}");
}

#[test]
fn the_same_release_built_elsewhere_is_no_change() {
    let account = account(&by("1.0.0", "a", "built here"));
    let plan = setup(&by("1.0.0", "a", "built elsewhere"), &account, false);
    assert!(plan.is_empty() && plan.refused.is_empty() && plan.notes.is_empty(), "{plan}");
}

#[test]
fn a_newer_version_updates_code_tags_and_description() {
    let mut account = account(&by("1.0.0", "a", "old"));
    let newer = by("1.0.1", "b", "new");
    let plan = setup(&newer, &account, false);
    assert_eq!(uploads(&plan), 1);
    assert!(plan.to_string().contains("code: version 1.0.0, source a -> version 1.0.1, source b"), "{plan}");
    apply(&newer, &mut account, &plan);
    assert_is(&newer, &account);
    // A pre-release is older than its release, and what stands behind a plus sign orders nothing.
    assert_eq!(setup(&by("1.0.1-rc.1", "c", "x"), &account, false).refused[0].code, Code::Downgrade);
    assert!(setup(&by("1.0.1+linux", "b", "x"), &account, false).is_empty());
}

#[test]
fn an_older_version_and_another_build_replace_the_code_only_when_they_are_told_to() {
    let deployed = by("1.2.0", "b", "deployed");
    for (mut other, reason) in [
        (
            by("1.1.9", "a", "other"),
            "cwl2le 1.2.0 (source b) deployed it, and this is the older 1.1.9 (source a)",
        ),
        (
            by("1.2.0", "c", "other"),
            "another build of this version deployed it: 1.2.0 (source b); this is 1.2.0 (source c)",
        ),
    ] {
        let mut account = account(&deployed);
        // Nothing else is changed either: its settings may be news to the function that is there.
        other.function.memory_mb = Setting::asked(other.function.memory_mb.value + 1);
        let plan = setup(&other, &account, false);
        let [refusal] = &plan.refused[..] else { panic!("one refusal: {plan}") };
        assert!(refusal.reason.contains(reason), "{}", refusal.reason);
        assert_eq!(refusal.code, Code::Downgrade);
        assert!(refusal.hint.contains("--allow-downgrade"), "{}", refusal.hint);

        let plan = setup(&allowing(&other), &account, false);
        assert_eq!((uploads(&plan), plan.refused.len()), (1, 0), "{plan}");
        apply(&other, &mut account, &plan);
        assert_is(&other, &account);
    }
    // Without a forwarder to upload it would still write settings that the newer one may not read.
    let mut without = by("1.1.9", "a", "");
    without.function.bundle = None;
    assert_eq!(setup(&without, &account(&deployed), false).refused[0].code, Code::Downgrade);
}

#[test]
fn another_build_with_the_same_bytes_is_no_change() {
    let account = account(&by("1.0.0", "a", "same"));
    let plan = setup(&by("1.0.0", "b", "same"), &account, false);
    assert!(plan.is_empty() && plan.refused.is_empty(), "{plan}");
}

#[test]
fn an_edit_is_seen_and_undone_with_what_was_deployed() {
    let stack = by("1.0.0", "a", "deployed");
    for build in ["deployed", "built elsewhere"] {
        let mut account = account(&stack);
        edit(&mut account);
        let again = by("1.0.0", "a", build);
        let plan = setup(&again, &account, false);
        assert!(plan.to_string().contains("(changed since it was deployed"), "{plan}");
        apply(&again, &mut account, &plan);
        assert_eq!(account.function.as_ref().expect("made").code_sha256, build);
        assert_is(&again, &account);
    }
    let mut account = account(&stack);
    edit(&mut account);
    let mut without = stack.clone();
    without.function.bundle = None;
    assert_eq!(setup(&without, &account, false).refused[0].code, Code::NoBundle);
}

#[test]
fn only_a_stale_record_is_brought_up_to_date_without_an_upload() {
    let stack = by("1.0.0", "a", "deployed");
    for stale in [VERSION_TAG, SOURCE_TAG, CODE_TAG] {
        for value in [None, Some("0.9.0")] {
            let mut account = account(&stack);
            let function = account.function.as_mut().expect("made");
            function.tags.remove(stale);
            function.tags.extend(value.map(|value| (stale.to_owned(), value.to_owned())));
            let plan = setup(&stack, &account, false);
            assert!(!plan.is_empty(), "{stale} {value:?}");
            assert_eq!((uploads(&plan), plan.refused.len()), (0, 0), "{plan}");
            run(&stack, &mut account, |is| setup(&stack, is, false));
            assert!(setup(&stack, &account, false).is_empty());
        }
    }
    let mut account = account(&stack);
    account.function.as_mut().expect("made").description = "ours".to_owned();
    let plan = setup(&stack, &account, false);
    assert!(plan.to_string().contains("description: ours -> "), "{plan}");
    apply(&stack, &mut account, &plan);
    assert_is(&stack, &account);
}

#[test]
fn a_version_that_is_not_known_may_be_a_newer_one() {
    let old = by("1.0.0", "a", "old");
    for version in [None, Some("2.0"), Some("v2.0.0")] {
        let mut account = account(&by("2.0.0", "b", "new"));
        let tags = &mut account.function.as_mut().expect("made").tags;
        tags.remove(VERSION_TAG);
        tags.extend(version.map(|version| (VERSION_TAG.to_owned(), version.to_owned())));
        let mut without = old.clone();
        without.function.bundle = None;
        for stack in [&old, &without] {
            let refused = setup(stack, &account, false).refused;
            assert_eq!((refused.len(), refused[0].code), (1, Code::Downgrade), "{refused:?}");
            assert!(refused[0].reason.contains(version.unwrap_or("not recorded")), "{refused:?}");
        }
        let plan = setup(&allowing(&old), &account, false);
        assert_eq!((uploads(&plan), plan.refused.len()), (1, 0), "{plan}");
        apply(&old, &mut account, &plan);
        assert_is(&old, &account);
    }
}

#[test]
fn what_was_deployed_before_sources_were_recorded_is_updated() {
    let stack = by("1.0.0", "a", "new");
    let mut account = account(&by("1.0.0", "a", "old"));
    let tags = &mut account.function.as_mut().expect("made").tags;
    tags.remove(SOURCE_TAG);
    tags.remove(CODE_TAG);
    run(&stack, &mut account, |is| setup(&stack, is, false));
    assert_is(&stack, &account);
}

#[test]
fn a_forwarder_of_the_users_own_stays_until_another_is_asked_for() {
    let zip = with_zip("1.0.0", "mine");
    let mut account = account(&by("1.0.0", "a", "bundled"));
    // Asking for it is enough: it is no downgrade.
    run(&zip, &mut account, |is| setup(&zip, is, false));
    assert_is(&zip, &account);
    for bundled in [by("1.0.0", "a", "bundled"), by("1.1.0", "b", "newer")] {
        let plan = setup(&bundled, &account, false);
        assert!(plan.is_empty() && plan.refused.is_empty(), "{plan}");
        assert!(plan.notes[0].contains("keeps the forwarder deployed with --forwarder-zip"), "{plan}");
        assert_eq!(uploads(&setup(&allowing(&bundled), &account, false)), 1);
    }
    assert_eq!(setup(&with_zip("0.9.0", "older"), &account, false).refused[0].code, Code::Downgrade);
    assert_eq!(uploads(&setup(&with_zip("1.0.0", "another"), &account, false)), 1);
    // The zip with the bundled forwarder, as `cwl2le package` writes it, is the way back, too.
    let mut packaged = by("1.0.0", "a", "bundled");
    packaged.function.is_own_zip = true;
    assert_eq!(uploads(&setup(&packaged, &account, false)), 1);

    edit(&mut account);
    let refused = setup(&by("1.0.0", "a", "bundled"), &account, false).refused;
    assert!(refused[0].code == Code::NoBundle && refused[0].hint.contains("--forwarder-zip"), "{refused:?}");
    assert_eq!(uploads(&setup(&zip, &account, false)), 1);
}

#[test]
fn functions_of_isolated_destinations_are_compared_one_by_one() {
    let deployed = isolating(by("1.0.0", "a", "deployed"), &["audit", "lake"]);
    let newer = isolating(by("1.1.0", "b", "newer"), &["audit", "lake"]);
    let mut account = account(&deployed);
    // An update that was interrupted after one of three functions.
    let audit = account.isolated.get_mut("audit").and_then(|own| own.function.as_mut()).expect("made");
    audit.tags.extend(newer.function.release.tags("newer"));
    audit.code_sha256 = "newer".to_owned();
    let refused = setup(&deployed, &account, false).refused;
    let names: Vec<&str> = refused.iter().map(|refusal| refusal.resource.name.as_str()).collect();
    assert_eq!((names, refused[0].code), (vec!["cwl-to-logentries-audit"], Code::Downgrade));
    let plan = setup(&newer, &account, false);
    assert_eq!((uploads(&plan), plan.refused.len()), (2, 0), "{plan}");
    apply(&newer, &mut account, &plan);
    assert_is(&newer, &account);
}

proptest! {
    /// Wherever an update was interrupted, an older version leaves it alone and any build of the new one completes it.
    #[test]
    fn an_interrupted_update_ends_right(
        count in 0usize..6,
        built_elsewhere: bool,
        edited: bool,
        user_tag in proptest::option::of("[a-z]{1,4}"),
        more_memory in 0u32..2,
    ) {
        let old = by("1.0.0", "a", "old");
        let mut new = by("1.1.0", "b", "new");
        new.tags.extend(user_tag.map(|value| ("team".to_owned(), value)));
        new.function.memory_mb = Setting::asked(old.function.memory_mb.value + more_memory);
        let mut account = account(&old);
        if edited { edit(&mut account); }
        let plan = setup(&new, &account, false);
        let total: usize = plan.steps.iter().map(|step| step.actions.len()).sum();
        apply_some(&new, &mut account, &plan, count);

        let function = account.function.as_ref().expect("made");
        let is_new = function.code_sha256 == "new";
        let by_old = setup(&old, &account, false);
        let is_refused = by_old.refused.iter().any(|refusal| refusal.code == Code::Downgrade);
        prop_assert!(!is_new || is_refused, "new code is never taken for an edit of the old: {by_old}");

        let mut again = new.clone();
        if built_elsewhere { again.function.bundle.as_mut().expect("a bundle").sha256 = "elsewhere".to_owned(); }
        let plan = setup(&again, &account, false);
        prop_assert!(plan.refused.is_empty(), "{plan}");
        prop_assert!(count < total || plan.is_empty(), "{plan}");
        prop_assert_eq!(uploads(&plan), usize::from(!is_new));
        apply(&again, &mut account, &plan);
        assert_is(&again, &account);
    }
}
