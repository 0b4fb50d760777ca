//! The rules of the layout, checked against the sources: see "Rules of the layout" in CONTRIBUTING.md.

mod checks;
mod circles;
mod imports;
mod planted;
mod resolve;
mod rules;
mod tree;
