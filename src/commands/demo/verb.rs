//! `cwl2le demo`: the real chain on a local AWS, with an application that logs and a log service that goes away.

use std::time::{Duration, Instant, SystemTime};

use clap::Args;
use tokio::sync::mpsc::UnboundedReceiver;

use cwl2le_local::log_service::Line;

use crate::commands::verb::Verb;
use crate::error::{Code, Error, Exit, Result};
use crate::health::Verdict;
use crate::workflow::Context;

use super::application::{Application, BUNYAN_GROUP, BUNYAN_PATTERN, PLAIN_GROUP, PLAIN_PATTERN, id_in};
use super::report::{DemoReport, Verdicts};
use super::tally::Tally;
use super::world::World;

/// How often the application runs before, during and after the outage.
const RUNS: [u32; 3] = [6, 6, 3];
/// Interval between two runs of the application.
const PAUSE: Duration = Duration::from_millis(250);
/// Time without an outage before the log service goes away.
const CALM: Duration = Duration::from_millis(500);
/// Maximum wait for lines after the log service is back. The slowest line needs far less.
const PATIENCE: Duration = Duration::from_secs(90);

/// Run the whole chain on a local AWS: no account needed, only Python 3.10 or newer
#[derive(Debug, Clone, Args)]
pub(crate) struct Demo {
    /// Leave everything running and say how to look around; stop with Ctrl-C
    #[arg(long)]
    pub keep: bool,
}

impl Verb for Demo {
    type Report = DemoReport;

    async fn run(&self, context: Context<'_>) -> Result<Self::Report> {
        let started = Instant::now();
        let say = |text: &str| context.note(text);
        let world = World::start(context).await?;
        let outcome = play(&world, context, self, started).await;
        // Everything is torn down even where the play failed, and the first error is the one to show.
        let leftovers = world.tear_down(context).await;
        world.stop().await;
        let mut report = outcome?;
        report.leftovers = leftovers?;
        report.resources_left = report.leftovers.len();
        report.seconds = started.elapsed().as_secs_f64();
        say(if report.is_success() {
            "nothing was lost, nothing is left"
        } else {
            "the demo found a problem"
        });
        Ok(report)
    }

    fn exit(&self, report: &Self::Report) -> Exit {
        if report.is_success() { Exit::Success } else { Exit::Undelivered }
    }
}

async fn play(world: &World, context: Context<'_>, args: &Demo, started: Instant) -> Result<DemoReport> {
    let say = |text: &str| context.note(text);
    say("== setup: stream, roles, log group, function, trigger, and two log groups");
    world.create_log_groups(&[BUNYAN_GROUP, PLAIN_GROUP]).await?;
    world.setup(context, BUNYAN_GROUP, BUNYAN_PATTERN).await?;
    world.subscribe(context, PLAIN_GROUP, PLAIN_PATTERN).await?;
    say("== the same setup again");
    let second_setup_changes = world.setup(context, BUNYAN_GROUP, BUNYAN_PATTERN).await?;

    let mut show = Show {
        tally: Tally::default(),
        arrivals: world.log_service.subscribe(),
        application: Application::default(),
        outside: 0,
    };
    say("== an application logs; its lines as they arrive, with the time they took");
    show.log(world, context, RUNS[0]).await?;
    show.wait(context, PATIENCE).await;

    // The forwarder waits for the last receipt; a service that goes away before it is sent everything again.
    show.show_until(context, Instant::now() + CALM, |_| false).await;
    let before = world.status(context, Verdict::is_good).await?;
    say("== the log service goes away, the application keeps logging");
    let away = Instant::now();
    world.log_service.stop_listening();
    world.log_service.close_connections();
    show.log(world, context, RUNS[1]).await?;
    // An outage that nobody notices would prove nothing: the forwarder has to try and fail.
    let during = world.status(context, |verdict| !verdict.is_good()).await?;
    say(&format!("   {} events are waiting in the stream", show.tally.lost()));
    let outage = away.elapsed();
    world.log_service.resume();
    say("== the log service is back");
    show.log(world, context, RUNS[2]).await?;
    show.wait(context, PATIENCE).await;
    let after = world.status(context, Verdict::is_good).await?;

    if context.stop.requested() {
        return Err(Error::new(
            Code::Interrupted,
            "the demo was stopped before its end; it has been torn down",
        ));
    }
    if args.keep {
        world.keep(context).await;
    }
    let tally = &show.tally;
    let (median, longest) = tally.latencies().unwrap_or_default();
    Ok(DemoReport {
        events_logged: tally.total(),
        events_outside_patterns: show.outside,
        lines_delivered: tally.delivered(),
        lines_lost: tally.lost(),
        lines_duplicated: tally.duplicated(),
        lines_unexplained: tally.strangers(),
        verdicts: Verdicts { before, during, after },
        outage_seconds: outage.as_secs_f64(),
        latency_median_ms: median.as_millis(),
        latency_max_ms: longest.as_millis(),
        leftovers: Vec::new(),
        resources_left: 0,
        second_setup_changes,
        seconds: started.elapsed().as_secs_f64(),
    })
}

/// The application, the arrivals, and what is known of both.
struct Show {
    tally: Tally,
    arrivals: UnboundedReceiver<Line>,
    application: Application,
    outside: u64,
}

impl Show {
    /// Lets the application run a few times, showing what arrives meanwhile.
    async fn log(&mut self, world: &World, context: Context<'_>, runs: u32) -> Result<()> {
        for _ in 0..runs {
            let now = SystemTime::now();
            for burst in self.application.run(now) {
                let logged = Instant::now();
                for event in &burst.events {
                    match &event.id {
                        Some(id) => self.tally.logged(id.clone(), logged),
                        None => self.outside += 1,
                    }
                }
                world.put_log_events(&burst, now).await?;
            }
            let until = Instant::now() + PAUSE;
            self.show_until(context, until, |_| false).await;
        }
        Ok(())
    }

    /// Waits until everything that was logged has arrived.
    async fn wait(&mut self, context: Context<'_>, patience: Duration) {
        self.show_until(context, Instant::now() + patience, |tally| tally.lost() == 0).await;
    }

    async fn show_until(&mut self, context: Context<'_>, until: Instant, done: impl Fn(&Tally) -> bool) {
        while !done(&self.tally) && !context.stop.requested() {
            let next = tokio::time::timeout_at(until.into(), self.arrivals.recv());
            let Ok(Some(line)) = next.await else { return };
            let message = line.message();
            // What came again is counted in the report and not shown.
            if let Some(latency) = self.tally.arrived(id_in(&message), line.at) {
                context.note(&format!("   {:>6} ms  {}", latency.as_millis(), shortened(&message)));
            }
        }
    }
}

/// A message, cut to fit on one line of a terminal.
fn shortened(message: &str) -> String {
    const WIDTH: usize = 90;
    let flat = message.replace('\t', " ");
    match flat.char_indices().nth(WIDTH) {
        Some((end, _)) => format!("{}...", &flat[..end]),
        None => flat,
    }
}
