"""Writes down what ``cwl2le`` and its forwarder ask AWS for, so that ``checks/`` can hold it against AWS's own models.

The environment variable ``CWL2LE_REQUESTS`` names the folder, and nothing is written without it. Each server appends to
a file of its own there, one distinct request a line. Requests of other programs are left out.
"""

import hashlib
import io
import json
import os
import re
import tempfile

VARIABLE = "CWL2LE_REQUESTS"
# How the clients name themselves: the SDK of cwl2le, the client of the forwarder, and the calls that cwl2le makes without
# the SDK, which have no name. Other programs have one.
_SENDERS = re.compile("aws-sdk-rust/.*|cwl2le/.*|")
# The name that the clients of the tests have in addition.
TESTS = "app/cwl2le-tests"
# Headers that say something about the connection or the attempt, and the ones that may be long or secret.
_LEFT_OUT = re.compile(
    "accept-encoding|amz-sdk-.*|authorization|connection|content-length|host|traceparent|transfer-encoding|x-amz-date|"
    "x-amz-security-token|x-amz-user-agent|x-amzn-trace-id"
)
# For whom a request is signed: `Credential=KEY/DATE/REGION/SERVICE/aws4_request`.
_SCOPE = re.compile(r"Credential=[^/]+/\d+/([^/]+)/([^/]+)/aws4_request")
# The zip of a function. Its member has no limit in the model, and it would make up nearly all that is written.
_ZIP = re.compile(rb'("ZipFile":\s*")[^"]{1000,}"')


class Recording:
    """The file of one server."""

    def __init__(self, folder):
        os.makedirs(folder, exist_ok=True)
        self._file = tempfile.NamedTemporaryFile("w", dir=folder, suffix=".jsonl", delete=False, encoding="utf-8")
        self._seen = set()

    def add(self, method, path, query, headers, body):
        """Appends a request. ``path`` and ``query`` are as they were sent; ``headers`` by lower-case name."""
        sender = headers.get("user-agent", "")
        scope = _SCOPE.search(headers.get("authorization", ""))
        if scope is None or not _SENDERS.fullmatch(sender) or TESTS in sender + headers.get("x-amz-user-agent", ""):
            return
        body = _ZIP.sub(rb'\1UEsFBg=="', body)
        request = {
            "sender": sender.partition("/")[0],
            "region": scope[1],
            "service": scope[2],
            "method": method,
            "path": path,
            "query": query,
            "headers": {name: value for name, value in sorted(headers.items()) if not _LEFT_OUT.fullmatch(name)},
            # Every protocol is text; what is put into a bucket need not be, and nothing looks at it.
            "body": body.decode("utf-8", "replace"),
        }
        line = json.dumps(request)
        digest = hashlib.blake2b(line.encode(), digest_size=16).digest()
        if digest not in self._seen:
            self._seen.add(digest)
            self._file.write(line + "\n")
            self._file.flush()


def of_requests(app):
    """The ASGI application, with its requests written down if the environment asks for it."""
    recording = _asked_for()
    if recording is None:
        return app

    async def wrapped(scope, receive, send):
        if scope["type"] != "http" or scope["path"].startswith("/_"):
            await app(scope, receive, send)
            return
        headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}
        chunks = []

        async def kept():
            message = await receive()
            chunks.append(message.get("body", b""))
            return message

        # What answers need not read a body that is empty, so this comes last.
        try:
            await app(scope, kept, send)
        finally:
            path = scope.get("raw_path", scope["path"].encode()).decode("latin-1")
            query = scope.get("query_string", b"").decode("latin-1")
            recording.add(scope["method"], path, query, headers, b"".join(chunks))

    return wrapped


def of_wsgi_requests(app):
    """The same for a WSGI application, which is moto."""
    recording = _asked_for()
    if recording is None:
        return app

    def wrapped(environ, start_response):
        body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        environ["wsgi.input"] = io.BytesIO(body)
        headers = {name[5:].replace("_", "-").lower(): text for name, text in environ.items() if name.startswith("HTTP_")}
        headers["content-type"] = environ.get("CONTENT_TYPE", "")
        path, _, query = environ["RAW_URI"].partition("?")
        recording.add(environ["REQUEST_METHOD"], path, query, headers, body)
        return app(environ, start_response)

    return wrapped


def _asked_for():
    # Taken out: functions inherit the environment.
    folder = os.environ.pop(VARIABLE, None)
    return Recording(folder) if folder else None
