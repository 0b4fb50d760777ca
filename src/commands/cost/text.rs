//! The report of `cwl2le cost` as text: the amount first, then what it is made of.

use std::fmt;

use super::report::{Added, CostReport, Gap, LogService, Row};
use crate::output::quantity::{count, plural, span};
use crate::output::style::{BOLD, DIM, HINT, TYPED, WARN};
use crate::output::{Table, hanging, visible, width};

/// What is true of every amount.
const LIST_PRICES: &str = "List prices. Free tiers, discounts and taxes are not taken into account.";

impl fmt::Display for CostReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.write_head(f)?;
        if !self.charges.is_empty() {
            write!(f, "\n\n{}", bill(&self.charges, self.aws, self.log_service, "a month"))?;
        }
        if let Some(added) = &self.added {
            write!(f, "\n\n{added}")?;
        }
        self.write_log_groups(f)?;
        self.write_unknown(f)?;
        let read = match self.metrics_read {
            0 => String::new(),
            metrics => {
                format!(" Reading {} metrics for this cost {:.4} USD.", count(metrics as f64), self.read)
            }
        };
        write!(f, "\n\n{}", hanging("", &format!("{DIM}{LIST_PRICES}{read}{DIM:#}"), width()))?;
        if !self.next.is_empty() {
            write!(f, "\n\n{}", self.next)?;
        }
        Ok(())
    }
}

impl CostReport {
    fn write_head(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { stack, account, region, .. } = self;
        let (stack, place) = (visible(stack), format!("{} {}", visible(account), visible(region)));
        let at_least = if self.unknown.is_empty() { "" } else { "at least " };
        let first = match self.charges.is_empty() && self.unknown.is_empty() {
            true => format!("there is no stack `{stack}` in {place} yet"),
            false => format!(
                "stack {stack} costs {at_least}{BOLD}{:.2} USD a month{BOLD:#}, in {place}",
                self.together()
            ),
        };
        writeln!(f, "{}", hanging("", &first, width()))?;
        #[expect(clippy::cast_precision_loss, reason = "seconds of years")]
        let measured = span(self.seconds as f64);
        let day = |time: &str| time.get(..16).unwrap_or(time).replace('T', " ");
        let text = format!(
            "measured over {measured}, {} to {} UTC; {}",
            day(&self.from),
            day(&self.until),
            visible(&self.prices)
        );
        f.write_str(&hanging("", &format!("{DIM}{text}{DIM:#}"), width()))
    }

    /// AWS and the log service together, as far as they are known.
    fn together(&self) -> f64 {
        self.aws + self.log_service.and_then(|service| service.usd).unwrap_or_default()
    }

    fn write_log_groups(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let has_policy = self.rest_share.is_some_and(|share| share > 0.0);
        if (self.log_groups.is_empty() && !has_policy) || self.top == 0 {
            return Ok(());
        }
        let heads = ["log group", "GB logged", "share", "GB sent", "USD"];
        let mut table = Table::new(heads).names([0]).numbers([1, 2, 3, 4]);
        let known = |value: Option<f64>, digits: usize| match value {
            Some(value) => format!("{value:.digits$}"),
            None => "?".to_owned(),
        };
        for row in self.log_groups.iter().take(self.top) {
            let share = row.share.map(|share| format!("{:.0} %", share * 100.0)).unwrap_or_default();
            let (logged, sent) = (format!("{:.2}", row.gb_logged), known(row.gb_sent, 2));
            table.row([visible(&row.log_group), logged, share, sent, known(row.usd, 2)]);
        }
        write!(f, "\n\n{table}")?;
        let more = self.log_groups.len().saturating_sub(self.top);
        if more > 0 {
            write!(f, "\n{DIM}… {} more: --top{DIM:#}", count(more as f64))?;
        }
        if let Some(share) = self.rest_share.filter(|share| *share > 0.0) {
            let text = format!(
                "{:.0} % comes by the account policy: CloudWatch does not count it by log group",
                share * 100.0
            );
            write!(f, "\n{}", hanging("", &format!("{DIM}{text}{DIM:#}"), width()))?;
        }
        if !self.is_whole {
            write!(f, "\n{DIM}there are more log groups than were read{DIM:#}")?;
        }
        Ok(())
    }

