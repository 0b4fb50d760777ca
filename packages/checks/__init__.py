"""Installs each package on a clean prefix, from the files that a release publishes, and runs what is there.

Nothing here reaches a network: registries and servers are on the loopback interface, and every proxy is a closed port.
"""

import pathlib
import tempfile
import time

from release import Refused

from . import bill, distributions, image, installers, node, planted, python, said, workflows


def main(facts, folder, forwarders, given):
    """Prints what passed and what is wrong. Returns the exit code."""
    folder, failed = folder.resolve(), []
    with tempfile.TemporaryDirectory() as scratch:
        expected = said.Expected(facts.version, forwarders, given.profile)
        checks = [*ways(facts, folder, expected), *planted.checks(facts, folder, expected)]
        checks = [one for one in checks if given.only in (None, one[0]) and given.without != one[0]]
        if not checks:
            raise Refused(f"unknown check `{given.only}`")
        for number, (name, check) in enumerate(checks):
            prefix = pathlib.Path(scratch) / str(number)
            prefix.mkdir()
            started = time.monotonic()
            try:
                result = check(prefix)
            except Refused as problem:
                failed.append(name)
                print(f"FAILED  {name}: {problem}")
            else:
                word = "skipped" if result else "passed"
                if result and given.all:
                    word = "FAILED "
                    failed.append(name)
                seconds = time.monotonic() - started
                print(f"{word:7} {name} ({seconds:.1f} s){f': {result}' if result else ''}", flush=True)
    print(f"{len(checks) - len(failed)} of {len(checks)} checks of packages passed")
    return 1 if failed else 0


def ways(facts, folder, expected):
    """Each way of installing. A check gets an empty folder, and raises `Refused`, or returns why it did not run."""
    for module in (python, node, installers, distributions, image):
        yield from module.checks(facts, folder, expected)
    yield from bill.checks(facts, folder)
    yield from workflows.checks()
