//! Somebody without any right at all: each verb that only looks ends, says what is denied, and names the policy that
//! allows it.

use cwl2le_local::Options;
use serde_json::json;

use super::cases::{employ, on_call};
use crate::support::account::{Ground, ended};

#[tokio::test(flavor = "multi_thread")]
async fn whoever_may_nothing_is_told_which_policy_to_ask_for() {
    let ground = Ground::start(Options { auth: true, ..Options::default() }).await;
    let mut account = ground.account().await;
    let nothing = json!({ "Version": "2012-10-17", "Statement": [
        { "Effect": "Allow", "Action": "sts:GetCallerIdentity", "Resource": "*" }
    ] });
    employ(&mut account, &on_call(Vec::new()), &nothing).await;
    let cases: [(&[&str], i32); 7] = [
        (&["status"], 0),
        (&["status", "--check"], 4),
        (&["list"], 4),
        (&["versions"], 4),
        (&["logs"], 4),
        (&["test", "--timeout", "5s"], 4),
        (&["doctor"], 4),
    ];
    let mut wrong = Vec::new();
    for (args, code) in cases {
        account.proxy.inject(None);
        let ran = ended(account.text(args).spawn().expect("cwl2le runs")).await;
        let said = format!("{}{}", ran.stdout, ran.stderr);
        // Nobody knows, so nobody says that all is well.
        let lies = ["FLOWING", "QUIET", "arrived in"].iter().any(|word| said.contains(word));
        // `doctor` gives each check that it could not make, with what was denied.
        let named =
            said.contains("cwl2le policies on-call ") || args[0] == "doctor" && said.contains("AccessDenied");
        if ran.code != code || lies || !named {
            wrong.push(format!("{args:?}: {}, not {code}: {said}", ran.code));
        }
        let (json, _) = account.run(args).await;
        if json.code != code {
            wrong.push(format!("{args:?} as JSON: {json:?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}
