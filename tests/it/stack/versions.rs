//! Who may replace the code of a function: versions, builds, edits in the console, and updates that were interrupted.

use aws_sdk_lambda::primitives::Blob;
use base64::Engine as _;
use cwl2le_local::{Call, Fault, Injection, Options, When};
use sha2::Digest as _;

use crate::support::account::{self, Account, Ground, setup};
use crate::support::forwarder_zip;

const FUNCTION: &str = "cwl-to-logentries";

/// What AWS has of the function: the SHA-256 of its code, its description, and our tags about its code.
async fn function(account: &Account) -> (String, String, [String; 3]) {
    let lambda = aws_sdk_lambda::Client::new(&account.config);
    let is = lambda.get_function().function_name(FUNCTION).send().await.expect("the function");
    let tags = is.tags.unwrap_or_default();
    let tag = |name: &str| tags.get(name).cloned().unwrap_or_default();
    let is = is.configuration.expect("a configuration");
    let recorded = ["cwl2le:version", "cwl2le:source", "cwl2le:code"].map(tag);
    (is.code_sha256.expect("a hash"), is.description.unwrap_or_default(), recorded)
}

async fn tag(account: &Account, key: &str, value: &str) {
    let lambda = aws_sdk_lambda::Client::new(&account.config);
    let is = lambda.get_function().function_name(FUNCTION).send().await.expect("the function");
    let arn = is.configuration.and_then(|is| is.function_arn).expect("an ARN");
    lambda.tag_resource().resource(arn).tags(key, value).send().await.expect("tagged");
}

/// Puts other code there than cwl2le did, which can be started: the same zip with a comment. Returns its SHA-256.
async fn edit(account: &Account) -> String {
    let folder = tempfile::tempdir().expect("a folder");
    let zip = std::fs::read(forwarder_zip::with_comment(folder.path(), "built elsewhere")).expect("a zip");
    let sha256 = base64::engine::general_purpose::STANDARD.encode(sha2::Sha256::digest(&zip));
    let lambda = aws_sdk_lambda::Client::new(&account.config);
    let update = lambda.update_function_code().function_name(FUNCTION).zip_file(Blob::new(zip));
    update.send().await.expect("updated");
    sha256
}

/// Version, source and hash stand in tags and description, and agree with the code.
async fn assert_deployed(account: &Account) {
    let (sha256, description, [version, source, code]) = function(account).await;
    assert_eq!(version, env!("CARGO_PKG_VERSION"));
    assert_eq!(code, sha256);
    assert!(description.ends_with(&format!("cwl2le {version} (source {source})")), "{description}");
    let (ran, _) = account.run(&["status", "--check"]).await;
    let report = ran.ok().json();
    let parts = report["parts"].as_array().expect("parts");
    let part = parts
        .iter()
        .find(|part| part["kind"] == "function" && part["name"] == FUNCTION)
        .expect("the function");
    assert_eq!((&part["release"]["version"], &part["release"]["source"]), (&version.into(), &source.into()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_build_elsewhere_is_no_change_an_edit_is_one_and_a_newer_version_is_left_alone() {
    let ground = Ground::start(Options::default()).await;
    let account = ground.account().await;
    let setup = setup(&["--yes"]);
    account.run(&setup).await.0.ok();
    assert_deployed(&account).await;
    let (deployed, ..) = function(&account).await;

    // Edited in the console.
    let edited = edit(&account).await;
    let (ran, _) = account.run(&["plan"]).await;
    assert!(ran.code == 8 && ran.stdout.contains("changed since it was deployed"), "{ran:?}");
    assert_eq!(account.run(&["status", "--check"]).await.0.code, 8);
    account.run(&setup).await.0.ok();
    assert_deployed(&account).await;
    assert_eq!(function(&account).await.0, deployed);

    // The same version and source, built elsewhere.
    assert_eq!(edit(&account).await, edited);
    tag(&account, "cwl2le:code", &edited).await;
    // It waits until AWS has settled, and uploads nothing.
    account.run(&setup).await.0.ok();
    account.run(&["plan"]).await.0.ok();
    assert_eq!(function(&account).await.0, edited);
    assert_deployed(&account).await;

    // A newer version, and another build of this one.
    for (key, value) in [("cwl2le:version", "99.0.0"), ("cwl2le:source", "0123456789abcdef")] {
        let other = edit(&account).await;
        tag(&account, "cwl2le:code", &other).await;
        tag(&account, key, value).await;
        let (ran, _) = account.run(&["plan"]).await;
        let error = ran.failed(3, "downgrade").json()["error"].clone();
        assert!(error["hint"].to_string().contains("--allow-downgrade"), "{error:#}");
        account.run(&setup).await.0.failed(3, "downgrade");
        assert_eq!(account.run(&["status", "--check"]).await.0.code, 8);
        // What touches no code works as before.
        account.run(&["subscribe", "--log-group", account::GROUP, "--yes"]).await.0.ok();
        account.run(&[&setup[..], &["--allow-downgrade"]].concat()).await.0.ok();
        assert_deployed(&account).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_update_that_was_interrupted_at_any_call_is_completed_by_the_next_run() {
    let ground = Ground::start(Options::default()).await;
    let account = ground.account().await;
    let setup = setup(&["--yes"]);
    account.run(&setup).await.0.ok();
    let (deployed, ..) = function(&account).await;
    for operation in ["TagResource", "UpdateFunctionCode", "UpdateFunctionConfiguration"] {
        for when in [When::Before, When::After] {
            // As a function of an older version looks.
            let edited = edit(&account).await;
            for (key, value) in [("version", "0.0.1"), ("source", "0123456789abcdef"), ("code", &edited)] {
                tag(&account, &format!("cwl2le:{key}"), value).await;
            }
            let lambda = aws_sdk_lambda::Client::new(&account.config);
            let update = lambda.update_function_configuration().function_name(FUNCTION).description("old");
            update.send().await.expect("updated");
            let refused = Fault::Error {
                status: 403,
                code: "AccessDeniedException".to_owned(),
                message: "denied".to_owned(),
            };
            let of = Some(Call { service: "lambda".to_owned(), operation: operation.to_owned() });
            let injection = Injection { of, at: 1, times: 1, when, fault: refused };
            let (ran, calls) = account.run_with(Some(injection), &setup).await;
            ran.failed(4, "access-denied");
            assert!(calls.iter().any(|call| call.operation == operation), "{calls:?}");
            account.run(&setup).await.0.ok();
            assert_deployed(&account).await;
            assert_eq!(function(&account).await.0, deployed);
        }
    }
}
