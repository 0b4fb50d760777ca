//! What `cwl2le` takes from environment and flags before it reaches AWS, and what it shows of it.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::process::Command;
use std::sync::mpsc;

use cwl2le_local::ReservedPort;

use crate::support::{Ran, TOKEN, cwl2le};

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
    run(command(&["status", "--profile", TOKEN]).env_remove("AWS_REGION")).failed(4, "no-credentials");
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
    let package = ["package", "--arch", cwl2le::bundle::preferred().as_str(), "--to", to.as_str()];
    std::fs::write(&zip, "a year of work").expect("written");
    run(&mut command(&package)).failed(2, "usage");
    assert_eq!(std::fs::read(&zip).expect("read"), b"a year of work");
    run(&mut command(&[&package[..], &["--force"]].concat())).ok();
    // The same again is no change.
    run(&mut command(&package)).ok();
}

#[test]
fn fips_and_dual_stack_endpoints_give_the_credentials_too() {
    let folder = tempfile::tempdir().expect("a folder");
    let token = folder.path().join("token");
    std::fs::write(&token, "a.web.token").expect("written");
    for (variable, host) in [
        ("AWS_USE_FIPS_ENDPOINT", "sts-fips.us-east-1.amazonaws.com"),
        ("AWS_USE_DUALSTACK_ENDPOINT", "sts.us-east-1.api.aws"),
        ("NOTHING", "sts.us-east-1.amazonaws.com"),
    ] {
        let (url, heard) = proxy();
        run(command(&["status", "--patience", "1"])
            .env_remove("AWS_ACCESS_KEY_ID")
            .env_remove("AWS_SECRET_ACCESS_KEY")
            .env("AWS_WEB_IDENTITY_TOKEN_FILE", &token)
            .env("AWS_ROLE_ARN", "arn:aws:iam::123456789012:role/r")
            .env("AWS_REGION", "us-east-1")
            .env("HTTPS_PROXY", &url)
            .env(variable, "true"));
        let head = heard.recv().expect("it is asked");
        assert!(head.starts_with(&format!("CONNECT {host}:443 ")), "{variable}: {head}");
    }
}

/// A server whose answers, status and body, depend on the head of a request and on how many came before.
fn server(answers: impl Fn(&str, usize) -> (&'static str, &'static str) + Send + 'static) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    std::thread::spawn(move || {
        for (before, stream) in listener.incoming().enumerate() {
            let Ok(mut stream) = stream else { return };
            let (mut head, mut byte) = (Vec::new(), [0]);
            while !head.ends_with(b"\r\n\r\n") && stream.read_exact(&mut byte).is_ok() {
                head.extend(byte);
            }
            let head = String::from_utf8_lossy(&head).into_owned();
            let length = head.lines().find_map(|line| {
                line.to_lowercase()
                    .strip_prefix("content-length: ")
                    .and_then(|length| length.trim().parse().ok())
            });
            let _ = stream.read_exact(&mut vec![0; length.unwrap_or(0)]);
            let (status, body) = answers(&head, before);
            let head = format!(
                "HTTP/1.1 {status}\r\nConnection: close\r\nx-aws-ec2-metadata-token-ttl-seconds: 21600\r\n\
                 Content-Length: {}\r\n\r\n",
                body.len()
            );
            let _ = stream.write_all(format!("{head}{body}").as_bytes());
        }
    });
    url
}

/// An STS that denies everything.
fn denying() -> String {
    const SAYS: &str = "<ErrorResponse><Error><Code>AccessDenied</Code><Message>User: u is not authorized to perform: \
                        sts:AssumeRole</Message></Error></ErrorResponse>";
    server(|_, _| ("403 Forbidden", SAYS))
}

#[test]
fn instance_metadata_that_fails_once_is_asked_again_and_one_that_is_not_there_is_none() {
    const ROLE: &str = r#"{"Code":"Success","LastUpdated":"2026-01-01T00:00:00Z","Type":"AWS-HMAC","AccessKeyId":"a",
        "SecretAccessKey":"s","Token":"t","Expiration":"2099-01-01T00:00:00Z"}"#;
    let instance = server(|head, before| match head.split_whitespace().nth(1).unwrap_or_default() {
        _ if before == 0 => ("500 Internal Server Error", ""),
        "/latest/api/token" => ("200 OK", "token"),
        "/latest/meta-data/iam/security-credentials/" => ("200 OK", "role"),
        "/latest/meta-data/iam/security-credentials/role" => ("200 OK", ROLE),
        _ => ("404 Not Found", ""),
    });
    let nobody = nobody();
    for (metadata, code, error) in [(instance, 5, "unreachable"), (nobody.url(), 4, "no-credentials")] {
        run(command(&["status", "--patience", "5", "--endpoint-url", &nobody.url()])
            .env_remove("AWS_ACCESS_KEY_ID")
            .env_remove("AWS_SECRET_ACCESS_KEY")
            .env("AWS_EC2_METADATA_DISABLED", "false")
            .env("AWS_EC2_METADATA_SERVICE_ENDPOINT", metadata))
        .failed(code, error);
    }
}

