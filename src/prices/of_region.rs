//! The prices of one region.

use std::collections::BTreeSet;

use super::item::Item;
use super::table::{STAND_IN, Sheet, Table};

/// The prices that a stack is charged.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Prices {
    region: String,
    own: Sheet,
    stand_in: Sheet,
}

impl Prices {
    /// The built-in prices of a region.
    pub(crate) fn of_region(region: &str) -> Self {
        Self::of_table(Table::built_in(), region)
    }

    /// The prices of a region in a table.
    pub(crate) fn of_table(table: &Table, region: &str) -> Self {
        let sheet = |name: &str| table.0.get(name).cloned().unwrap_or_default();
        Self { region: region.to_owned(), own: sheet(region), stand_in: sheet(STAND_IN) }
    }

    /// The price of an item in USD: that of the region, or of us-east-1 where the table has none.
    pub(crate) fn of(&self, item: Item) -> f64 {
        let price = self.own.prices.get(&item).or_else(|| self.stand_in.prices.get(&item));
        price.copied().unwrap_or(f64::NAN)
    }

    /// Whether the price of an item is that of another region.
    pub(crate) fn is_borrowed(&self, item: Item) -> bool {
        !self.own.prices.contains_key(&item)
    }

    /// What some alarms cost a month, in USD. The ten that an account has free are not taken off.
    pub(crate) fn alarms(&self, alarms: usize) -> f64 {
        #[expect(clippy::cast_precision_loss, reason = "a number of alarms")]
        let alarms = alarms as f64;
        alarms * self.of(Item::AlarmMonth)
    }

    /// Where the prices of these items come from, such as `prices of ap-northeast-1, 2026-09`.
    pub(crate) fn source(&self, items: impl IntoIterator<Item = Item>) -> String {
        let items: BTreeSet<Item> = items.into_iter().collect();
        let (borrowed, own): (Vec<Item>, Vec<Item>) =
            items.into_iter().partition(|item| self.is_borrowed(*item));
        let of = |region: &str, sheet: &Sheet, items: &[Item]| {
            let from =
                if items.iter().any(|item| sheet.given.contains(item)) { ", from your file" } else { "" };
            format!("{region}, {}{from}", sheet.date)
        };
        let (region, stand_in) = (&self.region, of(STAND_IN, &self.stand_in, &borrowed));
        let own_source = of(region, &self.own, &own);
        match (own.is_empty(), borrowed.is_empty()) {
            (_, true) => format!("prices of {own_source}"),
            (true, false) => format!("prices of {stand_in}: none of {region} are known"),
            (false, false) => {
                let names: Vec<&str> = borrowed.iter().map(|item| item.key()).collect();
                format!("prices of {own_source}; {} of {stand_in}", names.join(", "))
            }
        }
    }
}
