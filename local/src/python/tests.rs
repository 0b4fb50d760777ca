use std::path::Path;
use std::process::Output;

use sha2::{Digest as _, Sha256};

use super::PYTHON_VARIABLE;
use super::base::{BasePython, PROBE, venv_failure};
use super::command::{isolated, last_line};
use super::pip::{may_be_secret, pip_hint, pip_install, run_pip};
use crate::cache::CACHE_DIR_VARIABLE;

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
    for name in
        ["AWS_SECRET_ACCESS_KEY", "AWS_PROFILE", "CWL2LE_TOKEN", "GITHUB_TOKEN", "my_secret", "DB_PASSWORD"]
    {
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
    pip.args(["--no-index", "--find-links"]).arg(folder.path()).arg("--target").arg(folder.path().join("to"));
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
        stderr: b"Error: Command '['python', '-m', 'ensurepip']' returned non-zero exit status 1.".to_vec(),
    };
    let full = output("Traceback:\n  OSError: [Errno 28] No space left on device\n");
    let (cause, hint) = venv_failure(&full, Path::new("/cache/entry"));
    assert_eq!(cause, "OSError: [Errno 28] No space left on device");
    assert!(hint.contains("/cache") && hint.contains(CACHE_DIR_VARIABLE), "{hint}");
    assert!(venv_failure(&output(""), Path::new("/cache/entry")).1.contains("python3-venv"));
}

#[test]
fn what_pip_says_decides_the_hint() {
    assert!(pip_hint("WARNING: Retrying after connection broken by 'NewConnectionError").contains("network"));
    assert!(pip_hint("THESE PACKAGES DO NOT MATCH THE HASHES FROM").contains("index served other files"));
    assert!(pip_hint("OSError: [Errno 28] No space left on device").contains("disk space"));
}
