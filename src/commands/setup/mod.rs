//! `cwl2le setup`

mod receipts;
mod verb;

pub(crate) use verb::Setup;
