//! Properties of plans over generated stacks and observations.

use std::sync::Arc;

use cwl2le_forwarder::config::Config;
use proptest::prelude::*;
use semver::Version;
use serde_json::json;

use crate::error::Code;
use crate::resources::model::{ARCHES, DISTRIBUTIONS, apply, apply_some};
use crate::resources::*;
use crate::resources::{
    Bundle, FilterExtras, FilterSpec, FunctionSpec, LogGroupSpec, Network, Release, RoleSpec, Stack,
    StreamMode, StreamSpec, TriggerSpec,
};
use crate::stack::{Names, RoleScope, Setting, StackName, Tags, Target, tags};

fn setting<T: Clone + std::fmt::Debug>(value: impl Strategy<Value = T>) -> impl Strategy<Value = Setting<T>> {
    (value, any::<bool>()).prop_map(|(value, explicit)| Setting { value, explicit })
}

fn mode() -> impl Strategy<Value = StreamMode> {
    prop_oneof![Just(StreamMode::OnDemand), (1u32..9).prop_map(|shards| StreamMode::Provisioned { shards })]
}

fn config() -> impl Strategy<Value = Config> {
    (0u8..3, any::<bool>()).prop_map(|(digit, tls)| {
        let token = format!("0000000{digit}-0000-0000-0000-000000000000");
        Config::from_json(
            &json!({"destinations": {"default": {
                "type": "logentries", "endpoint": "logs.example:443", "tls": tls, "token": token}}})
            .to_string(),
        )
        .expect("a valid configuration")
    })
}

fn alarms() -> impl Strategy<Value = AlarmsSpec> {
    let topic = Notify::Topic("arn:aws:sns:eu-west-1:000000000000:oncall".to_owned());
    let address = proptest::option::of(Just("a@example.com".to_owned()));
    let notify = prop_oneof![Just(Notify::AsItIs), Just(Notify::Nobody), Just(topic)];
    (notify, address, setting(1u32..60)).prop_map(|(notify, email, behind_minutes)| {
        let own = || Notify::Topic("arn:aws:sns:eu-west-1:000000000000:cwl2le-default-alarms".to_owned());
        let notify = if email.is_some() { own() } else { notify };
        AlarmsSpec { notify, email, behind_minutes }
    })
}

fn accepted() -> impl Strategy<Value = Option<Accepted>> {
    let ids = proptest::collection::btree_set("[1-3]{12}", 1..4);
    prop_oneof![
        Just(None),
        Just(Some(Accepted::Nobody)),
        ids.prop_map(|ids| Some(Accepted::Accounts(ids))),
        Just(Some(Accepted::Organization("o-a1b2c3d4e5".to_owned()))),
    ]
}

pub(crate) fn role(target: &Target, name: &str, version: u8) -> RoleSpec {
    RoleSpec {
        name: name.to_owned(),
        arn: target.iam_arn(format_args!("role/{name}")),
        path: "/".to_owned(),
        boundary: None,
        description: String::new(),
        trust: json!({"Statement": []}),
        policy_name: match name.contains("kinesis") {
            true => "cwl-kinesis-write".to_owned(),
            false => "cwl-logentries-forward".to_owned(),
        },
        policy: json!({"Statement": [{"Effect": "Allow", "Action": format!("a:V{version}"), "Resource": "*"}]}),
    }
}

/// The role of a function in this network.
fn connecting(mut role: RoleSpec, network: &Network) -> RoleSpec {
    if network.is_private() {
        role.policy["Statement"][0]["Action"] = json!("ec2:CreateNetworkInterface");
    }
    role
}

fn network() -> impl Strategy<Value = Network> {
    let ids = |word: &'static str| {
        proptest::collection::btree_set((0u8..3).prop_map(move |id| format!("{word}-{id}")), 1..3)
    };
    let private = (ids("subnet"), ids("sg"), any::<bool>());
    let private =
        private.prop_map(|(subnets, security_groups, ipv6)| Network { subnets, security_groups, ipv6 });
    prop_oneof![Just(Network::default()), private]
}

