//! What the changes of a plan do to the bill.

use serde::Serialize;

use crate::output::style::DIM;
use crate::output::{hanging, visible, width};
use crate::prices::{Bill, Charge, Prices};

/// What a stack costs a month, before and after the changes of a plan, in USD at list prices.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Cost {
    /// As it is; left out where there is no stream yet.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub now: Option<f64>,
    /// With the changes.
    pub planned: f64,
    /// What makes the difference.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub differences: Vec<Difference>,
    /// Whether the traffic of the last days is in it. Otherwise it is only what the stack costs without any.
    pub traffic: bool,
    /// Number of log groups that the changes subscribe, if what they log is in it, as if all of it were sent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub log_groups: Option<usize>,
    /// The amount above which `--yes` does not confirm that it costs more; left out where there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub confirm_above: Option<u32>,
    /// Where the prices come from.
    pub prices: String,
}

/// A part of the bill that the changes of a plan make larger or smaller.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Difference {
    /// What is charged for.
    pub what: String,
    /// How much more a month, in USD.
    pub usd: f64,
}

/// A cent is the least that is shown.
const CENT: f64 = 0.005;

impl Cost {
    /// From what is charged for a month now, which is none where there is no stream yet, and with the changes.
    pub(crate) fn of(now: Option<Vec<Charge>>, planned: Vec<Charge>, prices: &Prices) -> Self {
        let less = now.iter().flatten().map(|charge| Charge { quantity: -charge.quantity, ..*charge });
        let difference = Bill::new(prices, planned.iter().copied().chain(less));
        let differences = difference
            .rows()
            .map(|(charge, _, usd)| Difference { what: charge.item.label().to_owned(), usd });
        Self {
            differences: differences.filter(|difference| difference.usd.abs() >= CENT).collect(),
            prices: difference.source(),
            planned: Bill::new(prices, planned).total(),
            now: now.map(|now| Bill::new(prices, now).total()),
            traffic: false,
            log_groups: None,
            confirm_above: None,
        }
    }

    /// Whether the changes make a difference that can be seen.
    pub(crate) fn differs(&self) -> bool {
        self.now.is_none_or(|now| (self.planned - now).abs() >= CENT)
    }

    /// The limit that the changes make it exceed, or exceed further.
    pub(crate) fn exceeds(&self) -> Option<u32> {
        let limit = self.confirm_above.filter(|limit| self.planned > f64::from(*limit))?;
        (self.planned - self.now.unwrap_or_default() >= CENT).then_some(limit)
    }

    /// What the stack costs, with what makes it more or less; none where the changes make no difference.
    pub(super) fn line(&self) -> Option<String> {
        let planned = self.planned;
        let text = match self.now {
            _ if !self.differs() => return None,
            None => format!("about {planned:.0} USD plus traffic"),
            Some(now) => {
                let part = |Difference { what, usd }: &Difference| format!("{usd:+.2} {}", visible(what));
                let parts: Vec<String> = self.differences.iter().map(part).collect();
                let parts = if parts.is_empty() { String::new() } else { format!(" ({})", parts.join(", ")) };
                let traffic = match (self.traffic, self.log_groups) {
                    (false, _) => ", plus traffic",
                    (true, None) => "",
                    (true, Some(1)) => ", if all that the log group logs is sent",
                    (true, Some(_)) => ", if all that the log groups log is sent",
                };
                format!("{now:.2} USD now, {planned:.2} USD with these changes{parts}{traffic}")
            }
        };
        let text = format!("{text}{DIM}; {}{DIM:#}", visible(&self.prices));
        Some(hanging("A month: ", &text, width()))
    }
}
