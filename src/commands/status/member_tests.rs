//! The verdicts on a member account, and their text.

use std::collections::{BTreeMap, BTreeSet};

use super::member::{MemberVerdict, member_report};
use crate::error::{Code, Error, Exit};
use crate::flags::CommandLine;
use crate::output::unstyled;
use crate::resources::tests::one_stack;
use crate::resources::{
    AccountPolicy, AccountPolicySpec, Distribution, FilterExtras, Observed, ObservedFilter, ObservedGroup,
    Stack,
};
use crate::signals::{Counts, MemberSignals};
use crate::stack::{Names, RoleScope, Setting};

fn member() -> Stack {
    let stack = one_stack();
    let destination = "arn:aws:logs:eu-west-1:111111111111:destination:cwl2le".parse().expect("an ARN");
    let names = Names::of_member(&stack.name, &stack.target.region, RoleScope::Plain, &destination);
    Stack { names, has_logs_role: false, ..stack }
}

fn group(stack: &Stack, role: Option<&str>) -> ObservedGroup {
    let filter = ObservedFilter {
        name: stack.names.filter.clone(),
        pattern: String::new(),
        destination_arn: stack.sink_arn(),
        role_arn: role.map(|name| format!("arn:aws:iam::000000000000:role/{name}")),
        distribution: Distribution::ByLogStream,
        extras: FilterExtras::default(),
    };
    ObservedGroup { class: "STANDARD".to_owned(), filters: vec![filter] }
}

fn signals(stack: &Stack, role: Option<&str>, counts: Counts) -> MemberSignals {
    let groups = [("/app/a".to_owned(), group(stack, role)), ("/app/b".to_owned(), ObservedGroup::default())];
    MemberSignals {
        scope: RoleScope::Plain,
        observed: Observed { groups: groups.into_iter().collect(), ..Observed::default() },
        counts: Ok(BTreeMap::from([("/app/a".to_owned(), counts)])),
        is_whole: true,
    }
}

fn counts(incoming: u64, forwarded: u64, errors: u64) -> Counts {
    let some = |number: u64| (number > 0).then_some(number);
    Counts { incoming: some(incoming), forwarded: some(forwarded), errors: some(errors), throttled: None }
}

fn judged(signals: &MemberSignals) -> (MemberVerdict, Exit, String) {
    let line = CommandLine::new(["status", "--to-destination", "ARN"]);
    let report = member_report(&member(), signals, 300, &line);
    (report.verdict, report.exit(), unstyled(&report.to_string()))
}

#[test]
fn each_state_has_its_verdict_and_its_exit_code() {
    let stack = member();
    let nothing = MemberSignals { observed: Observed::default(), ..signals(&stack, None, Counts::default()) };
    let unread = MemberSignals {
        counts: Err(Error::new(Code::AccessDenied, "cloudwatch:ListMetrics: denied")),
        ..signals(&stack, None, Counts::default())
    };
    let cases = [
        (signals(&stack, None, counts(1500, 1400, 0)), MemberVerdict::Sending, Exit::Success),
        (signals(&stack, None, Counts::default()), MemberVerdict::Idle, Exit::Success),
        (signals(&stack, None, counts(3, 0, 0)), MemberVerdict::Silent, Exit::Pending),
        (signals(&stack, None, counts(20, 8, 12)), MemberVerdict::Losing, Exit::Pending),
        (
            signals(&stack, Some("cwl-to-destination"), counts(20, 20, 0)),
            MemberVerdict::Broken,
            Exit::Pending,
        ),
        (signals(&stack, Some("theirs"), counts(20, 20, 0)), MemberVerdict::Sending, Exit::Success),
        (nothing, MemberVerdict::Nothing, Exit::Pending),
        (unread, MemberVerdict::Unknown, Exit::Access),
    ];
    let mut texts = Vec::new();
    for (signals, verdict, exit) in cases {
        let (is, code, text) = judged(&signals);
        assert_eq!((is, code), (verdict, exit), "{text}");
        texts.push(text);
    }
    insta::assert_snapshot!(texts.join("\n---\n"));
}

#[test]
fn an_account_policy_is_counted_once() {
    let stack = member();
    let spec = AccountPolicySpec {
        name: stack.names.filter.clone(),
        pattern: Setting::default(String::new()),
        distribution: Setting::default(Distribution::ByLogStream),
        destination_arn: stack.sink_arn(),
        role_arn: None,
        excluded: BTreeSet::new(),
    };
    let policy = AccountPolicy::of(&spec, BTreeSet::from(["/app/a".to_owned()]));
    let mut both = signals(&stack, None, counts(10, 10, 0));
    both.observed.account_policy = Some(policy);
    // The account's own number holds that of every log group.
    both.counts.as_mut().expect("counts").insert(String::new(), counts(100, 60, 0));
    let report = member_report(&stack, &both, 300, &CommandLine::default());
    assert_eq!((report.events.incoming, report.events.forwarded), (Some(100), Some(70)));
    assert_eq!(report.account_policy.map(|policy| policy.leaves_out), Some(vec!["/app/a".to_owned()]));
}
