"""The container image, unpacked by umoci and run in its own root as the user that it names.

Where no static program was built, the image is made of the one for glibc, and the libraries of this system are put
beside it to run it. That proves all but what a static program does without them.
"""

import json
import os
import re
import shutil
import ssl
import subprocess

import image
import targets
from executable import read
from release import Refused
from tools import here, run

from . import said
from .installers import unpacked
from .loopback import serving


def checks(facts, folder, expected):
    def container(prefix):
        if os.geteuid() != 0 or not all(map(shutil.which, ("umoci", "openssl"))):
            return "that takes root, umoci and openssl"
        layout = folder / "image"
        if not layout.is_dir():
            layout = stand_in(facts, folder, prefix)
        run("umoci", "unpack", "--image", f"{layout}:{facts.version}", prefix / "bundle")
        root = prefix / "bundle/rootfs"
        settings = json.loads((prefix / "bundle/config.json").read_text())["process"]
        check_settings(settings, root)
        libraries(root)
        # A runtime gives the container these.
        (root / "etc/resolv.conf").write_text("nameserver 127.0.0.1\n")
        (root / "etc/hosts").write_text("127.0.0.1 localhost\n")
        user = settings["user"]
        # The environment is that of the image, which has no chroot.
        enter = [shutil.which("chroot"), f"--userspec={user['uid']}:{user['gid']}", root, *settings["args"]]
        environment = dict(entry.split("=", 1) for entry in settings["env"])
        document = json.loads(run(*enter, "version", "--output", "json", env=environment))
        if wrong := list(said.problems(document, expected)):
            raise Refused("; ".join(wrong))
        for arch in expected.forwarders:
            run(*enter, "package", "--arch", arch, "--to", f"/{image.WORK}/{arch}.zip", env=environment)
            said.check_forwarder(root / image.WORK / f"{arch}.zip", arch, document)
        check_tls(enter, environment, root, prefix)
        check_other_user(root, environment)

    yield "container image", container


def stand_in(facts, folder, prefix):
    """An image of the program for glibc, whose libraries `libraries` adds to what was unpacked."""
    target, program = targets.of(here()), unpacked(folder, prefix)
    found = read(program)
    # The same facts as of a static one, or it would be refused.
    image.build(facts, {target: program}, {target: type(found)("linux", target.machine)}, None, prefix / "image")
    return prefix / "image"


def libraries(root):
    """Copies what a dynamic program needs from this system."""
    program = root / "usr/bin/cwl2le"
    if not read(program).libraries:
        return
    for path in re.findall(r"(/\S+) \(0x", run("ldd", program)):
        to = root / path.lstrip("/")
        to.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, to)


def check_tls(enter, environment, root, prefix):
    """The program finds a host by its name, and trusts who is in the certificates of the image, and nobody else."""
    certificate, key = prefix / "server.pem", prefix / "key.pem"
    run(
        "openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost",
        "-addext", "subjectAltName=DNS:localhost", "-addext", "basicConstraints=critical,CA:FALSE",
        "-keyout", key, "-out", certificate,
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    with serving(lambda *_: b"", context) as address:
        port = address.rpartition(":")[2]
        account = {"AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b", "AWS_REGION": "eu-west-1"}
        account |= {"AWS_ENDPOINT_URL": f"https://localhost:{port}", "CWL2LE_PATIENCE": "5"}
        if "BadCertificate" not in failing(enter, environment | account):
            raise Refused("the program trusts a server that the image has no certificate for")
        trusted = root / image.CERTIFICATES
        trusted.write_text(trusted.read_text() + certificate.read_text())
        if "on https://localhost" not in (text := failing(enter, environment | account)) or "Certificate" in text:
            raise Refused(f"the program does not use the certificates of the image: {text}")


def check_other_user(root, environment):
    """Whoever gives the container their own number and mounts their credentials can read them."""
    mounted = root / "home/nonroot/.aws"
    mounted.mkdir(mode=0o700)
    settings = mounted / "config"
    settings.write_text("[profile mine]\nregion = eu-west-1\naws_access_key_id = a\naws_secret_access_key = b\n")
    settings.chmod(0o600)
    for path in (mounted, settings):
        os.chown(path, 4242, 4242)
    enter = [shutil.which("chroot"), "--userspec=4242:4242", root, "/usr/bin/cwl2le"]
    # Nobody listens on this port: whoever gets that far has read the profile.
    account = {"AWS_PROFILE": "mine", "AWS_ENDPOINT_URL": said.NOWHERE, "CWL2LE_PATIENCE": "1"}
    if "cannot reach" not in (text := failing(enter, environment | account)):
        raise Refused(f"another user cannot read what is mounted below /home/nonroot: {text}")


def failing(enter, environment):
    done = subprocess.run([*map(str, enter), "list"], env=environment, capture_output=True, text=True, check=False)
    return done.stderr


def check_settings(settings, root):
    if settings["user"]["uid"] != image.USER:
        raise Refused(f"the image runs as user {settings['user']['uid']}")
    if "BEGIN CERTIFICATE" not in (root / image.CERTIFICATES).read_text():
        raise Refused("the image has no certificates")
    for name, mode in {"tmp": 0o1777, image.WORK: 0o755, "home/nonroot": 0o755}.items():
        if (root / name).stat().st_mode & 0o7777 != mode:
            raise Refused(f"/{name} has another mode than {mode:o}")
