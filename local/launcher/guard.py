"""How a server of the local world announces itself, and how it ends.

It says on one line of stdout on which port it serves, or why it cannot, and logs to stderr. It lives
as long as its stdin is open: when the process that started it ends, for whatever reason, it ends
with everything that it started in turn, and removes its folder.
"""

import contextlib
import json
import os
import shutil
import signal
import socket
import sys
import threading


@contextlib.contextmanager
def watching(state):
    """Ends with the parent; what goes wrong inside is announced with its reason."""
    threading.Thread(target=_end_with_parent, args=(state,), daemon=True, name="parent-watch").start()
    try:
        yield
    except Exception as error:
        _tell({"error": f"{type(error).__name__}: {error}"})
        raise


def listen():
    """A listening socket on a free port of this machine, and the port."""
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.bind(("127.0.0.1", 0))
    listener.listen(512)
    return listener, listener.getsockname()[1]


def announce(port, secret=None):
    """Says that the server is ready on this port, and with which secret it may be called where it has one."""
    _tell({"port": port} if secret is None else {"port": port, "secret": secret})


def _tell(message):
    with contextlib.suppress(OSError):
        sys.stdout.write(json.dumps(message) + "\n")
        sys.stdout.flush()


def _end_with_parent(state):
    # A read ends when the other side of the pipe is closed, however the parent ends.
    while os.read(0, 4096):
        pass
    shutil.rmtree(state, ignore_errors=True)
    if hasattr(os, "killpg") and os.getpgid(0) == os.getpid():
        os.killpg(0, signal.SIGKILL)
    os._exit(0)
