"""What an executable is and needs, read from its headers. `readelf` reads those of Linux."""

import dataclasses
import re
import struct
import subprocess

from release import Refused

# Maximum size of what somebody downloads to install it, in bytes: archive, wheel, package, layer of the image.
MAX_DOWNLOAD = 20_000_000
# Maximum size of the program with its forwarders, in bytes: twice that, because about half of it is left when packed.
MAX_SIZE = 2 * MAX_DOWNLOAD
# The newest glibc that a program may need; docs/install.md promises it, and Lambda's provided.al2023 has it.
MAX_GLIBC = (2, 34)
# Minimum size of a program that carries a forwarder.
MIN_SIZE = 3_000_000
# What every glibc system has; PEP 600 allows it to a wheel.
COMMON = re.compile(r"lib(c|m|dl|rt|pthread|gcc_s)\.so\.\d+|ld-linux[\w-]*\.so\.\d+")
PE_MACHINES = {0x8664: "x86_64", 0xAA64: "aarch64"}
MACHO_MACHINES = {0x01000007: "x86_64", 0x0100000C: "aarch64"}
LC_VERSION_MIN_MACOSX, LC_BUILD_VERSION = 0x24, 0x32


@dataclasses.dataclass(frozen=True)
class Executable:
    """The facts that decide where a program runs."""

    system: str
    machine: str
    # The oldest glibc that it runs with; none if it is static, or not for Linux.
    glibc: tuple[int, int] | None = None
    libraries: tuple[str, ...] = ()
    # The oldest macOS.
    macos: tuple[int, int] | None = None


def read(path):
    with open(path, "rb") as file:
        head = file.read(65536)
    if head.startswith(b"\x7fELF"):
        return _elf(path)
    if head.startswith(b"\xcf\xfa\xed\xfe"):
        return _macho(path, head)
    if head.startswith(b"MZ"):
        (at,) = struct.unpack_from("<I", head, 0x3C)
        (machine,) = struct.unpack_from("<H", head, at + 4)
        return Executable("windows", PE_MACHINES.get(machine, hex(machine)))
    raise Refused(f"{path} is not an executable of Linux, macOS or Windows")


def _elf(path):
    flags = ["--wide", "--file-header", "--dynamic", "--version-info"]
    text = subprocess.run(["readelf", *flags, path], check=True, capture_output=True, text=True).stdout
    machine = re.search(r"Machine: +(.+)", text)[1]
    machine = {"Advanced Micro Devices X86-64": "x86_64", "AArch64": "aarch64"}.get(machine, machine)
    libraries = tuple(re.findall(r"\(NEEDED\) +Shared library: \[(.+?)\]", text))
    versions = [(int(major), int(minor)) for major, minor in re.findall(r"Name: GLIBC_(\d+)\.(\d+)", text)]
    return Executable("linux", machine, max(versions, default=None), libraries)


def _macho(path, head):
    machine, _, _, commands = struct.unpack_from("<IIII", head, 4)
    at, macos = 32, None
    for _ in range(commands):
        command, size = struct.unpack_from("<II", head, at)
        if command in (LC_BUILD_VERSION, LC_VERSION_MIN_MACOSX):
            (version,) = struct.unpack_from("<I", head, at + (12 if command == LC_BUILD_VERSION else 8))
            macos = version >> 16, version >> 8 & 0xFF
        at += size
    if macos is None:
        raise Refused(f"{path} does not say which macOS it needs")
    return Executable("macos", MACHO_MACHINES.get(machine, hex(machine)), macos=macos)


def checked(path, target, limit=MAX_SIZE):
    """The executable at a path, if it is what a release may publish for a target."""
    size, found = path.stat().st_size, read(path)
    if (found.system, found.machine) != (target.system, target.machine):
        raise Refused(f"{path} is for {found.machine} on {found.system}, and not for {target.triple}")
    if target.libc == "musl" and (found.libraries or found.glibc):
        raise Refused(f"{path} is not static: it needs {', '.join(found.libraries)}")
    if target.libc == "glibc":
        if not found.glibc:
            raise Refused(f"{path} does not use glibc")
        if found.glibc > MAX_GLIBC:
            needs, most = (".".join(map(str, version)) for version in (found.glibc, MAX_GLIBC))
            raise Refused(f"{path} needs glibc {needs}, and docs/install.md promises that {most} is enough")
        if others := [name for name in found.libraries if not COMMON.fullmatch(name)]:
            raise Refused(f"{path} needs {', '.join(others)}, which not every Linux has")
    if limit and size > limit:
        raise Refused(f"{path} has {size:,} bytes, and at most {limit:,} are published")
    if size < MIN_SIZE:
        raise Refused(f"{path} has {size:,} bytes: too few for a program with a forwarder in it")
    return found
