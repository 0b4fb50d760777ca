//! Python, found and given an environment per tool: pinned versions, checked by hash.

use std::path::{Path, PathBuf};
use std::process::{Output, Stdio};

use tokio::process::Command;

use crate::cache::{CACHE_DIR_VARIABLE, Cache, Progress};
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

    /// A command that runs a script by its path with this environment's Python, without the caller's Python settings.
    /// The script's own folder is on its module path, the working folder is not.
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
        let output = isolated(path).arg("-c").arg(PROBE).output().await;
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
        let made = isolated(&self.path).arg("-m").arg("venv").arg(root).output().await;
        let output = made.map_err(|error| LocalError::new(what, error))?;
        if output.status.success() {
            return Ok(());
        }
        let (cause, hint) = venv_failure(&output, root);
        Err(LocalError::new(what, cause).with_hint(hint))
    }
}

/// Why no environment could be made, and what to do. Its last line says only that another process failed.
fn venv_failure(output: &Output, root: &Path) -> (String, String) {
    let all = [&output.stderr[..], &output.stdout].map(String::from_utf8_lossy).concat();
    if let Some(line) =
        all.lines().find(|line| line.contains("No space left") || line.contains("quota exceeded"))
    {
        let hint = format!(
            "free space in {}, or set {CACHE_DIR_VARIABLE} to a folder on another disk",
            root.parent().unwrap_or(root).display()
        );
        return (line.trim().to_owned(), hint);
    }
    let hint = "install Python's venv module; on Debian and Ubuntu: apt install python3-venv";
    (last_line(output), hint.to_owned())
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
    run_pip(pip_install(&interpreter(root), &file), &what).await
}

/// The command that installs pinned requirements, and nothing else: only wheels, because building a source archive runs
/// build tools that no hash pins.
fn pip_install(interpreter: &Path, requirements: &Path) -> Command {
    let mut pip = pip(interpreter);
    pip.args(["install", "--require-hashes", "--no-deps", "--only-binary", ":all:", "-r"]).arg(requirements);
    pip
}

/// `pip` without questions and decoration, and without the secrets in the caller's environment; the caller's index and
/// certificates stay in force.
pub(crate) fn pip(interpreter: &Path) -> Command {
    let mut command = isolated(interpreter);
    command
        .args(["-m", "pip", "--disable-pip-version-check", "--no-input", "--retries", "2"])
        // Both would put the packages elsewhere than into this environment.
        .env_remove("PIP_TARGET")
        .env("PIP_USER", "0");
    for (name, _) in std::env::vars_os() {
        if name.to_str().is_none_or(may_be_secret) {
            command.env_remove(name);
        }
    }
    command
}

