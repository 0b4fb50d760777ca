"""Makes and checks what a release publishes; README.md says how. ``python packages --help`` lists the commands."""

import argparse
import os
import pathlib
import shutil
import sys
import tempfile

import release
from release import Refused


def main():
    parser = argparse.ArgumentParser(prog="packages", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    ready = commands.add_parser("ready", help="refuse a tag that does not fit version, changelog and repository")
    ready.add_argument("tag")
    commands.add_parser("version", help="print the version")
    commands.add_parser("notes", help="print the section of this version in CHANGELOG.md")
    moving = commands.add_parser("repository", help="write the address of the repository wherever it is named")
    moving.add_argument("url")
    program = commands.add_parser("program", help="refuse a finished program that a release must not have")
    program.add_argument("target", help="such as x86_64-unknown-linux-gnu")
    program.add_argument("path", type=pathlib.Path)
    names = commands.add_parser("npm-names", help="make empty packages, to have the names of npm's packages")
    names.add_argument("--to", type=pathlib.Path, required=True, help="folder to make")
    publishing = commands.add_parser("npm-publish", help="publish the packages of npm that are not there yet")
    publishing.add_argument("folder", type=pathlib.Path)
    build = commands.add_parser("build", help="pack finished programs")
    build.add_argument("--programs", type=pathlib.Path, required=True, help="folder of TARGET/cwl2le")
    build.add_argument("--to", type=pathlib.Path, required=True, help="folder to make")
    check = commands.add_parser("check", help="install each package on a clean prefix and run it; find planted faults")
    check.add_argument("folder", type=pathlib.Path, help="what `build` made")
    check.add_argument("--forwarders", default="x86_64,arm64", help="those that must be inside, or none")
    check.add_argument("--all", action="store_true", help="fail where a check cannot run here")
    check.add_argument("--only", metavar="NAME", help="one check")
    check.add_argument("--without", metavar="NAME", help="all but one")
    for one in (build, check):
        one.add_argument("--profile", default="dist", help="Cargo's profile of the programs; a release has dist")
    given = parser.parse_args()
    if given.command == "program":
        found = check_program(given.target, given.path)
        print(f"{given.path}: {given.path.stat().st_size:,} bytes, {found}")
        return 0
    facts = release.read()
    if given.command == "ready":
        release.check_ready(facts, given.tag)
        print(f"{facts.tag} can be released from {facts.repository}")
    elif given.command == "version":
        print(facts.version)
    elif given.command == "notes":
        print(release.notes(facts.version), end="")
    elif given.command == "repository":
        print(*release.move(facts, given.url), sep="\n")
    elif given.command == "npm-names":
        import npm

        given.to.mkdir(parents=True)
        print(*npm.placeholders(facts, given.to), sep="\n")
    elif given.command == "npm-publish":
        import publish

        print(*publish.npm(facts, given.folder), sep="\n")
    elif given.command == "build":
        pack(facts, given.programs, given.to, given.profile)
    elif given.command == "check":
        import checks

        return checks.main(facts, given.folder, set(given.forwarders.split(",")) - {"none"}, given)
    return 0


def check_program(triple, path):
    import executable
    from targets import TARGETS

    found = [target for target in TARGETS if target.triple == triple]
    if not found:
        raise Refused(f"no release has a program for {triple}")
    return executable.checked(path, found[0])


def pack(facts, folder, to, profile):
    """Makes every package that the programs in a folder allow."""
    import archives
    import bill
    import executable
    import image
    import linux
    import npm
    import sums
    import tools
    import wheels
    from targets import TARGETS

    programs = {target: folder / target.triple / target.file for target in TARGETS}
    programs = {target: path.resolve() for target, path in programs.items() if path.exists()}
    here = [path for target, path in programs.items() if (target.system, target.machine) == ("linux", tools.here())]
    if not here:
        raise Refused(f"{folder} has no program that runs here, to write its manual pages")
    # What is not published may be as large as its profile makes it.
    limit = executable.MAX_SIZE if profile == "dist" else None
    found = {target: executable.checked(path, target, limit) for target, path in programs.items()}
    shutil.rmtree(to, ignore_errors=True)
    for name in ("files", "wheels", "npm"):
        (to / name).mkdir(parents=True)
    with tempfile.TemporaryDirectory() as scratch:
        extras = tools.write_extras(here[0], pathlib.Path(scratch))
        archives.build(facts, programs, found, extras, to / "files")
        for target, path in programs.items():
            wheels.build(facts, target, path, found[target], extras, to / "wheels")
            if target.libc:
                linux.build(facts, target, path, found[target], extras, to / "files")
    npm.build(facts, programs, to / "npm")
    bill.build(facts, to / "files")
    sums.write(to / "files")
    static = {target: path for target, path in programs.items() if target.libc == "musl"}
    if static:
        print("image", image.build(facts, static, found, os.environ.get("CWL2LE_COMMIT"), to / "image"))
    for path in sorted(path for path in to.rglob("*") if path.is_file() and "blobs" not in path.parts):
        print(f"{path.stat().st_size:>12,}  {path.relative_to(to)}")


if __name__ == "__main__":
    # No .pyc files in the checkout.
    sys.dont_write_bytecode = True
    try:
        sys.exit(main())
    except Refused as problem:
        sys.exit(f"error: {problem}")
