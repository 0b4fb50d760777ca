//! Builds the forwarder for Lambda and embeds it in the CLI as a finished zip.
//!
//! For each architecture, in this order:
//! 1. `CWL2LE_FORWARDER_X86_64` or `CWL2LE_FORWARDER_ARM64` is the path of a `bootstrap` executable to embed;
//!    empty or `none` embeds nothing. Release automation sets both.
//! 2. On a Linux host with glibc, the host's own architecture is built by a nested cargo, once for all profiles, in
//!    `<target directory>/lambda`.
//! 3. Otherwise there is none, and `cwl2le` says how to get one when it is asked for it.
//!
//! A system that can build neither has to be given one or told `none`: the build fails at once otherwise, and not the
//! first `setup` after it.
//!
//! The hash of the forwarder's sources goes into the CLI as `CWL2LE_SOURCE`, whether the forwarder is built here or
//! not; the target and the profile as `CWL2LE_TARGET` and `CWL2LE_PROFILE`.

#[path = "src/bundle/archive.rs"]
pub mod archive;
#[path = "src/bundle/compile.rs"]
pub mod compile;
#[path = "src/bundle/source.rs"]
pub mod source;

use std::env;
use std::ffi::OsString;
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// One processor that Lambda has.
struct Arch {
    /// The constant that `src/bundle` reads.
    constant: &'static str,
    /// The variable with the path of a prebuilt `bootstrap`.
    variable: &'static str,
    /// The host that can build it, and the target.
    triple: &'static str,
    /// `e_machine` in the ELF header.
    machine: u16,
}

