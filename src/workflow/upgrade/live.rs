//! What is live by now: another run or person may have moved an alias meanwhile.

use super::moved::{Moved, versions};
use crate::aws::Session;
use crate::error::{Code, Error, Result};
use crate::output::visible;
use crate::resources::Stack;
use crate::resources::function::aws::observe_function;

/// Checks that each function still has the version live that this run made live.
///
/// # Errors
/// [`Code::Changed`] where it has not; whatever the reads fail with.
pub(super) async fn must_be_live(session: &Session, moved: &[Moved]) -> Result<()> {
    let new = versions(moved.iter().map(|moved| (moved, Some(moved.to))));
    for Moved { function, to, .. } in moved {
        let reading = live(session, function).await;
        let live =
            reading.map_err(|error| error.hint(format!("{new} was made live: see `cwl2le versions`")))?;
        if live != to.to_string() {
            return Err(changed(function, &live, &format!("while {new} was watched")));
        }
    }
    Ok(())
}

/// The error for new versions that another run has made live before this one could.
///
/// # Errors
/// Whatever the read fails with.
pub(super) async fn moved_by_another(session: &Session, stack: &Stack) -> Result<Error> {
    let function = &stack.names.function;
    Ok(changed(function, &live(session, function).await?, "before this one could"))
}

/// The version that the alias of a function names.
async fn live(session: &Session, function: &str) -> Result<String> {
    let is = observe_function(session.into(), function).await?;
    Ok(is.and_then(|is| Some(is.live()?.version.clone())).unwrap_or_default())
}

fn changed(function: &str, live: &str, when: &str) -> Error {
    let what = match live {
        "" => format!("someone deleted the alias of {} {when}", visible(function)),
        live => format!("someone else made version {} of {} live {when}", visible(live), visible(function)),
    };
    Error::new(Code::Changed, what).on(function).hint("see what is live with `cwl2le versions`")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::aws::testing::{Answer, FakeAws};
    use crate::resources::tests::one_stack;

    /// A function whose alias names this version, if it has one.
    fn with(version: Option<&'static str>) -> FakeAws {
        FakeAws::new(move |request| match request.operation.as_str() {
            "GetFunction" => Answer::Json(json!({"Configuration": {"FunctionArn": "arn:f"}})),
            "ListAliases" => Answer::Json(json!({
                "Aliases": version.into_iter().map(|version| json!({"Name": "live", "FunctionVersion": version}))
                    .collect::<Vec<_>>(),
            })),
            operation => Answer::missing(operation),
        })
    }

    fn moved() -> Vec<Moved> {
        vec![Moved { function: "f".to_owned(), log_group: String::new(), from: Some(7), to: 8 }]
    }

    #[tokio::test(start_paused = true)]
    async fn a_version_that_somebody_took_back_during_the_watch_is_not_called_live() {
        assert!(must_be_live(&with(Some("8")).session(), &moved()).await.is_ok());
        for (live, says) in [(Some("7"), "version 7 of f live"), (None, "deleted the alias of f")] {
            let error = must_be_live(&with(live).session(), &moved()).await.expect_err("moved");
            assert!(error.code == Code::Changed && error.message.contains(says), "{error}");
        }
        let denied = FakeAws::new(|_| Answer::Error(403, "AccessDeniedException", "no"));
        let error = must_be_live(&denied.session(), &moved()).await.expect_err("not known");
        assert!(error.hint.is_some_and(|hint| hint.contains("version 8")));
    }

    #[tokio::test(start_paused = true)]
    async fn the_version_that_another_run_made_live_is_named() {
        let error = moved_by_another(&with(Some("8")).session(), &one_stack()).await.expect("read");
        assert!(error.code == Code::Changed && error.message.contains("made version 8 of"), "{error}");
    }
}
