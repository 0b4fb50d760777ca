//! What `cwl2le` takes from environment and flags before it reaches AWS, and what it shows of it.

mod support;

use std::io::{Read, Write};
use std::net::TcpListener;
use std::process::Command;
use std::sync::mpsc;

use cwl2le_local::ReservedPort;
use support::{Ran, TOKEN, cwl2le};

/// `cwl2le` with a region and keys that nobody knows. Nothing that is not a test's own is reached with it.
fn command(args: &[&str]) -> Command {
    let mut command = cwl2le();
    command
        .env("AWS_REGION", "ap-northeast-1")
        .env("AWS_ACCESS_KEY_ID", "000000000000")
        .env("AWS_SECRET_ACCESS_KEY", "hunter2")
        .current_dir(std::env::temp_dir())
        .args(["--output", "json"])
        .args(args);
    command
}

fn run(command: &mut Command) -> Ran {
    command.output().expect("cwl2le runs").into()
}

fn message(ran: &Ran) -> String {
    ran.json()["error"]["message"].as_str().expect("a message").to_owned()
}

/// Where nobody is.
fn nobody() -> ReservedPort {
    ReservedPort::new().expect("a port")
}

#[test]
fn an_empty_variable_is_an_unset_one() {
    let policies = ["policies", "operator", "--account", "123456789012", "--region", "eu-west-1"];
    for name in ["CWL2LE_STACK", "CWL2LE_CONFIG_FILE", "CWL2LE_PATIENCE", "AWS_REGION", "AWS_PROFILE"] {
        run(command(&policies).env(name, "")).ok();
    }
    let text = run(cwl2le().args(policies).env("CWL2LE_OUTPUT", "")).ok();
    assert!(!text.stdout.is_empty());
    // The second of two variables counts where the first is empty.
    let nobody = nobody();
    let endpoint = nobody.url();
    let ran = run(command(&["status", "--endpoint-url", &endpoint, "--patience", "1"])
        .env("AWS_REGION", "")
        .env("AWS_DEFAULT_REGION", "eu-west-1"));
    ran.failed(5, "unreachable");
    // No token at all is another error than an empty one, and comes later.
    run(command(&["setup", "--endpoint-url", &endpoint, "--patience", "1"]).env("CWL2LE_TOKEN", ""))
        .failed(5, "unreachable");
    // Without keys AWS is not asked.
    for (args, variable) in [
        (&["status"][..], "AWS_ENDPOINT_URL"),
        (&["status"], "AWS_ENDPOINT_URL_STS"),
        (&["status", "--endpoint-url", ""], "NOTHING"),
    ] {
        let mut command = command(args);
        run(command.env(variable, "").env_remove("AWS_ACCESS_KEY_ID").env_remove("AWS_SECRET_ACCESS_KEY"))
            .failed(4, "no-credentials");
    }
}

#[test]
fn what_does_not_parse_is_named_by_its_variable() {
    for (name, value) in [("CWL2LE_PATIENCE", "soon"), ("CWL2LE_STACK", "No Name"), ("CWL2LE_OUTPUT", "yaml")]
    {
        let ran = run(cwl2le().args(["status"]).env(name, value));
        assert_eq!(ran.code, 2, "{ran:?}");
        assert!(ran.stderr.contains(&format!("'{value}' for '{name}'")), "{ran:?}");
    }
    let ran = run(command(&["setup"]).env("CWL2LE_TOKEN", "none")).failed(2, "usage");
    assert!(message(&ran).contains("CWL2LE_TOKEN"), "{ran:?}");
    let ran = run(command(&["status"]).env("AWS_REGION", "tokyo")).failed(4, "bad-region");
    assert!(message(&ran).contains("AWS_REGION"), "{ran:?}");
}

#[test]
fn a_flag_for_the_token_wins_over_the_variable() {
    let nobody = nobody();
    let endpoint = nobody.url();
    let other = [("--token-ssm", "/le/token"), ("--token-secret", "le"), ("--token", TOKEN)];
    for (flag, value) in other {
        // The variable is not even looked at.
        let args = ["setup", flag, value, "--endpoint-url", &endpoint, "--patience", "1"];
        run(command(&args).env("CWL2LE_TOKEN", "none")).failed(5, "unreachable");
    }
    let mut file = tempfile::NamedTempFile::new().expect("a file");
    file.write_all(b"no token").expect("written");
    let path = file.path().display().to_string();
    let ran = run(command(&["setup", "--token-file", &path]).env("CWL2LE_TOKEN", TOKEN)).failed(2, "usage");
    assert!(message(&ran).contains("--token-file"), "{ran:?}");
    // Two flags still exclude each other.
    run(&mut command(&["setup", "--token-file", &path, "--token", TOKEN])).failed(2, "usage");
}

#[test]
fn an_empty_name_is_no_log_group() {
    for verb in ["setup", "subscribe", "unsubscribe"] {
        run(&mut command(&[verb, "--log-group", ""])).failed(2, "usage");
    }
}

