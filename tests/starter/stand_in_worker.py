"""Behaves as worker.py does towards the stack: a ready file, SIGTERM, exit status 2."""

import signal
import sys
from pathlib import Path


def main(arguments: list[str]) -> None:
    if "--without-key" in arguments:
        sys.stderr.write("starting\nANTHROPIC_API_KEY is not set: put it into .env.\n")
        sys.exit(2)
    if "--broken" in arguments:
        sys.exit(1)
    if "--stubborn" in arguments:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    else:
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    Path(arguments[arguments.index("--ready-file") + 1]).touch()
    while True:
        signal.pause()


if __name__ == "__main__":
    main(sys.argv[1:])
