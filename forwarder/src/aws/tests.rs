//! The calls against a server that answers what a test says.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpListener;
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, UNIX_EPOCH};

use bytes::Bytes;
use cwl2le_local::ReservedPort;
use http::{HeaderName, HeaderValue, Method, header};
use tokio::time::Instant;

use super::*;
use crate::net::FailureKind;
use crate::net::http::{Answer, Client};

const SECRET: &str = "01234567-89ab-cdef-0123-456789abcdef";
const LONG: Duration = Duration::from_secs(60);
/// What a test waits in full.
const SHORT: Duration = Duration::from_secs(2);

/// A request as it arrived: head and body.
pub(crate) type Seen = Receiver<(String, String)>;

/// Gives each connection the next of these answers, status and body, and an empty one `hang up`.
pub(crate) fn server(answers: Vec<(u16, String)>) -> (String, Seen) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let (tell, seen) = channel();
    std::thread::spawn(move || {
        for (status, body) in answers {
            let (mut stream, _) = listener.accept().unwrap();
            if status == 0 {
                continue;
            }
            let mut reader = BufReader::new(stream.try_clone().unwrap());
            let mut head = String::new();
            while !head.ends_with("\r\n\r\n") {
                assert_ne!(reader.read_line(&mut head).unwrap(), 0, "a whole request");
            }
            let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
            let mut asked = vec![0; length.map_or(0, |length| length.parse().unwrap())];
            reader.read_exact(&mut asked).unwrap();
            let answer = format!(
                "HTTP/1.1 {status} x\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
                body.len()
            );
            stream.write_all(answer.as_bytes()).unwrap();
            tell.send((head, String::from_utf8_lossy(&asked).into_owned())).unwrap();
        }
    });
    (url, seen)
}

pub(crate) fn aws(url: &str) -> Aws {
    let variable = |name: &str| {
        let value = match name {
            "AWS_ACCESS_KEY_ID" => "AKIDEXAMPLE",
            "AWS_SECRET_ACCESS_KEY" => "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
            "AWS_SESSION_TOKEN" => "session",
            "AWS_REGION" => "eu-west-1",
            "AWS_ENDPOINT_URL" => url,
            _ => return None,
        };
        Some(value.to_owned())
    };
    Aws::new(Client::new(None).unwrap(), &variable).unwrap()
}

fn soon() -> Instant {
    Instant::now() + LONG
}

