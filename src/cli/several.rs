//! Runs a verb in several environments side by side: each in a context of its own, with one question for all of them.

use std::collections::BTreeMap;
use std::sync::Arc;

use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;
use tokio::sync::{Semaphore, mpsc};

use super::run_in::{Base, run_in};
use super::several_report::{Ended, SeveralReport, heading};
use crate::commands::Outcome;
use crate::error::{Code, Error, Result, listed};
use crate::output::{Envelope, Progress, error_lines, hanging, visible, width};
use crate::settings::File;
use crate::stack::{StackName, Target};
use crate::workflow::Stopwatch;
use crate::workflow::consent::{self, Consent};
use crate::workflow::together::{Arrival, Asked, Gate, Together};

/// Maximum number of environments that run at once.
const AT_ONCE: usize = 8;

/// One environment of the run.
struct Member {
    name: String,
    envelope: &'static Envelope,
    /// What it says, until it is shown.
    progress: Progress,
    together: Together,
}

/// Runs the verb in each of these environments of the file.
///
/// # Errors
/// The file cannot be used, two of them are the same stack, or the verb runs in one environment at a time: then nothing
/// was done. What fails in an environment is in the report.
pub(super) async fn run(base: &Base<'_>, names: Vec<String>) -> Result<Outcome> {
    must_make_sense(base)?;
    let files = names.iter().map(|name| base.file(Some(name))).collect::<Result<Vec<_>>>()?;
    if let Some(path) = files.iter().flatten().next().map(File::path) {
        let all = listed(names.iter().map(String::as_str));
        base.progress.line(format!("configuration {}, environments {all}", visible(path.display())));
    }
    let width = names.iter().map(String::len).max().unwrap_or_default();
    let (arrive, mut arrivals) = mpsc::unbounded_channel();
    let slots = Arc::new(Semaphore::new(AT_ONCE));
    let member = |(index, name): (usize, &String)| Member {
        name: name.clone(),
        envelope: Envelope::in_environment(base.cli.verb(), name.as_str()),
        progress: base.progress.section(format!("{name:<width$}")),
        together: Together::new(index, arrive.clone(), Arc::clone(&slots), base.stop.clone()),
    };
    let members: Vec<Member> = names.iter().enumerate().map(member).collect();
    let mut running: FuturesUnordered<_> = members
        .iter()
        .zip(files)
        .enumerate()
        .map(|(index, (member, file))| run_one(base, member, index, file))
        .collect();
    let mut ended: BTreeMap<usize, Result<Outcome>> = BTreeMap::new();
    let mut waiting: Vec<Arrival> = Vec::new();
    let mut places: BTreeMap<usize, (Target, StackName)> = BTreeMap::new();
    while ended.len() < members.len() {
        tokio::select! {
            Some((index, outcome)) = running.next() => drop(ended.insert(index, outcome)),
            Some(arrival) = arrivals.recv() => waiting.push(arrival),
        }
        waiting.retain(|arrival| !arrival.reply.is_closed());
        if waiting.is_empty() || waiting.len() + ended.len() < members.len() {
            continue;
        }
        // All of them wait, or have ended.
        let (at_place, at_question): (Vec<_>, Vec<_>) = std::mem::take(&mut waiting)
            .into_iter()
            .partition(|arrival| matches!(arrival.gate, Gate::Place { .. }));
        if at_place.is_empty() {
            show(base, &members, &ended);
            answer(base, &members, &ended, at_question).await;
            continue;
        }
        for arrival in &at_place {
            if let Gate::Place { target, stack } = &arrival.gate {
                places.insert(arrival.index, (target.clone(), stack.clone()));
            }
        }
        must_differ(&members, &places)?;
        waiting = at_question;
        for arrival in at_place {
            // Whoever was stopped meanwhile does not listen.
            let _ = arrival.reply.send(Consent::Flag);
        }
    }
    show_rest(base, &members);
    let ended = members.iter().zip(ended.into_values());
    let ended = ended.map(|(member, outcome)| Ended::new(&member.name, member.envelope, outcome)).collect();
    let report = SeveralReport::new(base.command_line, ended, base.stopwatch.seconds());
    let exit = report.exit();
    Ok(Outcome { report: Box::new(report), exit, brief: None })
}

async fn run_one(
    base: &Base<'_>,
    member: &Member,
    index: usize,
    file: Option<File>,
) -> (usize, Result<Outcome>) {
    let live = base.live.of_environment(member.envelope);
    let line = base.command_line.in_environments(&member.name);
    // The others also wait for an answer: that time would be taken off once for each.
    let stopwatch = Stopwatch::start();
    let base = Base { progress: &member.progress, live, command_line: &line, stopwatch: &stopwatch, ..*base };
    let outcome = match member.together.enter().await {
        Ok(()) => Box::pin(run_in(&base, file, Some(&member.together))).await,
        Err(stopped) => Err(stopped),
    };
    member.together.leave();
    (index, outcome)
}

/// Refuses a verb that runs in one environment at a time.
fn must_make_sense(base: &Base<'_>) -> Result<()> {
    let facts = base.cli.command.facts();
    let reads_input = base.command_line.reads_token_from_input();
    let why = match facts.alone {
        Some(why) => why,
        None if facts.writes_lines => "its lines are those of one stack",
        None if reads_input => "standard input holds one token",
        None => return Ok(()),
    };
    let message = format!("`cwl2le {}` runs in one environment at a time: {why}", base.cli.verb());
    Err(Error::usage(message, "choose one with --env NAME"))
}

