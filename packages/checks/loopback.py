"""A server on the loopback interface, for what would come from a registry or from a release's page."""

import contextlib
import http.server
import threading


@contextlib.contextmanager
def serving(answer, tls=None, put=None):
    """Serves what `answer(address, path)` returns: bytes, or none for what does not exist. Gives the address.

    With `tls`, the context of a server, it speaks TLS. `put(path, content)` takes what is put there."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            content = answer(f"http://{self.headers['Host']}", self.path)
            self.send_response(404 if content is None else 200)
            self.send_header("Content-Length", str(len(content or b"")))
            self.end_headers()
            self.wfile.write(content or b"")

        do_POST = do_GET

        def do_PUT(self):
            content = self.rfile.read(int(self.headers["Content-Length"]))
            if put:
                put(self.path, content)
            self.send_response(201 if put else 405)
            self.send_header("Content-Length", "2")
            self.end_headers()
            self.wfile.write(b"{}")

        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    if tls:
        server.socket = tls.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
