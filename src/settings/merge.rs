//! Flags and environment over the file: what no flag gives is taken from the file, as if it had been a flag.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use super::contents::Contents;
use super::file::File;
use super::origin::{self, first, flag};
use super::roles::Resources;
use super::section::{Section, shown};
use super::wanted::Wanted;
use crate::resources::HeadRow;
use crate::stack::Tags;

/// The flags, filled up from the file, and where each setting comes from that was given. Destinations and
/// subscriptions are not flags, and stay in the file.
pub(super) fn with_file(args: &Wanted, file: Option<&File>) -> (Wanted, Vec<HeadRow>) {
    let none = Contents::default();
    let contents = file.map_or(&none, |file| &file.contents);
    let mut merge = Merge { file, given: Vec::new() };
    let merged = Wanted {
        stream: merge.section("stream", &args.stream, &args.stream.beside(contents.stream.clone())),
        function: merge.section("function", &args.function, &contents.function),
        trigger: merge.section("trigger", &args.trigger, &contents.trigger),
        cost: merge.section("cost", &args.cost, &contents.cost),
        accounts: merge.section("accounts", &args.accounts, &args.accounts.beside(contents.accounts.clone())),
        alarms: merge.section("alarms", &args.alarms, &args.alarms.beside(contents.alarms.clone())),
        dashboard: merge.section("dashboard", &args.dashboard, &contents.dashboard),
        member: merge.section("member", &args.member, &contents.member),
        resources: Resources {
            roles: merge.section("roles", &args.resources.roles, &contents.roles),
            tags: merge.tags(&args.resources.tags, contents),
        },
        ..args.clone()
    };
    (merged, merge.given)
}

struct Merge<'f> {
    file: Option<&'f File>,
    given: Vec<HeadRow>,
}

impl Merge<'_> {
    /// Takes each setting of a section from the first place that gives it.
    fn section<T: Section>(&mut self, name: &str, flags: &T, file: &T) -> T {
        let (mut of_flags, mut of_file) = (fields(flags), fields(file));
        let mut merged = Map::new();
        for key in T::keys() {
            let values = [of_flags.remove(*key), of_file.remove(*key)];
            let value = self.first(&T::flag(key), &format!("{name}.{key}"), values);
            merged.extend(value.map(|value| ((*key).to_owned(), value)));
        }
        T::of_fields(merged)
    }

    /// A setting of the first place that gives it: the flag, whose name it has, or the file at this path.
    fn first(&mut self, name: &str, path: &str, [of_flag, of_file]: [Option<Value>; 2]) -> Option<Value> {
        let places = [(flag(name), of_flag), (origin::file(self.file, path), of_file)];
        let shown = places.clone().map(|(origin, value)| (origin, value.as_ref().map(shown)));
        self.given.extend(origin::row(name, shown));
        first(places).map(|(value, _)| value)
    }

    /// The tags, in the order of their keys.
    fn tags(&mut self, flags: &[(String, String)], file: &Contents) -> Vec<(String, String)> {
        // The last flag of a key wins.
        let by_flag: Tags = flags.iter().cloned().collect();
        let keys: BTreeSet<&String> = by_flag.keys().chain(file.tags.keys()).collect();
        let of = |tags: &Tags, key: &String| tags.get(key).map(|value| Value::from(value.as_str()));
        let mut merged = Vec::new();
        for key in keys {
            let values = [of(&by_flag, key), of(&file.tags, key)];
            let value = self.first(&format!("tag {key}"), &format!("tags.{key}"), values);
            merged.extend(value.map(|value| (key.clone(), shown(&value))));
        }
        merged
    }
}

fn fields(section: &impl Section) -> Map<String, Value> {
    section.given().into_iter().map(|(key, value)| (key.to_owned(), value)).collect()
}
