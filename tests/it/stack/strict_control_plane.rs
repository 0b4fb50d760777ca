//! Plans applied to moto, whose control plane refuses what AWS refuses, and to the local AWS.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use cwl2le::apply::{What, apply};
use cwl2le::aws::{Keys, Options, Session, Stop};
use cwl2le::error::Code;
use cwl2le::resources::role::documents::{self, Grants};
use cwl2le::resources::{
    self, AccountsSpec, AlarmsSpec, Arch, Bundle, Depth, Distribution, FilterExtras, FilterOptions,
    FilterSpec, FunctionFailure, FunctionSpec, Isolation, LogGroupSpec, Network, Observed, Plan, Release,
    RoleSpec, Stack, Start, StreamMode, StreamSpec, TeardownOptions, TriggerSpec, observe,
};
use cwl2le::stack::{Names, RoleScope, Setting, StackName, Tags, Target, tags};
use cwl2le_forwarder::config::Config;
use cwl2le_local::Cache;
use cwl2le_local::moto::Moto;
use tokio::sync::{Notify, OnceCell};

use crate::support::aws::{Home, app_name, shared};

const REGION: &str = "ap-northeast-1";

fn options(endpoint: &str, id: &str) -> Options {
    Options {
        region: Some(REGION.to_owned()),
        endpoint_url: Some(endpoint.to_owned()),
        keys: Some(Keys { id: id.to_owned(), secret: "test".to_owned() }),
        patience: Some(Duration::from_secs(20)),
        ..Options::default()
    }
}

fn wanted(target: &Target, scope: RoleScope) -> Stack {
    let name = StackName::default();
    let names = Names::new(&name, &target.region, scope);
    let grants = Grants::default();
    let role = |role: &str, trust, policy_name: &str, policy| RoleSpec {
        name: role.to_owned(),
        arn: target.iam_arn(format_args!("role/{role}")),
        path: "/".to_owned(),
        boundary: None,
        description: "of a test".to_owned(),
        trust,
        policy_name: policy_name.to_owned(),
        policy,
    };
    let config = r#"{"destinations":{"default":{"type":"logentries","endpoint":"localhost:1","tls":false,
        "token":"2bfbea1e-10c3-4419-bdad-7e6435882e1f"}}}"#;
    Stack {
        stream: StreamSpec {
            mode: Setting::default(StreamMode::Provisioned { shards: 1 }),
            why: None,
            retention_hours: Setting::default(24),
            kms_key: Setting::default(None),
        },
        has_logs_role: true,
        logs_role: role(
            &names.logs_role,
            documents::logs_trust(target),
            &names.logs_policy,
            documents::logs_policy(target, &names, &grants),
        ),
        function_role: role(
            &names.function_role,
            documents::function_trust(target),
            &names.function_policy,
            documents::function_policy(target, &names, &grants),
        ),
        log_group: LogGroupSpec { retention_days: Setting::default(30) },
        function: FunctionSpec {
            bundle: Some(bundle()),
            release: Release::own(),
            is_own_zip: false,
            allow_downgrade: false,
            ignores_rollback: false,
            arch: Setting::default(Arch::X86_64),
            memory_mb: Setting::default(256),
            timeout_seconds: Setting::default(60),
            config_is_complete: true,
            names_service: true,
            config: Some(Config::from_json(config).expect("a configuration")),
            reserved_concurrency: None,
            network: Setting::default(Network::default()),
        },
        trigger: TriggerSpec {
            batch_size: Setting::default(500),
            window_seconds: Setting::default(1),
            parallelization: Setting::default(1),
            bisect: Setting::default(true),
            event_counts: Setting::asked(true),
            on_failure: Setting::default(None),
            max_age_seconds: -1,
            start: Start::default(),
        },
        isolation: Isolation::default(),
        accounts: AccountsSpec {
            role: role(
                &names.accounts_role,
                serde_json::Value::Null,
                &names.logs_policy,
                documents::logs_policy(target, &names, &grants),
            ),
            // Moto has no destinations worth the name.
            accepted: None,
        },
        alarms: AlarmsSpec::default(),
        dashboard: None,
        tags: tags(&name, &target.region, &Tags::new()),
        name,
        names,
        target: target.clone(),
    }
}

