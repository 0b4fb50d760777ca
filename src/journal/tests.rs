use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;

/// A line of a forwarder that does not name its version.
fn old() -> Value {
    let counts = json!({"received": 5, "delivered": 3, "skipped": 0, "filtered": 1, "quarantined": 0, "failed": 1,
                        "delivered_before": 0});
    json!({"_aws": {"Timestamp": 1, "CloudWatchMetrics": []}, "FunctionName": "f", "EventsDelivered": 3,
           "RecordsFailed": 1, "BytesOut": 90, "Unbalanced": 0, "BytesIn": 400, "RecordsRepaired": 0,
           "Records": counts, "Events": counts, "ReceiptMilliseconds": 48.5, "IteratorLagMilliseconds": 1500.0,
           "Quarantine": {"Kept": 1, "Named": 0, "Held": 0, "Failure": null},
           "Destinations": {"app": {"Events": counts, "EventsDelivered": 3, "BytesOut": 90, "Retries": 1,
                                    "Connections": 1, "PossibleDuplicates": 0, "ReceiptsUnproven": 0,
                                    "EventsCutShort": 0, "ReceiptMilliseconds": 48.5, "Failure": "connect",
                                    "Detail": "refused"}}})
}

fn invocation(line: &Value) -> Invocation {
    match Entry::read(&line.to_string()) {
        Entry::Invocation(invocation) => *invocation,
        other => panic!("{other:?}"),
    }
}

#[test]
fn an_old_line_says_every_number_and_one_that_it_lacks_is_not_known() {
    let read = invocation(&old());
    let app = &read.destinations["app"];
    assert_eq!((read.version.as_deref(), read.has_metrics, read.lag_ms), (None, true, Some(1500.0)));
    assert_eq!(
        (read.events.received, read.events.failed, read.events_delivered),
        (Some(5), Some(1), Some(3))
    );
    assert_eq!((app.events_delivered, app.retries, app.receipt_ms), (Some(3), Some(1), Some(48.5)));
    assert_eq!((app.failure.as_deref(), app.detail.as_deref()), (Some("connect"), Some("refused")));
    assert!(!read.is_whole() && app.has_delivered());
    let Value::Object(mut line) = old() else { unreachable!() };
    line.remove("BytesOut");
    line.remove("Records");
    let read = invocation(&Value::Object(line));
    assert_eq!((read.bytes_out, read.records), (None, Counts::default()));
}

#[test]
fn what_does_not_end_by_itself_is_an_error() {
    let level = |failure: &str| {
        let mut line = old();
        line["Destinations"]["app"]["Failure"] = json!(failure);
        Entry::read(&line.to_string()).level()
    };
    assert_eq!(["connect", "unauthorized", "new"].map(level), [Level::Warn, Level::Error, Level::Warn]);
}

#[test]
fn what_a_line_with_a_version_leaves_out_is_zero() {
    let line = json!({"Version": "0.3.0", "FunctionVersion": "7", "Records": {"received": 2, "delivered": 2},
                      "Events": {"received": 9, "delivered": 9}, "EventsDelivered": 9, "BytesOut": "many",
                      "Destinations": {"app": {"EventsDelivered": 9, "ReceiptMilliseconds": 3.0}}});
    let read = invocation(&line);
    assert_eq!((read.version.as_deref(), read.function_version.as_deref()), (Some("0.3.0"), Some("7")));
    assert_eq!((read.has_metrics, read.events.failed, read.unbalanced), (false, Some(0), Some(0)));
    // What is there and is no number is not known, in any format.
    assert_eq!(read.bytes_out, None);
    // There was no lag to measure and no quarantine.
    assert_eq!((read.lag_ms, read.quarantine.is_none()), (None, true));
    assert_eq!(
        (read.destinations["app"].retries, read.destinations["app"].events.failed),
        (Some(0), Some(0))
    );
    assert!(read.is_whole());
    let nothing = invocation(&json!({"Version": "0.3.0", "Events": {}}));
    assert_eq!((nothing.events_delivered, nothing.destinations.len()), (Some(0), 0));
}

