//! What a path in the source names: the rules of the compiler, as far as they concern modules.

use std::collections::BTreeSet;

use super::tree::{File, Id, Segments, Tree};

/// What a path names.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Target {
    /// A module itself.
    Module(Id),
    /// An item that this file declares, or something within such an item.
    Item(File),
    /// Something of the standard library or another package, by its whole path.
    Foreign(Segments),
}

impl Tree {
    /// What a path in a module names, through every `pub use` to the file that declares it. A name may stand for a
    /// module and a function at once. Nothing where the path leads nowhere.
    pub(crate) fn resolve(&self, module: Id, path: &[String]) -> BTreeSet<Target> {
        self.resolve_from(module, path, &mut BTreeSet::new())
    }

    /// `seen` holds the names that are being looked up, so that a `use` does not find itself.
    fn resolve_from(
        &self,
        module: Id,
        path: &[String],
        seen: &mut BTreeSet<(Id, String)>,
    ) -> BTreeSet<Target> {
        let Some((first, rest)) = path.split_first() else {
            return BTreeSet::from([Target::Module(module)]);
        };
        let start = match first.as_str() {
            "crate" => BTreeSet::from([Target::Module(self.modules[module].root)]),
            "self" => BTreeSet::from([Target::Module(module)]),
            "super" => BTreeSet::from([Target::Module(self.modules[module].parent.unwrap_or(module))]),
            "" => BTreeSet::new(),
            name => self.look_up(module, name, rest.is_empty(), seen),
        };
        if start.is_empty() {
            let (first, rest) = if first.is_empty() {
                match rest.split_first() {
                    Some(parts) => parts,
                    None => return BTreeSet::new(),
                }
            } else {
                (first, rest)
            };
            return match self.libraries.get(first) {
                Some(library) => self.within(*library, rest, seen),
                None => BTreeSet::from([Target::Foreign([std::slice::from_ref(first), rest].concat())]),
            };
        }
        self.follow(start, rest, seen)
    }

    /// Goes on from what the first segment names.
    fn follow(
        &self,
        start: BTreeSet<Target>,
        rest: &[String],
        seen: &mut BTreeSet<(Id, String)>,
    ) -> BTreeSet<Target> {
        start
            .into_iter()
            .flat_map(|target| match target {
                Target::Module(module) => self.within(module, rest, seen),
                Target::Foreign(path) => BTreeSet::from([Target::Foreign([&path, rest].concat())]),
                item @ Target::Item(_) => BTreeSet::from([item]),
            })
            .collect()
    }

    /// What the rest of a path names in the module that its beginning names.
    fn within(&self, module: Id, path: &[String], seen: &mut BTreeSet<(Id, String)>) -> BTreeSet<Target> {
        let Some((first, rest)) = path.split_first() else {
            return BTreeSet::from([Target::Module(module)]);
        };
        if first == "super" || first == "self" {
            return self.resolve_from(module, path, seen);
        }
        let found = self.look_up(module, first, rest.is_empty(), seen);
        if found.is_empty() && self.modules[module].is_opaque {
            return BTreeSet::from([Target::Item(self.modules[module].file.clone())]);
        }
        self.follow(found, rest, seen)
    }

    /// What one name stands for in a module. Unless it is the last of its path, a module goes before an item.
    fn look_up(
        &self,
        id: Id,
        name: &str,
        is_last: bool,
        seen: &mut BTreeSet<(Id, String)>,
    ) -> BTreeSet<Target> {
        let module = &self.modules[id];
        let mut found = BTreeSet::new();
        if let Some(child) = module.children.get(name) {
            found.insert(Target::Module(*child));
            if !is_last {
                return found;
            }
        }
        if module.declared.contains(name) {
            found.insert(Target::Item(module.file.clone()));
        }
        if !seen.insert((id, name.to_owned())) {
            return found;
        }
        for (_, path) in module.uses.iter().filter(|(bound, _)| bound == name) {
            found.extend(self.resolve_from(id, path, seen));
        }
        if found.is_empty() {
            for path in &module.globs {
                for target in self.resolve_from(id, path, seen) {
                    if let Target::Module(other) = target {
                        found.extend(self.look_up(other, name, is_last, seen));
                    }
                }
            }
        }
        seen.remove(&(id, name.to_owned()));
        if !is_last && found.iter().any(|target| matches!(target, Target::Module(_))) {
            found.retain(|target| matches!(target, Target::Module(_)));
        }
        found
    }
}