/// The forwarder itself: it is started.
fn bundle() -> Bundle {
    cwl2le::bundle::bundled(Arch::X86_64).expect("a bundled forwarder")
}

fn filter(stack: &Stack, log_group: &str) -> FilterSpec {
    FilterSpec {
        log_group: log_group.to_owned(),
        name: stack.names.filter.clone(),
        pattern: Setting::default("{ $.level > 0 }".to_owned()),
        distribution: Setting::default(Distribution::ByLogStream),
        destination_arn: stack.names.stream_arn(&stack.target),
        role_arn: Some(stack.logs_role.arn.clone()),
        extras: FilterExtras::default(),
    }
}

async fn look(session: &Session, groups: &[&str], depth: Depth) -> (Stack, Observed) {
    let groups: Vec<String> = groups.iter().map(|group| (*group).to_owned()).collect();
    let (scope, observed) =
        observe(session, &StackName::default(), &groups, depth).await.unwrap_or_else(|e| panic!("{e:?}"));
    (wanted(&session.target, scope), observed)
}

async fn do_it(session: &Session, plan: &Plan) {
    assert_eq!(plan.refused, [], "{plan}");
    let done = apply(session, plan, &|_| ()).await.unwrap_or_else(|e| panic!("{e:?}\n{plan}"));
    assert_eq!(done.done.len(), plan.steps.len());
}

/// Setup, setup again, other stages with these modes of the stream, teardown, teardown again.
async fn lives_and_leaves_nothing(session: &Session, modes: &[StreamMode]) {
    let (stack, observed) = look(session, &[], Depth::Stack).await;
    assert_eq!(observed, Observed::default(), "nothing is there before");
    let plan = resources::setup(&stack, &observed, false);
    do_it(session, &plan).await;

    let (stack, observed) = look(session, &[], Depth::Stack).await;
    let again = resources::setup(&stack, &observed, false);
    assert!(again.is_empty() && again.refused.is_empty(), "{again}");

    for mode in modes {
        let (stack, observed) = look(session, &[], Depth::Stack).await;
        let mut more = stack.clone();
        more.stream.mode = Setting::asked(*mode);
        more.stream.retention_hours = Setting::asked(48);
        more.function.memory_mb = Setting::asked(512);
        more.trigger.batch_size = Setting::asked(100);
        more.log_group.retention_days = Setting::asked(7);
        more.tags.insert("team".to_owned(), "logs".to_owned());
        let plan = resources::setup(&more, &observed, false);
        assert!(!plan.is_empty(), "{mode:?} changes the stream");
        do_it(session, &plan).await;
        let (_, observed) = look(session, &[], Depth::Stack).await;
        let again = resources::setup(&more, &observed, false);
        assert!(again.is_empty() && again.refused.is_empty(), "{again}");
    }

    let (stack, observed) = look(session, &[], Depth::Everything).await;
    do_it(session, &resources::teardown(&stack, &observed, &TeardownOptions::default())).await;
    let (stack, observed) = look(session, &[], Depth::Everything).await;
    assert_eq!(observed, Observed::default(), "nothing is left");
    assert!(resources::teardown(&stack, &observed, &TeardownOptions::default()).is_empty());
}

