//! Builds the forwarder as it is deployed. `build.rs` and the benches include this file: it may use nothing but std.

use std::env;
use std::ffi::{OsStr, OsString};
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Runs `cargo` for the `bootstrap` of a target, in a target directory that is its own.
///
/// # Errors
/// When cargo cannot be started or fails; its messages have gone to standard error then.
pub fn bootstrap(
    cargo: &OsStr,
    workspace: &Path,
    triple: &str,
    target_dir: &Path,
) -> Result<PathBuf, String> {
    let mut cargo = Command::new(cargo);
    for name in env::vars_os().map(|(name, _)| name).filter(leaks) {
        cargo.env_remove(name);
    }
    let status = cargo
        .current_dir(workspace)
        // Set even where it is empty: it outranks flags meant for the host, such as `-C target-cpu=native` in
        // somebody's configuration, which would make a binary that Lambda's processors refuse.
        .env("CARGO_ENCODED_RUSTFLAGS", remapped_paths(workspace))
        .env("CARGO_TERM_PROGRESS_WHEN", "never")
        .args(["build", "--locked", "--package", "cwl2le-forwarder", "--bin", "bootstrap"])
        .args(["--profile", "forwarder", "--target", triple, "--target-dir"])
        .arg(target_dir)
        // Its messages go to the caller's standard error, so that they do not mix with the caller's output.
        .stdout(io::stderr())
        .status()
        .map_err(|e| format!("cannot start cargo to build the forwarder: {e}"))?;
    if status.success() {
        return Ok(target_dir.join(triple).join("forwarder").join("bootstrap"));
    }
    Err(format!(
        "cannot build the forwarder, the Lambda function that cwl2le carries ({status}); the compiler's messages are above"
    ))
}

/// Whether a variable that cargo gave to the caller, or that means the caller's build, would change the nested one.
fn leaks(name: &OsString) -> bool {
    const GIVEN: &str = "CARGO CLIPPY_ARGS DEBUG HOST LLVM_PROFILE_FILE NUM_JOBS OPT_LEVEL OUT_DIR PROFILE \
                         RUSTC_LINKER RUSTC_WORKSPACE_WRAPPER RUSTC_WRAPPER RUSTFLAGS TARGET";
    // Settings of the machine and the network stay, as does the job server.
    const KEPT: &str =
        "CARGO_HOME CARGO_HTTP_ CARGO_MAKEFLAGS CARGO_NET_ CARGO_REGISTR CARGO_SOURCE_ CARGO_TERM_";
    let name = name.to_string_lossy();
    let linker = name.starts_with("CARGO_TARGET_") && name.ends_with("_LINKER");
    GIVEN.split_whitespace().any(|given| name == given)
        || (name.starts_with("CARGO_")
            && !linker
            && !KEPT.split_whitespace().any(|kept| name.starts_with(kept)))
}

/// Compiler flags, in cargo's encoding, that take this machine's directories out of the panic messages: with them the
/// same source would be another zip, and so an update of the function, from each machine.
fn remapped_paths(workspace: &Path) -> OsString {
    let mut flags = OsString::from("--remap-path-prefix=");
    flags.push(workspace);
    flags.push("=cwl2le");
    let home = env::var_os("CARGO_HOME").map(PathBuf::from);
    if let Some(home) = home.or_else(|| env::home_dir().map(|home| home.join(".cargo"))) {
        flags.push("\x1f--remap-path-prefix=");
        flags.push(home);
        flags.push("=cargo");
    }
    flags
}
