//! A plan in a file: written by `plan --out`, reviewed, and applied by `setup FILE`, perhaps on another machine.
//!
//! The file holds what the plan is made from, without any secret, and the changes that it came to. `setup` makes the
//! plan again from the one and compares it with the other, so that an edited file, a changed account and another
//! forwarder are found before anything is changed.

mod change;
mod compare;
mod document;
mod fingerprint;
mod inputs;
mod saved;
#[cfg(test)]
mod tests;

pub(crate) use document::must_be_replaceable;
pub(crate) use inputs::settings_beside;
pub(crate) use saved::SavedPlan;