/// A function that AWS failed to make is deleted and made anew, and its trigger goes on with the new one.
async fn replaces_a_failed_function(session: &Session) {
    let (stack, observed) = look(session, &[], Depth::Stack).await;
    do_it(session, &resources::setup(&stack, &observed, false)).await;
    let (stack, healthy) = look(session, &[], Depth::Stack).await;
    // Neither of the two fails at a function: only the reading is made up.
    let mut observed = healthy.clone();
    let function = observed.function.as_mut().expect("the function");
    function.failure = Some(FunctionFailure::Creation("the key is disabled".to_owned()));
    let plan = resources::setup(&stack, &observed, false);
    assert_eq!(
        plan.steps.iter().map(|step| step.verb).collect::<Vec<_>>(),
        [resources::Verb::Replace, resources::Verb::Create],
        "{plan}"
    );
    do_it(session, &plan).await;
    let (stack, observed) = look(session, &[], Depth::Stack).await;
    let again = resources::setup(&stack, &observed, false);
    assert!(again.is_empty() && again.refused.is_empty(), "{again}");
    assert_eq!(observed.triggers, healthy.triggers, "the trigger stays");
    let (stack, observed) = look(session, &[], Depth::Everything).await;
    do_it(session, &resources::teardown(&stack, &observed, &TeardownOptions::default())).await;
}