prop_compose! {
    pub(crate) fn stacks()(
        stream_mode in setting(mode()),
        retention_hours in setting(24u32..200),
        kms in setting(proptest::option::of(Just("arn:aws:kms:eu-west-1:000000000000:key/k".to_owned()))),
        days in setting(1u32..30),
        memory_mb in setting(128u32..1024),
        timeout_seconds in setting(10u32..900),
        batch_size in setting(1u32..10_000),
        window_seconds in setting(0u32..300),
        parallelization in setting(1u32..10),
        config in config(),
        reserved_concurrency in proptest::option::of(1u32..5),
        arch in 0usize..2,
        code in 0u8..3,
        minor in 0u64..3,
        policy in 0u8..3,
        user_tag in proptest::option::of("[a-z]{1,4}"),
        event_counts in any::<bool>(),
        on_failure in setting(proptest::option::of(Just("arn:aws:s3:::expired".to_owned()))),
        alarms in alarms(),
        dashboard in any::<Option<bool>>(),
        accepted in accepted(),
        network in setting(network()),
    ) -> Stack {
        let target = Target {
            account: "000000000000".to_owned(),
            region: "eu-west-1".parse().expect("a region"),
        };
        let name = StackName::default();
        let names = Names::new(&name, &target.region, RoleScope::Plain);
        let arch = ARCHES[arch];
        let user: Tags = user_tag.map(|t| ("team".to_owned(), t)).into_iter().collect();
        Stack {
            stream: StreamSpec { mode: stream_mode, why: None, retention_hours, kms_key: kms },
            logs_role: role(&target, &names.logs_role, policy),
            has_logs_role: true,
            function_role: connecting(role(&target, &names.function_role, policy), &network.value),
            log_group: LogGroupSpec { retention_days: days },
            function: FunctionSpec {
                bundle: Some(Bundle { arch, zip: Arc::from([]), sha256: format!("sha-{arch}-{code}-{minor}") }),
                release: Release { version: Version::new(0, minor, 0), source: format!("source-{code}") },
                is_own_zip: false,
                // Any stack is to be reached from any other.
                allow_downgrade: true,
                ignores_rollback: false,
                arch: Setting::asked(arch),
                memory_mb,
                timeout_seconds,
                config: Some(config),
                config_is_complete: true,
                names_service: true,
                reserved_concurrency,
                network,
            },
            trigger: TriggerSpec {
                batch_size,
                window_seconds,
                parallelization,
                bisect: Setting::asked(true),
                event_counts: Setting::asked(event_counts),
                on_failure,
                max_age_seconds: -1,
                start: crate::resources::Start::default(),
            },
            isolation: crate::resources::Isolation::default(),
            accounts: AccountsSpec {
                role: RoleSpec {
                    trust: accepted.as_ref().map(|accepted| accepted.trust(&target)).unwrap_or_default(),
                    ..role(&target, &names.accounts_role, policy)
                },
                accepted,
            },
            alarms,
            dashboard,
            tags: tags(&name, &target.region, &user),
            name,
            names,
            target,
        }
    }
}

pub(crate) fn filters(
    stack: &Stack,
    groups: &[String],
    pattern: &str,
    distribution: usize,
) -> Vec<FilterSpec> {
    groups
        .iter()
        .map(|group| FilterSpec {
            log_group: group.clone(),
            name: stack.names.filter.clone(),
            pattern: Setting::asked(pattern.to_owned()),
            distribution: Setting::asked(DISTRIBUTIONS[distribution]),
            destination_arn: stack.sink_arn(),
            role_arn: stack.subscription_role(),
            extras: FilterExtras::default(),
        })
        .collect()
}

pub(crate) fn foreign_filter() -> ObservedFilter {
    ObservedFilter {
        name: "theirs".to_owned(),
        pattern: String::new(),
        destination_arn: "arn:aws:kinesis:eu-west-1:000000000000:stream/theirs".to_owned(),
        role_arn: None,
        distribution: DISTRIBUTIONS[0],
        extras: FilterExtras::default(),
    }
}

pub(crate) fn empty_account(groups: &[String]) -> Observed {
    let group = ObservedGroup { class: "STANDARD".to_owned(), filters: vec![foreign_filter()] };
    Observed {
        groups: groups.iter().map(|name| (name.clone(), group.clone())).collect(),
        ..Observed::default()
    }
}

