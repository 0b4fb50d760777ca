//! AWS's own Lambda runtime interface emulator, which the wheel of aws-sam-cli carries.

use std::path::{Path, PathBuf};

use crate::cache::{Cache, Progress};
use crate::error::LocalError;
use crate::ministack::MINISTACK;
use crate::python::{PythonEnv, Tool, pip, run_pip};

/// Only the wheel itself is downloaded: the emulator in it is a static binary.
const SAM_CLI: Tool = Tool {
    name: "aws-sam-cli",
    purpose: "the Lambda runtime interface emulator, for tests",
    requirements: include_str!("../requirements/aws-sam-cli.txt"),
};

/// Takes one file out of the only wheel in a folder: `-c EXTRACT folder member target`.
const EXTRACT: &str = "import glob, shutil, sys, zipfile\n\
    with zipfile.ZipFile(glob.glob(sys.argv[1] + '/*.whl')[0]) as wheel, wheel.open(sys.argv[2]) as member:\n\
    \x20   shutil.copyfileobj(member, open(sys.argv[3], 'wb'))";

/// The path of `aws-lambda-rie` for this machine, installed now if it is not yet in the cache.
pub async fn emulator(cache: &Cache, progress: Progress<'_>) -> Result<PathBuf, LocalError> {
    const WHAT: &str = "cannot install the Lambda runtime interface emulator";
    let architecture = match (std::env::consts::OS, std::env::consts::ARCH) {
        ("linux", "x86_64") => "x86_64",
        ("linux", "aarch64") => "arm64",
        (os, arch) => {
            return Err(LocalError::new(WHAT, format!("there is none for {os} on {arch}"))
                .with_hint("it runs on Linux on x86_64 and arm64"));
        }
    };
    let file = |root: &Path| root.join("aws-lambda-rie");
    let usable = |root: &Path| file(root).is_file();
    let name = format!("aws-lambda-rie-{architecture}");
    // The emulator needs no Python, but pip downloads it; the local AWS is there in most cases anyway.
    let environment = PythonEnv::of(MINISTACK, cache, progress).await?;
    let root = cache
        .entry(&name, SAM_CLI.requirements, usable, progress, async |root: &Path| {
            progress(&format!(
                "installing {} {} ({}) into {}: once, some seconds",
                SAM_CLI.name,
                SAM_CLI.version(),
                SAM_CLI.purpose,
                cache.root().display()
            ));
            let failed = |error: std::io::Error| LocalError::new(WHAT, error);
            let requirements = root.join("requirements.txt");
            std::fs::write(&requirements, SAM_CLI.requirements).map_err(failed)?;
            let wheels = root.join("wheels");
            let mut download = pip(&environment.interpreter());
            download
                .args(["download", "--require-hashes", "--no-deps", "--only-binary", ":all:", "-r"])
                .arg(&requirements)
                .arg("-d")
                .arg(&wheels);
            run_pip(download, WHAT).await?;
            let mut extract = environment.command();
            extract
                .args(["-I", "-c", EXTRACT])
                .arg(&wheels)
                .arg(format!("samcli/local/rapid/aws-lambda-rie-{architecture}"))
                .arg(file(root));
            run_pip(extract, WHAT).await?;
            executable(&file(root)).map_err(failed)?;
            std::fs::remove_dir_all(&wheels).map_err(failed)
        })
        .await?;
    Ok(file(&root))
}

#[cfg(unix)]
fn executable(path: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755))
}

#[cfg(not(unix))]
fn executable(_: &Path) -> std::io::Result<()> {
    Ok(())
}
