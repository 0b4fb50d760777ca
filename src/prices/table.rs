//! Tables of prices, by region.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use strum::VariantArray as _;

use super::item::Item;
use crate::error::did_you_mean_or;

/// The table that comes with the program.
pub(super) const BUILT_IN: &str = include_str!("prices.toml");
/// The region whose prices stand in for what the table does not have.
pub(super) const STAND_IN: &str = "us-east-1";
/// The key of a region that says when its prices were looked up.
const DATE: &str = "date";

/// The prices of regions.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Table(pub(super) BTreeMap<String, Sheet>);

/// The prices of one region.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Sheet {
    /// When they were looked up, as the table says it: `2026-09`.
    pub(super) date: String,
    pub(super) prices: BTreeMap<Item, f64>,
    /// Which of them the user gave.
    pub(super) given: Vec<Item>,
}

impl Table {
    /// The table that comes with the program.
    pub(crate) fn built_in() -> &'static Self {
        // A test reads it. What is missing nonetheless is no number, and not free of charge.
        static TABLE: LazyLock<Table> = LazyLock::new(|| Table::parse(BUILT_IN).unwrap_or_default());
        &TABLE
    }

    /// The table that comes with the program, with the prices of a file over it.
    ///
    /// # Errors
    /// What is wrong with the file, with the place.
    pub(crate) fn with(text: &str) -> Result<Self, String> {
        let mut table = Self::built_in().clone();
        for (region, sheet) in Self::parse(text)?.0 {
            let of_region = table.0.entry(region).or_default();
            of_region.given = sheet.prices.keys().copied().collect();
            of_region.prices.extend(sheet.prices);
            of_region.date = sheet.date;
        }
        Ok(table)
    }

    /// Reads a table: a section for each region, with the date and a price for each item.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let all: toml::Table = text.parse().map_err(|error: toml::de::Error| error.to_string())?;
        let sheets = all.into_iter().map(|(region, section)| {
            let toml::Value::Table(section) = section else {
                return Err(format!(
                    "`{region}` is no section of a region: write [{region}] and the prices below it"
                ));
            };
            let sheet = sheet(section).map_err(|problem| format!("[{region}] {problem}"))?;
            Ok((region, sheet))
        });
        sheets.collect::<Result<_, _>>().map(Self)
    }
}

fn sheet(section: toml::Table) -> Result<Sheet, String> {
    let mut sheet = Sheet::default();
    for (key, value) in section {
        if key == DATE {
            let text = value.as_str().map(ToOwned::to_owned).unwrap_or_else(|| value.to_string());
            sheet.date = text;
            continue;
        }
        let keys = Item::VARIANTS.iter().map(|item| item.key());
        let item: Item = key.parse().map_err(|_| {
            format!("has no price `{key}`; {}", did_you_mean_or(&key, "the prices are", keys))
        })?;
        #[expect(clippy::cast_precision_loss, reason = "a price")]
        let price = value.as_float().or_else(|| value.as_integer().map(|whole| whole as f64));
        let price = price.filter(|price| price.is_finite() && *price >= 0.0);
        let price =
            price.ok_or_else(|| format!("{key} is {value}: a price is a number in USD, 0 or more"))?;
        sheet.prices.insert(item, price);
    }
    if sheet.date.is_empty() {
        return Err(format!(
            "has no `{DATE}`: say when its prices were looked up, as in {DATE} = \"2026-11\""
        ));
    }
    Ok(sheet)
}
