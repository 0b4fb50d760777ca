//! The acts of the demo: set up, log, lose the log service, get it back.

use std::time::{Duration, Instant, SystemTime};

use cwl2le_local::log_service::Line;
use tokio::sync::mpsc::UnboundedReceiver;

use super::application::{Application, BUNYAN_GROUP, BUNYAN_PATTERN, PLAIN_GROUP, PLAIN_PATTERN, id_in};
use super::bar::{Bar, What};
use super::report::{Found, Verdicts};
use super::story::{Row, Running, Story};
use super::tally::{Act, Tally};
use super::world::World;
use crate::aws::Stop;
use crate::error::{Code, Error, Result};
use crate::health::Verdict;

/// How often the application runs before, during and after the outage.
const RUNS: [u32; 3] = [6, 6, 3];
/// Interval between two runs of the application.
const PAUSE: Duration = Duration::from_millis(250);
/// Time without an outage before the log service goes away.
const CALM: Duration = Duration::from_millis(500);
/// Maximum wait for lines after the log service is back. The slowest line needs far less.
const PATIENCE: Duration = Duration::from_secs(90);

/// Plays all acts and says what they found. What teardown leaves is not part of it.
pub(super) async fn play(world: &World, story: Story<'_>, stop: &Stop) -> Result<Found> {
    let second_setup_changes = build(world, story).await?;
    story.line("");

    let mut show = Show {
        tally: Tally::default(),
        arrivals: world.log_service.subscribe(),
        application: Application::default(),
        outside: 0,
        story,
        stop,
    };
    let running = story.begin("An application logs");
    show.log(world, Act::Before, RUNS[0], &running).await?;
    show.wait(Act::Before, &running).await;
    let median = show.tally.median(Act::Before);
    show.end(running, "An application logs", Act::Before, median.map(|median| ("median", median)));

    // The forwarder waits for the last receipt; a service that goes away before it is sent everything again.
    show.show_until(Instant::now() + CALM, |_| false, |_| ()).await;
    let before = world.status(story, stop, Verdict::is_good).await?;

    story.detail("== the log service goes away, the application keeps logging");
    let running = story.begin("The log service is down");
    let away = Instant::now();
    world.log_service.stop_listening();
    world.log_service.close_connections();
    show.log(world, Act::Outage, RUNS[1], &running).await?;
    // An outage that nobody notices would prove nothing: the forwarder has to try and fail.
    running.meanwhile("waiting until `cwl2le status` notices");
    let during = world.status(story, stop, |verdict| !verdict.is_good()).await?;
    let waiting = show.tally.count(Act::Outage);
    running.end_with(&Bar {
        name: "The log service is down",
        what: What::Waiting,
        count: waiting.missing(),
        of: waiting.total,
        scale: show.scale(),
        note: String::new(),
    });
    let outage = away.elapsed();

    story.detail("== the log service is back");
    let running = story.begin("It is back");
    let back = Instant::now();
    world.log_service.resume();
    show.log(world, Act::After, RUNS[2], &running).await?;
    show.wait(Act::Outage, &running).await;
    let after = show.tally.last_arrival(Act::Outage).map(|last| last.saturating_duration_since(back));
    show.end(running, "It is back", Act::Outage, after.map(|after| ("after", after)));
    let running = story.begin("And goes on");
    show.wait(Act::After, &running).await;
    show.end(running, "And goes on", Act::After, None);
    story.line("");
    let after = world.status(story, stop, Verdict::is_good).await?;

    if stop.requested() {
        return Err(Error::new(
            Code::Interrupted,
            "the demo was stopped before its end; it has been torn down",
        ));
    }
    let verdicts = Verdicts { before, during, after };
    story.line(if verdicts.are_true() {
        Row::good(verdicts.in_words())
    } else {
        Row::bad(verdicts.in_words())
    });
    let tally = &show.tally;
    let (median, longest) = tally.latencies().unwrap_or_default();
    Ok(Found {
        events_logged: tally.total(),
        events_outside_patterns: show.outside,
        lines_delivered: tally.delivered(),
        lines_lost: tally.lost(),
        lines_duplicated: tally.duplicated(),
        lines_unexplained: tally.strangers(),
        verdicts,
        outage_seconds: outage.as_secs_f64(),
        latency_median_ms: median.as_millis(),
        latency_max_ms: longest.as_millis(),
        leftovers: Vec::new(),
        resources_left: 0,
        second_setup_changes,
        seconds: 0.0,
    })
}

