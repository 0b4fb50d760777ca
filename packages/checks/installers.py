"""The shell installer against a server with the files of the release, and the other installers' texts."""

import hashlib
import json
import re
import subprocess
import tarfile

import executable
import targets
from release import ROOT, Refused
from targets import TARGETS
from tools import here, run

from . import said
from .loopback import serving

CHECKSUM = re.compile(r"^([0-9a-f]{64}) [ *](.+)$", re.MULTILINE)


def checks(facts, folder, expected):
    files = folder / "files"

    def shell(prefix):
        done = install(facts, files, prefix)
        if done.returncode != 0:
            raise Refused(f"the installer ends with {done.returncode}: {done.stderr}")
        said.check([prefix / "home/.local/bin/cwl2le"], prefix, expected)

    def archives(prefix):
        check_sums(files)
        for target in TARGETS:
            path = files / target.archive
            if target.archive.endswith(".tar.gz") and path.exists():
                with tarfile.open(path) as archive:
                    archive.extractall(prefix, filter="data")
                check_archive(prefix / path.name.removesuffix(".tar.gz"))

    def sizes(_):
        check_sizes(folder)

    def texts(_):
        """PowerShell and Homebrew are not here; their scripts must name the archives with their true checksums."""
        for target in TARGETS:
            path = files / target.archive
            if not path.exists():
                continue
            digest = hashlib.sha256(path.read_bytes()).hexdigest()
            # PowerShell's installer is for Windows, and Homebrew's formula for all others with a libc of its own.
            script = files / ("cwl2le-installer.ps1" if target.system == "windows" else "cwl2le-installer.sh")
            if target.archive not in script.read_text():
                raise Refused(f"{script.name} does not know {target.archive}")
            formula = files / "cwl2le.rb"
            brewed = target.system != "windows" and target.libc != "musl"
            if brewed and digest not in formula.read_text():
                raise Refused(f"{formula.name} does not have the checksum of {target.archive}")

    def binstall(_):
        check_binstall(facts, files, binstall_settings(facts))

    yield "archives and checksums", archives
    if expected.profile == "dist":
        yield "sizes of downloads", sizes
    yield "shell installer", shell
    yield "PowerShell installer and Homebrew formula", texts
    yield "cargo binstall", binstall


def unpacked(folder, prefix):
    """The program of this machine, with glibc, out of its archive."""
    target = targets.of(here())
    run("tar", "--extract", "--file", folder / "files" / target.archive, "--directory", prefix)
    return prefix / target.archive.removesuffix(".tar.gz") / target.file


def install(facts, files, prefix, tamper=lambda name, content: content):
    """Runs the shell installer against a server, which may tamper with what it serves."""

    def answer(_, path):
        file = files / path.rpartition("/")[2]
        return tamper(file.name, file.read_bytes()) if file.is_file() else None

    with serving(answer) as address:
        environment = said.clean(prefix) | {"CWL2LE_DOWNLOAD_URL": address, "TMPDIR": str(prefix)}
        command = ["sh", files / "cwl2le-installer.sh", "--no-modify-path"]
        return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)


def check_sizes(folder):
    """The image's layer counts as well."""
    for path in folder.rglob("*"):
        if path.is_file() and path.stat().st_size > executable.MAX_DOWNLOAD:
            size = path.stat().st_size
            raise Refused(f"{path.name} has {size:,} bytes to download, over {executable.MAX_DOWNLOAD:,}")


def check_sums(files):
    """The checksum file names every archive, with the hash that it has."""
    sums = {name: digest for digest, name in CHECKSUM.findall((files / "sha256.sum").read_text())}
    for target in TARGETS:
        path = files / target.archive
        if path.exists() and sums.get(path.name) != hashlib.sha256(path.read_bytes()).hexdigest():
            raise Refused(f"sha256.sum has no true checksum of {path.name}")
    if not sums:
        raise Refused("sha256.sum names no file")


def check_archive(folder):
    for name in ("cwl2le", "README.md", "CHANGELOG.md", "LICENSE-MIT", "LICENSE-APACHE", "completions/cwl2le"):
        if not (folder / name).exists():
            raise Refused(f"{folder.name} has no {name}")
    said.check_manuals(folder / "man")


def binstall_settings(facts):
    metadata = json.loads(run("cargo", "metadata", "--no-deps", "--format-version=1", "--offline", cwd=ROOT))
    package = next(one for one in metadata["packages"] if one["name"] == facts.name)
    return package["metadata"]["binstall"]


def check_binstall(facts, files, settings):
    """Where `cargo binstall` looks is where the program is."""
    for target in TARGETS:
        if not (files / target.archive).exists():
            continue
        own = settings | settings.get("overrides", {}).get(target.triple, {})
        values = {
            "repo": facts.repository, "name": facts.name, "version": facts.version, "target": target.triple,
            "bin": facts.name, "binary-ext": ".exe" if target.system == "windows" else "",
        }
        url, inside = (fill(own[key], values) for key in ("pkg-url", "bin-dir"))
        if url != f"{facts.downloads}/{target.archive}":
            raise Refused(f"cargo binstall looks for {url}, and the archive is {facts.downloads}/{target.archive}")
        if target.archive.endswith(".tar.gz"):
            with tarfile.open(files / target.archive) as archive:
                if inside not in [name.removeprefix("./") for name in archive.getnames()]:
                    raise Refused(f"cargo binstall looks for {inside}, which {target.archive} does not have")


def fill(template, values):
    return re.sub(r"\{ ([\w-]+) \}", lambda match: values[match[1]], template)
