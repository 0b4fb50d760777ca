"""What starts a function: the program itself on its own processor, an emulator on another one."""

import errno
import os
import sys
import tempfile
import unittest
from pathlib import Path
from unittest import mock

sys.path.insert(0, str(Path(__file__).parents[1]))

import emulation


class Runtime:
    """ministack's module, of which only what starts programs is looked at."""

    def __init__(self, problem=None):
        self.subprocess = mock.Mock()
        self.subprocess.Popen.side_effect = problem

    def start(self, head):
        """The command that a program with this beginning is started with."""
        started = self.subprocess.Popen
        emulation.install(self)
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "bootstrap")
            Path(path).write_bytes(head)
            self.subprocess.Popen([path], cwd=folder)
            command = started.call_args.args[0]
            return ["BOOTSTRAP" if part == path else part for part in command]


def elf(machine):
    return b"\x7fELF\x02\x01\x01" + bytes(9) + b"\x02\x00" + machine.to_bytes(2, "little") + bytes(44)


@mock.patch.object(emulation, "machine", lambda: "x86_64")
class Emulation(unittest.TestCase):
    def test_only_another_processor_is_emulated(self):
        with mock.patch.dict(emulation._EMULATORS, {"arm64": ["qemu", "-L", "/root of arm64"]}):
            self.assertEqual(Runtime().start(elf(183)), ["qemu", "-L", "/root of arm64", "BOOTSTRAP"])
            self.assertEqual(Runtime().start(elf(62)), ["BOOTSTRAP"])
            self.assertEqual(Runtime().start(b"#!/bin/sh\n"), ["BOOTSTRAP"])
            self.assertTrue(emulation.can_run(["arm64"]))

    def test_without_an_emulator_the_reason_is_said(self):
        with mock.patch.dict(emulation._EMULATORS, {"arm64": []}):
            self.assertFalse(emulation.can_run(["arm64"]))
            # The kernel may know an emulator.
            self.assertEqual(Runtime().start(elf(183)), ["BOOTSTRAP"])
            with self.assertRaisesRegex(OSError, "built for arm64, this machine is x86_64, and CWL2LE_EMULATE_ARM64"):
                Runtime(OSError(errno.ENOEXEC, "Exec format error")).start(elf(183))
            with self.assertRaisesRegex(OSError, "^.Errno 2. gone$"):
                Runtime(OSError(errno.ENOENT, "gone")).start(elf(183))


if __name__ == "__main__":
    unittest.main()
