"""What a release says of itself. Everything comes from Cargo.toml and CHANGELOG.md, where each fact stands once."""

import dataclasses
import os
import pathlib
import re
import tomllib

ROOT = pathlib.Path(__file__).resolve().parent.parent
# The owner in Cargo.toml until somebody says whose the repository is.
NOBODY = "OWNER"
# What README.md and docs/install.md say until there is a first release. The tag of one needs them without it.
UNPUBLISHED = "Nothing is published yet"
# What can be a version of a wheel, a deb and a package of npm alike, and is no pre-release, which would become latest.
TAG = re.compile(r"v\d+\.\d+\.\d+")
LICENSES = ("LICENSE-APACHE", "LICENSE-MIT")
# Times in packages, so that the same binaries make the same packages: 1980, the first year that a zip can say.
EPOCH = int(os.environ.get("SOURCE_DATE_EPOCH", 315532800))


class Refused(Exception):
    """What is given must not be published. The text says why."""


@dataclasses.dataclass(frozen=True)
class Release:
    """The facts that packages name."""

    name: str
    version: str
    summary: str
    license: str
    repository: str

    @property
    def owner(self):
        return self.repository.rstrip("/").split("/")[-2]

    @property
    def tag(self):
        return f"v{self.version}"

    @property
    def downloads(self):
        """Where the files of this release are."""
        return f"{self.repository}/releases/download/{self.tag}"


def read(manifest=ROOT / "Cargo.toml"):
    document = tomllib.loads(manifest.read_text())
    package, shared = document["package"], document["workspace"]["package"]
    return Release(
        name=package["name"],
        version=shared["version"],
        summary=package["description"],
        license=shared["license"],
        repository=shared["repository"],
    )


def notes(version, changelog=ROOT / "CHANGELOG.md"):
    """The section of a version in the changelog, without its heading."""
    sections = re.split(r"^## ", changelog.read_text(), flags=re.MULTILINE)[1:]
    for section in sections:
        heading, _, text = section.partition("\n")
        if re.match(rf"\[{re.escape(version)}\](\s|$)", heading):
            if not text.strip():
                raise Refused(f"the section [{version}] of {changelog.name} is empty")
            return text.strip() + "\n"
    raise Refused(
        f"{changelog.name} has no section of version {version}\n"
        f"hint: rename `## [Unreleased]` to `## [{version}] - DATE` and commit that before you tag"
    )


def check_ready(release, tag):
    """Refuses a release whose tag, changelog or repository do not fit."""
    check_tag(release, tag)
    notes(release.version)
    check_repository(release)
    check_published()


def check_tag(release, tag):
    if not TAG.fullmatch(tag):
        raise Refused(f"the tag {tag} is not that of a release, which is `v` and three numbers, such as v1.2.3")
    if tag != release.tag:
        raise Refused(
            f"the tag is {tag}, and Cargo.toml has version {release.version}\n"
            f"hint: tag {release.tag}, or change `version` of [workspace.package] in Cargo.toml"
        )


def check_repository(release):
    if release.owner == NOBODY:
        raise Refused(
            f"`repository` in Cargo.toml is still {release.repository}\n"
            "hint: `python3 packages repository https://github.com/NAME/cwl2le` writes it there and into the docs"
        )
    here = os.environ.get("GITHUB_REPOSITORY")
    if here and f"{os.environ['GITHUB_SERVER_URL']}/{here}" != release.repository:
        raise Refused(
            f"this runs in {here}, and `repository` in Cargo.toml is {release.repository}\n"
            "hint: release from there, or change it with `python3 packages repository URL`"
        )


def check_published(root=ROOT):
    """Refuses a release whose documentation still says that there is none."""
    for path in documentation(root):
        if UNPUBLISHED in path.read_text():
            raise Refused(
                f"{path.relative_to(root)} says `{UNPUBLISHED}`\n"
                "hint: delete that sentence wherever it stands, and commit that before you tag"
            )


def documentation(root=ROOT):
    return [*sorted(root.glob("*.md")), *sorted((root / "docs").glob("*.md"))]


def move(release, url, root=ROOT):
    """Writes another repository wherever the old one is named. Returns the files."""
    match = re.fullmatch(r"(https://[\w.-]+/([\w.-]+)/([\w.-]+?))(\.git)?/?", url)
    if not match:
        raise Refused(f"`{url}` is not the address of a repository, such as https://github.com/NAME/{release.name}")
    address, owner, name, _ = match.groups()
    # The commands of the documentation, the image and the packages of the release have this name.
    if name != release.name:
        raise Refused(f"the repository is called `{name}`, and must be called `{release.name}`, as the program is")
    names = {
        release.repository: address,
        f"ghcr.io/{release.owner}/": f"ghcr.io/{owner.lower()}/",
        f"{release.owner}/tap/": f"{owner}/tap/",
        f"--repo {release.owner}/": f"--repo {owner}/",
    }
    changed = []
    for path in [root / "Cargo.toml", *documentation(root)]:
        text = before = path.read_text()
        for old, new in names.items():
            text = text.replace(old, new)
        if text != before:
            path.write_text(text)
            changed.append(path.relative_to(root))
    return changed