pub(crate) fn group_names() -> impl Strategy<Value = Vec<String>> {
    proptest::collection::btree_set("/app/[a-z]{1,3}", 0..4).prop_map(|set| set.into_iter().collect())
}

/// Plans from what is there, and applies that.
pub(crate) fn run(stack: &Stack, account: &mut Observed, make: impl Fn(&Observed) -> Plan) {
    let plan = make(account);
    apply(stack, account, &plan);
}

pub(crate) fn whole(stack: &Stack, specs: &[FilterSpec], observed: &Observed) -> Plan {
    setup(stack, observed, false).and(subscribe(stack, specs, observed, &FilterOptions::default()))
}

proptest! {
    /// What was applied needs no second time.
    #[test]
    fn planning_after_applying_yields_nothing(stack in stacks(), groups in group_names(), d in 0usize..2) {
        let specs = filters(&stack, &groups, "{ $.level > 0 }", d);
        let mut account = empty_account(&groups);
        run(&stack, &mut account, |is| whole(&stack, &specs, is));
        let again = whole(&stack, &specs, &account);
        prop_assert!(again.is_empty() && again.refused.is_empty(), "{again}");
    }

    /// From any earlier stack, the later one is reached, and then nothing is left to do.
    #[test]
    fn another_stack_is_reached_from_any_other(before in stacks(), after in stacks(), d in 0usize..2) {
        let groups = vec!["/app/a".to_owned()];
        let mut account = empty_account(&groups);
        run(&before, &mut account, |is| whole(&before, &filters(&before, &groups, "a", 0), is));
        let specs = filters(&after, &groups, "b", d);
        let plan = whole(&after, &specs, &account);
        prop_assert!(plan.refused.is_empty(), "{plan}");
        apply(&after, &mut account, &plan);
        let again = whole(&after, &specs, &account);
        prop_assert!(again.is_empty(), "{again}");
    }

    /// Interrupted after any number of actions, the next run completes and the next teardown removes everything.
    #[test]
    fn an_interrupted_run_is_completed_by_the_next(stack in stacks(), groups in group_names(), count in 0usize..20) {
        let specs = filters(&stack, &groups, "", 0);
        let mut account = empty_account(&groups);
        let plan = whole(&stack, &specs, &account);
        apply_some(&stack, &mut account, &plan, count);

        let mut torn = account.clone();
        run(&stack, &mut torn, |is| teardown(&stack, is, &TeardownOptions::default()));
        prop_assert_eq!(&torn, &empty_account(&groups));

        run(&stack, &mut account, |is| whole(&stack, &specs, is));
        let again = whole(&stack, &specs, &account);
        prop_assert!(again.is_empty() && again.refused.is_empty(), "{again}");
    }

    /// A teardown leaves just what was there before, whatever point it was interrupted at.
    #[test]
    fn a_teardown_leaves_what_was_there(stack in stacks(), groups in group_names(), count in 0usize..12) {
        let mut account = empty_account(&groups);
        run(&stack, &mut account, |is| whole(&stack, &filters(&stack, &groups, "", 0), is));
        let plan = teardown(&stack, &account, &TeardownOptions::default());
        prop_assert!(plan.steps.windows(2).all(|w| w[0].stage <= w[1].stage));
        apply_some(&stack, &mut account, &plan, count);
        run(&stack, &mut account, |is| teardown(&stack, is, &TeardownOptions::default()));
        prop_assert_eq!(&account, &empty_account(&groups));
        let again = teardown(&stack, &account, &TeardownOptions::default());
        prop_assert!(again.is_empty() && again.kept.is_empty());
    }

    /// Without our tags nothing is changed and nothing is deleted, whatever it is named.
    #[test]
    fn what_is_not_ours_is_never_touched(stack in stacks(), which in 0u8..31) {
        let mut account = empty_account(&[]);
        run(&stack, &mut account, |is| whole(&stack, &[], is));
        account.triggers.clear();
        if which & 1 != 0 { account.stream.as_mut().expect("made").tags.clear(); }
        if which & 2 != 0 { account.logs_role.as_mut().expect("made").tags.clear(); }
        if which & 4 != 0 { account.function_role.as_mut().expect("made").tags.clear(); }
        if which & 8 != 0 { account.log_group.as_mut().expect("made").tags.clear(); }
        if which & 16 != 0 { account.function.as_mut().expect("made").tags.clear(); }
        let before = account.clone();

        let plan = setup(&stack, &account, false);
        prop_assert_eq!(plan.refused.len(), which.count_ones() as usize);
        prop_assert!(plan.refused.iter().all(|r| r.code == Code::NotOurs));

        let plan = teardown(&stack, &account, &TeardownOptions::default());
        // Under a function of others its role and its log group stay as well.
        let used = if which & 16 != 0 { (which | 4 | 8).count_ones() } else { which.count_ones() };
        prop_assert_eq!(plan.kept.len(), used as usize);
        apply(&stack, &mut account, &plan);
        if which & 1 != 0 { prop_assert_eq!(&account.stream, &before.stream); }
        if which & 2 != 0 { prop_assert_eq!(&account.logs_role, &before.logs_role); }
        if which & 4 != 0 { prop_assert_eq!(&account.function_role, &before.function_role); }
        if which & 8 != 0 { prop_assert_eq!(&account.log_group, &before.log_group); }
        if which & 16 != 0 { prop_assert_eq!(&account.function, &before.function); }
    }

    /// Adopting makes it ours, so that the next run changes nothing and a teardown removes it.
    #[test]
    fn what_is_adopted_is_ours(stack in stacks()) {
        let mut account = empty_account(&[]);
        run(&stack, &mut account, |is| whole(&stack, &[], is));
        account.stream.as_mut().expect("made").tags.clear();
        account.logs_role.as_mut().expect("made").tags.clear();
        let plan = setup(&stack, &account, true);
        prop_assert!(plan.refused.is_empty(), "{plan}");
        prop_assert!(plan.steps.iter().all(|step| step.verb == Verb::Adopt));
        apply(&stack, &mut account, &plan);
        prop_assert!(setup(&stack, &account, false).is_empty());
    }
}

