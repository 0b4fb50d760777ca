//! The built-in table, what it is used for, and the page that is written from it.

use std::path::Path;

use strum::VariantArray as _;

use super::stream::Traffic;
use super::table::{BUILT_IN, STAND_IN};
use super::*;

fn near(one: f64, other: f64) -> bool {
    (one - other).abs() < 1e-9
}

#[test]
fn the_table_has_every_price_of_the_region_that_stands_in() {
    let table = Table::parse(BUILT_IN).expect("a table");
    for item in Item::VARIANTS {
        assert!(table.0[STAND_IN].prices.contains_key(item), "{}", item.key());
    }
    let prices = Prices::of_region("ap-northeast-1");
    assert!(near(prices.of(Item::LogsGb), 0.76) && near(prices.of(Item::ReadMetricsThousand), 0.01));
    assert!(near(prices.alarms(8), 0.8));
}

#[test]
fn a_price_of_another_region_is_named() {
    let tokyo = Prices::of_region("ap-northeast-1");
    assert_eq!(tokyo.source([Item::ShardHour]), "prices of ap-northeast-1, 2026-09");
    let both = tokyo.source([Item::ShardHour, Item::DashboardMonth]);
    assert_eq!(both, "prices of ap-northeast-1, 2026-09; dashboard_month of us-east-1, 2023");
    let none = Prices::of_region("eu-west-1").source([Item::ShardHour]);
    assert_eq!(none, "prices of us-east-1, 2023: none of eu-west-1 are known");
}

#[test]
fn the_prices_of_a_file_win_and_the_others_stay() {
    let text = "[eu-west-1]\ndate = 2026-11-30\nshard_hour = 0.017\nlogs_gb = 1";
    let table = Table::with(text).expect("a table");
    let prices = Prices::of_table(&table, "eu-west-1");
    assert!(near(prices.of(Item::ShardHour), 0.017) && near(prices.of(Item::LogsGb), 1.0));
    assert!(near(prices.of(Item::DataOutGb), 0.09));
    assert_eq!(prices.source([Item::LogsGb]), "prices of eu-west-1, 2026-11-30, from your file");
    let of_us = Table::with("[us-east-1]\ndate = \"now\"\nlogs_gb = 0.4").expect("a table");
    let prices = Prices::of_table(&of_us, "us-east-1");
    assert!(near(prices.of(Item::LogsGb), 0.4) && near(prices.of(Item::ShardHour), 0.015));
}

#[test]
fn a_file_that_is_no_table_of_prices_is_refused_with_the_place() {
    for (text, why) in [
        ("shard_hour = 1", "`shard_hour` is no section of a region"),
        (
            "[us-east-1]\nshard_hours = 1\ndate = \"x\"",
            "[us-east-1] has no price `shard_hours`; did you mean `shard_hour`?",
        ),
        ("[us-east-1]\nlogs_gb = -1\ndate = \"x\"", "logs_gb is -1"),
        ("[us-east-1]\nlogs_gb = nan\ndate = \"x\"", "logs_gb is nan"),
        ("[us-east-1]\nlogs_gb = \"1\"\ndate = \"x\"", "a price is a number"),
        ("[us-east-1]\nlogs_gb = 1", "has no `date`"),
        ("[us-east-1", "TOML parse error"),
    ] {
        let refused = Table::with(text).expect_err("refused");
        assert!(refused.contains(why), "{refused}");
    }
}

/// A list of charges with their quantities.
fn charges(charges: &[Charge]) -> Vec<(&'static str, f64)> {
    charges.iter().map(|charge| (charge.item.key(), (charge.quantity * 1e6).round() / 1e6)).collect()
}

#[test]
fn a_provisioned_stream_pays_for_shards_and_units() {
    let day = Capacity { shards: Some(2), retention_hours: 24 };
    assert_eq!(charges(&day.fixed()), [("shard_hour", 1460.0)]);
    // Many small records count each, few large ones by their size.
    let small = Traffic { records: 3e6, bytes: 3e9, readers: 1.0 };
    assert_eq!(charges(&day.by(&small)), [("put_units_million", 3.0)]);
    let large = Traffic { bytes: 256e9, ..small };
    assert_eq!(charges(&day.by(&large)), [("put_units_million", 10.0)]);
    let month = Capacity { retention_hours: 168 + 73, ..day };
    assert_eq!(charges(&month.fixed()), [("shard_hour", 1460.0), ("retention_shard_hour", 1460.0)]);
    assert_eq!(charges(&month.by(&large)), [("put_units_million", 10.0), ("long_retention_gb_month", 25.6)]);
    assert_eq!(charges(&day.by(&Traffic::default())), []);
}

#[test]
fn a_stream_on_demand_pays_for_what_is_written_read_and_kept() {
    let stream = Capacity { shards: None, retention_hours: 24 + 73 };
    assert_eq!(charges(&stream.fixed()), [("on_demand_hour", 730.0)]);
    let traffic = Traffic { records: 1e6, bytes: 10e9, readers: 2.0 };
    let wanted =
        [("on_demand_gb_in", 10.0), ("on_demand_gb_out", 20.0), ("on_demand_retention_gb_month", 1.0)];
    assert_eq!(charges(&stream.by(&traffic)), wanted);
    let tiny = Traffic { bytes: 1e8, ..traffic };
    assert_eq!(charges(&stream.by(&tiny))[0], ("on_demand_gb_in", 1.024));
}

