"""The shell installer against a server with the files of the release, and the other installers' texts."""

import json
import pathlib
import re
import subprocess
import tarfile

import executable
import sums
import targets
from release import ROOT, Refused
from targets import TARGETS
from tools import here, run

from . import said
from .loopback import serving

# What can compute a checksum, in the order in which the shell installer takes them.
CHECKERS = ("sha256sum", "shasum", "openssl")


def checks(facts, folder, expected):
    files = folder / "files"

    def shell(prefix):
        done = install(facts, files, prefix)
        if done.returncode != 0:
            raise Refused(f"the installer ends with {done.returncode}: {done.stderr}")
        said.check([prefix / "home/.local/bin/cwl2le"], prefix, expected)

    def other_checkers(prefix):
        for number, checker in enumerate(CHECKERS):
            missing = CHECKERS[:number]
            place = prefix / checker
            place.mkdir()
            done = install(facts, files, place, path=programs_without(place, *missing))
            if not (place / "home/.local/bin/cwl2le").exists():
                raise Refused(f"without {', '.join(missing)} nothing is installed: {done.stdout}{done.stderr}")

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
        """PowerShell and Homebrew are not here; all scripts must name the archives with their true checksums."""
        for target in TARGETS:
            path = files / target.archive
            if not path.exists():
                continue
            digest = sums.digest(path)
            # PowerShell's installer is for Windows, and Homebrew's formula for all others with a libc of its own.
            script = files / ("cwl2le-installer.ps1" if target.system == "windows" else "cwl2le-installer.sh")
            check_knows(script, target.archive, digest)
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
    yield "shell installer without sha256sum and shasum", other_checkers
    yield "PowerShell installer and Homebrew formula", texts
    yield "cargo binstall", binstall


def unpacked(folder, prefix):
    """The program of this machine, with glibc, out of its archive."""
    target = targets.of(here())
    run("tar", "--extract", "--file", folder / "files" / target.archive, "--directory", prefix)
    return prefix / target.archive.removesuffix(".tar.gz") / target.file


def programs_without(prefix, *missing):
    """A folder with every program of this system but some."""
    to = prefix / "programs"
    to.mkdir()
    for folder in (pathlib.Path("/usr/bin"), pathlib.Path("/bin")):
        for program in folder.iterdir():
            if program.name not in missing and not (to / program.name).is_symlink():
                (to / program.name).symlink_to(program)
    return to


def install(facts, files, prefix, tamper=lambda name, content: content, path=None):
    """Runs the shell installer against a server, which may tamper with what it serves, with the programs of `path`."""

    def answer(_, path):
        file = files / path.rpartition("/")[2]
        return tamper(file.name, file.read_bytes()) if file.is_file() else None

    with serving(answer) as address:
        environment = said.clean(prefix) | {"CWL2LE_DOWNLOAD_URL": address, "TMPDIR": str(prefix)}
        environment |= {"PATH": str(path)} if path else {}
        command = ["/bin/sh", files / "cwl2le-installer.sh", "--no-modify-path"]
        return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)


def check_sizes(folder):
    """The image's layer counts as well."""
    for path in folder.rglob("*"):
        if path.is_file() and path.stat().st_size > executable.MAX_DOWNLOAD:
            size = path.stat().st_size
            raise Refused(f"{path.name} has {size:,} bytes to download, over {executable.MAX_DOWNLOAD:,}")


def check_sums(files):
    """The checksum file names every file that is there, with the hash that it has, and no other."""
    listed = sums.read(files)
    paths = {path.name: path for path in files.iterdir() if path.name != sums.NAME}
    for name, path in paths.items():
        if listed.get(name) != sums.digest(path):
            raise Refused(f"{sums.NAME} has no true checksum of {name}")
    if more := sorted(set(listed) - set(paths)):
        raise Refused(f"{sums.NAME} names {', '.join(more)}, which is not published")


def check_knows(script, archive, digest):
    """An installer has the archive with its checksum, and compares that before it unpacks."""
    text = script.read_text()
    if archive not in text or digest not in text:
        raise Refused(f"{script.name} does not have the checksum of {archive}")
    if script.suffix == ".ps1":
        steps = ("Invoke-DownloadFile -client $wc -url $url", "Get-FileHash", "Expand-Archive")
        places = [text.find(step) for step in steps]
        if -1 in places or places != sorted(places):
            raise Refused(f"{script.name} does not compare the checksum before it unpacks")


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
