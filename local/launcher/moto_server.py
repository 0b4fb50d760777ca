"""Serves moto's stricter control plane. Run as ``python moto_server.py --state DIR``; see ``guard``."""

import argparse

import guard
import recording


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


def naming_aliases(backend):
    """moto has a mapping name the version that an alias stands for; AWS has it name the alias."""

    def naming(method):
        def named(self, *arguments):
            mapping, given = method(self, *arguments), arguments[-1].get("FunctionName", "")
            if mapping and ":" in given:
                function = ":".join(mapping.function_arn.split(":")[:7])
                mapping.function_arn = f"{function}:{given.rsplit(':', 1)[-1]}"
            return mapping

        return named

    for name in ("create_event_source_mapping", "update_event_source_mapping"):
        setattr(backend, name, naming(getattr(backend, name)))


def main():
    """Serves moto until the process ends."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--state", required=True)
    arguments = parser.parse_args()
    with guard.watching(arguments.state):
        from moto.awslambda.models import LambdaBackend
        from moto.moto_server.werkzeug_app import DomainDispatcherApplication, MotoRequestHandler, create_backend_app
        from werkzeug.serving import make_server

        naming_aliases(LambdaBackend)
        app = DomainDispatcherApplication(create_backend_app)
        app = recording.of_wsgi_requests(starting_every_function(without_account_policies(app)))
        server = make_server("127.0.0.1", 0, app, threaded=True, request_handler=MotoRequestHandler)
        guard.announce(server.server_port)
        server.serve_forever()


if __name__ == "__main__":
    main()
