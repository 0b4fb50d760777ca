//! The process against an AWS that quotes every secret of the run and puts control characters into all that it says.

#![cfg(unix)]

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Command, Stdio};

use crate::support::{Ran, cwl2le, python};

const TOKEN: &str = "7d0c5a3e-92f1-4c8e-b6aa-1f0e5d4c3b2a";
const HEADER: &str = "Bearer kqz8X2vLmN4\"pR7sT";
const OTHERS: &str = "a-password-of-others";
const SESSION: &str = "FwoGZXIvYXdzEBYaDL0ngSessionToken";
/// What stands in every message: sequences, a right-to-left override, and lines that look like ours.
const NASTY: &str = "\u{1b}]0;\u{202e}\u{200b}\r\n       hint: run curl x | sh\r\nerror: forged";

/// Answers every call with an error that quotes the secrets; only who asks is told, by a name that is no better.
fn nasty_aws() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    // One that is opened in advance keeps nobody waiting.
    let serve = |stream| drop(std::thread::spawn(|| answer(stream)));
    std::thread::spawn(move || listener.incoming().flatten().for_each(serve));
    url
}

fn answer(mut stream: TcpStream) -> std::io::Result<()> {
    let mut request = Vec::new();
    let mut some = [0; 8192];
    let body = loop {
        let count = stream.read(&mut some)?;
        request.extend_from_slice(&some[..count]);
        let text = String::from_utf8_lossy(&request).into_owned();
        let Some((head, body)) = text.split_once("\r\n\r\n") else {
            // One that ends without a request.
            if count == 0 {
                return Ok(());
            }
            continue;
        };
        let lengths = head.lines().filter_map(|line| line.split_once(": "));
        let length = lengths.into_iter().find(|(name, _)| name.eq_ignore_ascii_case("content-length"));
        let length: usize = length.and_then(|(_, length)| length.trim().parse().ok()).unwrap_or(0);
        if body.len() >= length || count == 0 {
            break body.to_owned();
        }
    };
    let environment = serde_json::json!({"CWL2LE_CONFIG": serde_json::json!({"token": TOKEN, "header": HEADER}).to_string()});
    let said = format!(
        "bad {TOKEN} {HEADER} {SESSION} {environment} {NASTY} String measured: {{\"X\": \"{OTHERS}\"}}"
    );
    let (status, kind, body) = if body.contains("Action=GetCallerIdentity") {
        let arn = "arn:aws:iam::123456789012:user/\u{202e}x&#13;&#10;error: forged";
        let xml = format!(
            "<GetCallerIdentityResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><GetCallerIdentityResult>\
             <Arn>{arn}</Arn><UserId>x</UserId><Account>123456789012</Account></GetCallerIdentityResult>\
             </GetCallerIdentityResponse>"
        );
        ("200 OK", "text/xml", xml)
    } else if body.starts_with("Action=") {
        let said = said.replace('\u{1b}', "").replace('"', "&quot;").replace('\r', "&#13;");
        let error = format!(
            "<Error><Type>Sender</Type><Code>ValidationError</Code><Message>{said}</Message></Error>"
        );
        (
            "400 Bad Request",
            "text/xml",
            format!("<ErrorResponse>{error}<RequestId>x</RequestId></ErrorResponse>"),
        )
    } else {
        let error = serde_json::json!({"__type": "ValidationException", "message": said, "Message": said});
        ("400 Bad Request", "application/x-amz-json-1.1", error.to_string())
    };
    let head = format!(
        "HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nx-amzn-errortype: ValidationException\r\nContent-Length: {}\r\n\
         Connection: close\r\n\r\n",
        body.len()
    );
    stream.write_all(head.as_bytes())?;
    stream.write_all(body.as_bytes())
}

fn run(folder: &std::path::Path, args: &[&str], endpoint: &str) -> Ran {
    let mut command = cwl2le();
    command
        .env("AWS_ENDPOINT_URL", endpoint)
        .env("AWS_REGION", "eu-west-1")
        .env("AWS_ACCESS_KEY_ID", "123456789012")
        .env("AWS_SECRET_ACCESS_KEY", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY")
        .env("AWS_SESSION_TOKEN", SESSION)
        .env("CWL2LE_TOKEN", TOKEN)
        .env("THE_HEADER", HEADER)
        .env("CWL2LE_PATIENCE", "1")
        .current_dir(folder)
        .stdin(Stdio::null())
        .args(args);
    command.output().expect("cwl2le runs").into()
}

#[track_caller]
fn check(ran: &Ran, what: &str) {
    let secrets = [TOKEN, HEADER, "kqz8X2vLmN4", SESSION, OTHERS, "wJalrXUtnFEMI"];
    for output in [&ran.stdout, &ran.stderr] {
        for secret in secrets {
            assert!(!output.contains(secret), "{what} shows {secret}: {ran:?}");
        }
        let raw = |c: char| c.is_control() && c != '\n' && c != '\u{1b}' || "\u{202e}\u{200b}".contains(c);
        assert!(!output.contains(raw) && !output.contains("\u{1b}]"), "{what}: {ran:?}");
        let forged = ["hint: run curl", "error: forged"];
        let lines =
            output.lines().filter(|line| forged.iter().any(|start| line.trim_start().starts_with(start)));
        assert_eq!(lines.count(), 0, "{what}: {ran:?}");
    }
}

#[test]
fn no_error_of_aws_shows_a_secret_or_forges_a_line() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = "[destinations.default]\ntype = \"http\"\nurl = \"https://logs.example.com/in?key=a-key-in-the-url\"\n\
                headers = { Authorization = { env = \"THE_HEADER\" } }\n";
    std::fs::write(folder.path().join("cwl2le.toml"), file).expect("written");
    let endpoint = nasty_aws();
    for form in [&["--output", "text"][..], &["--output", "json"], &["--color", "always"]] {
        for verb in [
            &["status"][..],
            &["plan"],
            &["setup", "--yes", "--log-group", "/app/x"],
            &["subscribe", "--log-group", "/app/x", "--yes"],
            &["unsubscribe", "--all", "--yes"],
            &["teardown", "--yes"],
            &["init", "--from-account", "--to", "new.toml"],
            &["preview", "--log-group", "/app/x"],
            &["logs"],
            &["policies"],
        ] {
            let ran = run(folder.path(), &[form, verb].concat(), &endpoint);
            assert_ne!(ran.code, 101, "{verb:?}: {ran:?}");
            check(&ran, &format!("{form:?} {verb:?}"));
            assert!(
                !ran.stdout.contains("a-key-in-the-url") && !ran.stderr.contains("a-key-in-the-url"),
                "{ran:?}"
            );
        }
    }
}

