//! Whether a plan may be carried out: `--yes`, or an answer on a terminal.

use std::io::{BufRead, IsTerminal};

use super::context::{Context, input};
pub(crate) use super::together::Consent;
use super::together::{Asked, Together};
use crate::aws::Stop;
use crate::error::{Code, Error, Result};
use crate::flags::{Change, CommandLine};
use crate::output::prompt;
use crate::resources::{Extent, Plan, Refusal};

/// A question about what is going to happen.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Question<'a> {
    /// Whether it is answered already, by `--yes`.
    pub(crate) yes: bool,
    /// What is going to happen. It has been shown on standard error, unless the run is quiet.
    pub(crate) plan: &'a str,
    /// The question.
    pub(crate) text: &'a str,
}

/// Asks for consent to a plan that has been shown on standard error, with what it leaves out.
///
/// # Errors
/// `not-confirmed` if standard input or standard error is not a terminal. `interrupted` after Ctrl-C.
pub(crate) async fn ask(
    context: Context<'_>,
    change: &Change,
    (plan, left_out): (&Plan, &[Refusal]),
    question: &str,
) -> Result<Consent> {
    let extent = if change.detail.detail { Extent::Everything } else { Extent::Brief };
    let whole = Plan { refused: [&plan.refused, left_out].concat(), ..plan.clone() };
    let shown = whole.shown(extent).to_string();
    let question = Question { yes: change.yes, plan: &shown, text: question };
    agree(context, question, || not_confirmed(context.command_line, plan)).await
}

/// Asks a question, unless it is answered already.
///
/// # Errors
/// What `not_confirmed` makes if standard input or standard error is not a terminal. `interrupted` after Ctrl-C.
pub(crate) async fn agree(
    context: Context<'_>,
    question: Question<'_>,
    not_confirmed: impl FnOnce() -> Error,
) -> Result<Consent> {
    if question.yes && context.together.is_none() {
        return Ok(Consent::Flag);
    }
    if !question.yes && !can_ask() {
        return Err(not_confirmed());
    }
    if let Some(together) = context.together {
        return in_turn(context, together, question).await;
    }
    let mut text = format!("\n{} [y/N] ", question.text);
    // With --quiet, the plan has not been shown yet.
    if context.progress.is_none() {
        text.insert_str(0, &format!("{}\n", question.plan));
    }
    context.stopwatch.paused(answer(context.stop, text)).await
}

/// One answer for the plans of all environments of this run. All of them are shown before the first is carried out.
async fn in_turn(context: Context<'_>, together: &Together, question: Question<'_>) -> Result<Consent> {
    let Question { yes, plan, text } = question;
    let asked = Asked { yes, plan: plan.to_owned(), text: text.to_owned() };
    context.stopwatch.paused(together.consent(asked)).await
}

/// Shows a question and reads the answer.
///
/// # Errors
/// `interrupted` after Ctrl-C; the terminal cannot be read.
pub(crate) async fn answer(stop: &Stop, text: String) -> Result<Consent> {
    let unreadable = |error| Error::new(Code::Environment, format!("the terminal cannot be read: {error}"));
    let answer = input(stop, move || read_answer(&text).map_err(unreadable)).await;
    if answer.as_ref().is_ok_and(|answer| !answer.ends_with('\n')) {
        // After Ctrl-D the cursor is still on the line of the question.
        let _ = prompt("\n");
    }
    Ok(match answer?.trim() {
        "y" | "Y" | "yes" => Consent::Answer,
        _ => Consent::Declined,
    })
}

/// Whether a person can read the plan and the question, and answer.
pub(crate) fn can_ask() -> bool {
    std::io::stdin().is_terminal() && std::io::stderr().is_terminal()
}

fn not_confirmed(command_line: &CommandLine, plan: &Plan) -> Error {
    let changes = plan.steps.len();
    let s = if changes == 1 { "" } else { "s" };
    let message = format!(
        "{changes} change{s} not confirmed: there is no terminal to ask on, and --yes is not given; nothing was changed"
    );
    let confirmed = command_line.confirmed();
    let hint = format!("if the plan is what you want, run `{confirmed}`{}", confirmed.needs());
    let plan = serde_json::to_value(plan).ok().map(Box::new);
    Error { plan, ..Error::new(Code::NotConfirmed, message).hint(hint) }
}

fn read_answer(question: &str) -> std::io::Result<String> {
    discard_typed_ahead()?;
    // Standard error is not locked during the wait: after Ctrl-C, messages go there.
    prompt(question)?;
    let mut answer = String::new();
    std::io::stdin().lock().read_line(&mut answer)?;
    Ok(answer)
}

/// Discards what was typed before the question was shown: it answers something else.
#[cfg(unix)]
fn discard_typed_ahead() -> std::io::Result<()> {
    use rustix::termios::{QueueSelector, tcflush};
    Ok(tcflush(std::io::stdin(), QueueSelector::IFlush)?)
}

#[cfg(not(unix))]
#[expect(clippy::unnecessary_wraps, reason = "on Unix it can fail")]
fn discard_typed_ahead() -> std::io::Result<()> {
    Ok(())
}
