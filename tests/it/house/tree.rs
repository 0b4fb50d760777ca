//! The modules of a crate, read from its sources as the compiler would, without what is only for tests.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Component, Path, PathBuf};

use syn::parse::Parser;
use syn::punctuated::Punctuated;
use syn::{Attribute, Expr, ExprLit, Item, ItemMod, ItemUse, Lit, Meta, Token, UseTree};

/// A module, by its place in [`Tree::modules`].
pub(crate) type Id = usize;

/// A source file, by its path from the root of the repository.
pub(crate) type File = String;

/// The segments of a path in the source, such as `["super", "names", "Names"]`.
pub(crate) type Segments = Vec<String>;

/// One module with what can be named in it.
#[derive(Default)]
pub(crate) struct Module {
    /// The file it stands in.
    pub(crate) file: File,
    /// The module around it; `None` for the root of a crate.
    pub(crate) parent: Option<Id>,
    /// The root of its crate.
    pub(crate) root: Id,
    /// The modules it declares.
    pub(crate) children: BTreeMap<String, Id>,
    /// The names of all other items it declares.
    pub(crate) declared: BTreeSet<String>,
    /// What its `use` items bind: a name, and the path it stands for.
    pub(crate) uses: Vec<(String, Segments)>,
    /// The paths of its glob imports.
    pub(crate) globs: Vec<Segments>,
    /// Whether a macro or an `include!` may declare items that its text does not show.
    pub(crate) is_opaque: bool,
    /// Its items, apart from the modules in files of their own and the tests.
    pub(crate) items: Vec<Item>,
}

/// All modules of the crates that were read.
#[derive(Default)]
pub(crate) struct Tree {
    /// The folder that the paths of files start from.
    pub(crate) base: PathBuf,
    pub(crate) modules: Vec<Module>,
    /// The roots of libraries by the name that other crates use.
    pub(crate) libraries: BTreeMap<String, Id>,
    /// The module that declares a macro by `macro_rules!`.
    pub(crate) macros: BTreeMap<String, Id>,
    /// `#[path]` attributes, each as `file: path`.
    pub(crate) paths: Vec<String>,
    /// Files that only tests see.
    test_files: BTreeSet<File>,
}

impl Tree {
    /// A tree without modules; the paths of files start from `base`.
    pub(crate) fn new(base: &Path) -> Self {
        Self { base: base.to_owned(), ..Self::default() }
    }

    /// Reads the crate whose root is `file`; `library` is its name in the paths of other crates.
    pub(crate) fn read_crate(&mut self, file: &str, library: Option<&str>) {
        let id = self.add(file.to_owned(), None);
        self.modules[id].root = id;
        if let Some(name) = library {
            self.libraries.insert(name.to_owned(), id);
        }
        let folder = Path::new(file).parent().expect("in a folder").to_owned();
        self.read_file(id, &folder);
        self.adopt(id, &folder);
    }

    fn add(&mut self, file: File, parent: Option<Id>) -> Id {
        let id = self.modules.len();
        let root = parent.map_or(id, |parent| self.modules[parent].root);
        self.modules.push(Module { file, parent, root, ..Module::default() });
        id
    }

    /// Reads the file of a module; its children are in `folder`.
    fn read_file(&mut self, id: Id, folder: &Path) {
        let path = self.base.join(&self.modules[id].file);
        let text = fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
        let file = syn::parse_file(&text).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
        self.read_items(id, folder, file.items);
    }

    fn read_items(&mut self, id: Id, folder: &Path, items: Vec<Item>) {
        for item in items {
            let is_test = is_test(attributes(&item));
            match item {
                Item::Mod(module) => self.read_mod(id, folder, module, is_test),
                _ if is_test => {}
                item => {
                    self.declare(id, &item);
                    self.modules[id].items.push(item);
                }
            }
        }
    }