#[test]
fn notes_are_alike_in_both_formats() {
    let fields = json!({"destination": "app", "failure": "refused", "detail": "a \"b=1\" c=2", "retries": 1, "at": [1, {"x": 2}]});
    let text = format!(
        "WARN a destination = did not accept x=every event at={} destination={} detail={} failure={} retries=1",
        fields["at"], fields["destination"], fields["detail"], fields["failure"]
    );
    let mut object = fields.clone();
    object["level"] = json!("WARN");
    object["timestamp"] = json!("2026-01-01T00:00:00.000Z");
    object["message"] = json!("a destination = did not accept x=every event");
    let read = Entry::read(&text);
    assert_eq!(read, Entry::read(&object.to_string()));
    let Entry::Note(note) = read else { panic!("a note") };
    assert_eq!((note.level, Value::Object(note.fields.clone())), (Level::Warn, fields));
    assert_eq!((note.destination(), note.failure()), (Some("app"), Some("refused")));
    assert_eq!(note.message, "a destination = did not accept x=every event");
    let Entry::Note(note) = Entry::read("ERROR") else { panic!("a note") };
    assert_eq!((note.level, note.message.as_str(), note.fields.len()), (Level::Error, "", 0));
}

#[test]
fn starts_and_canaries_have_types_of_their_own() {
    let started = Started {
        version: Some("0.3.0".to_owned()),
        function_version: Some("7".to_owned()),
        destinations: vec!["app".to_owned(), "audit".to_owned()],
        memory_mb: Some(256),
    };
    let text =
        r#"INFO started destinations=["app","audit"] function_version="7" memory_mb=256 version="0.3.0""#;
    assert_eq!(Entry::read(text), Entry::Started(started));
    let canary = Canary {
        id: "0123456789ab".to_owned(),
        destination: Some("app".to_owned()),
        outcome: "delivered".to_owned(),
        receipt_ms: Some(48.0),
        lag_ms: Some(900.0),
        ..Canary::default()
    };
    let json = json!({"timestamp": "t", "level": "INFO", "message": "canary", "id": "0123456789ab", "destination": "app",
                      "outcome": "delivered", "receipt_ms": 48, "lag_ms": 900});
    assert_eq!(Entry::read(&json.to_string()), Entry::Canary(canary));
    // Without what makes it one, it is a note like any other.
    assert!(matches!(Entry::read("INFO canary id=5"), Entry::Note(_)));
}

#[test]
fn lambda_says_the_same_in_both_formats() {
    let read = |line: &str| match Entry::read(line) {
        Entry::Platform(platform) => platform,
        other => panic!("{line}: {other:?}"),
    };
    let start = read("START RequestId: 1-a Version: 7\n");
    assert_eq!((start.kind, start.function_version.as_deref()), (PlatformKind::Start, Some("7")));
    assert_eq!(start.request_id.as_deref(), Some("1-a"));
    let json = json!({"type": "platform.start", "record": {"requestId": "1-a", "version": "7"}}).to_string();
    assert_eq!(start, read(&json));
    let report = "REPORT RequestId: 1-a\tDuration: 2.5 ms\tBilled Duration: 3 ms\tMemory Size: 128 MB\tMax Memory Used: 30 MB";
    let json = json!({"type": "platform.report", "record": {"requestId": "1-a", "status": "success", "metrics":
                      {"durationMs": 2.5, "billedDurationMs": 3, "memorySizeMB": 128, "maxMemoryUsedMB": 30}}});
    assert_eq!(read(report), read(&json.to_string()));
    assert_eq!((read(report).duration_ms, read(report).memory_used_mb), (Some(2.5), Some(30)));
    for (line, kind) in [
        ("REPORT RequestId: 1\tStatus: error\tError Type: Runtime.ExitError", PlatformKind::Report),
        ("INIT_REPORT Init Duration: 5.43 ms\tPhase: init\tStatus: timeout", PlatformKind::InitReport),
        ("RequestId: 1 Error: Runtime exited with error: exit status 1", PlatformKind::Other),
        ("2026-01-01T00:00:00.000Z 1 Task timed out after 60.00 seconds", PlatformKind::Other),
        (
            r#"{"type":"platform.initReport","record":{"status":"error","errorType":"x"}}"#,
            PlatformKind::InitReport,
        ),
    ] {
        assert_eq!((read(line).kind, read(line).failure.is_some()), (kind, true), "{line}");
        assert_eq!(Entry::read(line).level(), Level::Error);
    }
    assert_eq!(read(report).failure, None);
}

