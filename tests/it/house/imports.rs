//! Which file imports which: every path of every file, in `use` items, in code and in the arguments of macros.

use std::collections::{BTreeMap, BTreeSet};

use proc_macro2::{TokenStream, TokenTree};
use syn::visit::{self, Visit};
use syn::{Attribute, Block, ImplItem, Item, ItemMacro, ItemUse, Macro, Meta, Path, Stmt};

use super::resolve::Target;
use super::tree::{self, File, Id, Segments, Tree};

/// What the files of some crates import.
#[derive(Debug, Default)]
pub(crate) struct Imports {
    /// From a file to a file, with the names.
    pub(crate) files: BTreeMap<File, BTreeMap<File, BTreeSet<String>>>,
    /// From a file to other packages and the standard library.
    pub(crate) foreign: BTreeMap<File, BTreeSet<String>>,
    /// Paths into the own crate that lead nowhere, with their files: the reader of paths is to blame.
    pub(crate) lost: BTreeSet<String>,
}

impl Imports {
    /// The imports of all modules of a tree.
    pub(crate) fn of(tree: &Tree) -> Self {
        let mut imports = Self::default();
        for (id, module) in tree.modules.iter().enumerate() {
            imports.files.entry(module.file.clone()).or_default();
            let mut reader = Reader { tree, module: id, imports: &mut imports, blocks: Vec::new() };
            for item in &module.items {
                reader.visit_item(item);
            }
        }
        imports
    }
}

/// Reads the paths of one module.
struct Reader<'a> {
    tree: &'a Tree,
    module: Id,
    imports: &'a mut Imports,
    /// What the `use` items of the blocks around bind.
    blocks: Vec<Vec<(String, Segments)>>,
}

impl Reader<'_> {
    fn take(&mut self, path: &[String]) {
        let path = self.without_blocks(path);
        let file = &self.tree.modules[self.module].file;
        let targets = self.tree.resolve(self.module, &path);
        let text = path.join("::");
        if targets.is_empty() {
            self.imports.lost.insert(format!("{file}: {text}"));
        }
        for target in targets {
            match target {
                Target::Module(_) => {}
                Target::Item(other) if other == *file => {}
                Target::Item(other) => {
                    let name = path.last().cloned().unwrap_or_default();
                    self.imports
                        .files
                        .entry(file.clone())
                        .or_default()
                        .entry(other)
                        .or_default()
                        .insert(name);
                }
                Target::Foreign(path) => {
                    self.imports.foreign.entry(file.clone()).or_default().insert(path.join("::"));
                }
            }
        }
    }

    /// A path with what the blocks around bind to its first segment.
    fn without_blocks(&self, path: &[String]) -> Segments {
        let bound = path.first().and_then(|first| {
            self.blocks
                .iter()
                .rev()
                .flatten()
                .find(|(name, bound)| name == first && bound.first() != Some(first))
        });
        match bound {
            Some((_, bound)) => [bound.as_slice(), &path[1..]].concat(),
            None => path.to_vec(),
        }
    }

    /// A macro by its name alone is one that `macro_rules!` declares somewhere in the crate.
    fn take_macro(&mut self, path: &Path) {
        let file = &self.tree.modules[self.module].file;
        if let Some(name) = path.get_ident()
            && let Some(module) = self.tree.macros.get(&name.to_string())
            && self.tree.modules[*module].file != *file
        {
            let other = self.tree.modules[*module].file.clone();
            let names = self.imports.files.entry(file.clone()).or_default().entry(other).or_default();
            names.insert(format!("{name}!"));
        }
    }

    /// The paths in tokens that nobody has parsed. Of the body of a `macro_rules!`, only those that begin with `crate`
    /// mean the same wherever it is used.
    fn take_tokens(&mut self, tokens: TokenStream, is_body: bool) {
        let mut path: Segments = Vec::new();
        let mut colons = 0;
        let mut dollar = false;
        for token in tokens {
            match token {
                TokenTree::Ident(ident) => {
                    if colons != 2 || path.is_empty() {
                        self.end_path(&mut path, is_body);
                        let name = ident.to_string();
                        if dollar && name != "crate" {
                            path.clear();
                        } else {
                            path.push(name);
                        }
                    } else {
                        path.push(ident.to_string());
                    }
                    (colons, dollar) = (0, false);
                }
                TokenTree::Punct(punct) if punct.as_char() == ':' => colons += 1,
                TokenTree::Group(group) => {
                    self.end_path(&mut path, is_body);
                    (colons, dollar) = (0, false);
                    self.take_tokens(group.stream(), is_body);
                }
                other => {
                    self.end_path(&mut path, is_body);
                    colons = 0;
                    dollar = matches!(&other, TokenTree::Punct(punct) if punct.as_char() == '$');
                }
            }
        }
        self.end_path(&mut path, is_body);
    }

    fn end_path(&mut self, path: &mut Segments, is_body: bool) {
        let path = std::mem::take(path);
        if path.len() > 1 && (!is_body || path[0] == "crate") {
            self.take(&path);
        }
    }

    /// `#[serde(with = "path")]` names a path in a text.
    fn take_serde(&mut self, tokens: TokenStream) {
        for token in tokens {
            if let TokenTree::Literal(literal) = token
                && let Ok(text) = syn::parse_str::<syn::LitStr>(&literal.to_string())
                && let Some(path) = tree::path_in_text(&text.value())
                && path.len() > 1
            {
                self.take(&path);
            }
        }
    }
}

