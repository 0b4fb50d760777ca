//! `cwl2le demo --keep`: what it tells, that its commands work in another shell, and that it ends with its report.

use std::fs::File;
use std::path::Path;
use std::process::{Command, Stdio};

use cwl2le_local::Cache;
use serde_json::json;

use super::draw::{colored, picture, until};
use crate::support::{self, Ran, cwl2le};

/// The variables of the commands that it says to paste.
fn exports(said: &str) -> Vec<(String, String)> {
    let plain = |line: &str| line.replace("\u{1b}[36m", "").replace("\u{1b}[0m", "");
    let lines = said.lines().map(plain);
    let pairs = lines.filter_map(|line| {
        let words = shlex::split(line.strip_prefix("export ")?)?;
        words.first()?.split_once('=').map(|(name, value)| (name.to_owned(), value.to_owned()))
    });
    pairs.collect()
}

/// `cwl2le ARGS` in a shell into which the exports were pasted.
async fn run(exports: &[(String, String)], args: &[&str]) -> Ran {
    let folder = tempfile::tempdir().expect("a folder");
    let mut command = cwl2le();
    command.args(args).envs(exports.to_vec()).current_dir(folder.path());
    tokio::task::spawn_blocking(move || command.output().expect("cwl2le runs").into())
        .await
        .expect("no panic")
}

fn read(file: &Path) -> String {
    String::from_utf8_lossy(&std::fs::read(file).expect("readable")).into_owned()
}

/// What a run without `--keep` says that finds a local AWS installed: nothing of how to look around.
fn without_the_middle(said: &str) -> String {
    let lines: Vec<&str> = said.lines().collect();
    let at = |text: &str| lines.iter().position(|line| line.contains(text)).expect("a line");
    let (started, from, to) = (at("✓"), at("lines delivered.") - 1, at("teardown: "));
    [&lines[..2], &lines[started..from], &lines[to..]].concat().join("\n")
}

#[tokio::test(flavor = "multi_thread")]
async fn the_demo_tells_its_story_and_what_is_kept_can_be_looked_at() {
    let cache = Cache::open().expect("a cache folder");
    let output = tempfile::NamedTempFile::new().expect("a file");
    let open = || File::options().append(true).open(output.path()).expect("it opens");
    let mut demo = cwl2le();
    colored(&mut demo);
    let mut demo = tokio::process::Command::from(demo);
    demo.args(["demo", "--keep"])
        .env("CWL2LE_CACHE_DIR", cache.root())
        .env("CWL2LE_PYTHON", support::python())
        .stdin(Stdio::null())
        .stdout(open())
        .stderr(open())
        .kill_on_drop(true);
    let mut demo = demo.spawn().expect("cwl2le runs");
    let exports = until("the demo to say how to look around", async || {
        let said = read(output.path());
        if said.contains("Ctrl-C here stops the demo") { Ok(exports(&said)) } else { Err(said) }
    })
    .await;
    until("logs that flow", async || {
        let status = run(&exports, &["--output", "json", "status"]).await.json();
        if status["verdict"] == json!("flowing") { Ok(()) } else { Err(format!("{status:#}")) }
    })
    .await;
    run(&exports, &["test"]).await.ok();
    until("the line of the test", async || {
        let said = read(output.path());
        if said.contains("arrived  cwl2le canary") { Ok(()) } else { Err(said) }
    })
    .await;

    let id = demo.id().expect("it runs").to_string();
    assert!(Command::new("kill").args(["-INT", &id]).status().expect("kill runs").success());
    let ended = tokio::time::timeout(std::time::Duration::from_secs(300), demo.wait()).await;
    let said = read(output.path());
    assert!(ended.is_ok_and(|ended| ended.expect("it ends").success()), "{said}");
    assert!(!said.contains("calls in flight"), "{said}");
    picture("demo", "cwl2le demo", &without_the_middle(&said));
}
