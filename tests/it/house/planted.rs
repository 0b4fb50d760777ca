//! Small crates with and without faults: they prove that the checks can fail, and when they must not.

use std::fs;

use super::circles::circles;
use super::imports::Imports;
use super::rules;
use super::tree::Tree;

/// Reads a library of these files; each is a path below `src/` and its text.
fn read(files: &[(&str, &str)]) -> Tree {
    let folder = tempfile::tempdir().expect("a folder");
    for (name, text) in files {
        let path = folder.path().join("src").join(name);
        fs::create_dir_all(path.parent().expect("a parent")).expect("a folder");
        fs::write(path, text).expect("a file");
    }
    let mut tree = Tree::new(folder.path());
    tree.read_crate("src/lib.rs", Some("planted"));
    tree
}

/// The circles of a library, and no path that cannot be followed.
fn circles_of(files: &[(&str, &str)]) -> Vec<String> {
    let imports = Imports::of(&read(files));
    assert_eq!(imports.lost.len(), 0, "{:?}", imports.lost);
    circles(&imports.files)
}

/// Two files of which `a.rs` imports `b.rs` by `use`, and `b.rs` has this text.
fn with_b(b: &str) -> Vec<String> {
    circles_of(&[
        ("lib.rs", "mod a; mod b; mod c;"),
        ("a.rs", "use crate::b::B;\npub struct A;\nmacro_rules! make { () => {} }\nfn f(_: B) {}"),
        ("b.rs", b),
        ("c.rs", "pub use crate::a::A as Renamed;\npub use crate::a;"),
    ])
}

#[test]
fn two_files_that_import_each_other_are_a_circle_however_they_do_it() {
    for import in [
        "use crate::a::A;",
        "use super::a::A;",
        "use self::super::a::A;",
        "use crate::{a::{self, A}};",
        "use crate::a::A as Other;",
        "use crate::a::*;",
        "use crate::c::Renamed;",
        "use crate::c::a::A;",
        "use crate::c; fn f(_: c::Renamed) {}",
        "use super::*; fn f(_: a::A) {}",
        "fn f() -> Vec<crate::a::A> { Vec::new() }",
        "fn f() { crate::a::A::new() }",
        "fn f() { use crate::a; a::A::new() }",
        "fn f() { assert!(g(vec![super::a::A::new()])) }",
        "fn f() { make!(); }",
        "macro_rules! b { () => { $crate::a::A } }",
        "#[derive(Serialize)] struct C { #[serde(with = \"crate::a::A\")] c: u8 }",
        "mod inner { use super::super::a::A; }",
        "impl crate::a::A { }",
        "pub struct C; impl Drop for C { fn drop(&mut self) { <crate::a::A>::new() } }",
    ] {
        let found = with_b(&format!("pub struct B;\n{import}"));
        assert_eq!(found.len(), 1, "{import}: {found:?}");
        assert!(found[0].contains("src/b.rs -> src/a.rs: "), "{import}: {found:?}");
    }
}

#[test]
fn what_is_no_import_is_no_circle() {
    for harmless in [
        "",
        "use crate::a;",
        "use super::a as other;",
        "#[cfg(test)] mod tests { use crate::a::A; }",
        "#[cfg(test)] use crate::a::A;",
        "#[cfg(all(test, unix))] fn f(_: crate::a::A) {}",
        "// use crate::a::A;\nconst TEXT: &str = \"crate::a::A\";",
        "/// As [`crate::a::A`].\nfn f() {}",
        "use std::fmt::Display; fn f(a: u8) -> u8 { a }",
        "mod a { pub struct A; } fn f(_: self::a::A) {}",
    ] {
        assert_eq!(with_b(&format!("pub struct B;\n{harmless}")), [""; 0], "{harmless}");
    }
}

#[test]
fn a_module_that_declares_and_re_exports_is_in_no_circle() {
    let files = [
        ("lib.rs", "pub mod a; pub use a::Two;"),
        ("a/mod.rs", "mod one; mod two;\npub use one::One;\npub use two::Two;"),
        ("a/one.rs", "pub struct One;"),
        ("a/two.rs", "use super::One;\npub struct Two(One);"),
    ];
    assert_eq!(circles_of(&files), [""; 0]);
    let mut logic = files;
    logic[1].1 = "mod one; mod two;\npub use one::One;\npub use two::Two;\npub struct Three(Two);";
    logic[3].1 = "use super::Three;\npub struct Two(Option<Box<Three>>);";
    assert_eq!(circles_of(&logic).len(), 1);
}

