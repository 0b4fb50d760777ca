//! Single values of the configuration file: read and checked in one go, so that an error names its place.

use std::fmt;
use std::ops::RangeInclusive;
use std::str::FromStr;

use serde::Deserialize;
use serde::de::{Deserializer, Error};

use super::forms;
use crate::stack::selection::{Selector, Wanted};
use crate::stack::{Tags, limits};

/// A text that is read as something else.
pub(super) fn parsed<'de, D, T>(deserializer: D) -> Result<Option<T>, D::Error>
where
    D: Deserializer<'de>,
    T: FromStr<Err: fmt::Display>,
{
    String::deserialize(deserializer)?.parse().map(Some).map_err(D::Error::custom)
}

/// Readers of numbers within a range.
macro_rules! numbers {
    ($($name:ident in $range:expr;)*) => {
        $(pub(super) fn $name<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<u32>, D::Error> {
            within($range, i64::deserialize(deserializer)?).map(Some).map_err(D::Error::custom)
        })*
    };
}

numbers! {
    shards in limits::SHARDS;
    retention_hours in limits::RETENTION_HOURS;
    memory in limits::MEMORY_MB;
    timeout in limits::TIMEOUT_SECONDS;
    reserved_concurrency in limits::RESERVED_CONCURRENCY;
    batch_size in limits::BATCH_SIZE;
    batch_window in limits::BATCH_WINDOW_SECONDS;
    parallelization in limits::PARALLELIZATION;
}

fn within(range: RangeInclusive<i64>, number: i64) -> Result<u32, String> {
    let outside = || format!("{number} is not within {} to {}", range.start(), range.end());
    if range.contains(&number) { u32::try_from(number).map_err(|_| outside()) } else { Err(outside()) }
}

pub(super) fn log_retention_days<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<u32>, D::Error> {
    limits::log_retention(u32::deserialize(deserializer)?).map(Some).map_err(D::Error::custom)
}

/// A text of a certain form, kept as it is.
fn formed<'de, D: Deserializer<'de>, T>(
    deserializer: D,
    form: impl Fn(&str) -> Result<T, String>,
) -> Result<Option<String>, D::Error> {
    let text = String::deserialize(deserializer)?;
    form(&text).map_err(D::Error::custom)?;
    Ok(Some(text))
}

pub(super) fn kms_key<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    formed(deserializer, forms::key)
}

pub(super) fn on_failure<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    formed(deserializer, forms::on_failure)
}

pub(super) fn quarantine<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    formed(deserializer, forms::quarantine)
}

pub(super) fn role_path<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    formed(deserializer, limits::role_path)
}

/// Tags that are the user's to set.
pub(super) fn own_tags<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Tags, D::Error> {
    let tags = Tags::deserialize(deserializer)?;
    tags.keys().try_for_each(|key| limits::tag_key(key)).map_err(D::Error::custom)?;
    Ok(tags)
}

/// Globs that can be read.
pub(super) fn globs<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    let globs = Vec::<String>::deserialize(deserializer)?;
    Selector::new(Wanted { globs: globs.clone(), ..Wanted::default() }).map_err(D::Error::custom)?;
    Ok(globs)
}
