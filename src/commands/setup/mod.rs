//! `cwl2le setup`

mod receipts;
mod report;
mod saved;
mod verb;

#[cfg(test)]
pub(crate) use report::SetupReport;
pub(crate) use verb::Setup;
