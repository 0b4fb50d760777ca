//! What a file of a saved plan holds, which files are refused, and which plans fit one.

use proptest::prelude::*;

use super::change::{Change, changes, kept, losses};
use super::compare::{Comparison, Reviewed, compare};
use super::document::{Document, Made};
use super::inputs;
use crate::error::{Code, Subject};
use crate::resources::model::{apply, apply_some};
use crate::resources::tests::{empty_account, filters, group_names, stacks, whole};
use crate::resources::{Field, Kept, Kind, Loss, Plan, ResourceId, Stage, Step, Verb};

fn document() -> Document {
    Document {
        format: String::new(),
        version: 0,
        cwl2le: Made { version: "0.1.0".to_owned(), source: "abc".to_owned() },
        made_at: 1,
        account: "123456789012".to_owned(),
        region: "eu-west-1".to_owned(),
        stack: "default".to_owned(),
        flags: vec!["--shards=4".to_owned()],
        configuration: None,
        token_from: None,
        tokens: [("default.token".to_owned(), "0123456789abcdef".to_owned())].into(),
        code: None,
        planned_at: None,
        changes: vec![Change {
            stage: "foundations".to_owned(),
            verb: "update".to_owned(),
            resource: Subject { kind: "stream".to_owned(), log_group: None, name: "s".to_owned() },
            fields: vec!["shards: 2 -> 4".to_owned()],
            calls: vec!["c".to_owned()],
        }],
        kept: Vec::new(),
        losses: Vec::new(),
        digest: String::new(),
    }
}

fn refused(text: &str) -> String {
    let error = Document::parse(text).expect_err("it was read");
    assert_eq!(error.code, Code::Usage);
    error.message
}

#[test]
fn what_is_written_is_read_and_what_is_edited_is_not() {
    let text = document().text().expect("a text");
    let read = Document::parse(&text).expect("a plan");
    assert_eq!(read.changes, document().changes);
    assert_eq!(read.text(), Ok(text.clone()));
    for (from, to) in [
        ("2 -> 4", "2 -> 3"),
        ("--shards=4", "--shards=9"),
        ("eu-west-1", "us-east-1"),
        ("\"changes\"", "\"more\""),
        ("0123456789abcdef", "0123456789abcdee"),
    ] {
        let edited = text.replacen(from, to, 1);
        assert_ne!(edited, text, "{from}");
        assert!(refused(&edited).starts_with("the plan file was edited or damaged"), "{from}");
    }
    let newer = text.replacen("\"version\": 1", "\"version\": 2", 1);
    assert!(refused(&newer).contains("has version 2 of its format, and this cwl2le reads version 1"));
    for other in
        ["", "{}", "stack = \"a\"\n", "[1]", "null", "{\"format\": \"tfplan\"}", &text[..text.len() / 2]]
    {
        assert_eq!(refused(other), "this is no plan file", "{other}");
    }
}

#[test]
fn a_secret_that_is_known_is_never_written() {
    let secret = "plan-file-secret-\"kqz8X2vLmN4pR7sT";
    cwl2le_forwarder::secret::redactor::learn_all([secret]);
    let with = Document { flags: vec![format!("--tag=key={secret}")], ..document() };
    let error = with.text().expect_err("refused");
    assert_eq!(error.code, Code::Config);
    assert!(!format!("{error:?}").contains("kqz8X2vLmN4pR7sT"));
}

#[test]
fn the_flags_of_a_file_are_settings_and_never_a_token() {
    let wanted = |flags: &[&str]| inputs::wanted(&flags.iter().map(ToString::to_string).collect::<Vec<_>>());
    let read = wanted(&["--on-demand", "--on-failure=none", "--log-group=/a", "--log-group=-b", "--adopt"]);
    let read = read.expect("settings");
    assert_eq!((read.log_groups.len(), read.adopt, read.stack.stack), (2, true, None));
    for flags in [
        &["--token=x"][..],
        &["--token-file=/etc/passwd"],
        &["--token", "x"],
        &["--endpoint-url=https://evil.example.com"],
        &["--yes"],
        &["--shards=0"],
        &["word"],
    ] {
        assert_eq!(wanted(flags).map(drop).map_err(|error| error.code), Err(Code::Usage), "{flags:?}");
    }
}