/// Refuses environments that are the same stack: each would undo what the other one does.
fn must_differ(members: &[Member], places: &BTreeMap<usize, (Target, StackName)>) -> Result<()> {
    let mut seen: BTreeMap<(String, String, String), &str> = BTreeMap::new();
    for (index, (target, stack)) in places {
        let place = (target.account.clone(), target.region.to_string(), stack.to_string());
        let name = members[*index].name.as_str();
        if let Some(other) = seen.insert(place, name) {
            let message = format!(
                "the environments `{other}` and `{name}` are the same stack `{stack}` in {} {}; nothing was changed",
                target.account, target.region
            );
            let hint = "give each a stack, region, profile or role of its own, or leave one of them out";
            return Err(Error::new(Code::Config, message).hint(hint));
        }
    }
    Ok(())
}

/// Shows what each environment has said so far, in their order, each below its heading.
fn show(base: &Base<'_>, members: &[Member], ended: &BTreeMap<usize, Result<Outcome>>) {
    for (index, member) in members.iter().enumerate() {
        let Some(lines) = member.progress.release() else { continue };
        base.progress.line(format!("\n{}", heading(&member.name, member.envelope)));
        // The plan begins with an empty line where nothing stands above it.
        let text = lines.join("\n");
        base.progress.line(text.trim_matches('\n'));
        match ended.get(&index) {
            Some(Err(error)) => base.progress.line(error_lines(error)),
            Some(Ok(outcome)) => {
                outcome.brief.iter().for_each(|brief| base.progress.line(brief));
            }
            None => {}
        }
    }
}

/// Shows what environments have said that nothing was asked about: warnings and notes, each with its environment.
fn show_rest(base: &Base<'_>, members: &[Member]) {
    for member in members {
        for line in member.progress.release().into_iter().flatten() {
            member.progress.line(line);
        }
    }
    if !members.is_empty() {
        base.progress.line("");
    }
}

/// Asks one question about all plans, and tells everybody the answer.
async fn answer(
    base: &Base<'_>,
    members: &[Member],
    ended: &BTreeMap<usize, Result<Outcome>>,
    waiting: Vec<Arrival>,
) {
    let mut asked: Vec<(usize, Asked, _)> = waiting
        .into_iter()
        .filter_map(|arrival| match arrival.gate {
            Gate::Consent(asked) => Some((arrival.index, asked, arrival.reply)),
            Gate::Place { .. } => None,
        })
        .collect();
    asked.sort_by_key(|(index, ..)| *index);
    let name = |index: usize| members[index].name.as_str();
    let consent = if asked.iter().all(|(_, asked, _)| asked.yes) {
        Some(Consent::Flag)
    } else {
        let mut text = String::from("\n");
        if base.progress.is_none() {
            for (index, asked, _) in &asked {
                text += &format!("{}\n{}\n\n", heading(name(*index), members[*index].envelope), asked.plan);
            }
        }
        let failed: Vec<&str> =
            ended.iter().filter(|(_, outcome)| outcome.is_err()).map(|(index, _)| name(*index)).collect();
        let questions: Vec<(&str, &str)> =
            asked.iter().map(|(index, asked, _)| (name(*index), asked.text.as_str())).collect();
        let question = question(&questions, &failed);
        let lines: Vec<String> = question.lines().map(|line| hanging("", line, width())).collect();
        text += &format!("{} ", lines.join("\n"));
        base.stopwatch.paused(consent::answer(base.stop, text)).await.ok()
    };
    for (_, _, reply) in asked {
        // Without an answer the reply is dropped, which stops whoever waits for it.
        if let Some(consent) = consent {
            let _ = reply.send(consent);
        }
    }
}

/// The question about all of them. An environment that has failed is named, so that nobody takes the answer for it.
fn question(asked: &[(&str, &str)], failed: &[&str]) -> String {
    let names = listed(asked.iter().map(|(name, _)| *name));
    let except = match failed {
        [] => String::new(),
        _ => format!(", and leave out {}, which failed", listed(failed.iter().copied())),
    };
    match asked {
        [(name, text)] => format!("{name}: {}{except}? [y/N]", text.trim_end_matches('?')),
        [(_, first), rest @ ..] if rest.iter().all(|(_, text)| text == first) => {
            format!(
                "{} in {} environments ({names}){except}? [y/N]",
                first.trim_end_matches('?'),
                asked.len()
            )
        }
        _ => {
            let lines: String = asked.iter().map(|(name, text)| format!("{name}: {text}\n")).collect();
            format!("{lines}Do all of it in {} environments ({names}){except}? [y/N]", asked.len())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_question_names_every_environment_that_it_is_about() {
        let make = "Make these changes?";
        assert_eq!(question(&[("dev", make)], &[]), "dev: Make these changes? [y/N]");
        assert_eq!(
            question(&[("dev", make), ("prod", make)], &["test"]),
            "Make these changes in 2 environments (dev, prod), and leave out test, which failed? [y/N]"
        );
        let two = [
            ("dev", "Delete these 5 resources of stack `a`?"),
            ("prod", "Delete this resource of stack `b`?"),
        ];
        assert_eq!(
            question(&two, &[]),
            "dev: Delete these 5 resources of stack `a`?\nprod: Delete this resource of stack `b`?\nDo all of it in 2 \
             environments (dev, prod)? [y/N]"
        );
    }
}
