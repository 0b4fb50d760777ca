//! An AWS of the tests.
