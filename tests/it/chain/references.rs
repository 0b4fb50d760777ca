//! Tokens and routes in SSM Parameter Store and Secrets Manager, through the whole chain on the local AWS.

use std::time::Duration;

use cwl2le_forwarder::aws::Service;
use cwl2le_local::Options;
use cwl2le_local::log_service::Fault;
use percent_encoding::percent_decode_str;
use serde_json::{Value, json};

use crate::support::secrets::{put_parameter, write};
use crate::support::{REGION, TOKEN, World};

const PATIENCE: Duration = Duration::from_secs(60);
const AUDIT: &str = "fedcba98-7654-3210-fedc-ba9876543210";
const ROTATED: &str = "00000000-1111-2222-3333-444444444444";

/// The tokens of the first `count` lines, each with its message.
async fn arrived(world: &World, count: usize) -> Vec<String> {
    let lines = world.log_service.wait_for_lines(count, PATIENCE).await;
    let lines = lines.unwrap_or_else(|few| panic!("{few}\n{}", world.aws().logs_tail(60)));
    let mut lines: Vec<String> = lines.iter().map(cwl2le_local::log_service::Line::text).collect();
    lines.sort();
    lines
}

/// Waits until these lines are there. A function that was restarted before its answer was heard gets its batch again,
/// so one of them may have come twice.
async fn everything(world: &World, wanted: &[String]) {
    let mut count = wanted.len();
    loop {
        let mut lines = arrived(world, count).await;
        count = lines.len() + 1;
        lines.dedup();
        if lines == wanted {
            return;
        }
        assert!(lines.iter().all(|line| wanted.contains(line)), "{lines:#?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn tokens_and_routes_are_read_by_the_function_and_rotated_under_it() {
    // The local AWS evaluates the policy of the function's role: what `setup` grants is enough.
    let world = World::start_with(Options { auth: true, ..Options::default() }).await;
    put_parameter(&world, "/cwl2le/app", TOKEN).await;
    let secret = json!({"audit": AUDIT, "other": "x"}).to_string();
    let secret = json!({"Name": "cwl2le/tokens", "SecretString": secret});
    write(&world, Service::SecretsManager, "CreateSecret", secret).await;
    let routes = json!([{"log_group": "/audit/*", "destination": "audit"}]).to_string();
    let routes = json!({"Name": "cwl2le-routes", "SecretString": routes});
    write(&world, Service::SecretsManager, "CreateSecret", routes).await;
    for group in ["/app/a", "/audit/a"] {
        world.create_log_group(group).await;
    }

    let folder = tempfile::tempdir().expect("a folder");
    let (address, ca) = (world.log_service.address(), world.ca_file.path().display());
    let destination = format!("type = \"logentries\"\nendpoint = \"{address}\"\nca_file = \"{ca}\"\n");
    let config = format!(
        "routes_from = {{ secretsmanager = \"cwl2le-routes\" }}\n\
         [destinations.default]\n{destination}token = {{ ssm = \"/cwl2le/app\" }}\n\
         [destinations.audit]\n{destination}token = {{ secretsmanager = \"cwl2le/tokens#audit\" }}\n\
         [[subscriptions]]\nlog_groups = [\"/app/a\", \"/audit/a\"]\n"
    );
    let file = folder.path().join("cwl2le.toml");
    std::fs::write(&file, config).expect("written");
    let file = file.to_str().expect("UTF-8");
    let setup = ["--config", file, "setup"];
    let made = world.run(&setup).await.ok();
    assert!(!made.stdout.contains(TOKEN) && !made.stdout.contains(AUDIT), "{}", made.stdout);
    let policy = world.run(&["policies", "forwarder", "--config", file]).await.ok().stdout;
    assert!(
        policy.contains("parameter/cwl2le/app") && policy.contains("secret:cwl2le/tokens-??????"),
        "{policy}"
    );

    world.put_log_events("/app/a", &["one".to_owned()]).await;
    world.put_log_events("/audit/a", &["two".to_owned()]).await;
    let mut wanted = vec![format!("{TOKEN} one"), format!("{AUDIT} two")];
    wanted.sort();
    assert_eq!(arrived(&world, 2).await, wanted);
    assert_eq!(world.run(&["--config", file, "plan"]).await.ok().json()["changed"], json!(false));

    // What is kept there is read with the caller's rights as well: routes to look at, and a token to deliver with.
    let preview = world.run(&["--config", file, "preview", "--log-group", "/audit/a"]).await.ok();
    assert!(!preview.stdout.contains(AUDIT), "{}", preview.stdout);
    assert_eq!(preview.json()["destinations"][0]["destination"], json!("audit"));
    let saved =
        json!({"messageType": "DATA_MESSAGE", "logGroup": "/audit/b", "logEvents": [{"message": "saved"}]});
    let input = folder.path().join("saved.json");
    std::fs::write(&input, saved.to_string()).expect("written");
    let input = input.to_str().expect("UTF-8");
    let forwarded = world.run(&["--config", file, "forward", "--input", input, "--to", "audit"]).await.ok();
    assert!(
        !forwarded.stdout.contains(AUDIT) && forwarded.json()["delivered"] == json!(1),
        "{}",
        forwarded.stdout
    );
    wanted.push(format!("{AUDIT} saved"));
    wanted.sort();
    assert_eq!(arrived(&world, 3).await, wanted);

    // Another token in the store, and a log service that cuts off a connection with the old one.
    put_parameter(&world, "/cwl2le/app", ROTATED).await;
    world.log_service.set_fault_for(Fault::ResetAfter(1), 1);
    world.put_log_events("/app/a", &["three".to_owned()]).await;
    wanted.push(format!("{ROTATED} three"));
    wanted.sort();
    assert_eq!(arrived(&world, 4).await, wanted);

    // Somebody takes the grants away: the next start fails, and says so to whoever invokes.
    let iam = aws_sdk_iam::Client::new(&world.config(REGION));
    let (role, policy) = ("cwl-to-logentries", "cwl-logentries-forward");
    let there = iam.get_role_policy().role_name(role).policy_name(policy).send().await.expect("a policy");
    let document = percent_decode_str(there.policy_document()).decode_utf8_lossy();
    let mut document: Value = serde_json::from_str(&document).expect("JSON");
    let statements = document["Statement"].as_array_mut().expect("statements");
    statements.retain(|statement| statement["Action"] != "ssm:GetParameter");
    let put = iam.put_role_policy().role_name(role).policy_name(policy).policy_document(document.to_string());
    put.send().await.expect("another policy");
    let lambda = aws_sdk_lambda::Client::new(&world.config(REGION));
    let update = lambda.update_function_configuration().function_name("cwl-to-logentries").memory_size(300);
    update.send().await.expect("an update");
    let invoked = lambda.invoke().function_name("cwl-to-logentries").send().await.expect("an answer");
    let answer = invoked.payload.map(|payload| payload.into_inner()).unwrap_or_default();
    let answer = String::from_utf8_lossy(&answer);
    assert!(invoked.function_error.is_some() && answer.contains("AccessDenied"), "{answer}");
    assert!(answer.contains("SSM parameter `/cwl2le/app` cannot be read"), "{answer}");

    world.put_log_events("/app/a", &["four".to_owned()]).await;

    // `setup` puts it right, and what waited arrives.
    world.run(&setup).await.ok();
    wanted.push(format!("{ROTATED} four"));
    wanted.sort();
    everything(&world, &wanted).await;
    world.run(&["teardown", "--yes"]).await.ok();
}