#[test]
fn a_bill_adds_the_same_and_is_the_sum_of_its_rows() {
    let prices = Prices::of_region("us-east-1");
    let all = [(Item::LogsGb, 1.0), (Item::AlarmMonth, 3.0), (Item::LogsGb, 2.0)];
    let bill = Bill::new(&prices, all.map(|(item, quantity)| Charge::new(item, quantity)));
    let rows: Vec<_> =
        bill.rows().map(|(charge, price, usd)| (charge.item.key(), charge.quantity, price, usd)).collect();
    assert_eq!(rows, [("logs_gb", 3.0, 0.5, 1.5), ("alarm_month", 3.0, 0.1, 3.0 * 0.1)]);
    assert!(near(bill.total(), 1.8));
}

#[test]
fn a_month_is_what_was_used_times_how_much_longer_it_is() {
    let day = Measured {
        seconds: 86_400.0,
        stream: Some(Capacity { shards: Some(1), retention_hours: 24 }),
        records: 1e6,
        bytes: 1e9,
        functions: vec![
            Used {
                memory_mb: 512,
                invocations: 2e6,
                milliseconds: 4e6,
                log_bytes: 1e9,
                metric_hours: 48.0,
                bytes_out: Some(3e9),
                ..Used::default()
            },
            Used {
                memory_mb: 1024,
                is_arm: true,
                milliseconds: 1e6,
                bytes_out: Some(1e9),
                ..Used::default()
            },
        ],
        alarms: Some(8),
        dashboards: 1,
        kept: Some(5e9),
    };
    let months: f64 = 730.0 / 24.0;
    let wanted: [(&str, f64); 11] = [
        ("shard_hour", 730.0),
        ("put_units_million", months),
        ("requests_million", 2.0 * months),
        ("gb_second", 2000.0 * months),
        ("logs_gb", months),
        ("metric_month", 2.0),
        ("gb_second_arm", 1000.0 * months),
        ("alarm_month", 8.0),
        ("dashboard_month", 1.0),
        ("s3_gb_month", 5.0),
        ("data_out_gb", 4.0 * months),
    ];
    assert_eq!(
        charges(&day.charges()),
        wanted.map(|(item, quantity)| (item, (quantity * 1e6).round() / 1e6))
    );
    assert!(near(day.gb_out().expect("known"), 4.0 * months));
}

#[test]
fn a_stack_of_some_minutes_pays_no_metric_for_longer_than_it_is_there() {
    // Two hours have begun in ten minutes; what is charged is the metric, once.
    let used = Used { metric_hours: 1.0, invocations: 6.0, ..Used::default() };
    let new = Measured { seconds: 600.0, functions: vec![used], ..Measured::default() };
    let metric = new.charges().into_iter().find(|charge| charge.item == Item::MetricMonth);
    assert!(near(metric.expect("a charge").quantity, 1.0));
    assert_eq!(new.gb_out(), None);
    assert_eq!(charges(&Measured::default().charges()), []);
}

/// The month that `docs/cost.md` takes apart.
fn example() -> Vec<Charge> {
    let seconds = 30.4 * 86_400.0;
    let stream = Capacity { shards: Some(1), retention_hours: 24 };
    // CloudWatch Logs packs what is logged within a moment into one record, compressed to a tenth.
    let traffic = Traffic { records: seconds, bytes: 1e9, readers: 1.0 };
    let rest = [
        (Item::RequestsMillion, seconds / 1e6),
        (Item::GbSecond, seconds * 0.05 * 0.25),
        (Item::LogsGb, seconds * 1079.0 / 1e9),
        (Item::MetricMonth, 4.0),
        (Item::DataOutGb, 10.0),
    ];
    let rest = rest.map(|(item, quantity)| Charge::new(item, quantity));
    [stream.fixed(), stream.by(&traffic), rest.to_vec()].concat()
}

#[test]
fn the_page_on_cost_is_written_from_the_table() {
    let regions = ["us-east-1", "ap-northeast-1"];
    let prices = regions.map(Prices::of_region);
    let bills = [0, 1].map(|at| Bill::new(&prices[at], example()));
    let mut rows =
        format!("| part | a month | {} | {} |\n| --- | ---: | ---: | ---: |\n", regions[0], regions[1]);
    for ((charge, _, usd), (_, _, other)) in bills[0].rows().zip(bills[1].rows()) {
        let (label, unit) = (charge.item.label(), charge.item.unit());
        let quantity = format!("{:.2}", charge.quantity);
        let quantity = quantity.trim_end_matches('0').trim_end_matches('.');
        rows += &format!("| {label} | {quantity} {unit} | {usd:.2} | {other:.2} |\n");
    }
    rows += &format!("| **all** | | **{:.2}** | **{:.2}** |\n", bills[0].total(), bills[1].total());

    let table = Table::built_in();
    let heads: String =
        table.0.iter().map(|(region, sheet)| format!(" {region}, {} |", sheet.date)).collect();
    let lines = "| ---: ".repeat(table.0.len());
    let mut list = format!("| key | what | unit |{heads}\n| --- | --- | --- {lines}|\n");
    for item in Item::VARIANTS {
        let price = |price: Option<&f64>| price.map(ToString::to_string).unwrap_or_default();
        let cells: String =
            table.0.values().map(|sheet| format!(" {} |", price(sheet.prices.get(item)))).collect();
        list += &format!("| `{}` | {} | {} |{cells}\n", item.key(), item.label(), item.unit());
    }
    let page = include_str!("cost.md").replace("EXAMPLE", &rows).replace("PRICES", &list);

    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/cost.md");
    if std::env::var_os("CWL2LE_WRITE_DOCS").is_some() {
        std::fs::write(&path, &page).expect("written");
    }
    let there = std::fs::read_to_string(&path).unwrap_or_default().replace("\r\n", "\n");
    assert!(there == page, "docs/cost.md is old: run this test with CWL2LE_WRITE_DOCS=1");
}
