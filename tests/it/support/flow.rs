//! A chain through which numbered lines flow while it is changed.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use cwl2le_local::log_service::Line;
use serde_json::Value;

use super::{REGION, Ran, World, forwarder_zip};

const PATIENCE: Duration = Duration::from_secs(120);
const GROUP: &str = "/app/flow";
/// The function that it leads to.
pub(crate) const FUNCTION: &str = "cwl-to-logentries";

/// A chain with numbered lines, all of one log stream.
pub(crate) struct Flow {
    pub(crate) world: World,
    pub(crate) folder: tempfile::TempDir,
    sent: AtomicUsize,
}

impl Flow {
    pub(crate) async fn start() -> Self {
        Self::start_with(&[]).await
    }

    /// With more flags of `setup`.
    pub(crate) async fn start_with(more: &[&str]) -> Self {
        let world = World::start().await;
        world.create_log_group(GROUP).await;
        world.setup(&[&["--log-group", GROUP], more].concat()).await.ok();
        Self { world, folder: tempfile::tempdir().expect("a folder"), sent: AtomicUsize::new(0) }
    }

    /// Does some work while a line comes every 100 ms.
    pub(crate) async fn during<T>(&self, work: impl Future<Output = T>) -> T {
        let ends = AtomicBool::new(false);
        let generate = async {
            while !ends.load(Ordering::Relaxed) {
                self.put().await;
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        };
        let work = async {
            let done = work.await;
            ends.store(true, Ordering::Relaxed);
            done
        };
        tokio::join!(generate, work).1
    }

    async fn put(&self) {
        self.put_many(1).await;
    }

    /// So many lines at once.
    pub(crate) async fn put_many(&self, count: usize) {
        let first = self.sent.fetch_add(count, Ordering::Relaxed);
        let lines: Vec<String> = (first..first + count).map(|number| format!("line {number}")).collect();
        self.world.put_log_events(GROUP, &lines).await;
    }

    /// Waits for some more lines.
    pub(crate) async fn more(&self, what: &str) {
        let count = self.arrived().len();
        self.wait_for(what, || async { self.arrived().len() > count + 5 }).await;
    }

    /// The numbers of the lines in the order in which they arrived for the first time. The canary's is none of them.
    pub(crate) fn arrived(&self) -> Vec<usize> {
        let number = |line: &Line| line.message().strip_prefix("line ")?.parse().ok();
        let mut seen = BTreeSet::new();
        self.world.log_service.lines().iter().filter_map(number).filter(|n| seen.insert(*n)).collect()
    }

    /// Waits until every line has arrived, and compares the order with that of the log stream.
    pub(crate) async fn is_whole(&self) {
        let sent: Vec<usize> = (0..self.sent.load(Ordering::Relaxed)).collect();
        self.wait_for("every line", || async { self.arrived().len() == sent.len() }).await;
        assert_eq!(self.arrived(), sent, "the order of the log stream");
    }

    pub(crate) async fn wait_for<F: Future<Output = bool>>(&self, what: &str, is_so: impl Fn() -> F) {
        let begun = Instant::now();
        while !is_so().await {
            let tail = || self.world.aws().logs_tail(40);
            assert!(begun.elapsed() < PATIENCE, "timed out waiting for {what}\n{}", tail());
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    /// Another forwarder than the one that is there.
    pub(crate) fn zip(&self, comment: &str) -> PathBuf {
        forwarder_zip::with_comment(self.folder.path(), comment)
    }

    pub(crate) async fn upgrade(&self, zip: &std::path::Path, more: &[&str]) -> Ran {
        let zip = zip.to_str().expect("UTF-8");
        self.world.run(&[&["upgrade", "--to", zip], more].concat()).await
    }

    pub(crate) fn lambda(&self) -> aws_sdk_lambda::Client {
        aws_sdk_lambda::Client::new(&self.world.config(REGION))
    }

    /// The number of the live version.
    pub(crate) async fn live(&self) -> String {
        let alias =
            self.lambda().get_alias().function_name(FUNCTION).name("live").send().await.expect("an alias");
        alias.function_version.expect("a version")
    }

    /// What the mapping invokes, and its id: an event source mapping keeps its checkpoint as long as it has the same.
    pub(crate) async fn mapping(&self) -> (String, String) {
        let all = self.lambda().list_event_source_mappings().send().await.expect("mappings");
        let mut all = all.event_source_mappings.unwrap_or_default();
        assert_eq!(all.len(), 1, "{all:?}");
        let one = all.remove(0);
        (one.function_arn.expect("a function"), one.uuid.expect("an id"))
    }

    /// The lines of the forwarder's own log, each with the version that wrote it, by the name of its log stream.
    pub(crate) async fn log(&self) -> Vec<(String, String)> {
        let logs = self.world.logs();
        let group = format!("/aws/lambda/{FUNCTION}");
        let mut pages = logs.filter_log_events().log_group_name(group).into_paginator().send();
        let mut lines = Vec::new();
        while let Some(page) = pages.next().await {
            for event in page.expect("events").events.unwrap_or_default() {
                let stream = event.log_stream_name.unwrap_or_default();
                let version = stream.split(['[', ']']).nth(1).unwrap_or_default().to_owned();
                lines.push((version, event.message.unwrap_or_default()));
            }
        }
        lines
    }

    /// The versions that have delivered anything.
    pub(crate) async fn delivered_by(&self) -> BTreeSet<String> {
        let delivered = |line: &str| {
            let line: Value = serde_json::from_str(line).unwrap_or_default();
            line["EventsDelivered"].as_u64() > Some(0)
        };
        self.log().await.into_iter().filter(|(_, line)| delivered(line)).map(|(version, _)| version).collect()
    }

    /// The versions that got a canary.
    pub(crate) async fn tried(&self) -> BTreeSet<String> {
        let is_canary = |line: &str| line.contains(" canary destination=");
        self.log().await.into_iter().filter(|(_, line)| is_canary(line)).map(|(version, _)| version).collect()
    }
}
