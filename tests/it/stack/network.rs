//! A stack in a private network, on a local AWS that knows subnets, security groups, routes and endpoints.

use std::time::Duration;

use cwl2le_local::Options;
use serde_json::{Value, json};

use crate::support::secrets::put_parameter;
use crate::support::{REGION, TOKEN, World};

/// A subnet and a security group of the default VPC, whose route table leads nowhere.
const NETWORK: [&str; 4] = ["--subnets", "subnet-00000001", "--security-groups", "sg-00000001"];
const FUNCTION: &str = "cwl-to-logentries";

fn lambda(world: &World) -> aws_sdk_lambda::Client {
    aws_sdk_lambda::Client::new(&world.config(REGION))
}

/// The subnets of a function or of a version of it.
async fn subnets(world: &World, qualifier: &str) -> Vec<String> {
    let read = lambda(world).get_function_configuration().function_name(FUNCTION).qualifier(qualifier);
    let vpc = read.send().await.expect("a function").vpc_config;
    vpc.and_then(|vpc| vpc.subnet_ids).unwrap_or_default()
}

async fn ec2(world: &World, args: &[&str]) -> Value {
    let output = world.aws_cli().await.arg("ec2").args(args).output().await.expect("the AWS CLI runs");
    assert!(output.status.success(), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap_or_default()
}

/// The findings of `doctor` about the network: each check with its states.
fn states<'r>(report: &'r Value, check: &str) -> Vec<&'r str> {
    let all = report["checks"].as_array().expect("checks");
    let of_check = all.iter().filter(|finding| finding["check"] == check);
    of_check.map(|finding| finding["state"].as_str().expect("a state")).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stack_is_put_into_a_vpc_delivers_from_there_and_leaves_it() {
    // The local AWS evaluates the policy of the function's role: what `setup` grants is enough.
    let world = World::start_with(Options { auth: true, ..Options::default() }).await;
    world.create_log_group("/app/a").await;
    let flags = [&NETWORK[..], &["--log-group", "/app/a"]].concat();
    world.setup(&flags).await.ok();
    assert_eq!(subnets(&world, "$LATEST").await, ["subnet-00000001"]);
    assert_eq!(subnets(&world, "live").await, ["subnet-00000001"]);
    world.put_log_events("/app/a", &["from inside".to_owned()]).await;
    let lines = world.log_service.wait_for_lines(1, Duration::from_secs(60)).await.expect("a line");
    assert_eq!(lines[0].text(), format!("{TOKEN} from inside"));

    // What is not asked for stays; a file that describes the stack has the network, and finds nothing to change.
    assert_eq!(world.run(&["plan"]).await.ok().json()["changed"], json!(false));
    world.setup(&["--memory", "300"]).await.ok();
    assert_eq!(subnets(&world, "live").await, ["subnet-00000001"]);
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("cwl2le.toml");
    let file = file.to_str().expect("UTF-8");
    world.run(&["init", "--from-account", "--to", file]).await.ok();
    let text = std::fs::read_to_string(file).expect("a file");
    assert!(text.contains("subnets = [\"subnet-00000001\"]"), "{text}");
    assert!(text.contains("security_groups = [\"sg-00000001\"]"), "{text}");

    // Somebody takes it out by hand: that is drift, and `setup` puts it back.
    let none = aws_sdk_lambda::types::VpcConfig::builder()
        .set_subnet_ids(Some(Vec::new()))
        .set_security_group_ids(Some(Vec::new()))
        .build();
    let update = lambda(&world).update_function_configuration().function_name(FUNCTION).vpc_config(none);
    update.send().await.expect("an update");
    let plan = world.run(&[&["plan"], &NETWORK[..]].concat()).await;
    assert!(plan.code == 8 && plan.stdout.contains("subnet-00000001"), "{plan:?}");
    world.run(&[&["setup"], &NETWORK[..]].concat()).await.ok();
    assert_eq!(subnets(&world, "live").await, ["subnet-00000001"]);

    world.run(&["setup", "--subnets", "none"]).await.ok();
    assert_eq!(subnets(&world, "live").await, [""; 0]);
    assert_eq!(world.run(&["plan"]).await.ok().json()["changed"], json!(false));
    world.run(&["teardown", "--yes"]).await.ok();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_network_that_does_not_exist_is_refused_by_name() {
    let world = World::start().await;
    let setup = async |subnet: &str, group: &str| {
        world.setup(&["--subnets", subnet, "--security-groups", group]).await
    };
    let ran = setup("subnet-deadbeef", "sg-00000001").await.failed(6, "not-found");
    assert!(ran.stdout.contains("subnet-deadbeef") && ran.stdout.contains("--subnets"), "{ran:?}");
    let ran = setup("subnet-00000001", "sg-deadbeef").await.failed(6, "not-found");
    assert!(ran.stdout.contains("sg-deadbeef") && ran.stdout.contains("--security-groups"), "{ran:?}");
    // The same run with what exists finishes what that one began.
    setup("subnet-00000001", "sg-00000001").await.ok();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_function_in_a_subnet_without_a_way_out_does_not_start_and_doctor_says_what_it_misses() {
    let world = World::start().await;
    put_parameter(&world, "/cwl2le/token", TOKEN).await;
    let service = world.service();
    let service: Vec<&str> = service[2..].iter().map(String::as_str).collect();
    let setup = [&["setup", "--token-ssm", "/cwl2le/token"], &service[..]].concat();
    world.run(&setup).await.ok();

    let doctor =
        [&["doctor", "--pre", "--only", "network", "--token-ssm", "/cwl2le/token"], &service[..], &NETWORK]
            .concat();
    let found = world.run(&doctor).await;
    assert_eq!(found.code, 8, "{found:?}");
    let report = found.json();
    assert_eq!(states(&report, "subnets"), ["ok"], "{report:#}");
    assert_eq!(states(&report, "egress"), ["ok", "ok"], "{report:#}");
    assert_eq!(states(&report, "aws-reachable"), ["fault"], "{report:#}");
    assert!(found.stdout.contains("create-vpc-endpoint"), "{report:#}");

    // The version that gets the records stays where it can read its token.
    let ran = world.run(&[&setup[..], &NETWORK].concat()).await;
    assert_eq!(ran.json()["error"]["code"], json!("cannot-start"), "{ran:?}");
    assert!(ran.stdout.contains("NAT gateway") && ran.stdout.contains("doctor --pre"), "{ran:?}");
    assert_eq!(subnets(&world, "live").await, [""; 0]);

    // The command of the finding helps.
    let endpoint = ["create-vpc-endpoint", "--vpc-id", "vpc-00000001", "--vpc-endpoint-type", "Interface"];
    let service_name = format!("com.amazonaws.{REGION}.ssm");
    ec2(&world, &[&endpoint[..], &["--service-name", &service_name, "--private-dns-enabled"]].concat()).await;
    let report = world.run(&doctor).await.ok().json();
    assert_eq!(states(&report, "aws-reachable"), ["ok"], "{report:#}");
    world.run(&[&setup[..], &NETWORK].concat()).await.ok();
    assert_eq!(subnets(&world, "live").await, ["subnet-00000001"]);
    let report = world.run(&["doctor", "--only", "network"]).await.json();
    assert_eq!(states(&report, "aws-reachable"), ["ok"], "{report:#}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_log_service_with_a_private_authority_is_trusted_by_its_certificate_in_the_configuration() {
    let world = World::start().await;
    world.create_log_group("/app/a").await;
    put_parameter(&world, "/corp/ca", world.log_service.ca_pem()).await;
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("ca.pem"), world.log_service.ca_pem()).expect("written");
    let file = folder.path().join("cwl2le.toml");
    let path = file.to_str().expect("UTF-8");
    let address = world.log_service.address();
    let mut count = 0;
    for ca in ["{ file = \"ca.pem\" }", "{ ssm = \"/corp/ca\" }"] {
        let text = format!(
            "[destinations.default]\ntype = \"logentries\"\nendpoint = \"{address}\"\ntoken = \"{TOKEN}\"\nca = {ca}\n\
             [[subscriptions]]\nlog_groups = [\"/app/a\"]\n"
        );
        std::fs::write(&file, text).expect("written");
        world.run(&["--config", path, "setup"]).await.ok();
        world.run(&["--config", path, "preview", "--log-group", "/app/a"]).await.ok();
        world.put_log_events("/app/a", &[format!("with {ca}")]).await;
        count += 1;
        let lines = world.log_service.wait_for_lines(count, Duration::from_secs(60)).await;
        lines.unwrap_or_else(|few| panic!("{few}\n{}", world.aws().logs_tail(60)));
        assert_eq!(world.run(&["--config", path, "plan"]).await.ok().json()["changed"], json!(false));
    }
}