const ARCHES: [Arch; 2] = [
    Arch {
        constant: "X86_64",
        variable: "CWL2LE_FORWARDER_X86_64",
        triple: "x86_64-unknown-linux-gnu",
        machine: 62,
    },
    Arch {
        constant: "ARM64",
        variable: "CWL2LE_FORWARDER_ARM64",
        triple: "aarch64-unknown-linux-gnu",
        machine: 183,
    },
];

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(reason) => {
            let _ = writeln!(io::stderr(), "error: {reason}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<(), String> {
    directive("rerun-if-changed=build.rs")?;
    for source in source::SOURCES {
        directive(&format!("rerun-if-changed={source}"))?;
    }
    let host = variable("HOST")?;
    if !ARCHES.iter().any(|arch| host == *arch.triple || env::var_os(arch.variable).is_some()) {
        return Err(cannot_build(&host.to_string_lossy()));
    }
    let workspace = PathBuf::from(variable("CARGO_MANIFEST_DIR")?);
    directive(&format!("rustc-env=CWL2LE_SOURCE={}", source::hash(&workspace)?))?;
    let out = PathBuf::from(variable("OUT_DIR")?);
    directive(&format!("rustc-env=CWL2LE_TARGET={}", variable("TARGET")?.to_string_lossy()))?;
    directive(&format!("rustc-env=CWL2LE_PROFILE={}", profile(&out)?))?;
    let mut code = String::new();
    for arch in &ARCHES {
        let constant = arch.constant;
        let value = match bootstrap(arch, &out)? {
            None => "None".to_owned(),
            Some(path) => {
                let name = format!("{constant}.zip");
                let zip = archive::pack(&read(&path, arch)?).map_err(|e| failed("zip", &path, &e))?;
                fs::write(out.join(&name), zip).map_err(|e| failed("write", &out.join(&name), &e))?;
                format!("Some(include_bytes!(concat!(env!(\"OUT_DIR\"), \"/{name}\")))")
            }
        };
        code += &format!("const {constant}: Option<&[u8]> = {value};\n");
    }
    let file = out.join("bundles.rs");
    fs::write(&file, code).map_err(|e| failed("write", &file, &e))
}

/// What to do on a system that can build no forwarder.
fn cannot_build(host: &str) -> String {
    let [x86, arm] = ARCHES.map(|arch| arch.variable);
    format!(
        "the forwarder, the Lambda function that cwl2le carries, cannot be built on {host}\n\
         hint: build it on Linux with glibc, in a container or a virtual machine too, from this checkout:\n    \
         cargo build --locked --package cwl2le-forwarder --bin bootstrap --profile forwarder\n\
         Then set {x86} (or {arm}, where that Linux is on arm64) to the path of its\n\
         target/forwarder/bootstrap, and run this build again.\n\
         hint: set {x86}=none to build cwl2le without a forwarder; `cwl2le setup` then needs\n\
         `--forwarder-zip FILE`, which `cwl2le package --arch ARCH --to FILE` writes on Linux"
    )
}

/// Where the `bootstrap` of an architecture is, once it has been built.
fn bootstrap(arch: &Arch, out: &Path) -> Result<Option<PathBuf>, String> {
    directive(&format!("rerun-if-env-changed={}", arch.variable))?;
    if let Some(path) = env::var_os(arch.variable) {
        if path.is_empty() || path == "none" {
            return Ok(None);
        }
        let path = PathBuf::from(path);
        directive(&format!("rerun-if-changed={}", path.display()))?;
        return Ok(Some(path));
    }
    // The host and not the target: a CLI that is cross-compiled for another system carries the same forwarder.
    if variable("HOST")? != *arch.triple {
        return Ok(None);
    }
    build(arch, &target_dir(out)).map(Some)
}

/// The name of the profile. `PROFILE` has only the one that it inherits from, so it is taken from the path: `OUT_DIR` is
/// `<target directory>/<profile>/build/<package>/out`, where `dev` is called `debug`.
fn profile(out: &Path) -> Result<String, String> {
    let folder = out.ancestors().nth(3).and_then(Path::file_name);
    folder
        .map(|name| name.to_string_lossy().into_owned())
        .ok_or_else(|| format!("no profile in {}", out.display()))
}

/// A directory that debug, release, clippy and test builds share, so that the forwarder is compiled once.
fn target_dir(out: &Path) -> PathBuf {
    // Cargo marks its target directory with this file; without it, the build is only less shared.
    let target = out.ancestors().find(|dir| dir.join("CACHEDIR.TAG").is_file());
    target.unwrap_or(out).join("lambda")
}

/// Builds the forwarder with the cargo and the compiler that build the CLI.
fn build(arch: &Arch, target_dir: &Path) -> Result<PathBuf, String> {
    let workspace = PathBuf::from(variable("CARGO_MANIFEST_DIR")?);
    compile::bootstrap(&variable("CARGO")?, &workspace, arch.triple, target_dir)
        .map_err(|problem| format!("{problem}\nhint: set {}=none to build the CLI without it", arch.variable))
}

/// Reads a `bootstrap` and checks that it is for its processor: two swapped variables must not become a release.
fn read(path: &Path, arch: &Arch) -> Result<Vec<u8>, String> {
    let bytes = fs::read(path).map_err(|e| failed("read", path, &e))?;
    let machine = bytes.get(18..20).map(|field| u16::from_le_bytes([field[0], field[1]]));
    if bytes.starts_with(b"\x7fELF") && machine == Some(arch.machine) {
        return Ok(bytes);
    }
    let (path, triple, variable) = (path.display(), arch.triple, arch.variable);
    Err(format!(
        "`{path}` is not an executable for {triple}\nhint: {variable} is the path of its `bootstrap`, not of a zip"
    ))
}

fn variable(name: &str) -> Result<OsString, String> {
    env::var_os(name).ok_or_else(|| format!("{name} is not set: this script is to be run by cargo"))
}

fn failed(what: &str, path: &Path, cause: &dyn std::fmt::Display) -> String {
    format!("cannot {what} `{}`: {cause}", path.display())
}

fn directive(text: &str) -> Result<(), String> {
    writeln!(io::stdout(), "cargo::{text}").map_err(|e| format!("cannot write to cargo: {e}"))
}
