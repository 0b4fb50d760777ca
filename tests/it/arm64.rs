//! The chain with the forwarder for arm64, which the local AWS runs with an emulator on x86_64. `.ci/run arm64` builds it,
//! gives it to the build of `cwl2le` with `CWL2LE_FORWARDER_ARM64`, and names the emulator with `CWL2LE_EMULATE_ARM64`.

use aws_sdk_lambda::types::Architecture;
use cwl2le::bundle;
use cwl2le::resources::Arch;
use cwl2le_local::Options;
use serde_json::{Value, json};

use crate::support::account::{Ground, other_zip, setup};
use crate::support::flow::{FUNCTION, Flow};

/// The processor of what gets the records.
async fn live_on(flow: &Flow) -> Vec<Architecture> {
    let live = flow.lambda().get_function_configuration().function_name(FUNCTION).qualifier("live");
    live.send().await.expect("a version").architectures.expect("a list")
}

/// Without these, the tests would say nothing of arm64.
fn must_carry_both() {
    for arch in [Arch::Arm64, Arch::X86_64] {
        assert!(
            bundle::available().any(|carried| carried == arch),
            "this cwl2le has no forwarder for {arch}"
        );
    }
    assert_eq!(bundle::preferred(), Arch::Arm64);
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "`.ci/run arm64` has a forwarder and an emulator for it"]
async fn a_new_stack_gets_arm64_and_delivers_every_line_once() {
    must_carry_both();
    let flow = Flow::start().await;
    assert_eq!(live_on(&flow).await, [Architecture::Arm64]);
    for _ in 0..30 {
        flow.put_many(50).await;
    }
    flow.is_whole().await;
    let lines = flow.world.log_service.lines();
    assert_eq!(lines.len(), 1500, "no line came twice: each invocation got its receipt");
    // Every line is accounted for by the version that the alias names.
    let (live, delivered) = (flow.live().await, std::cell::Cell::new(0));
    flow.wait_for("the counts of all lines in the function's log", || async {
        let log = flow.log().await;
        let counts = log.iter().filter(|(version, _)| *version == live);
        let counts = counts.filter_map(|(_, line)| serde_json::from_str::<Value>(line).ok());
        delivered.set(counts.filter_map(|line| line["EventsDelivered"].as_u64()).sum());
        delivered.get() >= 1500
    })
    .await;
    assert_eq!(delivered.get(), 1500);
    // Nothing is left to do, and a setup that says nothing of a processor leaves it alone.
    let again = flow.world.run(&["setup"]).await.ok().json();
    assert_eq!(again["changed"], false, "{again:#}");
    assert_eq!(shown(&flow).await, ["arm64"]);
    flow.world.run(&["teardown"]).await.ok();
}

/// The processors that `status` shows.
async fn shown(flow: &Flow) -> Vec<String> {
    let status = flow.world.run(&["status", "--deep"]).await.ok().json();
    let parts = status["parts"].as_array().expect("parts").iter();
    parts.filter_map(|part| part["data"]["architecture"].as_str().map(ToOwned::to_owned)).collect()
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "`.ci/run arm64` has a forwarder and an emulator for it"]
async fn lines_flow_while_a_stack_moves_to_arm64_and_back() {
    must_carry_both();
    let flow = Flow::start_with(&["--arch", "x86_64"]).await;
    let is = async |wanted: Architecture, version: &str| {
        assert_eq!((live_on(&flow).await, flow.live().await), (vec![wanted], version.to_owned()));
    };
    is(Architecture::X8664, "1").await;
    flow.during(async {
        // One that is there keeps its processor.
        assert_eq!(flow.world.run(&["setup"]).await.ok().json()["changed"], false);
        assert_eq!(flow.world.run(&["upgrade"]).await.ok().json()["changed"], false);
        flow.wait_for("the first lines", || async { flow.arrived().len() > 5 }).await;

        let report = flow.world.run(&["upgrade", "--arch", "arm64", "--watch", "4s"]).await.ok().json();
        assert_eq!(report["outcome"], "live", "{report:#}");
        assert_eq!(report["versions"], json!([{"function": FUNCTION, "from": 1, "to": 2}]));
        let hops = report["canary"].as_array().cloned().expect("a canary");
        assert!(hops.len() == 1 && hops[0]["state"] == "ok" && hops[0]["direct"] == true, "{hops:#?}");
        is(Architecture::Arm64, "2").await;
        flow.more("lines by arm64").await;

        flow.world.run(&["rollback"]).await.ok();
        is(Architecture::X8664, "1").await;
        assert_eq!(shown(&flow).await, ["x86_64"]);
        // What was left is not taken up again by itself.
        assert_eq!(flow.world.run(&["setup"]).await.ok().json()["changed"], false);
        is(Architecture::X8664, "1").await;
        flow.more("lines by x86_64").await;

        flow.world.run(&["rollback", "--to", "2"]).await.ok();
        is(Architecture::Arm64, "2").await;
        flow.more("lines by arm64 again").await;

        // `setup` moves as well, without the canary.
        let report = flow.world.run(&["setup", "--arch", "x86_64"]).await.ok().json();
        let fields = report["changes"]
            .as_array()
            .expect("changes")
            .iter()
            .filter_map(|step| step["fields"].as_array());
        let moved = fields.flatten().find(|field| field["name"] == "architecture").cloned();
        let moved = moved.unwrap_or_else(|| panic!("{report:#}"));
        assert_eq!((&moved["old"], &moved["new"]), (&json!("arm64"), &json!("x86_64")), "{report:#}");
        is(Architecture::X8664, "3").await;
        flow.more("lines by x86_64 again").await;
    })
    .await;
    flow.is_whole().await;
    flow.world.run(&["teardown"]).await.ok();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_says_which_processor_a_new_function_gets_and_why() {
    let ground = Ground::start(Options::default()).await;
    let account = ground.account().await;
    let plan = async |more: &[&str]| {
        let args = [&["--dry-run"], more].concat();
        let report = account.run(&setup(&args)).await.0.ok().json();
        let steps = report["changes"].as_array().cloned().expect("changes");
        let fields = steps.iter().filter_map(|step| step["fields"].as_array()).flatten();
        let processor =
            fields.filter(|field| field["name"] == "architecture").map(|field| field["new"].clone());
        let notes = report["notes"].as_array().cloned().unwrap_or_default();
        let why = notes.into_iter().filter(|note| note.as_str().is_some_and(|note| note.contains("arm64")));
        (processor.collect::<Vec<_>>(), why.collect::<Vec<_>>())
    };
    let (processor, why) = plan(&[]).await;
    assert_eq!(processor, [json!(bundle::preferred())]);
    let fallback = "the function gets x86_64, because this build of cwl2le has no forwarder for arm64, whose time costs \
                    20 % less; a release has both";
    match bundle::preferred() {
        Arch::Arm64 => assert!(why.is_empty(), "{why:?}"),
        Arch::X86_64 => assert_eq!(why, [json!(fallback)]),
    }
    // Who asks for it needs no reason, and who brings a zip has said it, too.
    let zip = other_zip();
    let path = zip.path().display().to_string();
    assert_eq!(plan(&["--forwarder-zip", &path]).await, (vec![json!("arm64")], Vec::new()));
    for arch in bundle::available() {
        assert_eq!(plan(&["--arch", arch.as_str()]).await, (vec![json!(arch)], Vec::new()));
    }
}
