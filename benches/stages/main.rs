//! Measures each stage of the forwarder with criterion: `cargo bench -p cwl2le-benches --bench stages`.
//!
//! Use it to see what a change does to one stage. Alone, a stage finds its memory in the processor's cache, so the sum
//! of all stages is less than the whole.

use std::hint::black_box;
use std::time::Duration;

use criterion::{BatchSize, BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use cwl2le_benches::workload::Load;
use cwl2le_forwarder::config::Format;
use cwl2le_forwarder::line::format;
use cwl2le_forwarder::record::event::Invocation;
use cwl2le_forwarder::record::payload::{self, Cap};

/// The input of each stage for one load.
struct Stages {
    name: String,
    event: Vec<u8>,
    members: Vec<Vec<u8>>,
    payloads: Vec<Vec<u8>>,
}

fn loads() -> Vec<Stages> {
    let loads = [Load::w1(), Load::w2(), Load::w2s(), Load::w4()];
    let stages = loads.map(|load| {
        let made = load.make();
        let payloads = made.members.iter().map(|member| {
            let mut payload = Vec::new();
            // Every load decompresses; a faulty one would fail in `parse`.
            let _ = payload::gunzip(member, Cap::for_memory(1024), &mut payload);
            payload
        });
        Stages {
            name: load.name.clone(),
            payloads: payloads.collect(),
            event: made.event,
            members: made.members,
        }
    });
    stages.into()
}

fn stages(criterion: &mut Criterion) {
    let loads = loads();
    let size = |all: &[Vec<u8>]| Throughput::Bytes(all.iter().map(|one| one.len() as u64).sum());

    let mut group = criterion.benchmark_group("event");
    for load in &loads {
        group.throughput(Throughput::Bytes(load.event.len() as u64));
        group.bench_with_input(BenchmarkId::from_parameter(&load.name), load, |bencher, load| {
            let event = || load.event.clone();
            bencher.iter_batched(
                event,
                |event| Invocation::from_json(event).map(|i| i.len()),
                BatchSize::PerIteration,
            );
        });
    }
    group.finish();

    let mut group = criterion.benchmark_group("gunzip");
    for load in &loads {
        group.throughput(size(&load.payloads));
        group.bench_with_input(BenchmarkId::from_parameter(&load.name), load, |bencher, load| {
            let mut payload = Vec::new();
            bencher.iter(|| {
                for member in &load.members {
                    black_box(payload::gunzip(member, Cap::for_memory(1024), &mut payload).is_ok());
                }
            });
        });
    }
    group.finish();

    let mut group = criterion.benchmark_group("parse");
    for load in &loads {
        group.throughput(size(&load.payloads));
        group.bench_with_input(BenchmarkId::from_parameter(&load.name), load, |bencher, load| {
            bencher.iter(|| {
                load.payloads.iter().map(|json| events(json).map_or(0, |p| p.events.len())).sum::<usize>()
            });
        });
    }
    group.finish();

    let mut group = criterion.benchmark_group("write lines");
    for load in &loads {
        let parsed: Vec<_> = load.payloads.iter().filter_map(|json| events(json)).collect();
        group.throughput(size(&load.payloads));
        group.bench_with_input(BenchmarkId::from_parameter(&load.name), &parsed, |bencher, parsed| {
            let mut lines = Vec::new();
            bencher.iter(|| {
                for payload in parsed {
                    for event in &payload.events {
                        format::write(Format::Message, payload, event, &mut lines);
                        lines.push(b'\n');
                    }
                    // A destination sends pieces of about this size.
                    if lines.len() > 128 << 10 {
                        black_box(&mut lines).clear();
                    }
                }
            });
        });
    }
    group.finish();
}

fn events(json: &[u8]) -> Option<payload::Payload<'_>> {
    payload::parse(json).ok()
}

criterion_group! {
    name = benches;
    config = Criterion::default().sample_size(20).measurement_time(Duration::from_secs(2)).warm_up_time(Duration::from_millis(500));
    targets = stages
}
criterion_main!(benches);
