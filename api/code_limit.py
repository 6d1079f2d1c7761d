"""How often one caller may give a code: enough for people and bridges, too seldom to guess."""

import math
import time

from fastapi import HTTPException, Request
from limits import RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter


class CodeLimit:
    """Refuses with 429 whoever gives codes too often; a FastAPI dependency.

    A task locks after a few wrong codes by itself. This keeps a caller from doing that to one
    task after the other. It is counted in memory: a restart of the api forgives.
    """

    def __init__(self, per_minute: int) -> None:
        self._item = RateLimitItemPerMinute(per_minute)
        self._limiter = MovingWindowRateLimiter(MemoryStorage())

    def __call__(self, request: Request) -> None:
        """Count a request of whoever is connected; what a proxy says of others is not believed."""
        self.count(request.client.host if request.client else "")

    def count(self, caller: str) -> None:
        """Count a code from `caller`; refuse with 429 if those of the last minute are too many."""
        if self._limiter.hit(self._item, caller):
            return
        again_at = self._limiter.get_window_stats(self._item, caller).reset_time
        seconds = max(1, math.ceil(again_at - time.time()))
        raise HTTPException(
            429,
            f"Too many codes from here: try again in {seconds} s.",
            {"Retry-After": str(seconds)},
        )