    fn read_mod(&mut self, id: Id, folder: &Path, module: ItemMod, is_test: bool) {
        let name = module.ident.to_string();
        let below = folder.join(&name);
        let at_path = path_attribute(&module.attrs);
        if let Some(path) = &at_path {
            self.paths.push(format!("{}: {path}", self.modules[id].file));
        }
        if let Some((_, items)) = module.content {
            if !is_test {
                let child = self.add(self.modules[id].file.clone(), Some(id));
                self.modules[id].children.insert(name, child);
                self.read_items(child, &below, items);
            }
            return;
        }
        let (file, below) = match at_path {
            // Relative to the folder of the file, unlike the name.
            Some(path) => {
                let own = Path::new(&self.modules[id].file).parent().expect("in a folder");
                let file = normal(&own.join(path));
                let below = file.parent().expect("in a folder").to_owned();
                (file, below)
            }
            None => self.file_of(&below),
        };
        let file = name_of(&file);
        if is_test {
            self.test_files.insert(file);
            return;
        }
        let child = self.add(file, Some(id));
        self.modules[id].children.insert(name, child);
        self.read_file(child, &below);
    }

    /// The file of a module without `#[path]`, and the folder of its children.
    fn file_of(&self, module: &Path) -> (PathBuf, PathBuf) {
        let alone = module.with_extension("rs");
        let file = if self.base.join(&alone).is_file() { alone } else { module.join("mod.rs") };
        (file, module.to_owned())
    }

    /// Adds what a macro declares by `mod`: the files beside a module that nothing else has read.
    fn adopt(&mut self, root: Id, folder: &Path) {
        let mut parents = BTreeMap::new();
        for (id, module) in self.modules.iter().enumerate().filter(|(_, module)| module.root == root) {
            let file = Path::new(&module.file);
            if file.ends_with("mod.rs") || id == root {
                parents.insert(file.parent().expect("in a folder").to_owned(), id);
            } else {
                parents.entry(file.with_extension("")).or_insert(id);
            }
        }
        let read: BTreeSet<&str> = self.modules.iter().map(|module| module.file.as_str()).collect();
        let left: Vec<(File, Id)> = sources(&self.base, folder)
            .into_iter()
            .filter(|file| !read.contains(file.as_str()) && !self.test_files.contains(file))
            .filter_map(|file| parents.get(Path::new(&file).parent()?).map(|parent| (file.clone(), *parent)))
            .filter(|(_, parent)| self.modules[*parent].is_opaque)
            .collect();
        for (file, parent) in left {
            let below = Path::new(&file).with_extension("");
            let name = below.file_name().expect("a name").to_string_lossy().into_owned();
            let child = self.add(file, Some(parent));
            self.modules[parent].children.insert(name, child);
            self.read_file(child, &below);
        }
    }

    fn declare(&mut self, id: Id, item: &Item) {
        let module = &mut self.modules[id];
        let name = match item {
            Item::Const(item) => &item.ident,
            Item::Enum(item) => &item.ident,
            Item::Fn(item) => &item.sig.ident,
            Item::Static(item) => &item.ident,
            Item::Struct(item) => &item.ident,
            Item::Trait(item) => &item.ident,
            Item::TraitAlias(item) => &item.ident,
            Item::Type(item) => &item.ident,
            Item::Union(item) => &item.ident,
            Item::Use(item) => {
                bind(item, &mut module.uses, &mut module.globs);
                return;
            }
            Item::Macro(item) => {
                match &item.ident {
                    Some(name) => drop(self.macros.insert(name.to_string(), id)),
                    None => module.is_opaque = true,
                }
                return;
            }
            _ => return,
        };
        module.declared.insert(name.to_string());
    }
}

/// Adds what a `use` item binds.
pub(crate) fn bind(item: &ItemUse, uses: &mut Vec<(String, Segments)>, globs: &mut Vec<Segments>) {
    let start = if item.leading_colon.is_some() { vec![String::new()] } else { Vec::new() };
    bind_tree(&item.tree, start, uses, globs);
}