#[test]
fn an_endpoint_that_is_no_url_is_refused_at_once() {
    for url in ["http://", "http://a b", "localhost:4566"] {
        let ran = run(command(&["status"]).env("AWS_ENDPOINT_URL", url)).failed(2, "usage");
        assert!(message(&ran).starts_with("AWS_ENDPOINT_URL "), "{ran:?}");
        let ran = run(&mut command(&["status", "--endpoint-url", url])).failed(2, "usage");
        assert!(message(&ran).starts_with("--endpoint-url "), "{ran:?}");
    }
}

#[test]
fn a_token_in_the_wrong_place_is_not_shown() {
    for args in [
        &["setup", TOKEN][..],
        &["setup", "--token-file", TOKEN],
        &["setup", "--logentries-region", TOKEN],
        &["setup", "--token-ssm", TOKEN],
        &["setup", "--token-ssm", &format!("/{TOKEN}")],
        &["setup", "--token-secret", TOKEN],
        &["setup", "--shards", TOKEN],
        &["setup", "--stack", TOKEN],
        &["setup", "--endpoint-url", TOKEN],
    ] {
        // Checks that no token is shown.
        run(&mut command(args)).failed(2, "usage");
        let text = run(cwl2le().args(args));
        assert!(text.code == 2 && !text.stderr.contains(TOKEN), "{text:?}");
    }
    run(&mut command(&["status", "--region", TOKEN])).failed(4, "bad-region");
    run(&mut command(&["status", "--config", TOKEN])).failed(2, "config");
    run(command(&["status", "--profile", TOKEN]).env_remove("AWS_REGION")).failed(4, "no-region");
}

/// A proxy that lets nothing through, and what it is asked for.
fn proxy() -> (String, mpsc::Receiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let url = format!("http://me:hunter2@{}", listener.local_addr().expect("an address"));
    let (asked, heard) = mpsc::channel();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let Ok(mut stream) = stream else { return };
            let (mut head, mut byte) = (Vec::new(), [0]);
            while !head.ends_with(b"\r\n\r\n") && stream.read_exact(&mut byte).is_ok() {
                head.extend(byte);
            }
            let _ = stream.write_all(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n");
            if asked.send(String::from_utf8_lossy(&head).into_owned()).is_err() {
                return;
            }
        }
    });
    (url, heard)
}

#[test]
fn aws_is_reached_through_the_proxy_that_the_environment_names() {
    let status = ["status", "--patience", "1"];
    for variable in ["HTTPS_PROXY", "https_proxy", "ALL_PROXY"] {
        let (url, heard) = proxy();
        let ran = run(command(&status).env(variable, &url)).failed(5, "unreachable");
        let head = heard.recv().expect("it is asked");
        assert!(head.starts_with("CONNECT sts.ap-northeast-1.amazonaws.com:443 "), "{head}");
        assert!(head.to_lowercase().contains("proxy-authorization: basic "), "{head}");
        assert!(!ran.stdout.contains("hunter2") && !ran.stderr.contains("hunter2"), "{ran:?}");
    }
    let ran = run(command(&status).env("HTTPS_PROXY", "http://me:hunter2@a b")).failed(2, "usage");
    assert!(message(&ran).starts_with("HTTPS_PROXY ") && !ran.stdout.contains("hunter2"), "{ran:?}");
}

#[test]
fn exceptions_and_this_machine_are_reached_without_the_proxy() {
    let (url, heard) = proxy();
    // `.invalid` exists nowhere.
    let exceptions =
        [("https://aws.invalid", "NO_PROXY", "aws.invalid"), ("https://aws.invalid", "no_proxy", "*")];
    let nobody = nobody();
    let here = [nobody.url(), nobody.url().replace("http:", "https:"), "https://localhost:1".to_owned()];
    let here = here.iter().map(|url| (url.as_str(), "NOTHING", ""));
    for (endpoint, variable, value) in exceptions.into_iter().chain(here) {
        let args = ["status", "--patience", "1", "--endpoint-url", endpoint];
        run(command(&args).env("HTTPS_PROXY", &url).env("HTTP_PROXY", &url).env(variable, value))
            .failed(5, "unreachable");
        assert!(heard.try_recv().is_err(), "{endpoint} is asked for");
    }
    // And what is none of these is not.
    let args = ["status", "--patience", "1", "--endpoint-url", "https://aws.invalid"];
    run(command(&args).env("HTTPS_PROXY", &url).env("NO_PROXY", "other.invalid")).failed(5, "unreachable");
    assert!(heard.recv().expect("it is asked").starts_with("CONNECT aws.invalid:443 "));
}

#[test]
fn a_package_is_not_written_over_another_file_unasked() {
    let folder = tempfile::tempdir().expect("a folder");
    let zip = folder.path().join("forwarder.zip");
    let to = zip.display().to_string();
    let package = ["package", "--to", to.as_str()];
    std::fs::write(&zip, "a year of work").expect("written");
    run(&mut command(&package)).failed(2, "usage");
    assert_eq!(std::fs::read(&zip).expect("read"), b"a year of work");
    run(&mut command(&[&package[..], &["--force"]].concat())).ok();
    // The same again is no change.
    run(&mut command(&package)).ok();
}
