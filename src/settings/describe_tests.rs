//! Files that describe an account: read again, they find nothing to change in it.

use std::collections::BTreeMap;

use cwl2le_forwarder::config::{CONFIG_ENV, Destination};
use cwl2le_forwarder::secret::{Secret, Sensitive};
use proptest::prelude::*;

use super::tests::{TOKEN, flags, parse, stack, target};
use super::*;
use crate::resources::alias::LIVE;
use crate::resources::alias::model::published;
use crate::resources::{
    self, AccountPolicy, AccountPolicySpec, Arch, Distribution, EnvValue, FilterExtras, FilterOptions,
    Observed, ObservedFilter, ObservedFunction, ObservedGroup, ObservedRole, ObservedStream, Stack,
    StreamStatus, max_record_age,
};
use crate::stack::{RoleScope, Setting, StackName};

/// An account in which a stack was set up and subscribed, and the tokens that the function has inline.
pub(super) fn account(stack: &Stack) -> (Observed, BTreeMap<String, String>) {
    let role = |spec: &crate::resources::RoleSpec| ObservedRole {
        name: spec.name.clone(),
        arn: spec.arn.clone(),
        path: spec.path.clone(),
        boundary: spec.boundary.clone(),
        trust: spec.trust.clone(),
        policies: BTreeMap::from([(spec.policy_name.clone(), spec.policy.clone())]),
        attached: Vec::new(),
        tags: stack.tags.clone(),
    };
    let config = stack.function.config.clone().unwrap_or_default();
    let observed = Observed {
        stream: Some(ObservedStream {
            arn: stack.names.stream_arn(&stack.target),
            status: StreamStatus::Active,
            mode: stack.stream.mode.value,
            open_shards: 4,
            retention_hours: stack.stream.retention_hours.value,
            kms_key: stack.stream.kms_key.value.clone(),
            tags: stack.tags.clone(),
            consumers: Vec::new(),
        }),
        logs_role: Some(role(&stack.logs_role)),
        function_role: Some(role(&stack.function_role)),
        log_group: Some(crate::resources::ObservedLogGroup {
            filters: Vec::new(),
            name: stack.names.function_log_group.clone(),
            arn: String::new(),
            retention_days: Some(stack.log_group.retention_days.value),
            tags: stack.tags.clone(),
        }),
        function: Some(published(ObservedFunction {
            arn: stack.names.function_arn(&stack.target),
            runtime: crate::resources::RUNTIME.to_owned(),
            role_arn: stack.function_role.arn.clone(),
            arch: stack.function.arch.value,
            memory_mb: stack.function.memory_mb.value,
            timeout_seconds: stack.function.timeout_seconds.value,
            code_sha256: String::new(),
            description: String::new(),
            environment: BTreeMap::from([(CONFIG_ENV.to_owned(), EnvValue(config.to_json()))]),
            hidden_environment: None,
            reserved_concurrency: stack.function.reserved_concurrency,
            log_group: None,
            settled: true,
            failure: None,
            modified: None,
            tags: stack.tags.clone(),
            network: stack.function.network.value.clone(),
            others: BTreeMap::new(),
            versions: Vec::new(),
            aliases: BTreeMap::new(),
        })),
        triggers: vec![crate::resources::ObservedTrigger {
            qualifier: Some(LIVE.to_owned()),
            is_filtered: false,
            tumbling_window_seconds: 0,
            uuid: "uuid".to_owned(),
            source_arn: stack.names.stream_arn(&stack.target),
            state: crate::resources::TriggerState::Enabled,
            last_result: None,
            batch_size: stack.trigger.batch_size.value,
            window_seconds: stack.trigger.window_seconds.value,
            parallelization: stack.trigger.parallelization.value,
            bisect: true,
            event_counts: stack.trigger.event_counts.value,
            max_retries: -1,
            max_age_seconds: max_record_age(
                stack.trigger.on_failure.value.is_some(),
                stack.stream.retention_hours.value,
            ),
            reports_item_failures: true,
            starting_position: "TRIM_HORIZON".to_owned(),
            on_failure: stack.trigger.on_failure.value.clone(),
        }],
        ..Observed::default()
    };
    let inline = config.destinations.iter().filter_map(|(name, destination)| {
        let Destination::Logentries(logentries) = destination else { return None };
        let Secret::Inline(token) = &logentries.token else { return None };
        Some((name.clone(), token.expose().to_owned()))
    });
    (observed, inline.collect())
}

/// Names and patterns with what TOML has to escape.
fn odd() -> impl Strategy<Value = String> {
    "[a-z /\"'\\\\#\\[\\]{}$.=\n\té日]{0,8}"
}

fn filter() -> impl Strategy<Value = ObservedFilter> {
    (odd(), any::<bool>(), 0u8..3).prop_map(|(pattern, random, pin)| ObservedFilter {
        name: ["cloudwatchLogsFilter", "cloudwatchLogsFilter@a", "theirs"][usize::from(pin)].to_owned(),
        pattern,
        destination_arn: "arn:aws:kinesis:eu-west-1:123456789012:stream/cloudwatch-logs-stream".to_owned(),
        role_arn: Some("arn:aws:iam::123456789012:role/cwl-to-kinesis".to_owned()),
        distribution: if random { Distribution::Random } else { Distribution::ByLogStream },
        extras: FilterExtras::default(),
    })
}

