//! The test invocation: what is waited for, and what ends it.

use std::time::Duration;

use serde_json::json;

use crate::aws::tests::*;
use crate::error::Code;
use crate::resources::function::aws::start_function;

const DENIED: &str = "SSM parameter `/t` cannot be read: AccessDeniedException: not authorized";

/// A function that fails so for its first invocations, and then works.
fn failing(times: usize, kind: &'static str, message: &'static str) -> FakeAws {
    FakeAws::new(move |request| match request.before < times {
        true => Answer::FunctionError(json!({"errorType": kind, "errorMessage": message})),
        false => Answer::Json(json!({"batchItemFailures": []})),
    })
}

#[tokio::test(start_paused = true)]
async fn an_empty_batch_is_one_invocation_that_waits_for_its_answer() {
    let aws = failing(0, "", "");
    start_function((&aws.session()).into(), "f").await.expect("it starts");
    let requests = aws.requests();
    assert_eq!(requests.len(), 1);
    assert_eq!((requests[0].operation.as_str(), &requests[0].body), ("Invoke", &json!({"Records": []})));
}

#[tokio::test(start_paused = true)]
async fn a_denial_is_waited_for_while_iam_may_not_show_the_grant_yet() {
    let (aws, waits) = (failing(3, "Cwl2le.InvalidConfiguration", DENIED), Waits::default());
    let session = aws.session();
    start_function(session.telling(&|notice| waits.note(notice)), "f").await.expect("it starts");
    assert_eq!((aws.requests().len(), waits.reasons().len()), (4, 3));
    assert_eq!(waits.reasons()[0], "the role's policy to take effect");

    let aws = failing(usize::MAX, "Cwl2le.InvalidConfiguration", DENIED);
    let begun = tokio::time::Instant::now();
    let error = start_function((&aws.session()).into(), "f").await.expect_err("denied for good");
    assert_eq!((error.code, error.resource.as_deref()), (Code::CannotStart, Some("f")));
    assert!(error.message.contains(DENIED), "{error}");
    let waited = begun.elapsed();
    assert!(waited > Duration::from_secs(50) && waited <= Duration::from_secs(60), "{waited:?}");

    // Somebody who stops it does not wait.
    let (aws, stop) = (failing(usize::MAX, "Cwl2le.InvalidConfiguration", DENIED), Stop::new());
    stop.request();
    let options = Options { stop, ..Options::default() };
    let error = start_function((&aws.session_with(&options)).into(), "f").await.expect_err("stopped");
    assert_eq!(error.code, Code::Interrupted);
}

#[tokio::test(start_paused = true)]
async fn what_stays_wrong_is_said_at_once() {
    for (kind, message) in [
        ("Cwl2le.InvalidConfiguration", "SSM parameter `/t` cannot be read: ParameterNotFound"),
        ("Runtime.ExitError", "RequestId: 1 Error: Runtime exited with error: signal: killed"),
        ("Sandbox.Timedout", "RequestId: 1 Error: Task timed out after 10.00 seconds"),
    ] {
        let aws = failing(usize::MAX, kind, message);
        let error = start_function((&aws.session()).into(), "f").await.expect_err("it does not start");
        assert!(error.code == Code::CannotStart && error.message.contains(message), "{error}");
        assert_eq!(aws.requests().len(), 1);
    }
    // What the caller may not do is no failure of the function.
    let aws = FakeAws::new(|_| {
        Answer::Error(403, "AccessDeniedException", "not authorized to perform: lambda:InvokeFunction")
    });
    let error = start_function((&aws.session()).into(), "f").await.expect_err("denied");
    assert_eq!(error.code, Code::AccessDenied);
}
