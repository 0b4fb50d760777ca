//! What a person reads when something that installing needs is missing.

use std::path::Path;
use std::process::{Command, Stdio};

use cwl2le_local::ministack::MINISTACK;
use cwl2le_local::python::PythonEnv;
use cwl2le_local::{Cache, LocalError};

/// Set for the process that installs; without it the function below does nothing.
const HELPER: &str = "CWL2LE_TEST_HELPER";

/// Not a test: a process whose environment the tests below choose.
#[tokio::test]
#[ignore = "run by the other tests, with an environment of their own"]
async fn install_for_another_test() {
    if std::env::var_os(HELPER).is_none() {
        return;
    }
    let installed: Result<PythonEnv, LocalError> = async {
        let progress = |line: &str| assert!(!line.is_empty());
        PythonEnv::of(MINISTACK, &Cache::open()?, &progress).await
    }
    .await;
    let error = installed.expect_err("it lacks something");
    panic!("error: {error}\nhint: {}", error.hint().unwrap_or_default());
}

/// What the install says with these environment variables and an empty cache.
fn said(cache: &Path, variables: &[(&str, &str)]) -> String {
    let mut command = Command::new(std::env::current_exe().expect("this test"));
    command
        .args(["--ignored", "--exact", "install::install_for_another_test", "--nocapture"])
        .env("CWL2LE_CACHE_DIR", cache)
        .env("RUST_BACKTRACE", "0")
        .env(HELPER, "1")
        .env_remove("CWL2LE_PYTHON")
        .stdin(Stdio::null());
    let output = command.envs(variables.iter().copied()).output().expect("run");
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
fn a_missing_python_is_named() {
    let cache = tempfile::tempdir().expect("a folder");
    let said = said(cache.path(), &[("CWL2LE_PYTHON", "/none/python3")]);
    assert!(
        said.contains(
            "error: cannot find a Python to run the local AWS with: CWL2LE_PYTHON is /none/python3"
        ),
        "{said}"
    );
    assert!(said.contains("hint: install Python 3.10 or newer"), "{said}");
}

#[test]
fn an_empty_path_has_no_python() {
    let cache = tempfile::tempdir().expect("a folder");
    let said = said(cache.path(), &[("PATH", "/none")]);
    assert!(said.contains("python3: No such file"), "{said}");
    assert!(said.contains("hint: install Python 3.10 or newer"), "{said}");
}

#[cfg(unix)]
#[test]
fn a_python_that_is_too_old_is_named() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = tempfile::tempdir().expect("a folder");
    let old = folder.path().join("python3");
    std::fs::write(&old, "#!/bin/sh\necho 3 8 1 /usr/bin/python3\n").expect("written");
    std::fs::set_permissions(&old, std::fs::Permissions::from_mode(0o755)).expect("executable");
    let said = said(folder.path(), &[("CWL2LE_PYTHON", &old.to_string_lossy())]);
    assert!(said.contains("Python 3.8 is older than 3.10"), "{said}");
}

#[test]
fn a_missing_network_is_explained_and_leaves_nothing_half_made() {
    let cache = tempfile::tempdir().expect("a folder");
    // Nothing listens on port 1: what pip meets is what it meets without a network.
    let nowhere = [
        ("PIP_INDEX_URL", "http://127.0.0.1:1/simple"),
        ("PIP_FIND_LINKS", ""),
        ("PIP_NO_CACHE_DIR", "1"),
        ("PIP_CONFIG_FILE", "/dev/null"),
    ];
    let said = said(cache.path(), &nowhere);
    assert!(said.contains("error: cannot install ministack 1.5.33"), "{said}");
    assert!(said.contains("hint: installing needs the network once"), "{said}");
    let folders = std::fs::read_dir(cache.path()).expect("readable").filter_map(Result::ok);
    let left: Vec<_> = folders.map(|entry| entry.path()).filter(|path| path.is_dir()).collect();
    assert!(left.is_empty(), "{left:?}");
}
