//! `cwl2le setup`

mod receipts;
mod verb;

pub use verb::Setup;
