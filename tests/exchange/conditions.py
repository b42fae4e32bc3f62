"""Waiting for what happens in other tasks of the loop, without a clock."""

import asyncio
from collections.abc import Callable
from typing import Final

LONGEST: Final = 20.0
"""Seconds after which what did not happen is a failure; nothing takes that long."""


async def until(condition: Callable[[], object], what: str) -> None:
    """Lets the loop go round until it is so. Raises AssertionError."""
    try:
        async with asyncio.timeout(LONGEST):
            while not condition():  # noqa: ASYNC110 - the condition has no event of its own
                await asyncio.sleep(0.001)
    except TimeoutError:
        raise AssertionError(f"this did not happen: {what}") from None
