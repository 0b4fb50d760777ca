//! Reports that are made up, and what they look like.

use serde_json::json;

use super::added::{Logged, added};
use super::report::{Added, CostReport, Gap, GroupRow, LogService, Row};
use crate::health::Unknown;
use crate::output::width::test::at;
use crate::output::{Next, columns, unstyled};
use crate::prices::{Capacity, Measured, Prices, Used};

fn row(item: &str, what: &str, quantity: f64, unit: &str, price: f64) -> Row {
    let (item, what, unit) = (item.to_owned(), what.to_owned(), unit.to_owned());
    Row { item, what, quantity, unit, price, usd: quantity * price }
}

fn group(name: &str, gb_logged: f64, share: Option<f64>, gb_sent: Option<f64>) -> GroupRow {
    let usd = gb_sent.map(|gb| gb * 0.464);
    GroupRow { log_group: name.to_owned(), gb_logged, share, gb_sent, usd }
}

fn report() -> CostReport {
    let charges = vec![
        row("shard_hour", "shards", 730.0, "shard-hour", 0.0195),
        row("requests_million", "invocations", 2.41, "million", 0.2),
        row("gb_second", "Lambda time", 31_940.0, "GB-second", 0.000_016_666_7),
        row("alarm_month", "alarms", 1.0, "alarm-month", 0.1),
        row("data_out_gb", "data out", 88.1, "GB", 0.114),
    ];
    CostReport {
        stack: "default".to_owned(),
        account: "123456789012".to_owned(),
        region: "ap-northeast-1".to_owned(),
        from: "2026-10-31T09:00:00Z".to_owned(),
        until: "2026-11-30T09:12:00Z".to_owned(),
        seconds: 30 * 86_400 + 720,
        prices: "prices of ap-northeast-1, 2026-09".to_owned(),
        aws: charges.iter().map(|row| row.usd).sum(),
        charges,
        log_service: Some(LogService::new(0.35, Some(88.1))),
        log_groups: vec![
            group("/aws/lambda/cart", 61.0, Some(0.434), Some(38.2)),
            group(&format!("/app/{}", "payments/".repeat(9)), 30.5, Some(0.566), Some(49.9)),
            group("/app/third", 0.0, Some(0.0), Some(0.0)),
        ],
        is_whole: true,
        metrics_read: 19,
        read: 0.00019,
        top: 2,
        ..CostReport::default()
    }
}

fn text(report: &CostReport, width: usize) -> String {
    at(width, || unstyled(&report.to_string()))
}

#[test]
fn the_amount_comes_first_and_every_line_fits() {
    insta::assert_snapshot!("at_100_columns", text(&report(), 100));
    insta::assert_snapshot!("at_60_columns", text(&report(), 60));
    for width in [60, 80, 100] {
        let text = text(&report(), width);
        assert!(text.lines().all(|line| columns(line) <= width), "{text}");
    }
}

#[test]
fn what_is_not_known_is_no_zero() {
    let denied = "AWS denies cloudwatch:GetMetricData on the metrics";
    let gap = |what: &str, action: Option<&str>| Gap {
        what: what.to_owned(),
        unknown: Unknown { why: denied.to_owned(), action: action.map(ToOwned::to_owned) },
    };
    let blind = CostReport {
        charges: vec![row("shard_hour", "shards", 730.0, "shard-hour", 0.0195)],
        aws: 14.235,
        log_service: Some(LogService::new(0.35, None)),
        log_groups: vec![group("/aws/lambda/cart", 61.0, Some(0.75), None)],
        is_whole: false,
        rest_share: Some(0.25),
        unknown: vec![gap("metrics", Some("cloudwatch:GetMetricData")), gap("alarms", None)],
        ..report()
    };
    insta::assert_snapshot!(text(&blind, 100));
    let json = serde_json::to_value(&blind).expect("JSON");
    assert_eq!(
        (&json["log_service"]["usd"], &json["log_groups"][0]["gb_sent"]),
        (&json!(null), &json!(null))
    );
    assert_eq!(json["unknown"][0]["action"], "cloudwatch:GetMetricData");
}

