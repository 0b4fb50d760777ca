"""Serves moto's stricter control plane. Run as ``python moto_server.py --state DIR``; see ``guard``."""

import argparse

import guard


def without_account_policies(app):
    """moto knows no account policies: it has none, and says so when it is asked."""

    def answer(environ, start_response):
        if environ.get("HTTP_X_AMZ_TARGET") != "Logs_20140328.DescribeAccountPolicies":
            return app(environ, start_response)
        start_response("200 OK", [("Content-Type", "application/x-amz-json-1.1")])
        return [b'{"accountPolicies": []}']

    return answer


def starting_every_function(app):
    """moto runs no functions: an invocation, which `setup` makes with an empty batch, succeeds."""

    def answer(environ, start_response):
        if not environ.get("PATH_INFO", "").endswith("/invocations"):
            return app(environ, start_response)
        start_response("200 OK", [("Content-Type", "application/json")])
        return [b'{"batchItemFailures": []}']

    return answer


def main():
    """Serves moto until the process ends."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--state", required=True)
    arguments = parser.parse_args()
    with guard.watching(arguments.state):
        from moto.moto_server.werkzeug_app import DomainDispatcherApplication, MotoRequestHandler, create_backend_app
        from werkzeug.serving import make_server

        app = DomainDispatcherApplication(create_backend_app)
        app = starting_every_function(without_account_policies(app))
        server = make_server("127.0.0.1", 0, app, threaded=True, request_handler=MotoRequestHandler)
        guard.announce(server.server_port)
        server.serve_forever()


if __name__ == "__main__":
    main()