impl<'ast> Visit<'ast> for Reader<'_> {
    fn visit_item(&mut self, item: &'ast Item) {
        if !tree::is_test(tree::attributes(item)) {
            visit::visit_item(self, item);
        }
    }

    fn visit_impl_item(&mut self, item: &'ast ImplItem) {
        let is_test = match item {
            ImplItem::Fn(item) => tree::is_test(&item.attrs),
            ImplItem::Const(item) => tree::is_test(&item.attrs),
            _ => false,
        };
        if !is_test {
            visit::visit_impl_item(self, item);
        }
    }

    fn visit_item_use(&mut self, item: &'ast ItemUse) {
        let (mut uses, mut globs) = (Vec::new(), Vec::new());
        tree::bind(item, &mut uses, &mut globs);
        for (_, path) in uses {
            self.take(&path);
        }
        for path in globs {
            // The names that are used are found where they are used, unless that is in the arguments of a macro.
            let targets = self.tree.resolve(self.module, &path);
            let declares = |module: &Id| !self.tree.modules[*module].declared.is_empty();
            if targets.iter().any(|target| matches!(target, Target::Module(module) if declares(module))) {
                let Some(Target::Module(module)) = targets.into_iter().next() else { continue };
                let name = self.tree.modules[module].declared.first().cloned().unwrap_or_default();
                self.take(&[path, vec![name]].concat());
            } else {
                self.take(&path);
            }
        }
    }

    fn visit_block(&mut self, block: &'ast Block) {
        let mut bound = Vec::new();
        for statement in &block.stmts {
            if let Stmt::Item(Item::Use(item)) = statement {
                tree::bind(item, &mut bound, &mut Vec::new());
            }
        }
        self.blocks.push(bound);
        visit::visit_block(self, block);
        self.blocks.pop();
    }

    fn visit_path(&mut self, path: &'ast Path) {
        let mut segments: Segments = path.segments.iter().map(|segment| segment.ident.to_string()).collect();
        if path.leading_colon.is_some() {
            segments.insert(0, String::new());
        }
        self.take(&segments);
        visit::visit_path(self, path);
    }

    fn visit_macro(&mut self, invoked: &'ast Macro) {
        self.take_macro(&invoked.path);
        if invoked.path.segments.len() > 1 {
            self.visit_path(&invoked.path);
        }
        self.take_tokens(invoked.tokens.clone(), false);
    }

    fn visit_item_macro(&mut self, item: &'ast ItemMacro) {
        match item.ident {
            Some(_) => self.take_tokens(item.mac.tokens.clone(), true),
            None => self.visit_macro(&item.mac),
        }
    }

    fn visit_attribute(&mut self, attribute: &'ast Attribute) {
        if let Meta::List(list) = &attribute.meta {
            self.take_tokens(list.tokens.clone(), false);
            if list.path.is_ident("serde") {
                self.take_serde(list.tokens.clone());
            }
        }
    }
}