fn bind_tree(
    tree: &UseTree,
    mut before: Segments,
    uses: &mut Vec<(String, Segments)>,
    globs: &mut Vec<Segments>,
) {
    match tree {
        UseTree::Path(path) => {
            before.push(path.ident.to_string());
            bind_tree(&path.tree, before, uses, globs);
        }
        UseTree::Name(name) => {
            // `use names::{self}` binds `names`.
            if name.ident != "self" {
                before.push(name.ident.to_string());
            }
            let name = before.last().expect("`use self` is no Rust").clone();
            uses.push((name, before));
        }
        UseTree::Rename(rename) => {
            if rename.ident != "self" {
                before.push(rename.ident.to_string());
            }
            uses.push((rename.rename.to_string(), before));
        }
        UseTree::Glob(_) => globs.push(before),
        UseTree::Group(group) => {
            for tree in &group.items {
                bind_tree(tree, before.clone(), uses, globs);
            }
        }
    }
}

/// Whether an item is compiled for tests only.
pub(crate) fn is_test(attributes: &[Attribute]) -> bool {
    attributes.iter().any(|attribute| match &attribute.meta {
        Meta::List(list) if list.path.is_ident("cfg") => {
            list.parse_args::<Meta>().is_ok_and(|condition| holds_outside_tests(&condition) == Some(false))
        }
        _ => false,
    })
}

/// Whether a condition of `cfg` holds where `test` does not; `None` if that depends on something else.
fn holds_outside_tests(condition: &Meta) -> Option<bool> {
    let Meta::List(list) = condition else {
        return condition.path().is_ident("test").then_some(false);
    };
    let parts = list.parse_args_with(Punctuated::<Meta, Token![,]>::parse_terminated).ok()?;
    let parts: Vec<Option<bool>> = parts.iter().map(holds_outside_tests).collect();
    if list.path.is_ident("not") {
        parts.first().copied().flatten().map(|holds| !holds)
    } else if list.path.is_ident("all") {
        if parts.contains(&Some(false)) { Some(false) } else { None }
    } else if list.path.is_ident("any") {
        if parts.iter().all(|part| *part == Some(false)) { Some(false) } else { None }
    } else {
        None
    }
}

fn path_attribute(attributes: &[Attribute]) -> Option<String> {
    attributes.iter().find_map(|attribute| match &attribute.meta {
        Meta::NameValue(pair) if pair.path.is_ident("path") => match &pair.value {
            Expr::Lit(ExprLit { lit: Lit::Str(path), .. }) => Some(path.value()),
            _ => None,
        },
        _ => None,
    })
}

/// The attributes of an item.
pub(crate) fn attributes(item: &Item) -> &[Attribute] {
    match item {
        Item::Const(item) => &item.attrs,
        Item::Enum(item) => &item.attrs,
        Item::ExternCrate(item) => &item.attrs,
        Item::Fn(item) => &item.attrs,
        Item::Impl(item) => &item.attrs,
        Item::Macro(item) => &item.attrs,
        Item::Mod(item) => &item.attrs,
        Item::Static(item) => &item.attrs,
        Item::Struct(item) => &item.attrs,
        Item::Trait(item) => &item.attrs,
        Item::Type(item) => &item.attrs,
        Item::Union(item) => &item.attrs,
        Item::Use(item) => &item.attrs,
        _ => &[],
    }
}

/// All Rust files in a folder and below it.
pub(crate) fn sources(base: &Path, folder: &Path) -> Vec<File> {
    let mut files = Vec::new();
    let entries = fs::read_dir(base.join(folder)).unwrap_or_else(|e| panic!("{}: {e}", folder.display()));
    for entry in entries {
        let path = folder.join(entry.expect("an entry").file_name());
        if base.join(&path).is_dir() {
            files.extend(sources(base, &path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(name_of(&path));
        }
    }
    files
}

/// A path with `/` between its parts on every system.
fn name_of(path: &Path) -> File {
    let parts: Vec<_> = path.components().map(|part| part.as_os_str().to_string_lossy()).collect();
    parts.join("/")
}

/// A path without `..`.
fn normal(path: &Path) -> PathBuf {
    let mut normal = PathBuf::new();
    for part in path.components() {
        match part {
            Component::ParentDir => drop(normal.pop()),
            part => normal.push(part),
        }
    }
    normal
}

/// Parses what stands in the attribute `serde` for the paths of functions.
pub(crate) fn path_in_text(text: &str) -> Option<Segments> {
    let path = syn::Path::parse_mod_style.parse_str(text).ok()?;
    Some(path.segments.iter().map(|segment| segment.ident.to_string()).collect())
}
