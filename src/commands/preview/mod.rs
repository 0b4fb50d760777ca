//! `cwl2le preview`

mod examine;
mod report;
#[cfg(test)]
mod tests;
mod text;
mod verb;

pub use report::PreviewReport;
pub(crate) use verb::run;
