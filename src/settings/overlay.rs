//! Lays an environment of the file, `[env.NAME]`, over the rest, before anything is read.

use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// The table that holds the environments.
pub(super) const KEY: &str = "env";

/// The tables of the file whose keys an environment gives one by one. Of any other key it gives the whole value.
const SECTIONS: [&str; 10] =
    ["stream", "function", "trigger", "cost", "accounts", "alarms", "dashboard", "member", "roles", "tags"];
/// The table whose entries are sections of their own.
const DESTINATIONS: &str = "destinations";

/// Keys that exclude each other, by the section that they are in: an environment that gives one hides the others of the
/// base.
const EITHER: [(&str, [&str; 2]); 5] = [
    ("", ["routes", "routes_from"]),
    ("stream", ["shards", "on_demand"]),
    ("accounts", ["accept", "organization"]),
    ("alarms", ["notify", "email"]),
    (DESTINATIONS, ["region", "endpoint"]),
];

/// The names of the environments of a file, in order.
pub(super) fn names(tree: &DeTable<'_>) -> Vec<String> {
    let environments = tree.get(KEY).and_then(|value| table(value));
    environments.into_iter().flat_map(|all| all.keys()).map(|name| name.get_ref().to_string()).collect()
}

/// Takes the environments out of a file and lays one of them over the rest, if one is chosen.
pub(super) fn lay_over(tree: &mut DeTable<'_>, chosen: Option<&str>) {
    let Some(environments) = tree.remove(KEY) else { return };
    let DeValue::Table(mut environments) = environments.into_inner() else { return };
    let over = chosen.and_then(|name| environments.remove(name)).map(Spanned::into_inner);
    let Some(DeValue::Table(over)) = over else { return };
    hide(tree, &over, "");
    for (key, value) in over {
        let name = key.get_ref().to_string();
        match (tree.get_mut(name.as_str()).map(Spanned::get_mut), value.get_ref()) {
            // An environment has none of its own.
            _ if name == KEY => {}
            (Some(DeValue::Table(base)), DeValue::Table(_)) if SECTIONS.contains(&name.as_str()) => {
                add_keys(base, value.into_inner(), &name);
            }
            (Some(DeValue::Table(base)), DeValue::Table(_)) if name == DESTINATIONS => {
                add_destinations(base, value.into_inner());
            }
            _ => replace(tree, key, value),
        }
    }
}

/// A destination that says its type takes the place of the one in the base: the keys of another type are others.
fn add_destinations<'i>(base: &mut DeTable<'i>, over: DeValue<'i>) {
    let DeValue::Table(over) = over else { return };
    for (name, value) in over {
        let has_type = table(&value).is_none_or(|keys| keys.contains_key("type"));
        match base.get_mut(&**name.get_ref()).map(Spanned::get_mut) {
            Some(DeValue::Table(base)) if !has_type => add_keys(base, value.into_inner(), DESTINATIONS),
            _ => replace(base, name, value),
        }
    }
}

fn add_keys<'i>(base: &mut DeTable<'i>, over: DeValue<'i>, section: &str) {
    let DeValue::Table(over) = over else { return };
    hide(base, &over, section);
    over.into_iter().for_each(|(key, value)| replace(base, key, value));
}

/// Removes from the base what a key of the environment excludes.
fn hide(base: &mut DeTable<'_>, over: &DeTable<'_>, section: &str) {
    for (_, keys) in EITHER.iter().filter(|(of, _)| *of == section) {
        if keys.iter().any(|key| over.contains_key(*key)) {
            keys.iter().for_each(|key| drop(base.remove(*key)));
        }
    }
}

/// Inserts an entry together with its key, which knows its place.
fn replace<'i>(
    table: &mut DeTable<'i>,
    key: Spanned<std::borrow::Cow<'i, str>>,
    value: Spanned<DeValue<'i>>,
) {
    table.remove(&**key.get_ref());
    table.insert(key, value);
}

/// A value as a table, where it is one.
pub(super) fn table<'a, 'i>(value: &'a Spanned<DeValue<'i>>) -> Option<&'a DeTable<'i>> {
    match value.get_ref() {
        DeValue::Table(table) => Some(table),
        _ => None,
    }
}
