//! Circles of imports among files, and among the folders they stand in.

use std::collections::{BTreeMap, BTreeSet};

use super::tree::File;

/// What imports what, with the imports that say so.
pub(crate) type Graph = BTreeMap<String, BTreeMap<String, BTreeSet<String>>>;

/// Folders in which only files are looked at: the plan of one kind of resource sees the whole stack, and so every other
/// kind.
const ONLY_FILES: [&str; 1] = ["src/resources"];

/// The circles among the files of a crate, then those among the folders and files beside each other in one folder.
pub(crate) fn circles(files: &Graph) -> Vec<String> {
    let mut found = in_graph(files);
    for (folder, graph) in folders(files) {
        if !ONLY_FILES.contains(&folder.as_str()) {
            // Files beside each other were found above.
            found.extend(in_graph(&graph).into_iter().filter(|circle| circle.contains("/ -> ")));
        }
    }
    found
}

/// Each circle of a graph: who is in it, and the imports that tie it.
pub(crate) fn in_graph(graph: &Graph) -> Vec<String> {
    let reach: BTreeMap<&String, BTreeSet<&String>> =
        graph.keys().map(|from| (from, reached(graph, from))).collect();
    let mut circles = BTreeSet::new();
    for (from, to) in &reach {
        let circle: BTreeSet<&String> = to
            .iter()
            .filter(|other| reach.get(*other).is_some_and(|back| back.contains(from)))
            .copied()
            .collect();
        if circle.len() > 1 {
            circles.insert(circle);
        }
    }
    circles.into_iter().map(|circle| told(graph, &circle)).collect()
}

/// What can be reached from a node by one import or more.
fn reached<'a>(graph: &'a Graph, from: &String) -> BTreeSet<&'a String> {
    let mut reached = BTreeSet::new();
    let mut open: Vec<&String> = graph.get(from).into_iter().flat_map(BTreeMap::keys).collect();
    while let Some(next) = open.pop() {
        if reached.insert(next) {
            open.extend(graph.get(next).into_iter().flat_map(BTreeMap::keys));
        }
    }
    reached
}

fn told(graph: &Graph, circle: &BTreeSet<&String>) -> String {
    let mut text = format!("{} import each other:", circle.len());
    for from in circle {
        for (to, names) in graph.get(*from).into_iter().flatten().filter(|(to, _)| circle.contains(to)) {
            let names: Vec<&str> = names.iter().map(String::as_str).collect();
            text += &format!("\n  {from} -> {to}: {}", names.join(", "));
        }
    }
    text
}

/// For each folder, what its folders and files import of each other. `name.rs` belongs to the folder `name/`.
fn folders(files: &Graph) -> BTreeMap<String, Graph> {
    let all: BTreeSet<&File> = files.keys().collect();
    let mut folders: BTreeMap<String, Graph> = BTreeMap::new();
    for (from, targets) in files {
        for to in targets.keys() {
            let (folder, one, other) = apart(&all, from, to);
            if one != other {
                let graph = folders.entry(folder).or_default();
                graph.entry(other.clone()).or_default();
                graph.entry(one).or_default().entry(other).or_default().insert(format!("{from} -> {to}"));
            }
        }
    }
    folders
}

/// The innermost folder that two files share, and in which of its folders or files each stands.
fn apart(all: &BTreeSet<&File>, one: &str, other: &str) -> (String, String, String) {
    let first: Vec<&str> = one.split('/').collect();
    let second: Vec<&str> = other.split('/').collect();
    let shared = first.iter().zip(&second).take_while(|(a, b)| a == b).count();
    let folder = first[..shared].join("/");
    let place = |parts: &[&str]| {
        let name = parts[shared];
        let path = if folder.is_empty() { name.to_owned() } else { format!("{folder}/{name}") };
        match path.strip_suffix(".rs") {
            Some(stem) if all.iter().any(|file| file.starts_with(&format!("{stem}/"))) => format!("{stem}/"),
            Some(_) => path,
            None => format!("{path}/"),
        }
    };
    let (one, other) = (place(&first), place(&second));
    (folder, one, other)
}
