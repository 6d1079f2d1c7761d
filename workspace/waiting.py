"""Waits for a file descriptor without a thread."""

import asyncio


async def readable(file: int, timeout_seconds: float | None) -> bool:
    """Wait until a descriptor has data or its other end has gone; False: not in time."""
    loop = asyncio.get_running_loop()
    ready = asyncio.Event()
    loop.add_reader(file, ready.set)
    try:
        async with asyncio.timeout(timeout_seconds):
            await ready.wait()
    except TimeoutError:
        return False
    finally:
        loop.remove_reader(file)
    return True
