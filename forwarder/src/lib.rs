//! The Lambda function of cwl2le as a library.
