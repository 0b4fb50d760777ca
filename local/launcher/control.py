"""The paths that control the local AWS itself, for tests: ``/_cwl2le/...``."""

import json


def serving(app, *controls):
    """The ASGI application, with these requests answered by the first control that knows the path."""

    async def wrapped(scope, receive, send):
        if scope["type"] != "http" or not scope["path"].startswith("/_cwl2le/"):
            await app(scope, receive, send)
            return
        body, more = b"", True
        while more:
            message = await receive()
            body += message.get("body", b"")
            more = message.get("more_body", False)
        answers = (control.answer(scope["method"], scope["path"], body) for control in controls)
        answer = next((answer for answer in answers if answer is not None), None)
        status = 404 if answer is None else 200
        body = json.dumps(answer, sort_keys=True).encode()
        headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    return wrapped
