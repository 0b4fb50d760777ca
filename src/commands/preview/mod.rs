//! `cwl2le preview`

mod args;
mod examine;
mod report;
#[cfg(test)]
mod tests;
mod text;
mod verb;

pub(crate) use args::Preview;
