"""Runs a log server of the field, and writes what it receives into `received` in its folder.

Run as ``python field_server.py --state DIR rotel`` or
``... --state DIR rsyslog --root DIR --certificate FILE --key FILE``.
"""

import argparse
import importlib.util
import os
import pathlib
import socket
import subprocess
import time

import guard

RSYSLOG = """\
global(workDirectory="{state}" maxMessageSize="64k" defaultNetstreamDriverCAFile="{certificate}"
       defaultNetstreamDriverCertFile="{certificate}" defaultNetstreamDriverKeyFile="{key}"
       parser.escapeControlCharactersOnReceive="off")
module(load="imtcp" streamDriver.name="ossl" streamDriver.mode="1" streamDriver.authMode="anon")
template(name="all" type="list") {{
  property(name="pri") constant(value="|") property(name="timereported" dateFormat="rfc3339") constant(value="|")
  property(name="app-name") constant(value="|") property(name="structured-data") constant(value="|")
  property(name="msg") constant(value="\\n")
}}
input(type="imtcp" address="127.0.0.1" port="0" listenPortFileName="{state}/port")
action(type="omfile" file="{state}/received" template="all")
"""


def rotel(_, state):
    """An OpenTelemetry collector: writes log records in words. Returns its process and a function for its port."""
    listener, port = guard.listen()
    listener.close()
    other, grpc = guard.listen()
    other.close()
    package = pathlib.Path(importlib.util.find_spec("rotel").origin).parent
    command = [package / "rotel-agent", "start", "--otlp-http-endpoint", f"127.0.0.1:{port}"]
    command += ["--otlp-grpc-endpoint", f"127.0.0.1:{grpc}", "--exporter", "blackhole"]
    command += ["--debug-log", "logs", "--debug-log-verbosity", "detailed"]
    with open(state / "received", "wb") as received:
        process = subprocess.Popen(command, stdout=received)

    def ready():
        with socket.socket() as probe:
            return port if probe.connect_ex(("127.0.0.1", port)) == 0 else None

    return process, ready


def rsyslog(arguments, state):
    """rsyslog with TLS, out of unpacked packages."""
    libraries = next(arguments.root.glob("usr/lib/*/rsyslog"))
    configuration = state / "rsyslog.conf"
    configuration.write_text(RSYSLOG.format(state=state, certificate=arguments.certificate, key=arguments.key))
    environment = {**os.environ, "LD_LIBRARY_PATH": f"{libraries.parent}:{arguments.root}/lib/{libraries.parent.name}"}
    command = [arguments.root / "usr/sbin/rsyslogd", "-n", "-i", state / "pid", "-f", configuration, "-M", libraries]
    process = subprocess.Popen(command, env=environment)

    def ready():
        port = state / "port"
        return int(port.read_text()) if port.exists() and port.read_text() else None

    return process, ready


def main():
    """Starts the server, announces its port, and waits for its end."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--state", required=True, type=pathlib.Path)
    parser.add_argument("server", choices=["rotel", "rsyslog"])
    parser.add_argument("--root", type=pathlib.Path)
    parser.add_argument("--certificate")
    parser.add_argument("--key")
    arguments = parser.parse_args()
    with guard.watching(arguments.state):
        start = rotel if arguments.server == "rotel" else rsyslog
        process, ready = start(arguments, arguments.state)
        while (port := ready()) is None:
            if process.poll() is not None:
                raise RuntimeError(f"{arguments.server} ended with {process.returncode}")
            time.sleep(0.02)
        guard.announce(port)
        process.wait()


if __name__ == "__main__":
    main()
