//! `cwl2le cost`: what is counted is what the chain used, and what it comes to is what a hand-made sum says.

use std::time::{Duration, SystemTime};

use cwl2le_local::{Call, Fault, Injection, Metric, Options, When};
use serde_json::{Value, json};
use tokio::time::Instant;

use crate::support::account::{Ground, setup};
use crate::support::{REGION, World};

const GROUP: &str = "/app/cost";
const FUNCTION: &str = "cwl-to-logentries";
const STREAM: &str = "cloudwatch-logs-stream";
const PATIENCE: Duration = Duration::from_secs(120);
/// Seconds of a month of 730 hours.
const MONTH: f64 = 730.0 * 3600.0;

/// A number of the report.
fn number(value: &Value) -> f64 {
    value.as_f64().unwrap_or_else(|| panic!("{value} is no number"))
}

/// The charge for an item: its quantity and what it comes to.
fn charge(report: &Value, item: &str) -> (f64, f64) {
    let rows = report["charges"].as_array().expect("charges");
    let row = rows.iter().find(|row| row["item"] == item);
    row.map_or((0.0, 0.0), |row| (number(&row["quantity"]), number(&row["usd"])))
}

#[track_caller]
fn near(is: f64, wanted: f64) {
    assert!((is - wanted).abs() <= wanted.abs() * 1e-6 + 1e-12, "{is} is not {wanted}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_quantities_are_those_of_the_traffic() {
    let world = World::start().await;
    world.create_log_group(GROUP).await;
    world.setup(&["--log-group", GROUP]).await.ok();
    let messages: Vec<String> = (0..50).map(|n| format!("order {n:>4} {}", "x".repeat(100))).collect();
    world.put_log_events(GROUP, &messages).await;
    let lines = world.log_service.wait_for_lines(messages.len(), PATIENCE).await.expect("lines");
    let sent: usize = lines.iter().map(|line| line.text().len() + 1).sum();
    let logged: usize = messages.iter().map(|message| message.len() + 26).sum();

    // The forwarder's line becomes metrics once its invocation has ended.
    let end = Instant::now() + PATIENCE;
    let report = loop {
        let report = world.run(&["cost", "--since", "1h", "--price-per-gb", "0.35"]).await.ok().json();
        let out = charge(&report, "data_out_gb").0 * number(&report["seconds"]) / MONTH * 1e9;
        if (out - sent as f64).abs() < 0.5 {
            break report;
        }
        assert!(Instant::now() < end, "{sent} bytes were sent: {report:#}\n{}", world.aws().logs_tail(40));
        tokio::time::sleep(Duration::from_millis(200)).await;
    };
    assert_eq!(report["unknown"], json!([]), "{report:#}");
    assert_eq!(report["prices"], "prices of ap-northeast-1, 2026-09");
    let months = MONTH / number(&report["seconds"]);
    near(charge(&report, "shard_hour").0, 730.0);
    near(charge(&report, "shard_hour").1, 730.0 * 0.0195);
    near(charge(&report, "data_out_gb").1, sent as f64 * months / 1e9 * 0.114);
    // At least one record, one invocation and one line of the forwarder's own log.
    assert!(charge(&report, "put_units_million").0 * 1e6 >= months, "{report:#}");
    assert!(charge(&report, "requests_million").0 * 1e6 >= months, "{report:#}");
    assert!(charge(&report, "logs_gb").0 > 0.0 && charge(&report, "gb_second").0 > 0.0, "{report:#}");
    // Four metrics of a healthy chain; none for more than the whole time.
    assert!((3.0..=9.0).contains(&charge(&report, "metric_month").0), "{report:#}");

    let rows = report["charges"].as_array().expect("charges");
    near(number(&report["aws"]), rows.iter().map(|row| number(&row["usd"])).sum());
    for row in rows {
        near(number(&row["usd"]), number(&row["quantity"]) * number(&row["price"]));
    }
    let gb = sent as f64 * months / 1e9;
    near(number(&report["log_service"]["usd"]), gb * 0.35);
    let group = &report["log_groups"][0];
    assert_eq!((&group["log_group"], &group["share"]), (&json!(GROUP), &json!(1.0)), "{report:#}");
    near(number(&group["gb_sent"]), gb);
    near(number(&group["usd"]), gb * (0.114 + 0.35));
    // Of the log groups, whole minutes are added up: one more than the stack is there, at most.
    let ratio = number(&group["gb_logged"]) / (logged as f64 * months / 1e9);
    assert!((0.49..=1.001).contains(&ratio), "{ratio}: {report:#}");

    // A log group that is not subscribed, in which as much was logged.
    world.create_log_group("/new/one").await;
    world.put_log_events("/new/one", &messages).await;
    let more = world.run(&["cost", "--since", "1h", "/new/*", GROUP]).await.ok().json();
    let added = &more["added"];
    assert_eq!(
        (&added["log_groups"], &added["subscribed"], &added["shards"]),
        (&json!(1), &json!(1), &json!(1)),
        "{more:#}"
    );
    let months = MONTH / 3600.0;
    let ratio = number(&added["gb_logged"]) / (logged as f64 * months / 1e9);
    assert!((0.9..=1.001).contains(&ratio), "{ratio}: {more:#}");
    let out = added["charges"].as_array().expect("charges").iter().find(|row| row["item"] == "data_out_gb");
    near(number(&out.expect("data out")["quantity"]), number(&added["gb_logged"]));
    assert_eq!(more["log_groups"][0]["log_group"], "/new/one");
}

/// Ten days of a stack, by hand.
#[tokio::test(flavor = "multi_thread")]
async fn a_month_is_made_of_the_days_that_were_measured() {
    let ground = Ground::start(Options::default()).await;
    let account = ground.account().await;
    account.run(&["cost"]).await.0.failed(6, "not-found");
    account.run(&setup(&["--shards", "2", "--retention-hours", "48", "--memory", "512"])).await.0.ok();
    let days = 10;
    let now = SystemTime::now();
    let stream = [("StreamName", STREAM)];
    let function = [("FunctionName", FUNCTION)];
    let own = [("LogGroupName", "/aws/lambda/cwl-to-logentries")];
    let rows = [
        ("AWS/Kinesis", "IncomingRecords", &stream[..], 1_000.0),
        ("AWS/Kinesis", "IncomingBytes", &stream[..], 50_000_000.0),
        ("AWS/Lambda", "Invocations", &function[..], 900.0),
        ("AWS/Lambda", "Duration", &function[..], 45_000.0),
        ("AWS/Logs", "IncomingBytes", &own[..], 1_000_000.0),
        ("cwl2le", "EventsReceived", &function[..], 10.0),
        ("cwl2le", "BytesOut", &function[..], 500_000_000.0),
    ];
    let mut metrics = Vec::new();
    for day in 1..=days {
        let time = now - Duration::from_secs(day * 86_400 - 3_600);
        let of_day = rows.iter().map(|(namespace, name, dimensions, value)| Metric {
            namespace,
            name,
            dimensions,
            time,
            value: *value,
        });
        metrics.extend(of_day);
    }
    ground.aws.put_metrics(&account.id, REGION, &metrics).await.expect("recorded");
    let report = account.run(&["cost"]).await.0.ok().json();
    // Since the first of the values, which is 9 days and 23 hours ago.
    let seconds = number(&report["seconds"]);
    let wanted = (days * 86_400 - 3_600) as f64;
    assert!((wanted..wanted + 600.0).contains(&seconds), "{seconds}: {report:#}");
    let a_month = |sum: f64| sum * days as f64 * MONTH / seconds;
    near(charge(&report, "shard_hour").0, 1460.0);
    near(charge(&report, "retention_shard_hour").0, 1460.0);
    // Few large records: their bytes count.
    near(charge(&report, "put_units_million").0, a_month(50_000_000.0 / 25_600.0) / 1e6);
    near(charge(&report, "data_out_gb").0, a_month(500_000_000.0) / 1e9);
    // `setup` invokes the function, too, to see whether it starts.
    let about = |item: &str, wanted: f64| {
        let is = charge(&report, item).0;
        assert!((wanted..wanted * 1.01).contains(&is), "{item}: {is} is not {wanted}");
    };
    about("requests_million", a_month(900.0) / 1e6);
    about("gb_second", a_month(45.0 * 0.5));
    about("logs_gb", a_month(1_000_000.0) / 1e9);
    // Two metrics, an hour of each day; perhaps some of that invocation.
    let hours = charge(&report, "metric_month").0 * seconds / 3600.0;
    assert!((19.999..=2.0 * days as f64 + 9.0).contains(&hours), "{hours}");

    // What a plan says is the same month with another stream.
    let more = ["setup", "--shards", "3", "--confirm-above", "60"];
    let plan = account.run(&["plan", "--shards", "3"]).await.0;
    assert_eq!(plan.code, 8, "{plan:?}");
    let cost = &plan.json()["cost"];
    assert_eq!(cost["traffic"], true, "{cost:#}");
    near(number(&cost["planned"]) - number(&cost["now"]), 730.0 * (0.0195 + 0.026));
    let ratio = number(&cost["now"]) / number(&report["aws"]);
    assert!((0.99..1.01).contains(&ratio), "{cost:#}\n{report:#}");
    let before = account.seen().await;
    account.run(&more).await.0.failed(3, "not-confirmed");
    assert_eq!(account.seen().await, before);
    account.run(&["setup", "--shards", "3", "--confirm-above", "1000"]).await.0.ok();

    // Alarms have a price of their own.
    let topic = format!("arn:aws:sns:{REGION}:{}:oncall", account.id);
    let alarmed = account.run(&["plan", "--alarms", &topic]).await.0.json();
    let alarms = alarmed["changes"].as_array().expect("changes").iter();
    let alarms = alarms.filter(|step| step["resource"]["kind"] == "alarm").count();
    let cost = &alarmed["cost"];
    assert!(alarms > 0, "{alarmed:#}");
    near(number(&cost["planned"]) - number(&cost["now"]), 0.1 * alarms as f64);
    assert_eq!(cost["differences"].as_array().map(Vec::len), Some(1), "{cost:#}");

    let prices = tempfile::NamedTempFile::new().expect("a file");
    std::fs::write(prices.path(), format!("[{REGION}]\ndate = \"2026-11\"\nshard_hour = 1"))
        .expect("written");
    let path = prices.path().to_str().expect("UTF-8");
    let dear = account.run(&["cost", "--prices", path]).await.0.ok().json();
    near(charge(&dear, "shard_hour").1, 2190.0);
    near(charge(&dear, "retention_shard_hour").1, 2190.0 * 0.026);
    std::fs::write(prices.path(), "[ap-northeast-1]\nshards = 1").expect("written");
    account.run(&["cost", "--prices", path]).await.0.failed(2, "usage");
    account.run(&["cost", "/no/such/group"]).await.0.failed(6, "unknown-log-group");
    account.run(&["cost", "--exclude", "/a"]).await.0.failed(2, "usage");
    account.run(&["cost", "--since", "5m"]).await.0.failed(2, "usage");

    // What may not be read is named, and hides nothing else.
    for (service, operation, what) in [
        ("monitoring", "GetMetricData", "metrics"),
        ("monitoring", "ListMetrics", "log groups"),
        ("monitoring", "DescribeAlarms", "alarms"),
        ("kinesis", "DescribeStreamSummary", "the stream"),
    ] {
        let call = Call { service: service.to_owned(), operation: operation.to_owned() };
        let fault = Fault::Error {
            status: 403,
            code: "AccessDenied".to_owned(),
            message: "no identity-based policy allows it".to_owned(),
        };
        let denied = Injection { of: Some(call), at: 1, times: usize::MAX, when: When::Before, fault };
        let (ran, _) = account.run_with(Some(denied), &["cost", "--price-per-gb", "1"]).await;
        let blind = ran.ok().json();
        let gaps = blind["unknown"].as_array().expect("a list");
        let action = |gap: &Value| gap["action"].as_str().is_some_and(|action| action.ends_with(operation));
        assert!(gaps.iter().any(|gap| gap["what"] == what && action(gap)), "{operation}: {blind:#}");
        assert_eq!(charge(&blind, "shard_hour").0 > 0.0, what != "the stream", "{blind:#}");
        assert_eq!(blind["log_service"]["usd"].is_null(), what == "metrics", "{blind:#}");
    }
}
