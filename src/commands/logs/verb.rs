//! `cwl2le logs`: reads the forwarder's own log.

use super::args::{Logs, MOST_LINES};
use super::follow::{Followed, follow};
use super::groups::{self, Group};
use super::history::{self, Past};
use super::report::LogsReport;
use super::screen::Screen;
use super::source::{CloudWatch, Source as _};
use super::window::Window;
use crate::commands::manual::Manual;
use crate::commands::verb::{Facts, Policy, Verb};
use crate::error::{Code, Error, Result};
use crate::output::visible;
use crate::workflow::{Context, unknown_stack};

/// Times to look back, in milliseconds, and the flags for it.
const FURTHER: [(i64, &str); 2] = [(24 * 3_600_000, "--since 1d"), (7 * 24 * 3_600_000, "--since 7d")];

impl Verb for Logs {
    type Report = LogsReport;

    const MANUAL: Manual = Manual {
        examples: &[
            ("The last 15 minutes", "cwl2le logs"),
            ("Follow it, faults only", "cwl2le logs --follow --level warn"),
            ("The newest 50 lines about one destination", "cwl2le logs -n 50 --destination default"),
        ],
        page: Some("logs.md"),
    };

    fn facts(&self) -> Facts<'_> {
        Facts { writes_lines: true, writes_events: true, ..Facts::of_stack(&self.stack, Policy::on_call()) }
    }

    async fn run(&self, context: Context<'_>) -> Result<Self::Report> {
        let session = context.session().await?;
        let groups =
            groups::of_stack(context, &session, &context.stack(&self.stack), self.destination.as_deref())
                .await?;
        let source = CloudWatch::new(&session, &groups, context.progress);
        let now = source.now();
        let from = self.from(now);
        let until = self.until.map_or(now, |until| until.in_milliseconds(now));
        if from >= until {
            let hint = "give --since 2h --until 1h, for example";
            return Err(Error::usage("--since is not before --until", hint));
        }
        let mut screen = Screen::new(self, context.live, &groups);
        if !self.follow {
            let (past, _) = past(self, context, &source, &groups, (from, until), &mut screen).await?;
            return Ok(self.report(context, &groups, &past, (now - from, screen.count())));
        }
        // Nothing is changed, so a stop takes effect at once, and it is the way to end this.
        let _idle = context.stop.idle();
        let following = async {
            let read = past(self, context, &source, &groups, (from, until), &mut screen).await?;
            match read {
                (Past { is_over: true, .. }, _) => Ok(()),
                (_, followed) => follow(&source, &groups, followed, context.progress, &mut screen).await,
            }
        };
        tokio::select! {
            biased;
            () = context.stop.wait() => {}
            ended = following => ended?,
        }
        let log_groups = groups.iter().map(|group| group.log_group.clone()).collect();
        Ok(LogsReport { log_groups, lines: screen.count(), ..LogsReport::default() })
    }
}

/// Shows what was logged until now. Also returns the log groups to follow.
async fn past(
    args: &Logs,
    context: Context<'_>,
    source: &CloudWatch<'_>,
    groups: &[Group],
    (from, until): history::Span,
    screen: &mut Screen<'_>,
) -> Result<(Past, Vec<Followed>)> {
    let mut windows = vec![Window::new(from); groups.len()];
    let span = (from, until);
    let mut past = match args.lines {
        Some(most) => history::newest(source, span, most.into(), &mut windows, screen).await?,
        None => history::everything(source, span, &mut windows, screen).await?,
    };
    let is_missing = |code: Code| matches!(code, Code::UnknownLogGroup | Code::NotFound);
    // One that does not exist may come to exist, and one that may not be read stays so.
    let unreadable = past.unread.iter().filter(|(_, error)| !(args.follow && is_missing(error.code))).count();
    if unreadable == groups.len() {
        let (group, error) = past.unread.swap_remove(0);
        if !is_missing(error.code) {
            return Err(error);
        }
        let (stack, error) = (context.stack(&args.stack), missing(context, &groups[group]));
        return Err(unknown_stack::explained(context, source.session(), &stack, error).await);
    }
    let mut followed = Vec::new();
    for (group, window) in windows.into_iter().enumerate() {
        let trouble = past.unread.iter().find(|(unread, _)| *unread == group).map(|(_, error)| error);
        if let Some(error) = trouble {
            let waits = if is_missing(error.code) && args.follow { "waiting for" } else { "note: without" };
            let (name, why) = (visible(&groups[group].log_group), visible(&error.message));
            context.note(&format!("{waits} {name}: {why}"));
        }
        if trouble.is_none_or(|error| is_missing(error.code)) {
            followed.push(Followed { group, window, trouble: trouble.map(|error| error.code) });
        }
    }
    Ok((past, followed))
}

fn missing(context: Context<'_>, group: &Group) -> Error {
    let status = context.command_line.of_stack("status");
    Error::new(Code::UnknownLogGroup, "the forwarder's log group does not exist").on(&group.log_group).hint(
        format!("`{status}` shows whether the stack is set up; --stack and --region choose another one"),
    )
}

impl Logs {
    /// The report of a run that shows so many lines of so many milliseconds.
    fn report(
        &self,
        context: Context<'_>,
        groups: &[Group],
        past: &Past,
        (span, lines): (i64, u64),
    ) -> LogsReport {
        let again = |more: &str| format!("`{} {more}`", context.command_line.of_stack("logs"));
        let is_filtered = self.destination.is_some() || self.grep.is_some() || !self.level.is_least();
        let note = match lines {
            _ if past.is_over => None,
            0 if is_filtered => Some("no line of that time matches".to_owned()),
            0 => {
                let further = FURTHER.iter().find(|(time, _)| *time > span);
                let further = further.map(|(_, flag)| format!("{} looks back further, ", again(flag)));
                let status = context.command_line.of_stack("status");
                let further = further.unwrap_or_default();
                Some(format!("the forwarder logged nothing in that time: {further}`{status}` shows why"))
            }
            _ if past.has_more => {
                let most = self.lines.unwrap_or_default();
                let more = format!("-n {}", most.saturating_mul(10).min(MOST_LINES));
                Some(format!("older lines are left out: {} shows more", again(&more)))
            }
            _ => None,
        };
        LogsReport {
            log_groups: groups.iter().map(|group| group.log_group.clone()).collect(),
            lines,
            has_more: past.has_more,
            note,
        }
    }
}
