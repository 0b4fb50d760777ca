"""Functions for another processor than this machine's: an emulator runs them, where one is named.

``CWL2LE_EMULATE_ARM64`` (or ``_X86_64``) is the command that does, such as ``qemu-aarch64-static -L FOLDER``, in which
FOLDER has the C library of that processor. Without it the kernel is asked, which may know an emulator as well.
"""

import errno
import os
import platform
import shlex

# ``e_machine`` in the header of an executable, and what ``uname`` calls it.
_MACHINES = {62: "x86_64", 183: "arm64"}
_NAMES = {"aarch64": "arm64", "amd64": "x86_64"}
# Functions inherit the environment, and this is not for them.
_EMULATORS = {
    name: shlex.split(os.environ.pop(f"CWL2LE_EMULATE_{name.upper()}", "")) for name in _MACHINES.values()
}


def machine():
    """This machine's processor, as Lambda names it."""
    name = platform.machine().lower()
    return _NAMES.get(name, name)


def can_run(architectures):
    """Whether a function for one of these processors is run."""
    return machine() in architectures or any(_EMULATORS.get(name) for name in architectures)


class _Starting:
    """``subprocess`` for ministack, which starts a function with its ``bootstrap`` as the only argument."""

    def __init__(self, subprocess):
        self._subprocess = subprocess

    def __getattr__(self, name):
        return getattr(self._subprocess, name)

    def Popen(self, arguments, **more):  # noqa: N802, the name that ministack calls
        built_for = _built_for(arguments[0]) if len(arguments) == 1 else None
        if built_for in (None, machine()):
            return self._subprocess.Popen(arguments, **more)
        try:
            return self._subprocess.Popen(_EMULATORS[built_for] + arguments, **more)
        except OSError as problem:
            if problem.errno != errno.ENOEXEC:
                raise
            variable = f"CWL2LE_EMULATE_{built_for.upper()}"
            reason = f"it is built for {built_for}, this machine is {machine()}, and {variable} is not set"
            raise OSError(errno.ENOEXEC, reason) from problem


def _built_for(path):
    """The processor that an executable is built for; None if it is not an ELF file or Lambda lacks that processor."""
    with open(path, "rb") as file:
        head = file.read(20)
    if not head.startswith(b"\x7fELF") or len(head) < 20:
        return None
    return _MACHINES.get(int.from_bytes(head[18:20], "little"))


def install(runtime):
    """Takes the place of what starts functions."""
    runtime.subprocess = _Starting(runtime.subprocess)
