"""The seed's `start_worker.py`, tuned: a pool of rq workers that have imported all they need.

Without the early import every job would import the SDK anew in its own process, which is what
rq's documentation advises against (https://python-rq.org/docs/workers/).
"""

import sys

from redis import Redis
from rq.worker_pool import WorkerPool

from benchmarks.baseline_job import QUEUE


def main(redis_url: str, workers: int) -> None:
    """Work until the process is told to end."""
    pool = WorkerPool([QUEUE], connection=Redis.from_url(redis_url), num_workers=workers)
    pool.start(logging_level="WARNING")


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
