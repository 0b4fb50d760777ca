//! The fuzz targets, on their corpus and on random changes of it, for a bounded number of inputs. The seed
//! is printed; `CWL2LE_SEED` replays it.

#![allow(clippy::print_stdout, reason = "a notice is printed")]

#[path = "../../fuzz/targets.rs"]
mod targets;

use fastrand::Rng;

/// What JSON, gzip and escapes are made of: changes with these get further than with random bytes.
const TOKENS: [&[u8]; 14] = [
    b"\"",
    b"\\",
    b"\\n",
    b"\\r",
    b"\\ud83d",
    b"{",
    b"}",
    b"[",
    b",",
    b":null",
    b"\x1f\x8b\x08",
    b"\n",
    b"\xe2\x80\xa8",
    b"9",
];

fn changed(rng: &mut Rng, corpus: &[Vec<u8>]) -> Vec<u8> {
    let mut data = corpus[rng.usize(0..corpus.len())].clone();
    for _ in 0..rng.usize(1..6) {
        let at = rng.usize(0..=data.len());
        match rng.u8(0..5) {
            0 if at < data.len() => data[at] ^= 1 << rng.u8(0..8),
            1 => data.truncate(at),
            2 => {
                let other = &corpus[rng.usize(0..corpus.len())];
                let from = rng.usize(0..=other.len());
                data.splice(at..at, other[from..].iter().copied());
            }
            3 if at < data.len() => {
                data.remove(at);
            }
            _ => {
                data.splice(at..at, TOKENS[rng.usize(0..TOKENS.len())].iter().copied());
            }
        }
    }
    data
}

fn run(name: &str, target: fn(&[u8]), inputs: usize) {
    let folder = format!("{}/fuzz/corpus/{name}", env!("CARGO_MANIFEST_DIR"));
    let mut corpus: Vec<Vec<u8>> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| std::fs::read(entry.unwrap().path()).unwrap())
        .collect();
    corpus.sort();
    let seed = std::env::var("CWL2LE_SEED").map_or_else(|_| fastrand::u64(..), |seed| seed.parse().unwrap());
    println!("{name}: seed {seed}");
    let mut rng = Rng::with_seed(seed);
    corpus.iter().for_each(|data| target(data));
    for _ in 0..inputs {
        target(&changed(&mut rng, &corpus));
    }
}

#[test]
fn events() {
    run("event", targets::event, 5_000);
}

#[test]
fn aggregates() {
    run("aggregate", targets::aggregate, 20_000);
}

#[test]
fn payloads() {
    run("payload", targets::payload, 5_000);
}

#[test]
fn members() {
    run("member", targets::member, 20_000);
}

#[test]
fn lines() {
    run("line", targets::line, 20_000);
}

#[test]
fn configurations() {
    run("config", targets::config, 5_000);
}

#[test]
fn shapes() {
    run("shape", targets::shape, 3_000);
}
