//! Each read alone may be denied.

use std::collections::BTreeMap;

use cwl2le_local::{Call, Fault, Injection, Options, When};
use serde_json::{Value, json};

use crate::support::account::{Account, Ground, ended, setup};

async fn account(ground: &Ground) -> Account {
    let account = ground.account().await;
    account.run(&setup(&[])).await.0.ok();
    account
}

fn denied(call: &Call) -> Injection {
    let fault = Fault::Error {
        status: 403,
        code: "AccessDenied".to_owned(),
        message: "no identity-based policy allows it".to_owned(),
    };
    Injection { of: Some(call.clone()), at: 1, times: usize::MAX, when: When::Before, fault }
}

#[tokio::test(flavor = "multi_thread")]
async fn each_read_that_is_denied_alone_is_named_and_hides_nothing_else() {
    let ground = Ground::start(Options::default()).await;
    let account = account(&ground).await;
    let (ran, calls) = account.run(&["status"]).await;
    let whole = ran.ok().json();
    assert_eq!(whole["unknown"], json!([]), "{whole:#}");
    let mut distinct: BTreeMap<String, Call> =
        calls.into_iter().map(|call| (call.to_string(), call)).collect();
    distinct.remove("sts:GetCallerIdentity");
    assert!(distinct.contains_key("logs:FilterLogEvents"), "{distinct:?}");
    for (name, call) in distinct {
        let (ran, _) = account.run_with(Some(denied(&call)), &["status", "--check"]).await;
        let report = ran.json();
        let operation = name.rsplit(':').next().unwrap_or_default();
        let gaps = report["unknown"].as_array().expect("a list");
        let is_named = |gap: &Value| gap["action"].as_str().is_some_and(|action| action.ends_with(operation));
        assert!(gaps.iter().any(is_named), "{name}: {report:#}");
        // Alarms, the dashboard and the destination for other accounts decide nothing.
        let wanted = if matches!(operation, "DescribeAlarms" | "GetDashboard" | "DescribeDestinations") {
            0
        } else {
            4
        };
        assert_eq!(ran.code, wanted, "{name}: {report:#}");
        account.proxy.inject(Some(denied(&call)));
        let text = ended(account.text(&["status"]).spawn().expect("cwl2le runs")).await.ok().stdout;
        let shows = text.lines().any(|line| line.starts_with("? ") && line.contains("AWS denies "));
        assert!(shows, "{name}: {text}");
        // A command to paste stays on one line.
        let mut prose = text.lines().filter(|line| !line.starts_with("run `"));
        assert!(prose.all(|line| line.chars().count() <= 100), "{name}: {text}");
    }
}