fn parameter() -> (u16, String) {
    (200, format!(r#"{{"Parameter":{{"Name":"/t","Type":"SecureString","Value":"{SECRET}"}}}}"#))
}

#[tokio::test]
async fn both_stores_are_asked_with_a_signature_of_the_right_region() {
    let secret = (200, format!(r#"{{"Name":"t","SecretString":"{SECRET}","VersionStages":["AWSCURRENT"]}}"#));
    let (url, seen) = server(vec![parameter(), secret]);
    let aws = aws(&url);
    assert_eq!(aws.text(Text::parameter("/t"), soon()).await.unwrap(), SECRET);
    let (head, body) = seen.recv().unwrap();
    assert!(
        head.starts_with("POST / HTTP/1.1") && head.contains("x-amz-target: AmazonSSM.GetParameter"),
        "{head}"
    );
    assert!(head.contains("/eu-west-1/ssm/aws4_request, SignedHeaders="), "{head}");
    assert!(head.contains("x-amz-security-token: session"), "{head}");
    assert_eq!(serde_json::from_str::<serde_json::Value>(&body).unwrap()["WithDecryption"], true);

    let arn = "arn:aws:secretsmanager:us-west-2:1:secret:t-AbCdEf";
    assert_eq!(aws.text(Text::secret(arn), soon()).await.unwrap(), SECRET);
    let (head, body) = seen.recv().unwrap();
    assert!(head.contains("/us-west-2/secretsmanager/aws4_request"), "{head}");
    assert!(
        head.contains("x-amz-target: secretsmanager.GetSecretValue") && body.contains(arn),
        "{head}{body}"
    );
}

#[tokio::test]
async fn throttling_faults_and_broken_connections_are_tried_again() {
    let throttled =
        r#"{"__type":"com.amazon.coral.availability#ThrottlingException","message":"Rate exceeded"}"#;
    let (url, seen) =
        server(vec![(400, throttled.into()), (503, "<html>".into()), (0, String::new()), parameter()]);
    assert_eq!(aws(&url).text(Text::parameter("/t"), soon()).await.unwrap(), SECRET);
    assert_eq!(seen.iter().take(3).count(), 3);
}

#[tokio::test]
async fn refusals_are_told_at_once_and_by_name() {
    let denied = r#"{"__type":"AccessDeniedException","Message":"User: x is not authorized to perform: ssm:GetParameter"}"#;
    let (url, _seen) = server(vec![(400, denied.into())]);
    let error = aws(&url).text(Text::parameter("/t"), soon()).await.unwrap_err();
    assert_eq!(error.code(), "AccessDeniedException");
    assert_eq!(
        error.to_string(),
        "ssm:GetParameter on /t failed: AccessDeniedException: User: x is not authorized to perform: ssm:GetParameter"
    );
}

#[tokio::test]
async fn what_does_not_pass_ends_at_the_deadline_with_the_last_reason() {
    let nobody = ReservedPort::new().unwrap();
    let until = Instant::now() + SHORT;
    let error = aws(&nobody.url()).text(Text::secret("t"), until).await.unwrap_err();
    assert!(
        matches!(&error.cause, Cause::Unreachable(failure) if failure.kind == FailureKind::Connect),
        "{error}"
    );
    assert!(error.to_string().starts_with("secretsmanager:GetSecretValue on t failed: connect: 127.0.0.1: "));
}

#[tokio::test]
async fn an_attempt_that_the_deadline_cuts_off_does_not_hide_why_the_one_before_failed() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        // An answer before the question would be none.
        assert_ne!(stream.read(&mut [0; 4096]).unwrap(), 0);
        stream.write_all(b"HTTP/1.1 503 x\r\nContent-Length: 0\r\nConnection: close\r\n\r\n").unwrap();
        // The next is held until its sender gives up.
        let (mut held, _) = listener.accept().unwrap();
        let _ = std::io::copy(&mut held, &mut std::io::sink());
    });
    let error = aws(&url).text(Text::parameter("/t"), Instant::now() + SHORT).await.unwrap_err();
    assert_eq!(error.to_string(), "ssm:GetParameter on /t failed: HTTP status 503");
}

#[tokio::test]
async fn an_odd_answer_is_not_quoted() {
    for odd in [format!(r#"{{"SecretBinary":"{SECRET}"}}"#), SECRET.to_owned(), format!("[\"{SECRET}\"]")] {
        let (url, _seen) = server(vec![(200, odd)]);
        let error = aws(&url).text(Text::secret("t"), soon()).await.unwrap_err();
        assert!(matches!(error.cause, Cause::Unexpected("/SecretString")), "{error}");
        assert!(!format!("{error} {error:?}").contains(SECRET));
    }
}

#[test]
fn errors_are_read_from_json_headers_and_xml() {
    let answer = |header: Option<&'static str>, body: &'static str| Answer {
        host: String::new(),
        status: http::StatusCode::FORBIDDEN,
        headers: header
            .map(|value| (HeaderName::from_static("x-amzn-errortype"), HeaderValue::from_static(value)))
            .into_iter()
            .collect(),
        body: Bytes::from_static(body.as_bytes()),
        is_whole: true,
    };
    for (answer, text) in [
        (answer(None, r#"{"__type":"a.b#C","message":"m"}"#), "C: m"),
        (answer(Some("D:http://x"), "{}"), "D"),
        (
            answer(None, "<Error><Code>NoSuchBucket</Code><Message>gone</Message></Error>"),
            "NoSuchBucket: gone",
        ),
        (answer(None, "<html>"), "HTTP status 403"),
    ] {
        assert_eq!(Cause::refused(&answer).to_string(), text);
    }
}

/// The example of AWS's documentation of Signature Version 4 for S3: PUT of an object.
#[test]
fn a_signature_for_s3_covers_the_body_and_leaves_the_path_alone() {
    let headers = [(header::DATE, HeaderValue::from_static("Fri, 24 May 2013 00:00:00 GMT"))];
    let call = Call {
        service: Service::S3,
        operation: "PutObject",
        resource: "bucket/a b",
        region: Some("us-east-1"),
        host: None,
        method: Method::PUT,
        path: "/bucket/a%20b//c",
        headers: &headers,
        body: Bytes::from_static(b"Welcome to Amazon S3."),
    };
    let signed = aws("http://127.0.0.1:1")
        .signer
        .sign(&call, UNIX_EPOCH + Duration::from_secs(1_369_353_600))
        .unwrap();
    assert_eq!(signed.uri(), "http://127.0.0.1:1/bucket/a%20b//c");
    assert_eq!(
        signed.headers()["x-amz-content-sha256"],
        "44ce7dd67c959e0d3524ffac1771dfbba87d2b6b4b4e99e42034a8b803f8b072"
    );
    let authorization = signed.headers()["authorization"].to_str().unwrap();
    assert!(authorization.contains("Credential=AKIDEXAMPLE/20130524/us-east-1/s3/aws4_request"));
    assert!(
        authorization
            .contains("SignedHeaders=date;host;x-amz-content-sha256;x-amz-date;x-amz-security-token")
    );
}

#[test]
fn a_variable_that_is_missing_is_named() {
    let error = Aws::new(Client::new(None).unwrap(), &|_| None).unwrap_err();
    assert!(error.contains("AWS_ACCESS_KEY_ID"), "{error}");
}
