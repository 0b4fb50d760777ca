//! The program that Lambda starts.

use std::process::ExitCode;

fn main() -> ExitCode {
    cwl2le_forwarder::function::run()
}
