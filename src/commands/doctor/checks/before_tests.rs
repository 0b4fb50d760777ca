use crate::aws::answers::{Denial, Limit};
use crate::aws::answers::{FunctionQuota, StreamQuota};
use crate::commands::doctor::before::{Before, Planned, Rights};
use crate::commands::doctor::check::Category;
use crate::commands::doctor::evidence::Evidence;
use crate::commands::doctor::finding::{Command, Finding, State};
use crate::error::{Code, Error};
use crate::resources::{Kind, Observed, Plan, Refusal, ResourceId, StreamMode};
use crate::settings::bare_stack;
use crate::stack::{RoleScope, StackName, Target};

use super::before;

fn planned() -> Planned {
    let region = "eu-west-1".parse().expect("a region");
    let target = Target { account: "123456789012".to_owned(), region };
    let observed = Observed::default();
    let stack = bare_stack(&StackName::default(), &target, RoleScope::Plain, &observed);
    Planned { stack, observed, plan: Plan::default() }
}

fn evidence(change: impl FnOnce(&mut Before)) -> Evidence {
    let mut before = Before {
        planned: Ok(planned()),
        rights: Ok(Rights { asked: 40, denied: Vec::new() }),
        policy: ["policies", "operator", "--quarantine", "s3://poison"].map(ToOwned::to_owned).to_vec(),
        streams: Ok(StreamQuota { most_shards: 200, shards: 198, most_on_demand: 50, on_demand: 50 }),
        functions: Ok(FunctionQuota { concurrency: 1000, unreserved: 103, most_code: 100, code: 90 }),
    };
    change(&mut before);
    Evidence { before: Some(before), ..Evidence::default() }
}

/// What a check finds.
fn judged(category: &Category, name: &str, evidence: &Evidence) -> Vec<Finding> {
    let check = category.checks.iter().find(|check| check.name == name).expect("a check");
    (check.judge)(evidence).unwrap_or_else(|unknown| vec![unknown])
}

fn state(category: &Category, name: &str, change: impl FnOnce(&mut Before)) -> State {
    judged(category, name, &evidence(change))[0].state
}

#[test]
fn a_denied_action_is_named_with_what_takes_it_away_and_the_policy_that_allows_it() {
    let denial = |action: &str, limit| Denial { action: action.to_owned(), resource: "*".to_owned(), limit };
    let denied = vec![denial("iam:CreateRole", None), denial("kinesis:CreateStream", Some(Limit::Boundary))];
    let evidence = evidence(|before| before.rights = Ok(Rights { asked: 40, denied }));
    let finding = judged(&before::RIGHTS, "rights", &evidence).remove(0);
    assert_eq!(finding.state, State::Fault);
    assert_eq!(finding.found, "2 of 40 actions are denied: iam:CreateRole, kinesis:CreateStream");
    assert_eq!(finding.details, ["your permissions boundary denies kinesis:CreateStream"]);
    assert_eq!(finding.fix, [Command::own(["policies", "operator", "--quarantine", "s3://poison"])]);

    let rights = |rights| state(&before::RIGHTS, "rights", |before| before.rights = rights);
    assert_eq!(rights(Ok(Rights { asked: 40, denied: Vec::new() })), State::Ok);
    assert_eq!(rights(Ok(Rights::default())), State::Ok, "the root");
    assert_eq!(rights(Err(Finding::unknown("denied"))), State::Unknown, "whoever may not ask");
}

#[test]
fn what_setup_refuses_is_told_by_the_check_that_it_belongs_to() {
    let refused = |code| {
        evidence(|before| {
            if let Ok(planned) = &mut before.planned {
                let resource = ResourceId::new(Kind::STREAM, "s");
                let hint = "do this".to_owned();
                planned.plan.refused.push(Refusal { resource, code, reason: "why".to_owned(), hint });
            }
        })
    };
    for (code, name) in [
        (Code::NotOurs, "names-free"),
        (Code::NotFound, "secrets-exist"),
        (Code::FilterLimit, "log-groups"),
        (Code::Immutable, "settings"),
    ] {
        let evidence = refused(code);
        for check in before::SETTINGS.checks {
            let finding = judged(&before::SETTINGS, check.name, &evidence).remove(0);
            let wanted = if check.name == name { State::Fault } else { State::Ok };
            assert_eq!(finding.state, wanted, "{code:?}, {}", check.name);
            if wanted == State::Fault {
                assert_eq!(finding.advice.as_deref(), Some("do this"));
                assert_eq!(finding.subject.as_deref(), Some("stream s"));
            }
        }
    }
}

#[test]
fn settings_that_are_wrong_are_a_fault_and_what_is_denied_is_unknown() {
    let of = |code| state(&before::SETTINGS, "settings", |b| b.planned = Err(Error::new(code, "why")));
    assert_eq!([Code::Config, Code::Usage, Code::NoBundle].map(of), [State::Fault; 3]);
    assert_eq!([Code::AccessDenied, Code::Unreachable].map(of), [State::Unknown; 2]);
}

#[test]
fn room_in_the_account_is_counted() {
    let shards = |shards| {
        state(&before::QUOTAS, "shards-left", |before| {
            let stack = &mut before.planned.as_mut().expect("a plan").stack;
            stack.stream.mode.value = StreamMode::Provisioned { shards };
        })
    };
    assert_eq!([shards(2), shards(3)], [State::Ok, State::Fault]);
    let on_demand = state(&before::QUOTAS, "shards-left", |before| {
        before.planned.as_mut().expect("a plan").stack.stream.mode.value = StreamMode::OnDemand;
    });
    assert_eq!(on_demand, State::Fault);

    let reserved = |reserved| {
        state(&before::QUOTAS, "concurrency-left", |before| {
            before.planned.as_mut().expect("a plan").stack.function.reserved_concurrency = reserved;
        })
    };
    // 100 of 103 stay for functions that reserve nothing.
    assert_eq!([reserved(Some(3)), reserved(Some(4)), reserved(None)], [State::Ok, State::Fault, State::Ok]);
    let many = state(&before::QUOTAS, "concurrency-left", |before| {
        let stack = &mut before.planned.as_mut().expect("a plan").stack;
        stack.stream.mode.value = StreamMode::Provisioned { shards: 104 };
    });
    assert_eq!(many, State::Warn, "they would wait for each other");
    let unknown = state(&before::QUOTAS, "shards-left", |b| b.streams = Err(Finding::unknown("denied")));
    assert_eq!(unknown, State::Unknown);
}
