"""What several routes take from path, query and headers."""

from typing import Annotated

from fastapi import Header, Path, Query
from pydantic import WithJsonSchema

WhichTask = Annotated[
    str,
    Path(
        min_length=1,
        max_length=60,
        description="Task, as in `task-a7f3`, `a7f3` or `latest`",
        examples=["latest"],
    ),
]

LATEST_CURSOR = 2**53
"""The largest number that JavaScript counts with."""

_CURSOR = WithJsonSchema({"type": "integer", "minimum": 0, "maximum": LATEST_CURSOR})
"""Left out, but never null: neither a query nor a header can say that."""

After = Annotated[
    int | None, Query(ge=0, le=LATEST_CURSOR, description="Only what comes later"), _CURSOR
]
LastEventId = Annotated[
    int | None,
    Header(ge=0, le=LATEST_CURSOR, description="The same, as a browser says it by itself"),
    _CURSOR,
]
