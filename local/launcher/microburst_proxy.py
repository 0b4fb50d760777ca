"""Serves microburst before another endpoint. Run as ``python microburst_proxy.py --state DIR --upstream URL``."""

import argparse

import guard


def main():
    """Serves microburst until the process ends; its rules are set through its control interface."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--state", required=True)
    parser.add_argument("--upstream", required=True)
    arguments = parser.parse_args()
    with guard.watching(arguments.state):
        from aiohttp import web
        from microburst.app import make_app
        from microburst.cli import Microburst

        app = make_app(Microburst(arguments.upstream, rules=[], resign=False))
        listener, port = guard.listen()

        async def announce(_):
            guard.announce(port)

        app.on_startup.append(announce)
        web.run_app(app, sock=listener, print=None)


if __name__ == "__main__":
    main()