/// What a new user lacks is said at once, and nothing that there is.
#[test]
fn what_is_missing_is_one_error() {
    let missing = |args: &[&str], set: &[&str]| {
        let mut command = command(args);
        for name in ["AWS_REGION", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"] {
            if !set.contains(&name) {
                command.env_remove(name);
            }
        }
        if set.contains(&"CWL2LE_TOKEN") {
            command.env("CWL2LE_TOKEN", TOKEN);
        }
        let ran = run(&mut command);
        assert_eq!(ran.code, 4, "{ran:?}");
        let error = ran.json()["error"].clone();
        let also = error["also"].as_array().cloned().unwrap_or_default();
        assert!(also.iter().chain([&error]).all(|error| error["hint"].is_string()), "{error}");
        let codes = std::iter::once(&error)
            .chain(&also)
            .map(|error| error["code"].as_str().expect("a code").to_owned());
        codes.collect::<Vec<_>>()
    };
    let keys = ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"];
    for verb in ["setup", "plan"] {
        assert_eq!(missing(&[verb], &[]), ["no-region", "no-credentials", "usage"]);
        assert_eq!(missing(&[verb], &["CWL2LE_TOKEN"]), ["no-region", "no-credentials"]);
        assert_eq!(missing(&[verb], &["AWS_REGION"]), ["no-credentials", "usage"]);
        assert_eq!(missing(&[verb], &keys), ["no-region", "usage"]);
    }
    // The others keep the token that there is.
    assert_eq!(missing(&["status"], &[]), ["no-region", "no-credentials"]);
}

#[test]
fn a_profile_that_is_not_there_leads_to_those_that_are() {
    let folder = tempfile::tempdir().expect("a folder");
    let config = folder.path().join("config");
    let hint = |name: &str| {
        let mut command = command(&["status", "--profile", name]);
        command.env_remove("AWS_REGION").env("AWS_CONFIG_FILE", &config);
        let ran = run(&mut command).failed(4, "no-credentials");
        assert_eq!(message(&ran), format!("there is no AWS profile `{name}`"));
        let by_variable = run(self::command(&["status"])
            .env("AWS_PROFILE", name)
            .env("AWS_CONFIG_FILE", &config)
            .env_remove("AWS_ACCESS_KEY_ID")
            .env_remove("AWS_SECRET_ACCESS_KEY"))
        .failed(4, "no-credentials");
        assert_eq!(by_variable.json()["error"], ran.json()["error"]);
        ran.json()["error"]["hint"].as_str().expect("a hint").to_owned()
    };
    std::fs::write(&config, "").expect("written");
    assert!(hint("prod").contains("aws configure"));
    std::fs::write(&config, "[default]\nregion = eu-west-1\n[profile production]\n[profile test]\n")
        .expect("written");
    assert_eq!(hint("prod"), "did you mean `production`?");
    assert_eq!(hint("staging"), "the profiles are default, production, test");
}

#[test]
fn a_profile_that_gives_no_credentials_says_why_and_what_to_do() {
    let folder = tempfile::tempdir().expect("a folder");
    let (config, count) = (folder.path().join("config"), folder.path().join("count"));
    let process = format!("sh -c \"echo x >>{}; echo cancelled >&2; exit 1\"", count.display());
    let profiles = format!(
        "[profile base]\naws_access_key_id = a\naws_secret_access_key = s\n\
         [profile role]\nrole_arn = arn:aws:iam::123456789012:role/r\nsource_profile = base\n\
         [profile mfa]\nrole_arn = arn:aws:iam::123456789012:role/r\nsource_profile = base\n\
         mfa_serial = arn:aws:iam::123456789012:mfa/me\n\
         [profile process]\ncredential_process = {process}\n"
    );
    std::fs::write(&config, profiles).expect("written");
    let status = |profile: &str, endpoint: &str| {
        let args = ["status", "--patience", "5", "--profile", profile];
        run(command(&args).env("AWS_CONFIG_FILE", &config).env("AWS_ENDPOINT_URL", endpoint))
    };
    let hint = |ran: &Ran| ran.json()["error"]["hint"].as_str().expect("a hint").to_owned();
    let denying = denying();

    let ran = status("role", &denying).failed(4, "bad-credentials");
    assert!(
        message(&ran).contains("AccessDenied: User: u is not authorized to perform: sts:AssumeRole"),
        "{ran:?}"
    );
    let ran = status("mfa", &denying).failed(4, "bad-credentials");
    assert!(hint(&ran).contains("aws configure export-credentials --profile mfa"), "{ran:?}");
    let ran = status("process", &denying).failed(4, "bad-credentials");
    assert!(message(&ran).contains("cancelled") && hint(&ran).contains("credential_process"), "{ran:?}");
    assert_eq!(std::fs::read_to_string(&count).expect("text"), "x\n", "it is started once");
    // A connection that fails is no reason to sign in again.
    status("mfa", &nobody().url()).failed(5, "unreachable");
}
