use std::io::Write;

use flate2::write::DeflateEncoder;
use flate2::{Compression, Decompress, FlushDecompress, Status};
use proptest::prelude::*;

use super::*;
use crate::record::event::Invocation;
use crate::record::inflate::frame::HEADER;

/// Inflates with memory that was used before, for other data.
struct Reused<'d> {
    data: &'d [u8],
    room: usize,
}

impl Kernel for Reused<'_> {
    type Output = Option<Vec<u8>>;

    #[inline(always)]
    fn run<V: Vectors>(self, vectors: V) -> Option<Vec<u8>> {
        let mut small = Small::new();
        let mut out = vec![0; self.room];
        Inflate {
            small: &mut small,
            data: &before(b"something else, of other letters: 0123456789"),
            out: &mut [0; 99],
        }
        .run(vectors);
        let written = Inflate { small: &mut small, data: self.data, out: &mut out }.run(vectors)?;
        out.truncate(written);
        Some(out)
    }
}

fn deflate(text: &[u8], level: u32) -> Vec<u8> {
    let mut encoder = DeflateEncoder::new(Vec::new(), Compression::new(level));
    encoder.write_all(text).unwrap();
    encoder.finish().unwrap()
}

/// Deflate data before a trailer.
fn before(text: &[u8]) -> Vec<u8> {
    [deflate(text, 6), vec![0xff; TRAILER]].concat()
}

/// What flate2 makes of data before a trailer, if it is all of one.
fn expected(data: &[u8], room: usize) -> Option<Vec<u8>> {
    let mut out = Vec::with_capacity(room);
    let data = &data[..data.len().checked_sub(TRAILER)?];
    let mut decoder = Decompress::new(false);
    let status = decoder.decompress_vec(data, &mut out, FlushDecompress::Finish).ok()?;
    (status == Status::StreamEnd && decoder.total_in() == data.len() as u64).then_some(out)
}

/// It may leave anything to others, but must not read anything else than they do.
fn reads_it_rightly_or_not_at_all(data: &[u8], room: usize) -> Result<bool, TestCaseError> {
    let mut all_read = true;
    for (name, found) in vectors::run_with_each(|| Reused { data, room }) {
        all_read &= found.is_some();
        if found.is_some() {
            prop_assert_eq!(&found, &expected(data, room), "{}", name);
        }
    }
    Ok(all_read)
}

/// What a record holds, with some words.
fn payload() -> impl Strategy<Value = String> {
    let message = proptest::collection::vec("[a-z]{2,9}|[0-9]{1,12}|\\PC", 0..20);
    ("[/a-z-]{4,30}", "[0-9a-f]{32}", 1_480_000_000_000_u64..1_490_000_000_000, message).prop_map(
        |(group, stream, time, words)| {
            let event = serde_json::json!({
                "id": format!("3287386{time:049}"), "timestamp": time, "message": words.join(" "),
            });
            serde_json::json!({
                "messageType": "DATA_MESSAGE", "owner": "123456789012", "logGroup": group, "logStream": stream,
                "subscriptionFilters": ["cloudwatchLogsFilter"], "logEvents": [event],
            })
            .to_string()
        },
    )
}

/// Texts with repetitions of every length and distance, of few symbols or many.
fn text() -> impl Strategy<Value = Vec<u8>> {
    let letters = prop_oneof![Just(1_u8), Just(3), Just(20), Just(255)];
    letters.prop_flat_map(|letters| {
        let piece = prop_oneof![
            3 => proptest::collection::vec(0..=letters, 1..40).prop_map(|bytes| (bytes, 0, 0)),
            2 => (1..40_000_usize, 3..700_usize).prop_map(|(back, length)| (Vec::new(), back, length)),
            1 => (1..9_usize, 3..300_usize).prop_map(|(back, length)| (Vec::new(), back, length)),
        ];
        proptest::collection::vec(piece, 1..120).prop_map(|pieces| {
            let mut text = Vec::new();
            for (bytes, back, length) in pieces {
                text.extend(bytes);
                let start = text.len().saturating_sub(back);
                for at in start..(start + length).min(text.len() * 2) {
                    text.push(text[at % text.len()]);
                }
            }
            text
        })
    })
}

