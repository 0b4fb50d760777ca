//! What a user can read of the sources: the string literals, and the comments that clap and the schema show.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use proc_macro2::{Delimiter, TokenStream, TokenTree};
use syn::visit::{self, Visit};

use super::pages::root;

/// Attributes with text that a user reads.
const SHOWN: [&str; 5] = ["command", "arg", "value", "error", "schemars"];

/// The texts of all sources of the program and the forwarder, each with its file; without those of tests.
pub(crate) static SOURCES: LazyLock<Vec<(String, Vec<String>)>> = LazyLock::new(of_sources);

fn of_sources() -> Vec<(String, Vec<String>)> {
    let mut files = Vec::new();
    for folder in ["src", "forwarder/src"] {
        collect(&root().join(folder), &mut files);
    }
    files.sort();
    let named = |path: PathBuf| {
        let text = fs::read_to_string(&path).expect("a source");
        let name =
            path.strip_prefix(root()).expect("below the root").to_str().expect("a name").replace('\\', "/");
        let texts = if name.ends_with(".rs") { of_rust(&text) } else { vec![text] };
        (name, texts)
    };
    files.into_iter().map(named).collect()
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        let name = path.file_name().and_then(|name| name.to_str()).expect("a name");
        if path.is_dir() {
            if !["tests", "snapshots", "proptest-regressions"].contains(&name) {
                collect(&path, files);
            }
        } else if name.ends_with(".toml") || name.ends_with(".rs") && !name.ends_with("tests.rs") {
            files.push(path);
        }
    }
}

/// The texts of one Rust source.
fn of_rust(source: &str) -> Vec<String> {
    let mut texts = Vec::new();
    strings(source.parse().expect("Rust"), &mut texts);
    Comments(&mut texts).visit_file(&syn::parse_file(source).expect("Rust"));
    texts
}

/// Every string literal but those of tests, comments and attributes that nobody sees.
fn strings(tokens: TokenStream, texts: &mut Vec<String>) {
    let mut tokens = tokens.into_iter().peekable();
    while let Some(token) = tokens.next() {
        match token {
            TokenTree::Punct(punct) if punct.as_char() == '#' => {
                // The `!` of an inner attribute.
                if matches!(tokens.peek(), Some(TokenTree::Punct(_))) {
                    tokens.next();
                }
                let attribute = match tokens.next() {
                    Some(TokenTree::Group(group)) if group.delimiter() == Delimiter::Bracket => {
                        group.stream()
                    }
                    _ => continue,
                };
                let name =
                    attribute.clone().into_iter().next().map(|name| name.to_string()).unwrap_or_default();
                if SHOWN.contains(&name.as_str()) {
                    strings(attribute, texts);
                } else if attribute.to_string().replace(' ', "") == "cfg(test)" {
                    skip_item(&mut tokens);
                }
            }
            TokenTree::Group(group) => strings(group.stream(), texts),
            TokenTree::Literal(literal) => {
                if let Ok(syn::Lit::Str(text)) = syn::parse_str(&literal.to_string()) {
                    texts.push(text.value());
                }
            }
            TokenTree::Punct(_) | TokenTree::Ident(_) => {}
        }
    }
}

/// Passes over an item: up to its braces or its semicolon.
fn skip_item(tokens: &mut impl Iterator<Item = TokenTree>) {
    for token in tokens {
        match token {
            TokenTree::Group(group) if group.delimiter() == Delimiter::Brace => return,
            TokenTree::Punct(punct) if punct.as_char() == ';' => return,
            _ => {}
        }
    }
}

/// The comments of what clap or the schema describes.
struct Comments<'t>(&'t mut Vec<String>);

impl Comments<'_> {
    fn take(&mut self, attributes: &[syn::Attribute]) {
        let texts =
            attributes.iter().filter(|attribute| attribute.path().is_ident("doc")).filter_map(|attribute| {
                let syn::Meta::NameValue(value) = &attribute.meta else { return None };
                let syn::Expr::Lit(literal) = &value.value else { return None };
                let syn::Lit::Str(text) = &literal.lit else { return None };
                Some(text.value().trim().to_owned())
            });
        self.0.push(texts.collect::<Vec<_>>().join(" "));
    }
}

/// Whether a derive turns the comments into help or into the description of a setting.
fn is_shown(attributes: &[syn::Attribute]) -> bool {
    let derives = attributes.iter().filter(|attribute| attribute.path().is_ident("derive"));
    let mut names = derives.filter_map(|attribute| match &attribute.meta {
        syn::Meta::List(list) => Some(list.tokens.to_string()),
        _ => None,
    });
    names.any(|names| {
        ["Args", "Parser", "Subcommand", "ValueEnum", "JsonSchema"].iter().any(|name| names.contains(name))
    })
}

impl<'a> Visit<'a> for Comments<'_> {
    fn visit_item_struct(&mut self, item: &'a syn::ItemStruct) {
        if is_shown(&item.attrs) {
            self.take(&item.attrs);
            item.fields.iter().for_each(|field| self.take(&field.attrs));
        }
        visit::visit_item_struct(self, item);
    }

    fn visit_item_enum(&mut self, item: &'a syn::ItemEnum) {
        if is_shown(&item.attrs) {
            self.take(&item.attrs);
            item.variants.iter().for_each(|variant| self.take(&variant.attrs));
        }
        visit::visit_item_enum(self, item);
    }
}

#[test]
fn literals_and_help_are_texts_and_comments_and_tests_are_not() {
    let source = r#"
        //! Inner.
        /// Shown.
        #[derive(Debug, clap::Args)]
        struct Flags {
            /// Help.
            #[arg(long, help = "attribute")]
            #[expect(dead_code, reason = "a reason")]
            flag: bool,
        }
        /// Hidden.
        fn f() { println!("text {}", "inside"); }
        #[cfg(test)]
        mod tests { const T: &str = "test"; }
        const AFTER: &str = "after";
    "#;
    let mut texts = of_rust(source);
    texts.sort();
    assert_eq!(texts, ["Help.", "Shown.", "after", "attribute", "inside", "text {}"]);
}
