use super::*;

fn read(json: &str) -> Invocation {
    serde_json::from_str(json).unwrap()
}

#[test]
fn the_record_of_the_article_is_read() {
    let invocation = read(include_str!("../../fixtures/kinesis-event.json"));
    assert_eq!(invocation.len(), 1);
    assert_eq!(invocation.sequence(0), Some("49565835572342545914261768977064411601767982706848694274"));
    assert_eq!(invocation.shard(0), Some("shardId-000000000000"));
    assert_eq!(invocation.arrived(0), Some(1_474_108_130.452));
    assert_eq!(invocation.data(0).unwrap()[..3], [0x1f, 0x8b, 8]);
}

#[test]
fn any_json_is_an_invocation() {
    for json in [
        "null",
        "1",
        "-1",
        "1.5",
        "true",
        "\"x\"",
        "[]",
        "[{}]",
        "{}",
        r#"{"Records":null}"#,
        r#"{"Records":{}}"#,
    ] {
        let invocation = read(json);
        assert!(invocation.is_empty() && !invocation.has_records(), "{json}");
    }
    assert!(read(r#"{"Records":[]}"#).has_records());
}

#[test]
fn an_odd_record_stays_in_its_place() {
    let invocation = read(
        r#"{"Records":[null,7,"x",[1],{},{"kinesis":[]},{"kinesis":{"sequenceNumber":1,"data":{"a":[]}}},
           {"kinesis":{"sequenceNumber":"","data":"%%%"}},
           {"kinesis":{"sequenceNumber":"9","data":"aGk","approximateArrivalTimestamp":-1},"eventID":false},
           {"eventID":"s:10","kinesis":{"data":"aG\u006b=","sequenceNumber":"10","approximateArrivalTimestamp":5}}]}"#,
    );
    assert_eq!(invocation.len(), 10);
    for at in 0..7 {
        assert_eq!((invocation.data(at), invocation.sequence(at)), (Err(NoData::Missing), None), "{at}");
    }
    assert_eq!((invocation.data(7), invocation.sequence(7)), (Err(NoData::NotBase64), None));
    assert_eq!(
        (invocation.data(8), invocation.sequence(8), invocation.shard(8)),
        (Ok(&b"hi"[..]), Some("9"), None)
    );
    assert_eq!(
        (invocation.data(9), invocation.shard(9), invocation.arrived(9)),
        (Ok(&b"hi"[..]), Some("s"), Some(5.0))
    );
    assert_eq!(invocation.data(10), Err(NoData::Missing));
}

#[test]
fn sequence_numbers_are_ordered_as_numbers() {
    assert_eq!(compare_sequences("9", "10"), Ordering::Less);
    assert_eq!(
        compare_sequences("49565835572342545914261768977064411601767982706848694274", "5"),
        Ordering::Greater
    );
    assert_eq!(compare_sequences("007", "7"), Ordering::Equal);
}
