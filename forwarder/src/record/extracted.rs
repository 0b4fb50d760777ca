//! What CloudWatch Logs says of an event beside its message: the fields that a filter pattern extracted, and, in a
//! central account, the account and the region that the event comes from.

use std::collections::BTreeMap;

use memchr::memmem;
use serde_json::value::RawValue;

use crate::record::json::strict::without_lone_surrogates;
use crate::record::json::text;
use crate::record::payload::LogEvent;

/// The fields that [`Origin`] holds, and what their names begin with.
const ACCOUNT: &str = "@aws.account";
const REGION: &str = "@aws.region";
const SYSTEM: &[u8] = b"\"@aws.";

/// Where an event comes from, where it says so itself: log groups of a central account hold events of others.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Origin {
    /// The AWS account.
    pub(crate) account: Option<String>,
    /// The AWS region.
    pub(crate) region: Option<String>,
}

impl Origin {
    /// That of an event.
    pub(crate) fn of(event: &LogEvent<'_>) -> Self {
        let has_any = |fields: &&str| memmem::find(fields.as_bytes(), SYSTEM).is_some();
        let Some(fields) = event.extracted.filter(has_any) else { return Self::default() };
        let mut all = read(fields);
        let mut take = |name: &str| all.remove(name).filter(|value| !value.is_empty());
        Self { account: take(ACCOUNT), region: take(REGION) }
    }
}

/// The fields that the filter pattern extracted from an event, without those of its [`Origin`], in order of their
/// names. What is no text is given as JSON.
pub(crate) fn fields(event: &LogEvent<'_>) -> impl Iterator<Item = (String, String)> {
    let all = event.extracted.map(read).unwrap_or_default();
    all.into_iter().filter(|(name, _)| name != ACCOUNT && name != REGION)
}

fn read(fields: &str) -> BTreeMap<String, String> {
    let fields = without_lone_surrogates(fields);
    let all: BTreeMap<String, &RawValue> = serde_json::from_str(&fields).unwrap_or_default();
    let text = |value: &RawValue| match value.get() {
        "null" => None,
        json => Some(match json.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')) {
            Some(inside) => text::unescape(inside).into_owned(),
            None => json.to_owned(),
        }),
    };
    all.into_iter().filter_map(|(name, value)| Some((name, text(value)?))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(extracted: Option<&str>) -> LogEvent<'_> {
        LogEvent { id: "", timestamp: None, message: "", extracted }
    }

    #[test]
    fn origin_and_fields_are_told_apart() {
        let json = r#"{"@aws.account":"444455556666","@aws.region":"eu-central-1","user":"a\nb\ud800","n":1.50,"z":null,"":""}"#;
        let event = event(Some(json));
        let origin = Origin::of(&event);
        assert_eq!(origin.account.as_deref(), Some("444455556666"));
        assert_eq!(origin.region.as_deref(), Some("eu-central-1"));
        let fields: Vec<_> = fields(&event).collect();
        let expected = [("", ""), ("n", "1.50"), ("user", "a\nb\u{fffd}")];
        assert_eq!(fields, expected.map(|(name, value)| (name.to_owned(), value.to_owned())));
    }

    #[test]
    fn most_events_have_neither() {
        for extracted in
            [None, Some("{}"), Some(r#"{"@aws.account":null}"#), Some(r#"{"@aws.account":""}"#), Some("{")]
        {
            assert_eq!(Origin::of(&event(extracted)), Origin::default());
        }
        assert_eq!(fields(&event(Some(r#"{"@aws.account":"4"}"#))).count(), 0);
    }
}
