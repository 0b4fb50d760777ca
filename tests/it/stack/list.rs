//! `cwl2le list` shows the stacks of the account and region, whole ones and what is left of others.

use cwl2le_local::{Call, Fault, Injection, Options, When};
use serde_json::{Value, json};

use crate::support::account::{Account, Ground, ended, setup};

async fn list(account: &Account) -> Value {
    account.run(&["list"]).await.0.ok().json()
}

async fn text(account: &Account, args: &[&str]) -> String {
    let ran = ended(account.text(args).spawn().expect("cwl2le runs")).await;
    assert_eq!(ran.code, 0, "{ran:?}");
    ran.stdout
}

fn names(report: &Value) -> Vec<&str> {
    let stacks = report["stacks"].as_array().expect("stacks");
    stacks.iter().filter_map(|stack| stack["stack"].as_str()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_stack_has_a_row_and_what_is_left_of_one_is_removed_as_it_says() {
    let ground = Ground::start(Options::default()).await;
    let account = ground.account().await;
    assert_eq!(list(&account).await["stacks"], json!([]));
    let none = text(&account, &["list"]).await;
    assert!(none.starts_with("no stack in ") && none.contains("`cwl2le setup` creates one"), "{none}");

    account.run(&setup(&[])).await.0.ok();
    account.run(&setup(&["--stack", "blue"])).await.0.ok();
    tag_others(&account).await;
    let report = list(&account).await;
    assert_eq!((names(&report), &report["by_tags"]), (vec!["blue", "default"], &json!(true)));
    assert_eq!(report["strangers"], json!(["no\u{2028}stack"]));
    for stack in report["stacks"].as_array().expect("stacks") {
        assert_eq!(stack["version"], env!("CARGO_PKG_VERSION"), "{stack:#}");
        assert_eq!(stack["destinations"], json!(["default"]), "{stack:#}");
        // Nothing was logged, so nobody says that it flows.
        assert_eq!(stack["verdict"], "quiet", "{stack:#}");
    }
    let shown = text(&account, &["list"]).await;
    assert!(!shown.contains('\u{2028}') && shown.contains("which no stack can have"), "{shown}");

    // A name that is nearly one of them is questioned before a stack of that name is set up.
    let mut misspelt = account.text(&["plan", "--stack", "bleu", "--token", crate::support::TOKEN]);
    let misspelt = ended(misspelt.spawn().expect("cwl2le runs")).await;
    assert_eq!(misspelt.code, 8, "{misspelt:?}");
    assert!(misspelt.stdout.contains("there is no stack `bleu` in"), "{misspelt:?}");
    assert!(misspelt.stdout.contains("did you mean `blue`?"), "{misspelt:?}");
    let diagnosis = account.run(&["doctor", "--stack", "bleu", "--only", "stack-there"]).await.0;
    assert!(diagnosis.code == 8 && diagnosis.stdout.contains("did you mean `blue`?"), "{diagnosis:?}");
    assert!(!diagnosis.stdout.contains("cwl2le setup --stack bleu"), "{diagnosis:?}");

    // Somebody removes half of a stack by hand.
    let (kinesis, lambda) =
        (aws_sdk_kinesis::Client::new(&account.config), aws_sdk_lambda::Client::new(&account.config));
    kinesis.delete_stream().stream_name("blue-cloudwatch-logs-stream").send().await.expect("deleted");
    lambda.delete_function().function_name("blue-cwl-to-logentries").send().await.expect("deleted");
    let report = list(&account).await;
    assert_eq!(names(&report), ["blue", "default"]);
    let blue = &report["stacks"][0];
    assert_eq!(blue["verdict"], "not-set-up", "{blue:#}");
    let left = json!([
        "log group /aws/lambda/blue-cwl-to-logentries",
        "role blue-cwl-to-kinesis",
        "role blue-cwl-to-logentries",
    ]);
    assert_eq!(blue["leftovers"], left, "{blue:#}");
    let shown = text(&account, &["list"]).await;
    let printed = "cwl2le teardown --stack blue";
    assert!(shown.contains(&format!("`{printed}`")), "{shown}");
    let typed: Vec<&str> = printed.split(' ').skip(1).collect();
    account.run(&typed).await.0.ok();
    assert_eq!(names(&list(&account).await), ["default"]);
}

/// A resource of others with a tag of cwl2le, and a value that turns lines around.
async fn tag_others(account: &Account) {
    let kinesis = aws_sdk_kinesis::Client::new(&account.config);
    let tag = kinesis.add_tags_to_stream().stream_name("their-stream");
    let tag = tag.tags("cwl2le:stack", "no\u{2028}stack").tags("cwl2le:region", crate::support::REGION);
    tag.send().await.expect("tagged");
}

#[tokio::test(flavor = "multi_thread")]
async fn without_tags_stacks_are_found_by_their_names() {
    let ground = Ground::start(Options::default()).await;
    let account = ground.account().await;
    account.run(&setup(&["--stack", "blue"])).await.0.ok();
    let of = Some(Call { service: "tagging".to_owned(), operation: "GetResources".to_owned() });
    let denied =
        Injection { of, at: 1, times: usize::MAX, when: When::Before, fault: Fault::access_denied() };
    let report = account.run_with(Some(denied), &["list"]).await.0.ok().json();
    assert_eq!((names(&report), &report["by_tags"]), (vec!["blue"], &json!(false)));
    assert_eq!(report["unseen"][0]["action"], "tag:GetResources");
    assert_eq!(report["stacks"][0]["version"], env!("CARGO_PKG_VERSION"));
}
