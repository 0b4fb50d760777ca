//! The number of calls does not depend on the number of log groups.

use cwl2le_local::Options;
use serde_json::json;

use crate::support::account::{Ground, setup};

/// Maximum number of calls of one `status`.
const CALLS: usize = 40;

#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_log_groups_take_no_more_calls_than_one() {
    let ground = Ground::start(Options::default()).await;
    let account = ground.account().await;
    account.run(&setup(&[])).await.0.ok();
    let logs = account.logs();
    for n in 0..1000 {
        let name = format!("/many/{n:04}");
        logs.create_log_group().log_group_name(name).send().await.expect("a log group");
    }
    let (ran, calls) = account.run(&["status"]).await;
    let verdict = ran.ok().json()["verdict"].clone();
    assert_eq!(verdict, json!("quiet"));
    assert!(calls.len() <= CALLS, "{} calls: {calls:?}", calls.len());
}