pub(crate) fn one_stack() -> Stack {
    use proptest::strategy::ValueTree;
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let mut stack = stacks().new_tree(&mut runner).expect("a stack").current();
    stack.accounts.accepted = None;
    stack
}

#[test]
fn a_stream_that_others_use_stays() {
    let stack = one_stack();
    let mut account = empty_account(&["/app/a".to_owned()]);
    run(&stack, &mut account, |is| whole(&stack, &[], is));
    let to_ours =
        ObservedFilter { destination_arn: stack.names.stream_arn(&stack.target), ..foreign_filter() };
    account.groups.get_mut("/app/a").expect("there").filters.push(to_ours);
    let kept = |options| {
        let plan = teardown(&stack, &account, &options);
        plan.kept.iter().any(|k| k.resource.kind == Kind::STREAM)
    };
    assert!(kept(TeardownOptions::default()));
    assert!(!kept(TeardownOptions { force: true, filter_name: None }));
    assert!(!kept(TeardownOptions { force: false, filter_name: Some("theirs".to_owned()) }));
}

#[test]
fn a_plan_shows_no_token() {
    let stack = one_stack();
    let plan = setup(&stack, &Observed::default(), false);
    let token = "-0000-0000-0000-000000000000";
    let json = serde_json::to_string(&plan).expect("a plan is JSON");
    for text in [plan.to_string(), json, format!("{plan:?}")] {
        assert!(!text.contains(token), "{text}");
    }
}

#[test]
fn an_environment_over_4_kb_is_refused_with_its_sizes() {
    let mut stack = one_stack();
    let token = "00000000-0000-0000-0000-000000000000";
    let destinations: serde_json::Map<_, _> = (0..60)
        .map(|n| (format!("service-{n}"), json!({"type": "logentries", "region": "eu", "token": token})))
        .collect();
    let config = Config::from_json(&json!({"destinations": destinations}).to_string()).expect("valid");
    stack.function.config = Some(config);
    let plan = setup(&stack, &Observed::default(), false);
    let refusal = plan.refused.first().expect("refused");
    assert_eq!(refusal.code, Code::Config);
    assert!(
        refusal.reason.contains("4096") && refusal.reason.contains("CWL2LE_CONFIG"),
        "{}",
        refusal.reason
    );
    assert!(refusal.hint.contains("--stack NAME") && !refusal.hint.contains("routes"), "{}", refusal.hint);
}

