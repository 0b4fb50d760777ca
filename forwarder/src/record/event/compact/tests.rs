use super::*;

fn places(json: &str) -> Option<Vec<Found>> {
    let mut all = Vec::new();
    records(json.as_bytes(), |found| all.push(found)).map(|()| all)
}

#[test]
fn records_are_found_where_they_are() {
    let json = r#"{"Records":[{"kinesis":{"kinesisSchemaVersion":"1.0","partitionKey":"p","sequenceNumber":"12","data":"aGk=","approximateArrivalTimestamp":1474108130.452},"eventSource":"aws:kinesis","eventID":"shardId-0:12"},{"n":7}]}"#;
    let all = places(json).unwrap();
    let said = |range: &Option<Range<usize>>| range.clone().map(|range| json[range].to_owned());
    assert_eq!(said(&all[0].sequence).as_deref(), Some("12"));
    assert_eq!(said(&all[0].event_id).as_deref(), Some("shardId-0:12"));
    assert_eq!(said(&all[0].data).as_deref(), Some("aGk="));
    assert_eq!(all[0].arrived, Some(1_474_108_130.452));
    assert_eq!(all[1], Found::default());
    assert_eq!(places(r#"{"Records":[]}"#), Some(Vec::new()));
    for odd in [
        "",
        "{}",
        r#"{"Records":null}"#,
        r#"{"Records":[{}]}"#,
        r#"{"Records":[null]}"#,
        r#"{"Records":[{"data":"a","data":"b"}]}"#,
        r#"{"Records":[{"data":"a\/"}]}"#,
        r#"{"Records":[{"data":1}]}"#,
        r#"{"Records":[{"n":1.}]}"#,
        r#"{"Records":[{"n":1e5}]}"#,
        r#"{"Records":[{"kinesis":{"kinesis":{"n":1}}}]}"#,
        r#"{"Records":[{"n":[1]}]}"#,
        r#"{"Records":[{"n":1}],"more":1}"#,
    ] {
        assert_eq!(places(odd), None, "{odd}");
    }
}
