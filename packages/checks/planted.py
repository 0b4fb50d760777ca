"""Faults that the checks have to find: each is made on purpose, and a check that passes it has failed."""

import dataclasses
import json
import shutil
import sys
import zipfile

import bill as bills
import executable
import image
import npm
import publish
import release
import targets
import wheels
from release import Refused
from tools import Extras, here, run

from . import bill, installers, node, said, workflows
from .loopback import serving


def checks(facts, folder, expected):
    target = targets.of(here())
    foreign = targets.of({"x86_64": "aarch64", "aarch64": "x86_64"}[here()])

    def program(prefix):
        return installers.unpacked(folder, prefix)

    def too_large(prefix):
        path = program(prefix)
        with path.open("r+b") as file:
            file.truncate(max(path.stat().st_size, executable.MAX_SIZE) + 1)
        executable.checked(path, target)

    def large_download(prefix):
        (prefix / "cwl2le.deb").write_bytes(bytes(executable.MAX_DOWNLOAD + 1))
        installers.check_sizes(prefix)

    def without_forwarder(prefix):
        path = prefix / "small"
        shutil.copy("/bin/sh", path)
        executable.checked(path, target)

    def wrong_processor(prefix):
        executable.checked(program(prefix), foreign, limit=None)

    def newer_glibc(prefix):
        # The text of the section that `readelf` reads, in a program that is otherwise the same.
        path, wanted = program(prefix), executable.read(program(prefix)).glibc
        old = f"GLIBC_{wanted[0]}.{wanted[1]}\0".encode()
        path.write_bytes(path.read_bytes().replace(old, b"GLIBC_2.99\0".ljust(len(old), b"\0")[: len(old)]))
        executable.checked(path, target, limit=None)

    def script(prefix):
        path = prefix / "cwl2le"
        path.write_text("#!/bin/sh\nexec true\n")
        executable.checked(path, target)

    def dynamic(prefix):
        path = program(prefix)
        image.build(facts, {target: path}, {target: executable.read(path)}, None, prefix / "image")

    def wrong_version(prefix):
        other = dataclasses.replace(facts, version="9.9.9")
        path = program(prefix)
        wheel = wheels.build(other, target, path, executable.read(path), Extras(path.parent), prefix)
        run(sys.executable, "-m", "venv", prefix / "venv")
        pip = [prefix / "venv/bin/python", "-m", "pip", "install", "--quiet", "--no-index", wheel]
        run(*pip, env=said.clean(prefix))
        said.check([prefix / "venv/bin/cwl2le"], prefix, dataclasses.replace(expected, version="9.9.9"))

    def missing_forwarder(prefix):
        document = json.loads(run(program(prefix), "version", "--output", "json"))
        document["forwarders"] = document["forwarders"][1:]
        if wrong := list(said.problems(document, expected)):
            raise Refused(wrong[0])

    def changed_forwarder(prefix):
        path = program(prefix)
        document = json.loads(run(path, "version", "--output", "json"))
        arch = document["forwarders"][0]["arch"]
        zipped = prefix / "other.zip"
        with zipfile.ZipFile(zipped, "w") as archive:
            archive.write(path, "bootstrap")
        said.check_forwarder(zipped, arch, document)

    def damaged_download(prefix):
        def tamper(name, content):
            return content[:-1] + bytes([content[-1] ^ 1]) if name.endswith(".tar.gz") else content

        done = installers.install(facts, folder / "files", prefix, tamper)
        if (prefix / "home/.local/bin/cwl2le").exists():
            return
        if done.returncode != 0:
            raise Refused(f"nothing is installed: {done.stdout}{done.stderr}")

    def no_checker(prefix):
        path = installers.programs_without(prefix, *installers.CHECKERS)
        done = installers.install(facts, folder / "files", prefix, path=path)
        if done.returncode != 0 and not (prefix / "home/.local/bin/cwl2le").exists():
            raise Refused(f"nothing is installed: {done.stdout}{done.stderr}")

    def unchecked_script(prefix):
        path = prefix / "cwl2le-installer.ps1"
        path.write_text("'cwl2le.zip' 'abc'\nInvoke-DownloadFile -client $wc -url $url -path $a\nExpand-Archive\n")
        installers.check_knows(path, "cwl2le.zip", "abc")

    def unlisted_file(prefix):
        shutil.copytree(folder / "files", prefix / "files")
        (prefix / "files/cwl2le.deb").write_bytes(b"new")
        installers.check_sums(prefix / "files")

    def needs_glibc(prefix):
        static = type(target)(target.triple, target.system, target.machine, "musl")
        npm.build(facts, {static: program(prefix)}, prefix)
        node.check_static(prefix, prefix)

    def other_package(prefix):
        shutil.copytree(folder / "npm", prefix / "npm")
        path = next((prefix / "npm").glob("cwl2le-linux-*.tgz"))
        path.write_bytes(path.read_bytes() + b"\0")
        with serving(node.registry(folder / "npm")) as address:
            publish.npm(facts, prefix / "npm", node.publisher(prefix, address), provenance=False)

    def broken_registry(prefix):
        with serving(lambda *_: b"no JSON") as address:
            publish.npm(facts, folder / "npm", node.publisher(prefix, address), provenance=False)

    def changed_archive(prefix):
        shutil.copytree(folder / "files", prefix / "files")
        with (prefix / "files" / target.archive).open("ab") as file:
            file.write(b"\0")
        installers.check_sums(prefix / "files")

    def other_place(prefix):
        settings = installers.binstall_settings(facts) | {"pkg-url": "{ repo }/releases/{ version }/{ target }.tgz"}
        installers.check_binstall(facts, folder / "files", settings)

    def shorter_bill(prefix):
        document = bills.document(facts)
        document["components"] = [one for one in document["components"] if one["name"] != "tokio"]
        bill.check_names(document, program(prefix))

    def broken_bill(_):
        document = bills.document(facts)
        document["components"][0]["type"] = "crate"
        bill.check_schema(document)

    def loose_action(prefix):
        (prefix / "ci.yml").write_text("steps:\n  - uses: actions/checkout@v6\n")
        workflows.check_pins(prefix)

    def no_section(_):
        release.notes("9.9.9")

    def no_repository(_):
        release.check_repository(dataclasses.replace(facts, repository="https://github.com/OWNER/cwl2le"))

    def other_tag(_):
        release.check_tag(facts, "v9.9.9")

    def pre_release(_):
        release.check_tag(dataclasses.replace(facts, version="9.9.9-rc.1"), "v9.9.9-rc.1")

    def unpublished(prefix):
        (prefix / "README.md").write_text(f"{release.UNPUBLISHED}: wait.\n")
        release.check_published(prefix)

    def other_name(prefix):
        release.move(facts, "https://github.com/somebody/shipper.git", prefix)

    # What each has to be refused with.
    faults = {
        "a program that is too large": (too_large, "are published"),
        "a download that is too large": (large_download, "to download"),
        "a program that is too small for a forwarder": (without_forwarder, "too few"),
        "a program for another processor": (wrong_processor, f"and not for {foreign.triple}"),
        "a program that needs a newer glibc": (newer_glibc, "needs glibc 2.99"),
        "a script instead of a program": (script, "is not an executable"),
        "an image of a program that is not static": (dynamic, "is not static"),
        "a wheel with another version than the program": (wrong_version, f"says version {facts.version}"),
        "a program without a forwarder": (missing_forwarder, "carries no forwarder"),
        "another forwarder than `version` says": (changed_forwarder, "has another hash"),
        "a download with a wrong checksum": (damaged_download, "checksum"),
        "a system that cannot compute a checksum": (no_checker, "cannot be verified"),
        "an installer that compares no checksum": (unchecked_script, "does not compare"),
        "a file without a checksum": (unlisted_file, "no true checksum of cwl2le.deb"),
        "a package of npm that needs glibc": (needs_glibc, "which npm does not look at"),
        "another package of npm with this version": (other_package, "the registry has another"),
        "a registry that answers something else": (broken_registry, "npm view"),
        "an archive that was changed after its checksum": (changed_archive, "no true checksum"),
        "an address of cargo binstall that has no archive": (other_place, "looks for"),
        "a bill of materials that lacks a crate": (shorter_bill, "does not name"),
        "a bill of materials that is not CycloneDX": (broken_bill, "is not CycloneDX"),
        "an action that is not pinned": (loose_action, "is not pinned"),
        "a version without a section in CHANGELOG.md": (no_section, "has no section"),
        "a release without a repository": (no_repository, "is still"),
        "a tag of another version": (other_tag, "the tag is"),
        "a tag of a pre-release": (pre_release, "is not that of a release"),
        "a README that says nothing is published": (unpublished, "delete that sentence"),
        "a repository with another name": (other_name, "must be called"),
    }
    for name, (fault, words) in faults.items():
        yield f"planted: {name}", _found(fault, words)


def _found(fault, words):
    def check(prefix):
        try:
            fault(prefix)
        except Refused as problem:
            if words not in str(problem):
                raise Refused(f"the checks find something else: {problem}") from problem
            return
        raise Refused("the checks do not find it")

    return check
