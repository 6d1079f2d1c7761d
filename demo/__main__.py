"""`python -m demo`: the scripted Claude as a process; prints its URL when it takes connections."""

import argparse
import sys
from pathlib import Path

from demo.app import create_app
from demo.claude import ScriptedClaude
from demo.scenarios import all_scenarios
from demo.server import address, listening, run


def main() -> None:
    """Serve until the process is told to end."""
    options = _options()
    claude = ScriptedClaude(
        all_scenarios(options.pace),
        default=options.scenario,
        pace=options.pace,
        api_key=options.key,
    )
    with listening(options.port) as sock:
        url = address(sock)
        if options.ready_file:
            _write_whole(options.ready_file, url)
        sys.stdout.write(f"{url}\n")
        sys.stdout.flush()
        run(create_app(claude), sock)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m demo", description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="0: a free one")
    parser.add_argument("--scenario", default="calculator", help="played when a goal names none")
    parser.add_argument("--pace", type=float, default=1.0, help="scales every delay; 0: none")
    parser.add_argument("--key", default="demo-key", help="the API key that is accepted")
    parser.add_argument("--ready-file", type=Path, help="gets the URL when it is served")
    return parser.parse_args()


def _write_whole(path: Path, text: str) -> None:
    """Write a file so that who waits for it never sees half of it."""
    draft = path.with_name(f"{path.name}.part")
    draft.write_text(text)
    draft.replace(path)


if __name__ == "__main__":
    main()
