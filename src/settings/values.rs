//! Single values of the configuration file: read and checked in one go, so that an error names its place.

use std::fmt;
use std::ops::RangeInclusive;
use std::str::FromStr;

use serde::Deserialize;
use serde::de::{Deserializer, Error};

use crate::stack::Tags;
use crate::stack::limits::{self, Checked};

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

/// Readers of texts that AWS takes, kept as they are.
macro_rules! texts {
    ($($name:ident;)*) => {
        $(pub(super) fn $name<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
            let text = String::deserialize(deserializer)?;
            limits::$name(&text).map(|()| Some(text)).map_err(D::Error::custom)
        })*
    };
}

texts! {
    bucket_owner;
    filter_pattern;
    kms_key;
    on_failure;
    permissions_boundary;
    quarantine;
    role_path;
}

/// Tags that are the user's to set.
pub(super) fn own_tags<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Tags, D::Error> {
    let tags = Tags::deserialize(deserializer)?;
    let check =
        |(key, value): (&String, &String)| limits::tag_key(key).and_then(|()| limits::tag_value(key, value));
    tags.iter().try_for_each(check).map_err(D::Error::custom)?;
    Ok(tags)
}

/// Names or ARNs of log groups.
pub(super) fn log_groups<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    each(deserializer, limits::log_group)
}

/// Globs that can be read.
pub(super) fn globs<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    each(deserializer, limits::log_group_glob)
}

/// The pattern of a route. It is matched against names, so an ARN would match nothing.
pub(super) fn route<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    let text = String::deserialize(deserializer)?;
    if text.starts_with("arn:") || text.ends_with(":*") {
        let problem =
            format!("a route takes the name of a log group or a glob pattern, and `{text}` matches no name");
        return Err(D::Error::custom(problem));
    }
    Ok(text)
}

fn each<'de, D: Deserializer<'de>>(
    deserializer: D,
    check: fn(&str) -> Checked,
) -> Result<Vec<String>, D::Error> {
    let texts = Vec::<String>::deserialize(deserializer)?;
    texts.iter().try_for_each(|text| check(text)).map_err(D::Error::custom)?;
    Ok(texts)
}