#[test]
fn two_folders_that_import_each_other_are_a_circle_though_no_files_are() {
    let files = [
        ("lib.rs", "mod a; mod b;"),
        ("a.rs", "pub mod low; pub mod high;"),
        ("a/low.rs", "pub struct Low;"),
        ("a/high.rs", "use crate::b::Middle;\npub struct High(Middle);"),
        ("b/mod.rs", "mod middle;\npub use middle::Middle;"),
        ("b/middle.rs", "use crate::a::low::Low;\npub struct Middle(Low);"),
    ];
    let found = circles_of(&files);
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(found[0].contains("src/a/ -> src/b/: src/a/high.rs -> src/b/middle.rs"), "{found:?}");
}

#[test]
fn modules_that_a_macro_declares_are_read() {
    let found = circles_of(&[
        ("lib.rs", "mod services;"),
        (
            "services/mod.rs",
            "macro_rules! all { ($($m:ident::$T:ident),+) => { $(mod $m;)+ } }\nall!(tcp::Tcp);\npub trait Service {}",
        ),
        ("services/tcp.rs", "pub struct Tcp;\nimpl super::Service for Tcp {}"),
    ]);
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(found[0].contains("src/services/mod.rs -> src/services/tcp.rs: Tcp"), "{found:?}");
}

#[test]
fn plans_must_be_pure_with_all_that_they_import() {
    let library = ("lib.rs", "mod plan; mod shared; mod edge;");
    let edge =
        ("edge.rs", "use std::time::Instant;\nuse aws_sdk_iam::Client;\npub struct Edge(Client, Instant);");
    let plan = (
        "plan/steps.rs",
        "use crate::shared::Shared;\nuse std::time::Duration;\nfn f(_: Shared, _: Duration) {}",
    );
    let faults = |plan: (&str, &str), shared: &str| {
        let files = [library, ("plan/mod.rs", "mod steps;"), plan, ("shared.rs", shared), edge];
        rules::impure(&Imports::of(&read(&files)), |file| file.starts_with("src/plan/"))
    };
    assert_eq!(faults(plan, "pub struct Shared;"), [""; 0]);
    assert_eq!(
        faults(plan, "pub struct Shared(crate::edge::Edge);"),
        [
            "src/plan/steps.rs -> src/shared.rs -> src/edge.rs: aws_sdk_iam::Client",
            "src/plan/steps.rs -> src/shared.rs -> src/edge.rs: std::time::Instant",
        ]
    );
    for import in [
        "use std::time; fn f() { time::SystemTime::now(); }",
        "use std::time::*;",
        "fn f() { let _ = std::time::Instant::now(); }",
        "async fn f() { tokio::select! {} }",
        "use aws_smithy_types::DateTime as D;",
    ] {
        let found = faults(("plan/steps.rs", import), "pub struct Shared;");
        assert!(!found.is_empty(), "{import}");
    }
}

#[test]
fn a_mod_file_must_only_declare_and_re_export() {
    for (text, faults) in [
        ("//! Words.\n#[macro_use]\nmod b;\npub use b::B;\n#[cfg(test)]\nmod tests { fn f() {} }", 0),
        ("mod b;\nfn f() {}", 1),
        ("mod b;\nmod c { pub struct C; }", 1),
        ("mod b;\npub trait T {}\nimpl T for b::B {}", 2),
    ] {
        let tree = read(&[("lib.rs", "mod a;"), ("a/mod.rs", text), ("a/b.rs", "pub struct B;")]);
        assert_eq!(rules::mod_files_with_code(&tree).len(), faults, "{text}");
    }
}

#[test]
fn a_file_is_found_by_its_name_alone() {
    let tree = read(&[("lib.rs", "mod a;"), ("a.rs", "#[path = \"other.rs\"]\nmod b;"), ("other.rs", "")]);
    assert_eq!(tree.paths, ["src/a.rs: other.rs"]);
}

#[test]
fn a_path_that_leads_nowhere_is_told() {
    let tree = read(&[("lib.rs", "mod a;"), ("a.rs", "use crate::b::B;")]);
    assert_eq!(Vec::from_iter(Imports::of(&tree).lost), ["src/a.rs: crate::b::B"]);
}
