//! Measures CPU time compared with floor and naive pipeline, cold starts, and how the cost grows.

use std::path::Path;
use std::time::Duration;

use cwl2le_benches::workload::Load;

use crate::plot::Growth;
use crate::subject::{Kind, Shared, Subject};

/// Number of rounds. In each round the subjects take turns, so a machine that slows down does so for all of them.
const ROUNDS: usize = 15;

/// Number of cold starts.
const STARTS: usize = 21;

/// The cost of one load.
pub(crate) struct Row {
    pub(crate) name: String,
    pub(crate) what: &'static str,
    pub(crate) events: usize,
    /// The size of the event and of the decompressed JSON in it, in bytes.
    pub(crate) sizes: (usize, usize),
    pub(crate) floor: Duration,
    pub(crate) forwarder: Duration,
    pub(crate) naive: Duration,
    /// The median of the ratios of all rounds: the forwarder's CPU time divided by the floor's.
    pub(crate) to_floor: f64,
    /// The same for the naive pipeline divided by the forwarder.
    pub(crate) naive_to_forwarder: f64,
    /// Peak resident memory of the forwarder, in bytes.
    pub(crate) memory: u64,
}

/// Measures the CPU time of all three subjects with one load.
pub(crate) fn row(bootstrap: &Path, load: &Load) -> Result<Row, String> {
    let made = load.make();
    let (events, sizes) = (made.events, (made.event.len(), made.json));
    let shared = Shared::new(made);
    let this = std::env::current_exe().map_err(|error| format!("cannot find this program: {error}"))?;
    let start = |kind| {
        let program = if kind == Kind::Forwarder { bootstrap } else { &this };
        let mut subject = Subject::start(kind, program, &shared, &[])?;
        // From the second invocation on, connections and memory are reused.
        subject.invoke()?;
        subject.invoke()?;
        Ok::<_, String>(subject)
    };
    let mut subjects = [start(Kind::Floor)?, start(Kind::Forwarder)?, start(Kind::Naive)?];
    let mut costs = [const { Vec::new() }; 3];
    for _ in 0..ROUNDS {
        for (subject, costs) in subjects.iter_mut().zip(&mut costs) {
            costs.push(subject.cost()?);
        }
    }
    let memory = subjects[1].peak_memory()?;
    for subject in subjects {
        subject.end()?;
    }
    let [floor, forwarder, naive] = costs;
    Ok(Row {
        name: load.name.clone(),
        what: load.what,
        events,
        sizes,
        to_floor: median_ratio(&forwarder, &floor),
        naive_to_forwarder: median_ratio(&naive, &forwarder),
        floor: median(floor),
        forwarder: median(forwarder),
        naive: median(naive),
        memory,
    })
}

/// The median times of a cold start: to the first request for an event, and to the first line at the log service.
pub(crate) fn start(bootstrap: &Path) -> Result<(Duration, Duration), String> {
    let shared = Shared::new(Load::w3().make());
    let mut starts = Vec::new();
    for _ in 0..STARTS {
        starts.push(Subject::cold(bootstrap, &shared)?);
    }
    Ok((
        median(starts.iter().map(|start| start.next).collect()),
        median(starts.iter().map(|start| start.line).collect()),
    ))
}

/// The CPU time for 1 to 100,000 events, and for as many records of one event.
pub(crate) fn growth(bootstrap: &Path) -> Result<[Growth; 2], String> {
    let mut both = [Growth::new(), Growth::new()];
    for (make, growth) in [Load::of_events, Load::of_records].into_iter().zip(&mut both) {
        for number in [1, 10, 100, 1_000, 3_000, 10_000, 30_000, 100_000] {
            let shared = Shared::new(make(number).make());
            let mut subject = Subject::start(Kind::Forwarder, bootstrap, &shared, &[])?;
            subject.invoke()?;
            let costs = (0..ROUNDS / 2).map(|_| subject.cost()).collect::<Result<_, _>>()?;
            growth.push((number, median(costs)));
            subject.end()?;
        }
    }
    Ok(both)
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times.get(times.len() / 2).copied().unwrap_or_default()
}

fn median_ratio(of: &[Duration], to: &[Duration]) -> f64 {
    let mut ratios: Vec<f64> = of.iter().zip(to).map(|(a, b)| a.as_secs_f64() / b.as_secs_f64()).collect();
    ratios.sort_unstable_by(f64::total_cmp);
    ratios.get(ratios.len() / 2).copied().unwrap_or_default()
}
