//! Values of flags that clap has no type for.

use super::Moment;
use crate::stack::limits;

pub(super) fn pair(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((key, value)) if !key.is_empty() => Ok((key.to_owned(), value.to_owned())),
        _ => Err(format!("`{text}` is not KEY=VALUE")),
    }
}

pub(super) fn key_value(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((key, value)) => limits::tag_key(key).map(|()| (key.to_owned(), value.to_owned())),
        None => Err(format!("`{text}` is not KEY=VALUE")),
    }
}

pub(super) fn account_id(text: &str) -> Result<String, String> {
    if text.len() == 12 && text.bytes().all(|b| b.is_ascii_digit()) {
        Ok(text.to_owned())
    } else {
        Err(format!("`{text}` is not an account id of 12 digits"))
    }
}

pub(super) fn log_retention(text: &str) -> Result<u32, String> {
    limits::log_retention(text.parse().map_err(|_| format!("`{text}` is no number of days"))?)
}

pub(super) fn moment(text: &str) -> Result<Moment, String> {
    if let Ok(ago) = humantime::parse_duration(text) {
        return Ok(Moment::Ago(ago));
    }
    let time = humantime::parse_rfc3339_weak(text).map(Moment::At);
    time.map_err(|_| {
        format!("`{text}` is neither a while, as 15m, 1h or 2d, nor a time, as 2016-09-17T10:28:49Z")
    })
}

pub(super) fn price(text: &str) -> Result<f64, String> {
    let price: Option<f64> = text.parse().ok();
    price.filter(|price| price.is_finite() && *price >= 0.0).ok_or_else(|| format!("`{text}` is no price"))
}
