//! The CLI of cwl2le as a library, so that tests and benches reach it.
