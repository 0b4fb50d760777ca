//! How much of a plan is shown.

/// How much of a plan is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Extent {
    /// What fits a window: what is alike in one row, settings that nobody gave left out.
    #[default]
    Brief,
    /// Every change with every field, every setting with its source, names in full.
    Everything,
    /// How many changes there are.
    Total,
}
