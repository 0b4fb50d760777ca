//! The time of planning alone, without AWS, for 1 to 100,000 log groups.

use std::fmt::Write as _;
use std::time::{Duration, Instant};

use cwl2le::resources::{
    self, AccountsSpec, AlarmsSpec, Arch, FilterExtras, FilterOptions, FilterSpec, FunctionSpec, Isolation,
    LogGroupSpec, Observed, ObservedGroup, Release, RoleSpec, Stack, Start, StreamMode, StreamSpec,
    Subscriptions, TriggerSpec,
};
use cwl2le::stack::{Names, RoleScope, Setting, StackName, Tags, Target};
use serde_json::Value;

use crate::figures::thousands;
use crate::plot::Growth;

/// Adds a table to the report; returns the time for each number of log groups.
pub(crate) fn grow(report: &mut String) -> Growth {
    let mut growth = Growth::new();
    report.push_str("| planning for log groups | milliseconds | µs a log group |\n| ---: | ---: | ---: |\n");
    let stack = stack();
    for count in [1, 10, 100, 1_000, 10_000, 100_000] {
        let (observed, wanted) = account(&stack, count);
        let runs = (30_000 / count).clamp(3, 1_000);
        let begun = Instant::now();
        for _ in 0..runs {
            let plan = resources::bring_subscriptions(&stack, &wanted, &observed, &FilterOptions::default());
            assert_eq!(plan.steps.len(), count);
        }
        let seconds = begun.elapsed().as_secs_f64() / runs as f64;
        let (millis, each) = (seconds * 1e3, seconds * 1e6 / count as f64);
        let _ = writeln!(report, "| {} | {millis:.3} | {each:.2} |", thousands(count));
        growth.push((count, Duration::from_secs_f64(seconds)));
    }
    growth
}

/// An account with `count` log groups and no subscription filter, and the desired state: one on each.
fn account(stack: &Stack, count: usize) -> (Observed, Subscriptions) {
    let names: Vec<String> = (0..count).map(|n| format!("/aws/lambda/service-{n:06}")).collect();
    let group = ObservedGroup { class: "STANDARD".to_owned(), filters: Vec::new() };
    let groups = names.iter().map(|name| (name.clone(), group.clone())).collect();
    let filter = |log_group: &String| FilterSpec {
        log_group: log_group.clone(),
        name: stack.names.filter.clone(),
        pattern: Setting::asked(String::new()),
        distribution: Setting::asked(cwl2le::resources::Distribution::ByLogStream),
        destination_arn: stack.names.stream_arn(&stack.target),
        role_arn: Some(stack.logs_role.arn.clone()),
        extras: FilterExtras::default(),
    };
    let filters = names.iter().map(filter).collect();
    (Observed { groups, ..Observed::default() }, Subscriptions { filters, account_policy: None })
}

fn stack() -> Stack {
    let target =
        Target { account: "123456789012".to_owned(), region: "ap-northeast-1".parse().expect("a region") };
    let name = StackName::default();
    let names = Names::new(&name, &target.region, RoleScope::Plain);
    let role = |name: &str| RoleSpec {
        name: name.to_owned(),
        arn: target.iam_arn(format_args!("role/{name}")),
        path: "/".to_owned(),
        boundary: None,
        description: String::new(),
        trust: Value::Null,
        policy_name: name.to_owned(),
        policy: Value::Null,
    };
    Stack {
        stream: StreamSpec {
            why: None,
            mode: Setting::default(StreamMode::Provisioned { shards: 1 }),
            retention_hours: Setting::default(24),
            kms_key: Setting::default(None),
        },
        has_logs_role: true,
        logs_role: role(&names.logs_role),
        function_role: role(&names.function_role),
        log_group: LogGroupSpec { retention_days: Setting::default(14) },
        function: FunctionSpec {
            bundle: None,
            release: Release::own(),
            is_own_zip: false,
            allow_downgrade: false,
            ignores_rollback: false,
            arch: Setting::default(Arch::X86_64),
            memory_mb: Setting::default(256),
            timeout_seconds: Setting::default(60),
            config_is_complete: true,
            names_service: true,
            config: None,
            network: Setting::default(cwl2le::resources::Network::default()),
            reserved_concurrency: None,
        },
        trigger: TriggerSpec {
            batch_size: Setting::default(1000),
            window_seconds: Setting::default(1),
            parallelization: Setting::default(1),
            bisect: Setting::default(true),
            event_counts: Setting::asked(true),
            on_failure: Setting::default(None),
            max_age_seconds: -1,
            start: Start::default(),
        },
        isolation: Isolation::default(),
        accounts: AccountsSpec { accepted: None, role: role(&names.accounts_role) },
        alarms: AlarmsSpec::default(),
        dashboard: None,
        tags: Tags::new(),
        name,
        names,
        target,
    }
}
