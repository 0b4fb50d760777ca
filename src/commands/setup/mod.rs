//! `cwl2le setup`

mod alarms;
mod receipts;
mod report;
mod saved;
mod verb;

#[cfg(test)]
pub(crate) use report::SetupReport;
pub(crate) use verb::Setup;
