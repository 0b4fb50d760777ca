//! Secrets: their values, where they are kept, and how they stay out of everything that is printed.

pub mod redactor;
pub mod reference;
pub mod store;
mod value;

pub use value::*;