#[test]
fn log_groups_that_are_not_subscribed_cost_more() {
    let next = crate::flags::CommandLine::new(["preview", "--log-group", "/app/a", "--since", "1d"]);
    let more = CostReport {
        added: Some(Added {
            log_groups: 12,
            subscribed: 3,
            gb_logged: 210.4,
            charges: vec![
                row("put_units_million", "PUT payload units", 0.822, "million", 0.0215),
                row("data_out_gb", "data out", 210.4, "GB", 0.114),
            ],
            aws: 24.0,
            log_service: Some(LogService::new(0.35, Some(210.4))),
            shards: Some(2),
        }),
        log_groups: vec![group("/app/a", 200.0, None, Some(200.0)), group("/app/b", 10.4, None, Some(10.4))],
        next: Next::new().then(next, "see what the rules of your routes save"),
        ..report()
    };
    insta::assert_snapshot!(text(&more, 100));
    let new = CostReport { charges: Vec::new(), aws: 0.0, log_service: None, ..more };
    assert!(text(&new, 100).starts_with("there is no stack `default` in 123456789012 ap-northeast-1 yet\n"));
}

#[test]
fn log_groups_that_are_all_subscribed_add_nothing() {
    let added = Added { subscribed: 2, shards: Some(1), ..Added::default() };
    let text = text(&CostReport { added: Some(added), ..report() }, 100);
    assert!(text.contains("\n\n2 log groups subscribed already: nothing is added\n"), "{text}");
    let logged = Logged { groups: &[], period: 3600.0, seconds: 3600.0, is_new: false, compression: None };
    let (none, ..) = added_now(&logged);
    assert!(none.gb_logged.is_sign_positive() && none.charges.is_empty());
}

fn added_now(logged: &Logged<'_>) -> (Added, Vec<GroupRow>, String) {
    added(logged, &used(), &Prices::of_region("us-east-1"), None)
}

/// A stack with a month of use, one gigabyte in the stream.
fn used() -> Measured {
    Measured {
        seconds: 730.0 * 3600.0,
        stream: Some(Capacity { shards: Some(1), retention_hours: 48 }),
        bytes: 1e9,
        functions: vec![Used { bytes_out: Some(9e9), ..Used::default() }],
        ..Measured::default()
    }
}

#[test]
fn what_is_added_compresses_as_what_is_there_and_may_need_shards() {
    let prices = Prices::of_region("us-east-1");
    // Two hours of 18 and 36 GB, in a span of two hours.
    let groups = [("/a".to_owned(), vec![(0, 18e9), (3600, 18e9)]), ("/b".to_owned(), vec![(3600, 18e9)])];
    let logged =
        Logged { groups: &groups, period: 3600.0, seconds: 7200.0, is_new: false, compression: Some(0.2) };
    let (added, rows, _) = added(&logged, &used(), &prices, Some(1.0));
    // A fifth of 36 GB in an hour is 2 MB a second.
    assert_eq!((added.shards, added.log_groups), (Some(2), 2));
    let quantity =
        |item: &str| added.charges.iter().find(|row| row.item == item).map(|row| row.quantity.round());
    assert_eq!((quantity("shard_hour"), quantity("retention_shard_hour")), (Some(730.0), Some(730.0)));
    assert_eq!(quantity("data_out_gb"), Some(54.0 * 365.0));
    assert_eq!(quantity("put_units_million"), Some((54e9_f64 * 365.0 / 5.0 / 25_600.0 / 1e6).round()));
    assert_eq!(rows[0].log_group, "/a");
    let usd = rows.iter().filter_map(|row| row.usd).sum::<f64>();
    assert!((usd - 54.0 * 365.0 * 1.09).abs() < 1e-3, "{usd}");
    assert!((added.aws - added.charges.iter().map(|row| row.usd).sum::<f64>()).abs() < 1e-9);
}

#[test]
fn without_a_stack_the_stream_is_added_and_on_demand_needs_no_shards() {
    let prices = Prices::of_region("us-east-1");
    let groups = [("/a".to_owned(), vec![(0, 1e6)])];
    let logged = Logged { groups: &groups, period: 3600.0, seconds: 3600.0, is_new: true, compression: None };
    let (new, _, source) = added(&logged, &Measured::default(), &prices, None);
    assert_eq!(
        (new.charges[0].item.as_str(), new.charges[0].quantity, new.shards),
        ("shard_hour", 730.0, Some(1))
    );
    assert_eq!((new.log_service, source.as_str()), (None, "prices of us-east-1, 2023"));
    let stream = Some(Capacity { shards: None, retention_hours: 24 });
    let (more, _, _) = added(&logged, &Measured { stream, ..used() }, &prices, None);
    let items: Vec<&str> = more.charges.iter().map(|row| row.item.as_str()).collect();
    assert_eq!((items, more.shards), (vec!["on_demand_gb_in", "on_demand_gb_out", "data_out_gb"], None));
}
