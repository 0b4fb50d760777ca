//! The servers around the local AWS: moto's refusals, microburst's faults, and the proxy that counts calls.

use std::process::Output;

use cwl2le_local::call_proxy::{CallProxy, Fault, Injection, Step, When};
use cwl2le_local::ministack::MINISTACK;
use cwl2le_local::python::PythonEnv;
use cwl2le_local::{Cache, LocalAws, Microburst, Moto, Options, rie};

/// Prints what each of the operations on its command line came to: `ok` or the error's code.
const CALLER: &str = r#"
import sys, botocore.config, botocore.session
endpoint, *calls = sys.argv[1:]
session = botocore.session.get_session()
session.set_credentials("test", "test")
config = botocore.config.Config(retries={"max_attempts": 0}, read_timeout=120)
parameters = {
    "create_log_group": {"logGroupName": "/app/one"}, "describe_log_groups": {}, "list_roles": {}, "list_functions": {},
    "list_streams": {}, "create_function": {
        "FunctionName": "f", "Runtime": "provided.al2023", "Handler": "bootstrap", "Code": {"ZipFile": b"PK\x05\x06" + bytes(18)},
        "Role": "arn:aws:iam::123456789012:role/none",
    },
}
for call in calls:
    service, operation = call.split(":")
    client = session.create_client(service, region_name="eu-west-1", endpoint_url=endpoint, config=config)
    try:
        answer = getattr(client, operation)(**parameters[operation])
        print("ok", len(answer.get("logGroups", [])))
    except botocore.exceptions.ClientError as error:
        print(error.response["Error"]["Code"], error.response["Error"]["Message"])
    except Exception as error:
        print(type(error).__name__)
"#;

fn cache() -> Cache {
    Cache::open().expect("a cache folder")
}

async fn aws() -> LocalAws {
    LocalAws::start(&cache(), Options::default(), &|_| {}).await.expect("a local AWS")
}

/// What the calls came to, one line each.
async fn call(endpoint: &str, calls: &[&str]) -> Vec<String> {
    let environment = PythonEnv::of(MINISTACK, &cache(), &|_| {}).await.expect("installed");
    let Output { stdout, stderr, .. } =
        environment.command().args(["-c", CALLER, endpoint]).args(calls).output().await.expect("run");
    let lines: Vec<_> = String::from_utf8_lossy(&stdout).lines().map(str::to_owned).collect();
    assert_eq!(lines.len(), calls.len(), "{}", String::from_utf8_lossy(&stderr));
    lines
}

fn at(number: usize, when: When, fault: Fault) -> Option<Injection> {
    Some(Injection { of: None, at: number, times: 1, when, fault })
}

#[tokio::test]
async fn moto_refuses_a_function_whose_role_is_missing() {
    let moto = Moto::start(&cache(), &|_| {}).await.expect("moto");
    let answers =
        call(moto.endpoint(), &["lambda:create_function", "logs:create_log_group", "logs:create_log_group"])
            .await;
    assert!(answers[0].contains("cannot be assumed by Lambda"), "{answers:?}");
    assert!(answers[2].starts_with("ResourceAlreadyExistsException"), "{answers:?}");
    moto.reset().await.expect("reset");
    assert_eq!(call(moto.endpoint(), &["logs:create_log_group"]).await, ["ok 0"]);
}

#[tokio::test]
async fn microburst_throttles_what_its_rules_say() {
    let aws = aws().await;
    let rules = serde_json::json!([
        { "service": "logs", "operation": "CreateLogGroup", "times": 1, "error": { "code": "ThrottlingException" } }
    ]);
    let proxy = Microburst::start(&cache(), aws.endpoint(), &rules, &|_| {}).await.expect("microburst");
    let answers =
        call(proxy.endpoint(), &["logs:create_log_group", "logs:create_log_group", "iam:list_roles"]).await;
    assert!(answers[0].starts_with("ThrottlingException"), "{answers:?}");
    assert_eq!(answers[1..], ["ok 0", "ok 0"]);
    let fired = proxy.fired().await.expect("the faults");
    assert_eq!(fired.as_array().map(Vec::len), Some(1), "{fired}");
}

#[tokio::test]
async fn the_call_proxy_counts_and_names_calls() {
    let aws = aws().await;
    let proxy = CallProxy::start(aws.endpoint()).await.expect("a proxy");
    let calls = ["logs:create_log_group", "iam:list_roles", "lambda:list_functions", "kinesis:list_streams"];
    assert_eq!(call(proxy.endpoint(), &calls).await, ["ok 0"; 4]);
    let named: Vec<_> = proxy.calls().iter().map(ToString::to_string).collect();
    assert_eq!(
        named,
        ["logs:CreateLogGroup", "iam:ListRoles", "lambda:ListFunctions", "kinesis:ListStreams"]
    );
}

