"""`python -m demo.discord`: a stub Discord as a process; its page is at the URL it prints."""

import argparse
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from demo.discord_app import create_app
from demo.discord_channel import WEBHOOK_ID, WEBHOOK_TOKEN, Discord, Limit
from demo.server import address, listening, run, serve

WEBHOOK_PATH = f"/api/webhooks/{WEBHOOK_ID}/{WEBHOOK_TOKEN}"
"""As the real one gives it out: without a version of the API."""


@contextmanager
def serve_discord(discord: Discord, port: int = 0) -> Iterator[str]:
    """Serve a stub in a thread while the context is open; answers its base URL.

    Another context with the same `discord` and `port` is the same Discord, back from an outage.
    """
    with serve(create_app(discord), port) as control:
        yield control.base_url


def main() -> None:
    """Serve until the process is told to end."""
    options = _options()
    discord = Discord(
        app_owned=options.app_owned,
        forum=options.forum,
        limit=Limit(options.calls, options.seconds, time.monotonic),
        kept_in=options.keep,
    )
    with listening(options.port) as sock:
        url = address(sock)
        sys.stdout.write(f"{url}\nDISCORD_WEBHOOK_URL={url}{WEBHOOK_PATH}\n")
        sys.stdout.flush()
        run(create_app(discord), sock)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m demo.discord", description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="0: a free one")
    parser.add_argument("--keep", type=Path, help="file that keeps the messages")
    parser.add_argument("--calls", type=int, default=5, help="calls of the webhook it takes ...")
    parser.add_argument("--seconds", type=float, default=2.0, help="... within so many seconds")
    parser.add_argument("--app-owned", action="store_true", help="the webhook may send buttons")
    parser.add_argument("--forum", action="store_true", help="the channel is a forum")
    return parser.parse_args()


if __name__ == "__main__":
    main()
