//! Every request to AWS goes through `Aws::call`. The compiler cannot see to that; this reads the sources.

use std::path::{Path, PathBuf};

fn sources(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry").path());
    entries.flat_map(|path| if path.is_dir() { sources(&path) } else { vec![path] }).collect()
}

/// Whether what begins at `at` stands between the parentheses of a `.call(` or a `.call_once(`.
fn is_in_a_call(source: &str, at: usize) -> bool {
    let mut closed = 0;
    for (place, c) in source[..at].char_indices().rev() {
        match c {
            ')' => closed += 1,
            '(' if closed > 0 => closed -= 1,
            '(' if [".call", ".call_once", ".pages", ".some_pages"]
                .iter()
                .any(|call| source[..place].ends_with(call)) =>
            {
                return true;
            }
            _ => {}
        }
    }
    false
}

/// Requests of this source that are made past `Aws::call`.
fn past(source: &str, in_aws: bool) -> Vec<String> {
    // Requests of the SDK's clients; requests of our own.
    let requests = [".send()", "exchange(aws.session"];
    let made = requests.iter().flat_map(|request| source.match_indices(request));
    let mut past: Vec<String> = made
        .filter(|(at, _)| !is_in_a_call(source, *at))
        .map(|(at, _)| format!("line {}: a request outside of Aws::call", source[..at].lines().count()))
        .collect();
    // Whoever has no client cannot make a request past it.
    let clients =
        ["aws_sdk_", "cwl2le_forwarder::net::http", "cwl2le_forwarder::aws::Aws", "reqwest", "hyper"];
    if !in_aws {
        past.extend(
            clients.iter().filter(|client| source.contains(**client)).map(|client| format!("uses {client}")),
        );
    }
    past
}

#[test]
fn nothing_reaches_aws_past_the_one_way_out() {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let (mut found, mut seen) = (Vec::new(), 0);
    for path in sources(&src) {
        let source = std::fs::read_to_string(&path).expect("text");
        let inside = path.strip_prefix(&src).expect("below src");
        // The tests' own requests are answered by the tests.
        let name = inside.file_stem().and_then(|name| name.to_str()).unwrap_or_default();
        if inside.starts_with("aws/tests") || name == "testing" || name.ends_with("_tests") {
            continue;
        }
        seen += source.matches(".send()").count();
        found.extend(
            past(&source, inside.iter().any(|part| part == "aws" || part == "aws.rs"))
                .into_iter()
                .map(|what| format!("{}: {what}", inside.display())),
        );
    }
    assert!(found.is_empty(), "{found:#?}");
    assert!(seen > 50, "there are requests: {seen}");
}

#[test]
fn a_request_past_it_would_be_found() {
    assert!(past("aws.call(S, \"X\", name, || { a(b()); x.send() }).await", true).is_empty());
    assert!(past("aws.pages(S, \"X\", name, |next| x.token(next).send(), |page| page)", true).is_empty());
    assert_eq!(past("aws.call(S, \"X\", name, || x()).await; y.send().await", true).len(), 1);
    assert_eq!(
        past("let made = logs\n            .delete()\n            .send()\n            .await", true).len(),
        1
    );
    assert_eq!(past("use aws_sdk_iam::Client;", false), ["uses aws_sdk_"]);
}
