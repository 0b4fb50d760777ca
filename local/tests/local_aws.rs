//! The local AWS as a process: it starts, forgets on demand and never outlives whoever started it.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;

use cwl2le_local::{Cache, LocalAws, Options};

async fn start() -> LocalAws {
    let cache = Cache::open().expect("a cache folder");
    LocalAws::start(&cache, Options::default(), &|_| {})
        .await
        .unwrap_or_else(|error| panic!("{error}; hint: {:?}", error.hint()))
}

/// Whether something listens at the endpoint.
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
