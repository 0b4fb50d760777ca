"""What a release says of itself. Everything comes from Cargo.toml and CHANGELOG.md, where each fact stands once."""

import dataclasses
import os
import pathlib
import re
import tomllib

ROOT = pathlib.Path(__file__).resolve().parent.parent
# The owner in Cargo.toml until somebody says whose the repository is.
NOBODY = "OWNER"
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


def check_tag(release, tag):
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


def move(release, url):
    """Writes another repository wherever the old one is named. Returns the files."""
    match = re.fullmatch(r"https://[\w.-]+/([\w.-]+)/([\w.-]+?)/?", url)
    if not match:
        raise Refused(f"`{url}` is not the address of a repository, such as https://github.com/NAME/cwl2le")
    names = {
        release.repository: f"{url.rstrip('/')}",
        f"ghcr.io/{release.owner}/": f"ghcr.io/{match[1].lower()}/",
        f"{release.owner}/tap/": f"{match[1]}/tap/",
        f"--repo {release.owner}/": f"--repo {match[1]}/",
    }
    changed = []
    for path in [ROOT / "Cargo.toml", *ROOT.glob("*.md"), *sorted((ROOT / "docs").glob("*.md"))]:
        text = before = path.read_text()
        for old, new in names.items():
            text = text.replace(old, new)
        if text != before:
            path.write_text(text)
            changed.append(path.relative_to(ROOT))
    return changed