#[tokio::test]
async fn the_call_proxy_fails_the_chosen_call_before_or_after_it_is_carried_out() {
    let aws = aws().await;
    let proxy = CallProxy::start(aws.endpoint()).await.expect("a proxy");
    let two = ["logs:create_log_group", "logs:describe_log_groups"];

    proxy.inject(at(1, When::Before, Fault::throttled()));
    let answers = call(proxy.endpoint(), &two).await;
    assert_eq!(answers, ["ThrottlingException Rate exceeded", "ok 0"]);

    proxy.inject(at(1, When::After, Fault::Reset));
    let answers = call(proxy.endpoint(), &two).await;
    assert!(
        ["ConnectionClosedError", "EndpointConnectionError"].contains(&answers[0].as_str()),
        "{answers:?}"
    );
    assert_eq!(answers[1], "ok 1", "carried out although the answer was lost");

    for (when, groups) in [(When::Before, "ok 0"), (When::After, "ok 1")] {
        aws.reset().await.expect("reset");
        proxy.inject(at(1, when, Fault::Hang));
        tokio::select! {
            answers = call(proxy.endpoint(), &two) => panic!("{answers:?}"),
            // Dropping the caller kills it, as a test of interruptions does.
            () = proxy.hit() => {}
        }
        proxy.inject(None);
        assert_eq!(call(proxy.endpoint(), &two[1..]).await, [groups]);
    }

    for (service, fault, code) in [
        ("iam:list_roles", Fault::access_denied(), "AccessDenied "),
        ("lambda:list_functions", Fault::internal(), "InternalFailure"),
        (
            "kinesis:list_streams",
            Fault::error(400, "LimitExceededException", "too many"),
            "LimitExceededException",
        ),
    ] {
        proxy.inject(at(1, When::Before, fault));
        let answers = call(proxy.endpoint(), &[service]).await;
        assert!(answers[0].starts_with(code), "{answers:?}");
    }
}

#[tokio::test]
async fn the_call_proxy_plays_a_script_to_each_operation() {
    let aws = aws().await;
    let proxy = CallProxy::start(aws.endpoint()).await.expect("a proxy");
    proxy.script(
        "CreateLogGroup",
        [
            Step::before(2, Fault::throttled()),
            Step::after(1, Fault::Reset),
            Step::pass(1),
            Step::before(1, Fault::internal()),
        ],
    );
    proxy.script("ListRoles", [Step::before(1, Fault::captive_portal())]);
    assert_eq!(proxy.script_left(), 6);
    let calls = ["logs:create_log_group"; 6];
    let answers = call(proxy.endpoint(), &calls).await;
    let codes: Vec<_> = answers.iter().map(|answer| answer.split(' ').next().unwrap_or_default()).collect();
    assert_eq!(codes[..2], ["ThrottlingException"; 2]);
    assert!(codes[2].ends_with("Error"), "{answers:?}");
    let rest = ["ResourceAlreadyExistsException", "InternalFailure", "ResourceAlreadyExistsException"];
    assert_eq!(codes[3..], rest, "carried out although the answer was lost");
    let answers = call(proxy.endpoint(), &["iam:list_roles"]).await;
    assert!(!answers[0].starts_with("ok"), "nothing that botocore can read: {answers:?}");
    assert_eq!(proxy.script_left(), 0);
    proxy.script("ListRoles", [Step::before(1, Fault::internal())]);
    proxy.script("ListRoles", []);
    assert_eq!(call(proxy.endpoint(), &["iam:list_roles"]).await, ["ok 0"]);
}

#[tokio::test]
async fn the_runtime_interface_emulator_is_there() {
    let emulator = rie::emulator(&cache(), &|_| {}).await.expect("an emulator");
    // Given an address that is taken it says so and ends: it runs on this machine.
    let taken = std::net::TcpListener::bind("127.0.0.1:0").expect("a listener");
    let address = taken.local_addr().expect("an address").to_string();
    let run = std::process::Command::new(&emulator)
        .args(["--runtime-interface-emulator-address", &address])
        .args(["--runtime-api-address", &address, "/bin/true"])
        .output()
        .expect("run");
    let text = String::from_utf8_lossy(&run.stdout).into_owned() + &String::from_utf8_lossy(&run.stderr);
    assert!(text.contains("address already in use"), "{text}");
}