fn step(verb: Verb, name: &str, fields: &[(u32, u32)]) -> Step {
    Step {
        stage: Stage::Foundations,
        resource: ResourceId::new(Kind::STREAM, name),
        verb,
        fields: fields.iter().map(|(old, new)| Field::change("shards", *old, *new)).collect(),
        actions: Vec::new(),
    }
}

fn plan(steps: &[Step]) -> Plan {
    Plan { steps: steps.to_vec(), ..Plan::default() }
}

/// What comes of it when one plan was reviewed and another one is made now.
fn compared(reviewed: &Plan, now: &Plan) -> Comparison {
    let (changes, kept, losses) = (changes(reviewed), kept(reviewed), losses(reviewed));
    compare(Reviewed { changes: &changes, kept: &kept, losses: &losses }, now)
}

#[test]
fn every_difference_is_said_with_both_sides() {
    let reviewed = plan(&[
        step(Verb::Update, "changed", &[(2, 4)]),
        step(Verb::Create, "there", &[]),
        step(Verb::Delete, "kept", &[]),
        step(Verb::Update, "gone", &[(1, 2)]),
    ]);
    let mut now = plan(&[
        step(Verb::Update, "changed", &[(3, 4)]),
        step(Verb::Update, "there", &[(1, 2)]),
        step(Verb::Create, "new", &[]),
        step(Verb::Await, "waited for", &[]),
    ]);
    let reason = "others read from it".to_owned();
    now.kept = vec![Kept { resource: ResourceId::new(Kind::STREAM, "kept"), reason }];
    now.losses =
        vec![Loss { resource: ResourceId::new(Kind::STREAM, "changed"), what: "records".to_owned() }];
    let found = compared(&reviewed, &now);
    let lines = found.differences.iter().map(|one| format!("{}: {}", one.resource, one.what));
    insta::assert_snapshot!(lines.collect::<Vec<_>>().join("\n"));
    assert!(!found.is_begun);
    assert_eq!(compared(&reviewed, &reviewed), Comparison::default());
}

#[test]
fn a_plan_fits_when_the_rest_is_done_already() {
    let reviewed = plan(&[
        step(Verb::Update, "a", &[(2, 4)]),
        step(Verb::Create, "b", &[]),
        step(Verb::Delete, "c", &[]),
    ]);
    let begun = |now: &Plan| {
        let found = compared(&reviewed, now);
        assert_eq!(found.differences, [], "{now:?}");
        found.is_begun
    };
    let unchanged = |names: &[&str]| names.iter().map(|name| ResourceId::new(Kind::STREAM, *name)).collect();
    assert!(begun(&Plan { unchanged: unchanged(&["a", "b"]), ..Plan::default() }));
    let rest = plan(&[step(Verb::Await, "b", &[]), step(Verb::Delete, "c", &[])]);
    assert!(begun(&Plan { unchanged: unchanged(&["a"]), ..rest }));
    // It is neither right nor to be changed: nobody knows what became of it.
    let lost = Plan { unchanged: unchanged(&["a"]), ..Plan::default() };
    assert_eq!(compared(&reviewed, &lost).differences.len(), 1);
}

proptest! {
    #[test]
    fn any_text_is_read_or_refused(text in "[a-z{}\\[\\]\":,0-9 ]{0,80}") {
        let _ = Document::parse(&text);
    }

    /// Whatever point a run was interrupted at, the rest fits the plan that was reviewed, and completes it.
    #[test]
    fn the_rest_of_an_interrupted_run_fits(
        mut stack in stacks(), groups in group_names(), count in 0usize..14
    ) {
        // Else a half-made stream keeps another retention, and the age limit of the trigger depends on it.
        stack.stream.retention_hours.explicit = true;
        let specs = filters(&stack, &groups, "", 0);
        let mut account = empty_account(&groups);
        let reviewed = whole(&stack, &specs, &account);
        apply_some(&stack, &mut account, &reviewed, count);
        let rest = whole(&stack, &specs, &account);
        let found = compared(&reviewed, &rest);
        prop_assert!(found.differences.is_empty(), "{:?}", found.differences);
        apply(&stack, &mut account, &rest);
        prop_assert!(compared(&reviewed, &whole(&stack, &specs, &account)).differences.is_empty());
    }
}
