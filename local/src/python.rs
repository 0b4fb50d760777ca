//! Python, found and given an environment per tool: pinned versions, checked by hash.

use std::path::{Path, PathBuf};
use std::process::{Output, Stdio};

use tokio::process::Command;

use crate::cache::{Cache, Progress};
use crate::error::LocalError;

/// Names the Python to use instead of the `python3` or `python` on the path.
pub const PYTHON_VARIABLE: &str = "CWL2LE_PYTHON";

/// The oldest Python that everything installed here runs on.
const OLDEST: (u32, u32) = (3, 10);

/// Prints the version, whether `ensurepip` (which venv needs) is there, and where this Python is.
const PROBE: &str = "import sys, importlib.util as u; \
    print(*sys.version_info[:2], int(u.find_spec('ensurepip') is not None and u.find_spec('venv') is not None), sys.executable)";

/// A tool that is installed from PyPI: its pinned requirements are part of this crate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tool {
    /// The package, which also names the entry in the cache.
    pub name: &'static str,
    /// What it is for, as a person is told while it is being installed.
    pub purpose: &'static str,
    /// The requirements file: every package with its version and hashes.
    pub requirements: &'static str,
}

impl Tool {
    /// The pinned version of the tool itself.
    pub fn version(&self) -> &'static str {
        self.requirements
            .lines()
            .find_map(|line| line.strip_prefix(self.name)?.strip_prefix("=="))
            .map_or("", |rest| rest.split_whitespace().next().unwrap_or_default())
    }
}

/// A Python environment in the cache, with one tool and all that it needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PythonEnv {
    root: PathBuf,
}

impl PythonEnv {
    /// The environment of `tool`, installed now if it is not yet in the cache.
    pub async fn of(tool: Tool, cache: &Cache, progress: Progress<'_>) -> Result<Self, LocalError> {
        let base = BasePython::find().await?;
        // A compiled package fits one minor version of Python only.
        let name = format!("{}-python{}.{}", tool.name, base.version.0, base.version.1);
        // The link to the Python it was made with breaks when that one is removed: then it is made anew.
        let usable = |root: &Path| interpreter(root).exists();
        let root = cache
            .entry(&name, tool.requirements, usable, progress, async |root: &Path| {
                progress(&format!(
                    "installing {} {} ({}) into {}: once, well under a minute",
                    tool.name,
                    tool.version(),
                    tool.purpose,
                    cache.root().display()
                ));
                base.create_environment(root).await?;
                install(tool, root).await
            })
            .await?;
        Ok(Self { root })
    }

    /// The Python of this environment.
    pub fn interpreter(&self) -> PathBuf {
        interpreter(&self.root)
    }

    /// A command that runs this environment's Python, without the caller's Python settings.
    pub fn command(&self) -> Command {
        python(&self.interpreter())
    }
}

/// The Python of the machine.
struct BasePython {
    path: PathBuf,
    version: (u32, u32),
}

impl BasePython {
    async fn find() -> Result<Self, LocalError> {
        const WHAT: &str = "cannot find a Python to run the local AWS with";
        if let Some(named) = std::env::var_os(PYTHON_VARIABLE).filter(|value| !value.is_empty()) {
            return Self::probe(Path::new(&named)).await.map_err(|refusal| {
                LocalError::new(
                    WHAT,
                    format!("{PYTHON_VARIABLE} is {}: {}", named.to_string_lossy(), refusal.cause),
                )
                .with_hint(refusal.hint)
            });
        }
        let mut refusals = Vec::new();
        for name in ["python3", "python"] {
            match Self::probe(Path::new(name)).await {
                Ok(found) => return Ok(found),
                Err(refusal) => refusals.push((name, refusal)),
            }
        }
        let cause = refusals
            .iter()
            .map(|(name, refusal)| format!("{name}: {}", refusal.cause))
            .collect::<Vec<_>>()
            .join("; ");
        // The first candidate that exists tells best what is missing.
        let hint = refusals
            .into_iter()
            .map(|(_, refusal)| refusal)
            .max_by_key(|refusal| refusal.exists)
            .map(|refusal| refusal.hint)
            .unwrap_or_default();
        Err(LocalError::new(WHAT, cause).with_hint(hint))
    }

