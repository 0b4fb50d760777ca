//! What `cwl2le cost` reports. All amounts are in USD a month of 730 hours.

use serde::Serialize;

use crate::flags::CommandLine;
use crate::health::Unknown;
use crate::output::Next;
use crate::prices::Bill;

/// What a stack costs.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub(crate) struct CostReport {
    /// The stack.
    pub stack: String,
    /// The account id.
    pub account: String,
    /// The region.
    pub region: String,
    /// When the measured time begins, in UTC: what was asked for, or when the stack was set up.
    pub from: String,
    /// When it ends.
    pub until: String,
    /// Its seconds.
    pub seconds: i64,
    /// Where the prices come from: region and date.
    pub prices: String,
    /// What AWS charges for; empty where there is no stack.
    pub charges: Vec<Row>,
    /// All of that.
    pub aws: f64,
    /// What the log service charges; none where its price was not given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub log_service: Option<LogService>,
    /// The log groups, those that send most first.
    pub log_groups: Vec<GroupRow>,
    /// Whether these are all.
    pub is_whole: bool,
    /// The share of all other log groups together, 0 to 1: those that an account policy subscribes. None without one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rest_share: Option<f64>,
    /// What the log groups that were asked for would cost; none where none were.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub added: Option<Added>,
    /// What is not known, and so is not in the amounts.
    pub unknown: Vec<Gap>,
    /// Number of metrics that were read, for which CloudWatch charges.
    pub metrics_read: usize,
    /// What reading them cost, in USD.
    pub read: f64,
    /// Number of log groups that the text shows.
    #[serde(skip)]
    pub top: usize,
    /// The command that prints the policy of whoever is on call.
    #[serde(skip)]
    pub policies: CommandLine,
    /// What to run next.
    #[serde(skip_serializing_if = "Next::is_empty")]
    pub next: Next,
}

/// Something that AWS charges for.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub(crate) struct Row {
    /// Its key in the table of prices.
    pub item: String,
    /// What it is.
    pub what: String,
    /// How much of it is used in a month.
    pub quantity: f64,
    /// The unit of the quantity and of the price.
    pub unit: String,
    /// The price of a unit.
    pub price: f64,
    /// What that comes to.
    pub usd: f64,
}

/// What the log service charges.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
pub(crate) struct LogService {
    /// The price of a GB, as it was given.
    pub price_per_gb: f64,
    /// GB that are sent to it in a month; none where that is not known.
    pub gb: Option<f64>,
    /// What that comes to.
    pub usd: Option<f64>,
}

/// What a log group has its share in.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub(crate) struct GroupRow {
    /// The log group.
    pub log_group: String,
    /// GB that it logs in a month.
    pub gb_logged: f64,
    /// Its share of the bytes that CloudWatch Logs puts into the stream, 0 to 1; none where it is not subscribed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub share: Option<f64>,
    /// GB of it that are sent to the log services in a month, as if all log groups compressed alike; none where that is
    /// not known.
    pub gb_sent: Option<f64>,
    /// What sending them costs, with the log service where its price was given.
    pub usd: Option<f64>,
}

/// What log groups would cost that are not subscribed yet, as if every byte that they log were sent.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub(crate) struct Added {
    /// Number of log groups that are not subscribed yet.
    pub log_groups: usize,
    /// Number of those that were asked for and are subscribed already.
    pub subscribed: usize,
    /// GB that they log in a month.
    pub gb_logged: f64,
    /// What AWS would charge for beside what it charges now.
    pub charges: Vec<Row>,
    /// All of that.
    pub aws: f64,
    /// What the log service would charge; none where its price was not given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub log_service: Option<LogService>,
    /// Number of shards that the busiest hour takes, with what the stream takes now; none on demand.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub shards: Option<u32>,
}

/// Something that is not known.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct Gap {
    /// What.
    pub what: String,
    /// Why.
    #[serde(flatten)]
    pub unknown: Unknown,
}

impl LogService {
    /// A price with what it is for.
    pub(super) fn new(price_per_gb: f64, gb: Option<f64>) -> Self {
        Self { price_per_gb, gb, usd: gb.map(|gb| gb * price_per_gb) }
    }
}

/// The rows of a bill.
pub(super) fn rows(bill: &Bill<'_>) -> Vec<Row> {
    let row = |(charge, price, usd): (crate::prices::Charge, f64, f64)| Row {
        item: charge.item.key().to_owned(),
        what: charge.item.label().to_owned(),
        quantity: charge.quantity,
        unit: charge.item.unit().to_owned(),
        price,
        usd,
    };
    bill.rows().map(row).collect()
}
