//! A local AWS and a local log service, for the demo and the tests.
