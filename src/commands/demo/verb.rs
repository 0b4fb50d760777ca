//! `cwl2le demo`: the real chain on a local AWS, with an application that logs and a log service that goes away.

use std::time::Instant;

use clap::Args;

use super::play::play;
use super::report::DemoReport;
use super::story::{Row, Story};
use super::world::World;
use crate::commands::manual::Manual;
use crate::commands::verb::Verb;
use crate::error::{Exit, Result};
use crate::output::style::{BOLD, DIM};
use crate::output::width;
use crate::workflow::Context;

/// See the whole chain run on this machine, no AWS account needed
///
/// Runs a local AWS, an application that logs, and a log service that goes away for a while. It needs Python 3.10 or
/// newer, and downloads the local AWS (90 MB) once.
#[derive(Debug, Clone, Args)]
pub(crate) struct Demo {
    /// Keep everything running and show how to look around; stop with Ctrl-C
    #[arg(long)]
    pub keep: bool,
    /// Show everything that happens: the commands with their output, each line as it arrives, and all counts
    #[arg(long)]
    pub detail: bool,
}

impl Verb for Demo {
    type Report = DemoReport;

    const MANUAL: Manual = Manual {
        examples: &[
            ("Run the chain with an outage in the middle, and count what arrived", "cwl2le demo"),
            ("Keep the local AWS running to try other commands on it", "cwl2le demo --keep"),
        ],
        page: Some("faults.md"),
    };

    async fn run(&self, context: Context<'_>) -> Result<Self::Report> {
        let started = Instant::now();
        let story = Story::new(context, self.detail);
        story.line(format_args!(
            "{BOLD}cwl2le demo{BOLD:#}  {DIM}everything runs on this machine{}{DIM:#}\n",
            if width() < 80 { "" } else { "; nothing is sent anywhere" }
        ));
        let world = World::start(story, context.stop).await?;
        let mut outcome = play(&world, story, context.stop).await;
        if let (Ok(found), true) = (&mut outcome, self.keep) {
            found.seconds = started.elapsed().as_secs_f64();
            story.line(format_args!("\n{}\n", found.total()));
            world.keep(story, context.stop).await;
        }
        // Everything is torn down even where the play failed, and the first error is the one to show.
        let torn_down = story.step("teardown", world.tear_down(story), |done| match done.leftovers.len() {
            0 => Row::good("teardown: nothing is left").calls(done.calls),
            left => Row::bad(format!("teardown: resources left: {left}")).calls(done.calls),
        });
        let torn_down = torn_down.await;
        world.stop().await;
        let mut found = outcome?;
        found.leftovers = torn_down?.leftovers;
        found.resources_left = found.leftovers.len();
        found.seconds = started.elapsed().as_secs_f64();
        story.line("");
        Ok(DemoReport::of(found, self.detail))
    }

    fn exit(&self, report: &Self::Report) -> Exit {
        if report.is_success() { Exit::Success } else { Exit::Undelivered }
    }
}