    fn write_unknown(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for Gap { what, unknown } in &self.unknown {
            let lead = format!("{WARN}?{WARN:#} {}: ", visible(what));
            let gap = if *what == self.unknown[0].what { "\n\n" } else { "\n" };
            write!(f, "{gap}{}", hanging(&lead, &visible(&unknown.why), width()))?;
        }
        if self.unknown.iter().any(|gap| gap.unknown.action.is_some()) {
            write!(f, "\n  `{TYPED}{}{TYPED:#}` prints a policy that allows it", visible(&self.policies))?;
        }
        Ok(())
    }
}

impl fmt::Display for Added {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { log_groups, subscribed, gb_logged, .. } = self;
        if *log_groups == 0 {
            let text =
                format!("{} subscribed already: nothing is added", plural(*subscribed as u64, "log group"));
            return f.write_str(&hanging("", &text, width()));
        }
        let together = self.aws + self.log_service.and_then(|service| service.usd).unwrap_or_default();
        let already = match subscribed {
            0 => String::new(),
            some => format!("; {some} more are subscribed already"),
        };
        let text = format!(
            "{} not subscribed yet {} {gb_logged:.1} GB a month: {BOLD}{together:.2} USD a month more{BOLD:#} if every \
             byte is sent{already}",
            plural(*log_groups as u64, "log group"),
            if *log_groups == 1 { "logs" } else { "log" },
        );
        write!(f, "{}", hanging("", &text, width()))?;
        write!(f, "\n\n{}", bill(&self.charges, self.aws, self.log_service, "a month more"))?;
        if let Some(shards) = self.shards {
            let text = format!(
                "On average of its busiest hour the stream then needs {}; a burst needs more. Invocations and the \
                 forwarder's own log hardly grow.",
                plural(u64::from(shards), "shard"),
            );
            write!(f, "\n\n{}", hanging("", &format!("{HINT}{text}{HINT:#}"), width()))?;
        }
        Ok(())
    }
}

/// The rows, their sum, and the log service.
fn bill(rows: &[Row], aws: f64, service: Option<LogService>, head: &str) -> Table {
    let mut table = Table::new(["", "quantity", "price", head]).names([0]).numbers([1, 2, 3]);
    for row in rows {
        let s =
            if row.quantity == 1.0 || row.unit.starts_with("million") || row.unit == "GB" { "" } else { "s" };
        let quantity = format!("{} {}{s}", amount(row.quantity), visible(&row.unit));
        table.row([visible(&row.what), quantity, row.price.to_string(), format!("{:.2}", row.usd)]);
    }
    let total = |name: String, usd: f64| {
        [format!("{BOLD}{name}{BOLD:#}"), String::new(), String::new(), format!("{BOLD}{usd:.2}{BOLD:#}")]
    };
    table.row(total("AWS, USD".to_owned(), aws));
    let Some(LogService { price_per_gb, gb, usd }) = service else { return table };
    let known = |value: Option<String>| value.unwrap_or_else(|| "?".to_owned());
    table.row([
        "log service".to_owned(),
        known(gb.map(|gb| format!("{} GB", amount(gb)))),
        price_per_gb.to_string(),
        known(usd.map(|usd| format!("{usd:.2}"))),
    ]);
    if let Some(usd) = usd {
        table.row(total("together".to_owned(), aws + usd));
    }
    table
}

/// A number with as many digits as say something.
fn amount(number: f64) -> String {
    let digits = match number {
        number if number >= 1000.0 => return count(number),
        number if number >= 100.0 => 0,
        number if number >= 1.0 => 2,
        _ => 4,
    };
    let text = format!("{number:.digits$}");
    if digits == 0 { text } else { text.trim_end_matches('0').trim_end_matches('.').to_owned() }
}
