"""Starts ministack on a free loopback port, with what it lacks for cwl2le added.

Run as ``python launcher.py --state DIR [--auth]`` by the crate ``cwl2le-local``. It announces itself with one
line of JSON on stdout, logs to stderr, and lives as long as its stdin is open: when the process
that started it ends, for whatever reason, it takes the functions it runs along and removes DIR.
"""

import argparse
import asyncio
import json
import os
import shutil
import signal
import socket
import sys
import threading

SUPPORTED_VERSION = "1.5.33"


# ---------------------------------------------------------------------------
# The process
# ---------------------------------------------------------------------------


def announce(message):
    """Tells the process that started us, on one line."""
    sys.stdout.write(json.dumps(message) + "\n")
    sys.stdout.flush()


def end_with_parent(state):
    """Ends this process group when stdin closes, which happens however the parent ends."""

    def watch():
        while os.read(0, 4096):
            pass
        shutil.rmtree(state, ignore_errors=True)
        if hasattr(os, "killpg") and os.getpgid(0) == os.getpid():
            os.killpg(0, signal.SIGKILL)
        os._exit(0)

    threading.Thread(target=watch, daemon=True, name="parent-watch").start()


def configure(state, port, auth):
    """Sets what ministack reads from the environment; functions inherit it, so it holds no more."""
    temporary = os.path.join(state, "tmp")
    os.makedirs(temporary, exist_ok=True)
    os.environ.update(
        GATEWAY_PORT=str(port),
        AWS_ENDPOINT_URL=f"http://127.0.0.1:{port}",
        AWS_ACCESS_KEY_ID="test",
        AWS_SECRET_ACCESS_KEY="test",
        AUTH="true" if auth else "false",
        LAMBDA_EXECUTOR="local",
        PERSIST_STATE="0",
        STATE_DIR=os.path.join(state, "state"),
        TMPDIR=temporary,
        HOME=temporary,
        SFTP_ENABLED="0",
        IOT_MTLS_ENABLED="0",
        # No socket there: ministack then leaves docker alone.
        DOCKER_HOST=f"unix://{temporary}/no-docker.sock",
    )


def announcing(app, port):
    """The ASGI application, with a word to the parent once it has started."""

    async def wrapped(scope, receive, send):
        if scope["type"] != "lifespan":
            await app(scope, receive, send)
            return

        async def tell(message):
            await send(message)
            if message["type"] == "lifespan.startup.complete":
                announce({"port": port})

        await app(scope, receive, tell)

    return wrapped


def serve(listener, port):
    """Serves ministack on the listening socket until the process ends."""
    from hypercorn.asyncio import serve as hypercorn_serve
    from hypercorn.config import Config

    from ministack.app import app

    config = Config()
    config.bind = [f"fd://{listener.fileno()}"]
    config.keep_alive_timeout = 75
    config.loglevel = "WARNING"
    asyncio.run(hypercorn_serve(announcing(app, port), config))


def main():
    """Starts everything; whatever goes wrong before that is announced with its reason."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--state", required=True)
    parser.add_argument("--auth", action="store_true")
    arguments = parser.parse_args()
    end_with_parent(arguments.state)
    try:
        listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        listener.bind(("127.0.0.1", 0))
        listener.listen(512)
        port = listener.getsockname()[1]
        configure(arguments.state, port, arguments.auth)
        serve(listener, port)
    except Exception as error:
        announce({"error": f"{type(error).__name__}: {error}"})
        raise


if __name__ == "__main__":
    main()
