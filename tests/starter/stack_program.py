"""A stack with a stand-in for the worker, as a process that tests can kill."""

import asyncio
import sys
from pathlib import Path

from settings import Settings
from starter.problems import TaskProblem
from starter.stack import local_stack, stop_on_signals

STAND_IN = Path(__file__).with_name("stand_in_worker.py")


def quiet(_: str) -> None:
    """Tell nobody."""


async def main(home: Path, address: str, api_port: int) -> int:
    stop_on_signals(quiet)
    settings = Settings(tars_home=home, temporal_address=address, api_port=api_port)
    worker = [sys.executable, str(STAND_IN)]
    try:
        async with local_stack(settings, tell=quiet, worker=worker) as stack:
            sys.stdout.write(stack.state.model_dump_json() + "\n")
            sys.stdout.flush()
            raise await stack.failure()
    except TaskProblem as problem:
        sys.stdout.write(f"{problem}\n")
        return 1
    except asyncio.CancelledError:
        return 0


if __name__ == "__main__":
    sys.exit(asyncio.run(main(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]))))
