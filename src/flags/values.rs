//! Values of flags that clap has no type for.

use cwl2le_forwarder::aws::is_account_id;
use std::ffi::OsStr;
use std::ops::RangeInclusive;
use std::time::Duration;

use clap::builder::{StringValueParser, TypedValueParser};
use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{Arg, Command};

use crate::stack::limits::{self, Checked};

/// A text that AWS takes, by one of the functions of [`limits`].
pub(crate) fn checked(check: fn(&str) -> Checked) -> impl TypedValueParser<Value = String> {
    StringValueParser::new().try_map(move |text| check(&text).map(|()| text))
}

/// A whole number within a range. Clap's own parser answers in the words of Rust's parsers: `invalid digit found in
/// string`, `0 is not in 1..=3600`.
pub(crate) fn whole<T: TryFrom<u64>>(
    range: RangeInclusive<u64>,
) -> impl Fn(&str) -> Result<T, String> + Clone {
    move |text| {
        let number = text.trim().parse::<u64>().ok().filter(|number| range.contains(number));
        let (least, most) = (range.start(), range.end());
        number
            .and_then(|number| T::try_from(number).ok())
            .ok_or_else(|| format!("expected a whole number from {least} to {most}"))
    }
}

/// A time span within a range, which is shown as it is typed: `1m` and `24h`.
pub(crate) fn span(
    least: &'static str,
    most: &'static str,
) -> impl Fn(&str) -> Result<Duration, String> + Clone {
    let limit = |text| humantime::parse_duration(text).unwrap_or_default();
    move |text| {
        let span = humantime::parse_duration(text).ok();
        let span = span.filter(|span| (limit(least)..=limit(most)).contains(span));
        span.ok_or_else(|| format!("expected a time span from {least} to {most}, such as 90s, 15m or 2h"))
    }
}

/// A text that may begin with a hyphen, where clap would take the flag after a forgotten value for the value. It goes
/// together with `allow_hyphen_values`.
#[derive(Clone)]
pub(crate) struct Hyphened<P>(pub(crate) P);

impl<P: TypedValueParser> TypedValueParser for Hyphened<P> {
    type Value = P::Value;

    fn parse_ref(&self, cmd: &Command, arg: Option<&Arg>, value: &OsStr) -> Result<P::Value, clap::Error> {
        let Some(flag) = value.to_str().filter(|text| is_flag(cmd, text)) else {
            return self.0.parse_ref(cmd, arg, value);
        };
        let mut error = clap::Error::new(ErrorKind::InvalidValue).with_cmd(cmd);
        let name = arg.map_or_else(|| "the flag before it".to_owned(), ToString::to_string);
        error.insert(ContextKind::InvalidArg, ContextValue::String(name));
        error.insert(ContextKind::InvalidValue, ContextValue::String(String::new()));
        let suggestion = format!("`{flag}` is the next flag, so a value is missing before it").into();
        error.insert(ContextKind::Suggested, ContextValue::StyledStrs(vec![suggestion]));
        Err(error)
    }
}

/// Whether a text is a flag of this command, with or without a value of its own.
fn is_flag(command: &Command, text: &str) -> bool {
    let name = text.split_once('=').map_or(text, |(name, _)| name);
    let mut flags = command.get_arguments();
    match name.strip_prefix("--") {
        Some("") => true,
        Some(long) => {
            long == "help"
                || flags
                    .any(|flag| flag.get_long_and_visible_aliases().is_some_and(|all| all.contains(&long)))
        }
        None => {
            let mut letters = text.strip_prefix('-').unwrap_or_default().chars();
            let (letter, more) = (letters.next(), letters.next());
            more.is_none()
                && letter.is_some_and(|l| l == 'h' || flags.any(|flag| flag.get_short() == Some(l)))
        }
    }
}

/// A price: 0 or more.
pub(crate) fn price(text: &str) -> Result<f64, String> {
    let price: Option<f64> = text.parse().ok();
    price.filter(|price| price.is_finite() && *price >= 0.0).ok_or_else(|| format!("`{text}` is no price"))
}

pub(crate) fn pair(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((key, value)) if !key.is_empty() => Ok((key.to_owned(), value.to_owned())),
        _ => Err(format!("`{text}` is not KEY=VALUE")),
    }
}

pub(crate) fn key_value(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((key, value)) => {
            limits::tag_key(key)?;
            limits::tag_value(key, value)?;
            Ok((key.to_owned(), value.to_owned()))
        }
        None => Err(format!("`{text}` is not KEY=VALUE")),
    }
}

/// An account id.
pub(crate) fn account_id(text: &str) -> Result<String, String> {
    if is_account_id(text) {
        Ok(text.to_owned())
    } else {
        Err(format!("`{text}` is not an account id of 12 digits"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mistake_in_a_number_or_a_time_is_told_in_words_of_the_user() {
        let number = whole::<u16>(1..=1000);
        assert_eq!(number("7"), Ok(7));
        for wrong in ["0", "1001", "70000", "x", "-1", ""] {
            assert_eq!(number(wrong), Err("expected a whole number from 1 to 1000".to_owned()), "{wrong}");
        }
        let time = span("1m", "24h");
        assert_eq!(time("90s"), Ok(Duration::from_secs(90)));
        for wrong in ["5", "5q", "59s", "25h", "x", ""] {
            let said = time(wrong).expect_err(wrong);
            assert!(said.starts_with("expected a time span from 1m to 24h, such as"), "{said}");
        }
    }
}
