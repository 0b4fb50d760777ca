//! The local AWS as a process: it starts, does what the chain needs, and never outlives its starter.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use cwl2le_local::ministack::MINISTACK;
use cwl2le_local::python::PythonEnv;
use cwl2le_local::{Cache, LocalAws, Options};
use tokio::sync::OnceCell;

fn cache() -> Cache {
    Cache::open().expect("a cache folder")
}

async fn start() -> LocalAws {
    LocalAws::start(&cache(), Options::default(), &|_| {})
        .await
        .unwrap_or_else(|error| panic!("{error}; hint: {:?}", error.hint()))
}

/// One that tests share; it ends with this program.
async fn shared() -> &'static LocalAws {
    static SHARED: OnceCell<LocalAws> = OnceCell::const_new();
    SHARED.get_or_init(start).await
}

/// Whether something listens at the endpoint and is well.
fn answers(endpoint: &str) -> bool {
    let address = endpoint.trim_start_matches("http://");
    let Ok(mut connection) = TcpStream::connect(address) else {
        return false;
    };
    let request = "GET /_ministack/health HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n";
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
    #[cfg(unix)]
    {
        let mode = std::os::unix::fs::PermissionsExt::mode(&state.metadata().expect("there").permissions());
        assert_eq!(mode & 0o077, 0, "nobody else may look into {}", state.display());
    }
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

/// Runs a Python test of the launcher in accounts of its own.
async fn passes(test: &str, aws: &LocalAws) {
    static NEXT: AtomicU64 = AtomicU64::new(111_100_000_000);
    let account = NEXT.fetch_add(1_000, Ordering::Relaxed);
    let environment = PythonEnv::of(MINISTACK, &cache(), &|_| {}).await.expect("installed");
    let tested = environment
        .command()
        .arg("-B")
        .arg(launcher_tests().join(test))
        .env("CWL2LE_TEST_ENDPOINT", aws.endpoint())
        .env("CWL2LE_TEST_ACCOUNT", account.to_string())
        .output()
        .await
        .expect("run");
    assert!(tested.status.success(), "{}\n{}", String::from_utf8_lossy(&tested.stderr), aws.logs_tail(40));
}

#[tokio::test]
async fn the_chain_from_log_group_to_function_works() {
    passes("chain.py", shared().await).await;
}

#[tokio::test]
async fn other_accounts_deliver_to_a_destination() {
    passes("destinations.py", shared().await).await;
}

#[tokio::test]
async fn a_mapping_on_an_alias_follows_it_and_keeps_its_position() {
    passes("aliases.py", shared().await).await;
}

#[tokio::test]
async fn events_are_filtered_as_on_aws() {
    passes("events.py", shared().await).await;
}

#[tokio::test]
async fn alarms_are_evaluated_and_resources_are_found_by_their_tags() {
    passes("alarms_and_tags.py", shared().await).await;
}

#[tokio::test]
async fn the_chain_is_measured() {
    passes("measured.py", shared().await).await;
}

#[tokio::test]
async fn metrics_are_asked_for_as_on_aws() {
    passes("metric_queries.py", shared().await).await;
}

#[tokio::test]
async fn rights_are_simulated_and_subscriptions_by_mail_wait() {
    passes("people.py", shared().await).await;
}

#[tokio::test]
async fn reads_lag_behind_writes_when_asked_for() {
    passes("lagging.py", shared().await).await;
}

#[tokio::test]
async fn requests_are_checked_against_the_models_of_aws() {
    passes("strict.py", shared().await).await;
}

#[tokio::test]
async fn quotas_and_sizes_are_those_of_aws() {
    passes("limits.py", shared().await).await;
}

#[tokio::test]
async fn permissions_are_evaluated_when_asked_for() {
    let auth = Options { auth: true, ..Options::default() };
    let aws = LocalAws::start(&cache(), auth, &|_| {}).await.expect("started");
    passes("auth.py", &aws).await;
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
        .args(["--ignored", "--exact", "local_aws::run_until_killed", "--nocapture"])
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

/// One raw request with these lines after the first; the status of the answer and the whole of it.
fn ask(endpoint: &str, lines: &[&str]) -> (u16, String) {
    let address = endpoint.trim_start_matches("http://");
    let mut connection = TcpStream::connect(address).expect("connected");
    let body = "Action=ListRoles&Version=2010-05-08";
    let request = format!(
        "POST / HTTP/1.1\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\n\
         Connection: close\r\n{}\r\n\r\n{body}",
        body.len(),
        lines.join("\r\n")
    );
    connection.write_all(request.as_bytes()).expect("sent");
    let mut answer = String::new();
    connection.read_to_string(&mut answer).expect("answered");
    let status = answer.split(' ').nth(1).and_then(|status| status.parse().ok()).expect("a status");
    (status, answer)
}

const HOST: &str = "Host: 127.0.0.1:1";
const SIGNED_BY_TEST: &str = "Authorization: AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/iam/aws4_request, \
                              SignedHeaders=host, Signature=00";

#[tokio::test]
async fn a_web_page_can_neither_call_it_nor_read_its_answers() {
    let aws = shared().await;
    let (status, answer) = ask(aws.endpoint(), &[HOST, SIGNED_BY_TEST]);
    assert_eq!(status, 200, "a program of this machine can: {answer}");
    assert!(!answer.to_ascii_lowercase().contains("access-control-"), "{answer}");
    for of_a_page in ["Origin: http://evil.example", "Origin: null", "Sec-Fetch-Site: cross-site"] {
        let (status, answer) = ask(aws.endpoint(), &[HOST, SIGNED_BY_TEST, of_a_page]);
        assert_eq!(status, 403, "{of_a_page}: {answer}");
        assert!(!answer.to_ascii_lowercase().contains("access-control-"), "{answer}");
    }
    for foreign in ["Host: evil.example", "Host: 127.0.0.1.evil.example:80", "Host: 192.0.2.1"] {
        assert_eq!(ask(aws.endpoint(), &[foreign, SIGNED_BY_TEST]).0, 403, "{foreign}");
    }
}

#[tokio::test]
async fn a_private_one_takes_only_what_its_secret_signs() {
    let private = Options { private: true, ..Options::default() };
    let aws = LocalAws::start(&cache(), private, &|_| {}).await.unwrap_or_else(|error| panic!("{error}"));
    assert_ne!(aws.credentials().secret_access_key, "test");
    let by_account = SIGNED_BY_TEST.replace("=test/", "=000000000000/");
    for lines in [&[HOST][..], &[HOST, SIGNED_BY_TEST], &[HOST, &by_account]] {
        let (status, answer) = ask(aws.endpoint(), lines);
        assert!((400..500).contains(&status), "{lines:?}: {answer}");
    }
    assert!(!answers(aws.endpoint()), "control paths need the secret");
    aws.reset().await.expect("with the secret");
}
