//! The process: it starts, and serves until there is no runtime API any more.

use std::process::ExitCode;

use serde_json::json;

use super::journal::Journal;
use super::log::say;
use super::runtime::{RuntimeApi, report_start_failure};
use super::serve::serve;
use super::start::{Function, start, variable};
use crate::note::{Level, Note};

/// Runs the function in this process.
pub fn run() -> ExitCode {
    let journal = Journal::new(
        variable("AWS_LAMBDA_LOG_FORMAT").as_deref(),
        variable("AWS_LAMBDA_LOG_LEVEL").as_deref(),
    );
    // The words of a panic may quote what was being worked on; its place is enough.
    std::panic::set_hook(Box::new(move |panic| {
        let place = panic.location().map(ToString::to_string);
        say(
            journal,
            &Note::new(Level::Error, "internal error; please report this", json!({ "place": place })),
        );
    }));
    let Some(api) = variable("AWS_LAMBDA_RUNTIME_API") else {
        let why =
            "this program runs in AWS Lambda, which sets AWS_LAMBDA_RUNTIME_API; try `cwl2le demo` instead";
        say(journal, &Note::new(Level::Error, why, json!({})));
        return ExitCode::FAILURE;
    };
    // One thread: an invocation is one thing after the other, and a small function has a part of one CPU.
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            say(journal, &Note::new(Level::Error, format!("the function cannot wait: {error}"), json!({})));
            return ExitCode::FAILURE;
        }
    };
    match runtime.block_on(start(journal)) {
        Ok(function) => {
            say(journal, &function.started());
            answer(&runtime, &api, function)
        }
        Err(problem) => {
            say(journal, &Note::new(Level::Error, problem.clone(), json!({})));
            report_start_failure(&api, &problem);
            ExitCode::FAILURE
        }
    }
}

fn answer(runtime: &tokio::runtime::Runtime, api: &str, mut function: Function) -> ExitCode {
    let journal = function.journal;
    let Err(error) = runtime.block_on(serve(RuntimeApi::new(api), &mut function));
    say(journal, &Note::new(Level::Error, format!("Lambda's runtime API failed: {error}"), json!({})));
    ExitCode::FAILURE
}