    async fn probe(path: &Path) -> Result<Self, Refusal> {
        let output = python(path).arg("-c").arg(PROBE).output().await;
        let output = match output {
            Ok(output) if output.status.success() => output,
            Ok(output) => return Err(Refusal::missing(last_line(&output))),
            Err(error) => return Err(Refusal::missing(error.to_string())),
        };
        Self::judge(&String::from_utf8_lossy(&output.stdout))
    }

    fn judge(probed: &str) -> Result<Self, Refusal> {
        let mut words = probed.trim().splitn(4, ' ');
        let (Some(major), Some(minor), Some(venv), Some(path)) =
            (number(words.next()), number(words.next()), number(words.next()), words.next())
        else {
            return Err(Refusal::missing(format!("it answered {probed:?}")));
        };
        let version = (major, minor);
        if version < OLDEST {
            return Err(Refusal {
                cause: format!("Python {major}.{minor} is older than {}.{}", OLDEST.0, OLDEST.1),
                hint: install_hint(),
                exists: true,
            });
        }
        if venv == 0 {
            return Err(Refusal {
                cause: format!("Python {major}.{minor} comes without venv and ensurepip"),
                hint: "install Python's venv module; on Debian and Ubuntu: apt install python3-venv".into(),
                exists: true,
            });
        }
        Ok(Self { path: PathBuf::from(path), version })
    }

    async fn create_environment(&self, root: &Path) -> Result<(), LocalError> {
        let what = "cannot create a Python environment";
        let made = python(&self.path).arg("-m").arg("venv").arg(root).output().await;
        let output = made.map_err(|error| LocalError::new(what, error))?;
        if output.status.success() {
            return Ok(());
        }
        Err(LocalError::new(what, last_line(&output))
            .with_hint("install Python's venv module; on Debian and Ubuntu: apt install python3-venv"))
    }
}

/// Why a Python is not taken.
struct Refusal {
    cause: String,
    hint: String,
    exists: bool,
}

impl Refusal {
    fn missing(cause: String) -> Self {
        Self { cause, hint: install_hint(), exists: false }
    }
}

fn install_hint() -> String {
    format!(
        "install Python {}.{} or newer with its venv module, or set {PYTHON_VARIABLE} to one",
        OLDEST.0, OLDEST.1
    )
}

fn number(word: Option<&str>) -> Option<u32> {
    word?.parse().ok()
}

/// Installs the tool's pinned requirements into the environment at `root`.
async fn install(tool: Tool, root: &Path) -> Result<(), LocalError> {
    let what = format!("cannot install {} {}", tool.name, tool.version());
    let file = root.join("requirements.txt");
    std::fs::write(&file, tool.requirements).map_err(|error| LocalError::new(what.as_str(), error))?;
    let mut pip = pip(&interpreter(root));
    pip.arg("install").args(["--require-hashes", "--no-deps", "--prefer-binary", "-r"]).arg(&file);
    run_pip(pip, &what).await
}

/// `pip` without questions and decoration; the caller's index and certificates stay in force.
pub(crate) fn pip(interpreter: &Path) -> Command {
    let mut command = python(interpreter);
    command
        .args(["-m", "pip", "--disable-pip-version-check", "--no-input", "--retries", "2"])
        // Both would put the packages elsewhere than into this environment.
        .env_remove("PIP_TARGET")
        .env("PIP_USER", "0");
    command
}

