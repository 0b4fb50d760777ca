use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;

use super::*;
use crate::record::payload::MessageType;

const CAP: Cap = Cap { size: 1 << 20, ratio: 200, always: 100_000, events: 1_000, parts: 1_000 };

fn gzip(data: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(data).unwrap();
    encoder.finish().unwrap()
}

fn gunzipped(data: &[u8]) -> Result<Vec<u8>, Poison> {
    let mut out = b"left over".to_vec();
    gunzip(data, CAP, &mut out).map(|()| out)
}

/// The data of the article's record. Like most records, it has codes of its own.
fn record() -> Vec<u8> {
    let event: crate::record::event::Invocation =
        serde_json::from_str(include_str!("../../../../../fixtures/kinesis-event.json")).unwrap();
    let data = event.raw(0).to_vec();
    assert_eq!(data[10] & 0b111, 0b101);
    data
}

#[test]
fn every_gzip_member_is_read() {
    let two = [gzip(b"one "), gzip(b""), gzip(b"two")].concat();
    assert_eq!(gunzipped(&two).unwrap(), b"one two");
}

#[test]
fn damaged_data_is_named() {
    assert_eq!(gunzipped(b"").unwrap_err(), Poison::NotGzip);
    assert_eq!(gunzipped(b"{}").unwrap_err(), Poison::NotGzip);
    for good in [gzip(b"some text that is long enough"), record()] {
        let mut wrong_sum = good.clone();
        let at = wrong_sum.len() - 6;
        wrong_sum[at] ^= 1;
        for damaged in [
            &good[..3],
            &good[..12],
            &good[..good.len() - 1],
            &wrong_sum[..],
            &[&good[..], b"trailing"].concat()[..],
        ] {
            assert!(matches!(gunzipped(damaged), Err(Poison::BrokenGzip(_))), "{:?}", gunzipped(damaged));
        }
    }
}

#[test]
fn a_bomb_is_stopped_by_ratio_and_by_size() {
    // 1:1000, 200 KB: above what is always allowed and above the ratio.
    let bomb = gzip(&vec![0; 200_000]);
    assert_eq!(gunzipped(&bomb).unwrap_err(), Poison::TooLarge { limit: 100_000 });
    let large = vec![gzip(&vec![0; 99_999]); 200].concat();
    assert_eq!(gunzipped(&large).unwrap_err(), Poison::TooLarge { limit: 1 << 20 });
    assert_eq!(gunzipped(&gzip(&vec![0; 100_000])).unwrap().len(), 100_000);
}

#[test]
fn caps_follow_the_memory_of_the_function() {
    assert_eq!(Cap::for_memory(128).size, 32 << 20);
    assert_eq!(Cap::for_memory(1).size, 16 << 20);
    assert_eq!(Cap::for_memory(10_240).size, 256 << 20);
    let smallest = Cap::for_memory(128);
    assert_eq!((smallest.events, smallest.parts), (512 << 10, 64 << 10));
    // What CloudWatch Logs writes around an empty message takes more than 64 bytes, so that its records never have more
    // events than fit.
    assert!(smallest.size / smallest.events <= 64);
}

