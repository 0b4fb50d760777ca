//! Member accounts: by flag, by file, and what does not go with them.

use super::tests::{flags, parse, target};
use super::{Member, membership};
use crate::error::Code;
use crate::resources::{Observed, ObservedRole, Stack};
use crate::stack::{RoleScope, StackName, Tags, tags};

const ARN: &str = "arn:aws:logs:eu-west-1:111111111111:destination:cwl2le";
const OTHER: &str = "arn:aws:logs:eu-west-1:111111111111:destination:other";

fn file(text: &str) -> String {
    format!("[member]\nto_destination = \"{ARN}\"\n{text}")
}

fn wanted(args: &[&str], text: &str, observed: &Observed) -> crate::error::Result<Stack> {
    let (flags, file) = (flags(args), parse(text)?);
    let member = membership(&flags.member, Some(&file))?.expect("a member");
    member.stack(&flags, Some(&file), &StackName::default(), &target(), RoleScope::Plain, observed)
}

#[test]
fn the_flag_wins_over_the_file() {
    let parsed = parse(&file("")).expect("a file");
    let of = |args: &[&str], text: Option<&super::File>| {
        membership(&flags(args).member, text)
            .map(|member| member.map(|m| (m.destination.to_string(), m.role)))
    };
    assert_eq!(of(&[], None), Ok(None));
    assert_eq!(of(&[], Some(&parsed)), Ok(Some((ARN.to_owned(), false))));
    assert_eq!(of(&["--to-destination", OTHER], Some(&parsed)), Ok(Some((OTHER.to_owned(), false))));
    assert_eq!(of(&["--member-role"], Some(&parsed)), Ok(Some((ARN.to_owned(), true))));
    assert_eq!(of(&["--member-role"], None).expect_err("no destination").code, Code::Usage);
    let member = Member { to_destination: ARN.parse().ok(), role: Some(true) };
    assert_eq!(member.flags(), ["--to-destination", ARN, "--member-role"]);
}

#[test]
fn a_role_is_wanted_where_it_is_asked_for_or_there() {
    let text = file("[tags]\nteam = \"a\"\n[roles]\npath = \"/service/\"\n");
    let stack = wanted(&[], &text, &Observed::default()).expect("a stack");
    assert_eq!((stack.has_logs_role, stack.subscription_role()), (false, None));
    let stack = wanted(&["--member-role"], &text, &Observed::default()).expect("a stack");
    let arn = "arn:aws:iam::123456789012:role/service/cwl-to-destination";
    assert_eq!(stack.subscription_role().as_deref(), Some(arn));
    assert_eq!(stack.tags.get("team").map(String::as_str), Some("a"));
    assert_eq!(stack.sink_arn(), ARN);
    let there = |tags: Tags| Observed {
        logs_role: Some(ObservedRole {
            name: "cwl-to-destination".to_owned(),
            arn: "arn:aws:iam::123456789012:role/cwl-to-destination".to_owned(),
            path: "/".to_owned(),
            boundary: None,
            trust: serde_json::Value::Null,
            policies: std::collections::BTreeMap::new(),
            attached: Vec::new(),
            tags,
        }),
        ..Observed::default()
    };
    let ours = tags(&StackName::default(), &target().region, &Tags::new());
    assert!(wanted(&[], &file(""), &there(ours)).expect("a stack").has_logs_role);
    assert!(!wanted(&[], &file(""), &there(Tags::new())).expect("a stack").has_logs_role);
}

#[test]
fn what_only_a_stack_has_is_refused_by_flag_and_by_place() {
    for flag in [
        &["--shards", "2"][..],
        &["--token", "01234567-89ab-cdef-0123-456789abcdef"],
        &["--memory", "512"],
        &["--batch-window", "5"],
        &["--email", "a@example.com"],
        &["--dashboard", "true"],
        &["--allow-downgrade"],
    ] {
        let error = wanted(flag, &file(""), &Observed::default()).expect_err(flag[0]);
        assert!(error.code == Code::Usage && error.message.starts_with(flag[0]), "{error}");
    }
    for section in [
        "[stream]\nshards = 2\n",
        "[function]\nmemory_mb = 512\n",
        "[destinations.a]\ntype = \"logentries\"\nregion = \"eu\"\ntoken = { ssm = \"/a\" }\n",
        "[alarms]\nemail = \"a@example.com\"\n",
    ] {
        let error = parse(&file(section)).expect_err(section);
        assert!(
            error.code == Code::Config && error.message.contains("does not go with `to_destination`"),
            "{error}"
        );
    }
    // The file that `init` writes has empty sections.
    parse(&file("[stream]\n[function]\n[trigger]\n")).expect("a file");
    // Beside an environment that is a stack, another one can be a member.
    let both = "[stream]\nshards = 2\n[env.b.member]\nto_destination = \"arn\"\n";
    assert!(parse(both).is_err());
}