/// Builds the chain, and tries to build it again. Returns the changes that the second `setup` made.
async fn build(world: &World, story: Story<'_>) -> Result<usize> {
    story
        .step(
            "setup: stream, roles and function",
            async {
                world.create_log_groups(&[BUNYAN_GROUP, PLAIN_GROUP]).await?;
                world.setup(story, BUNYAN_GROUP, BUNYAN_PATTERN).await
            },
            |done| Row::good("setup: stream, roles and function").calls(done.calls),
        )
        .await?;
    story
        .step("subscribe: a second log group", world.subscribe(story, PLAIN_GROUP, PLAIN_PATTERN), |done| {
            Row::good("subscribe: a second log group").calls(done.calls)
        })
        .await?;
    let again = story.step(
        "the same setup again",
        world.setup(story, BUNYAN_GROUP, BUNYAN_PATTERN),
        |done| match done.changes {
            0 => Row::good("the same setup again: no changes").calls(done.calls),
            changes => Row::bad(format!("the same setup again: changes: {changes}")).calls(done.calls),
        },
    );
    Ok(again.await?.changes)
}

/// The application, the arrivals, and what is known of both.
struct Show<'a> {
    tally: Tally,
    arrivals: UnboundedReceiver<Line>,
    application: Application,
    outside: u64,
    story: Story<'a>,
    stop: &'a Stop,
}

impl Show<'_> {
    /// Lets the application run a few times, showing what arrives meanwhile.
    async fn log(&mut self, world: &World, act: Act, runs: u32, running: &Running<'_>) -> Result<()> {
        for _ in 0..runs {
            let now = SystemTime::now();
            for burst in self.application.run(now) {
                let logged = Instant::now();
                for event in &burst.events {
                    match &event.id {
                        Some(id) => self.tally.logged(id.clone(), act, logged),
                        None => self.outside += 1,
                    }
                }
                world.put_log_events(&burst, now).await?;
            }
            let logged = self.tally.count(act).total;
            running.meanwhile(format_args!("{logged} lines logged"));
            self.show_until(Instant::now() + PAUSE, |_| false, |_| ()).await;
        }
        Ok(())
    }

    /// Waits until everything that was logged in an act has arrived.
    async fn wait(&mut self, act: Act, running: &Running<'_>) {
        let all = |tally: &Tally| tally.count(act).missing() == 0;
        let shown = |tally: &Tally| {
            let count = tally.count(act);
            running.meanwhile(format_args!("{} of {} arrived", count.arrived, count.total));
        };
        self.show_until(Instant::now() + PATIENCE, all, shown).await;
    }

    async fn show_until(&mut self, until: Instant, done: impl Fn(&Tally) -> bool, shown: impl Fn(&Tally)) {
        while !done(&self.tally) && !self.stop.requested() {
            let next = tokio::time::timeout_at(until.into(), self.arrivals.recv());
            let Ok(Some(line)) = next.await else { return };
            let message = line.message();
            // What came again is counted in the report and not shown.
            if let Some(latency) = self.tally.arrived(id_in(&message), line.at) {
                self.story.detail(format_args!("   {:>6} ms  {}", latency.as_millis(), shortened(&message)));
                shown(&self.tally);
            }
        }
    }

    /// Shows how many lines of an act have arrived, and a time beside it.
    fn end(&self, running: Running<'_>, name: &'static str, act: Act, took: Option<(&str, Duration)>) {
        let count = self.tally.count(act);
        running.end_with(&Bar {
            name,
            what: What::Arrived,
            count: count.arrived,
            of: count.total,
            scale: self.scale(),
            note: took.map(|(what, took)| format!("{what} {:.1} s", took.as_secs_f64())).unwrap_or_default(),
        });
    }

    /// The most lines of an act.
    fn scale(&self) -> u64 {
        let totals = [Act::Before, Act::Outage, Act::After].map(|act| self.tally.count(act).total);
        totals.into_iter().max().unwrap_or_default()
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
