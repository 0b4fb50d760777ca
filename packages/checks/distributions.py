"""deb, rpm, apk and Arch packages, unpacked by the tools of their distributions where these are installed."""

import io
import shutil
import tarfile

from executable import read
from release import Refused
from tools import here, run

from . import said


def checks(facts, folder, expected):
    files = folder / "files"

    def deb(prefix):
        if not shutil.which("dpkg-deb"):
            return "dpkg-deb is not installed"
        path = only(files, f"*_{debian()}.deb")
        run("dpkg-deb", "--extract", path, prefix / "root")
        fields = run("dpkg-deb", "--field", path, "Package", "Version", "Depends")
        # Debian adds the revision.
        if f"Version: {facts.version}-" not in fields and f"Version: {facts.version}\n" not in fields:
            raise Refused(f"{path.name} does not say version {facts.version}:\n{fields}")
        needs = read(prefix / "root/usr/bin/cwl2le").glibc
        if needs and f"libc6 (>= {needs[0]}.{needs[1]})" not in fields:
            raise Refused(f"{path.name} does not depend on the glibc that the program needs:\n{fields}")
        check_tree(prefix, expected, "usr/share/zsh/vendor-completions")

    def rpm(prefix):
        if not shutil.which("rpm2cpio") or not shutil.which("cpio"):
            return "there is no rpm2cpio and cpio"
        path = only(files, f"*.{here()}.rpm")
        (prefix / "root").mkdir()
        content = run("rpm2cpio", path, text=False)
        run("cpio", "--extract", "--make-directories", "--quiet", input=content, text=False, cwd=prefix / "root")
        if shutil.which("rpm"):
            needs = run("rpm", "--query", "--package", "--requires", path)
            if "libc.so.6(GLIBC_" not in needs:
                raise Refused(f"{path.name} does not require glibc:\n{needs}")
        check_tree(prefix, expected, "usr/share/zsh/site-functions")

    def arch(prefix):
        if not shutil.which("zstd"):
            return "zstd is not installed"
        path = only(files, f"*{here()}.pkg.tar.zst")
        unpack(run("zstd", "--decompress", "--stdout", "--quiet", path, text=False), prefix)
        check_tree(prefix, expected, "usr/share/zsh/site-functions")

    def apk(prefix):
        unpack(only(files, f"*{here()}.apk").read_bytes(), prefix, mode="r:gz")
        check_tree(prefix, expected, "usr/share/zsh/site-functions")

    yield "deb", deb
    yield "rpm", rpm
    yield "Arch", arch
    # Made only where a static program is given.
    if list(files.glob("*.apk")):
        yield "apk", apk


def unpack(content, prefix, mode="r:"):
    # A package of Alpine is three archives, one behind the other.
    with tarfile.open(fileobj=io.BytesIO(content), mode=mode, ignore_zeros=True) as archive:
        archive.extractall(prefix / "root", filter="data")


def debian():
    return run("dpkg", "--print-architecture").strip()


def only(folder, pattern):
    paths = list(folder.glob(pattern))
    if len(paths) != 1:
        raise Refused(f"{folder} has {len(paths)} files `{pattern}`")
    return paths[0]


def check_tree(prefix, expected, zsh):
    root = prefix / "root"
    wanted = [
        "usr/share/bash-completion/completions/cwl2le",
        f"{zsh}/_cwl2le",
        "usr/share/fish/vendor_completions.d/cwl2le.fish",
        "usr/share/doc/cwl2le/LICENSE-MIT",
    ]
    for name in wanted:
        if not (root / name).is_file():
            raise Refused(f"there is no {name}")
    said.check_manuals(root / "usr/share/man/man1")
    said.check([root / "usr/bin/cwl2le"], prefix, expected)
