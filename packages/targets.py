"""The systems that releases are built for, and what each way of installing calls them."""

import dataclasses


@dataclasses.dataclass(frozen=True)
class Target:
    """One build of the program."""

    triple: str
    # As `executable.py` reads them.
    system: str
    machine: str
    # Of Linux: glibc, or musl, where the program is one static file.
    libc: str | None = None

    @property
    def file(self):
        return "cwl2le.exe" if self.system == "windows" else "cwl2le"

    @property
    def archive(self):
        return f"cwl2le-{self.triple}.{'zip' if self.system == 'windows' else 'tar.gz'}"

    @property
    def npm(self):
        """The values of `os` and `cpu` in package.json."""
        system = {"linux": "linux", "macos": "darwin", "windows": "win32"}[self.system]
        return system, {"x86_64": "x64", "aarch64": "arm64"}[self.machine]

    @property
    def npm_package(self):
        return "-".join(["cwl2le", *self.npm])

    @property
    def goarch(self):
        """What nfpm and OCI images call the processor."""
        return {"x86_64": "amd64", "aarch64": "arm64"}[self.machine]


def of(machine, libc="glibc"):
    """The target of Linux on a processor."""
    return next(one for one in TARGETS if (one.system, one.machine, one.libc) == ("linux", machine, libc))


TARGETS = (
    Target("x86_64-unknown-linux-gnu", "linux", "x86_64", "glibc"),
    Target("aarch64-unknown-linux-gnu", "linux", "aarch64", "glibc"),
    Target("x86_64-unknown-linux-musl", "linux", "x86_64", "musl"),
    Target("aarch64-unknown-linux-musl", "linux", "aarch64", "musl"),
    Target("x86_64-apple-darwin", "macos", "x86_64"),
    Target("aarch64-apple-darwin", "macos", "aarch64"),
    Target("x86_64-pc-windows-msvc", "windows", "x86_64"),
)
