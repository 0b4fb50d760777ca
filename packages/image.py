"""A container image from nothing: the static program, the certificates of public authorities, and a user that is not
root. Written as an OCI layout, which needs no daemon; `skopeo copy --all oci:DIR:VERSION docker://...` publishes it."""

import gzip
import hashlib
import io
import json
import tarfile

import certifi
from release import EPOCH, LICENSES, ROOT, Refused

# The number that distroless images use; passwd names it for programs that look it up.
USER = 65532
PASSWD = f"root:x:0:0:root:/root:/none\nnonroot:x:{USER}:{USER}:nonroot:/home/nonroot:/none\n"
GROUP = f"root:x:0:\nnonroot:x:{USER}:\n"
CERTIFICATES = "etc/ssl/certs/ca-certificates.crt"
WORK = "work"


def build(release, programs, found, revision, to):
    """Writes the image of static programs, one manifest for each processor. Returns the digest of its index."""
    for target, program in programs.items():
        if found[target].libraries:
            raise Refused(f"{program} is not static, and nothing in an image from scratch could start it")
    to.mkdir()
    (to / "blobs/sha256").mkdir(parents=True)
    labels = {
        "org.opencontainers.image.title": release.name,
        "org.opencontainers.image.description": release.summary,
        "org.opencontainers.image.version": release.version,
        "org.opencontainers.image.source": release.repository,
        "org.opencontainers.image.licenses": release.license,
        **({"org.opencontainers.image.revision": revision} if revision else {}),
    }
    manifests = [_manifest(to, target, program, labels) for target, program in programs.items()]
    index = _blob(to, "application/vnd.oci.image.index.v1+json", _json({
        "schemaVersion": 2,
        "mediaType": "application/vnd.oci.image.index.v1+json",
        "manifests": manifests,
        "annotations": labels,
    }))
    name = {"annotations": {"org.opencontainers.image.ref.name": release.version}}
    (to / "index.json").write_bytes(_json({"schemaVersion": 2, "manifests": [index | name]}))
    (to / "oci-layout").write_bytes(_json({"imageLayoutVersion": "1.0.0"}))
    return index["digest"]


def _manifest(to, target, program, labels):
    layer = _layer(program)
    packed = _blob(to, "application/vnd.oci.image.layer.v1.tar+gzip", gzip.compress(layer, mtime=0))
    platform = {"os": "linux", "architecture": target.goarch}
    config = _blob(to, "application/vnd.oci.image.config.v1+json", _json({
        **platform,
        "config": {
            "User": f"{USER}:{USER}",
            "Entrypoint": ["/usr/bin/cwl2le"],
            "WorkingDir": f"/{WORK}",
            "Env": ["PATH=/usr/bin", "HOME=/home/nonroot", f"SSL_CERT_FILE=/{CERTIFICATES}"],
            "Labels": labels,
        },
        "rootfs": {"type": "layers", "diff_ids": [_digest(layer)]},
    }))
    manifest = _blob(to, "application/vnd.oci.image.manifest.v1+json", _json({
        "schemaVersion": 2,
        "mediaType": "application/vnd.oci.image.manifest.v1+json",
        "config": config,
        "layers": [packed],
        "annotations": labels,
    }))
    return manifest | {"platform": platform}


def _layer(program):
    raw = io.BytesIO()
    with tarfile.open(fileobj=raw, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        for folder in ("etc", "etc/ssl", "etc/ssl/certs", "home", "usr", "usr/bin", "usr/share", "usr/share/licenses"):
            _folder(archive, folder, 0o755, 0)
        _folder(archive, "tmp", 0o1777, 0)
        # Not 0700: whoever runs it with `--user` has to reach what is mounted below.
        _folder(archive, "home/nonroot", 0o755, USER)
        _folder(archive, WORK, 0o755, USER)
        _file(archive, "etc/passwd", PASSWD.encode(), 0o644)
        _file(archive, "etc/group", GROUP.encode(), 0o644)
        with open(certifi.where(), "rb") as certificates:
            _file(archive, CERTIFICATES, certificates.read(), 0o644)
        for name in LICENSES:
            _file(archive, f"usr/share/licenses/{name}", (ROOT / name).read_bytes(), 0o644)
        _file(archive, "usr/bin/cwl2le", program.read_bytes(), 0o755)
    return raw.getvalue()


def _folder(archive, name, mode, owner):
    entry = tarfile.TarInfo(name)
    entry.type, entry.mode, entry.mtime, entry.uid, entry.gid = tarfile.DIRTYPE, mode, EPOCH, owner, owner
    archive.addfile(entry)


def _file(archive, name, content, mode):
    entry = tarfile.TarInfo(name)
    entry.size, entry.mode, entry.mtime = len(content), mode, EPOCH
    archive.addfile(entry, io.BytesIO(content))


def _blob(to, kind, content):
    digest = _digest(content)
    (to / "blobs" / digest.replace(":", "/")).write_bytes(content)
    return {"mediaType": kind, "digest": digest, "size": len(content)}


def _digest(content):
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


def _json(value):
    return json.dumps(value, separators=(",", ":")).encode()
