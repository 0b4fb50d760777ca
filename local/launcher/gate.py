"""Who may talk to the local AWS: programs of this machine, and not the web pages that its browsers show.

A page can send requests to a loopback port without asking anybody. Browsers mark them: with ``Origin``, with the
``Sec-Fetch-*`` headers, or, where DNS rebinding makes this server look like the page's own, with a foreign ``Host``.
All of these are refused. Answers carry no CORS headers, so that a page cannot read one either.

With a secret, every request must be signed with it, and the paths that control the server itself need it in a header.
Without one, any program on this machine may do everything.
"""

import hmac
import json
from urllib.parse import parse_qs

SECRET_HEADER = "x-cwl2le-secret"

_LOCAL_NAMES = {"127.0.0.1", "localhost", "[::1]"}
# A browser sends them; no AWS client does.
_OF_A_PAGE = ("origin", "sec-fetch-site", "sec-fetch-mode")


def refusal(headers):
    """Why a request is refused whoever sends it, or None. ``headers`` by lower-case name."""
    if any(name in headers for name in _OF_A_PAGE):
        return "requests of web pages are refused"
    if _name(headers.get("host", "")) not in _LOCAL_NAMES:
        return "the Host header must name 127.0.0.1 or localhost"
    return None


def unproven(scope, headers, body, secret):
    """Why a request does not prove that its sender knows the secret, or None."""
    if scope["path"].startswith("/_"):
        known = hmac.compare_digest(headers.get(SECRET_HEADER, "").encode(), secret.encode())
        return None if known else "this path needs the secret of this local AWS"
    from ministack.core import sigv4

    signature = sigv4.parse_header_signature(headers)
    if isinstance(signature, tuple):
        return "requests must be signed with the keys of this local AWS"
    path = scope.get("raw_path", scope["path"].encode()).decode("latin-1")
    query = parse_qs(scope.get("query_string", b"").decode("latin-1"), keep_blank_values=True)
    failure = sigv4.header_signature_failure(signature, secret, scope["method"], path, query, headers, body)
    return None if failure is None else "the request is not signed with the keys of this local AWS"


def guarding(app, secret=None):
    """The ASGI application behind the gate."""

    async def wrapped(scope, receive, send):
        if scope["type"] == "lifespan":
            await app(scope, receive, send)
            return
        headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}
        why = refusal(headers)
        if why is None and secret is not None:
            if scope["type"] == "http":
                body, receive = await _whole_body(receive)
                why = unproven(scope, headers, body, secret)
            else:
                why = "only requests can be signed"
        if why is not None:
            await _refuse(scope, send, why)
            return

        async def without_cors(message):
            if message["type"] == "http.response.start":
                kept = [pair for pair in message.get("headers", []) if not pair[0].lower().startswith(b"access-control-")]
                message = {**message, "headers": kept}
            await send(message)

        await app(scope, receive, without_cors)

    return wrapped


def _name(host):
    """The host without its port."""
    name, colon, port = host.rpartition(":")
    return (name if colon and port.isdigit() else host).lower()


async def _whole_body(receive):
    """The body of a request, and a ``receive`` that gives it again."""
    chunks, more = [], True
    while more:
        message = await receive()
        if message["type"] != "http.request":
            break
        chunks.append(message.get("body", b""))
        more = message.get("more_body", False)
    body = b"".join(chunks)
    waiting = [{"type": "http.request", "body": body, "more_body": False}]

    async def again():
        return waiting.pop() if waiting else await receive()

    return body, again


async def _refuse(scope, send, why):
    if scope["type"] == "websocket":
        await send({"type": "websocket.close", "code": 1008})
        return
    body = json.dumps({"__type": "AccessDeniedException", "message": why}).encode()
    headers = [(b"content-type", b"application/x-amz-json-1.1"), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": 403, "headers": headers})
    await send({"type": "http.response.body", "body": body})
