//! What quantities come to.

use super::item::Item;
use super::of_region::Prices;

/// Hours of a month, as AWS's own calculator counts them.
pub(crate) const HOURS: f64 = 730.0;
/// Bytes of a GB. AWS's bills count 2^30 for some services; the smaller one makes the higher estimate.
pub(crate) const GB: f64 = 1e9;

/// A quantity a month of something that AWS charges for, in the unit of its price.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Charge {
    /// What.
    pub(crate) item: Item,
    /// How much of it, in [`Item::unit`].
    pub(crate) quantity: f64,
}

impl Charge {
    /// A quantity a month.
    pub(crate) const fn new(item: Item, quantity: f64) -> Self {
        Self { item, quantity }
    }

    /// What it costs a month, in USD.
    pub(crate) fn usd(self, prices: &Prices) -> f64 {
        self.quantity * prices.of(self.item)
    }
}

/// Charges at the prices of a region.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Bill<'a> {
    prices: &'a Prices,
    charges: Vec<Charge>,
}

impl<'a> Bill<'a> {
    /// A bill. Several charges of one item are added.
    pub(crate) fn new(prices: &'a Prices, charges: impl IntoIterator<Item = Charge>) -> Self {
        let mut all: Vec<Charge> = Vec::new();
        for charge in charges {
            match all.iter_mut().find(|other| other.item == charge.item) {
                Some(same) => same.quantity += charge.quantity,
                None => all.push(charge),
            }
        }
        Self { prices, charges: all }
    }

    /// Its rows: the charge, the price of a unit, and what it comes to, in USD.
    pub(crate) fn rows(&self) -> impl Iterator<Item = (Charge, f64, f64)> {
        self.charges.iter().map(|charge| (*charge, self.prices.of(charge.item), charge.usd(self.prices)))
    }

    /// All of it, in USD a month.
    pub(crate) fn total(&self) -> f64 {
        self.rows().map(|(_, _, usd)| usd).sum()
    }

    /// Where its prices come from.
    pub(crate) fn source(&self) -> String {
        self.prices.source(self.charges.iter().map(|charge| charge.item))
    }
}
