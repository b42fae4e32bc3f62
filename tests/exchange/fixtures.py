"""The exchange for tests: `exchange` on the test's own loop, `threaded_exchange` for clients that block."""

from collections.abc import AsyncIterator, Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.exchange.server import FakeAlpaca, ThreadedAlpaca


@pytest.fixture
async def exchange() -> "AsyncIterator[FakeAlpaca]":
    """Listening on a free port, at the open of a Tuesday, with 100,000 dollars."""
    from tests.exchange.server import FakeAlpaca

    async with FakeAlpaca() as alpaca:
        yield alpaca


@pytest.fixture
def threaded_exchange() -> "Iterator[ThreadedAlpaca]":
    from tests.exchange.server import ThreadedAlpaca

    with ThreadedAlpaca() as server:
        yield server
