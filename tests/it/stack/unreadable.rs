//! A function whose configuration this version cannot read: a newer one wrote it, or somebody edited it.

use cwl2le_local::Options;
use serde_json::{Value, json};

use crate::support::account::{Account, GROUP, Ground, ended};
use crate::support::{Ran, TOKEN};

const FUNCTION: &str = "cwl-to-logentries";

/// Two services and a route, as the file of the team that set the stack up has it.
const FILE: &str = r#"
default_destination = "app"
[destinations.app]
type = "logentries"
endpoint = "127.0.0.1:1"
tls = false
token = { env = "LE_TOKEN" }
[destinations.audit]
type = "logentries"
endpoint = "127.0.0.1:2"
tls = false
token = { env = "LE_TOKEN" }
[[routes]]
log_group = "/audit/*"
destination = "audit"
"#;

async fn variable(account: &Account) -> String {
    let lambda = aws_sdk_lambda::Client::new(&account.config);
    let read = lambda.get_function_configuration().function_name(FUNCTION).send().await.expect("a function");
    let variables = read.environment.and_then(|environment| environment.variables).expect("variables");
    variables["CWL2LE_CONFIG"].clone()
}

async fn edit(account: &Account, config: &str) {
    let lambda = aws_sdk_lambda::Client::new(&account.config);
    let environment =
        aws_sdk_lambda::types::Environment::builder().variables("CWL2LE_CONFIG", config).build();
    let update = lambda.update_function_configuration().function_name(FUNCTION).environment(environment);
    update.send().await.expect("edited");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_read_is_shown_and_kept_and_stands_in_nobodys_way() {
    let ground = Ground::start(Options::default()).await;
    let account = ground.account().await;
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("cwl2le.toml");
    std::fs::write(&file, FILE).expect("written");
    let run = async |args: &[&str]| -> Ran {
        let mut command = account.command(args);
        command.env("LE_TOKEN", TOKEN).env("CWL2LE_TOKEN", TOKEN).current_dir(folder.path());
        ended(command.spawn().expect("cwl2le runs")).await
    };
    let elsewhere = ["--config", "/dev/null"];
    let text = ended(account.text(&["status"]).spawn().expect("cwl2le runs")).await.ok().stdout;
    assert!(
        text.starts_with("NOT SET UP: stack `default` does not exist") && !text.contains("missing"),
        "{text}"
    );
    assert_eq!(run(&["status", "--check"]).await.code, 8);
    run(&["setup"]).await.ok();
    let text = ended(account.text(&["status"]).spawn().expect("cwl2le runs")).await.ok().stdout;
    assert!(text.contains("\n  app ") && text.contains(" logentries 127.0.0.1:1\n"), "{text}");

    let mut newer: Value = serde_json::from_str(&variable(&account).await).expect("JSON");
    newer["compression"] = json!("zstd");
    edit(&account, &newer.to_string()).await;
    let kept = variable(&account).await;

    // Nobody's file, and the token that the README has people export.
    for verb in ["plan", "setup"] {
        let refused = run(&[&[verb][..], &elsewhere].concat()).await.failed(3, "unreadable").json();
        let message = refused["error"]["message"].as_str().expect("a message");
        assert!(message.contains("unknown field `compression`"), "{message}");
        assert_eq!(variable(&account).await, kept);
    }
    // The file without what stands beside the destinations.
    run(&["setup"]).await.failed(3, "unreadable");
    run(&["init", "--from-account", "--to", "new.toml"]).await.failed(3, "unreadable");
    let status = run(&["status"]).await.ok().json();
    assert_eq!(status["ready"], json!(false));
    assert!(status.to_string().contains("unknown field `compression`"), "{status:#}");
    // What the role must allow is in the configuration, so nothing is known to be wrong with it.
    let wrong: Vec<&Value> =
        status["parts"].as_array().expect("parts").iter().filter(|part| part["wrong"].is_array()).collect();
    assert!(wrong.len() == 1 && wrong[0]["kind"] == json!("function"), "{wrong:#?}");
    let text = ended(account.text(&["status"]).spawn().expect("cwl2le runs")).await.ok().stdout;
    assert!(text.contains(" to see how to restore the configuration"), "{text}");
    assert!(!text.contains("would change"), "{text}");
    run(&["subscribe", "--log-group", GROUP]).await.ok();
    run(&["unsubscribe", "--log-group", GROUP]).await.ok();
    assert_eq!(variable(&account).await, kept);

    // All of it: what goes is named.
    std::fs::write(&file, format!("{FILE}[function]\nquarantine = \"none\"\nmetrics = \"cloudwatch\"\n"))
        .expect("written");
    let replaced = run(&["setup"]).await.ok().json();
    assert!(replaced["losses"].to_string().contains("unknown field `compression`"), "{replaced:#}");
    assert_eq!(run(&["setup"]).await.ok().json()["changed"], json!(false));

    edit(&account, &newer.to_string()).await;
    let torn = run(&["teardown"]).await.ok().json();
    assert!(torn["losses"].to_string().contains("unknown field `compression`"), "{torn:#}");
    assert_eq!(account.seen().await, account.theirs());
}