/// Whether a variable of the environment may hold a secret that an installation has no use for. `PIP_*` and `UV_*`
/// variables stay: an index may need the credentials in them.
fn may_be_secret(name: &str) -> bool {
    const OURS: [&str; 2] = ["AWS_", "CWL2LE_"];
    const SIGNS: [&str; 6] = ["TOKEN", "SECRET", "PASSWORD", "PASSWD", "CREDENTIAL", "API_KEY"];
    let name = name.to_ascii_uppercase();
    let is_for_the_index = name.starts_with("PIP_") || name.starts_with("UV_");
    !is_for_the_index
        && (OURS.iter().any(|prefix| name.starts_with(prefix))
            || SIGNS.iter().any(|sign| name.contains(sign)))
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

/// Runs Python for a `-c` or `-m` argument. Without `-I` Python looks for modules in the working folder first, so that a
/// file such as `venv.py` in it would be executed.
fn isolated(path: &Path) -> Command {
    let mut command = python(path);
    command.arg("-I");
    command
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
    use sha2::{Digest as _, Sha256};

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
    fn secrets_are_told_by_the_names_of_their_variables() {
        for name in [
            "AWS_SECRET_ACCESS_KEY",
            "AWS_PROFILE",
            "CWL2LE_TOKEN",
            "GITHUB_TOKEN",
            "my_secret",
            "DB_PASSWORD",
        ] {
            assert!(may_be_secret(name), "{name}");
        }
        for name in ["PATH", "HOME", "HTTPS_PROXY", "PIP_INDEX_URL", "PIP_TOKEN", "SSL_CERT_FILE", "LANG"] {
            assert!(!may_be_secret(name), "{name}");
        }
    }

    /// A source archive whose hash is right, and whose build would run code.
    #[tokio::test]
    async fn a_source_archive_is_neither_built_nor_run_even_if_its_hash_is_right() {
        let folder = tempfile::tempdir().unwrap();
        let proof = folder.path().join("code ran");
        let setup = format!(
            "open({:?}, 'w').write('x')\nfrom setuptools import setup\nsetup(name='thing', version='1')\n",
            proof
        );
        let mut archive = Vec::new();
        for (name, text) in [
            ("thing-1/setup.py", setup.as_str()),
            ("thing-1/PKG-INFO", "Metadata-Version: 2.1\nName: thing\nVersion: 1\n"),
        ] {
            archive.extend(tar_entry(name, text.as_bytes()));
        }
        archive.extend([0; 1024]);
        let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        std::io::Write::write_all(&mut gzip, &archive).unwrap();
        let archive = gzip.finish().unwrap();
        std::fs::write(folder.path().join("thing-1.tar.gz"), &archive).unwrap();
        let hash: String = Sha256::digest(&archive).iter().map(|byte| format!("{byte:02x}")).collect();
        let requirements = folder.path().join("requirements.txt");
        std::fs::write(&requirements, format!("thing==1 --hash=sha256:{hash}\n")).unwrap();

        let base = BasePython::find().await.unwrap();
        let mut pip = pip_install(&base.path, &requirements);
        pip.args(["--no-index", "--find-links"])
            .arg(folder.path())
            .arg("--target")
            .arg(folder.path().join("to"));
        let error = run_pip(pip, "cannot install thing").await.unwrap_err();
        assert!(error.to_string().contains("thing"), "{error}");
        assert!(!proof.exists(), "the build of the archive ran");
    }

    /// A file in a tar archive, in the `ustar` form.
    fn tar_entry(name: &str, content: &[u8]) -> Vec<u8> {
        let mut head = [0_u8; 512];
        head[..name.len()].copy_from_slice(name.as_bytes());
        head[100..108].copy_from_slice(b"0000644\0");
        head[108..124].copy_from_slice(b"0000000\x000000000\0");
        head[124..136].copy_from_slice(format!("{:011o}\0", content.len()).as_bytes());
        head[136..148].copy_from_slice(b"00000000000\0");
        head[148..157].copy_from_slice(b"        0");
        head[257..265].copy_from_slice(b"ustar\x0000");
        let sum: u32 = head.iter().map(|byte| u32::from(*byte)).sum();
        head[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
        let mut entry = head.to_vec();
        entry.extend_from_slice(content);
        entry.resize(entry.len().next_multiple_of(512), 0);
        entry
    }

    #[tokio::test]
    async fn modules_in_the_working_folder_are_not_executed() {
        let folder = tempfile::tempdir().unwrap();
        for module in ["venv", "subprocess", "logging", "importlib"] {
            let code = "open('code ran', 'w').write('x')\nraise SystemExit('taken over')\n";
            std::fs::write(folder.path().join(format!("{module}.py")), code).unwrap();
        }
        let base = BasePython::find().await.unwrap();
        for arguments in [vec!["-c", PROBE], vec!["-m", "venv", "--help"]] {
            let run = isolated(&base.path).args(arguments).current_dir(folder.path()).output().await.unwrap();
            assert!(run.status.success(), "{}", last_line(&run));
        }
        assert!(!folder.path().join("code ran").exists());
    }

    #[cfg(unix)]
    #[test]
    fn a_full_disk_is_named_before_a_module_that_is_missing() {
        use std::os::unix::process::ExitStatusExt as _;
        let output = |text: &str| Output {
            status: std::process::ExitStatus::from_raw(256),
            stdout: text.into(),
            stderr: b"Error: Command '['python', '-m', 'ensurepip']' returned non-zero exit status 1."
                .to_vec(),
        };
        let full = output("Traceback:\n  OSError: [Errno 28] No space left on device\n");
        let (cause, hint) = venv_failure(&full, Path::new("/cache/entry"));
        assert_eq!(cause, "OSError: [Errno 28] No space left on device");
        assert!(hint.contains("/cache") && hint.contains(CACHE_DIR_VARIABLE), "{hint}");
        assert!(venv_failure(&output(""), Path::new("/cache/entry")).1.contains("python3-venv"));
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