#[test]
fn what_is_made_to_be_hard_to_read_is_read_in_no_time() {
    let deep = "[".repeat(200_000);
    let many = format!("WARN x {} end", "a=[1] ".repeat(50_000));
    let open = format!("WARN x{}", " a=\"\\".repeat(50_000));
    let names = format!("WARN {}", "=".repeat(250_000));
    let nested = format!("WARN x a={}", "{\"a\":".repeat(50_000));
    for line in [&deep, &format!("{{\"a\":{deep}"), &many, &open, &names, &nested] {
        assert!(matches!(Entry::read(line), Entry::Other(_) | Entry::Note(_)));
    }
}

/// Real lines, for changes of them.
fn corpus() -> Vec<String> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/forwarder/fuzz/corpus/journal");
    let files = std::fs::read_dir(folder).expect("the corpus");
    let mut lines: Vec<String> =
        files.map(|file| std::fs::read_to_string(file.expect("a file").path()).expect("UTF-8")).collect();
    lines.sort();
    lines
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    /// The same for lines that look like the forwarder's; `cargo fuzz` does it for longer.
    #[test]
    fn any_change_of_a_real_line_is_read(
        (at, of) in (any::<prop::sample::Index>(), any::<prop::sample::Index>()),
        with in "[\\[\\]{}\":,=\\\\ 0-9a-z.-]{0,8}",
        length in 0usize..40,
    ) {
        let corpus = corpus();
        let line = of.get(&corpus);
        let at = line.char_indices().nth(at.index(line.chars().count())).map_or(0, |(at, _)| at);
        let after: String = line[at..].chars().skip(length).collect();
        let entry = Entry::read(&format!("{}{with}{after}", &line[..at]));
        let _ = entry.level();
        if let Entry::Invocation(invocation) = entry {
            prop_assert!(invocation.lag_ms.is_none_or(|lag| lag >= 0.0 && lag.is_finite()));
        }
    }
}

proptest! {
    /// Whatever the log holds, it is read; and what is no line of the forwarder or Lambda stays as it is.
    #[test]
    fn any_line_is_read(line in any::<String>()) {
        if let Entry::Other(text) = Entry::read(&line) {
            prop_assert_eq!(text, line.trim());
        }
    }

    /// The writer of the format text is [`cwl2le_forwarder`]'s: `LEVEL message name=value`.
    #[test]
    fn a_note_of_the_format_text_is_read_back(
        message in "[a-z;:.]{1,9}( [a-z`]{1,9}){0,5}",
        fields in proptest::collection::btree_map("[a-z_]{1,9}", any::<String>(), 0..5),
    ) {
        let mut line = format!("WARN {message}");
        for (name, value) in &fields {
            line += &format!(" {name}={}", json!(value));
        }
        let Entry::Note(note) = Entry::read(&line) else { panic!("a note: {line}") };
        prop_assert_eq!(note.message, message);
        prop_assert_eq!(Value::Object(note.fields), json!(fields));
    }

    /// A line of any numbers is read, and what it says is what it has; a number that cannot be is not known.
    #[test]
    fn any_numbers_are_read(
        short in any::<bool>(),
        lag in any::<f64>(),
        count in prop_oneof![any::<i64>(), 0..1_000_000_001i64],
    ) {
        let mut line = old();
        line["IteratorLagMilliseconds"] = json!(lag);
        line["EventsDelivered"] = json!(count);
        if short {
            line["Version"] = json!("9");
        }
        let read = invocation(&line);
        prop_assert_eq!(read.events_delivered, u64::try_from(count).ok().filter(|count| *count <= 1_000_000_000));
        prop_assert!(read.lag_ms.is_none_or(|lag| lag >= 0.0 && lag.is_finite()));
    }
}