/// An account of its own on the moto that the tests share: who assumes a role of another account is in that account.
async fn moto(account: &str) -> Options {
    static MOTO: OnceCell<Moto> = OnceCell::const_new();
    let start = async || {
        let cache = Cache::open().expect("a cache");
        Moto::start(&cache, &|_| ()).await.unwrap_or_else(|error| panic!("{error:?}"))
    };
    let endpoint = MOTO.get_or_init(start).await.endpoint();
    let config = aws_config::SdkConfig::builder()
        .behavior_version(aws_config::BehaviorVersion::latest())
        .region(aws_config::Region::new(REGION))
        .app_name(app_name())
        .endpoint_url(endpoint)
        .credentials_provider(SharedCredentialsProvider::new(Credentials::new(
            "test", "test", None, None, "test",
        )))
        .http_client(aws_smithy_http_client::Builder::new().build_http())
        .build();
    let assume = aws_sdk_sts::Client::new(&config).assume_role().role_session_name("test");
    let assumed = assume.role_arn(format!("arn:aws:iam::{account}:role/test")).send().await.expect("assumed");
    options(endpoint, &assumed.credentials.expect("credentials").access_key_id)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stack_lives_and_leaves_nothing_on_the_local_aws() {
    let home = Home::new(shared(cwl2le_local::Options::default()).await);
    let session = Session::open(options(home.aws.endpoint(), &home.account)).await.expect("a session");
    assert_eq!(session.target.account, home.account);
    lives_and_leaves_nothing(&session, &[StreamMode::Provisioned { shards: 3 }]).await;
    replaces_a_failed_function(&session).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stack_lives_and_leaves_nothing_on_a_strict_control_plane() {
    let account = "210000000001";
    let session = Session::open(moto(account).await).await.expect("a session");
    assert_eq!(session.target.account, account);
    assert!(session.identity.starts_with("arn:aws:"), "{}", session.identity);
    // The local AWS knows no UpdateStreamMode.
    let modes = [StreamMode::Provisioned { shards: 3 }, StreamMode::OnDemand];
    lives_and_leaves_nothing(&session, &modes).await;
    replaces_a_failed_function(&session).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_role_that_cannot_be_assumed_yet_is_waited_for() {
    let session = Session::open(moto("210000000002").await).await.expect("a session");
    let (stack, observed) = look(&session, &[], Depth::Stack).await;
    let whole = resources::setup(&stack, &observed, false);
    let (role, others): (Vec<_>, Vec<_>) = whole.steps.into_iter().partition(|step| {
        step.resource == resources::ResourceId::new(resources::Kind::ROLE, &stack.names.function_role)
    });
    let role = Plan { steps: role, ..Plan::default() };
    let others = Plan { steps: others, ..Plan::default() };

    // The function's role appears while the function is being created, as it does on AWS.
    let waited = Arc::new(Mutex::new(Vec::new()));
    let (told, waits) = (waited.clone(), &Notify::new());
    let late = async {
        waits.notified().await;
        apply(&session, &role, &|_| ()).await.expect("the role");
    };
    let note = move |event: cwl2le::apply::Event<'_>| {
        if let What::Waiting { why, .. } = event.what {
            told.lock().expect("no panic").push(why.to_owned());
            waits.notify_one();
        }
    };
    let soon = async {
        let done = apply(&session, &others, &note).await;
        waits.notify_one();
        done
    };
    let (done, ()) = tokio::join!(soon, late);
    done.unwrap_or_else(|error| panic!("{error:?}"));
    let waited = waited.lock().expect("no panic").clone();
    assert!(waited.iter().any(|why| why == "Lambda to be able to assume the role"), "{waited:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_third_filter_is_refused_with_the_names_of_the_others() {
    let session = Session::open(moto("210000000003").await).await.expect("a session");
    let (stack, observed) = look(&session, &[], Depth::Stack).await;
    do_it(&session, &resources::setup(&stack, &observed, false)).await;
    // moto has no log groups of applications: the forwarder's own stands in for one here.
    let group = stack.names.function_log_group.clone();
    let put = |name: &str| {
        let mut spec = filter(&stack, &group);
        spec.name = name.to_owned();
        let resource =
            resources::ResourceId::new(resources::Kind::SUBSCRIPTION_FILTER, format!("{group} -> {name}"));
        let actions = vec![resources::filter::Action::Put(Box::new(spec)).into()];
        let (stage, verb) = (resources::Stage::Filters, resources::Verb::Create);
        Plan {
            steps: vec![resources::Step { stage, resource, verb, fields: Vec::new(), actions }],
            ..Plan::default()
        }
    };
    do_it(&session, &put("one")).await;
    do_it(&session, &put("two")).await;
    let failure = apply(&session, &put("three"), &|_| ()).await.expect_err("no room for a third");
    assert_eq!(failure.error.code, Code::FilterLimit, "{failure}");
    assert!(failure.error.message.contains("`one` to arn:aws:kinesis"), "{failure}");
    assert!(failure.error.message.contains("`two` to"), "{failure}");
    assert!(failure.error.hint.as_deref().is_some_and(|hint| hint.contains("--replace")));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unknown_log_group_and_a_missing_stream_are_explained() {
    let stop = Stop::new();
    let options = Options {
        // Enough for the calls that are to succeed, on a busy machine.
        patience: Some(Duration::from_secs(6)),
        stop: stop.clone(),
        ..moto("210000000004").await
    };
    let session = Session::open(options).await.expect("a session");
    let (stack, observed) = look(&session, &["/nobody/here"], Depth::Stack).await;
    let plan =
        resources::subscribe(&stack, &[filter(&stack, "/nobody/here")], &observed, &FilterOptions::default());
    assert_eq!(plan.refused[0].code, Code::UnknownLogGroup);

    let setup = resources::setup(&stack, &observed, false);
    let only_group: Vec<_> =
        setup.steps.into_iter().filter(|step| step.resource.kind == resources::Kind::LOG_GROUP).collect();
    do_it(&session, &Plan { steps: only_group, ..Plan::default() }).await;
    let spec = filter(&stack, &stack.names.function_log_group);
    let resource = resources::ResourceId::new(resources::Kind::SUBSCRIPTION_FILTER, "f");
    let actions = vec![resources::filter::Action::Put(Box::new(spec)).into()];
    let (stage, verb) = (resources::Stage::Filters, resources::Verb::Create);
    let steps = vec![resources::Step { stage, resource, verb, fields: Vec::new(), actions }];
    let failure = apply(&session, &Plan { steps, ..Plan::default() }, &|_| ()).await.expect_err("no stream");
    assert_eq!(failure.error.code, Code::NotReady, "{failure}");
    assert!(failure.error.hint.as_deref().is_some_and(|hint| hint.contains("cwl2le setup")), "{failure:?}");

    stop.request();
    assert_eq!(look_stopped(&session).await, Code::Interrupted);
}

async fn look_stopped(session: &Session) -> Code {
    observe(session, &StackName::default(), &[], Depth::Stack).await.expect_err("stopped").code
}
