"""What stands in the paths of several routes."""

from typing import Annotated

from fastapi import Path

WhichTask = Annotated[
    str,
    Path(
        min_length=1,
        max_length=60,
        description="Task, as in `task-a7f3`, `a7f3` or `latest`",
        examples=["latest"],
    ),
]