/// Runs a `pip` command and explains its failure.
pub(crate) async fn run_pip(mut pip: Command, what: &str) -> Result<(), LocalError> {
    let output = pip.output().await.map_err(|error| LocalError::new(what, error))?;
    if output.status.success() {
        return Ok(());
    }
    let said =
        String::from_utf8_lossy(&output.stderr).into_owned() + &String::from_utf8_lossy(&output.stdout);
    Err(LocalError::new(what, last_line(&output)).with_hint(pip_hint(&said)))
}

/// What to do about a failed `pip`, judged by what it said.
fn pip_hint(said: &str) -> &'static str {
    const NETWORK: [&str; 7] = [
        "NewConnectionError",
        "Failed to establish a new connection",
        "Temporary failure in name resolution",
        "Max retries exceeded",
        "ProxyError",
        "timed out",
        "after connection broken",
    ];
    if said.contains("DO NOT MATCH THE HASHES") {
        "the package index served other files than the pinned ones: check which index pip is configured to use"
    } else if said.contains("No space left on device") {
        "free some disk space (about 150 MB), or set CWL2LE_CACHE_DIR to a folder on another disk"
    } else if NETWORK.iter().any(|sign| said.contains(sign)) {
        "installing needs the network once: check the connection, and the proxy or index that pip is configured to use"
    } else {
        "pip could not install it: see its message, and check the index that pip is configured to use"
    }
}

/// Runs Python without the settings of the caller's shell, which point to other packages.
fn python(path: &Path) -> Command {
    let mut command = Command::new(path);
    command
        .env_remove("PYTHONHOME")
        .env_remove("PYTHONPATH")
        .env_remove("VIRTUAL_ENV")
        .stdin(Stdio::null())
        .kill_on_drop(true);
    command
}

/// Where the environment at `root` keeps its Python.
fn interpreter(root: &Path) -> PathBuf {
    if cfg!(windows) { root.join("Scripts").join("python.exe") } else { root.join("bin").join("python") }
}

/// The line in which a failed tool says why: pip's `ERROR:` lines first, else the last one.
fn last_line(output: &Output) -> String {
    let text = String::from_utf8_lossy(&output.stderr).into_owned()
        + "\n"
        + &String::from_utf8_lossy(&output.stdout);
    let lines: Vec<_> = text.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    lines
        .iter()
        .find_map(|line| line.strip_prefix("ERROR: "))
        .or(lines.last().copied())
        .map_or_else(|| format!("it ended with {}", output.status), str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(probed: &str) -> (String, String) {
        match BasePython::judge(probed) {
            Ok(_) => panic!("{probed} was accepted"),
            Err(refusal) => (refusal.cause, refusal.hint),
        }
    }

    #[test]
    fn a_python_that_is_too_old_or_lacks_venv_is_refused_with_the_way_out() {
        let (cause, hint) = refusal("3 9 1 /usr/bin/python3\n");
        assert_eq!(cause, "Python 3.9 is older than 3.10");
        assert!(hint.contains(PYTHON_VARIABLE), "{hint}");
        let (cause, hint) = refusal("3 12 0 /usr/bin/python3\n");
        assert_eq!(cause, "Python 3.12 comes without venv and ensurepip");
        assert!(hint.contains("python3-venv"), "{hint}");
        assert!(refusal("what?").0.contains("what?"));
    }

    #[test]
    fn a_path_with_spaces_is_kept_whole() {
        let found = BasePython::judge("3 14 1 /opt/my python/bin/python3\n").ok().expect("accepted");
        assert_eq!(found.path, Path::new("/opt/my python/bin/python3"));
        assert_eq!(found.version, (3, 14));
    }

    #[test]
    fn what_pip_says_decides_the_hint() {
        assert!(
            pip_hint("WARNING: Retrying after connection broken by 'NewConnectionError").contains("network")
        );
        assert!(pip_hint("THESE PACKAGES DO NOT MATCH THE HASHES FROM").contains("index served other files"));
        assert!(pip_hint("OSError: [Errno 28] No space left on device").contains("disk space"));
    }
}
