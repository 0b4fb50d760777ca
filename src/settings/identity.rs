//! Which stack a file is about, where what it says of log services cannot be read.

use toml::{Table, Value};

use super::contents::Contents;
use super::document::Document;
use super::read::read;
use crate::stack::Region;

/// The keys that say where logs go, and which.
const LOG_SERVICES: [&str; 6] =
    ["default_destination", "destinations", "routes", "routes_from", "hash_key", "subscriptions"];

/// The contents of a file without those of log services; none where the rest cannot be read either, or leaves open
/// which stack is meant.
pub(super) fn contents(document: &Document) -> Option<Contents> {
    let table = document.table()?;
    // A key behind the header of a section belongs to that section: `stack` may have slipped into one that is left out.
    let names_stack = |key: &str, value: &Value| match key {
        "stack" | "profile" => true,
        "region" => is_region(value),
        _ => false,
    };
    // What an environment says of them may have slipped, too, whatever the base says.
    for table in [Some(&table), document.overlay().as_ref()].into_iter().flatten() {
        let is_slip = |key: &str, value: &Value| !table.contains_key(key) && names_stack(key, value);
        let mut left_out = LOG_SERVICES.iter().filter_map(|key| table.get(*key));
        if left_out.any(|value| any_key(value, &is_slip)) {
            return None;
        }
    }
    let (contents, problems) = read(document, &LOG_SERVICES);
    problems.is_empty().then_some(contents)
}

/// The keys that say which stack is meant and stand only below the top of a file that can be read: in a table that
/// takes any key, such as `tags`. An environment has a top of its own.
pub(super) fn slipped(document: &Document) -> Vec<&'static str> {
    let mut found: Vec<&str> = Vec::new();
    for table in [document.table(), document.overlay()].into_iter().flatten() {
        found.extend(slipped_in(&table));
    }
    found.sort_unstable();
    found.dedup();
    found
}

fn slipped_in(table: &Table) -> Vec<&'static str> {
    let is = |wanted: &str, key: &str, value: &Value| {
        key == wanted && value.is_str() && (key != "region" || is_region(value))
    };
    let keys = ["stack", "region", "profile"].into_iter().filter(|key| !table.contains_key(*key));
    keys.filter(|wanted| table.values().any(|value| any_key(value, &|key, value| is(wanted, key, value))))
        .collect()
}

/// Whether a value is a region of AWS. Log services have regions, too.
fn is_region(value: &Value) -> bool {
    value.as_str().is_some_and(|region| region.parse::<Region>().is_ok())
}

/// Whether a key anywhere in a value, or the value behind it, is as asked for.
fn any_key(value: &Value, asked: &impl Fn(&str, &Value) -> bool) -> bool {
    match value {
        Value::Table(table) => table.iter().any(|(key, value)| asked(key, value) || any_key(value, asked)),
        Value::Array(values) => values.iter().any(|value| any_key(value, asked)),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use crate::settings::File;

    const GOOD: &str = "stack = \"blue\"\nregion = \"eu-west-1\"\nprofile = \"production\"\n";

    fn stack(text: &str) -> Option<(String, bool)> {
        let (file, mistake) = File::parse_stack(Path::new("cwl2le.toml"), text.to_owned(), None).ok()?;
        let name = file.stack().map_or_else(|| "default".to_owned(), ToString::to_string);
        Some((name, mistake.is_some()))
    }

    #[test]
    fn a_mistake_in_a_log_service_leaves_the_stack_known() {
        assert_eq!(stack(GOOD), Some(("blue".to_owned(), false)));
        for mistake in [
            "[destinations.app]\ntype = \"pigeon\"\n",
            "[destinations.app]\ntype = \"logentries\"\nregion = \"eu\"\ntokn = \"x\"\n",
            "[[routes]]\nlog_group = \"/a/*\"\ndestination = \"nobody\"\n",
            "default_destination = \"nobody\"\n",
            "[[subscriptions]]\nmach = [\"/a/*\"]\n",
        ] {
            assert!(File::parse(Path::new("cwl2le.toml"), format!("{GOOD}{mistake}")).is_err(), "{mistake}");
            assert_eq!(stack(&format!("{GOOD}{mistake}")), Some(("blue".to_owned(), true)), "{mistake}");
        }
    }

    /// Else a teardown would take down another stack than the one that is meant.
    #[test]
    fn a_mistake_that_may_hide_the_stack_is_an_error() {
        for text in [
            "stak = \"blue\"\n",
            "stack = \"No Name\"\n",
            "stack = \"blue\n",
            "[function]\nstack = \"blue\"\n",
            "[destinations.app]\ntype = \"pigeon\"\nstack = \"blue\"\n",
            "[destinations.app]\ntype = \"pigeon\"\nregion = \"eu-west-1\"\n",
            "[[routes]]\nlog_group = \"/a/*\"\nprofile = \"production\"\n",
        ] {
            assert_eq!(stack(text), None, "{text}");
        }
        let known = "stack = \"blue\"\nregion = \"eu-west-1\"\n[destinations.app]\ntype = \"pigeon\"\nregion = \"us-east-1\"\n";
        assert_eq!(stack(known), Some(("blue".to_owned(), true)));
    }
}
