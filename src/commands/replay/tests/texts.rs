//! Reports that are made up: what they look like, and the exit code.

use super::super::report::ReplayReport;
use super::super::sink::Target;
use super::super::source::Found;
use super::super::survey::Row;
use super::super::tally::{Count, LeftOut, OfGroup, Unreadable};
use crate::error::{Code, Error, Exit};
use crate::output::width::test::at;
use crate::output::{columns, unstyled};

const PLACE: &str = "s3://expired-logs-of-the-shop/aws/lambda/d6270ac1-93cc-4df2-a63e-3cf15d4f1f9d/";

fn target() -> Target {
    Target {
        into: "stream".to_owned(),
        name: "cloudwatch-logs-stream".to_owned(),
        records_a_second: Some(250),
        has_receipts: false,
        notes: vec![
            "records get a new arrival time; events keep their own times".to_owned(),
            "events that were delivered before their batch expired are delivered twice".to_owned(),
        ],
    }
}

fn sent() -> ReplayReport {
    let count = Count { records: 3_412, events: 118_204, bytes: 9_540_000 };
    ReplayReport {
        stack: "default".to_owned(),
        account: "123456789012".to_owned(),
        region: "ap-northeast-1".to_owned(),
        found: Found {
            places: vec![PLACE.to_owned()],
            objects: 14,
            bytes: 12_800_000,
            oldest: Some(1_795_918_200_000),
            newest: Some(1_795_928_100_000),
            sent_before: 3,
        },
        to: Some(target()),
        objects: 14,
        chosen: count,
        sent: count,
        log_groups: [("/app/cart", 101_332), ("/aws/lambda/a-function-with-quite-a-long-name-of-its-own", 16_872)]
            .map(|(log_group, events)| OfGroup { log_group: log_group.to_owned(), events })
            .to_vec(),
        manifests: vec![
            "s3://expired-logs-of-the-shop/cwl2le/replayed/cloudwatch-logs-stream/2026-11-29T15-20-11Z-5f0c1b2a-00000.json"
                .to_owned(),
        ],
        complete: true,
        ..ReplayReport::default()
    }
}

fn planned() -> ReplayReport {
    ReplayReport { dry_run: true, complete: false, sent: Count::default(), manifests: Vec::new(), ..sent() }
}

/// A run that met everything at once.
fn in_trouble() -> ReplayReport {
    let unreadable = |name: &str, why: &str| Unreadable { name: name.to_owned(), why: why.to_owned() };
    let left = |why: &str, records, events| LeftOut { why: why.to_owned(), records, events };
    let stopped = Error::new(
        Code::InUse,
        "another replay from this bucket is running: arn:aws:iam::123456789012:user/b",
    );
    ReplayReport {
        sent: Count { records: 500, events: 17_000, bytes: 1_400_000 },
        left: vec![left("not_gzip", 2, 0), left("refused", 1, 40)],
        sent_before: 12,
        copies: 1,
        unreadable: vec![
            unreadable(
                "aws/lambda/d6270ac1-93cc-4df2-a63e-3cf15d4f1f9d/shardId-000000000000/2026-11-27T02.10.00-1",
                "it is in an archive of S3: restore it first, with `aws s3api restore-object`",
            ),
            unreadable(
                "aws/lambda/d6270ac1/shardId-000000000000/2",
                "AccessDenied: no permission for the key",
            ),
        ],
        unreadable_objects: 5,
        failure: Some("ProvisionedThroughputExceededException: Rate exceeded for shard".to_owned()),
        stopped: Some(Box::new(stopped)),
        not_noted: 250,
        possible_duplicates: 8_300,
        complete: false,
        ..sent()
    }
}

fn listed() -> ReplayReport {
    let row = |key: &str, unreadable: Option<&str>| Row {
        key: key.to_owned(),
        kept_at: "2026-11-27T02:10:00Z".to_owned(),
        bytes: 900_000,
        reasons: vec!["MaxRecordAgeExceeded".to_owned()],
        records: 243,
        events: 8_400,
        sent_before: 0,
        left: Vec::new(),
        unreadable: unreadable.map(ToOwned::to_owned),
    };
    let key = |rest: &str| format!("{}{rest}", PLACE.trim_start_matches("s3://expired-logs-of-the-shop/"));
    let rows = vec![
        row(&key("shardId-000000000000/2026-11-27T02.10.00-0b1c"), None),
        row(&key("shardId-000000000001/2026-11-27T02.10.00-77aa"), Some("it was deleted meanwhile")),
    ];
    ReplayReport { to: None, rows, ..planned() }
}

#[test]
fn every_report_fits() {
    let empty = || ReplayReport { found: Found { objects: 0, ..sent().found }, ..sent() };
    let interrupted = || ReplayReport { interrupted: true, complete: false, ..in_trouble() };
    let reports: [(&str, ReplayReport); 6] = [
        ("sent", sent()),
        ("planned", planned()),
        ("in_trouble", in_trouble()),
        ("listed", listed()),
        ("empty", empty()),
        ("interrupted", interrupted()),
    ];
    for (name, report) in &reports {
        for width in [60, 80, 100] {
            let text = at(width, || unstyled(&report.to_string()));
            // The URL or the name of an object stays whole, on a line of its own.
            let fits =
                |line: &str| columns(line) <= width || !line.trim().trim_end_matches(',').contains(' ');
            assert!(text.lines().all(fits), "{name} at {width}:\n{text}");
            if width != 80 && *name != "interrupted" {
                insta::assert_snapshot!(format!("{name}_at_{width}_columns"), text);
            }
        }
    }
}

#[test]
fn the_exit_code_says_how_much_was_sent() {
    let nothing = || ReplayReport { sent: Count::default(), complete: false, ..sent() };
    let failure = || Some("InternalFailure: no".to_owned());
    let denied = || Some(Box::new(Error::new(Code::AccessDenied, "no")));
    let cases = [
        (sent(), Exit::Success),
        (planned(), Exit::Success),
        (ReplayReport { unreadable_objects: 1, complete: false, ..sent() }, Exit::Partial),
        (ReplayReport { failure: failure(), complete: false, ..sent() }, Exit::Partial),
        (ReplayReport { stopped: denied(), complete: false, ..sent() }, Exit::Partial),
        (ReplayReport { failure: failure(), ..nothing() }, Exit::Undelivered),
        (ReplayReport { failure: failure(), stopped: denied(), ..nothing() }, Exit::Undelivered),
        (ReplayReport { stopped: denied(), ..nothing() }, Code::AccessDenied.exit()),
        (ReplayReport { interrupted: true, failure: failure(), ..sent() }, Exit::Interrupted),
        (ReplayReport { cancelled: true, ..nothing() }, Exit::Cancelled),
    ];
    for (report, exit) in cases {
        assert_eq!(report.exit(), exit, "{report:?}");
    }
}