/// The list of events takes more memory than the shortest events take of the text, so it has a limit of its own.
#[test]
fn more_events_than_fit_in_memory_are_refused_in_any_form_of_json() {
    for event in [r#"{"id":"","timestamp":0,"message":""}"#, r#"{"message":""}"#, r#" { "message" : "" } "#] {
        let json = |events: usize| {
            format!(r#"{{"messageType":"DATA_MESSAGE","logEvents":[{}]}}"#, vec![event; events].join(","))
        };
        for events in [0, 1, 9, 10] {
            assert_eq!(parse_within(json(events).as_bytes(), 10).unwrap().events.len(), events, "{event}");
        }
        for events in [11, 12, 1000] {
            let refused = Err(Poison::TooManyEvents { limit: 10 });
            assert_eq!(parse_within(json(events).as_bytes(), 10), refused, "{event}");
        }
    }
}

#[test]
fn a_member_that_stands_there_twice_is_refused() {
    for member in [r#""owner":"1""#, r#""logEvents":[]"#, r#""messageType":"DATA_MESSAGE""#] {
        let json = format!(r#"{{"messageType":"DATA_MESSAGE",{member},{member}}}"#);
        assert!(matches!(parse(json.as_bytes()), Err(Poison::NotLogs(_))), "{json}");
    }
}

#[test]
fn the_article_s_record_is_its_exact_message() {
    let json = gunzipped(&record()).unwrap();
    let payload = parse(&json).unwrap();
    assert_eq!(payload.message_type, MessageType::Data);
    assert_eq!(payload.events.len(), 1);
    let message: String = serde_json::from_str(&format!("\"{}\"", payload.events[0].message)).unwrap();
    assert!(message.starts_with("2016-09-17T10:28:49.663Z\t85c6cfcc-"), "{message}");
    assert!(message.ends_with("\t{ nonfield: null }\n"), "{message}");
}

#[test]
fn what_is_missing_or_odd_is_empty() {
    let payload = parse(
        br#" {"messageType":"DATA_MESSAGE","owner":7,"logGroup":"a\u0062","subscriptionFilters":["x",1,"y\n"],"policyLevel":"ACCOUNT",
             "logEvents":[{"message":"m"},{"id":123,"timestamp":5,"message":"a\"b","extractedFields":{"a":"1"}},
                          {"id":null,"timestamp":"x","message":"","extractedFields":[1],"more":{}}]} "#,
    )
    .unwrap();
    assert_eq!(
        (payload.owner.as_ref(), payload.log_group.as_ref(), payload.log_stream.as_ref()),
        ("", "ab", "")
    );
    assert_eq!(payload.filters, ["x", "y\n"]);
    let seen: Vec<_> = payload.events.iter().map(|e| (e.id, e.timestamp, e.message, e.extracted)).collect();
    assert_eq!(
        seen,
        [("", None, "m", None), ("123", Some(5), "a\\\"b", Some(r#"{"a":"1"}"#)), ("", None, "", None)]
    );
}

#[test]
fn what_is_no_log_is_named_and_not_quoted() {
    let cases: [(&[u8], &str); 10] = [
        (b"", "not_cloudwatch_logs"),
        (b"\xff", "not_utf8"),
        (b"secret", "not_cloudwatch_logs"),
        (b"[]", "not_cloudwatch_logs"),
        (b"{}", "unknown_message_type"),
        (br#"{"messageType":"secret"}"#, "unknown_message_type"),
        (br#"{"messageType":["DATA_MESSAGE"]}"#, "unknown_message_type"),
        (br#"{"messageType":"DATA_MESSAGE","logEvents":"secret"}"#, "not_cloudwatch_logs"),
        (br#"{"messageType":"DATA_MESSAGE","logEvents":[{"message":{"secret":1}}]}"#, "not_cloudwatch_logs"),
        (br#"{"messageType":"DATA_MESSAGE","logEvents":[{"id":"secret"}]}"#, "not_cloudwatch_logs"),
    ];
    for (json, name) in cases {
        let poison = parse(json).unwrap_err();
        assert_eq!(poison.name(), name, "{}", String::from_utf8_lossy(json));
        assert!(!poison.to_string().contains("secret"), "{poison}");
    }
    assert_eq!(parse(br#"{"messageType":"CONTROL_MESSAGE"}"#).unwrap().message_type, MessageType::Control);
}

/// A member at once and in pieces: the same bytes, the same verdict and the same words.
fn assert_alike(data: &[u8]) {
    let (mut at_once, mut in_pieces) = (b"left over".to_vec(), Vec::new());
    let verdict = gunzip(data, CAP, &mut at_once);
    assert_eq!(verdict, gunzip_in_pieces(data, CAP, &mut in_pieces));
    if verdict.is_ok() {
        assert_eq!(at_once, in_pieces);
    }
}

#[test]
fn what_is_decompressed_at_once_is_what_comes_in_pieces() {
    let member = gzip(b"some text that is long enough, and some text that is long enough");
    let record = record();
    // Flags, a size, a checksum and bytes in between that are other ones, whatever they mean.
    for member in [&member, &record] {
        for at in 0..member.len() {
            for bit in 0..8 {
                let mut changed = member.clone();
                changed[at] ^= 1 << bit;
                assert_alike(&changed);
            }
            assert_alike(&member[..at]);
        }
        let end = member.len();
        let size = u32::from_le_bytes(*member.last_chunk().unwrap());
        for claim in size.saturating_sub(20)..=size + 20 {
            let mut claims = member.clone();
            claims[end - 4..].copy_from_slice(&claim.to_le_bytes());
            assert_alike(&claims);
            assert_eq!(gunzipped(&claims).is_ok(), claim == size, "{claim} instead of {size}");
        }
        assert!(inflate::single_member(member, 4096, &mut Vec::new()).is_some(), "at once");
    }
    // The end of a second member, or of bytes that are none, may claim anything.
    let mut claims = gzip(b"");
    let end = claims.len();
    for size in [0_u32, 5, 99_999, 100_001, u32::MAX] {
        claims[end - 4..].copy_from_slice(&size.to_le_bytes());
        assert_alike(&claims);
        assert_alike(&[&member[..], &claims].concat());
        assert_alike(&[&member[..], b"trailing", &member[member.len() - 8..]].concat());
    }
    for length in [0, 1, 99_999, 100_000, 100_001, 200_000] {
        assert_alike(&gzip(&vec![b'x'; length]));
    }
}
