//! What the tests start ends with them: nobody runs on, and no folder is left.

#![cfg(target_os = "linux")]

use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use cwl2le_local::Options;

use crate::support::account::{Ground, setup};

/// Set for the run that is looked at, so that nobody else who runs the ignored tests makes one.
const HELPER: &str = "CWL2LE_TEST_HELPER";
const ENDING: Duration = Duration::from_secs(60);

/// How the process ends: not as one that found no test to run.
const DONE: i32 = 42;

/// Not a test: a run with a local AWS and a function in it, which ends in the midst of it all.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "run by the test that looks at what is left"]
async fn run_until_ended() {
    if std::env::var_os(HELPER).is_none() {
        return;
    }
    let account = Ground::start(Options::default()).await.account().await;
    account.run(&setup(&[])).await.0.ok();
    std::process::exit(DONE);
}

#[test]
fn a_run_leaves_no_process_and_no_folder() {
    let folder = tempfile::tempdir().expect("a folder");
    let ran = Command::new(std::env::current_exe().expect("this program"))
        .args(["leftovers::run_until_ended", "--exact", "--ignored"])
        .env(HELPER, "1")
        .env("TMPDIR", folder.path())
        .output()
        .expect("it runs");
    assert_eq!(ran.status.code(), Some(DONE), "{ran:?}");
    let deadline = Instant::now() + ENDING;
    loop {
        let files: Vec<_> = std::fs::read_dir(folder.path()).expect("the folder").flatten().collect();
        let running = processes_of(folder.path());
        if files.is_empty() && running.is_empty() {
            return;
        }
        assert!(Instant::now() < deadline, "{files:?} and {running:?} are left");
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// The command lines of the processes that were started with something in the folder.
fn processes_of(folder: &Path) -> Vec<String> {
    let folder = folder.to_str().expect("UTF-8");
    let processes = std::fs::read_dir("/proc").expect("Linux").flatten().map(|process| process.path());
    let text = |file: std::path::PathBuf| {
        String::from_utf8_lossy(&std::fs::read(file).unwrap_or_default()).into_owned()
    };
    let of_folder = processes.filter(|process| {
        process != Path::new("/proc/self")
            && ["cmdline", "environ"].iter().any(|file| text(process.join(file)).contains(folder))
    });
    of_folder.map(|process| text(process.join("cmdline"))).collect()
}
