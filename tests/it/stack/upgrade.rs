//! New versions of the forwarder, and the way back, while logs flow all the time.

use std::collections::BTreeSet;

use cwl2le_local::{Call, Fault, Injection, Options, When};
use serde_json::json;

use crate::support::account::Ground;
use crate::support::flow::{FUNCTION, Flow};
use crate::support::{TOKEN, confirmed, forwarder_zip};

#[tokio::test(flavor = "multi_thread")]
async fn lines_flow_through_an_upgrade_a_rollback_and_the_move_of_an_older_chain() {
    let flow = Flow::start().await;
    let (invoked, mapping) = flow.mapping().await;
    assert!(invoked.ends_with(&format!(":{FUNCTION}:live")), "{invoked}");
    let first = flow.live().await;
    let zip = flow.zip("newer");
    flow.during(async {
        flow.wait_for("the first lines", || async { flow.arrived().len() > 5 }).await;
        let report = flow.upgrade(&zip, &["--watch", "4s"]).await.ok().json();
        assert_eq!(report["outcome"], "live", "{report:#}");
        assert_eq!(report["versions"], json!([{"function": FUNCTION, "from": 1, "to": 2}]));
        let hops = report["canary"].as_array().cloned().expect("a canary");
        assert!(hops.len() == 1 && hops[0]["state"] == "ok" && hops[0]["direct"] == true, "{hops:#?}");
        assert_eq!(report["watch"]["errors"], 0);
        assert_ne!(flow.live().await, first);
        flow.wait_for("the canary's note", || async { flow.tried().await == ["2".to_owned()].into() }).await;
        let again = flow.upgrade(&zip, &[]).await.ok().json();
        assert_eq!((&again["outcome"], &again["changed"]), (&json!("unchanged"), &json!(false)), "{again:#}");

        let count = flow.arrived().len();
        flow.wait_for("lines by the new version", || async { flow.arrived().len() > count + 5 }).await;
        let back = flow.world.run(&["rollback"]).await.ok().json();
        assert_eq!(back["versions"], json!([{"function": FUNCTION, "from": 2, "to": 1}]), "{back:#}");
        assert_eq!(flow.live().await, first);
        // Once more changes nothing, and neither does a setup.
        assert_eq!(flow.world.run(&["rollback"]).await.ok().json()["changed"], false);
        assert_eq!(flow.world.run(&["setup"]).await.ok().json()["changed"], false);
        assert_eq!(flow.live().await, first);
        let versions = flow.world.run(&["versions"]).await.ok().json();
        let of = &versions["functions"][0];
        assert_eq!((&of["live"], &of["rolled_back_from"]), (&json!(1), &json!(2)), "{versions:#}");

        let count = flow.arrived().len();
        flow.wait_for("lines by the old version", || async { flow.arrived().len() > count + 5 }).await;
        // As an older cwl2le left it.
        let lambda = flow.lambda();
        let moved = lambda.update_event_source_mapping().uuid(&mapping).function_name(FUNCTION);
        moved.send().await.expect("moved");
        lambda.delete_alias().function_name(FUNCTION).name("live").send().await.expect("deleted");
        let report = flow.upgrade(&flow.zip("newest"), &["--watch", "4s"]).await.ok().json();
        assert_eq!(report["outcome"], "live", "{report:#}");
        assert_eq!(
            flow.mapping().await,
            (invoked.clone(), mapping.clone()),
            "the same mapping, so its checkpoint"
        );
        let count = flow.arrived().len();
        flow.wait_for("lines by the newest version", || async { flow.arrived().len() > count + 5 }).await;
    })
    .await;
    flow.is_whole().await;
    flow.world.run(&["teardown"]).await.ok();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_version_that_does_not_work_never_gets_a_record() {
    let flow = Flow::start().await;
    let first = flow.live().await;
    flow.during(async {
        // It does not start.
        let broken = forwarder_zip::that_ends_at_once(flow.folder.path());
        let ran = flow.upgrade(&broken, &["--watch", "0s"]).await;
        assert!(
            ran.code != 0 && ran.json()["error"]["message"].to_string().contains("cannot start"),
            "{ran:?}"
        );
        assert_eq!(flow.live().await, first);

        // It starts, and no destination accepts its canary.
        let zip = flow.zip("undelivered");
        flow.world.log_service.stop_listening();
        flow.world.log_service.close_connections();
        let ran = flow.upgrade(&zip, &[]).await;
        flow.world.log_service.resume();
        let report = ran.json();
        assert_eq!((ran.code, &report["outcome"]), (9, &json!("refused")), "{report:#}");
        assert!(report["why"].as_str().is_some_and(|why| why.contains("connect")), "{report:#}");
        assert_eq!(flow.live().await, first);
        // `setup` does not bring it.
        let setup = flow.world.run(&["setup"]).await.ok().json();
        assert_eq!(setup["changed"], false, "{setup:#}");
        assert_eq!(flow.live().await, first);
    })
    .await;
    flow.is_whole().await;
    assert_eq!(flow.tried().await, BTreeSet::from(["3".to_owned()]), "version 2 did not start");
    assert_eq!(flow.delivered_by().await, BTreeSet::from([first]));
    flow.world.run(&["teardown"]).await.ok();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_version_that_fails_while_it_is_live_goes_back_by_itself() {
    let flow = Flow::start().await;
    let first = flow.live().await;
    let zip = flow.zip("fails later");
    let ran = flow
        .during(async {
            flow.wait_for("the first lines", || async { flow.arrived().len() > 5 }).await;
            let upgrade = flow.upgrade(&zip, &["--watch", "10m"]);
            let outage = async {
                flow.wait_for("the new version", || async { flow.live().await != first }).await;
                flow.world.log_service.stop_listening();
                flow.world.log_service.close_connections();
            };
            let (ran, ()) = tokio::join!(upgrade, outage);
            flow.world.log_service.resume();
            ran
        })
        .await;
    let report = ran.json();
    assert_eq!((ran.code, &report["outcome"]), (9, &json!("rolled-back")), "{report:#}");
    assert!(
        report["why"].as_str().is_some_and(|why| why.starts_with("version 2: destination `default`")),
        "{report:#}"
    );
    assert_eq!(flow.live().await, first);
    flow.is_whole().await;
    flow.world.run(&["teardown"]).await.ok();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_older_cwl2le_undoes_no_upgrade_and_can_still_roll_back() {
    let flow = Flow::start().await;
    let first = flow.live().await;
    flow.upgrade(&flow.zip("newer"), &["--no-canary", "--watch", "0s"]).await.ok();
    let lambda = flow.lambda();
    let is = lambda.get_function_configuration().function_name(FUNCTION).send().await.expect("a function");
    let arn = is.function_arn.expect("an ARN");
    lambda.tag_resource().resource(arn).tags("cwl2le:version", "99.0.0").send().await.expect("tagged");
    let second = flow.live().await;
    for args in [&["setup"][..], &["upgrade"]] {
        flow.world.run(&confirmed(args)).await.failed(3, "downgrade");
        assert_eq!(flow.live().await, second, "{args:?}");
    }
    // What a rollback goes back to it shows before, and changes nothing in a dry run.
    let plan = flow.world.run(&["rollback", "--dry-run"]).await.ok().json();
    assert_eq!((&plan["changed"], flow.live().await), (&json!(true), second.clone()), "{plan:#}");
    flow.world.run(&["rollback", "--to", "9"]).await.failed(6, "not-found");
    flow.world.run(&["rollback"]).await.ok();
    assert_eq!(flow.live().await, first);
    flow.world.run(&["rollback", "--to", &second]).await.ok();
    assert_eq!(flow.live().await, second);
    flow.world.run(&["teardown"]).await.ok();
    for verb in ["rollback", "upgrade", "versions"] {
        flow.world.run(&[verb]).await.failed(6, "not-found");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_functions_of_a_stack_move_together_or_not_at_all() {
    let ground = Ground::start(Options::default()).await;
    let account = ground.account().await;
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("cwl2le.toml");
    let destination = |name: &str, more: &str| {
        let token = TOKEN;
        format!(
            "[destinations.{name}]\ntype = \"logentries\"\nendpoint = \"127.0.0.1:1\"\ntls = false\ntoken = \"{token}\"\n{more}"
        )
    };
    let text = destination("default", "") + &destination("audit", "isolated = true\n");
    std::fs::write(&file, text).expect("written");
    let file = file.display().to_string();
    account.run(&["setup", "--config", &file]).await.0.ok();
    let lambda = aws_sdk_lambda::Client::new(&account.config);
    let own = format!("{FUNCTION}-audit");
    let live = async || {
        let mut versions = Vec::new();
        for function in [FUNCTION, &own] {
            let alias =
                lambda.get_alias().function_name(function).name("live").send().await.expect("an alias");
            versions.push(alias.function_version.expect("a version"));
        }
        versions
    };
    let old = live().await;
    let zip = forwarder_zip::with_comment(folder.path(), "newer").display().to_string();
    // Nobody listens where the lines go.
    let upgrade = ["upgrade", "--no-canary", "--watch", "0s", "--to", &zip];
    let of = |operation: &str| Some(Call { service: "lambda".to_owned(), operation: operation.to_owned() });
    let denied = || Fault::Error {
        status: 403,
        code: "AccessDeniedException".to_owned(),
        message: "denied".to_owned(),
    };
    // Where one function cannot publish, none moves.
    let first = Injection { of: of("PublishVersion"), at: 1, times: 1, when: When::Before, fault: denied() };
    account.run_with(Some(first), &upgrade).await.0.failed(4, "access-denied");
    assert_eq!(live().await, old);
    // Of two moves the second fails, so the first one is undone.
    let second = Injection { of: of("UpdateAlias"), at: 2, times: 1, when: When::Before, fault: denied() };
    let (ran, _) = account.run_with(Some(second), &upgrade).await;
    let error = ran.failed(4, "access-denied").json()["error"].clone();
    assert!(error["message"].as_str().is_some_and(|text| text.ends_with("stays live")), "{error:#}");
    assert_eq!(live().await, old);

    let report = account.run(&upgrade).await.0.ok().json();
    assert_eq!(report["versions"].as_array().map(Vec::len), Some(2), "{report:#}");
    let new = live().await;
    assert!(old.iter().zip(&new).all(|(old, new)| old != new), "{old:?} {new:?}");
    // One that is interrupted half way is completed by the next one.
    let second = Injection { of: of("UpdateAlias"), at: 2, times: 1, when: When::Before, fault: denied() };
    account.run_with(Some(second), &["rollback"]).await.0.failed(4, "access-denied");
    let half = live().await;
    assert!(half != old && half != new, "{half:?}");
    account.run(&["rollback"]).await.0.ok();
    assert_eq!(live().await, old);
    assert_eq!(account.run(&["rollback"]).await.0.ok().json()["changed"], false);
    let versions = account.run(&["versions"]).await.0.ok().json();
    assert_eq!(versions["functions"][1]["destination"], "audit", "{versions:#}");
    account.run(&["teardown"]).await.0.ok();
}