prop_compose! {
    fn files()(
        shards in proptest::option::of(1u32..9),
        hours in 24u32..200,
        memory in 128u32..1024,
        arm in any::<bool>(),
        reserved in proptest::option::of(1u32..9),
        tags in proptest::collection::btree_map("[a-zé .]{1,4}", "[a-z /=.@é日]{0,8}", 0..3),
        routes in proptest::collection::vec("[/a-z*?\"]{1,5}", 0..3),
        boundary in any::<bool>(),
        kept in any::<bool>(),
        secret in 0u8..3,
    ) -> String {
        let quoted = |text: &str| toml::Value::String(text.to_owned()).to_string();
        let mut text = match shards {
            Some(shards) => format!("[stream]\nshards = {shards}\n"),
            None => "[stream]\non_demand = true\n".to_owned(),
        };
        let arch = if arm { Arch::Arm64 } else { Arch::X86_64 };
        text += &format!("retention_hours = {hours}\n[function]\nmemory = {memory}\narch = \"{arch}\"\n");
        if let Some(reserved) = reserved {
            text += &format!("reserved_concurrency = {reserved}\n");
        }
        if kept {
            text += "quarantine = \"s3://set-aside/a=b/c\"\n[trigger]\non_failure = \"arn:aws:s3:::expired\"\n";
        }
        if boundary {
            text += "[roles]\npermissions_boundary = \"arn:aws:iam::123456789012:policy/b\"\n";
        }
        text += "[tags]\n";
        for (key, value) in &tags {
            text += &format!("{} = {}\n", quoted(key), quoted(value));
        }
        let secret = ["\"01234567-89ab-cdef-0123-456789abcdef\"", "{ ssm = \"/t\" }", "{ secretsmanager = \"t\" }"]
            [usize::from(secret)];
        text += &format!("[destinations.a]\ntype = \"logentries\"\nregion = \"eu\"\ntoken = {secret}\n");
        for route in &routes {
            text += &format!("[[routes]]\nlog_group = {}\ndestination = \"a\"\n", quoted(route));
        }
        text
    }
}

proptest! {
    /// What describes an account is read again, and finds nothing to change there.
    #[test]
    fn what_describes_an_account_changes_nothing_in_it(
        text in files(),
        groups in proptest::collection::btree_map("/[a-z]{1,3}", proptest::collection::vec(filter(), 0..3), 0..5),
        policy in proptest::option::of((odd(), any::<bool>(), proptest::collection::btree_set("/[a-z]{1,3}", 0..3))),
    ) {
        let stack = stack(&[], &text, &Observed::default()).expect("a stack");
        let (mut observed, inline) = account(&stack);
        for (name, mut filters) in groups {
            let mut seen = std::collections::BTreeSet::new();
            filters.retain(|filter| seen.insert(filter.name.clone()));
            observed.groups.insert(name, ObservedGroup { class: "STANDARD".to_owned(), filters });
        }
        observed.account_policy = policy.map(|(pattern, pinned, mut excluded)| {
            let stream = stack.names.stream_arn(&stack.target);
            // As a plan leaves it: what has a filter and what would feed itself is left out.
            let has_filter = |group: &ObservedGroup| group.filters.iter().any(|f| f.destination_arn == stream);
            let own = observed.groups.iter().filter(|(_, group)| has_filter(group)).map(|(name, _)| name.clone());
            excluded.extend(own.chain([stack.names.function_log_group.clone()]));
            let spec = AccountPolicySpec {
                name: format!("cloudwatchLogsFilter{}", if pinned { "@a" } else { "" }),
                pattern: Setting::asked(pattern),
                distribution: Setting::asked(Distribution::Random),
                destination_arn: stream,
                role_arn: Some(stack.logs_role.arn.clone()),
                excluded: std::collections::BTreeSet::new(),
            };
            AccountPolicy::of(&spec, excluded)
        });
        let bare = bare_stack(&StackName::default(), &target(), RoleScope::Plain, &observed);
        let (mut described, variables) = describe(&bare, &observed);
        prop_assert_eq!(variables.len(), inline.len());
        prop_assert!(!described.contains(TOKEN));
        for (variable, token) in variables.iter().zip(inline.values()) {
            described = described.replace(&format!("{{ env = \"{variable}\" }}"), &format!("\"{token}\""));
        }

        let file = parse(&described).unwrap_or_else(|error| panic!("{error}\n{described}"));
        let wanted = wanted_stack(&flags(&[]), Some(&file), &StackName::default(), &target(), RoleScope::Plain, &observed)
            .expect("a stack");
        let chosen = subscriptions::choose(&file, &wanted, &observed, &BTreeMap::new()).expect("chosen");
        let plan = resources::setup(&wanted, &observed, false)
            .and(resources::bring_subscriptions(&wanted, &chosen.wanted, &observed, &FilterOptions::default()));
        // Without any subscription the file says nothing of them, and `setup` leaves them alone.
        prop_assert!(plan.is_empty() && plan.refused.is_empty(), "{plan}\n{described}");
    }
}
