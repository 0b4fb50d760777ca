//! What AWS charges: a dated table of prices, and what quantities come to at them. Pure.
//!
//! The table is `prices.toml`; a file of the user in the same form goes over it. `docs/cost.md` is written from it.

mod bill;
mod item;
mod measured;
mod of_region;
mod stream;
mod table;
#[cfg(test)]
mod tests;

pub(crate) use bill::{Bill, Charge, GB, HOURS};
pub(crate) use item::Item;
pub(crate) use measured::{Lately, Measured, Used};
pub(crate) use of_region::Prices;
pub(crate) use stream::{COMPRESSED, Capacity};
pub(crate) use table::Table;
