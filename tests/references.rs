//! Tokens and routes in SSM Parameter Store and Secrets Manager, through the whole chain on the local AWS.

mod support;

use std::time::Duration;

use bytes::Bytes;
use cwl2le_forwarder::aws::{Aws, Call, Service};
use cwl2le_forwarder::http::Client;
use http::{HeaderName, HeaderValue, Method, header};
use serde_json::{Value, json};
use support::{REGION, TOKEN, World};
use tokio::time::Instant;

const PATIENCE: Duration = Duration::from_secs(60);
const AUDIT: &str = "fedcba98-7654-3210-fedc-ba9876543210";
const ROTATED: &str = "00000000-1111-2222-3333-444444444444";

/// A call that writes to one of the stores.
async fn write(world: &World, service: Service, operation: &'static str, body: Value) {
    let credentials = world.aws.credentials();
    let variable = |name: &str| match name {
        "AWS_ENDPOINT_URL" => Some(world.aws.endpoint().to_owned()),
        "AWS_REGION" => Some(REGION.to_owned()),
        "AWS_ACCESS_KEY_ID" => Some(credentials.access_key_id.to_owned()),
        "AWS_SECRET_ACCESS_KEY" => Some(credentials.secret_access_key.to_owned()),
        _ => None,
    };
    let aws = Aws::new(Client::new(None).expect("a client"), &variable).expect("AWS");
    let prefix = if service == Service::Ssm { "AmazonSSM" } else { "secretsmanager" };
    let target = HeaderValue::from_str(&format!("{prefix}.{operation}")).expect("a header");
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static("application/x-amz-json-1.1")),
        (HeaderName::from_static("x-amz-target"), target),
    ];
    let call = Call {
        service,
        operation,
        resource: "the store",
        region: None,
        method: Method::POST,
        path: "/",
        headers: &headers,
        body: Bytes::from(body.to_string()),
    };
    aws.call(&call, Instant::now() + PATIENCE).await.expect("written");
}

async fn put_parameter(world: &World, value: &str) {
    let parameter = json!({"Name": "/cwl2le/app", "Type": "SecureString", "Value": value, "Overwrite": true});
    write(world, Service::Ssm, "PutParameter", parameter).await;
}

/// The tokens of the first `count` lines, each with its message.
async fn arrived(world: &World, count: usize) -> Vec<String> {
    let lines = world.log_service.wait_for_lines(count, PATIENCE).await;
    let lines = lines.unwrap_or_else(|few| panic!("{few}\n{}", world.aws.logs_tail(60)));
    let mut lines: Vec<String> = lines.iter().map(cwl2le_local::log_service::Line::text).collect();
    lines.sort();
    lines
}

#[tokio::test(flavor = "multi_thread")]
async fn tokens_and_routes_are_read_by_the_function_and_rotated_under_it() {
    let world = World::start().await;
    put_parameter(&world, TOKEN).await;
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

    // Another token in the store, and a log service that wants to hear no more from the old one.
    put_parameter(&world, ROTATED).await;
    world.log_service.close_connections();
    world.put_log_events("/app/a", &["three".to_owned()]).await;
    wanted.push(format!("{ROTATED} three"));
    wanted.sort();
    assert_eq!(arrived(&world, 3).await, wanted);
    world.run(&["teardown", "--yes"]).await.ok();
}
