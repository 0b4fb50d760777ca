//! What comes out of files, pipes and standard input: tokens and zips.

use std::io::Write;
use std::process::Stdio;

use aws_sdk_lambda::types::Architecture;
use cwl2le_local::Options;
use tokio::io::AsyncWriteExt as _;

use crate::support::account::{Account, Ground, ended, other_zip, setup};
use crate::support::{Ran, TOKEN, forwarder_zip};

/// `setup` with a token from `--token-file FILE`.
fn with_file(file: &str) -> Vec<&str> {
    vec!["setup", "--token-file", file, "--logentries-endpoint", "127.0.0.1:1", "--logentries-plain"]
}

/// The token that the function has.
async fn token_of(account: &Account) -> String {
    let lambda = aws_sdk_lambda::Client::new(&account.config);
    let read = lambda.get_function_configuration().function_name("cwl-to-logentries").send().await;
    let variables = read.expect("the function").environment.expect("an environment").variables;
    let config = variables.expect("variables").remove("CWL2LE_CONFIG").expect("a configuration");
    let config: serde_json::Value = serde_json::from_str(&config).expect("JSON");
    config["destinations"]["default"]["token"].as_str().expect("a token").to_owned()
}

/// A token with a last digit of its own, so that each case changes it.
fn token(digit: usize) -> String {
    format!("{}{digit}", &TOKEN[..TOKEN.len() - 1])
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_is_taken_from_files_as_editors_and_shells_write_them() {
    let ground = Ground::start(Options::default()).await;
    let account = ground.account().await;
    type Encode = fn(&str) -> Vec<u8>;
    let utf16: Encode = |text| text.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let cases: [(&str, &str, Encode); 6] = [
        ("", "", |text| text.into()),
        ("", "\n", |text| text.into()),
        ("", "\r\n", |text| text.into()),
        ("  ", "\t\r\n\r\n", |text| text.into()),
        // Notepad, and Windows PowerShell's `>`.
        ("\u{feff}", "\r\n", |text| text.into()),
        ("\u{feff}", "\r\n", utf16),
    ];
    for (case, (before, after, encode)) in cases.into_iter().enumerate() {
        let mut file = tempfile::NamedTempFile::new().expect("a file");
        let token = token(case);
        file.write_all(&encode(&format!("{before}{token}{after}"))).expect("written");
        let ran = account.run(&with_file(&file.path().display().to_string())).await.0.ok();
        assert_eq!(token_of(&account).await, token, "{before:?} {after:?}");
        assert!(!ran.stdout.contains(&token) && !ran.stderr.contains(&token), "{ran:?}");
    }
    // The same by standard input, which can be read only once.
    for (case, (before, after)) in [("", ""), ("\u{feff}", "\r\n")].into_iter().enumerate() {
        let token = token(case + 6);
        let mut running =
            account.command(&with_file("-")).stdin(Stdio::piped()).spawn().expect("cwl2le runs");
        let mut stdin = running.stdin.take().expect("piped");
        stdin.write_all(format!("{before}{token}{after}").as_bytes()).await.expect("written");
        drop(stdin);
        ended(running).await.ok();
        assert_eq!(token_of(&account).await, token, "{before:?} {after:?}");
    }
}

/// As a shell's `--token-file <(pass show logentries)` gives it.
#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn a_token_from_a_named_pipe_is_read_once() {
    let ground = Ground::start(Options::default()).await;
    let account = ground.account().await;
    let folder = tempfile::tempdir().expect("a folder");
    let pipe = folder.path().join("token").display().to_string();
    let made = tokio::process::Command::new("mkfifo").arg(&pipe).status().await.expect("mkfifo runs");
    assert!(made.success());
    let running = account.command(&with_file(&pipe)).spawn().expect("cwl2le runs");
    let writing = tokio::task::spawn_blocking(move || std::fs::write(pipe, format!("{TOKEN}\n")));
    let ran = tokio::select! {
        ran = ended(running) => ran,
        // A second reader would wait for a second writer for ever.
        () = tokio::time::sleep(std::time::Duration::from_secs(120)) => panic!("it reads the pipe twice"),
    };
    ran.ok();
    writing.await.expect("no panic").expect("written");
    assert_eq!(token_of(&account).await, TOKEN);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_token_is_refused_before_aws_is_asked_and_not_shown() {
    let ground = Ground::start(Options::default()).await;
    let account = ground.account().await;
    for text in ["", "\r\n", "hunter2-is-no-uuid", "hunter2\nhunter3"] {
        let mut file = tempfile::NamedTempFile::new().expect("a file");
        file.write_all(text.as_bytes()).expect("written");
        let (ran, calls) = account.run(&with_file(&file.path().display().to_string())).await;
        assert!(!ran.stdout.contains("hunter") && !ran.stderr.contains("hunter"), "{ran:?}");
        ran.failed(2, "usage");
        assert!(calls.is_empty(), "{calls:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_zip_is_checked_for_the_architecture_that_is_known() {
    let ground = Ground::start(Options::default()).await;
    let account = ground.account().await;
    let zip = other_zip();
    let path = zip.path().display().to_string();
    let refused = async |more: &[&str]| -> (Ran, usize) {
        let args = setup(&[&["--forwarder-zip", &path], more].concat());
        let (ran, calls) = account.run(&args).await;
        (ran.failed(10, "bad-bundle"), calls.len())
    };
    // Named by a flag it is known before AWS is asked.
    let (ran, calls) = refused(&["--arch", "x86_64"]).await;
    assert!(ran.json()["error"]["message"].as_str().is_some_and(|said| said.contains("arm64")), "{ran:?}");
    assert_eq!(calls, 0);
    assert_eq!(account.seen().await, account.theirs());
    // Without it, a new function gets that of the zip.
    account.run(&setup(&["--forwarder-zip", &path])).await.0.ok();
    assert_eq!(account.seen().await, account.whole(false));
    let lambda = aws_sdk_lambda::Client::new(&account.config);
    let function = lambda.get_function_configuration().function_name("cwl-to-logentries").send().await;
    assert_eq!(function.expect("a function").architectures(), [Architecture::Arm64]);
    // From now on the function's is the one that is known, and a zip for the other one is refused.
    account.run(&setup(&["--forwarder-zip", &path])).await.0.ok();
    let folder = tempfile::tempdir().expect("a folder");
    let x86 = forwarder_zip::that_ends_at_once(folder.path()).display().to_string();
    let (ran, _) = account.run(&setup(&["--forwarder-zip", &x86])).await;
    let said = ran.failed(10, "bad-bundle").json()["error"]["message"].to_string();
    assert!(said.contains("is built for x86_64, but the function is to run on arm64"), "{said}");
}