proptest! {
    #[test]
    fn what_records_hold_is_read(payload in payload(), level in 2..=9_u32) {
        let data = [deflate(payload.as_bytes(), level), vec![0; TRAILER]].concat();
        // For a short one, the encoder may find that codes of its own take more bits than they save.
        prop_assume!(u64::from(data[0] >> 1 & 0b11) == OWN_CODES);
        prop_assert!(reads_it_rightly_or_not_at_all(&data, payload.len())?);
    }

    #[test]
    fn any_text_is_read_rightly_or_not_at_all(text in text(), level in 0..=9_u32, spare in 0..20_usize, trailer in any::<[u8; TRAILER]>()) {
        let data = [&deflate(&text, level)[..], &trailer].concat();
        reads_it_rightly_or_not_at_all(&data, text.len() + spare)?;
    }

    #[test]
    fn too_little_room_is_noticed(payload in payload(), missing in 1..300_usize) {
        let data = before(payload.as_bytes());
        let room = payload.len().saturating_sub(missing);
        for (name, found) in vectors::run_with_each(|| Reused { data: &data, room }) {
            prop_assert_eq!(&found, &None, "{}", name);
        }
    }

    #[test]
    fn damaged_data_is_read_rightly_or_not_at_all(
        text in prop_oneof![payload().prop_map(String::into_bytes), text()],
        flips in proptest::collection::vec((any::<prop::sample::Index>(), 0..8_u8), 1..4),
        cut in prop_oneof![3 => Just(None), 1 => any::<prop::sample::Index>().prop_map(Some)],
    ) {
        let mut data = before(&text);
        for (at, bit) in flips {
            *at.get_mut(&mut data) ^= 1 << bit;
        }
        data.truncate(cut.map_or(data.len(), |cut| cut.index(data.len())));
        reads_it_rightly_or_not_at_all(&data, text.len() + 400)?;
    }
}

#[test]
fn a_record_of_cloudwatch_logs_is_read() {
    let event = include_bytes!("../../../../../fixtures/kinesis-event.json");
    let invocation = Invocation::from_json(event.to_vec()).unwrap();
    let data = invocation.raw(0);
    assert!(reads_it_rightly_or_not_at_all(&data[HEADER..], 4096).unwrap());
}

#[test]
fn what_is_cut_off_anywhere_is_not_read() {
    let data = before(br#"{"messageType":"CONTROL_MESSAGE","owner":"CloudwatchLogs","logGroup":"","logStream":"","subscriptionFilters":[]}"#);
    for length in 0..data.len() {
        for (name, found) in vectors::run_with_each(|| Reused { data: &data[..length], room: 4096 }) {
            assert_eq!(found, None, "{name}: {length} of {}", data.len());
        }
    }
}

/// Bits, and how many.
type Written = (u64, u32);

/// Lengths of codes in a block: that a code has one bit has a code of one bit itself; ways to repeat a length, of two.
const ONE: Written = (0b0, 1);
const SHORT: Written = (0b01, 2);
const MANY_ZEROS: Written = (0b11, 2);

/// A block of one byte, with codes of these lengths for two literals and so many distances. The ways to repeat a length
/// that it uses are `short` and the longest.
fn block(short: u8, distances: u64, lengths: &[Written]) -> Vec<u8> {
    let of_lengths = ORDER[..18].iter().map(|symbol| match *symbol {
        1 => (1, 3),
        symbol if symbol == short || symbol == 18 => (2, 3),
        _ => (0, 3),
    });
    let head = [(1, 1), (2, 2), (0, 5), (distances - 1, 5), (14, 4)].into_iter().chain(of_lengths);
    let content = [(0b0, 1), (0b1, 1)];
    let mut data = Vec::new();
    let (mut buffer, mut count) = (0_u64, 0);
    for (value, bits) in head.chain(lengths.iter().copied()).chain(content).chain([(0, 7)]) {
        buffer |= value << count;
        count += bits;
        while count >= 8 {
            data.push(buffer as u8);
            buffer >>= 8;
            count -= 8;
        }
    }
    data.extend([0xff; TRAILER]);
    data
}

fn many_zeros(times: u64) -> [Written; 2] {
    [MANY_ZEROS, (times - 11, 7)]
}

fn is_read(data: &[u8]) -> bool {
    reads_it_rightly_or_not_at_all(data, 10).unwrap()
}

fn is_not_read(data: &[u8]) {
    assert_eq!(expected(data, 10), None);
    for (name, found) in vectors::run_with_each(|| Reused { data, room: 10 }) {
        assert_eq!(found, None, "{name}");
    }
}

#[test]
fn lengths_of_more_codes_than_there_are_are_not_read() {
    let two = [&[ONE][..], &many_zeros(138), &many_zeros(117), &[ONE], &[ONE, ONE]].concat();
    assert!(is_read(&block(17, 2, &two)));
    let zeros = |times: u64| [&two[..], &[SHORT, (times - 3, 3)]].concat();
    assert!(is_read(&block(17, 5, &zeros(3))));
    for times in 4..=10 {
        is_not_read(&block(17, 5, &zeros(times)));
    }
}

#[test]
fn a_length_before_the_first_is_not_repeated() {
    let repeat = [SHORT, (0, 2)];
    let zeros = [many_zeros(138), many_zeros(114)].concat();
    assert!(is_read(&block(16, 2, &[&[ONE][..], &zeros, &repeat, &[ONE, ONE, ONE]].concat())));
    is_not_read(&block(16, 2, &[&repeat[..], &[ONE], &zeros, &[ONE, ONE, ONE]].concat()));
}
