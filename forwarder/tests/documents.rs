//! What is written about delivery is tested.
#![allow(clippy::unwrap_used, reason = "a panic is how a test fails")]

#[test]
fn every_fault_in_the_table_has_its_test() {
    let root = env!("CARGO_MANIFEST_DIR");
    let read = |path: &str| std::fs::read_to_string(format!("{root}/{path}")).unwrap();
    let tests: String = ["delivery", "process", "poller", "bootstrap"]
        .iter()
        .map(|name| read(&format!("tests/{name}.rs")))
        .collect();
    let document = read("../docs/delivery.md");
    let rows: Vec<&str> =
        document.lines().filter(|line| line.starts_with("| ") && line.contains('`')).collect();
    assert!(rows.len() > 10);
    for row in rows {
        let name = row.trim_end_matches(" |").rsplit("| ").next().unwrap().trim_matches('`');
        assert!(tests.contains(&format!("fn {name}()")), "there is no test {name}");
    }
}
