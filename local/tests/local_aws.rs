//! The local AWS as a process: it starts, does what the chain needs, and never outlives its starter.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use cwl2le_local::ministack::MINISTACK;
use cwl2le_local::python::PythonEnv;
use cwl2le_local::{Cache, LocalAws, Options};

fn cache() -> Cache {
    Cache::open().expect("a cache folder")
}

async fn start() -> LocalAws {
    LocalAws::start(&cache(), Options::default(), &|_| {})
        .await
        .unwrap_or_else(|error| panic!("{error}; hint: {:?}", error.hint()))
}

/// Whether something listens at the endpoint and is well.
fn answers(endpoint: &str) -> bool {
    let address = endpoint.trim_start_matches("http://");
    let Ok(mut connection) = TcpStream::connect(address) else {
        return false;
    };
    let request = "GET /_ministack/health HTTP/1.1\r\nHost: local\r\nConnection: close\r\n\r\n";
    let mut answer = String::new();
    connection.write_all(request.as_bytes()).is_ok()
        && connection.read_to_string(&mut answer).is_ok()
        && answer.starts_with("HTTP/1.1 200")
}

fn launcher_tests() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("launcher/tests")
}

#[tokio::test]
async fn it_starts_answers_resets_and_stops_without_a_trace() {
    let aws = start().await;
    let endpoint = aws.endpoint().to_owned();
    let state = aws.log_path().parent().expect("a folder").to_owned();
    assert!(answers(&endpoint), "{}", aws.logs_tail(20));
    aws.reset().await.expect("reset");
    aws.stop().await.expect("stopped");
    assert!(!answers(&endpoint));
    assert!(!state.exists(), "{} is left", state.display());
}

#[tokio::test]
async fn two_run_beside_each_other() {
    let (one, two) = tokio::join!(start(), start());
    assert_ne!(one.endpoint(), two.endpoint());
    drop(one);
    assert!(answers(two.endpoint()));
}

#[tokio::test]
async fn the_launcher_passes_its_own_tests() {
    let environment = PythonEnv::of(MINISTACK, &cache(), &|_| {}).await.expect("installed");
    let tested = environment
        .command()
        .args(["-B", "-m", "unittest", "discover", "-s"])
        .arg(launcher_tests())
        .output()
        .await
        .expect("run");
    assert!(tested.status.success(), "{}", String::from_utf8_lossy(&tested.stderr));
}

/// Runs a Python test of the launcher against a local AWS of its own.
async fn passes(test: &str, options: Options) {
    let aws = LocalAws::start(&cache(), options, &|_| {}).await.expect("started");
    let environment = PythonEnv::of(MINISTACK, &cache(), &|_| {}).await.expect("installed");
    let tested = environment
        .command()
        .arg("-B")
        .arg(launcher_tests().join(test))
        .env("CWL2LE_TEST_ENDPOINT", aws.endpoint())
        .output()
        .await
        .expect("run");
    assert!(tested.status.success(), "{}\n{}", String::from_utf8_lossy(&tested.stderr), aws.logs_tail(40));
}

#[tokio::test]
async fn the_chain_from_log_group_to_function_works() {
    passes("chain.py", Options::default()).await;
}

#[tokio::test]
async fn permissions_are_evaluated_when_asked_for() {
    passes("auth.py", Options { auth: true }).await;
}

/// Set for the process that is to be killed, so that nobody else who runs the ignored tests waits for it.
const HELPER: &str = "CWL2LE_TEST_HELPER";

/// Not a test: the process that the next test kills.
#[tokio::test]
#[ignore = "run by the test that kills it"]
async fn run_until_killed() {
    if std::env::var_os(HELPER).is_none() {
        return;
    }
    let aws = start().await;
    let state = aws.log_path().parent().expect("a folder").to_owned();
    let mut out = std::io::stdout();
    writeln!(out, "\nrunning {} {}", aws.endpoint(), state.display()).expect("written");
    out.flush().expect("written");
    std::future::pending::<()>().await;
}

#[test]
fn it_ends_when_its_starter_is_killed() {
    let mut starter = Command::new(std::env::current_exe().expect("this test"))
        .args(["--ignored", "--exact", "run_until_killed", "--nocapture"])
        .env(HELPER, "1")
        .stdout(Stdio::piped())
        .spawn()
        .expect("started");
    let out = BufReader::new(starter.stdout.take().expect("piped"));
    let line = out
        .lines()
        .map_while(Result::ok)
        .find_map(|line| line.strip_prefix("running http").map(str::to_owned))
        .expect("it tells where it runs");
    let (address, state) = line.split_once(' ').expect("an endpoint and a folder");
    let endpoint = format!("http{address}");
    assert!(answers(&endpoint));
    starter.kill().expect("killed");
    starter.wait().expect("ended");
    let deadline = Instant::now() + Duration::from_secs(20);
    while answers(&endpoint) || Path::new(state).exists() {
        assert!(Instant::now() < deadline, "{endpoint} or {state} is left");
        std::thread::yield_now();
    }
}