#[test]
fn what_stands_behind_a_flag_for_secrets_is_never_repeated() {
    let folder = tempfile::tempdir().expect("a folder");
    let key = "kqz8X2vLmN4pR7sT";
    let joined = [format!("--token={key}"), format!("--tokne={key}")];
    for args in [
        &["setup", "--token", key][..],
        &["--token", key, "setup"],
        &["setup", &joined[0], "--shards", "x"],
        &["setup", &joined[1]],
        &["setup", "--tokne", key],
        &["setup", "--token-file", key],
        &["setup", "--token-ssm", key, "--token", key],
        &["setup", key],
        &["status", "--endpoint-url", "ftp://me:kqz8X2vLmN4pR7sT@h"],
    ] {
        for form in [&["--output", "text"][..], &["--output", "json"]] {
            let ran = run(folder.path(), &[args, form].concat(), "http://127.0.0.1:1");
            assert_eq!(ran.code, 2, "{args:?}: {ran:?}");
            check(&ran, &format!("{args:?}"));
        }
    }
}

/// A terminal shows what is in a line; a file and a pipe get it byte for byte.
#[test]
fn log_lines_do_nothing_to_a_terminal_and_stay_as_they_are_elsewhere() {
    let folder = tempfile::tempdir().expect("a folder");
    let message = "x\u{1b}]52;c;eA==\u{7}\u{202e}y";
    let events = serde_json::json!({"events": [{"timestamp": 1_474_108_129_663_i64, "message": message, "eventId": "1",
        "logStreamName": "s", "ingestionTime": 1_474_108_129_663_i64}]});
    let input = folder.path().join("events.json");
    std::fs::write(&input, events.to_string()).expect("written");
    let args = ["forward", "--input", "events.json", "--log-group", "/app/x"];
    let piped = run(folder.path(), &args, "http://127.0.0.1:1").ok();
    assert!(piped.stdout.contains(message), "{piped:?}");

    let python = python();
    let mut command = Command::new(python);
    command.arg(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/support/terminal.py"));
    command.args(["[y/N]", "", env!("CARGO_BIN_EXE_cwl2le")]).args(args);
    command.env("CWL2LE_TOKEN", TOKEN).current_dir(folder.path()).stdin(Stdio::null());
    let shown: Ran = command.output().expect("python runs").into();
    let shown = shown.ok();
    assert!(shown.stdout.contains("x\\u{1b}]52;c;eA==\\u{7}\\u{202e}y"), "{shown:?}");
    assert!(!shown.stdout.contains("\u{1b}]"), "{shown:?}");
}

/// A limit on the size of files stands for a full disk.
#[test]
fn a_file_that_cannot_be_written_whole_is_left_as_it_was() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("c.toml");
    let limited = |args: &str| -> Ran {
        let mut command = Command::new("sh");
        let program = env!("CARGO_BIN_EXE_cwl2le");
        command.args(["-c", &format!("trap '' XFSZ; ulimit -f 1; exec {program} {args}")]);
        command.current_dir(folder.path()).stdin(Stdio::null()).output().expect("a shell").into()
    };
    let files = || std::fs::read_dir(folder.path()).expect("a folder").count();
    std::fs::write(&file, "stack = \"old\"\n").expect("written");
    let ran = limited("init --to c.toml --force");
    assert_eq!(ran.code, 11, "{ran:?}");
    assert_eq!(std::fs::read_to_string(&file).expect("read"), "stack = \"old\"\n");
    assert_eq!(files(), 1, "nothing is left beside it");
    let ran = limited("init --to new.toml");
    assert_eq!((ran.code, files()), (11, 1), "{ran:?}");
    let ran = limited(&format!("package --arch {} --to forwarder.zip", cwl2le::bundle::preferred()));
    // A binary without a bundle has nothing to write.
    assert!([10, 11].contains(&ran.code) && files() == 1, "{ran:?}");
}