#[test]
fn routes_over_4_kb_are_refused_with_the_commands_that_help_and_fit_once_they_are_elsewhere() {
    let mut stack = one_stack();
    let one = json!({"a": {"type": "logentries", "region": "eu", "token": {"ssm": "/a"}}});
    let routes: Vec<_> =
        (0..100).map(|n| json!({"log_group": format!("/team/{n}/*"), "destination": "a"})).collect();
    let config = json!({"destinations": one, "routes": routes});
    stack.function.config = Config::from_json(&config.to_string()).ok();
    let plan = setup(&stack, &Observed::default(), false);
    let refusal = plan.refused.first().expect("refused");
    insta::assert_snapshot!(format!("{}\nhint: {}", refusal.reason, refusal.hint));

    let config = json!({"destinations": one, "routes_from": {"secretsmanager": "cwl2le-routes"}});
    stack.function.config = Config::from_json(&config.to_string()).ok();
    let plan = setup(&stack, &Observed::default(), false);
    assert!(plan.refused.is_empty() && plan.to_string().contains("cwl2le-routes"), "{plan}");
}

#[test]
fn an_update_of_a_filter_keeps_what_cwl2le_does_not_know() {
    let stack = one_stack();
    let groups = vec!["/app/a".to_owned()];
    let mut account = empty_account(&groups);
    run(&stack, &mut account, |is| whole(&stack, &filters(&stack, &groups, "", 0), is));
    let extras = FilterExtras {
        apply_on_transformed_logs: true,
        emit_system_fields: vec!["@aws.account".to_owned()],
        field_selection_criteria: Some("@aws.region = \"eu-west-1\"".to_owned()),
    };
    let ours = |account: &mut Observed, extras: Option<&FilterExtras>| {
        let filters = &mut account.groups.get_mut("/app/a").expect("there").filters;
        let filter = filters.iter_mut().find(|filter| filter.name == stack.names.filter).expect("ours");
        if let Some(extras) = extras {
            filter.extras.clone_from(extras);
        }
        filter.clone()
    };
    ours(&mut account, Some(&extras));
    run(&stack, &mut account, |is| whole(&stack, &filters(&stack, &groups, "{ $.level > 0 }", 1), is));
    let after = ours(&mut account, None);
    assert_eq!((after.pattern.as_str(), after.extras), ("{ $.level > 0 }", extras));
}

#[test]
fn a_path_that_cannot_change_is_refused() {
    let mut stack = one_stack();
    let mut account = empty_account(&[]);
    run(&stack, &mut account, |is| whole(&stack, &[], is));
    stack.logs_role.path = "/service/".to_owned();
    let plan = setup(&stack, &account, false);
    assert_eq!(plan.refused.iter().map(|refusal| refusal.code).collect::<Vec<_>>(), [Code::Immutable]);
}

#[test]
fn a_plan_shows_destinations_and_routes_and_no_token() {
    let config = |json: serde_json::Value| Config::from_json(&json.to_string()).expect("valid");
    let token = |digit: u8| format!("0000000{digit}-0000-0000-0000-000000000000");
    let one =
        config(json!({"destinations": {"a": {"type": "logentries", "region": "eu", "token": token(1)}}}));
    let two = config(json!({
        "destinations": {
            "a": {"type": "logentries", "region": "us", "token": token(2)},
            "b": {"type": "logentries", "endpoint": "h:1", "token": {"ssm": "/b"}}},
        "default": "a",
        "hash_key": "never to be shown",
        "routes": [{"log_group": "/audit/*", "destination": "b", "shape": {"redact": [{"find": ["email"]}]}}]}));
    let mut stack = one_stack();
    stack.function.config = Some(one);
    let mut account = empty_account(&[]);
    run(&stack, &mut account, |is| whole(&stack, &[], is));
    stack.function.config = Some(two);
    insta::assert_snapshot!(setup(&stack, &account, false));
}
